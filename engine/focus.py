"""From Focus's maps to the places of words: quads, and strips where words are bent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.strips import Quad, Strip, about, bend_of

Mask = NDArray[np.bool_]

# Cells of a kernel: fewer show no bend, and those that fill so much of their rectangle have none.
_LEAST_BENT = 16
_STRAIGHT = 0.8


@dataclass(frozen=True, slots=True)
class FocusSettings:
    """How maps become quads.

    ``threshold``: of the kernel map. ``splits``: higher levels at which joined words come apart.
    ``shrink``: the r that kernels were shrunk by in training. ``growth``: how much of that is given
    back, since kernels come out a little larger than they were drawn. ``least_confidence``: mean
    kernel probability under which a region is dropped. ``least_side``: of a region in map cells.
    ``most``: regions a photo. ``gap``: neighbours are read together as well where no more of their
    height lies between them (``neighbours.py``). ``trace``: what a coarser look must have seen
    for a closer one to be worth its time (``looks.py``); small print leaves no more.
    """

    threshold: float = 0.3
    splits: tuple[float, ...] = (0.45, 0.6, 0.75)
    shrink: float = 0.5
    growth: float = 1.0
    least_confidence: float = 0.4
    least_side: float = 1.0
    most: int = 500
    gap: float = 0.2
    trace: float = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a word may stand: its quad (4, 2) in map cells and Focus's confidence 0..1.

    ``upright`` is False where the quad is much higher than wide, so that the text may run upwards
    or downwards. A bent word has a ``strip`` (``strips.py``), and its quad is the one about that.
    ``joined``: it is two neighbours that may be one word (``neighbours.py``).
    """

    quad: Quad
    confidence: float
    upright: bool
    strip: Strip | None = None
    joined: bool = False

    def in_photo(self, scale: float) -> Found:
        """The same place in pixels of a photo, given map cells per pixel."""
        strip = None if self.strip is None else (self.strip / scale).astype(np.float32)
        quad = (self.quad / scale).astype(np.float32)
        return replace(self, quad=quad, strip=strip)


def find_words(maps: NDArray[np.float32], settings: FocusSettings) -> list[Found]:
    """Quads of the words in maps (2, h, w) of kernel and word probabilities, surest first."""
    kernels = maps[0]
    shapes = []
    for inside, (x, y) in _components(kernels > settings.threshold):
        window = kernels[y : y + inside.shape[0], x : x + inside.shape[1]]
        for part in _split(window, inside, settings.splits):
            confidence = float(window[part].mean())
            if confidence < settings.least_confidence or part.sum() < 2:
                continue
            ys, xs = np.nonzero(part)
            points = np.stack([xs + x, ys + y], 1).astype(np.float32) + 0.5
            shapes.append((points, confidence))
    slope = _common_slope([points for points, _ in shapes])
    found = []
    for points, confidence in shapes:
        if (bent := _bent(points, confidence, settings)) is not None:
            found.append(bent)
            continue
        quad, upright = _quad(points, settings, slope)
        if min(math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])) >= settings.least_side:
            found.append(Found(quad, confidence, upright))
    found.sort(key=lambda one: -one.confidence)
    return found[: settings.most]


def _components(mask: Mask) -> Iterator[tuple[Mask, tuple[int, int]]]:
    """Each connected part of a mask: a window (h, w) and the window's x, y."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    for label in range(1, count):
        x, y, wide, high = (int(v) for v in stats[label, :4])
        yield labels[y : y + high, x : x + wide] == label, (x, y)


def _split(kernels: NDArray[np.float32], inside: Mask, levels: tuple[float, ...]) -> list[Mask]:
    """A component taken apart where it is so at a higher level: words that were joined weakly."""
    if not levels or inside.sum() < 6:
        return [inside]
    parts = []
    for window, (x, y) in _components((kernels > levels[0]) & inside):
        if window.sum() >= max(3, 0.08 * inside.sum()):
            part = np.zeros_like(inside)
            part[y : y + window.shape[0], x : x + window.shape[1]] = window
            parts.append(part)
    if len(parts) < 2:
        return _split(kernels, inside, levels[1:])
    # The higher level has taken a rim from each part: give it back, but not the bridges.
    rims = [cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for part in parts]
    return [leaf for rim in rims for leaf in _split(kernels, rim & inside, levels[1:])]


def _box(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, float, float]:
    """Centre, width, height, angle in degrees within ±45 of the least rectangle about points.

    OpenCV 4 and 5 report angles in different ranges, so the range is made here.
    """
    centre, (wide, high), angle = cv2.minAreaRect(points)
    angle = (angle + 45.0) % 180.0 - 45.0
    if angle > 45.0:
        angle -= 90.0
        wide, high = high, wide
    return np.array(centre, np.float32), float(wide), float(high), float(angle)


def _common_slope(shapes: list[NDArray[np.float32]]) -> float:
    """The angle of the photo's long words, for those too short to show their own."""
    angles, weights = [], []
    for points in shapes:
        if len(points) >= 8:
            _, wide, high, angle = _box(points)
            if wide > 4 * (high + 1):
                angles.append(angle)
                weights.append(wide)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    passed = np.cumsum(np.array(weights)[order])
    return float(np.array(angles)[order][int(np.searchsorted(passed, passed[-1] / 2))])


def _bent(points: NDArray[np.float32], confidence: float, settings: FocusSettings) -> Found | None:
    """The word about a kernel that is clearly bent; None about any other."""
    if len(points) < _LEAST_BENT:
        return None
    _, wide, high, _ = _box(points)
    if len(points) > _STRAIGHT * (wide + 1) * (high + 1):
        return None
    bend = bend_of(points)
    if bend is None:
        return None
    grow = settings.growth * _offset(bend.length, bend.thickness, settings.shrink)
    strip = bend.strip(grow)
    return Found(about(strip), confidence, bend.upright, strip)


def _quad(points: NDArray[np.float32], settings: FocusSettings, slope: float) -> tuple[Quad, bool]:
    """The whole word's quad about the points of its kernel, and whether it runs left to right."""
    centre, wide, high, angle = _box(points)
    if max(wide, high) + 1 < 2.5 * (min(wide, high) + 1):
        turn = _rotation(slope)
        turned = points @ turn.T
        least, most = turned.min(0), turned.max(0)
        centre = ((least + most) / 2) @ turn
        wide, high = (float(v) for v in most - least)
        angle = slope
    wide, high = wide + 1, high + 1  # the points are the centres of cells
    grow = settings.growth * _offset(wide, high, settings.shrink)
    half = np.array([wide / 2 + grow, high / 2 + grow], np.float32)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half
    quad: Quad = (corners @ _rotation(angle) + centre).astype(np.float32)
    return quad, float(half[1]) < 1.5 * float(half[0])


def _rotation(angle: float) -> NDArray[np.float32]:
    """Turns row vectors by ``angle`` degrees, clockwise as images go (``points @ matrix``)."""
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    return np.array([[cosine, sine], [-sine, cosine]], np.float32)


def _offset(wide: float, high: float, shrink: float) -> float:
    """How far a kernel's sides were moved inwards: D = A (1 - r^2) / P of the *whole* word.

    With A = (w + 2D)(h + 2D) and P = 2(w + h + 4D) this is a quadratic in D.
    """
    k = 1.0 - shrink * shrink
    a, b, c = 8.0 - 4.0 * k, 2.0 * (wide + high) * (1.0 - k), -k * wide * high
    return (-b + math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
