"""Which way words are read: photos lie on their side or stand on their head, and words with them.

One word alone tells little: the image tower is often as sure of nonsense that it reads upside down.
All words of a photo together tell it reliably, so a few are tried both ways in every photo, and the
others only where those read better from their other end. Words are given surest first, as Focus
finds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import strips
from engine.focus import Found
from engine.strips import Quad, Strip

Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]
Sureness = NDArray[np.float32]  # of one way of reading each word; NaN where it was not tried

_PROBES = 4  # words that run left to right and are tried both ways in every photo
_SURE = 0.7  # Focus's confidence in them
# Of sureness. Chosen on photos turned by quarters, so that those that stand upright lose nothing.
_MOST = 0.1  # that one word can say for or against the other end
_LEAN = 0.02  # by how much a photo's words must be better read from there
_CERTAIN = 0.055  # and by how much to be certain of it: more than one word alone can say
_PLAIN = -0.02  # what is read more surely stands there
_ALONE = 0.05  # by how much one word must be in a photo that stands upright
_SQUARE = 1.5  # a quad whose sides differ less may hold a word that runs in either direction


@dataclass(frozen=True, slots=True)
class Way:
    """A word's place as it is read: the quad from its first letter on, and the strip if bent."""

    quad: Quad
    strip: Strip | None = None

    @property
    def height(self) -> float:
        """Of the first letter, in the photo's pixels."""
        return math.dist(*self.quad[[0, 3]].tolist())

    @property
    def aspect(self) -> float:
        """How many times as long as high the quad is, by its first two sides."""
        return math.dist(*self.quad[:2].tolist()) / max(self.height, 1e-6)

    def back(self) -> Way:
        """The same place read from its other end."""
        strip = None if self.strip is None else strips.turned(self.strip)
        return Way(np.roll(self.quad, -2, 0), strip)


def runs_across(found: Sequence[Found]) -> Mask:
    """Which words run left to right (or right to left) and not up or down.

    Squarish ones do as most of the longer words of the photo that Focus is sure of.
    """
    across = np.array([one.upright for one in found], bool)
    square = np.array([_is_square(one) for one in found], bool)
    sure = np.array([one.confidence >= _SURE for one in found], bool) & ~square
    if np.count_nonzero(sure & ~across) > np.count_nonzero(sure & across):
        across &= ~square
    return across


def first_ways(found: Sequence[Found], across: Mask) -> list[Way]:
    """How words are read first: left to right, or downwards."""
    return [
        Way(one.quad, one.strip)
        if level or one.strip is not None
        else Way(np.roll(one.quad, -1, 0))
        for one, level in zip(found, across, strict=True)
    ]


def tried_first(found: Sequence[Found], across: Mask) -> Rows:
    """Which words, surest first, are read from their other end in every photo.

    Those that run up or down, and of the others the probes.
    """
    sure = np.array([one.confidence >= _SURE for one in found], bool)
    return np.union1d(np.flatnonzero(~across), np.flatnonzero(across & sure)[:_PROBES])


def sureness(letters: NDArray[np.float32]) -> Sureness:
    """How sure readings are, by their log-probabilities (n, columns, classes): 0 at most."""
    return np.asarray(letters.max(2).mean(1), np.float32)


def is_plain(sure: Sureness) -> Mask:
    """What is read so surely that another look at it would tell nothing more."""
    return sure > _PLAIN


def tried_next(first: Sureness, back: Sureness, across: Mask) -> Rows:
    """Which words are to be read from their other end too, since the probes are better so."""
    if _lean((back - first)[across]) <= _LEAN:
        return np.zeros(0, np.intp)
    return np.flatnonzero(across & np.isnan(back) & ~np.isnan(first))


def read_ways(first: Sureness, back: Sureness, across: Mask) -> tuple[Mask, Mask]:
    """The words that are kept as first read, and those kept as read from their other end.

    By the sureness of both ways: what the surest words of a photo gain by the other end counts for
    each with what it gains itself. While they do not gain much, words that run left to right are
    kept both ways: an upright photo must lose nothing, and two readings of a word cost little.
    """
    gain = back - first
    lean = _lean(gain[across])
    as_first, from_back = np.ones(len(first), bool), np.zeros(len(first), bool)
    least = 0.0 if lean > _LEAN else _ALONE
    from_back[across] = gain[across] + lean > least
    if lean > _CERTAIN:
        as_first[across] = ~from_back[across]
    from_back[~across] = gain[~across] + _lean(gain[~across]) > 0
    as_first[~across] = ~from_back[~across]
    return as_first, from_back


def _lean(gain: Sureness) -> float:
    """The mean gain of the surest words that were tried both ways, one alone counting half."""
    tried = gain[~np.isnan(gain)][:_PROBES].clip(-_MOST, _MOST)
    return float(tried.sum()) / max(len(tried), 2)


def _is_square(one: Found) -> bool:
    start, right, _, below = one.quad.tolist()
    wide, high = math.dist(start, right), math.dist(start, below)
    return one.strip is None and max(wide, high) < _SQUARE * min(wide, high)
