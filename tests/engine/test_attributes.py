"""Attributes: what a query asks of the lettering, and how well regions fit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attributes import UNKNOWN, Attributes, Letterings, read_attribute
from engine.colours import Colours

RED = Colours((220, 20, 20), (250, 220, 40)).to_bytes()
BLUE = Colours((30, 70, 200), (255, 255, 255)).to_bytes()


def regions(*colours: bytes) -> Letterings:
    count = len(colours)
    return Letterings(colours, np.zeros((count, 4, 2), np.float32), np.ones((count, 2), np.float32))


def box(x: float, y: float, high: float, angle: float = 0) -> NDArray[np.float32]:
    """A quad about a middle, five times as wide as high."""
    corners = np.array([(-2.5, -0.5), (2.5, -0.5), (2.5, 0.5), (-2.5, 0.5)]) * high
    turn = np.radians(angle)
    turned = corners @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    return np.asarray(turned + np.array([x, y]), np.float32)


def placed(*quads: NDArray[np.float32]) -> Letterings:
    size = np.tile(np.array([1000, 1000], np.float32), (len(quads), 1))
    return Letterings([b""] * len(quads), np.stack(quads), size)


def fits(of: Letterings, *tokens: str, without: tuple[str, ...] = ()) -> list[float]:
    wanted, unwanted = ([read_attribute(token) for token in some] for some in (tokens, without))
    asked = Attributes(tuple(one for one in wanted if one), tuple(one for one in unwanted if one))
    return [round(float(one), 3) for one in asked.fits(of)]


@pytest.mark.parametrize(
    ("token", "same"),
    [
        ("colour:red", "color:red"),
        ("COLOR:Red", "color:red"),
        ("color:gray", "color:grey"),
        ("on:violet", "on:purple"),
        ("at:left-top", "at:top-left"),
        ("at:centre", "at:middle"),
        ("at:middle-middle", "at:middle"),
    ],
)
def test_an_attribute_may_be_typed_in_several_ways(token: str, same: str) -> None:
    assert read_attribute(token) == read_attribute(same) is not None


@pytest.mark.parametrize(
    "token",
    ["color:blurple", "color:", "color", ":red", "size:12", "at:", "at:top-bottom", "at:top-",
     "12:30", "http://red", "key:value",
     '"color:red"', "color:red*", "color:red,", "at:top-left-middle"],
)  # fmt: skip
def test_any_other_token_is_none(token: str) -> None:
    assert read_attribute(token) is None


def test_lettering_and_ground_are_told_apart() -> None:
    assert fits(regions(RED, BLUE), "color:red") == [1, 0]
    assert fits(regions(RED, BLUE), "on:yellow") == [1, 0]
    assert fits(regions(RED, BLUE), "on:white") == [0, 1]


def test_all_attributes_must_be_met_but_two_of_a_kind_are_a_choice() -> None:
    assert fits(regions(RED, BLUE), "color:red", "on:white") == [0, 0]
    assert fits(regions(RED, BLUE), "color:red", "color:blue") == [1, 1]


def test_what_is_not_known_fits_a_little_and_is_never_ruled_out() -> None:
    assert fits(regions(b"", RED), "color:red") == [pytest.approx(UNKNOWN), 1]
    assert fits(regions(b"", RED, BLUE), without=("color:red",)) == [1, 0, 1]


def test_sizes_are_parts_of_the_photo() -> None:
    of = placed(box(500, 500, 10), box(500, 500, 50), box(500, 500, 150))
    assert fits(of, "size:small") == [1, 0, 0]
    assert fits(of, "size:medium") == [0, 1, 0]
    assert fits(of, "size:large") == [0, 0, 1]
    assert fits(of, "size:small", "size:large") == [1, 0, 1]


def test_lettering_that_runs_askew_is_no_larger() -> None:
    of = placed(*(box(500, 500, 50, angle) for angle in (0, 30, 90, 180)))
    assert fits(of, "size:medium") == [1, 1, 1, 1]


def test_at_a_border_lettering_is_of_both_sizes() -> None:
    of = placed(box(500, 500, 80))
    assert fits(of, "size:medium") == fits(of, "size:large") == [0.5]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("at:top", [1, 1, 0, 0]),
        ("at:left", [1, 0, 0, 1]),
        ("at:right", [0, 1, 0, 0]),
        ("at:bottom", [0, 0, 0, 1]),
        ("at:middle", [0, 0, 1, 0]),
        ("at:top-left", [1, 0, 0, 0]),
        ("at:middle-right", [0, 0, 0, 0]),
        ("at:bottom-left", [0, 0, 0, 1]),
    ],
)
def test_places_are_thirds_of_the_photo(token: str, expected: list[float]) -> None:
    of = placed(*(box(x, y, 10) for x, y in [(100, 100), (900, 100), (500, 500), (100, 900)]))
    assert fits(of, token) == expected


def test_two_places_that_can_both_hold_must() -> None:
    of = placed(*(box(x, y, 10) for x, y in [(100, 100), (900, 100), (100, 900)]))
    assert fits(of, "at:top", "at:left") == [1, 0, 0]
    assert fits(of, "at:top", "at:bottom") == [1, 1, 1]
    assert fits(of, without=("at:top-left",)) == [0, 1, 1]


def test_a_place_on_both_axes_makes_all_places_a_choice() -> None:
    of = placed(*(box(x, y, 10) for x, y in [(100, 100), (900, 100), (500, 500), (100, 900)]))
    assert fits(of, "at:middle", "at:top") == [1, 1, 1, 0]
    assert fits(of, "at:top-left", "at:bottom") == [1, 0, 0, 1]
    assert fits(of, "at:top-left", "at:bottom", "size:large") == [0, 0, 0, 0]


def test_of_no_regions_there_is_nothing_to_judge() -> None:
    assert fits(regions(), "color:red", without=("on:blue",)) == []
