"""The photos of the page of lost queries: small copies beside it, with quads drawn over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import PhotoError
from engine.photos import read_photo
from export.evaluation.detection import Quad
from export.evaluation.losses import Seen

LONGEST_SIDE = 1024
_PHOTOS = "photos"
_ROOM = 0.6
"""About a word's place, of its shorter side, in a close-up."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A small copy. ``width``, ``height``: of the upright photo, in whose pixels quads are.

    ``key``: by which the page's elements refer to what was found in it.
    """

    key: str
    address: str
    width: int
    height: int


class Pictures:
    """Copies each photo once into ``photos/`` beside the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _PHOTOS
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[Path, Picture | None] = {}

    def get(self, photo: Path) -> Picture | None:
        """The small copy, made when first asked for; None if the photo cannot be read."""
        if photo not in self._known:
            self._known[photo] = self._copy(photo, f"{len(self._known) + 1:05}")
        return self._known[photo]

    def _copy(self, photo: Path, key: str) -> Picture | None:
        try:
            found = read_photo(photo, LONGEST_SIDE)
        except PhotoError:
            return None
        name = f"{key}.jpg"
        Image.fromarray(found.pixels).save(self._folder / name, quality=80)
        return Picture(key, f"{_PHOTOS}/{name}", found.width, found.height)


def regions(picture: Picture, seen: Sequence[Seen]) -> str:
    """All regions of a photo, once, for ``photo`` and ``close_up`` to refer to."""
    drawn = "".join(_polygon(one.quad, "region", one.reading) for one in seen)
    return f'<g id="regions-{picture.key}">{drawn}</g>'


def photo(picture: Picture, marks: Iterable[tuple[str, Quad]] = ()) -> str:
    """The whole photo with all regions, and ``marks`` (class, quad) over them."""
    return (
        f'<a class="drawn" href="{picture.address}">'
        f'<img src="{picture.address}" width="{picture.width}" height="{picture.height}" '
        'loading="lazy" alt="">'
        f'<svg viewBox="0 0 {picture.width} {picture.height}">'
        f"{_overlay(picture, marks)}</svg></a>"
    )


def close_up(picture: Picture, marks: Sequence[tuple[str, Quad]]) -> str:
    """The part of the photo about the marks."""
    corners = np.concatenate([quad for _, quad in marks])
    low, high = corners.min(0), corners.max(0)
    room = _ROOM * max(8.0, float((high - low).min()))
    left, top = (float(value) - room for value in low)
    wide, tall = (float(value) + 2 * room for value in high - low)
    return (
        f'<svg class="close" viewBox="{left:.0f} {top:.0f} {wide:.0f} {tall:.0f}" '
        f'style="aspect-ratio:{wide:.0f}/{tall:.0f}">'
        f'<image href="{picture.address}" width="{picture.width}" height="{picture.height}"/>'
        f"{_overlay(picture, marks)}</svg>"
    )


def _overlay(picture: Picture, marks: Iterable[tuple[str, Quad]]) -> str:
    drawn = "".join(_polygon(quad, name) for name, quad in marks)
    return f'<use href="#regions-{picture.key}"/>{drawn}'


def _polygon(quad: Quad, name: str, title: str = "") -> str:
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in quad)
    text = f"<title>{escape(title)}</title>" if title else ""
    return f'<polygon class="{name}" points="{points}">{text}</polygon>'
