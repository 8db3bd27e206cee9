"""A whole photo in a square, its shape kept; and a map of that square back on the photo."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray


class Letterboxed(NamedTuple):
    """``picture``: (side, side, 3) RGB; the photo fills ``width`` × ``height`` of it."""

    picture: NDArray[np.uint8]
    left: int
    top: int
    width: int
    height: int


def letterbox(pixels: NDArray[np.uint8], side: int, padding: tuple[int, int, int]) -> Letterboxed:
    """A photo (H, W, 3), scaled so that its longer side is ``side``, in the middle of a square."""
    high, wide = pixels.shape[:2]
    scale = side / max(high, wide)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    left, top = (side - width) // 2, (side - height) // 2
    picture = np.full((side, side, 3), padding, np.uint8)
    picture[top : top + height, left : left + width] = cv2.resize(
        pixels, (width, height), interpolation=how
    )
    return Letterboxed(picture, left, top, width, height)


def on_photo(boxed: Letterboxed, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of a map (n, n) of the square that lies on the photo, in cells of about its size."""
    cell = boxed.picture.shape[0] / scores.shape[0]
    columns = max(1, round(boxed.width / cell))
    rows = max(1, round(boxed.height / cell))
    across, down = boxed.width / columns, boxed.height / rows
    # From the middle of an answered cell to the place of that middle between the map's cells.
    place = np.array(
        [
            [across / cell, 0, (boxed.left + across / 2) / cell - 0.5],
            [0, down / cell, (boxed.top + down / 2) / cell - 0.5],
        ],
        np.float32,
    )
    cut = cv2.warpAffine(
        np.ascontiguousarray(scores, np.float32),
        place,
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.float32)
