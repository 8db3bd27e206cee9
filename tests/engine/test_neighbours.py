"""Neighbours: what may be one word is read as one as well."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.focus import Found
from engine.neighbours import joined

GAP = 0.35


def word(
    left: float, top: float, wide: float, high: float, *, sure: float = 0.9, turned: float = 0.0
) -> Found:
    """A word of this size, all turned about the origin by so many degrees."""
    corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
    sine, cosine = np.sin(np.radians(turned)), np.cos(np.radians(turned))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return Found((np.array(corners) @ turn).astype(np.float32), sure, upright=wide >= high)


def box(quad: NDArray[np.float32]) -> list[float]:
    return [round(float(v), 2) for v in (*quad.min(0), *quad.max(0))]


def test_pieces_of_a_word_are_joined_from_end_to_end() -> None:
    (one,) = joined([word(10, 10, 30, 20, sure=0.8), word(44, 12, 30, 20, sure=0.6)], GAP)
    assert box(one.quad) == [10, 11, 74, 31]
    assert one.confidence == pytest.approx(0.6)
    assert one.upright


def test_the_quad_begins_where_the_text_begins_at_any_slope() -> None:
    pieces = [word(44, 10, 30, 20, turned=30), word(10, 10, 30, 20, turned=30)]
    (one,) = joined(pieces, GAP)
    np.testing.assert_allclose(one.quad, word(10, 10, 64, 20, turned=30).quad, atol=1e-3)


def test_text_that_runs_downwards_is_joined_downwards() -> None:
    pieces = [word(10, 10, 20, 40), word(10, 54, 20, 40)]
    (one,) = joined(pieces, GAP)
    assert not one.upright
    np.testing.assert_allclose(one.quad, word(10, 10, 20, 84).quad, atol=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        word(50, 10, 30, 20),  # a space away
        word(10, 34, 30, 20),  # in the next line
        word(42, 10, 30, 50),  # much higher
        word(42, 18, 30, 20),  # another baseline
        word(12, 11, 30, 20),  # the same place
    ],
)
def test_other_words_are_left_apart(other: Found) -> None:
    assert joined([word(10, 10, 30, 20), other], GAP) == []


def test_each_word_is_joined_with_the_nearest_that_follows() -> None:
    line = [word(10, 10, 30, 20), word(42, 10, 30, 20), word(77, 10, 30, 20)]
    places = sorted(box(one.quad) for one in joined(line, GAP))
    assert places == [[10, 10, 72, 30], [42, 10, 107, 30]]


def test_what_was_found_whole_is_not_joined_again() -> None:
    pieces = [word(10, 10, 30, 20), word(42, 10, 30, 20)]
    assert joined([*pieces, word(11, 10, 60, 20)], GAP) == []


def test_bent_words_and_lone_ones_are_not_joined() -> None:
    strip = np.zeros((2, 5, 2), np.float32)
    pieces = [word(10, 10, 30, 20), word(42, 10, 30, 20)]
    bent = [Found(one.quad, one.confidence, one.upright, strip) for one in pieces]
    assert joined(bent, GAP) == []
    assert joined(pieces[:1], GAP) == []
    assert joined([], GAP) == []


def test_the_surest_come_first() -> None:
    line = [
        word(10, 10, 30, 20, sure=0.5), word(42, 10, 30, 20), word(74, 10, 30, 20),
    ]  # fmt: skip
    assert [one.confidence for one in joined(line, GAP)] == pytest.approx([0.9, 0.5])
