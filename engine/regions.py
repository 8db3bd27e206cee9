"""A region: a piece of a photo that has one embedding; a score map: where there is text on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.colours import Colours


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """Where a tower that embeds whole photos sees text.

    ``cells``: rows × columns bytes, row by row, 0 for none and 255 for surely text; together they
    cover the whole upright photo evenly.
    """

    rows: int
    columns: int
    cells: bytes

    @classmethod
    def of(cls, scores: NDArray[np.float32]) -> Self:
        """``scores``: (rows, columns) in 0..1, at most 255 of each."""
        rows, columns = scores.shape
        levels = np.clip(np.rint(np.nan_to_num(scores) * 255), 0, 255).astype(np.uint8)
        return cls(rows, columns, levels.tobytes())

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        """What ``to_bytes`` wrote; None of nothing, and of what is no map."""
        if len(data) < 2 or len(data) != 2 + data[0] * data[1]:
            return None
        return cls(data[0], data[1], data[2:])

    def to_bytes(self) -> bytes:
        """Rows and columns, a byte each, then the cells."""
        return bytes([self.rows, self.columns]) + self.cells


@dataclass(frozen=True, slots=True)
class Region:
    """A word, a line, or the whole photo, as the image tower sees it.

    ``quad``: (4, 2) x, y in pixels of the image that was embedded, clockwise from the top-left
    corner of the first letter. ``embedding``: (d,), unit length. ``lattice``: the characters that
    the tower believes to stand at each column (``lattice.py``), empty when the pack does not read.
    ``reading``: the best string of the lattice. ``confidence``: 0..1, how sure Focus is of text.
    ``score_map``: where the text is, of a region that is the whole photo. ``colours``: None where
    they are not known.
    """

    quad: NDArray[np.float32]
    embedding: NDArray[np.float16]
    lattice: bytes
    reading: str
    confidence: float
    score_map: ScoreMap | None = None
    colours: Colours | None = None
