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
Rows = NDArray[np.intp]
Cells = NDArray[np.float32]  # (n, 2), the centres of map cells
# Centre, width, height, and angle in degrees.
Box = tuple[tuple[float, float], float, float, float]

# Cells of a kernel: fewer show no bend, and those that fill so much of their rectangle have none.
_LEAST_BENT = 16
_STRAIGHT = 0.71
# Cells of a component that may come apart, and, of its cells, those that a part of it has at least.
_LEAST_SPLIT = 6
_LEAST_PART = 0.08


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
    least_confidence: float = 0.5
    least_side: float = 1.0
    most: int = 500
    gap: float = 0.2
    trace: float = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a word may stand: its quad (4, 2) in map cells and Focus's confidence 0..1.

    ``upright`` is False where the quad is much higher than wide, so that the text may run upwards
    or downwards. A bent word has a ``strip`` (``strips.py``), and its quad is the one about that.
    ``joined``: it is two neighbours that may be one word (``neighbours.py``). ``double``: another
    look was surer of what stands there (``doubles.py``).
    """

    quad: Quad
    confidence: float
    upright: bool
    strip: Strip | None = None
    joined: bool = False
    double: bool = False

    def in_photo(self, scale: float) -> Found:
        """The same place in pixels of a photo, given map cells per pixel."""
        strip = None if self.strip is None else (self.strip / scale).astype(np.float32)
        quad = (self.quad / scale).astype(np.float32)
        return replace(self, quad=quad, strip=strip)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kernel: its cells, their mean probability, and the least rectangle about them."""

    points: Cells
    confidence: float
    box: Box


def find_words(maps: NDArray[np.float32], settings: FocusSettings) -> list[Found]:
    """Quads of the words in maps (2, h, w) of kernel and word probabilities, surest first."""
    shapes = [
        _Shape(cells, confidence, _box(cells)) for cells, confidence in _kernels(maps[0], settings)
    ]
    slope = _common_slope(shapes)
    found = []
    for shape in shapes:
        if (bent := _bent(shape, settings)) is not None:
            found.append(bent)
            continue
        quad, upright = _quad(shape, settings, slope)
        if min(math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])) >= settings.least_side:
            found.append(Found(quad, shape.confidence, upright))
    found.sort(key=lambda one: -one.confidence)
    return found[: settings.most]


def _kernels(
    kernels: NDArray[np.float32], settings: FocusSettings
) -> Iterator[tuple[Cells, float]]:
    """The kernels that are sure enough, joined ones taken apart, and their mean probabilities."""
    inside = kernels > settings.threshold
    # OpenCV's connectedComponentsWithStats takes four times as long as labels and sums by NumPy.
    count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    at = np.flatnonzero(inside)
    owners, values = labels.ravel()[at].astype(np.intp), kernels.ravel()[at]
    areas = np.bincount(owners, minlength=count)
    # A photo has hundreds, most of which are one word: what can be is done for all of them at once.
    apart = np.zeros(count, bool)
    for level in settings.splits:
        above = values > level
        apart |= _has_parts(kernels > level, at[above], owners[above], areas)
    ys, xs = np.divmod(at[np.argsort(owners, kind="stable")], kernels.shape[1])
    cells = np.stack([xs, ys], 1).astype(np.float32) + np.float32(0.5)
    ends = np.cumsum(areas)
    means = np.bincount(owners, values, count) / np.maximum(areas, 1)
    sure = (means >= settings.least_confidence) & (areas >= 2)
    for label in np.flatnonzero(apart | sure).tolist():
        mine = np.s_[ends[label] - areas[label] : ends[label]]
        if not apart[label]:
            yield cells[mine], float(means[label])
            continue
        x, y = xs[mine].min(), ys[mine].min()
        place = np.s_[y : ys[mine].max() + 1, x : xs[mine].max() + 1]
        window = kernels[place]
        for part in _split(window, labels[place] == label, settings.splits):
            rows, columns = np.nonzero(part)
            mean = float(window[part].mean())
            if mean >= settings.least_confidence and len(rows) >= 2:
                yield np.stack([columns + x, rows + y], 1).astype(np.float32) + 0.5, mean


def _has_parts(inside: Mask, cells: Rows, owners: Rows, areas: Rows) -> Mask:
    """Which components (n,) of so many cells have two parts or more at a higher level.

    ``inside`` (h, w): what is above that level. ``cells``: where it is, in which components.
    """
    count, parts = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    of_cells = parts.ravel()[cells]
    parents = np.zeros(count, np.intp)
    parents[of_cells] = owners
    large = parents[np.bincount(of_cells, minlength=count) >= _least_part(areas[parents])]
    answer: Mask = (np.bincount(large, minlength=len(areas)) >= 2) & (areas >= _LEAST_SPLIT)
    return answer


