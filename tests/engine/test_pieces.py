"""Long photos are taken in pieces: no word is lost, and none is found twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import photos
from engine.photos import decode, open_photo
from engine.pieces import LONG, pieces_of


@pytest.mark.parametrize(
    ("size", "whole"), [((100, 250), 200), ((250, 100), 200), ((1, 1), 0), ((40, 199), 200)]
)
def test_what_is_not_long_is_one_piece(size: tuple[int, int], whole: int) -> None:
    (piece,) = pieces_of(size, whole)
    photo = np.zeros((*size, 3), np.uint8)
    assert piece.of(photo).shape == photo.shape
    assert piece.end == max(size)
    assert piece.owns(np.full((4, 2), 1e6, np.float32))


@pytest.mark.parametrize("long", [401, 410, 700, 1200, 5003])
@pytest.mark.parametrize("whole", [200, 400])
@pytest.mark.parametrize("down", [True, False])
def test_pieces_are_alike_overlap_and_reach_from_end_to_end(
    long: int, whole: int, down: bool
) -> None:
    size = (long, 100) if down else (100, long)
    photo = np.arange(long * 100 * 3).reshape(*size, 3).astype(np.uint8)
    pieces = pieces_of(size, whole)
    lengths = [piece.of(photo).shape[0 if down else 1] for piece in pieces]
    assert len(pieces) > 1
    assert max(lengths) <= max(LONG * 100, whole) + 1
    assert max(lengths) - min(lengths) <= 1
    assert pieces[0].start == 0
    assert pieces[-1].end == long
    for one, other in pairwise(pieces):
        assert one.end - other.start == pytest.approx(30, abs=1)
        # A word of the middle of what both show lies whole in either.
        assert other.start + 14 <= one.last <= one.end - 14
    # Every word is of one piece.
    for at in np.linspace(-5, long + 5, 333):
        place = (50.0, at) if down else (at, 50.0)
        quad = np.tile(np.array(place, np.float32), (4, 1))
        assert sum(piece.owns(quad) for piece in pieces) == 1


def test_a_piece_leads_back_to_the_photo() -> None:
    photo = np.zeros((100, 900, 3), np.uint8)
    photo[40, 620] = 255
    (piece,) = (one for one in pieces_of(photo.shape, 200) if one.first <= 620 < one.last)
    ((y, x, *_),) = np.argwhere(piece.of(photo)[:, :, 0])
    assert (piece.warp @ [x, y, 1]).tolist() == [620, 40]


@pytest.mark.parametrize(
    ("size", "decoded"),
    [
        ((1000, 2000), (500, 1000)),  # as any other
        ((1000, 8000), (400, 3200)),  # as its pieces of 1,000 by 2,500
        ((8000, 1000), (3200, 400)),
        ((300, 8000), (300, 8000)),
    ],
)
def test_a_long_photo_is_decoded_as_its_pieces_would_be(
    tmp_path: Path, size: tuple[int, int], decoded: tuple[int, int]
) -> None:
    path = tmp_path / "page.png"
    Image.new("RGB", size, "red").save(path)
    with open_photo(path) as file:
        photo = decode(file, ".png", 1000, legible=True)
        assert photo.pixels.shape == (decoded[1], decoded[0], 3)
        assert (photo.width, photo.height) == size
        assert max(decode(file, ".png", 1000).pixels.shape) == 1000


def test_a_very_long_photo_is_not_decoded_to_more_than_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "_LEGIBLE_PIXELS", 90_000)
    path = tmp_path / "page.png"
    Image.new("L", (200, 4000)).save(path)
    with open_photo(path) as file:
        assert decode(file, ".png", 500, legible=True).pixels.shape == (1342, 67, 3)
        # Never smaller than a whole photo is.
        monkeypatch.setattr(photos, "_LEGIBLE_PIXELS", 90)
        assert decode(file, ".png", 500, legible=True).pixels.shape == (500, 25, 3)
