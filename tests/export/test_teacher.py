"""The teacher's labels, with a teacher who knows his answers beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from export.data import teacher

BOX = [[1, 2], [81, 2], [81, 22], [1, 22]]


class Pool(ThreadPoolExecutor):
    """In this process, so that the teacher here is asked."""

    def __init__(self, processes: int, initializer: Callable[[], None]) -> None:
        super().__init__(1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes of the pictures that the teacher was shown."""
    sizes: list[tuple[int, int]] = []

    def answer(pixels: Any, *, return_word_box: bool) -> Any:
        sizes.append(pixels.shape[:2])
        if pixels.max() == 0:
            return SimpleNamespace(boxes=None)
        return SimpleNamespace(
            boxes=np.array([BOX, BOX]),
            txts=("TWO WORDS", "single"),
            scores=(0.9, 0.7),
            word_results=[
                [("TWO", 0.95, BOX), ("WORDS", 0.8, [[c + 0.04 for c in p] for p in BOX])],
                [("single", 0.7, BOX)],
            ],
        )

    monkeypatch.setattr(teacher, "_engine", answer)
    monkeypatch.setattr(teacher, "ProcessPoolExecutor", Pool)
    return sizes


def photo(path: Path, level: int = 200, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (90, 40), (level,) * 3).save(path, exif=exif.tobytes())
    return path


@pytest.mark.usefixtures("asked")
def test_lines_come_apart_into_words_that_remember_their_line(tmp_path: Path) -> None:
    teacher.label([photo(tmp_path / "a.jpg")], tmp_path / "labels.json")
    words = json.loads((tmp_path / "labels.json").read_text())["a.jpg"]
    assert [word["text"] for word in words] == ["TWO", "WORDS", "single"]
    assert [word["line"] for word in words] == [0, 0, 1]
    assert [word["score"] for word in words] == [0.9, 0.8, 0.7]
    assert words[0]["quad"] == [[1.0, 2.0], [81.0, 2.0], [81.0, 22.0], [1.0, 22.0]]


@pytest.mark.usefixtures("asked")
def test_a_photo_without_words_is_labelled_so(tmp_path: Path) -> None:
    teacher.label([photo(tmp_path / "dark.jpg", 0)], tmp_path / "labels.json")
    assert json.loads((tmp_path / "labels.json").read_text()) == {"dark.jpg": []}


def test_labelling_goes_on_where_it_stopped(tmp_path: Path, asked: list[tuple[int, int]]) -> None:
    photos = [photo(tmp_path / f"{name}.jpg") for name in "abc"]
    teacher.label(photos[:2], tmp_path / "labels.json")
    teacher.label(photos, tmp_path / "labels.json")
    assert len(asked) == 3
    assert sorted(json.loads((tmp_path / "labels.json").read_text())) == ["a.jpg", "b.jpg", "c.jpg"]
    assert not (tmp_path / "labels.partial").exists()


def test_photos_are_shown_upright(tmp_path: Path, asked: list[tuple[int, int]]) -> None:
    teacher.label([photo(tmp_path / "a.jpg", orientation=6)], tmp_path / "labels.json")
    assert asked == [(90, 40)]
