"""From a photo to what a compact pack's towers take: it is scaled, and words are cut from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.strips import Quad, Strip

Image = NDArray[np.uint8]

_MULTIPLE = 32  # of which Focus's pictures are
_LITTLE = 0.02  # of the shorter side: what is above a multiple is spared


class Pyramid:
    """A photo (H, W, 3) at halving scales, made as needed.

    So what is made smaller is averaged and not sampled with gaps. Halving is many times faster than
    averaging at other ratios, which are left to what is at most twice too large.
    """

    def __init__(self, pixels: Image) -> None:
        self._levels = [pixels]

    @property
    def photo(self) -> Image:
        """The photo itself."""
        return self._levels[0]

    def fitting(self, shrink: float) -> tuple[Image, float]:
        """The level for what is made ``shrink`` times smaller, and its pixels per photo pixel."""
        index = min(int(math.log2(max(shrink, 1.0))), 5)
        while len(self._levels) <= index:
            last = self._levels[-1]
            # Without the last of an odd number: only exact halves are fast.
            high, wide = (max(1, side // 2) for side in last.shape[:2])
            last = last[: 2 * high, : 2 * wide]
            halved = cv2.resize(last, (wide, high), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(halved, np.uint8))
        return self._levels[index], 0.5**index

    def crop(self, quad: Quad, wide: int, high: int) -> Image:
        """The quad (4, 2), straightened and stretched to (high, wide, 3)."""
        a, b, c, d = quad.tolist()
        across, down = math.dist(a, b) + math.dist(c, d), math.dist(a, d) + math.dist(b, c)
        level, factor = self.fitting(min(across / (2 * wide), down / (2 * high)))
        target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
        # Pixel centres: the corner of a pixel is half a pixel from its centre.
        warp = cv2.getPerspectiveTransform((quad * factor - 0.5).astype(np.float32), target - 0.5)
        cut = cv2.warpPerspective(
            level, warp, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(cut, np.uint8)

    def crop_strip(self, strip: Strip, wide: int, high: int) -> Image:
        """The strip (2, n, 2), laid out straight and stretched to (high, wide, 3)."""
        along = float(np.linalg.norm(np.diff(strip.mean(0), axis=0), axis=1).sum())
        down = float(np.linalg.norm(strip[1] - strip[0], axis=1).mean())
        level, factor = self.fitting(min(along / wide, down / high))
        columns = (np.arange(wide) + 0.5) / wide * (strip.shape[1] - 1)
        known = np.arange(strip.shape[1])
        edges = [[np.interp(columns, known, axis) for axis in edge.T] for edge in strip * factor]
        upper, lower = np.array(edges)[:, :, None]
        part = (np.arange(high)[:, None] + 0.5) / high
        x, y = (upper * (1 - part) + lower * part - 0.5).astype(np.float32)
        cut = cv2.remap(level, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)


@dataclass(frozen=True, slots=True)
class View:
    """How a photo is shown to Focus: ``scale`` times as large, ``wide`` x ``high`` pixels.

    They stand in a picture of ``padded`` (H, W), multiples of 32, at the left and the top.
    """

    scale: float
    wide: int
    high: int

    @property
    def padded(self) -> tuple[int, int]:
        return -(-self.high // _MULTIPLE) * _MULTIPLE, -(-self.wide // _MULTIPLE) * _MULTIPLE

    @classmethod
    def fitting(cls, pyramid: Pyramid, longest_side: int, most_enlarged: float) -> View:
        """The photo's longer side becomes ``longest_side``.

        Small photos are enlarged ``most_enlarged`` times at most, and any a little less where that
        spares most of a padding: 800 x 450 becomes 796 x 448.
        """
        high, wide = pyramid.photo.shape[:2]
        scale = min(longest_side / max(high, wide), most_enlarged)
        shorter = round(min(high, wide) * scale)
        over = shorter % _MULTIPLE
        if 0 < over <= _LITTLE * shorter:
            scale *= (shorter - over) / shorter
        return cls(scale, max(1, round(wide * scale)), max(1, round(high * scale)))

    def of(self, pyramid: Pyramid) -> Image:
        """The picture (H, W, 3)."""
        level, _ = pyramid.fitting(1 / self.scale)
        answer = np.empty((*self.padded, 3), np.uint8)
        answer[self.high :] = 0
        answer[:, self.wide :] = 0
        shown = answer[: self.high, : self.wide]
        cv2.resize(level, (self.wide, self.high), shown, interpolation=cv2.INTER_LINEAR)
        return answer


def grown(quad: Quad, along: float, across: float) -> Quad:
    """``quad`` grown on every side by parts of its height: ``along`` the text, ``across`` it."""
    # In plain numbers: a photo has hundreds of words, and NumPy is slow with four points.
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.tolist()
    right, down = (bx - ax + cx - dx, by - ay + cy - dy), (dx - ax + cx - bx, dy - ay + cy - by)
    high = math.hypot(*down) / 2
    u, v = (side * high * along / max(math.hypot(*right), 1e-6) for side in right)
    x, y = (side * high * across / max(math.hypot(*down), 1e-6) for side in down)
    return np.array(
        [
            (ax - u - x, ay - v - y),
            (bx + u - x, by + v - y),
            (cx + u + x, cy + v + y),
            (dx - u + x, dy - v + y),
        ],
        np.float32,
    )
