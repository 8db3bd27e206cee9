"""Bends pictures along an arc, with the words on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Arc:
    """Bends a picture so that the level line through ``centre`` becomes a circle of ``radius``.

    Right of and left of the centre lengths along that line are kept. A negative radius bends the
    ends upwards. It is how straight words become the curved ones that labels of words lack.
    """

    centre: tuple[float, float]
    radius: float

    def bend(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where points (n, 2) of the straight picture come to lie."""
        along, down = (points - self.centre).T
        turn, reach = along / self.radius, self.radius - down
        moved = np.stack([reach * np.sin(turn), self.radius - reach * np.cos(turn)], 1)
        return np.asarray(moved + self.centre, np.float32)

    def keeps(self, quad: NDArray[np.float32]) -> bool:
        """Whether a quad stays whole and about as large as it was."""
        along, down = (quad - self.centre).T
        stretch = 1 - down / self.radius
        whole = np.abs(along).max() < 0.8 * np.pi * abs(self.radius)
        return bool(whole and stretch.min() > 0.4 and stretch.max() < 2.5)

    def picture(self, straight: Image) -> Image:
        """The bent picture, of the same size."""
        high, wide = straight.shape[:2]
        x, y = np.meshgrid(
            np.arange(wide, dtype=np.float32) - self.centre[0],
            self.radius + self.centre[1] - np.arange(high, dtype=np.float32),
        )
        sign = np.float32(np.sign(self.radius))
        along = np.arctan2(x * sign, y * sign) * self.radius + self.centre[0]
        down = self.radius - sign * np.hypot(x, y) + self.centre[1]
        bent = cv2.remap(
            straight, along.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR
        )
        return np.asarray(bent, np.uint8)
