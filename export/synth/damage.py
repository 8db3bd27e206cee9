"""What a camera, a scanner and a messenger do to one picture, or to many crops at once."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from export.synth.chance import Chance

Image = NDArray[np.uint8]


def degrade(crop: NDArray[np.float32], rng: np.random.Generator, strength: float) -> Image:
    """A picture (H, W, 3), float 0..255, spoiled; ``strength`` 0..1 is how often."""
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


def degrade_crops(crops: Tensor, strength: Tensor, chance: Chance) -> Image:
    """Crops (n, 3, H, W), float 0..255, spoiled; ``strength`` (n,) 0..1 is how often each is.

    Returns (n, H, W, 3) uint8.
    """
    n, _, high, wide = crops.shape

    def each(low: float, high: float, part: float, plain: float = 1.0) -> Tensor:
        """A number for each crop where something happens, ``plain`` where nothing does."""
        drawn = chance.uniform(low, high, n)
        return torch.where(chance.some(part * (strength > 0), n), drawn, plain)[:, None, None, None]

    ramp = torch.linspace(0, 1, wide)
    light = each(0.5, 1.2, 0.25)
    crops = crops * (light + (each(0.5, 1.2, 1.0) - light) * ramp * (light != 1))
    crops = crops * each(0.55, 1.3, 0.5) + each(-30, 30, 0.5, 0.0)
    haze, level = each(0.35, 0.8, 0.15), chance.uniform(40, 220, n)[:, None, None, None]
    crops = (level + (crops - level) * haze).clamp(0, 255)
    for _ in range(6):  # small in the photo, then enlarged
        chosen = chance.which(0.07 * strength, n)
        factor = float(chance.uniform(0.30, 0.95, 1))
        along = factor + (1 - factor) * float(chance.uniform(0, 1, 1))
        small = (max(8, int(high * factor)), max(8, int(wide * along)))
        reduced = F.interpolate(crops[chosen], small, mode="area")
        how = "bilinear" if bool(chance.some(0.6, 1)) else "bicubic"
        crops[chosen] = F.interpolate(reduced, (high, wide), mode=how)
    for _ in range(3):
        chosen = chance.which(0.1 * strength, n)
        crops[chosen] = _blurred(crops[chosen], float(chance.uniform(0.3, 1.5, 1)))
    for kernel in (_streak(int(chance.whole(2, 7, 1)), slanted) for slanted in (False, True)):
        chosen = chance.which(0.06 * strength, n)
        crops[chosen] = _filtered(crops[chosen], kernel)
    chosen = chance.which(0.5 * strength, n)
    noise = torch.randn(len(chosen), 3, high, wide, generator=chance.generator)
    grey = chance.some(0.5, len(chosen))
    noise[grey] = noise[grey][:, :1]
    crops[chosen] += noise * chance.uniform(2, 14, len(chosen))[:, None, None, None]
    chosen = chance.which(0.06, n)
    crops[chosen] = crops[chosen].mean(1, keepdim=True)
    pictures: Image = crops.clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    for at in chance.which(0.45 * strength, n).tolist():
        quality = int(chance.whole(25, 90, 1))
        _, data = cv2.imencode(".jpg", pictures[at], [cv2.IMWRITE_JPEG_QUALITY, quality])
        pictures[at] = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return pictures


def _blurred(crops: Tensor, sigma: float) -> Tensor:
    reach = torch.arange(-4.0, 5.0)
    line = torch.exp(-(reach**2) / (2 * sigma**2))
    line /= line.sum()
    return _filtered(_filtered(crops, line[None]), line[:, None])


def _streak(length: int, slanted: bool) -> Tensor:
    """The kernel of a camera that moved."""
    return torch.eye(length) / length if slanted else torch.full((1, length), 1 / length)


def _filtered(crops: Tensor, kernel: Tensor) -> Tensor:
    """Every channel filtered with a (h, w) kernel; the edge is repeated outwards."""
    down, along = kernel.shape
    around = (along // 2, (along - 1) // 2, down // 2, (down - 1) // 2)
    planes = F.pad(crops.flatten(0, 1)[:, None], around, mode="replicate")
    return F.conv2d(planes, kernel[None, None]).view_as(crops)
