"""Crops of several widths, batch by batch."""

from __future__ import annotations

import numpy as np

from engine.crops import alike


def test_crops_are_given_by_their_width_so_many_at_a_time() -> None:
    crops = [np.full((4, wide, 3), at, np.uint8) for at, wide in enumerate((8, 4, 8, 8, 4))]
    given = [(rows, batch.shape, batch[:, 0, 0, 0].tolist()) for rows, batch in alike(crops, 2)]
    assert given == [
        ([0, 2], (2, 4, 8, 3), [0, 2]),
        ([3], (1, 4, 8, 3), [3]),
        ([1, 4], (2, 4, 4, 3), [1, 4]),
    ]
    assert list(alike([], 2)) == []
