"""Words that Focus took apart: neighbours that may be one word are read together as well.

A point, a hyphen or a wide letter looks like a gap between words; only reading tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.focus import Found
from engine.strips import Quad

Quads = NDArray[np.float32]  # (n, 4, 2)
Rows = NDArray[np.intp]

# Of the higher neighbour's height: how far two pieces of a word overlap or stand aside at most.
_MOST_OVERLAP = 0.5
_MOST_ASIDE = 0.3
LEAST_HIGH = 0.6  # the lower neighbour's height, of the higher one's
_LEAST_ALONG = 0.95  # cosine between their directions
_SAME = 0.7  # of the union of two boxes that they share, where one of them will do


def joined(found: Sequence[Found], gap: float) -> list[Found]:
    """Every word with the one that follows it where at most ``gap`` heights lie between them.

    Bent words are not joined, and places that were found whole are left out.
    """
    answer: list[Found] = []
    for across in (True, False):
        words = [one for one in found if one.upright == across and one.strip is None]
        if len(words) < 2:
            continue
        quads = np.stack([one.quad for one in words])
        if not across:  # from the corner where text that runs downwards begins
            quads = np.roll(quads, -1, 1)
        first, second = following(quads, gap)
        whole = about(quads[first], quads[second])
        new = ~_is_known(whole, quads)
        for quad, a, b in zip(whole[new], first[new], second[new], strict=True):
            sure = min(words[a].confidence, words[b].confidence)
            quad = quad if across else np.roll(quad, 1, 0)
            answer.append(Found(quad, sure, across, joined=True))
    return sorted(answer, key=lambda one: -one.confidence)


def sides(quads: Quads) -> tuple[Quads, Quads, Quads, Quads]:
    """Unit directions along and across (n, 2), widths and heights (n,)."""
    right = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    wide = np.maximum(np.linalg.norm(right, axis=1), 1e-6)
    high = np.maximum(np.linalg.norm(down, axis=1), 1e-6)
    return right / wide[:, None], down / high[:, None], wide, high


def following(
    quads: Quads, gap: float, aside_at_most: float = _MOST_ASIDE, least_high: float = LEAST_HIGH
) -> tuple[Rows, Rows]:
    """Which words are followed by one, and by which: the nearest.

    ``quads``: (n, 4, 2). ``gap``, ``aside_at_most``: so far may it lie along and across the text,
    in heights of the higher of both; the lower one has ``least_high`` of these at least.
    """
    right, down, wide, high = sides(quads)
    centres = quads.mean(1)
    apart = centres[None] - centres[:, None]  # of each to each, (n, n, 2)
    along = np.einsum("ijk,ik->ij", apart, right)
    aside = np.abs(np.einsum("ijk,ik->ij", apart, down))
    between = along - (wide[:, None] + wide[None]) / 2
    higher = np.maximum(high[:, None], high[None])
    fits = (
        (along > 0)
        & (between < gap * higher)
        & (between > -_MOST_OVERLAP * higher)
        & (aside < aside_at_most * higher)
        & (np.minimum(high[:, None], high[None]) > least_high * higher)
        & (right @ right.T > _LEAST_ALONG)
    )
    np.fill_diagonal(fits, False)
    nearest = np.where(fits, np.abs(between), np.inf).argmin(1)
    first = np.flatnonzero(fits.any(1))
    return first, nearest[first]


def about(first: Quads, second: Quads) -> Quads:
    """The quads about pairs, as high as both are in the mean, in the first one's direction."""
    right, down, _, _ = sides(first)
    both = np.stack([first, second], 1)
    along = np.einsum("nqck,nk->nqc", both, right)
    across = np.einsum("nqck,nk->nqc", both, down)
    left, end = along.min((1, 2)), along.max((1, 2))
    top, bottom = across.min(2).mean(1), across.max(2).mean(1)
    corners = [(left, top), (end, top), (end, bottom), (left, bottom)]
    return np.stack(
        [x[:, None] * right + y[:, None] * down for x, y in corners], axis=1, dtype=np.float32
    )


def box_about(quads: Quads) -> Quad:
    """The quad (4, 2) about words (n, 4, 2), in the first one's direction."""
    right, down, _, _ = (side[0] for side in sides(quads[:1]))
    along, across = quads @ right, quads @ down
    left, end, top, bottom = along.min(), along.max(), across.min(), across.max()
    corners = [(left, top), (end, top), (end, bottom), (left, bottom)]
    return np.array([x * right + y * down for x, y in corners], np.float32)


def _is_known(quads: Quads, known: Quads) -> NDArray[np.bool_]:
    low, high = quads.min(1)[:, None], quads.max(1)[:, None]
    known_low, known_high = known.min(1)[None], known.max(1)[None]
    size = np.minimum(high, known_high) - np.maximum(low, known_low)
    shared = np.prod(size.clip(0), axis=2)
    areas = np.prod(high - low, axis=2) + np.prod(known_high - known_low, axis=2)
    return np.asarray((shared > _SAME * (areas - shared)).any(1), bool)
