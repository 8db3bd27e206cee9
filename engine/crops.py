"""Crops of words, for what takes many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def alike(crops: Sequence[Image], most: int) -> Iterator[tuple[list[int], Image]]:
    """Which crops (h, w, 3) have one width, and these as one (n, h, w, 3), ``most`` at a time."""
    rows: dict[int, list[int]] = {}
    for row, crop in enumerate(crops):
        rows.setdefault(crop.shape[1], []).append(row)
    for same in rows.values():
        for start in range(0, len(same), most):
            part = same[start : start + most]
            yield part, np.stack([crops[row] for row in part])
