"""Doubles: what several looks at a photo found is kept once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.doubles import stands_in, without_doubles, worth_reading_too
from engine.focus import Found


def found(left: float, top: float, right: float, bottom: float, confidence: float) -> Found:
    quad = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return Found(quad, confidence, upright=True)


def stays(one: Found, looks: list[list[Found]]) -> bool:
    return any(other is one for other in without_doubles(looks))


FIRST, SECOND, THIRD = (found(at, 0, at + 40, 20, 0.8) for at in (0, 50, 100))
LINE = (0, -2, 140, 22)


def test_of_two_in_the_same_place_the_surer_is_kept() -> None:
    other = found(1, 0, 41, 20, 0.9)
    assert without_doubles([[FIRST], [other]]) == [other]
    assert without_doubles([[other], [FIRST]]) == [other]
    beside = found(30, 0, 70, 20, 0.9)
    assert without_doubles([[FIRST], [beside]]) == [beside, FIRST]


@pytest.mark.parametrize("degrees", [0, 10, 15, 20, 30, 45, -60])
def test_leaning_lines_below_each_other_are_different_words(degrees: float) -> None:
    turn = np.radians(degrees)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    lines = [found(0, 28 * at, 300, 28 * at + 20, 0.8 + at / 100) for at in range(6)]
    lines = [replace(one, quad=(one.quad @ spin).astype(np.float32)) for one in lines]
    assert len(without_doubles([lines[:3], lines[3:]])) == 6
    again = [replace(one, quad=one.quad + np.float32(2)) for one in lines]
    assert len(without_doubles([lines, again])) == 6
    assert not stands_in(lines, np.ones(6, bool)).any()


def test_which_words_stand_where_others_do() -> None:
    other = found(1, 0, 41, 20, 0.7)
    words = [FIRST, SECOND, other]
    assert stands_in(words, np.array([True, True, False])).tolist() == [False, False, True]
    assert stands_in(words, np.array([False, True, False])).tolist() == [False] * 3
    assert stands_in([], np.zeros(0, bool)).tolist() == []


def test_without_finds_there_are_none() -> None:
    assert without_doubles([[], []]) == []


def test_words_that_were_run_together_from_afar_are_dropped() -> None:
    line = found(*LINE, 0.7)
    assert without_doubles([[line], [FIRST, SECOND, THIRD]]) == [FIRST, SECOND, THIRD]
    assert without_doubles([[line], [FIRST], [SECOND]]) == [FIRST, SECOND]


def test_what_a_closer_look_did_not_take_apart_stays() -> None:
    line = found(*LINE, 0.7)
    # One part alone may be what is left of the word.
    assert without_doubles([[line], [FIRST]]) == [FIRST, line]
    # The same look, or one from farther away, says nothing against it.
    assert stays(line, [[FIRST, SECOND, THIRD, line]])
    assert stays(line, [[FIRST, SECOND, THIRD], [line]])
    # Specks, and words that only touch it, are not its parts.
    specks = [found(at, 0, at + 5, 5, 0.8) for at in (0, 50, 100)]
    assert stays(line, [[line], specks])
    below = [found(at, 15, at + 40, 60, 0.8) for at in (0, 50, 100)]
    assert stays(line, [[line], below])


def test_parts_that_are_less_sure_take_nothing_apart() -> None:
    line = found(*LINE, 0.85)
    assert without_doubles([[line], [FIRST, SECOND]]) == [line, FIRST, SECOND]


def test_what_was_dropped_takes_nothing_apart() -> None:
    line = found(*LINE, 0.7)
    # Another look has seen the second part better, and that one does not lie in the line.
    better = found(50, 8, 90, 36, 0.9)
    second = found(50, 0, 90, 22, 0.8)
    assert without_doubles([[line], [FIRST, second], [better]])[:2] == [better, FIRST]


def test_of_few_words_doubles_are_worth_reading() -> None:
    line, other = found(*LINE, 0.7), found(1, 0, 41, 20, 0.7)
    looks = [[line, other], [FIRST, SECOND, THIRD]]
    kept = without_doubles(looks)
    assert kept == [FIRST, SECOND, THIRD]
    again = worth_reading_too(looks, kept)
    assert [one.quad is two.quad for one, two in zip(again, looks[0], strict=True)] == [True, True]
    assert all(one.double for one in again)
    assert not any(one.double for one in kept)


def test_of_many_words_doubles_are_left_out() -> None:
    words = [found(50 * at, 100, 50 * at + 40, 120, 0.9) for at in range(18)]
    looks = [[found(*LINE, 0.7)], [FIRST, SECOND, *words]]
    assert len(worth_reading_too(looks, without_doubles(looks))) == 1
    looks[1].append(THIRD)
    assert worth_reading_too(looks, without_doubles(looks)) == []
