"""Strings that Focus finds in parts: number plates in groups, words whose letters stand far apart.

Such parts follow each other on a line. What they say together is one region as well, made of what
was read of them: a crop of the whole would show its letters smaller than their own crops do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.layout import same_place
from engine.neighbours import Quads, following, sides

# Of the higher neighbour's height: so far apart parts stand at most, for a plate may have a seal
# between them, and so far aside, for of a short word Focus cannot tell how it slopes.
_GAP, _ASIDE = 1.2, 0.6
_LEAST_LETTERS, _MOST_LETTERS = 4, 16
# Ordinary words are left alone. Groups of a code have a digit or at most so many letters,
_LONGEST_GROUP = 3
# and a letter that stands apart takes up so many heights.
_LEAST_WIDE = 0.8


def strings_in_parts(quads: Quads, readings: Sequence[str]) -> list[tuple[int, ...]]:
    """Which words are parts of one string, string by string, in reading order.

    ``quads`` (n, 4, 2): from the first letter of each word on.
    """
    if len(readings) < 2:
        return []
    _, _, wide, high = sides(quads)
    groups, spaced = [], []
    # What was found whole and in pieces is tried as either: with long words first, and last.
    for at in sorted(range(len(readings)), key=lambda at: len(readings[at])):
        text = readings[at]
        if 0 < len(text) <= _LONGEST_GROUP or _has_digit(text):
            groups.append(at)
        if len(text) == 1 or (text.isalpha() and wide[at] >= _LEAST_WIDE * high[at] * len(text)):
            spaced.append(at)
    codes = [
        line
        for line in _lines(quads, groups[::-1]) + _lines(quads, groups)
        if any(_has_digit(readings[at]) for at in line)
    ]
    words = _lines(quads, spaced[::-1]) + _lines(quads, spaced)
    return [
        line
        for line in dict.fromkeys(codes + words)
        if _LEAST_LETTERS <= sum(len(readings[at]) for at in line) <= _MOST_LETTERS
    ]


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _lines(quads: Quads, words: Iterable[int]) -> list[tuple[int, ...]]:
    """Words that follow each other, at least two; of those in one place, the first are taken."""
    taken = _apart(quads, words)
    if len(taken) < 2:
        return []
    places = quads[taken]
    first, second = following(places, _GAP, _ASIDE)
    ends = (places[first, 1] + places[first, 2]) / 2
    starts = (places[second, 0] + places[second, 3]) / 2
    after: dict[int, int] = {}
    known: set[int] = set()
    # Where two words are followed by the same one, the nearer is.
    for at in np.argsort(np.linalg.norm(starts - ends, axis=1), kind="stable").tolist():
        if (then := int(second[at])) not in known:
            after[int(first[at])] = then
            known.add(then)
    lines = []
    for start in after.keys() - known:
        line = [start]
        while (at := after.get(line[-1])) is not None:
            line.append(at)
        lines.append(tuple(taken[at] for at in line))
    return lines


def _apart(quads: Quads, words: Iterable[int]) -> list[int]:
    """Those that stand in no other's place; of two that do, the first."""
    low, high = quads.min(1), quads.max(1)
    answer: list[int] = []
    for at in words:
        # Few of them touch at all, and only of those the quads are worth comparing.
        touches = (low[answer] < high[at]).all(1) & (high[answer] > low[at]).all(1)
        near = np.flatnonzero(touches).tolist()
        if not any(same_place(quads[at], quads[answer[one]]) for one in near):
            answer.append(at)
    return answer
