"""Bent kernels get the strip that follows them, and straight or shapeless ones get none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.strips import POINTS, about, bend_of, grown, turned

Points = NDArray[np.float32]
TOP, RIGHT, BOTTOM, LEFT = -np.pi / 2, 0.0, np.pi / 2, np.pi


def arc_cells(
    radius: float,
    middle: float,
    turn: float,
    thick: float,
    centre: tuple[float, float] = (200.3, 199.8),
    size: int = 400,
) -> Points:
    """The cells of a band that goes ``turn`` each way from ``middle`` on a circle."""
    ys, xs = np.mgrid[:size, :size] + 0.5
    x, y = xs - centre[0], ys - centre[1]
    off = (np.arctan2(y, x) - middle + np.pi) % (2 * np.pi) - np.pi
    rows, columns = np.nonzero((abs(off) <= turn) & (abs(np.hypot(x, y) - radius) <= thick / 2))
    return (np.stack([columns, rows], 1) + 0.5).astype(np.float32)


def arc_strip(
    radius: float,
    middle: float,
    turn: float,
    thick: float,
    centre: tuple[float, float] = (200.3, 199.8),
) -> Points:
    """The strip of that band: outwards and clockwise above the centre, else the other way."""
    way = 1 if np.sin(middle) <= 0 else -1
    angles = middle + way * np.linspace(-turn, turn, POINTS)
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    edges = [(radius + way * side * thick / 2) * rays + centre for side in (1, -1)]
    return np.array(edges, np.float32)


def off(one: Points, other: Points) -> float:
    return float(np.linalg.norm(one - other, axis=-1).max())


@pytest.mark.parametrize("middle", [TOP, TOP + 0.6, BOTTOM, BOTTOM - 0.6])
@pytest.mark.parametrize(("radius", "turn", "thick"), [
    (25, 1.0, 8),
    (60, 0.5, 4),
    (60, 1.0, 8),
    (60, 1.5, 14),
    (150, 0.4, 8),
    (60, 2.6, 10),
])  # fmt: skip
def test_the_strip_follows_the_arc(radius: float, turn: float, thick: float, middle: float) -> None:
    bend = bend_of(arc_cells(radius, middle, turn, thick))
    assert bend is not None
    assert bend.upright
    assert bend.thickness == pytest.approx(thick, abs=0.6)
    assert off(bend.strip(0), arc_strip(radius, middle, turn, thick)) < 0.05 * radius * turn + 0.7


@settings(max_examples=30, deadline=None)
@given(st.floats(20, 120), st.floats(-np.pi, np.pi), st.floats(0.8, 2.6), st.floats(-0.5, 0.5))
def test_any_arc_is_found_wherever_it_lies(
    radius: float, middle: float, turn: float, shift: float
) -> None:
    centre = (200 + shift, 200 - shift)
    bend = bend_of(arc_cells(radius, middle, turn, 6, centre))
    assert bend is not None
    truth = arc_strip(radius, middle, turn, 6, centre)
    strip = bend.strip(0)
    assert min(off(strip, truth), off(turned(strip), truth)) < 0.03 * radius * turn + 1.2


def test_growing_back_goes_on_along_the_arc() -> None:
    bend = bend_of(arc_cells(60, TOP, 1.0, 8))
    assert bend is not None
    assert off(bend.strip(6), arc_strip(60, TOP, 1.0 + 6 / 60, 20)) < 1.5


def test_an_arc_of_an_ellipse_is_followed() -> None:
    """A badge that is seen from the side."""
    angles = np.linspace(TOP - 1.2, TOP + 1.2, 4000)
    rng = np.random.default_rng(0)
    around = np.stack([90 * np.cos(angles), 55 * np.sin(angles)], 1)
    cells = np.unique(np.floor(around + rng.uniform(-3, 3, around.shape) + 200), axis=0) + 0.5
    bend = bend_of(cells.astype(np.float32))
    assert bend is not None
    middle = bend.strip(0).mean(0) - 200
    assert np.abs(np.hypot(middle[:, 0] / 90, middle[:, 1] / 55) - 1).max() < 0.04


@pytest.mark.parametrize(("middle", "upright"), [
    (TOP, True), (BOTTOM, True), (TOP + 1, True), (BOTTOM - 1, True),
    (LEFT, False), (RIGHT, False), (LEFT + 0.4, False), (RIGHT - 0.4, False),
])  # fmt: skip
def test_an_arc_at_a_side_runs_up_or_down(middle: float, upright: bool) -> None:
    bend = bend_of(arc_cells(60, middle, 0.8, 8))
    assert bend is not None
    assert bend.upright == upright


@pytest.mark.parametrize("angle", [0.0, 7.0, 30.0, 45.0, 88.0])
@pytest.mark.parametrize(
    ("wide", "high"), [(80, 8), (80, 2.5), (30, 10), (24, 20), (12, 4), (9, 1)]
)
def test_straight_kernels_have_no_bend(wide: float, high: float, angle: float) -> None:
    ys, xs = np.mgrid[:200, :200] - 99.7
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    along, down = xs * cosine + ys * sine, ys * cosine - xs * sine
    rows, columns = np.nonzero((abs(along) <= wide / 2) & (abs(down) <= high / 2))
    assert bend_of((np.stack([columns, rows], 1) + 0.5).astype(np.float32)) is None


def test_a_closed_ring_has_no_first_letter() -> None:
    assert bend_of(arc_cells(60, TOP, np.pi, 8)) is None


def test_a_disc_and_an_angle_are_no_arcs() -> None:
    disc = arc_cells(20, TOP, np.pi, 40)
    corner = np.concatenate([
        [(x, y) for x in range(60) for y in range(14)],
        [(x, y) for x in range(14) for y in range(14, 60)],
    ])  # fmt: skip
    assert bend_of(disc) is None
    assert bend_of(corner.astype(np.float32)) is None


def test_one_cell_and_a_row_of_cells_have_no_bend() -> None:
    assert bend_of(np.full((5, 2), 3.5, np.float32)) is None
    assert bend_of(np.array([(x + 0.5, 7.5) for x in range(40)], np.float32)) is None


def test_a_strip_grows_by_parts_of_its_height() -> None:
    strip = arc_strip(100, TOP, 0.5, 20)
    wider = arc_strip(100, TOP, 0.5 + 0.25 * 20 / 100, 24)
    assert off(grown(strip, 0.25, 0.1), wider) < 0.9  # its ends go straight on


def test_a_strip_that_does_not_grow_stays_as_it_is() -> None:
    strip = arc_strip(100, TOP, 0.9, 20)
    np.testing.assert_allclose(grown(strip, 0, 0), strip, atol=0.05)


def test_a_strip_without_extent_does_not_grow_into_nonsense() -> None:
    assert np.isfinite(grown(np.full((2, POINTS, 2), 7, np.float32), 0.1, 0.1)).all()


def test_a_strip_turned_twice_is_itself() -> None:
    strip = arc_strip(100, TOP, 0.5, 20)
    assert off(turned(strip), strip) > 50
    np.testing.assert_array_equal(turned(turned(strip)), strip)


def test_the_quad_about_an_arch_holds_it_and_begins_at_its_first_letter() -> None:
    quad = about(arc_strip(100, TOP, 0.5, 20, (0, 0)))
    side = 110 * np.sin(0.5)
    low = -90 * np.cos(0.5)
    truth = [[-side, -110], [side, -110], [side, low], [-side, low]]
    np.testing.assert_allclose(quad, truth, atol=0.2)


@pytest.mark.parametrize("middle", [TOP, BOTTOM, LEFT, RIGHT, 1.0])
def test_the_quad_about_a_turned_strip_begins_at_the_other_end(middle: float) -> None:
    strip = arc_strip(100, middle, 0.7, 20)
    np.testing.assert_allclose(about(turned(strip)), np.roll(about(strip), 2, 0), atol=1e-2)
