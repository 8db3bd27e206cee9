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
def test_lines_come_apart_into_words(tmp_path: Path) -> None:
    teacher.label([photo(tmp_path / "a.jpg")], tmp_path / "labels.json")
    words = json.loads((tmp_path / "labels.json").read_text())["a.jpg"]
    assert [word["text"] for word in words] == ["TWO", "WORDS", "single"]
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


@pytest.mark.usefixtures("asked")
def test_photos_that_cannot_be_read_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    photos = [photo(tmp_path / "a.jpg"), tmp_path / "b.jpg", photo(tmp_path / "c.jpg")]
    target = tmp_path / "new" / "labels.json"
    teacher.label(photos, target)
    assert sorted(json.loads(target.read_text())) == ["a.jpg", "c.jpg"]
    assert "b.jpg is left out: " in capsys.readouterr().out


def test_what_was_labelled_is_kept_when_it_ends_early(
    tmp_path: Path, asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    label = teacher._label

    def interrupted(path: Path) -> Any:
        if len(asked) == 2:
            raise KeyboardInterrupt
        return label(path)

    monkeypatch.setattr(teacher, "_label", interrupted)
    photos = [photo(tmp_path / f"{name}.jpg") for name in "abc"]
    with pytest.raises(KeyboardInterrupt):
        teacher.label(photos, tmp_path / "labels.json")
    assert sorted(json.loads((tmp_path / "labels.json").read_text())) == ["a.jpg", "b.jpg"]


def test_what_is_transparent_is_shown_as_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    shown: list[Any] = []

    def answer(pixels: Any, *, return_word_box: bool) -> Any:
        shown.append(pixels)
        return SimpleNamespace(boxes=None)

    monkeypatch.setattr(teacher, "_engine", answer)
    assert teacher._label(tmp_path / "a.png") == ("a.png", [])
    assert shown[0].min() == 255


def test_photos_are_shown_upright(tmp_path: Path, asked: list[tuple[int, int]]) -> None:
    teacher.label([photo(tmp_path / "a.jpg", orientation=6)], tmp_path / "labels.json")
    assert asked == [(90, 40)]
