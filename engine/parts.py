"""Strings that Focus finds in parts: number plates in groups, words whose letters stand far apart.

Such parts follow each other on a line. What they say together is one region as well, made of what
was read of them: a crop of the whole would show its letters smaller than their own crops do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.layout import SAME_PLACE, same_place
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
    doubles = _doubles(quads, sorted({*groups, *spaced}), wide * high)
    codes = [
        line
        for order in (groups[::-1], groups)
        for line in _lines(quads, _without(doubles, order))
        if any(_has_digit(readings[at]) for at in line)
    ]
    words = [
        line for order in (spaced[::-1], spaced) for line in _lines(quads, _without(doubles, order))
    ]
    return [
        line
        for line in dict.fromkeys(codes + words)
        if _LEAST_LETTERS <= sum(len(readings[at]) for at in line) <= _MOST_LETTERS
    ]


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _lines(quads: Quads, words: Sequence[int]) -> list[tuple[int, ...]]:
    """Words that follow each other, at least two."""
    if len(words) < 2:
        return []
    places = quads[words]
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
        lines.append(tuple(words[at] for at in line))
    return lines


def _doubles(quads: Quads, words: Sequence[int], areas: NDArray[np.float32]) -> dict[int, set[int]]:
    """Which of these words stand in the same place as which others."""
    places, areas = quads[words], areas[words]
    low, high = places.min(1), places.max(1)
    size = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    # Most do not touch, or not by enough: only of the others the quads are worth comparing.
    close = size.clip(0).prod(2) > SAME_PLACE * np.minimum(areas[:, None], areas)
    doubles: dict[int, set[int]] = {}
    for one, other in np.argwhere(np.triu(close, 1)).tolist():
        if same_place(places[one], places[other]):
            doubles.setdefault(words[one], set()).add(words[other])
            doubles.setdefault(words[other], set()).add(words[one])
    return doubles


def _without(doubles: Mapping[int, set[int]], words: Iterable[int]) -> list[int]:
    """The words; of those that stand in the same place, the first."""
    answer: list[int] = []
    dropped: set[int] = set()
    for at in words:
        if at not in dropped:
            answer.append(at)
            dropped |= doubles.get(at, set())
    return answer
