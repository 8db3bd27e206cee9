"""Word crops as Focus cuts them from photos: loose, tight, tilted, lit badly, compressed.

The order follows SynthTIGER's ablation (ICDAR 2021): what is done to the finished crop (blur,
noise, scale, JPEG) matters most, then blending with a texture, then geometry.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.bank import Bank
from export.synth.textures import Textures

Image = NDArray[np.uint8]
HEIGHT, WIDTH = 32, 128


class CropRenderer:
    """Renders (32, 128, 3) uint8 RGB crops from a bank of masks."""

    def __init__(self, bank: Bank, textures: Textures, seed: int) -> None:
        self.bank, self.textures = bank, textures
        self.rng = np.random.default_rng(seed)

    def render(self) -> tuple[Image, str]:
        """One crop and the string in it as drawn (not folded)."""
        rng = self.rng
        mask, text = self.bank[int(rng.integers(len(self.bank)))]
        # Rendered at up to twice the crop's size, then area-averaged: thin strokes survive.
        scale = 2 if rng.random() < 0.5 else 1
        size = (WIDTH * scale, HEIGHT * scale)
        warp = self._placement(mask.shape[1], mask.shape[0], size)
        if rng.random() < 0.15:
            mask = _thickened(mask, int(rng.integers(2, 4)), bool(rng.random() < 0.5))
        ink = np.asarray(cv2.warpPerspective(mask, warp, size, flags=cv2.INTER_LINEAR), np.uint8)
        if rng.random() < 0.12:
            ink = _bent(ink, float(rng.normal(0, 0.12)) * size[1])
        ground = self.textures.patch(*size)
        paint = self.textures.lettering(ground, *size)
        crop = ground.astype(np.float32)
        if rng.random() < 0.30:
            crop = self._neighbour(crop, paint, warp, mask.shape, size)
        if rng.random() < 0.22:
            crop = self._effect(crop, ink)
        alpha = ink.astype(np.float32)[:, :, None] * np.float32(rng.uniform(0.75, 1.0) / 255)
        crop += alpha * (paint - crop)
        if rng.random() < 0.10:
            self._line(crop)
        if scale > 1:
            small = cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            crop = np.asarray(small, np.float32)
        return degrade(crop, rng, strength=1.0), text

    def _placement(self, wide: int, high: int, size: tuple[int, int]) -> NDArray[np.float64]:
        """Maps the mask into the crop with Focus's margins, tilt and perspective."""
        rng = self.rng
        w, h = size
        tight = rng.random() < 0.3
        # Margins as parts of the crop's height above and below, of its width left and right.
        top, bottom = rng.uniform(-0.04, 0.08 if tight else 0.30, 2)
        left, right = rng.uniform(-0.015, 0.03 if tight else 0.10, 2)
        if rng.random() < 0.06:  # loose as a number plate or a line with room about it
            left, right = rng.uniform(0.0, 0.25, 2)
        x0, x1 = left * w, w - right * w
        y0, y1 = top * h, h - bottom * h
        quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
        # A small tilt of a long word moves its ends much, once stretched into the crop.
        aspect = min(wide / high, 6.0)
        slope = np.tan(np.radians(rng.normal(0, 3.0))) * aspect * h / 2
        quad[[0, 3], 1] -= slope
        quad[[1, 2], 1] += slope
        shear = rng.normal(0, 0.12) * w / max(aspect, 1.5)
        quad[[0, 1], 0] += shear / 2
        quad[[2, 3], 0] -= shear / 2
        quad += rng.normal(0, 0.025, quad.shape) * (w / 3, h)
        source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
        warp = cv2.getPerspectiveTransform(source, quad.astype(np.float32))
        return np.asarray(warp, np.float64)

    def _neighbour(
        self,
        crop: NDArray[np.float32],
        paint: NDArray[np.float32],
        warp: NDArray[np.float64],
        shape: tuple[int, ...],
        size: tuple[int, int],
    ) -> NDArray[np.float32]:
        """Parts of words that stand above, below or beside, as a loose cut shows them."""
        rng = self.rng
        for _ in range(int(rng.integers(1, 3))):
            other, _text = self.bank[int(rng.integers(len(self.bank)))]
            high, wide = shape[0], shape[1]
            scale = high / other.shape[0] * rng.uniform(0.7, 1.2)
            side = rng.integers(4)
            if side == 0:
                move = (rng.uniform(-0.5, 0.2) * wide, -high * rng.uniform(1.08, 1.5))
            elif side == 1:
                move = (rng.uniform(-0.5, 0.2) * wide, high * rng.uniform(1.08, 1.5))
            elif side == 2:
                move = (-other.shape[1] * scale - high * rng.uniform(0.2, 0.5), 0.0)
            else:
                move = (wide + high * rng.uniform(0.2, 0.5), 0.0)
            shift = np.array([[scale, 0, move[0]], [0, scale, move[1]], [0, 0, 1.0]])
            ink = cv2.warpPerspective(other, warp @ shift, size, flags=cv2.INTER_LINEAR)
            crop = crop + ink.astype(np.float32)[:, :, None] / 255 * (paint - crop)
        return crop

    def _effect(self, crop: NDArray[np.float32], ink: Image) -> NDArray[np.float32]:
        """An outline, a cast shadow or a glow about the letters."""
        rng = self.rng
        colour = rng.uniform(0, 255, 3).astype(np.float32)
        kind = rng.integers(3)
        if kind == 0:
            around = cv2.dilate(ink, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 3)))
        else:
            dx, dy = (int(v) for v in rng.integers(-4, 5, 2)) if kind == 1 else (0, 0)
            around = np.roll(cv2.dilate(ink, np.ones((3, 3), np.uint8)), (dy, dx), (0, 1))
            around = cv2.GaussianBlur(around, (0, 0), rng.uniform(0.6, 3.0))
        amount = around.astype(np.float32)[:, :, None] * np.float32(rng.uniform(0.4, 1.0) / 255)
        blended: NDArray[np.float32] = crop + amount * (colour - crop)
        return blended

    def _line(self, crop: NDArray[np.float32]) -> None:
        """Underlines, frames and scratches."""
        rng = self.rng
        h, w = crop.shape[:2]
        level = float(rng.uniform(0, h)) if rng.random() < 0.3 else float(rng.choice((1, h - 2)))
        start, end = (0, int(level)), (w, int(level + rng.normal(0, h * 0.1)))
        colour = [float(c) for c in rng.uniform(0, 255, 3)]
        cv2.line(crop, start, end, colour, int(rng.integers(1, 3)))