def _least_part(areas: Rows | int) -> NDArray[np.float64]:
    least: NDArray[np.float64] = np.maximum(3, _LEAST_PART * areas)
    return least


def _split(kernels: NDArray[np.float32], inside: Mask, levels: tuple[float, ...]) -> list[Mask]:
    """A component taken apart where it is so at a higher level: words that were joined weakly."""
    area = int(np.count_nonzero(inside))
    least = _least_part(area)
    for at, level in enumerate(levels if area >= _LEAST_SPLIT else ()):
        above = (kernels > level) & inside
        _, labels, stats, _ = cv2.connectedComponentsWithStats(above.view(np.uint8), connectivity=4)
        parts = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= least) + 1
        if len(parts) >= 2:
            # The level has taken a rim from each part: give it back, but not the bridges.
            rims = [
                cv2.dilate((labels == part).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
                for part in parts.tolist()
            ]
            return [
                leaf for rim in rims for leaf in _split(kernels, rim & inside, levels[at + 1 :])
            ]
    return [inside]


def _box(points: Cells) -> Box:
    """Centre, width, height, angle in degrees within ±45 of the least rectangle about points.

    OpenCV 4 and 5 report angles in different ranges, so the range is made here.
    """
    (x, y), (wide, high), angle = cv2.minAreaRect(points)
    angle = (angle + 45.0) % 180.0 - 45.0
    if angle > 45.0:
        angle -= 90.0
        wide, high = high, wide
    return (x, y), wide, high, angle


def _common_slope(shapes: list[_Shape]) -> float:
    """The angle of the photo's long words, for those too short to show their own."""
    angles, weights = [], []
    for shape in shapes:
        _, wide, high, angle = shape.box
        if len(shape.points) >= 8 and wide > 4 * (high + 1):
            angles.append(angle)
            weights.append(wide)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    passed = np.cumsum(np.array(weights)[order])
    return float(np.array(angles)[order][int(np.searchsorted(passed, passed[-1] / 2))])


def _bent(shape: _Shape, settings: FocusSettings) -> Found | None:
    """The word about a kernel that is clearly bent; None about any other."""
    points = shape.points
    _, wide, high, _ = shape.box
    if not _LEAST_BENT <= len(points) <= _STRAIGHT * (wide + 1) * (high + 1):
        return None
    bend = bend_of(points)
    if bend is None:
        return None
    grow = settings.growth * _offset(bend.length, bend.thickness, settings.shrink)
    strip = bend.strip(grow)
    return Found(about(strip), shape.confidence, bend.upright, strip)


def _quad(shape: _Shape, settings: FocusSettings, slope: float) -> tuple[Quad, bool]:
    """The whole word's quad about its kernel, and whether it runs left to right."""
    (x, y), wide, high, angle = shape.box
    if max(wide, high) + 1 < 2.5 * (min(wide, high) + 1):
        angle = slope
        (x, y), wide, high = _box_along(shape.points, slope)
    wide, high = wide + 1, high + 1  # the points are the centres of cells
    grow = settings.growth * _offset(wide, high, settings.shrink)
    right, down = wide / 2 + grow, high / 2 + grow
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    quad = np.array(
        [
            (x + a * right * cosine - b * down * sine, y + a * right * sine + b * down * cosine)
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ],
        np.float32,
    )
    return quad, down < 1.5 * right


def _box_along(points: Cells, angle: float) -> tuple[tuple[float, float], float, float]:
    """Centre, width and height of the rectangle about points that slopes by ``angle`` degrees."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = points.T
    along, across = cosine * x + sine * y, cosine * y - sine * x
    left, right = float(along.min()), float(along.max())
    top, bottom = float(across.min()), float(across.max())
    u, v = (left + right) / 2, (top + bottom) / 2
    return (cosine * u - sine * v, sine * u + cosine * v), right - left, bottom - top


def _offset(wide: float, high: float, shrink: float) -> float:
    """How far a kernel's sides were moved inwards: D = A (1 - r^2) / P of the *whole* word.

    With A = (w + 2D)(h + 2D) and P = 2(w + h + 4D) this is a quadratic in D.
    """
    k = 1.0 - shrink * shrink
    a, b, c = 8.0 - 4.0 * k, 2.0 * (wide + high) * (1.0 - k), -k * wide * high
    return (-b + math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
