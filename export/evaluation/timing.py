"""Where a photo's time goes: decoding it, finding words, reading them, and the rest.

Taken apart from the measurement itself, in a pass of its own over some of the photos, so that the
program that is measured carries no clocks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import PhotoError
from engine.focus import Found
from engine.packs import ModelPack
from engine.photos import Photo, decode, digest_of, open_photo
from engine.preprocess import Pyramid
from engine.regions import Region
from engine.towers import CompactTowers
from export.evaluation.spread import evenly

MOST_PHOTOS = 60


@dataclass(frozen=True, slots=True)
class Stages:
    """Milliseconds a photo, means over ``photos`` photos taken one after another.

    ``decode``: reading the file, its digest, and its pixels. ``focus``: the network and its maps
    made into quads. ``image_tower``: the network that embeds and reads the crops. ``rest``: cutting
    the crops, and keeping what was read. The program decodes ahead and embeds photos side by side,
    so its photos a second can be more than these four allow together.
    """

    photos: int
    decode: float
    focus: float
    image_tower: float
    rest: float


class TimedTowers(CompactTowers):
    """Towers that know for how long each part has worked, in seconds since they were opened."""

    def __init__(self, pack: ModelPack) -> None:
        super().__init__(pack)
        self.reset()

    def reset(self) -> None:
        """Forget what was timed so far."""
        self.total = self.focus = self.image_tower = 0.0

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        started = time.perf_counter()
        try:
            return super().embed_photo(pixels)
        finally:
            self.total += time.perf_counter() - started

    def find(self, pyramid: Pyramid) -> list[Found]:
        started = time.perf_counter()
        try:
            return super().find(pyramid)
        finally:
            self.focus += time.perf_counter() - started

    def _embed_crops(
        self, crops: list[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        started = time.perf_counter()
        try:
            return super()._embed_crops(crops)
        finally:
            self.image_tower += time.perf_counter() - started


def time_stages(pack: ModelPack, photos: Sequence[Path]) -> Stages | None:
    """The stages of a compact pack on at most 60 of the photos, evenly chosen.

    None for packs of another family, and when no photo can be read. The first photo is embedded
    once beforehand: networks are slow the first time.
    """
    if pack.family != "compact" or not photos:
        return None
    towers = TimedTowers(pack)
    decoding, done = 0.0, 0
    for path in evenly(photos, MOST_PHOTOS):
        started = time.perf_counter()
        try:
            photo = _decode(path, pack.longest_side)
        except PhotoError:
            continue
        decoding += time.perf_counter() - started
        if not done:
            towers.embed_photo(photo.pixels)
            towers.reset()
        towers.embed_photo(photo.pixels)
        done += 1
    if not done:
        return None
    rest = towers.total - towers.focus - towers.image_tower
    return Stages(
        done, *(1000 * one / done for one in (decoding, towers.focus, towers.image_tower, rest))
    )


def _decode(path: Path, longest_side: int) -> Photo:
    """What the embedder does before the towers see a photo."""
    with open_photo(path) as file:
        digest_of(file)
        return decode(file, path.suffix, longest_side, legible=True)
