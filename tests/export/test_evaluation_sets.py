"""Labelled sets: a folder with images/ and gt.json."""

import json
from pathlib import Path

import pytest
from PIL import Image

from export.evaluation.sets import SetError, read_set


def write_set(folder: Path, labels: object, photos: tuple[str, ...] = ("a.jpg",)) -> Path:
    (folder / "images").mkdir(parents=True)
    for photo in photos:
        Image.new("RGB", (20, 10)).save(folder / "images" / photo)
    (folder / "gt.json").write_text(json.dumps(labels))
    return folder


def test_words_come_with_their_places(tmp_path: Path) -> None:
    quad = [[0, 0], [9, 0], [9, 5], [0, 5]]
    labels = {"a.jpg": [{"text": "Exit", "quad": quad}, {"text": "2", "quad": None}]}
    labelled = read_set(write_set(tmp_path / "signs", labels))
    assert labelled.name == "signs"
    assert labelled.photos == ["a.jpg"]
    assert labelled.texts() == {"a.jpg": ["Exit", "2"]}
    first, second = labelled.words["a.jpg"]
    assert first.quad is not None
    assert first.quad.tolist() == quad
    assert second.quad is None


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"no gt\.json"):
        read_set(tmp_path)


@pytest.mark.parametrize(
    "labels", [{"a.jpg": [{"quad": None}]}, {"a.jpg": [{"text": None}]}, {"a.jpg": 3}, [1]]
)
def test_damaged_labels_are_refused(tmp_path: Path, labels: object) -> None:
    with pytest.raises(SetError, match="damaged"):
        read_set(write_set(tmp_path, labels))


def test_a_quad_needs_four_corners(tmp_path: Path) -> None:
    labels = {"a.jpg": [{"text": "Exit", "quad": [[0, 0], [1, 1]]}]}
    with pytest.raises(SetError, match="four corners"):
        read_set(write_set(tmp_path, labels))


def test_a_photo_that_is_labelled_but_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"lacks b\.jpg"):
        read_set(write_set(tmp_path, {"a.jpg": [], "b.jpg": []}))


def test_a_photo_in_a_folder_of_its_own_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path / "signs", {"sub/a.jpg": []}, ())
    (tmp_path / "signs" / "images" / "sub").mkdir()
    Image.new("RGB", (20, 10)).save(tmp_path / "signs" / "images" / "sub" / "a.jpg")
    with pytest.raises(SetError, match=r"images itself, and so sub/a\.jpg cannot"):
        read_set(tmp_path / "signs")


def test_a_set_may_lie_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path / "signs", {"a.jpg": []})
    for name in "HOME", "USERPROFILE":
        monkeypatch.setenv(name, str(tmp_path))
    assert read_set(Path("~/signs")).images == (tmp_path / "signs" / "images").resolve()
