"""Long photos in pieces: screenshots of whole pages, receipts, panoramas.

Shown to Focus as a whole they would be so small that no print on them could be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONG = 2.5  # times as long as wide: longer photos are taken in pieces
_SHARED = 0.3  # of the shorter side: what a piece shares with the next, to cut no word in two


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a photo what lies from ``start`` to ``end`` along its longer side, in pixels.

    Words with their middle from ``first`` to ``last`` belong to it, others to its neighbours.
    """

    down: bool
    start: int
    end: int
    first: float
    last: float

    def of(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Its pixels of a photo (H, W, 3)."""
        part = photo[self.start : self.end] if self.down else photo[:, self.start : self.end]
        return np.ascontiguousarray(part)

    @property
    def warp(self) -> NDArray[np.float32]:
        """(2, 3): from its own pixels to the photo's."""
        moved = (0, self.start) if self.down else (self.start, 0)
        return np.array([[1, 0, moved[0]], [0, 1, moved[1]]], np.float32)

    def owns(self, quad: NDArray[np.float32]) -> bool:
        """Whether a word with this quad, in the photo's pixels, belongs to it."""
        return bool(self.first <= quad[:, int(self.down)].mean() < self.last)


def pieces_of(size: Sequence[int], whole: int) -> list[Piece]:
    """The pieces of a photo (H, W, ...), in order and alike; one where it is not long.

    So is one whose longer side has at most ``whole`` pixels, and no piece is cut shorter.
    """
    high, wide = size[:2]
    long, short = max(high, wide), min(high, wide)
    most = max(LONG * short, whole)
    shared = _SHARED * short
    count = 1 if long <= most else math.ceil((long - shared) / (most - shared))
    step = (long - shared) / count
    return [
        Piece(
            high > wide,
            round(at * step),
            min(round(at * step + step + shared), long),
            -np.inf if at == 0 else at * step + shared / 2,
            np.inf if at == count - 1 else (at + 1) * step + shared / 2,
        )
        for at in range(count)
    ]
