"""Painted scenes: every word's quad lies where the word is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.tokenizer import fold
from export.synth import bank, corpus, draw, scenes
from export.synth.scenes import Scene, ScenePainter
from export.synth.textures import Textures
from tests.typography import some_families, some_words

SIDE = 320


@pytest.fixture(autouse=True)
def _words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_words(tmp_path / "dict", monkeypatch)


def painted(seed: int, count: int) -> list[Scene]:
    painter = ScenePainter(some_families(), Textures([], seed), seed, ())
    return [painter.paint(SIDE, SIDE) for _ in range(count)]


def test_scenes_hold_words_with_quads_in_the_picture() -> None:
    found = painted(1, 14)
    assert sum(len(scene.words) for scene in found) > 20
    for scene in found:
        assert scene.picture.shape == (SIDE, SIDE, 3)
        assert scene.picture.dtype == np.uint8
        for word in scene.words:
            assert word.quad.shape == (4, 2)
            if word.text:
                assert fold(word.text)
                assert ((word.quad > 0) & (word.quad < SIDE)).all()
            assert cv2.contourArea(word.quad, oriented=True) > 0  # clockwise


def test_the_same_seed_paints_the_same_scenes() -> None:
    for one, other in zip(painted(3, 3), painted(3, 3), strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        assert [word.text for word in one.words] == [word.text for word in other.words]


def test_words_are_inked_within_their_quads_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On plain paper, without rules and damage, what is dark belongs to a word."""

    def undamaged(
        picture: NDArray[np.float32], rng: np.random.Generator, strength: float
    ) -> NDArray[np.uint8]:
        return picture.astype(np.uint8)

    def unmarked(*_: object) -> None:
        """Neither rules nor clutter."""

    monkeypatch.setattr(scenes, "degrade", undamaged)
    monkeypatch.setattr(ScenePainter, "_rules", unmarked)
    monkeypatch.setattr(ScenePainter, "_clutter", unmarked)
    monkeypatch.setattr(ScenePainter, "_panel", ScenePainter._page)
    monkeypatch.setattr(ScenePainter, "_title", ScenePainter._page)
    monkeypatch.setattr(Textures, "patch", lambda self, wide, high, plain=0.45: np.full(
        (high, wide, 3), 255, np.uint8))  # fmt: skip
    monkeypatch.setattr(Textures, "lettering", lambda self, ground, wide, high: np.zeros(
        (high, wide, 3), np.float32))  # fmt: skip
    painter = ScenePainter(some_families(), Textures([], 4), 4, ())
    seen = 0
    for _ in range(10):
        scene = painter.paint(SIDE, SIDE)
        grey = scene.picture[:, :, 0]
        dark = grey < 100
        covered = np.zeros((SIDE, SIDE), np.uint8)
        for word in scene.words:
            inside = np.zeros((SIDE, SIDE), np.uint8)
            cv2.fillConvexPoly(inside, np.round(word.quad).astype(np.int32), 1)
            covered |= inside
            if word.text and inside.sum() > 60:
                seen += 1
                # Thin strokes of small words are only a little darker than their paper.
                assert int(np.ptp(grey[inside > 0])) > 20, word.text
        room = np.asarray(cv2.dilate(covered, np.ones((7, 7), np.uint8)))
        assert (dark & (room == 0)).sum() <= 0.02 * max(1, dark.sum())
    assert seen > 20


def test_scenes_are_written_as_a_labelled_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = some_families()
    monkeypatch.setattr(draw, "find_fonts", lambda cache: families)
    monkeypatch.setattr(draw, "ProcessPoolExecutor", ThreadPoolExecutor)
    draw.paint_scenes(tmp_path / "scenes", 3, backgrounds=None, processes=1, seed=2)
    labels = json.loads((tmp_path / "scenes" / "gt.json").read_text())
    assert sorted(labels) == sorted(path.name for path in (tmp_path / "scenes/images").iterdir())
    assert len(labels) == 3
    for words in labels.values():
        for word in words:
            assert set(word) == {"text", "quad"}
            assert np.array(word["quad"]).shape == (4, 2)


def test_painting_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    families = some_families()
    monkeypatch.setattr(draw, "find_fonts", lambda cache: families)
    monkeypatch.setattr(draw, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(draw, "_AT_ONCE", 2)
    seeds: list[int] = []
    paint, stop = draw._paint, True

    def counted(job: Any) -> draw.Labels:
        if stop and seeds:
            raise KeyboardInterrupt
        seeds.append(job[3])
        return paint(job)

    monkeypatch.setattr(draw, "_paint", counted)
    with pytest.raises(KeyboardInterrupt):
        draw.paint_scenes(tmp_path, 3, backgrounds=None, processes=1)
    assert len(json.loads((tmp_path / "gt.json").read_text())) == 2
    stop = False
    for count in (3, 4, 4, 2):
        draw.paint_scenes(tmp_path, count, backgrounds=None, processes=1)
    assert seeds == [0, 1, 1]  # the last two are of one seed, which had painted one of them
    assert len(json.loads((tmp_path / "gt.json").read_text())) == 4


def test_that_words_are_missing_is_said_before_fonts_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path / "nowhere")
    for module in (bank, draw):
        monkeypatch.setattr(module, "find_fonts", lambda cache: pytest.fail("looked for fonts"))
    with pytest.raises(FileNotFoundError, match="make fonts"):
        draw.paint_scenes(tmp_path / "scenes", 1, backgrounds=None, processes=1)
    with pytest.raises(FileNotFoundError, match="make fonts"):
        bank.build_bank(tmp_path / "bank", 1, processes=1)


def test_words_of_labelled_sets_are_drawn_too(tmp_path: Path) -> None:
    labels = {
        "a.jpg": [{"text": "Tesco"}, {"text": "two words"}, {"text": "x"}],
        "b.jpg": [{"text": "Doubtful", "score": 0.5}, {"text": "Sure", "score": 0.95}],
    }
    (tmp_path / "gt.json").write_text(json.dumps(labels))
    assert draw.words_of([str(tmp_path / "gt.json")]) == ("Sure", "Tesco")
