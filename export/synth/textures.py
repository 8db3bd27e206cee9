"""Grounds to write on and colours to write with: flat, graded, textured, and cut from photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class Textures:
    """Patches of ground and lettering colours that can be told from them.

    ``photos`` are pictures without text in the places used; without any, every ground is drawn.
    """

    def __init__(self, photos: Sequence[Image], seed: int) -> None:
        self.photos = list(photos)
        self.rng = np.random.default_rng(seed)

    def colour(self) -> NDArray[np.float32]:
        """One of ``colours``."""
        return self.colours(1)[0]

    def colours(self, count: int) -> NDArray[np.float32]:
        """(count, 3) RGB 0..255; greys, black and white are as common as they are in print."""
        rng = self.rng
        if count == 0:  # OpenCV takes no empty pictures
            return np.zeros((0, 3), np.float32)
        kind = rng.random(count)[:, None]
        spread = np.where(kind < 0.46, 5.0, 10.0)
        ends = ((0, 60), (195, 255), (0, 255))
        dark, light, grey = (rng.uniform(low, high, (count, 1)) for low, high in ends)
        level = np.where(kind < 0.22, dark, np.where(kind < 0.46, light, grey))
        hues = rng.integers((0, 80, 50), (180, 256, 256), (count, 3)).astype(np.uint8)
        vivid = cv2.cvtColor(hues[None], cv2.COLOR_HSV2RGB)[0]
        drawn = np.where(kind < 0.6, level + rng.normal(0, spread, (count, 3)), vivid)
        return np.clip(drawn, 0, 255).astype(np.float32)

    def photo_cut(self, wide: int, high: int) -> Image:
        """A piece of a random photo, stretched to (high, wide, 3)."""
        rng = self.rng
        photo = self.photos[int(rng.integers(len(self.photos)))]
        h, w = photo.shape[:2]
        cw = max(8, int(w * rng.uniform(0.04, 0.6)))
        ch = max(8, min(h, int(cw * high / wide * rng.uniform(0.7, 1.4))))
        x, y = int(rng.integers(w - cw + 1)), int(rng.integers(h - ch + 1))
        return np.asarray(cv2.resize(photo[y : y + ch, x : x + cw], (wide, high)), np.uint8)

    def patch(self, wide: int, high: int, plain: float = 0.45) -> Image:
        """A (high, wide, 3) ground; ``plain`` is how often it has one colour or a gradient."""
        rng = self.rng
        kind = rng.random()
        if self.photos and kind > plain + 0.15:
            cut = self.photo_cut(wide, high)
            if rng.random() < 0.4:  # calmer, as a board or a wall is
                cut = np.asarray(cv2.GaussianBlur(cut, (0, 0), rng.uniform(1, 4)), np.uint8)
            return cut
        ground = np.empty((high, wide, 3), np.float32)
        ground[:] = self.colour()
        if kind < plain * 0.45:
            return np.clip(ground, 0, 255).astype(np.uint8)
        if rng.random() < 0.5:
            other = self.colour()
            way = np.linspace(0, 1, wide if rng.random() < 0.5 else high, dtype=np.float32)
            way = way[None, :, None] if len(way) == wide else way[:, None, None]
            ground += way * (other - ground) * np.float32(rng.uniform(0.1, 0.7))
        if kind > plain:  # grain of some size: paper, plaster, cloth, brushed metal
            gh, gw = (
                max(2, int(high / rng.uniform(1, 12))),
                max(2, int(wide / rng.uniform(1, 12))),
            )
            grain = rng.standard_normal((gh, gw), np.float32) * np.float32(rng.uniform(4, 30))
            ground += cv2.resize(grain, (wide, high), interpolation=cv2.INTER_LINEAR)[:, :, None]
        if rng.random() < 0.12:  # stripes, bricks, railings
            period, phase = rng.uniform(6, 60), rng.uniform(0, 60)
            axis = np.arange(wide if rng.random() < 0.6 else high, dtype=np.float32)
            wave = np.sign(np.sin((axis + phase) * 6.28 / period)) * np.float32(rng.uniform(5, 45))
            ground += wave[None, :, None] if len(axis) == wide else wave[:, None, None]
        return np.clip(ground, 0, 255).astype(np.uint8)

    def lettering(self, ground: Image, wide: int, high: int) -> NDArray[np.float32]:
        """(high, wide, 3) paint in a colour that differs from the ground's mean by enough."""
        rng = self.rng
        mean = np.array(cv2.mean(ground)[:3], np.float32)
        least = rng.uniform(40, 120)
        colour = self.colour()
        for _ in range(6):
            if abs(float((colour - mean) @ (0.3, 0.59, 0.11))) > least:
                break
            colour = self.colour()
        else:
            colour = np.full(3, 0 if mean.mean() > 127 else 255, np.float32)
        paint = np.empty((high, wide, 3), np.float32)
        paint[:] = colour
        if rng.random() < 0.15:  # printed texture or a gradient within the letters
            paint = 0.6 * paint + 0.4 * self.patch(wide, high, plain=0.6).astype(np.float32)
            paint += (colour - np.array(cv2.mean(paint)[:3], np.float32)) * 0.8
        return np.clip(paint, 0, 255)


def load_backgrounds(folder: Path, limit: int = 500) -> list[Image]:
    """At most ``limit`` photos of a folder, evenly chosen, (H, W, 3) RGB, to cut grounds from."""
    pictures = []
    files = sorted(folder.iterdir())
    for file in files[:: -(-len(files) // limit) or 1]:
        picture = cv2.imread(str(file))
        if picture is not None:
            pictures.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
    return pictures
