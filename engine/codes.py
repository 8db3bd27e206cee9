"""Codes written in groups: a number plate is one string to whoever looks for it.

Focus finds its groups as words of their own, and often single characters, which stand wide apart.
What follows each other on a line and may be parts of a code is one region as well, made of what was
read of the parts: a crop of the whole would show its characters smaller than their own crops do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.layout import same_place
from engine.neighbours import Quads, following

# Of the higher neighbour's height: so far apart groups stand at most, for a seal may be between
# them, and so far aside, for of a short word Focus cannot tell how it slopes.
_GAP, _ASIDE = 1.2, 0.6
_MOST_PARTS = 8
_LEAST_LETTERS, _MOST_LETTERS = 4, 16
# A part without a digit is no longer than this: ordinary words are left alone.
_LONGEST_LETTERS = 3


def codes(quads: Quads, readings: Sequence[str]) -> list[list[int]]:
    """Which words are parts of a code, code by code, in reading order.

    ``quads`` (n, 4, 2): from the first letter of each word on. A code has at least two parts and
    one digit.
    """
    parts = [at for at, reading in enumerate(readings) if _is_part(reading)]
    parts.sort(key=lambda at: len(readings[at]))
    # What was found whole and in pieces is tried as either.
    lines = _lines(quads, _apart(quads, parts[::-1])) + _lines(quads, _apart(quads, parts))
    return [
        list(line)
        for line in dict.fromkeys(map(tuple, lines))
        if _is_code("".join(readings[at] for at in line))
    ]


def _is_part(reading: str) -> bool:
    return 0 < len(reading) <= _LONGEST_LETTERS or any(letter.isdigit() for letter in reading)


def _is_code(text: str) -> bool:
    return _LEAST_LETTERS <= len(text) <= _MOST_LETTERS and any(c.isdigit() for c in text)


def _apart(quads: Quads, words: Sequence[int]) -> list[int]:
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


def _lines(quads: Quads, words: Sequence[int]) -> list[list[int]]:
    """Words that follow each other, two to ``_MOST_PARTS`` of them."""
    if len(words) < 2:
        return []
    of_words = quads[words]
    first, second = following(of_words, _GAP, _ASIDE)
    ends = (of_words[first, 1] + of_words[first, 2]) / 2
    starts = (of_words[second, 0] + of_words[second, 3]) / 2
    after: dict[int, int] = {}
    # Where two words are followed by the same one, the nearer is.
    for at in np.argsort(np.linalg.norm(starts - ends, axis=1), kind="stable").tolist():
        if int(second[at]) not in after.values():
            after[int(first[at])] = int(second[at])
    lines = []
    for start in set(after) - set(after.values()):
        line = [start]
        while (then := after.get(line[-1])) is not None:
            line.append(then)
        if len(line) <= _MOST_PARTS:
            lines.append([words[at] for at in line])
    return lines
