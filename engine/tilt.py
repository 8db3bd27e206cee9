"""Photos held askew are levelled for Focus, which finds words best where they lie level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.focus import Found

Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])  # (H, W, 3) or (H, W)
Warp = NDArray[np.float32]  # (2, 3)

_LEAST = 8.0  # degrees: what leans less is found nearly as well
_ALIKE = 6.0  # degrees about the middle of all that lean alike
_LEAST_WORDS = 2
_MOST_OF = 0.6  # of all lettering, by its length and Focus's confidence
_LEAST_WIDE = 2.0  # heights: of shorter words nobody can tell how they lean


def tilt(found: Sequence[Found]) -> float:
    """By how many degrees a photo's words lean, clockwise, -45 to 45; 0 where few say so."""
    words = [one for one in found if one.strip is None]
    if not words:
        return 0.0
    quads = np.stack([one.quad for one in words])
    along = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    length, height = np.linalg.norm(along, axis=1), np.linalg.norm(down, axis=1)
    # Lettering that runs up or down stands as level as any other.
    upright = height > length
    along[upright] = down[upright]
    length, height = np.maximum(length, height), np.minimum(length, height)
    wide = length >= _LEAST_WIDE * height
    if np.count_nonzero(wide) < _LEAST_WORDS:
        return 0.0
    angles = (np.degrees(np.arctan2(along[wide, 1], along[wide, 0])) + 45) % 90 - 45
    weights = length[wide] * np.array([one.confidence for one in words])[wide]
    order = np.argsort(angles)
    middle = angles[order[np.searchsorted(weights[order].cumsum(), weights.sum() / 2)]]
    alike = np.abs(angles - middle) < _ALIKE
    if (
        abs(middle) < _LEAST
        or np.count_nonzero(alike) < _LEAST_WORDS
        or weights[alike].sum() < _MOST_OF * weights.sum()
    ):
        return 0.0
    return float(middle)


def levelled(photo: Pixels, degrees: float) -> tuple[Pixels, Warp]:
    """A photo, or a map of it, turned back by so many degrees, all of it, and the way back to its
    own pixels.
    """
    high, wide = photo.shape[:2]
    there = cv2.getRotationMatrix2D((wide / 2 - 0.5, high / 2 - 0.5), degrees, 1.0)
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    size = math.ceil(wide * cosine + high * sine), math.ceil(wide * sine + high * cosine)
    there[:, 2] += (size[0] - wide) / 2, (size[1] - high) / 2
    turned = cv2.warpAffine(photo, there, size, borderValue=cv2.mean(photo))
    return np.asarray(turned, photo.dtype), cv2.invertAffineTransform(there).astype(np.float32)


def levelled_traces(
    maps: NDArray[np.float32], size: NDArray[np.floating], degrees: float
) -> NDArray[np.float32]:
    """What Focus's maps (2, h, w) of a photo would show at most of the levelled one, (h, w).

    ``size``: how many rows and columns of cells the photo has, without what it is padded by.
    """
    high, wide = np.ceil(size).astype(int)
    # A cell more about all traces: turning blurs what is thin.
    traces = cv2.dilate(maps.max(0)[:high, :wide], np.ones((3, 3), np.uint8))
    return levelled(np.asarray(traces, np.float32), degrees)[0]


def moved(found: Found, warp: Warp) -> Found:
    """The same place, seen through ``warp``."""
    strip = None if found.strip is None else _through(warp, found.strip)
    return replace(found, quad=_through(warp, found.quad), strip=strip)


def _through(warp: Warp, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (..., 2) in corners of pixels, whose middles the warp is of."""
    there = (points - 0.5) @ warp[:, :2].T + warp[:, 2] + 0.5
    return np.asarray(there, np.float32)
