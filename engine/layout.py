"""How regions stand to each other on a photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]

# All lengths in heights of the lettering.
_WIDEST_GAP = 2.0
_DEEPEST_OVERLAP = 0.6
_MOST_ASKEW = 0.6
_MOST_UNLIKE = 2.0
_NEXT_LINE = 2.2
# "fresh" above "bread" may be one sign or two.
_NEXT_LINE_NEARNESS = 0.6
SAME_PLACE = 0.6


def nearness(first: Quad, second: Quad) -> float:
    """How surely ``second`` is read right after ``first``: 1 on the same line, 0 elsewhere.

    Quads: (4, 2), clockwise from the first letter's top-left corner.
    """
    along, up, height = _axes(first)
    other_along, _, other_height = _axes(second)
    if height <= 0 or other_height <= 0:
        return 0.0
    if max(height, other_height) > _MOST_UNLIKE * min(height, other_height):
        return 0.0
    if float(along @ other_along) < 0.8:
        return 0.0
    height = (height + other_height) / 2
    end = (first[1] + first[2]) / 2
    start = (second[0] + second[3]) / 2
    gap = float((start - end) @ along) / height
    off = float((start - end) @ up) / height
    if abs(off) <= _MOST_ASKEW and -_DEEPEST_OVERLAP <= gap <= _WIDEST_GAP:
        return 1.0
    if 0.6 <= off <= _NEXT_LINE and _overlap(first, second, along) > 0:
        return _NEXT_LINE_NEARNESS
    return 0.0


def same_place(first: Quad, second: Quad) -> bool:
    """Whether the smaller of two quads lies for the greater part in the other."""
    areas = [abs(float(cv2.contourArea(quad))) for quad in (first, second)]
    shared, _ = cv2.intersectConvexConvex(cv2.convexHull(first), cv2.convexHull(second))
    return bool(shared > SAME_PLACE * min(areas))


def _axes(quad: Quad) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Unit vectors along the line of writing and down from it, and the height in pixels."""
    forward = (quad[1] - quad[0]) + (quad[2] - quad[3])
    length = float(np.hypot(*forward))
    if length <= 0:
        return np.zeros(2, np.float32), np.zeros(2, np.float32), 0.0
    along: NDArray[np.float32] = forward / np.float32(length)
    down = np.array([-along[1], along[0]], np.float32)
    height = float(((quad[3] - quad[0]) + (quad[2] - quad[1])) @ down) / 2
    return along, down, height


def _overlap(first: Quad, second: Quad, along: NDArray[np.float32]) -> float:
    """How far the two reach over each other in the direction of writing, in pixels."""
    ours, theirs = first @ along, second @ along
    return float(min(ours.max(), theirs.max()) - max(ours.min(), theirs.min()))
