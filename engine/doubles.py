"""Words that Focus found at several scales: each counts once, as it was seen best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.focus import Found, Mask

# Of the union of two boxes: what shares more is the same word.
_SAME = 0.5
# Of its own box: a word that has more of it in a larger one is a part of that.
_INSIDE = 0.6
# So many parts, and so much of the larger box in them, say that words were run together.
_LEAST_PARTS, _LEAST_COVERED = 2, 0.3
# Of the box about a word: one that fills less of it leans. And so much of the smaller of two words
# the boxes share where it is worth knowing how much the words do.
_LEVEL, _TOUCHING = 0.9, 0.2
_FEW = 20  # words on a photo, of which there is time to read doubles too


def without_doubles(looks: Sequence[Sequence[Found]]) -> list[Found]:
    """What several looks at one photo found, coarsest look first; surest words first.

    Of two that stand in the same place the surer is kept. Looks from afar run words together: where
    closer ones are at least as sure of its parts, a word of theirs is dropped.
    """
    pairs = [(one, look) for look, found in enumerate(looks) for one in found]
    pairs.sort(key=lambda pair: -pair[0].confidence)
    areas, shared = _overlaps([one for one, _ in pairs])
    same = np.triu(_is_same(areas, shared), 1)
    kept = np.ones(len(pairs), bool)
    for at in np.flatnonzero(same.any(1)).tolist():
        if kept[at]:
            kept &= ~same[at]
    closeness = np.array([look for _, look in pairs], int)
    parts = np.tri(len(pairs), k=-1, dtype=bool) & (closeness > closeness[:, None])
    parts &= kept & (shared > _INSIDE * areas)
    covered = (shared * parts).sum(1)
    kept &= (parts.sum(1) < _LEAST_PARTS) | (covered < _LEAST_COVERED * areas)
    return [one for (one, _), is_kept in zip(pairs, kept, strict=True) if is_kept]


def worth_reading_too(looks: Sequence[Sequence[Found]], kept: Sequence[Found]) -> list[Found]:
    """What ``without_doubles`` left out, where few words were kept.

    A word that is cut a little differently is read differently, and one reading may be right.
    """
    if len(kept) > _FEW:
        return []
    known = {id(one) for one in kept}
    return [replace(one, double=True) for found in looks for one in found if id(one) not in known]


def stands_in(found: Sequence[Found], places: Mask) -> Mask:
    """Which words stand in the same place as another one that is marked in ``places``."""
    same = _is_same(*_overlaps(found))
    np.fill_diagonal(same, False)
    answer: Mask = np.asarray((same & places).any(1), bool)
    return answer


def _overlaps(found: Sequence[Found]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The areas (n,) of words, and what each two of them share (n, n).

    Of words that lie level by the boxes about them, which is soon told; boxes about leaning ones
    overlap where the words do not.
    """
    quads = np.array([one.quad for one in found], np.float32).reshape(-1, 4, 2)
    low, high = quads.min(1).astype(float), quads.max(1).astype(float)
    size = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    shared = size.clip(0).prod(2)
    boxes = (high - low).prod(1)
    areas = np.array([cv2.contourArea(quad) for quad in quads], float)
    leaning = areas < _LEVEL * boxes
    areas = np.where(leaning, areas, boxes)
    close = shared > _TOUCHING * np.minimum(areas[:, None], areas)
    for one, other in np.argwhere(np.triu(close & (leaning[:, None] | leaning), 1)).tolist():
        both, _ = cv2.intersectConvexConvex(quads[one], quads[other])
        shared[one, other] = shared[other, one] = both
    return areas, shared


def _is_same(areas: NDArray[np.float64], shared: NDArray[np.float64]) -> Mask:
    answer: Mask = shared > _SAME * (areas[:, None] + areas - shared)
    return answer
