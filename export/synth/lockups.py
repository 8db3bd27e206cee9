"""What designers do to a wordmark: lean its letters, fit them to a shape, cut and wear them.

All of it works on a lockup, the ink of a few words and the quad of each.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lockup:
    """``ink`` (H, W) uint8, white on black, and the words in it: their quads (4, 2) and texts."""

    ink: Image
    words: list[tuple[Points, str]]

    def box(self) -> tuple[Points, Points]:
        """The least and the greatest corner (2,) of the words."""
        corners = np.concatenate([quad for quad, _ in self.words])
        return corners.min(0), corners.max(0)


def slanted(lockup: Lockup, slant: float) -> Lockup:
    """Leaning to the right by ``slant`` pixels for each pixel of height."""
    high, wide = lockup.ink.shape
    extra = int(abs(slant) * high) + 1
    shift = slant * high if slant > 0 else 0.0
    warp = np.array([[1, -slant, shift], [0, 1, 0]], np.float32)
    leaning = np.asarray(cv2.warpAffine(lockup.ink, warp, (wide + extra, high)), np.uint8)
    moved = [
        (np.asarray(cv2.transform(quad[None], warp)[0], np.float32), text)
        for quad, text in lockup.words
    ]
    return Lockup(leaning, moved)


def fitted(lockup: Lockup, r: random.Random) -> Lockup:
    """Between two curves: arched, bulging, waving, or growing to one side.

    The ends of a quad go where the curves take them; what bends between them stays within about a
    fifth of the height, so that the quad still describes the word.
    """
    ink = lockup.ink
    high, wide = ink.shape
    (left, top), (right, bottom) = lockup.box()
    middle, reach = (top + bottom) / 2, max(1.0, float(bottom - top) / 2)
    along = np.clip((np.arange(wide, dtype=np.float32) - left) / max(1.0, right - left), 0, 1)
    across = 2 * along - 1
    amount = np.float32(r.uniform(0.1, 0.4))
    shift, stretch = np.zeros_like(along), np.ones_like(along)
    kind = r.randrange(5)
    if kind == 0:  # taller or lower in the middle
        stretch += r.choice((-1, 1)) * amount * (0.5 - across**2)
    elif kind == 1:  # larger towards one end
        stretch += r.choice((-1, 1)) * amount * across
    elif kind == 2:  # rising
        shift += r.choice((-1, 1)) * amount * across
    elif kind == 3:
        shift += amount / 2 * np.sin(across * np.float32(np.pi) + np.float32(r.uniform(0, 6.3)))
    else:  # level below, arched above, or the reverse
        bow = r.choice((-1, 1)) * amount * (0.5 - across**2)
        stretch += bow / 2
        shift += r.choice((-1, 1)) * bow / 2
    edge = int(reach * amount) + 2
    y = np.arange(high + 2 * edge, dtype=np.float32)[:, None] - edge
    down = middle + ((y - middle) / reach - shift) / stretch * reach
    from_x = np.broadcast_to(np.arange(wide, dtype=np.float32), down.shape)
    bent = cv2.remap(ink, np.ascontiguousarray(from_x), down.astype(np.float32), cv2.INTER_LINEAR)
    words = []
    for quad, text in lockup.words:
        at = np.clip(quad[:, 0], 0, wide - 1).astype(np.intp)
        moved = quad.copy()
        moved[:, 1] = ((quad[:, 1] - middle) / reach * stretch[at] + shift[at]) * reach + middle
        words.append((moved + np.array([0, edge], np.float32), text))
    return Lockup(np.asarray(bent, np.uint8), words)


def striped(lockup: Lockup, r: random.Random, *, through: bool) -> Lockup:
    """With bars beside the letters, a swoosh under them, or (``through``) gaps cut into them."""
    ink = lockup.ink.copy()
    wide = ink.shape[1]
    (left, top), (right, bottom) = lockup.box()
    tall = float(bottom - top)
    if through:
        bars = r.randint(2, 8)
        gap = max(1, int(tall / bars * r.uniform(0.08, 0.3)))
        for at in range(1, bars):
            level = int(top + at * tall / bars)
            ink[level : level + gap] = 0
        return Lockup(ink, lockup.words)
    if r.random() < 0.5:
        ends = [(0, int(left) - 3)] * (r.random() < 0.8) + [(int(right) + 3, wide)]
        bars = r.randint(1, 4)
        half = tall / bars * r.uniform(0.1, 0.3)
        for start, end in ends:
            for at in range(bars):
                level = top + (at + 0.5) * tall / bars
                ink[int(level - half) : int(level + half) + 1, max(0, start) : end] = 255
    else:
        x = np.linspace(left - 0.1 * tall, right + 0.1 * tall, 40)
        bow = np.linspace(-1, 1, 40) ** 2 - 0.5
        below = r.uniform(0.02, 0.2) * tall
        y = bottom + below + bow * r.uniform(-0.2, 0.2) * tall
        line = np.round(np.stack([x, y], 1) * 8).astype(np.int32)
        thick = max(2, int(tall * r.uniform(0.03, 0.12)))
        cv2.polylines(ink, [line], False, 255, thick, cv2.LINE_AA, 3)
    return Lockup(ink, lockup.words)


def worn(lockup: Lockup, rng: np.random.Generator) -> Lockup:
    """Printed or painted badly: specks and scratches missing from the ink."""
    high, wide = lockup.ink.shape
    size = (max(2, int(wide / rng.uniform(2, 12))), max(2, int(high / rng.uniform(2, 12))))
    grain = cv2.resize(rng.standard_normal(size[::-1], np.float32), (wide, high))
    kept = np.clip((np.asarray(grain) + rng.uniform(0.6, 1.6)) * 4, 0, 1)
    return Lockup((lockup.ink * kept).astype(np.uint8), lockup.words)
