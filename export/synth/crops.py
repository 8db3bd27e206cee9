"""Word crops as Focus cuts them from photos: loose, tight, tilted, lit badly, compressed.

The order follows SynthTIGER's ablation (ICDAR 2021): what is done to the finished crop (blur,
noise, scale, JPEG) matters most, then blending with a texture, then geometry. All is done to many
crops at once: crop by crop, drawing would take three times as long as the training that it feeds.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from export.synth.bank import Bank
from export.synth.chance import Chance
from export.synth.damage import degrade_crops
from export.synth.textures import Textures

Image = NDArray[np.uint8]
HEIGHT, WIDTH = 32, 128
_CANVAS = (48, 176)  # pixels that a mask is stretched to before it is warped into the crop
_WEIGHTS = (0.30, 0.59, 0.11)  # of red, green and blue in brightness


class CropRenderer:
    """Renders (n, 32, 128, 3) uint8 RGB crops from a bank of masks."""

    def __init__(self, bank: Bank, textures: Textures, seed: int) -> None:
        self.bank, self.textures = bank, textures
        self.rng = np.random.default_rng(seed)
        self.chance = Chance(seed)

    def render(self, count: int) -> tuple[Image, list[str]]:
        """Crops and the strings in them as drawn (not folded)."""
        crops, texts = self.paint(count)
        return degrade_crops(crops, torch.ones(count), self.chance), texts

    def paint(self, count: int) -> tuple[Tensor, list[str]]:
        """Undamaged crops (n, 3, 32, 128) float32 0..255, and their strings."""
        chance = self.chance
        masks, aspects, texts = self._masks(count)
        masks = _thickened(masks, chance)
        grid = _placement(aspects, chance)
        ink = F.grid_sample(masks, grid, align_corners=False)
        crops = self._grounds(count)
        paint = self._paint(crops)
        crops = self._neighbours(crops, paint, masks, grid)
        crops = _effects(crops, ink, self._colours(count), chance)
        alpha = ink * chance.uniform(0.75, 1.0, count)[:, None, None, None]
        crops = crops + alpha * (paint - crops)
        return _lined(crops, self._colours(count), chance), texts

    def _masks(self, count: int) -> tuple[Tensor, Tensor, list[str]]:
        """Random words stretched to the canvas, (n, 1, 48, 176) 0..1, and their aspects."""
        masks = np.empty((count, 1, *_CANVAS), np.uint8)
        aspects, texts = np.empty(count, np.float32), []
        for at, item in enumerate(self.rng.integers(len(self.bank), size=count)):
            mask, text = self.bank[int(item)]
            how = cv2.INTER_AREA if mask.shape[1] > _CANVAS[1] else cv2.INTER_LINEAR
            masks[at, 0] = cv2.resize(mask, _CANVAS[::-1], interpolation=how)
            aspects[at] = mask.shape[1] / mask.shape[0]
            texts.append(text)
        return torch.from_numpy(masks).float() / 255, torch.from_numpy(aspects), texts

    def _grounds(self, count: int) -> Tensor:
        """Flat, graded, grained, striped, and cut from photos, (n, 3, 32, 128)."""
        chance = self.chance
        grounds = self._colours(count)[:, :, None, None].expand(-1, -1, HEIGHT, WIDTH).clone()
        grounds += _ramps(count, chance) * (
            chance.some(0.35, count)[:, None, None, None]
            * chance.uniform(0.1, 0.7, count)[:, None, None, None]
            * (self._colours(count) - grounds[:, :, 0, 0])[:, :, None, None]
        )
        for size in ((4, 9), (8, 33), (32, 128)):  # grain of some size: paper, plaster, cloth
            chosen = chance.which(0.08, count)
            grain = torch.randn(len(chosen), 1, *size, generator=chance.generator)
            grain = F.interpolate(grain, (HEIGHT, WIDTH), mode="bilinear")
            grounds[chosen] += grain * chance.uniform(4, 30, len(chosen))[:, None, None, None]
        chosen = chance.which(0.06, count)  # stripes, bricks, railings
        period = chance.uniform(6, 60, len(chosen))[:, None]
        place = torch.arange(WIDTH) + chance.uniform(0, 60, len(chosen))[:, None]
        wave = torch.sign(torch.sin(place * 6.28 / period))
        wave *= chance.uniform(5, 45, len(chosen))[:, None]
        level, upright = chosen[::2], chosen[1::2]
        grounds[level] += wave[::2, None, :HEIGHT, None]
        grounds[upright] += wave[1::2, None, None, :]
        if self.textures.photos:
            for at in chance.which(0.4, count).tolist():
                cut = self.textures.photo_cut(WIDTH, HEIGHT)
                grounds[at] = torch.from_numpy(cut).permute(2, 0, 1).float()
        return grounds.clamp(0, 255)

    def _colours(self, count: int) -> Tensor:
        return torch.from_numpy(self.textures.colours(count))

    def _paint(self, grounds: Tensor) -> Tensor:
        """Lettering that can be told from its ground by enough, (n, 3, 32, 128)."""
        chance, count = self.chance, len(grounds)
        weights = torch.tensor(_WEIGHTS)
        mean = grounds.mean((2, 3)) @ weights
        least = chance.uniform(40, 120, count)
        colours = torch.where(mean > 127, 0.0, 255.0)[:, None].expand(-1, 3)
        for _ in range(6):
            other = self._colours(count)
            fits = ((other @ weights - mean).abs() > least)[:, None]
            colours = torch.where(fits, other, colours)
        paint = colours[:, :, None, None].expand(-1, -1, HEIGHT, WIDTH).clone()
        chosen = chance.which(0.2, count)  # from light to dark, or printed with a texture
        shade = chance.normal(0, 70, len(chosen))[:, None, None, None]
        paint[chosen] += shade * (_ramps(len(chosen), chance) - 0.5)
        chosen = chance.which(0.1, count)
        texture = grounds.roll(1, 0)[chosen]
        paint[chosen] += 0.5 * (texture - texture.mean((2, 3), keepdim=True))
        chosen = chance.which(0.05, count)  # two halves of different colours
        border = chance.uniform(0.3, 0.7, len(chosen))[:, None] * WIDTH
        half = (torch.arange(WIDTH) > border).float()
        step = (self._colours(len(chosen)) - colours[chosen])[:, :, None, None]
        paint[chosen] += 0.6 * step * half[:, None, None]
        return paint.clamp(0, 255)

    def _neighbours(self, crops: Tensor, paint: Tensor, masks: Tensor, grid: Tensor) -> Tensor:
        """Parts of words that stand above, below or beside, as a loose cut shows them."""
        chance = self.chance
        for turn in (1, 2):
            chosen = chance.which(0.3 / turn, len(crops))
            n = len(chosen)
            # Grid coordinates are -1..1 within the word's own mask: beside it is beyond them.
            side, distance = chance.whole(0, 4, n), chance.uniform(2.15, 3.0, n)
            shift = torch.zeros(n, 2)
            shift[:, 0] = torch.where(side == 2, distance, torch.where(side == 3, -distance, 0.0))
            shift[:, 1] = torch.where(side == 0, distance, torch.where(side == 1, -distance, 0.0))
            shift[:, 0] += torch.where(side < 2, chance.uniform(-1, 1, n), torch.zeros(n))
            scale = chance.uniform(0.8, 1.3, n)[:, None, None, None]
            moved = (grid[chosen] + shift[:, None, None]) * scale
            other = F.grid_sample(masks.roll(turn, 0)[chosen], moved, align_corners=False)
            crops[chosen] += other * (paint[chosen] - crops[chosen])
        return crops


def _ramps(count: int, chance: Chance) -> Tensor:
    """0 to 1 from left to right or from top to bottom, (n, 1, 32, 128)."""
    across = torch.linspace(0, 1, WIDTH)[None, None, None]
    down = torch.linspace(0, 1, HEIGHT)[None, None, :, None]
    return torch.where(chance.some(0.5, count)[:, None, None, None], across, down)


def _thickened(masks: Tensor, chance: Chance) -> Tensor:
    """Some words bolder or lighter than their face is."""
    for wide in (3, 5):
        for sign in (1, -1):
            chosen = chance.which(0.04, len(masks))
            bolder = F.max_pool2d(sign * masks[chosen], (3, wide), 1, (1, wide // 2))
            masks[chosen] = sign * bolder
    return masks


def _placement(aspects: Tensor, chance: Chance) -> Tensor:
    """Where each crop's pixels lie in its mask, (n, 32, 128, 2) in -1..1 of ``grid_sample``.

    With Focus's margins, tilt, perspective, and the bend of bottles, cups and badges.
    """
    n = len(aspects)
    most = torch.where(chance.some(0.3, n), 0.08, 0.30)
    # Margins as parts of the crop's height above and below, of its width left and right.
    top, bottom = (-0.04 + (most + 0.04) * chance.uniform(0, 1, n) for _ in range(2))
    side = torch.where(most < 0.1, 0.03, 0.10)
    left, right = (-0.015 + (side + 0.015) * chance.uniform(0, 1, n) for _ in range(2))
    loose = chance.some(0.06, n)  # as a number plate or a line with room about it
    left = torch.where(loose, chance.uniform(0, 0.25, n), left)
    right = torch.where(loose, chance.uniform(0, 0.25, n), right)
    quads = torch.stack(
        [left, top, 1 - right, top, 1 - right, 1 - bottom, left, 1 - bottom], 1
    ).view(n, 4, 2)
    # A small tilt of a long word moves its ends much, once stretched into the crop.
    aspect = aspects.clamp(max=6.0)
    slope = torch.tan(torch.deg2rad(chance.normal(0, 3.0, n))) * aspect / 2
    slant = torch.where(
        chance.some(0.12, n), chance.uniform(-0.15, 0.6, n), chance.normal(0, 0.12, n)
    )
    shear = slant / aspect.clamp(min=1.5) / 2
    quads[:, :, 1] += slope[:, None] * torch.tensor([-1.0, 1, 1, -1])
    quads[:, :, 0] += shear[:, None] * torch.tensor([1.0, 1, -1, -1])
    quads += torch.randn(n, 4, 2, generator=chance.generator) * 0.025 * torch.tensor([1 / 3, 1.0])
    warp = _homographies(quads)
    y, x = torch.meshgrid(
        (torch.arange(HEIGHT) + 0.5) / HEIGHT, (torch.arange(WIDTH) + 0.5) / WIDTH, indexing="ij"
    )
    sag = chance.some(0.15, n) * chance.normal(0, 0.12, n)
    y = y - sag[:, None, None] * ((2 * x - 1) ** 2 - 1 / 3)
    points = torch.stack([x.expand_as(y), y, torch.ones_like(y)], 3).view(n, -1, 3)
    moved = points @ warp.transpose(1, 2)
    return (moved[:, :, :2] / moved[:, :, 2:]).view(n, HEIGHT, WIDTH, 2)


def _homographies(quads: Tensor) -> Tensor:
    """(n, 3, 3) from quads (n, 4, 2), clockwise from the top left, to the square -1..1."""
    x, y = quads.unbind(2)
    u, v = torch.tensor([-1.0, 1, 1, -1]), torch.tensor([-1.0, -1, 1, 1])
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    above = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], 2)
    below = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], 2)
    target = torch.cat([u.expand_as(x), v.expand_as(x)], 1)
    solved = torch.linalg.solve(torch.cat([above, below], 1), target)
    return torch.cat([solved, torch.ones(len(quads), 1)], 1).view(-1, 3, 3)


def _effects(crops: Tensor, ink: Tensor, colours: Tensor, chance: Chance) -> Tensor:
    """Outlines, cast shadows and glows about some of the words."""
    chosen = chance.which(0.24, len(crops))
    around = F.max_pool2d(ink[chosen], 3, 1, 1)
    kind = chance.whole(0, 3, len(chosen))[:, None, None, None]
    shadow = around.roll((int(chance.whole(-3, 4, 1)), int(chance.whole(-3, 4, 1))), (2, 3))
    glow = F.avg_pool2d(F.max_pool2d(around, 3, 1, 1), 5, 1, 2, count_include_pad=False)
    around = torch.where(kind == 0, around, torch.where(kind == 1, shadow, glow))
    amount = around * chance.uniform(0.4, 1.0, len(chosen))[:, None, None, None]
    crops[chosen] += amount * (colours[chosen][:, :, None, None] - crops[chosen])
    return crops


def _lined(crops: Tensor, colours: Tensor, chance: Chance) -> Tensor:
    """Underlines, frames and scratches on some."""
    chosen = chance.which(0.1, len(crops))
    n = len(chosen)
    edge = torch.where(chance.some(0.5, n), 1.0, HEIGHT - 2.0)
    level = torch.where(chance.some(0.3, n), chance.uniform(0, HEIGHT, n), edge)
    y = level[:, None] + chance.normal(0, 0.1 * HEIGHT, n)[:, None] * torch.linspace(0, 1, WIDTH)
    thick = chance.whole(1, 3, n)[:, None, None] / 2 + 0.25
    line = ((torch.arange(HEIGHT)[:, None] - y[:, None]).abs() < thick).float()[:, None]
    crops[chosen] += line * (colours[chosen][:, :, None, None] - crops[chosen])
    return crops