def _bent(ink: Image, sag: float) -> Image:
    """The crop's ends ``sag`` pixels lower than its middle: words on bottles, cups and badges."""
    high, wide = ink.shape
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    lowered = y - np.float32(sag) * ((2 * x / wide - 1) ** 2 - np.float32(1 / 3))
    bent: Image = np.asarray(cv2.remap(ink, x, lowered, cv2.INTER_LINEAR), np.uint8)
    return bent


def _thickened(mask: Image, size: int, bold: bool) -> Image:
    kernel = np.ones((size, size), np.uint8)
    padded = cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    changed = cv2.dilate(padded, kernel) if bold else cv2.erode(padded, kernel)
    thick: Image = np.asarray(changed, np.uint8)
    return thick


def degrade(crop: NDArray[np.float32], rng: np.random.Generator, strength: float) -> Image:
    """What a camera, a scanner and a messenger do to a picture (H, W, 3), float 0..255."""
    h, w = crop.shape[:2]
    if rng.random() < 0.25:  # uneven light
        ramp = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), w, dtype=np.float32)
        crop = crop * ramp[None, :, None]
    if rng.random() < 0.5:
        gain, bias = rng.uniform(0.55, 1.3), rng.uniform(-30, 30)
        crop = crop * np.float32(gain) + np.float32(bias)
    if rng.random() < 0.15:  # haze: all contrast gone but a little
        level = np.float32(rng.uniform(40, 220))
        crop = level + (crop - level) * np.float32(rng.uniform(0.35, 0.8))
    crop = np.clip(crop, 0, 255)
    if rng.random() < 0.40 * strength:  # small in the photo, then enlarged
        factor = rng.uniform(0.30, 0.95)
        small = (max(8, int(w * rng.uniform(factor, 1.0))), max(8, int(h * factor)))
        reduced = cv2.resize(crop, small, interpolation=cv2.INTER_AREA)
        how = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
        crop = np.asarray(cv2.resize(reduced, (w, h), interpolation=how), np.float32)
    kind = rng.random()
    if kind < 0.30 * strength:
        blurred = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.3, 1.5))
        crop = np.asarray(blurred, np.float32)
    elif kind < 0.42 * strength:
        length = int(rng.integers(2, 7))
        kernel = np.zeros((length, length), np.float32)
        if rng.random() < 0.5:
            kernel[length // 2, :] = 1 / length
        else:
            np.fill_diagonal(kernel, 1 / length)
        crop = np.asarray(cv2.filter2D(crop, -1, kernel), np.float32)
    if rng.random() < 0.5 * strength:
        noise = rng.standard_normal((h, w, 1 if rng.random() < 0.5 else 3), np.float32)
        crop = crop + noise * np.float32(rng.uniform(2, 14))
    picture: Image = np.clip(crop, 0, 255).astype(np.uint8)
    if rng.random() < 0.45 * strength:
        quality = int(rng.integers(25, 90))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.06:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    return picture
