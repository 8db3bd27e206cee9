"""Signs: one large word a picture, of the words that were asked for, where its quad says."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from export.synth import signs
from export.synth.signs import SignPainter, paint_signs
from tests.typography import some_families

SIDE = 96
WORDS = ("exit", "hotel")


def test_a_sign_is_one_large_word_of_the_list() -> None:
    painter = SignPainter(some_families(), WORDS, 1)
    for scene in (painter.paint(SIDE) for _ in range(12)):
        assert scene.picture.shape == (SIDE, SIDE, 3)
        (word,) = scene.words
        assert word.text.lower() in WORDS
        assert ((word.quad >= 0) & (word.quad <= SIDE)).all()
        wide, high = np.ptp(word.quad, 0)
        assert wide > 0.5 * SIDE or high > 0.4 * SIDE


def test_the_word_is_inked_within_its_quad_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = SignPainter(some_families(), WORDS, 2)
    monkeypatch.setattr(painter.textures, "patch", lambda wide, high, plain=0.0: np.full(
        (high, wide, 3), 255, np.uint8))  # fmt: skip
    for scene in (painter.paint(SIDE) for _ in range(6)):
        left, top, right, bottom = (
            int(edge) for edge in (*scene.words[0].quad.min(0), *scene.words[0].quad.max(0))
        )
        inked = scene.picture.min(2) < 250
        within = np.zeros_like(inked)
        within[top:bottom, left:right] = True
        assert (inked & within).sum() > 30
        assert not (inked & ~within).any()


def test_the_same_seed_writes_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    families = some_families()
    monkeypatch.setattr(signs, "find_fonts", lambda cache: families)
    for name in ("a", "b"):
        paint_signs(tmp_path / name, 3, SIDE, WORDS, seed=4)
    labels = [json.loads((tmp_path / name / "gt.json").read_text()) for name in ("a", "b")]
    assert labels[0] == labels[1]
    assert len(labels[0]) == 3
    for name in labels[0]:
        one, other = (cv2.imread(str(tmp_path / part / "images" / name)) for part in ("a", "b"))
        np.testing.assert_array_equal(one, other)
