"""Drawn materials: wood, brick, plaster, sky, cloth, stone, and blurred rooms and streets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.textures import Textures

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[int, int, int]


def noise(wide: int, high: int, size: float | tuple[float, float], seed: int, octaves: int = 5,
          fade: float = 0.55) -> Floats:  # fmt: skip
    """(high, wide) cloud noise of mean 0 and deviation about 1; ``size`` of the largest blobs."""
    rng = np.random.default_rng(seed)
    across, down = size if isinstance(size, tuple) else (size, size)
    total = np.zeros((high, wide), np.float32)
    for octave in range(octaves):
        cells = (
            int(min(wide, wide / across * 2**octave)) + 3,
            int(min(high, high / down * 2**octave)) + 3,
        )
        grid = rng.standard_normal((cells[1], cells[0])).astype(np.float32)
        total += fade**octave * np.asarray(
            cv2.resize(grid, (wide, high), interpolation=cv2.INTER_CUBIC), np.float32
        )
    return (total - total.mean()) / np.float32(total.std() + 1e-6)


def _painted(base: Colour, layers: Sequence[tuple[Floats, float | Colour]]) -> Picture:
    picture = np.empty((*layers[0][0].shape, 3), np.float32)
    picture[:] = base
    for field, amount in layers:
        picture += field[:, :, None] * np.asarray(amount, np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def wood(wide: int, high: int, seed: int, base: Colour = (150, 104, 66), planks: int = 4,
         grain: float = 1.0) -> Picture:  # fmt: skip
    """Boards that run across, each with its own grain and tone."""
    rng = np.random.default_rng(seed)
    picture = np.empty((high, wide, 3), np.float32)
    edges = np.linspace(0, high, planks + 1).astype(int)
    for at, (top, bottom) in enumerate(pairwise(edges)):
        h = bottom - top
        bend = noise(wide, h, (wide / 2, h), seed + 31 * at, 3) * 0.35
        level = np.linspace(0, rng.uniform(4, 9), h, dtype=np.float32)[:, None] + bend
        rings = np.sin(level * 6.28) + 0.5 * np.sin(level * 17.1 + 1)
        fibre = noise(wide, h, (wide / 6, 5), seed + 31 * at + 7, 3, 0.7)
        tone = rng.normal(0, 7)
        picture[top:bottom] = np.asarray(base, np.float32) + np.float32(tone)
        picture[top:bottom] += (rings * 6 * grain + fibre * 6 * grain)[:, :, None] * np.asarray(
            (1, 0.85, 0.7), np.float32
        )
        if at:
            picture[top : top + max(2, high // 400)] *= 0.45
    return np.clip(picture, 0, 255).astype(np.uint8)


def plaster(wide: int, high: int, seed: int, base: Colour = (226, 216, 200),
            rough: float = 1.0) -> Picture:  # fmt: skip
    blotches = noise(wide, high, wide / 3, seed)
    fine = noise(wide, high, 5, seed + 1, 3, 0.8)
    stain = np.clip(noise(wide, high, (wide / 8, high / 2), seed + 2), 0, 3)
    return _painted(base, [(blotches, 4 * rough), (fine, 5 * rough), (stain, -3.0 * rough)])


def brick(wide: int, high: int, seed: int, base: Colour = (158, 84, 62), rows: int = 14,
          mortar: Colour = (188, 178, 166)) -> Picture:  # fmt: skip
    rng = np.random.default_rng(seed)
    picture = plaster(wide, high, seed, mortar, 1.6).astype(np.float32)
    course = high / rows
    gap = course * 0.07
    mask = np.zeros((high, wide), np.uint8)
    tones = np.zeros((high, wide, 3), np.float32)
    for row in range(rows + 1):
        x = -course * 3 + (row % 2) * course * 1.5
        while x < wide:
            box = [
                int(x + gap), int(row * course + gap),
                int(x + course * 3 - gap), int((row + 1) * course - gap),
            ]  # fmt: skip
            tone = np.asarray(base) + rng.normal(0, 14) + rng.normal(0, 3, 3)
            cv2.rectangle(mask, (box[0], box[1]), (box[2], box[3]), 255, -1)
            cv2.rectangle(tones, (box[0], box[1]), (box[2], box[3]), tone.tolist(), -1)
            x += course * 3
    wobble = noise(wide, high, course / 2, seed + 5, 3) * course * 0.02
    y, x_map = np.mgrid[0:high, 0:wide].astype(np.float32)
    bent = cv2.remap(mask, x_map + wobble, y + wobble, cv2.INTER_LINEAR)
    tones += (noise(wide, high, course, seed + 3, 6, 0.75) * 9)[:, :, None]
    share = cv2.GaussianBlur(bent, (0, 0), 1.0).astype(np.float32)[:, :, None] / 255
    lit = np.roll(share, (2, 2), (0, 1)) - share  # the bricks stand out of the mortar
    wall = picture * (1 - share) + tones * share - lit * 40
    return np.clip(wall, 0, 255).astype(np.uint8)


def sky(wide: int, high: int, seed: int, top: Colour = (70, 128, 200),
        bottom: Colour = (190, 214, 236), clouds: float = 0.5) -> Picture:  # fmt: skip
    way = np.linspace(0, 1, high, dtype=np.float32)[:, None, None] ** 0.8
    ground = np.asarray(top, np.float32) + way * (
        np.asarray(bottom, np.float32) - np.asarray(top, np.float32)
    )
    field = noise(wide, high, (wide / 2, high / 4), seed, 7, 0.56)
    cover = np.clip((field + 2 * clouds - 1.1) * 0.8, 0, 1)[:, :, None] ** 1.2
    shade = noise(wide, high, (wide / 3, high / 5), seed + 9, 4)[:, :, None]
    white = np.asarray((246, 247, 250), np.float32) + np.minimum(shade, 0) * 9
    return np.clip(ground + cover * 0.9 * (white - ground), 0, 255).astype(np.uint8)


def cardboard(wide: int, high: int, seed: int, base: Colour = (186, 146, 102)) -> Picture:
    flutes = np.sin(np.arange(wide, dtype=np.float32) * 0.55)[None, :].repeat(high, 0)
    fibres = noise(wide, high, (14, 3), seed, 3, 0.8)
    return _painted(base, [(flutes, 2.0), (fibres, 4.5), (noise(wide, high, wide / 4, seed), 4.0)])


def paper(wide: int, high: int, seed: int, base: Colour = (246, 243, 236)) -> Picture:
    fibres = noise(wide, high, 6, seed, 3, 0.8)
    return _painted(base, [(fibres, 1.4), (noise(wide, high, wide / 2, seed + 1), 2.0)])


def cloth(wide: int, high: int, seed: int, base: Colour = (196, 188, 176), thread: int = 4,
          folds: float = 1.0) -> Picture:  # fmt: skip
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    weave = np.sin(x * 6.28 / thread) * np.sin(y * 6.28 / thread)
    slubs = noise(wide, high, (60, 3), seed, 2) + noise(wide, high, (3, 60), seed + 1, 2)
    soft = noise(wide, high, (wide / 2, high / 3), seed + 2, 3, 0.4)
    return _painted(base, [(weave, 7.0), (slubs, 3.5), (soft, 7.0 * folds)])


def concrete(wide: int, high: int, seed: int, base: Colour = (150, 149, 146)) -> Picture:
    fine = noise(wide, high, 4, seed, 3, 0.9)
    pits = np.clip(noise(wide, high, 8, seed + 1, 2) - 1.9, 0, 1)
    return _painted(base, [(noise(wide, high, wide / 3, seed), 8.0), (fine, 7.0), (pits, -60.0)])


def marble(wide: int, high: int, seed: int, base: Colour = (232, 230, 227)) -> Picture:
    bend = noise(wide, high, wide / 2, seed, 6, 0.6)
    veins = np.exp(-np.abs(noise(wide, high, wide / 1.5, seed + 1, 5) + bend * 0.5) * 9)
    thin = np.exp(-np.abs(noise(wide, high, wide / 3, seed + 2, 5)) * 30)
    return _painted(base, [(veins, -34.0), (thin, -22.0), (bend, 3.0)])


def tiles(wide: int, high: int, seed: int, base: Colour = (226, 232, 230), across: int = 6,
          down: int = 8) -> Picture:  # fmt: skip
    """Glazed wall tiles in courses, the joints half a tile apart."""
    rng = np.random.default_rng(seed)
    picture = np.empty((high, wide, 3), np.float32)
    picture[:] = np.asarray(base, np.float32) * 0.78
    w, h = wide / across, high / down
    for row in range(down):
        for column in range(-1, across + 1):
            x = (column + (row % 2) / 2) * w
            tone = np.asarray(base) + rng.normal(0, 3.0) + rng.normal(0, 1.2, 3)
            cv2.rectangle(
                picture, (int(x + 3), int(row * h + 3)), (int(x + w - 3), int(row * h + h - 3)),
                tone.tolist(), -1,
            )  # fmt: skip
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255).astype(np.uint8)


def slate(wide: int, high: int, seed: int, base: Colour = (44, 50, 48)) -> Picture:
    """A blackboard that was wiped many times."""
    smear = noise(wide, high, (wide / 3, high / 12), seed, 5)
    dust = noise(wide, high, wide / 2, seed + 1, 4)
    fine = noise(wide, high, 3, seed + 2, 2)
    return _painted(base, [(np.clip(smear, -0.5, 3), 4.5), (np.clip(dust, 0, 3), 5.0), (fine, 2.0)])


def grass(wide: int, high: int, seed: int, base: Colour = (84, 118, 52)) -> Picture:
    blades = noise(wide, high, (4, 26), seed, 3, 0.8)
    patches = noise(wide, high, wide / 4, seed + 1)
    return _painted(base, [(blades, (18, 20, 10)), (patches, (12, 9, 4))])


def asphalt(wide: int, high: int, seed: int, base: Colour = (92, 92, 94)) -> Picture:
    stones = noise(wide, high, 3, seed, 2, 0.9)
    return _painted(base, [(stones, 13.0), (noise(wide, high, wide / 3, seed + 1), 6.0)])


def metal(wide: int, high: int, seed: int, base: Colour = (196, 199, 202)) -> Picture:
    brushed = noise(wide, high, (wide, 2), seed, 2, 0.8)
    return _painted(base, [(brushed, 4.0), (noise(wide, high, wide, seed + 1, 2), 5.0)])


def leaves(wide: int, high: int, seed: int, base: Colour = (70, 104, 48),
           light: Colour = (206, 222, 150), blur: float = 0.02) -> Picture:  # fmt: skip
    """Foliage out of focus with the sun in its gaps."""
    rng = np.random.default_rng(seed)
    picture = _painted(
        base, [(noise(wide, high, wide / 5, seed), (22, 24, 12)),
               (noise(wide, high, wide / 20, seed + 1, 3), (16, 18, 8))]
    ).astype(np.float32)  # fmt: skip
    for _ in range(90):
        at = (int(rng.uniform(0, wide)), int(rng.beta(1.2, 2.2) * high))
        tone = np.asarray(light) * rng.uniform(0.6, 1.1)
        cv2.circle(picture, at, int(wide * rng.uniform(0.004, 0.022)), tone.tolist(), -1)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), wide * blur), 0, 255).astype(np.uint8)


def room(wide: int, high: int, seed: int, base: Colour = (122, 98, 78), lamps: int = 7,
         blur: float = 0.018) -> Picture:  # fmt: skip
    """A room far out of focus: shelves, frames, lamps."""
    rng = np.random.default_rng(seed)
    colours = Textures([], seed)
    picture = np.empty((high, wide, 3), np.float32)
    picture[:] = base
    picture *= np.linspace(1.15, 0.7, high, dtype=np.float32)[:, None, None]
    for shelf in range(3):
        level = int(high * (0.22 + 0.25 * shelf))
        x = 0.0
        while x < wide:
            w, h = wide * rng.uniform(0.012, 0.07), high * rng.uniform(0.06, 0.18)
            if rng.random() < 0.75:
                tone = np.asarray(base) * 0.55 + colours.colour() * 0.42
                cv2.rectangle(
                    picture, (int(x), int(level - h)), (int(x + w), level), tone.tolist(), -1
                )
            x += w * rng.uniform(1.0, 1.7)
        cv2.rectangle(
            picture, (0, level), (wide, level + int(high * 0.02)),
            (np.asarray(base) * 0.6).tolist(), -1,
        )  # fmt: skip
    picture[:] = cv2.GaussianBlur(picture, (0, 0), wide * blur)
    for _ in range(lamps):
        at = (int(rng.uniform(0, wide)), int(rng.uniform(0, high * 0.5)))
        layer = np.zeros_like(picture)
        warm = (255, int(rng.uniform(190, 235)), int(rng.uniform(120, 190)))
        cv2.circle(layer, at, int(wide * rng.uniform(0.012, 0.035)), warm, -1)
        picture += cv2.GaussianBlur(layer, (0, 0), wide * 0.003) * np.float32(
            rng.uniform(0.25, 0.7)
        )
    return np.clip(picture, 0, 255).astype(np.uint8)


def city(wide: int, high: int, seed: int, night: bool = False, blur: float = 0.012) -> Picture:
    """A street far out of focus; by night its lights are discs."""
    rng = np.random.default_rng(seed)
    if not night:
        picture = sky(wide, high, seed, (150, 180, 214), (226, 232, 238), 0.4).astype(np.float32)
        tones = [(176, 160, 142), (150, 128, 110), (198, 186, 168), (128, 124, 124), (168, 116, 92)]
    else:
        picture = np.empty((high, wide, 3), np.float32)
        picture[:] = (15, 17, 30)
        tones = [(26, 26, 38), (34, 30, 40), (20, 22, 32)]
    x = -0.05 * wide
    while x < wide:
        w, top = wide * rng.uniform(0.1, 0.24), high * rng.uniform(0.02, 0.5)
        tone = np.asarray(tones[int(rng.integers(len(tones)))], np.float32)
        cv2.rectangle(picture, (int(x), int(top)), (int(x + w), high), tone.tolist(), -1)
        step = w / int(rng.integers(3, 6))
        for row in np.arange(top + step * 0.5, high * 0.8, step * 1.2):
            for column in np.arange(x + step * 0.2, x + w - step * 0.5, step):
                lit = rng.random() < 0.3
                pane = (
                    tone * 0.6
                    if not night
                    else np.asarray((230, 180, 100)) * (0.75 if lit else 0.1)
                )
                cv2.rectangle(
                    picture, (int(column), int(row)),
                    (int(column + step * 0.5), int(row + step * 0.7)), pane.tolist(), -1,
                )  # fmt: skip
        x += w
    street = np.asarray((120, 118, 116) if not night else (24, 24, 30), np.float32)
    picture[int(high * 0.82) :] = street
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), wide * blur), np.float32)
    for _ in range(46 if night else 0):
        at = (int(rng.uniform(0, wide)), int(rng.normal(0.62, 0.14) * high))
        layer = np.zeros_like(picture)
        tone = np.asarray(
            [(255, 196, 120), (255, 236, 200), (255, 90, 70), (120, 220, 150), (140, 180, 255)],
            np.float32,
        )[int(rng.choice(5, p=(0.4, 0.25, 0.18, 0.09, 0.08)))]
        cv2.circle(layer, at, int(wide * rng.uniform(0.008, 0.026)), tone.tolist(), -1)
        picture += cv2.GaussianBlur(layer, (0, 0), 2) * np.float32(rng.uniform(0.2, 0.75))
    return np.clip(picture, 0, 255).astype(np.uint8)
