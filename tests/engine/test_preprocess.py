"""Preparing pictures for the towers: scaling, padding, cutting words out straight."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.preprocess import Pyramid, View, grown

Image = NDArray[np.uint8]


def noise(high: int, wide: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (high, wide, 3)).astype(np.uint8)


def hills(high: int, wide: int, seed: int = 0) -> Image:
    """Smooth noise: half a pixel off is a small difference, a row off is a large one."""
    small = noise(8, 8, seed)
    return np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC), np.uint8)


def for_focus(photo: Image, longest_side: int, most_enlarged: float) -> tuple[Image, float]:
    """The picture that Focus is shown, and its scale."""
    pyramid = Pyramid(photo)
    view = View.fitting(pyramid, longest_side, most_enlarged)
    picture = view.of(pyramid)
    assert picture.shape == (*view.padded, 3)
    return picture, view.scale


def box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float32]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_a_large_photo_is_scaled_to_the_longest_side() -> None:
    picture, scale = for_focus(noise(600, 800), 400, 2.0)
    assert scale == 0.5
    assert picture.shape == (320, 416, 3)
    assert picture.dtype == np.uint8


def test_padding_is_black_and_at_the_right_and_the_bottom() -> None:
    picture, _ = for_focus(np.full((600, 800, 3), 200, np.uint8), 400, 2.0)
    assert (picture[:300, :400] == 200).all()
    assert (picture[300:] == 0).all()
    assert (picture[:, 400:] == 0).all()


def test_a_photo_of_the_right_size_is_left_as_it_is() -> None:
    photo = noise(64, 96)
    picture, scale = for_focus(photo, 96, 2.0)
    assert scale == 1.0
    np.testing.assert_array_equal(picture, photo)


@pytest.mark.parametrize(
    ("high", "wide", "side", "shape"),
    [
        (720, 1280, 800, (448, 800, 3)),  # 450 would be padded to 480
        (711, 1533, 1600, (736, 1600, 3)),  # 742
        (600, 800, 800, (608, 800, 3)),  # 24 more than 576 are too many to do without
        (10, 300, 800, (32, 704, 3)),  # less than one multiple
    ],
)
def test_most_of_a_padding_is_spared_where_little_makes_it_necessary(
    high: int, wide: int, side: int, shape: tuple[int, int, int]
) -> None:
    photo = np.full((high, wide, 3), 90, np.uint8)
    picture, scale = for_focus(photo, side, 2.25)
    assert picture.shape == shape
    assert round(high * scale) <= shape[0]
    assert picture[round(high * scale) - 1, round(wide * scale) - 1].tolist() == [90, 90, 90]
    assert scale == pytest.approx(min(side / max(high, wide), 2.25), rel=0.02)


def test_a_small_photo_is_enlarged_only_so_much() -> None:
    picture, scale = for_focus(noise(20, 30), 1280, 2.5)
    assert scale == 2.5
    assert picture.shape == (64, 96, 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([32, 64, 96]))
def test_every_photo_becomes_a_picture_that_focus_takes(high: int, wide: int, side: int) -> None:
    picture, scale = for_focus(noise(high, wide), side, 2.0)
    assert picture.shape[0] % 32 == 0 < picture.shape[0] <= side
    assert picture.shape[1] % 32 == 0 < picture.shape[1] <= side
    assert max(high, wide) * scale <= side + 1e-6


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1)])
def test_photos_of_a_line_or_a_point_are_taken(shape: tuple[int, int]) -> None:
    picture, scale = for_focus(np.full((*shape, 3), 90, np.uint8), 640, 2.0)
    assert picture.shape[0] % 32 == picture.shape[1] % 32 == 0
    assert picture[0, 0].tolist() == [90, 90, 90]
    assert 0 < scale <= 2


def test_a_place_in_the_photo_is_found_again_by_the_scale() -> None:
    photo = np.zeros((300, 500, 3), np.uint8)
    photo[200:220, 400:440] = 255
    picture, scale = for_focus(photo, 250, 2.0)
    rows, columns = np.nonzero(picture[:, :, 0] > 127)
    assert rows.min() / scale == pytest.approx(200, abs=2)
    assert (rows.max() + 1) / scale == pytest.approx(220, abs=2)
    assert columns.min() / scale == pytest.approx(400, abs=2)
    assert (columns.max() + 1) / scale == pytest.approx(440, abs=2)


def test_an_upright_crop_of_its_own_size_is_the_very_pixels() -> None:
    photo = noise(100, 300)
    crop = Pyramid(photo).crop(box(40, 30, 168, 62), 128, 32)
    np.testing.assert_array_equal(crop, photo[30:62, 40:168])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_crop_is_the_very_pixels_turned(quarters: int) -> None:
    photo = noise(200, 200)
    upright = photo[60:92, 20:148]
    turned = np.rot90(photo, -quarters)  # clockwise
    corner = box(20, 60, 148, 92) - 100
    sine, cosine = [(1, 0), (0, -1), (-1, 0)][quarters - 1]
    quad = corner @ np.array([[cosine, sine], [-sine, cosine]]) + 100
    crop = Pyramid(np.ascontiguousarray(turned)).crop(quad.astype(np.float32), 128, 32)
    np.testing.assert_array_equal(crop, upright)


@pytest.mark.parametrize(("high", "wide"), [(1024, 1024), (1023, 1024), (1000, 1023), (767, 999)])
def test_a_large_word_is_averaged_down_without_being_moved(high: int, wide: int) -> None:
    photo = hills(high, wide)
    crop = Pyramid(photo).crop(box(0, 0, wide, high), 64, 32)
    expected = cv2.resize(photo, (64, 32), interpolation=cv2.INTER_AREA)
    off = np.abs(crop.astype(int) - expected.astype(int))[1:-1, 1:-1]
    assert off.max() <= 6


def test_fine_texture_of_a_large_word_averages_out() -> None:
    photo = np.zeros((512, 2048, 3), np.uint8)
    photo[::2] = 255
    crop = Pyramid(photo).crop(box(0, 0, 2048, 512), 128, 32)
    assert np.abs(crop.astype(int) - 127).max() <= 2


def test_a_crop_beyond_the_edge_repeats_the_edge() -> None:
    photo = np.full((40, 40, 3), 77, np.uint8)
    crop = Pyramid(photo).crop(box(-30, -10, 98, 22), 128, 32)
    assert (crop == 77).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1)])
def test_crops_of_photos_of_a_line_or_a_point_are_cut(shape: tuple[int, int]) -> None:
    photo = np.full((*shape, 3), 50, np.uint8)
    crop = Pyramid(photo).crop(box(0, 0, shape[1], shape[0]), 128, 32)
    assert crop.shape == (32, 128, 3)
    assert (crop == 50).all()


def test_a_quad_grows_by_parts_of_its_height() -> None:
    np.testing.assert_allclose(
        grown(box(10, 20, 110, 40), 0.5, 0.1), box(0, 18, 120, 42), atol=1e-4
    )


@given(st.floats(-180, 180), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_a_turned_quad_grows_along_its_own_sides(angle: float, along: float, across: float) -> None:
    turn = np.radians(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    upright = box(-50, -10, 50, 10)
    found = grown((upright @ spin).astype(np.float32), along, across)
    np.testing.assert_allclose(found, grown(upright, along, across) @ spin, atol=1e-3)


def test_a_quad_without_extent_does_not_grow_into_nonsense() -> None:
    assert np.isfinite(grown(np.full((4, 2), 7, np.float32), 0.1, 0.1)).all()


def arc_strip(
    radius: float, turn: float, high: float, at: tuple[float, float]
) -> NDArray[np.float32]:
    """A strip on the top of a circle, ``turn`` radians each way from its highest point."""
    angles = np.linspace(-turn, turn, 33) - np.pi / 2
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    edges = [(radius + side * high / 2) * rays + at for side in (1, -1)]
    return np.array(edges, np.float32)


def bent(straight: Image, radius: float) -> Image:
    """A picture whose middle row lies on the top of a circle about the middle of its lower edge."""
    size = 2 * radius + 2 * len(straight)
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    along = (np.arctan2(x, -y) * radius + straight.shape[1] / 2 - 0.5).astype(np.float32)
    down = (radius - np.hypot(x, y) + len(straight) / 2 - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(straight, along, down, cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize(("radius", "scale"), [(60, 1), (100, 1), (200, 4), (300, 4)])
def test_a_bent_picture_is_laid_out_straight(radius: int, scale: int) -> None:
    straight = hills(32 * scale, 128 * scale)
    picture = bent(straight, radius)
    centre = (picture.shape[1] / 2, picture.shape[0] / 2)
    strip = arc_strip(radius, 64 * scale / radius, 32 * scale, centre)
    crop = Pyramid(picture).crop_strip(strip, 128, 32)
    expected = Pyramid(straight).crop(box(0, 0, 128 * scale, 32 * scale), 128, 32)
    off = np.abs(crop.astype(int) - expected.astype(int))[2:-2, 2:-2]
    assert np.quantile(off, 0.99) <= 12
    assert off.mean() < 3


def test_a_straight_strip_is_cut_as_its_quad() -> None:
    photo = hills(100, 300)
    edge = np.stack([np.linspace(40, 168, 33), np.full(33, 30)], 1)
    strip = np.stack([edge, edge + np.array([0, 32])]).astype(np.float32)
    np.testing.assert_array_equal(Pyramid(photo).crop_strip(strip, 128, 32), photo[30:62, 40:168])


def test_fine_texture_of_a_large_bent_word_averages_out() -> None:
    photo = np.zeros((1200, 1200, 3), np.uint8)
    photo[::2] = 255
    crop = Pyramid(photo).crop_strip(arc_strip(400, 1.2, 200, (600, 700)), 128, 32)
    assert np.abs(crop.astype(int) - 127).max() <= 2


def test_a_strip_beyond_the_edge_repeats_the_edge() -> None:
    photo = np.full((40, 40, 3), 77, np.uint8)
    crop = Pyramid(photo).crop_strip(arc_strip(60, 1.0, 20, (20, 60)), 128, 32)
    assert (crop == 77).all()
