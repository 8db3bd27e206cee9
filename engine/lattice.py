"""What a region may say: the few likeliest characters of each of its columns, small enough to keep.

A lattice is ``COLUMNS x KEPT`` pairs of bytes: a class of the CTC alphabet (0 is the blank) and its
log-probability in sixteenths below zero. From it follows how probable *exactly* the query is, which
no single reading can tell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.tokenizer import ALPHABET

KEPT = 4
_CLASSES = len(ALPHABET) + 1
_STEP = 16.0
_NEVER = np.float32(-1e4)


def pack(log_probabilities: NDArray[np.float32]) -> list[bytes]:
    """(n, T, 37) log-probabilities to n lattices of ``T * KEPT * 2`` bytes."""
    best = np.argpartition(log_probabilities, -KEPT, axis=2)[:, :, -KEPT:]
    level = np.take_along_axis(log_probabilities, best, 2)
    coded = np.clip(np.rint(-level * _STEP), 0, 255).astype(np.uint8)
    both = np.stack([best.astype(np.uint8), coded], 3)
    return [row.tobytes() for row in both]


def unpack(lattices: Sequence[bytes]) -> NDArray[np.float32]:
    """n lattices of equal length to (n, T, 37); what was not kept shares the mass that is left."""
    both = np.frombuffer(b"".join(lattices), np.uint8).reshape(len(lattices), -1, KEPT, 2)
    level = both[..., 1].astype(np.float32) / -_STEP
    left = np.clip(1.0 - np.exp(level).sum(2), 1e-5, 1.0) / (_CLASSES - KEPT)
    dense = np.repeat(np.log(left)[:, :, None], _CLASSES, 2)
    np.put_along_axis(dense, both[..., 0].astype(np.int64), level, 2)
    return dense.astype(np.float32)


def readings(log_probabilities: NDArray[np.float32]) -> list[str]:
    """The best path of each (n, T, 37), repeats and blanks dropped."""
    answer = []
    for path in log_probabilities.argmax(2):
        changes = np.flatnonzero(np.diff(path, prepend=-1))
        answer.append("".join(ALPHABET[label - 1] for label in path[changes] if label))
    return answer


def log_likelihood(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How probable exactly ``word`` is in each of (n, T, 37): (n,) logs, by CTC's forward sum."""
    states = _states(word)
    alpha = np.full((len(dense), len(states)), _NEVER, np.float32)
    alpha[:, 0] = dense[:, 0, 0]
    alpha[:, 1] = dense[:, 0, states[1]]
    for column in range(1, dense.shape[1]):
        alpha = _advance(alpha, states) + dense[:, column][:, states]
    answer: NDArray[np.float32] = np.logaddexp(alpha[:, -1], alpha[:, -2])
    return answer


def log_begins(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How probable a string that begins with ``word`` is: (n,) logs (CTC's prefix sum)."""
    return _log_occurs(dense, word, anywhere=False)


def log_contains(dense: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """How probable a string with ``word`` somewhere in it is, at most: (n,) logs."""
    return _log_occurs(dense, word, anywhere=True)


def _log_occurs(dense: NDArray[np.float32], word: str, *, anywhere: bool) -> NDArray[np.float32]:
    """Sums, over the column in which the last letter starts, the paths that come so far."""
    states = _states(word)[:-1]
    alpha = np.full((len(dense), len(states)), _NEVER, np.float32)
    alpha[:, 0] = 0.0 if anywhere else dense[:, 0, 0]
    alpha[:, 1] = dense[:, 0, states[1]]
    total = alpha[:, -1].copy() if len(states) == 2 else np.full(len(dense), _NEVER, np.float32)
    for column in range(1, dense.shape[1]):
        came = _advance(alpha, states, staying=False)[:, -1] + dense[:, column, states[-1]]
        total = np.logaddexp(total, came)
        alpha = _advance(alpha, states) + dense[:, column][:, states]
        if anywhere:
            alpha[:, 0] = 0.0  # whatever stood before costs nothing
    answer: NDArray[np.float32] = np.minimum(total, 0.0)
    return answer


def _states(word: str) -> NDArray[np.int64]:
    states = np.zeros(2 * len(word) + 1, np.int64)
    states[1::2] = [ALPHABET.index(letter) + 1 for letter in word]
    return states


def _advance(
    alpha: NDArray[np.float32], states: NDArray[np.int64], *, staying: bool = True
) -> NDArray[np.float32]:
    """One column on: stay, step, or skip the blank between two different letters."""
    stepped = np.full_like(alpha, _NEVER)
    stepped[:, 1:] = alpha[:, :-1]
    skipped = np.full_like(alpha, _NEVER)
    may = (states[2:] != 0) & (states[2:] != states[:-2])
    skipped[:, 2:][:, may] = alpha[:, :-2][:, may]
    answer: NDArray[np.float32] = np.logaddexp(stepped, skipped)
    return np.logaddexp(answer, alpha) if staying else answer
