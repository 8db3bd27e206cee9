"""Word crops of labelled photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from export.data.words import Cut, cut_words, vary

QUAD = [[40.0, 30.0], [140.0, 30.0], [140.0, 60.0], [40.0, 60.0]]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A photo with a red board whose left quarter is green, and its folder."""
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[30:60, 40:140] = (0, 0, 250)  # BGR
    picture[30:60, 40:65] = (0, 250, 0)
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    return tmp_path


def cuts(photos: Path, *words: dict[str, Any], **how: Any) -> list[Cut]:
    labels = photos / "labels.json"
    labels.write_text(json.dumps({"photo.png": list(words)}))
    return cut_words(photos, labels, **how)


def test_a_word_is_cut_out_with_room_about_it(photos: Path) -> None:
    (cut,) = cuts(photos, {"text": " Board ", "quad": QUAD})
    assert cut.text == "Board"
    high, wide = cut.picture.shape[:2]
    assert high == 72
    assert wide == 36 + 120
    inner = cut.picture[20:52, 20:136]
    assert inner[:, :26].mean((0, 1)).tolist() == pytest.approx([0, 250, 0], abs=5)
    assert inner[:, 34:].mean((0, 1)).tolist() == pytest.approx([250, 0, 0], abs=5)
    assert cut.picture[:15].max() == 0


def test_a_quad_that_begins_elsewhere_is_cut_in_its_own_reading_direction(photos: Path) -> None:
    (cut,) = cuts(photos, {"text": "Board", "quad": QUAD[2:] + QUAD[:2]})
    inner = cut.picture[20:52, 20:136]
    assert inner[:, -26:].mean((0, 1)).tolist() == pytest.approx([0, 250, 0], abs=5)


@pytest.mark.parametrize(
    "word",
    [
        {"text": "Board", "quad": None},
        {"text": "Board", "quad": QUAD, "score": 0.5},
        {"text": "書店", "quad": QUAD},
        {"text": "small", "quad": [[40, 30], [140, 30], [140, 36], [40, 36]]},
        {"text": "i", "quad": [[40, 30], [43, 30], [43, 60], [40, 60]]},
        {"text": "down", "quad": [[40, 0], [60, 0], [60, 90], [40, 90]]},
    ],
)
def test_words_that_teach_nothing_are_left_out(photos: Path, word: dict[str, Any]) -> None:
    assert cuts(photos, word) == []


def test_a_word_with_some_latin_letters_stays(photos: Path) -> None:
    assert len(cuts(photos, {"text": "書店 Books", "quad": QUAD})) == 1


def test_only_the_photos_asked_for_are_read(photos: Path) -> None:
    board = {"text": "Board", "quad": QUAD}
    assert cuts(photos, board, only=[]) == []
    assert len(cuts(photos, board, only=["photo.png"])) == 1


def test_a_photo_that_is_gone_is_left_out_and_named(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "photo.png").unlink()
    assert cuts(photos, {"text": "Board", "quad": QUAD}) == []
    assert capsys.readouterr().out.startswith("photo.png is left out: ")


def test_words_of_photos_that_opencv_cannot_read_are_cut_out(photos: Path) -> None:
    with Image.open(photos / "photo.png") as picture:
        picture.save(photos / "photo.heic", quality=95)
    assert cv2.imread(str(photos / "photo.heic")) is None
    (photos / "photo.heic").replace(photos / "photo.png")
    (cut,) = cuts(photos, {"text": "Board", "quad": QUAD})
    inner = cut.picture[24:48, 24:130]
    assert inner[:, :18].mean((0, 1)).tolist() == pytest.approx([0, 250, 0], abs=12)
    assert inner[:, 38:].mean((0, 1)).tolist() == pytest.approx([250, 0, 0], abs=12)


def test_the_plain_crop_shows_the_word_with_focuss_margins(photos: Path) -> None:
    (cut,) = cuts(photos, {"text": "Board", "quad": QUAD})
    crop = vary(cut, None)
    assert crop.shape == (32, 128, 3)
    again = vary(cut, None)
    np.testing.assert_array_equal(crop, again)
    assert crop[16, 10].tolist() == pytest.approx([0, 250, 0], abs=5)
    assert crop[16, 100].tolist() == pytest.approx([250, 0, 0], abs=5)
    assert crop[0].max() < 130  # the margin


def test_varied_crops_differ_each_time(photos: Path) -> None:
    (cut,) = cuts(photos, {"text": "Board", "quad": QUAD})
    rng = np.random.default_rng(0)
    crops = [vary(cut, rng) for _ in range(25)]
    assert {crop.shape for crop in crops} == {(32, 128, 3)}
    assert {crop.dtype for crop in crops} == {np.dtype(np.uint8)}
    assert len({crop.tobytes() for crop in crops}) == 25
