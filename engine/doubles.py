"""Words that Focus found at several scales: each counts once, as it was seen best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.focus import Found

# Of the union of two boxes: what shares more is the same word.
_SAME = 0.5
# Of its own box: a word that has more of it in a larger one is a part of that.
_INSIDE = 0.6
# So many parts, and so much of the larger box in them, say that words were run together.
_LEAST_PARTS, _LEAST_COVERED = 2, 0.3
_FEW = 20  # words on a photo, of which there is time to read doubles too


def without_doubles(looks: Sequence[Sequence[Found]]) -> list[Found]:
    """What several looks at one photo found, coarsest look first; surest words first.

    Of two that stand in the same place the surer is kept. Looks from afar run words together: where
    closer ones are at least as sure of its parts, a word of theirs is dropped.
    """
    pairs = [(one, look) for look, found in enumerate(looks) for one in found]
    pairs.sort(key=lambda pair: -pair[0].confidence)
    boxes = np.array([(*one.quad.min(0), *one.quad.max(0)) for one, _ in pairs]).reshape(-1, 4)
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    wide = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    high = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = wide.clip(0) * high.clip(0)
    same = np.triu(shared > _SAME * (areas[:, None] + areas - shared), 1)
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
