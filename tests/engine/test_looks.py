"""Looks: the whole photo from afar, and closer only where there may be text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import looks
from engine.looks import STRIDE, of_small_print, worth_a_look
from engine.preprocess import Pyramid

Image = NDArray[np.uint8]


class Eye:
    """A network that takes what is red for text, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []

    def __call__(self, picture: Image) -> NDArray[np.float32]:
        assert picture.flags.c_contiguous
        high, wide = picture.shape[:2]
        assert high % 32 == wide % 32 == 0
        self.shown.append((wide, high))
        red = picture[:, :, 0].reshape(high // STRIDE, STRIDE, wide // STRIDE, STRIDE)
        return np.stack([red.max((1, 3)) / 255] * 2).astype(np.float32)


def look(*given: Any) -> list[tuple[NDArray[np.float32], float]]:
    """All looks at a photo, also where nobody asks what they saw."""
    return list(looks.look(*given))


def photo(wide: int, high: int, *places: tuple[int, int]) -> Image:
    """Black, with a red dot of 16 x 16 pixels at each place."""
    pixels = np.zeros((high, wide, 3), np.uint8)
    for x, y in places:
        pixels[y : y + 16, x : x + 16, 0] = 255
    return pixels


SIDES = (1600, 800, 400)


def test_only_the_coarse_looks_are_at_the_whole_photo() -> None:
    eye = Eye()
    seen = look(eye, Pyramid(photo(1600, 1216, (300, 200))), SIDES, 2.0, 0.1)
    assert [maps.shape for maps, _ in seen] == [(2, 80, 104), (2, 152, 200), (2, 304, 400)]
    assert [scale for _, scale in seen] == [0.0625, 0.125, 0.25]
    assert eye.shown[:2] == [(416, 320), (800, 608)]
    assert len(eye.shown) == 3
    assert eye.shown[2] == (160, 96)


def test_a_close_look_says_where_in_the_photo_the_text_is() -> None:
    dots = [(300, 200), (1400, 1000)]
    maps, scale = look(Eye(), Pyramid(photo(1600, 1216, *dots)), SIDES, 2.0, 0.1)[-1]
    ys, xs = np.nonzero(maps[0])
    found = {(int(x / scale) // 100, int(y / scale) // 100) for x, y in zip(xs, ys, strict=True)}
    assert found == {(x // 100, y // 100) for x, y in dots}
    whole, _ = look(Eye(), Pyramid(photo(1600, 1216, *dots)), SIDES[:1], 2.0, 0.1)[0]
    np.testing.assert_array_equal(maps, whole)


def test_where_nothing_was_seen_nobody_looks_again() -> None:
    eye = Eye()
    seen = look(eye, Pyramid(photo(1600, 1216)), SIDES, 2.0, 0.1)
    assert eye.shown == [(416, 320), (800, 608)]
    assert [scale for _, scale in seen] == [0.0625, 0.125]


def test_small_photos_are_not_seen_twice_as_large() -> None:
    eye = Eye()
    seen = look(eye, Pyramid(photo(300, 200)), SIDES, 2.0, 0.1)
    assert [round(scale * STRIDE, 2) for _, scale in seen] == [1.33, 2.0]
    assert eye.shown == [(416, 288), (608, 416)]


def test_a_photo_within_one_look_is_seen_once_and_whole() -> None:
    eye = Eye()
    ((maps, scale),) = look(eye, Pyramid(photo(1600, 1216, (5, 5))), SIDES[:1], 2.0, 0.1)
    assert eye.shown == [(1600, 1216)]
    assert maps.shape == (2, 304, 400)
    assert scale == 1 / STRIDE


def test_boxes_that_nearly_touch_become_one() -> None:
    traces = np.zeros((40, 60), bool)
    traces[10, 10] = traces[10, 16] = True
    traces[35, 55] = True
    boxes = worth_a_look([(traces, 16.0)], 640, 960)
    assert boxes == [(128, 128, 320, 224), (832, 512, 928, 608)]


def test_boxes_never_reach_beyond_the_picture() -> None:
    traces = np.ones((10, 10), bool)
    assert worth_a_look([(traces, 16.0)], 160, 96) == [(0, 0, 96, 160)]


def test_boxes_are_about_traces_of_cells_of_any_size() -> None:
    coarse, fine = np.zeros((10, 15), bool), np.zeros((80, 120), bool)
    coarse[2, 2] = fine[70, 110] = True
    boxes = worth_a_look([(coarse, 64.0), (fine, 8.0)], 640, 960)
    assert boxes == [(128, 128, 224, 224), (832, 512, 928, 608)]
    assert worth_a_look([], 640, 960) == []


def test_there_is_more_room_beside_words_where_it_is_asked_for() -> None:
    traces = np.zeros((20, 30), bool)
    traces[8:10, 10:16] = True
    assert worth_a_look([(traces, 32.0)], 640, 960) == [(288, 224, 544, 352)]
    assert worth_a_look([(traces, 32.0)], 640, 960, 3) == [(224, 224, 608, 352)]


def test_large_words_are_no_small_print() -> None:
    traces = np.zeros((60, 90), bool)
    traces[5:20, 5:80] = True  # a title
    traces[2:4, 30:34] = traces[21, 40:44] = True  # what is left about it
    small = np.zeros_like(traces)
    small[30:34, 10:60] = True
    small[45:53, 20:80] = True
    np.testing.assert_array_equal(of_small_print(traces | small), small)


def test_only_small_print_is_enlarged_much() -> None:
    """Of a photo of 400 px, which the closest look shows four times as large."""
    small, large = photo(400, 304, (40, 40)), photo(400, 304)
    small[48:, :, 0] = 0
    large[140:200, 100:300, 0] = 255
    for pixels, count in ((small, 3), (large, 2), (np.maximum(small, large), 3)):
        eye = Eye()
        look(eye, Pyramid(pixels), SIDES, 4.0, 0.1)
        assert len(eye.shown) == count
    assert eye.shown[2] != (1600, 1216)
