"""What a region may say: the few likeliest characters of each of its columns, small enough to keep.

A lattice is ``COLUMNS x KEPT`` pairs of bytes: a class of the CTC alphabet (0 is the blank) and its
log-probability in sixteenths below zero. From it follows how probable *exactly* the query is, which
no single reading can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.tokenizer import ALPHABET

Strings = Sequence[NDArray[np.float32]] | NDArray[np.float32]  # n of (T, 37) log-probabilities

KEPT = 4
_CLASSES = len(ALPHABET) + 1
_LETTERS = np.frombuffer(f" {ALPHABET}".encode("ascii"), np.uint8)  # by class
_STEP = 16.0
_NOT, _SURE = -20.0, -0.02  # log-probabilities of what is not there, and of what surely is
_LEAST = 1e-300  # instead of a probability of 0, which has no logarithm


def pack(strings: Strings) -> list[bytes]:
    """Each (T, 37) to a lattice of ``T * KEPT * 2`` bytes."""
    if not len(strings):
        return []
    columns = np.concatenate(strings)
    rows = np.arange(len(columns))
    best = np.empty((len(columns), KEPT), np.uint8)
    level = np.empty((len(columns), KEPT), np.float32)
    for at in range(KEPT):  # a quarter of what partitioning takes
        likeliest = columns.argmax(1)
        best[:, at], level[:, at] = likeliest, columns[rows, likeliest]
        columns[rows, likeliest] = -np.inf
    coded = np.clip(np.rint(-level * _STEP), 0, 255).astype(np.uint8)
    both = np.stack([best, coded], 2).tobytes()
    ends = 2 * KEPT * np.cumsum([len(string) for string in strings])
    return [both[first:last] for first, last in pairwise([0, *ends.tolist()])]


def end_to_end(parts: Sequence[NDArray[np.float32]], multiple: int) -> NDArray[np.float32]:
    """Log-probabilities (T, 37) of what is read one after another, as one (U, 37).

    Of sure blanks that follow each other one is kept. To keep the lengths few, sure blanks fill it
    up to a ``multiple``.
    """
    blank = np.full((1, _CLASSES), _NOT, np.float32)
    blank[0, 0] = 0.0
    columns = np.concatenate([row for part in parts for row in (part, blank)])
    sure = columns[:, 0] > _SURE
    kept = columns[~(sure & np.roll(sure, 1))]
    missing = -len(kept) % multiple
    return np.concatenate([kept, np.repeat(blank, missing, 0)])


def unpack(lattices: Sequence[bytes]) -> NDArray[np.float32]:
    """As many lattices of equal length to (n, T, 37); what was not kept shares what is left."""
    both = np.frombuffer(b"".join(lattices), np.uint8).reshape(len(lattices), -1, KEPT, 2)
    level = both[..., 1].astype(np.float32) / -_STEP
    left = np.clip(1.0 - np.exp(level).sum(2), 1e-5, 1.0) / (_CLASSES - KEPT)
    dense = np.repeat(np.log(left)[:, :, None], _CLASSES, 2)
    np.put_along_axis(dense, both[..., 0].astype(np.int64), level, 2)
    return dense.astype(np.float32)


def readings(strings: Strings) -> list[str]:
    """The best path of each (T, 37), repeats and blanks dropped."""
    if not len(strings):
        return []
    path = np.concatenate(strings).argmax(1)
    ends = np.cumsum([len(string) for string in strings])
    starts = np.diff(path, prepend=-1) != 0
    starts[ends[:-1]] = True
    shown = starts & (path > 0)
    text = _LETTERS[path[shown]].tobytes().decode("ascii")
    letters = np.cumsum(shown)[ends - 1]
    return [text[first:last] for first, last in pairwise([0, *letters.tolist()])]


def log_likelihood(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How probable exactly ``word`` is in each of (n, T, 37): (n,) logs, by CTC's forward sum."""
    chances, states, skips = _trellis(dense, word)
    alpha = np.zeros((len(states), len(dense)))
    alpha[:2] = chances[0][states[:2]]
    for column in chances[1:]:
        alpha = _advance(alpha, skips) * column[states]
    return _log(alpha[-1] + alpha[-2])


def log_begins(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How probable a string that begins with ``word`` is: (n,) logs (CTC's prefix sum)."""
    return _log_occurs(dense, word, anywhere=False)


def log_contains(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How often ``word`` is to be expected within the string, at most once: (n,) logs.

    The string contains the word at most as probably as this, and just so probably where the word
    does not occur twice.
    """
    return _log_occurs(dense, word, anywhere=True)


def _log_occurs(dense: NDArray[np.float32], word: str, *, anywhere: bool) -> NDArray[np.float32]:
    """Sums, over the column in which the last letter starts, the paths that come so far."""
    chances, states, skips = _trellis(dense, word)
    states = states[:-1]
    skips = skips[skips < len(states)]
    alpha = np.zeros((len(states), len(dense)))
    alpha[:2] = chances[0][states[:2]]
    total = alpha[-1].copy() if len(word) == 1 else np.zeros(len(dense))
    for column, before in zip(chances[1:], chances[:-1], strict=True):
        if anywhere:
            # Anything may stand before, but the word's own first letter would be the same one.
            alpha[0] = 1.0 - before[states[1]]
        came = alpha[-2] + alpha[-3] if len(states) - 1 in skips else alpha[-2]
        total += came * column[states[-1]]
        alpha = _advance(alpha, skips) * column[states]
    return _log(np.minimum(total, 1.0))


def _trellis(
    dense: NDArray[np.float32], word: str
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """What CTC's sums go over.

    Probabilities (T, classes, n) of the word's classes alone; which of these each state is, the
    blanks between the letters included; the states that are reached past a blank as well.
    """
    labels = np.zeros(2 * len(word) + 1, np.intp)
    labels[1::2] = [ALPHABET.index(letter) + 1 for letter in word]
    classes, states = np.unique(labels, return_inverse=True)
    chances = np.exp(dense[:, :, classes]).transpose(1, 2, 0).astype(np.float64, order="C")
    skips = np.flatnonzero((labels[2:] != 0) & (labels[2:] != labels[:-2])) + 2
    return chances, states, skips


def _advance(alpha: NDArray[np.float64], skips: NDArray[np.intp]) -> NDArray[np.float64]:
    """One column on: stay, step, or skip the blank between two different letters."""
    answer = alpha.copy()
    answer[1:] += alpha[:-1]
    answer[skips] += alpha[skips - 2]
    return answer


def _log(chances: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.log(np.maximum(chances, _LEAST)).astype(np.float32)
