"""Words stand together when one is read right after the other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.layout import nearness, same_place


def quad(
    x: float, y: float, width: float = 100, height: float = 30, turn: float = 0
) -> NDArray[np.float32]:
    """A box with its corner at (x, y), the whole plane then turned by degrees."""
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    angle = np.radians(turn)
    matrix = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return (corners @ matrix.T).astype(np.float32)


@pytest.mark.parametrize("turn", [0, 30, 90, 180, -45])
def test_on_any_line_the_next_word_is_near_and_the_one_before_is_not(turn: float) -> None:
    first, second = quad(0, 0, turn=turn), quad(115, 3, turn=turn)
    assert nearness(first, second) == 1
    assert nearness(second, first) == 0


def test_the_line_below_is_less_near() -> None:
    assert 0 < nearness(quad(0, 0), quad(10, 40)) < 1
    assert nearness(quad(0, 0), quad(10, 120)) == 0
    assert nearness(quad(0, 0), quad(300, 40)) == 0
    assert nearness(quad(0, 40), quad(0, 0)) == 0


@pytest.mark.parametrize(
    "other",
    [
        quad(250, 0),  # far along the line
        quad(115, 0, height=90),  # another size
        quad(115, -60, turn=45),  # another direction
        quad(50, 0, width=0),  # nothing at all
    ],
)
def test_what_does_not_belong_together_is_not_near(other: NDArray[np.float32]) -> None:
    assert nearness(quad(0, 0), other) == 0


@pytest.mark.parametrize("turn", [0, 30, -45])
def test_a_word_and_the_same_word_with_its_neighbour_are_one_place(turn: float) -> None:
    word, both, next_line = (
        quad(0, 0, turn=turn),
        quad(-4, -2, width=230, height=34, turn=turn),
        quad(0, 26, turn=turn),
    )
    assert same_place(word, both)
    assert same_place(both, word)
    assert not same_place(word, next_line)
    assert not same_place(word, quad(130, 0, turn=turn))
