"""The colours of lettering: measured on a word's crop, and told by a few basic names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crops import Image, alike

Likeness = NDArray[np.float32]
Rgb = tuple[int, int, int]

# What people call by these names: the eleven basic terms of Berlin and Kay (1969). A colour is of
# the name that has the nearest of these.
_KNOWN: dict[str, tuple[Rgb, ...]] = {
    "black": ((0, 0, 0), (35, 35, 35)),
    "white": ((255, 255, 255), (232, 232, 228)),
    "grey": ((110, 110, 110), (140, 140, 140), (170, 170, 170)),
    "red": ((225, 25, 30), (160, 20, 30), (240, 75, 65), (120, 15, 20)),
    "orange": ((255, 140, 0), (235, 110, 30), (255, 170, 50)),
    "yellow": ((255, 225, 30), (250, 250, 20), (230, 200, 40), (255, 245, 140), (205, 180, 50)),
    "green": (
        (30, 150, 50), (20, 85, 40), (100, 200, 60), (140, 225, 140), (110, 130, 45),
        (30, 140, 110), (190, 230, 60),
    ),
    "blue": (
        (30, 70, 200), (20, 30, 110), (70, 150, 230), (20, 180, 220), (160, 205, 240),
        (20, 90, 140), (30, 30, 215),
    ),
    "purple": ((125, 40, 160), (80, 25, 110), (170, 110, 215), (120, 80, 200), (140, 25, 220)),
    "pink": ((255, 120, 180), (255, 185, 205), (225, 40, 140), (240, 100, 220)),
    "brown": ((120, 70, 30), (80, 45, 20), (160, 110, 65), (100, 60, 50)),
}  # fmt: skip
NAMES = tuple(_KNOWN)
# Light falls unevenly on what has one colour, so lightness tells names apart less than hue does.
_LIGHTNESS = 0.7
# In units of CIELAB: so far beyond the border between two names a colour is surely of one.
_BORDER = 14.0
# Black and white in dim or glaring light are grey, and only the other colour beside them tells.
_NEUTRAL = 14.0  # chroma
_CONTRAST = (25.0, 50.0)  # of lightness: none of this is done below, all above
_DARKER, _LIGHTER = 0.5, 0.6

# Of a crop's pixels that are looked at, from its edge: what lies so near is hardly a letter.
_RIM = 1
_BATCH = 32
# RGB levels between lettering and ground, below which neither is known.
_LEAST_APART = 24.0
# Of the pixels on a side of the threshold, in the order of how far they lie from the other, those
# between these parts count: nearer ones are mixed by blur and antialiasing, the farthest are noise.
# Of thin strokes hardly a pixel is pure; a ground has its middle.
_PURE = (0.9, 0.99)
_MIDDLE = (0.4, 0.9)


@dataclass(frozen=True, slots=True)
class Colours:
    """Of a word's lettering and of the ground that it stands on, RGB 0..255."""

    lettering: Rgb
    ground: Rgb

    def to_bytes(self) -> bytes:
        """Six bytes: the lettering's, then the ground's."""
        return bytes((*self.lettering, *self.ground))


def pairs_of(kept: Sequence[bytes]) -> NDArray[np.uint8]:
    """Lettering and ground (n, 2, 3) RGB of those that are not empty, by their bytes."""
    return np.frombuffer(b"".join(kept), np.uint8).reshape(-1, 2, 3)


def measured(crops: Sequence[Image]) -> list[Colours | None]:
    """The colours in crops (h, w, 3) RGB of one word each; None where two cannot be told apart.

    Two means along the axis on which a crop's colours differ most (Otsu's threshold on their first
    principal component). The ground is what most of the crop's rim shows.
    """
    answer: list[Colours | None] = [None] * len(crops)
    # Many at once, since a receipt has hundreds, but no more than the processor's cache holds.
    for rows, pictures in alike(crops, _BATCH):
        for row, colours in zip(rows, _measured(pictures), strict=True):
            answer[row] = colours
    return answer


