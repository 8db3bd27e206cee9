"""Focus's maps become quads: kernels grow back to whole words, the right way up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.focus import FocusSettings, Found, find_words

PLAIN = FocusSettings(threshold=0.5, splits=())


def quad_of(
    centre: tuple[float, float], wide: float, high: float, angle: float
) -> NDArray[np.float32]:
    """A rectangle turned clockwise by ``angle`` degrees, from its top-left corner."""
    turn = np.radians(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    half = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    return (half @ spin + centre).astype(np.float32)


def kernel_of(
    centre: tuple[float, float], wide: float, high: float, angle: float, shrink: float = 0.5
) -> NDArray[np.float32]:
    """The word's kernel: every side moved inwards by A (1 - r^2) / P."""
    inset = wide * high * (1 - shrink**2) / (wide + high)
    return quad_of(centre, wide - inset, high - inset, angle)


def maps_of(
    *quads: NDArray[np.float32], size: int = 300, chance: float = 0.9
) -> NDArray[np.float32]:
    """Maps in which just the cells whose centres lie in a quad are kernels."""
    ys, xs = np.mgrid[:size, :size] + 0.5
    kernels = np.zeros((size, size), np.float32)
    for quad in quads:
        edges = np.roll(quad, -1, 0) - quad
        inside = [
            edge[0] * (ys - corner[1]) - edge[1] * (xs - corner[0]) >= 0
            for corner, edge in zip(quad, edges, strict=True)
        ]
        kernels[np.all(inside, axis=0)] = chance
    return np.stack([kernels, kernels])


def off(found: Found, quad: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found.quad - quad, axis=1).max())


def test_an_empty_map_holds_no_words() -> None:
    assert find_words(np.zeros((2, 64, 64), np.float32), PLAIN) == []


# Not up to 45 degrees: there the cells of a short kernel may as well belong to an upright word.
@settings(max_examples=40, deadline=None)
@given(
    st.floats(-40, 40), st.floats(60, 220), st.floats(0.05, 0.6), st.floats(-9, 9), st.floats(-9, 9)
)
def test_a_kernel_grows_back_to_the_whole_word(
    angle: float, wide: float, flat: float, x: float, y: float
) -> None:
    word = ((150 + x, 150 + y), wide, max(14.0, wide * flat), angle)
    (found,) = find_words(maps_of(kernel_of(*word)), PLAIN)
    if word[2] * 3 < wide:  # a stubby word cannot show its own slope
        assert off(found, quad_of(*word)) < 5
    assert found.upright
    assert found.confidence == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize("shrink", [0.3, 0.5, 0.8])
def test_growing_back_undoes_any_ratio(shrink: float) -> None:
    word = ((150.0, 150.0), 200.0, 60.0, 0.0)
    (found,) = find_words(
        maps_of(kernel_of(*word, shrink)), FocusSettings(threshold=0.5, splits=(), shrink=shrink)
    )
    assert off(found, quad_of(*word)) < 2.5


@pytest.mark.parametrize("angle", [-44.0, -20.0, -1.0, 0.0, 1.0, 20.0, 44.0])
def test_the_first_corner_is_the_top_left_and_the_order_is_clockwise(angle: float) -> None:
    (found,) = find_words(maps_of(kernel_of((150, 150), 200, 40, angle)), PLAIN)
    first, second, third, last = found.quad
    assert first[0] < second[0]
    assert first[1] < last[1]
    assert cv2.contourArea(found.quad, oriented=True) > 0
    np.testing.assert_allclose(second - first, third - last, atol=1e-2)


@pytest.mark.parametrize("angle", [90.0, 75.0, -75.0, -90.0])
def test_a_word_that_runs_up_or_down_is_marked(angle: float) -> None:
    (found,) = find_words(maps_of(kernel_of((150, 150), 200, 40, angle)), PLAIN)
    assert not found.upright
    least, most = found.quad.min(0), found.quad.max(0)
    assert most[1] - least[1] > most[0] - least[0]


def test_a_stubby_word_lies_as_its_neighbours_do() -> None:
    slope = 12.0
    long = kernel_of((150, 80), 240, 36, slope)
    short = kernel_of((150, 200), 40, 36, slope)
    found = find_words(maps_of(long, short), PLAIN)
    small = min(found, key=lambda one: float(cv2.contourArea(one.quad)))
    assert off(small, quad_of((150, 200), 40, 36, slope)) < 6


def test_a_stubby_word_alone_is_taken_to_lie_level() -> None:
    (found,) = find_words(maps_of(kernel_of((150, 150), 50, 40, 0)), PLAIN)
    assert off(found, quad_of((150, 150), 50, 40, 0)) < 2.5


def test_the_slope_of_the_most_lettering_counts() -> None:
    level = [kernel_of((150, 40 + 40 * at), 240, 24, 0) for at in range(4)]
    odd = kernel_of((80, 230), 90, 20, 30)
    short = kernel_of((200, 240), 30, 26, 0)
    found = find_words(maps_of(*level, odd, short), PLAIN)
    small = min(found, key=lambda one: float(cv2.contourArea(one.quad)))
    assert off(small, quad_of((200, 240), 30, 26, 0)) < 3


def test_doubtful_and_tiny_spots_are_dropped() -> None:
    maps = np.zeros((2, 64, 64), np.float32)
    maps[:, 10:14, 10:30] = 0.55
    maps[:, 40, 40] = 1.0
    assert find_words(maps, FocusSettings(threshold=0.5, splits=(), least_confidence=0.6)) == []
    (found,) = find_words(maps, FocusSettings(threshold=0.5, splits=(), least_confidence=0.5))
    assert found.confidence == pytest.approx(0.55)
    narrow = FocusSettings(threshold=0.5, splits=(), least_confidence=0.5, least_side=30)
    assert find_words(maps, narrow) == []


