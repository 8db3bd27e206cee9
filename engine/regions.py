"""A region: a piece of a photo that has one embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """A word, a line, or the whole photo, as the image tower sees it.

    ``quad``: (4, 2) x, y in pixels of the image that was embedded, clockwise from the top-left
    corner of the first letter. ``embedding``: (d,), unit length. ``lattice``: the characters that
    the tower believes to stand at each column (``lattice.py``), empty when the pack does not read.
    ``reading``: the best string of the lattice. ``confidence``: 0..1, how sure Focus is of text.
    """

    quad: NDArray[np.float32]
    embedding: NDArray[np.float16]
    lattice: bytes
    reading: str
    confidence: float
