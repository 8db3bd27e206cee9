"""How well regions cover the words of a photo: recall and precision of quads at IoU 0.5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ENOUGH_OVERLAP = 0.5

Quad = NDArray[np.float32]
"""(4, 2) corners x, y."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Sums over the photos of a set."""

    words: int
    regions: int
    matched: int

    @property
    def recall(self) -> float:
        """Words that a region covers, 0..1."""
        return self.matched / self.words if self.words else 0.0

    @property
    def precision(self) -> float:
        """Regions that cover a listed word, 0..1."""
        return self.matched / self.regions if self.regions else 0.0


def overlap(first: Quad, second: Quad) -> float:
    """Intersection over union of two quads; corners in any order."""
    shared, one, other = _areas(first, second)
    return shared / (one + other - shared) if shared else 0.0


def cover(quad: Quad, by: Quad) -> float:
    """The part of ``quad`` that lies in ``by``, 0..1; corners in any order."""
    shared, whole, _ = _areas(quad, by)
    return shared / whole if shared else 0.0


def _areas(first: Quad, second: Quad) -> tuple[float, float, float]:
    """What two quads share, and the area of each; they share 0 when one has no area."""
    hulls = [cv2.convexHull(np.asarray(quad, np.float32)) for quad in (first, second)]
    one, other = (float(cv2.contourArea(hull)) for hull in hulls)
    if min(one, other) <= 0.0:
        return 0.0, one, other
    shared, _ = cv2.intersectConvexConvex(hulls[0], hulls[1])
    return float(shared), one, other


def _boxes(quads: Sequence[Quad]) -> NDArray[np.float32]:
    corners = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return np.concatenate([corners.min(1), corners.max(1)], 1)


def count_matches(words: Sequence[Quad], regions: Sequence[Quad]) -> int:
    """Pairs of a word and a region, best overlap first, each used once."""
    if not words or not regions:
        return 0
    of_words, of_regions = _boxes(words)[:, None], _boxes(regions)[None]
    touching = np.all(
        (of_words[..., :2] < of_regions[..., 2:]) & (of_regions[..., :2] < of_words[..., 2:]), -1
    )
    pairs = [
        (share, int(word), int(region))
        for word, region in np.argwhere(touching)
        if (share := overlap(words[word], regions[region])) >= ENOUGH_OVERLAP
    ]
    taken_words: set[int] = set()
    taken_regions: set[int] = set()
    for _, word, region in sorted(pairs, reverse=True):
        if word not in taken_words and region not in taken_regions:
            taken_words.add(word)
            taken_regions.add(region)
    return len(taken_words)


def counted(regions: Sequence[Quad], ignored: Sequence[Quad]) -> list[Quad]:
    """The regions without those of which more than half lies on text that is not to be counted."""
    return [
        region
        for region in regions
        if all(cover(region, place) <= ENOUGH_OVERLAP for place in ignored)
    ]


def detect(photos: Iterable[tuple[Sequence[Quad], Sequence[Quad]]]) -> Detection:
    """Sum up photos, each as (the words' quads, the regions' quads)."""
    words = regions = matched = 0
    for of_words, of_regions in photos:
        words += len(of_words)
        regions += len(of_regions)
        matched += count_matches(of_words, of_regions)
    return Detection(words, regions, matched)
