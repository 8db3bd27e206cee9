"""Which way words are read: each photo decides by what all its words gain."""

from __future__ import annotations

import numpy as np
import pytest

from engine.directions import (
    Mask,
    Sureness,
    Way,
    first_ways,
    is_plain,
    read_ways,
    runs_across,
    sureness,
    tried_first,
    tried_next,
)
from engine.focus import Found

NONE = np.nan


def found(wide: float, high: float, confidence: float = 0.8, bent: bool = False) -> Found:
    quad = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    strip = np.array([quad[:2], quad[3:1:-1]]) if bent else None
    return Found(quad, confidence, high < 1.5 * wide, strip)


def values(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(numbers, np.float32)


def mask(*marks: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array(marks, bool)


def test_long_words_run_as_their_quads_do() -> None:
    assert runs_across([found(60, 20), found(20, 60)]).tolist() == [True, False]


def test_squarish_words_run_across_unless_most_long_ones_do_not() -> None:
    square, across, up = found(22, 20), found(60, 20), found(20, 60)
    assert runs_across([square]).tolist() == [True]
    assert runs_across([square, across, up]).tolist() == [True, True, False]
    assert runs_across([square, across, up, up]).tolist() == [False, True, False, False]


def test_doubtful_long_words_do_not_turn_squarish_ones() -> None:
    assert runs_across([found(22, 20), found(20, 60, confidence=0.6)]).tolist() == [True, False]


def test_bent_words_run_as_focus_says() -> None:
    bent = found(22, 20, bent=True)
    assert runs_across([bent, found(20, 60), found(20, 60)]).tolist() == [True, False, False]


def test_a_word_that_runs_down_begins_at_its_upper_right_corner() -> None:
    across, down = found(60, 20), found(20, 60)
    first, second = first_ways([across, down], mask(1, 0))
    np.testing.assert_array_equal(first.quad, across.quad)
    assert second.quad.tolist() == [[20, 0], [20, 60], [0, 60], [0, 0]]


def test_a_way_is_as_long_and_as_high_as_it_is_read() -> None:
    (down,) = first_ways([found(20, 60)], mask(0))
    assert (down.height, down.aspect) == (20, 3)
    assert (down.back().height, down.back().aspect) == (20, 3)


def test_a_bent_word_is_first_read_as_its_strip_lies() -> None:
    bent = found(60, 20, bent=True)
    (way,) = first_ways([bent], mask(0))
    assert way.quad is bent.quad
    assert way.strip is bent.strip


def test_reading_back_begins_at_the_opposite_corner() -> None:
    bent = found(60, 20, bent=True)
    way = Way(bent.quad, bent.strip).back()
    assert way.strip is not None
    assert way.quad[0].tolist() == way.strip[0, 0].tolist() == [60, 20]
    assert way.strip[0, -1].tolist() == [0, 20]
    np.testing.assert_array_equal(way.back().quad, bent.quad)


def test_words_up_or_down_and_the_four_surest_others_are_tried_both_ways() -> None:
    words = [found(60, 20)] * 6 + [found(20, 60, 0.41), found(60, 20, 0.4)]
    assert tried_first(words, runs_across(words)).tolist() == [0, 1, 2, 3, 6]


def test_words_that_focus_doubts_are_no_probes() -> None:
    words = [found(60, 20, 0.6)] * 8
    assert tried_first(words, runs_across(words)).tolist() == []


def test_sureness_is_the_mean_of_the_best_log_probabilities() -> None:
    letters = np.full((1, 4, 37), -9, np.float32)
    letters[0, :, 5] = [-1, -2, -3, 0]
    assert sureness(letters).tolist() == [-1.5]


def test_what_is_read_almost_without_doubt_is_plain() -> None:
    assert is_plain(values(-0.001, -0.1, NONE)).tolist() == [True, False, False]


def test_the_others_are_tried_only_where_the_probes_gain() -> None:
    across = mask(1, 1, 1, 1, 0)
    first = values(-0.2, -0.1, -0.2, -0.3, -0.2)
    better, worse = values(-0.1, -0.15, NONE, NONE, 0), values(-0.4, -0.02, NONE, NONE, 0)
    assert tried_next(first, better, across).tolist() == [2, 3]
    assert tried_next(first, worse, across).tolist() == []
    first[3] = NONE  # another reading of it was plain
    assert tried_next(first, better, across).tolist() == [2]


def kept(first: Sureness, back: Sureness, across: Mask) -> list[str]:
    """Of each word, which ways are kept."""
    names = {(True, False): "first", (False, True): "back", (True, True): "both"}
    return [names[bool(a), bool(b)] for a, b in zip(*read_ways(first, back, across), strict=True)]


def test_without_probes_nothing_more_is_tried() -> None:
    nothing = values(NONE, NONE)
    assert tried_next(values(-0.5, -0.5), nothing, mask(1, 1)).tolist() == []
    assert kept(values(-0.5, -0.5), nothing, mask(1, 1)) == ["first", "first"]


def test_a_word_follows_the_others_of_its_photo() -> None:
    """Alone, the second word would be kept both ways; the third was not tried."""
    across = mask(1, 1, 1, 1)
    first, back = values(-0.02, -0.1, -0.3, -0.05), values(-0.3, -0.06, NONE, -0.3)
    assert kept(first[1:2], back[1:2], across[1:2]) == ["both"]
    assert kept(first, back, across) == ["first"] * 4
    assert kept(back, first, across) == ["both", "both", "first", "both"]


def test_a_word_that_gains_much_is_kept_both_ways_in_an_upright_photo() -> None:
    first, back = values(-0.05, -0.05, -0.9), values(-0.15, -0.1, -0.05)
    assert kept(first, back, mask(1, 1, 1)) == ["first", "first", "both"]


def test_a_word_that_gains_little_is_kept_upright() -> None:
    assert kept(values(-0.08), values(-0.05), mask(1)) == ["first"]
    assert kept(values(-0.10), values(-0.05), mask(1)) == ["both"]
    assert kept(values(-0.40), values(-0.05), mask(1)) == ["both"]


def test_words_that_gain_a_little_together_are_kept_both_ways() -> None:
    first, back = values(-0.10, -0.10, -0.10), values(-0.06, -0.06, -0.06)
    assert kept(first, back, mask(1, 1, 1)) == ["both"] * 3
    assert kept(first, back + np.float32(0.05), mask(1, 1, 1)) == ["back"] * 3


@pytest.mark.parametrize("gain", [0.002, -0.002])
def test_words_up_or_down_have_no_usual_direction(gain: float) -> None:
    first = values(-0.1, -0.1)
    surer = "back" if gain > 0 else "first"
    assert kept(first, first + np.float32(gain), mask(0, 0)) == [surer] * 2
    assert kept(first, first + np.float32(gain), mask(1, 1)) == ["first"] * 2


def test_words_across_and_words_up_are_told_apart() -> None:
    first, back = values(-0.1, -0.1, -0.4, -0.4), values(-0.2, -0.2, -0.1, -0.1)
    assert kept(first, back, mask(1, 1, 0, 0)) == ["first", "first", "back", "back"]