def _measured(crops: Image) -> list[Colours | None]:
    answer: list[Colours | None] = [None] * len(crops)
    # Every other row and column: enough to judge by, for a quarter of the time.
    pictures = crops[:, ::2, ::2]
    high, wide = pictures.shape[1:3]
    pixels = pictures.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    pixels = pixels.reshape(len(crops), 3, -1)
    apart = pixels - pixels.mean(2, keepdims=True)
    axes = np.linalg.eigh(apart @ apart.transpose(0, 2, 1))[1][:, :, -1]
    along = (axes[:, None] @ apart)[:, 0]
    low, most = along.min(1), along.max(1)
    known = np.flatnonzero(most - low >= _LEAST_APART)
    if not len(known):
        return answer
    span = (most - low)[known, None]
    levels = ((along[known] - low[known, None]) * (255 / span)).astype(np.uint8)
    rows = 256 * np.arange(len(known))[:, None]
    counts = np.bincount((levels + rows).ravel(), minlength=256 * len(known)).reshape(-1, 256)
    above = _otsu(counts) + 1  # the first level of the brighter side
    rim = np.ones((high, wide), bool)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    on_rim = levels[:, rim.ravel()] >= above[:, None]
    turned = 2 * np.count_nonzero(on_rim, axis=1) > np.count_nonzero(rim)
    levels[turned] = 255 - levels[turned]
    counts[turned] = counts[turned, ::-1]
    above[turned] = 256 - above[turned]
    lettered = np.arange(256) >= above[:, None]
    lettering = _means(pixels[known], levels, counts * lettered, _PURE)
    ground = _means(pixels[known], 255 - levels, (counts * ~lettered)[:, ::-1], _MIDDLE)
    for at, pair in zip(known.tolist(), zip(lettering, ground, strict=True), strict=True):
        if np.abs(np.subtract(*pair)).max() >= _LEAST_APART:
            answer[at] = Colours(*(tuple(colour.tolist()) for colour in pair))
    return answer


def _otsu(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,): the last level of the darker side, by histograms (n, 256) (Otsu, 1979)."""
    share = np.cumsum(counts, 1) / counts.sum(1, keepdims=True)
    moment = np.cumsum(counts * np.arange(256), 1) / counts.sum(1, keepdims=True)
    between = (moment[:, -1:] * share - moment) ** 2 / np.maximum(share * (1 - share), 1e-9)
    return np.asarray(between.argmax(1), np.intp)


def _means(
    pixels: NDArray[np.float32],
    levels: NDArray[np.uint8],
    counts: NDArray[np.intp],
    parts: tuple[float, float],
) -> NDArray[np.intp]:
    """The mean colours (n, 3) of one side of each crop, between two parts of its pixels in order.

    ``pixels`` (n, 3, pixels). ``levels`` (n, pixels): how far each lies on that side. ``counts``
    (n, 256): of the levels on that side, 0 elsewhere.
    """
    passed = np.cumsum(counts, 1)
    first, last = (
        (passed <= np.floor(part * (passed[:, -1:] - 1))).sum(1, keepdims=True) for part in parts
    )
    pure = ((levels >= first) & (levels <= last)).astype(np.float32)
    means = (pixels @ pure[:, :, None])[:, :, 0] / pure.sum(1, keepdims=True)
    return np.asarray(np.rint(means), np.intp)


def likeness(name: str, colours: NDArray[np.uint8], beside: NDArray[np.uint8]) -> Likeness:
    """How surely colours (n, 3) RGB are called ``name``: (n,), 1 surely, 0.5 at a border, 0 not.

    ``beside`` (n, 3): the other colour of each crop. Of a pair without hue and of much contrast,
    the darker may be called black and the lighter white though both are grey by themselves.
    """
    lab, other = _lab(colours), _lab(beside)
    plain = _likeness(name, lab)
    gap = other[:, 0] - lab[:, 0]
    contrast = np.clip((np.abs(gap) - _CONTRAST[0]) / (_CONTRAST[1] - _CONTRAST[0]), 0, 1)
    contrast[np.hypot(lab[:, 1], lab[:, 2]) > _NEUTRAL] = 0
    darker = lab[:, 0] * (1 - _DARKER * contrast)
    lighter = 100 - (100 - lab[:, 0]) * (1 - _LIGHTER * contrast)
    light = np.where(gap > 0, darker, lighter)
    seen = np.column_stack([light, lab[:, 1:] * (1 - contrast[:, None])])
    seen_so = _likeness(name, seen.astype(np.float32))
    # What stands out as black or white is not called grey, whatever its level.
    answer: Likeness = (np.minimum if name == "grey" else np.maximum)(plain, seen_so)
    return answer


def _likeness(name: str, lab: NDArray[np.float32]) -> Likeness:
    own = _distance(lab, _OWN[name])
    others = np.min([_distance(lab, known) for other, known in _OWN.items() if other != name], 0)
    answer: Likeness = np.clip(0.5 + (others - own) / (2 * _BORDER), 0, 1).astype(np.float32)
    return answer


def _distance(lab: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,): to the nearest of the known colours (k, 3)."""
    apart = (lab[:, None] - known) * np.array([_LIGHTNESS, 1, 1], np.float32)
    nearest: NDArray[np.float32] = np.sqrt((apart**2).sum(2)).min(1)
    return nearest


def _lab(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIELAB (n, 3) of RGB (n, 3)."""
    rows = colours.reshape(-1, 1, 3).astype(np.float32) / 255
    if not len(rows):  # OpenCV takes no empty pictures
        return np.zeros((0, 3), np.float32)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_RGB2LAB), np.float32).reshape(-1, 3)


_OWN = {name: _lab(np.array(known, np.uint8)) for name, known in _KNOWN.items()}