def test_the_surest_words_come_first_and_only_so_many() -> None:
    maps = np.zeros((2, 100, 100), np.float32)
    for at in range(10):
        maps[:, 10 * at : 10 * at + 4, 10:60] = 0.5 + at / 30
    found = find_words(maps, FocusSettings(threshold=0.4, splits=(), most=3))
    assert [round(one.confidence, 2) for one in found] == [0.8, 0.77, 0.73]


def test_words_that_touch_only_at_a_corner_are_two() -> None:
    maps = np.zeros((2, 64, 64), np.float32)
    maps[:, 10:14, 10:30] = 0.9
    maps[:, 14:18, 30:50] = 0.9
    assert len(find_words(maps, PLAIN)) == 2


def joined(bridge: float) -> NDArray[np.float32]:
    """Two words with a bridge of so much chance between them."""
    maps = np.zeros((2, 64, 100), np.float32)
    maps[:, 20:28, 10:90] = 0.4
    maps[:, 20:28, 12:44] = maps[:, 20:28, 56:88] = 0.9
    maps[:, 20:28, 44:56] = bridge
    return maps


def test_words_that_are_joined_weakly_come_apart() -> None:
    split = FocusSettings(threshold=0.3, splits=(0.45, 0.6, 0.75))
    found = sorted(find_words(joined(0.5), split), key=lambda one: float(one.quad[0, 0]))
    assert len(found) == 2
    assert found[0].quad[1, 0] < found[1].quad[0, 0] + 16
    assert len(find_words(joined(0.5), FocusSettings(threshold=0.3, splits=()))) == 1


def test_a_word_that_is_sure_throughout_stays_whole() -> None:
    split = FocusSettings(threshold=0.3, splits=(0.45, 0.6, 0.75))
    assert len(find_words(joined(0.85), split)) == 1


def test_a_word_with_a_ragged_rim_stays_whole() -> None:
    maps = joined(0.9)
    maps[:, 29:31, 20:22] = 0.8  # a crumb below, joined by less
    maps[:, 28, 20:22] = 0.4
    split = FocusSettings(threshold=0.3, splits=(0.45, 0.6, 0.75))
    assert len(find_words(maps, split)) == 1


def test_settings_as_json_stores_them_are_taken() -> None:
    stored = {"threshold": 0.3, "splits": [0.45, 0.6], "shrink": 0.5, "most": 5}
    assert len(find_words(joined(0.5), FocusSettings(**stored))) == 2  # type: ignore[arg-type]


def arched(chance: float = 0.9, middle: float = -90.0, thick: float = 8) -> NDArray[np.float32]:
    """The maps of a kernel on a circle of 60 cells about (150, 150), 50 degrees each way."""
    ys, xs = np.mgrid[:300, :300] - 149.5
    off = (np.degrees(np.arctan2(ys, xs)) - middle + 180) % 360 - 180
    inside = (abs(off) <= 50) & (abs(np.hypot(xs, ys) - 60) <= thick / 2)
    kernels = np.where(inside, np.float32(chance), np.float32(0))
    return np.stack([kernels, kernels])


def test_a_bent_kernel_grows_back_to_the_whole_word_along_its_arc() -> None:
    (found,) = find_words(arched(), PLAIN)
    assert found.strip is not None
    assert found.upright
    assert found.confidence == pytest.approx(0.9, abs=1e-5)
    # A word 118.6 long and 21.9 high has a kernel 13.9 smaller: 104.7 along the arc, 8 across.
    upper, lower = found.strip - 150
    np.testing.assert_allclose(np.hypot(*upper.T), 60 + 10.95, atol=0.8)
    np.testing.assert_allclose(np.hypot(*lower.T), 60 - 10.95, atol=0.8)
    first = np.degrees(np.arctan2(upper[0, 1], upper[0, 0]))
    assert first == pytest.approx(-90 - np.degrees(118.6 / 2 / 60), abs=1.5)
    assert upper[0, 0] < upper[-1, 0]


def test_the_quad_of_a_bent_word_holds_its_strip() -> None:
    (found,) = find_words(arched(middle=80.0), PLAIN)
    assert found.strip is not None
    for point in found.strip.reshape(-1, 2):
        assert cv2.pointPolygonTest(found.quad, (float(point[0]), float(point[1])), True) > -0.1


def test_a_word_at_the_side_of_an_arc_may_run_up_or_down() -> None:
    (found,) = find_words(arched(middle=180.0), PLAIN)
    assert found.strip is not None
    assert not found.upright


@settings(max_examples=30, deadline=None)
@given(st.floats(-90, 90), st.floats(8, 220), st.floats(0.04, 1.0))
def test_straight_and_stubby_words_have_no_strip(angle: float, wide: float, flat: float) -> None:
    kernel = quad_of((150.2, 149.7), wide, max(2.0, wide * flat), angle)
    found = find_words(maps_of(kernel), PLAIN)
    assert found
    assert all(one.strip is None for one in found)


def test_a_bent_place_is_brought_to_the_photo() -> None:
    (found,) = find_words(arched(), PLAIN)
    place = found.in_photo(0.25)
    assert found.strip is not None
    assert place.strip is not None
    np.testing.assert_array_equal(place.strip, found.strip * 4)
    np.testing.assert_array_equal(place.quad, found.quad * 4)
    assert (place.confidence, place.upright) == (found.confidence, found.upright)
