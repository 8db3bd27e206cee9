"""The colours of lettering: measured on a word's crop, and told by a few basic names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
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

# Of a crop's pixels, from its edge: what lies so near is hardly a letter.
_RIM = 2
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


def measured(crop: Image) -> Colours | None:
    """The colours in a crop (h, w, 3) RGB of one word; None where two cannot be told apart.

    Two means along the axis on which the crop's colours differ most (Otsu's threshold on their
    first principal component). The ground is what most of the crop's rim shows.
    """
    # Every other column: strokes are wide enough in a crop, and it takes half the time.
    picture = np.ascontiguousarray(crop[:, ::2])
    pixels = picture.reshape(-1, 3).astype(np.float32)
    pixels -= cv2.reduce(pixels, 0, cv2.REDUCE_AVG)
    along = pixels @ np.linalg.eigh(pixels.T @ pixels)[1][:, -1]
    low, high = float(along.min()), float(along.max())
    if high - low < _LEAST_APART:
        return None
    along = (along - low) * np.float32(255 / (high - low))
    levels = along.astype(np.uint8).reshape(picture.shape[:2])
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above = levels > threshold
    rim = np.ones_like(above)
    rim[_RIM:-_RIM, _RIM // 2 : -_RIM // 2] = False
    if 2 * np.count_nonzero(above & rim) > np.count_nonzero(rim):
        above, levels = ~above, 255 - levels
    lettering = _mean(picture, levels, above, _PURE)
    ground = _mean(picture, 255 - levels, ~above, _MIDDLE)
    if max(abs(one - other) for one, other in zip(lettering, ground, strict=True)) < _LEAST_APART:
        return None
    return Colours(lettering, ground)


def _mean(
    picture: Image, levels: Image, side: NDArray[np.bool_], parts: tuple[float, float]
) -> Rgb:
    """The mean colour of a side of the threshold, between two parts of its pixels in order.

    ``levels``: how far each pixel lies on that side.
    """
    values = levels[side]
    first, last = (int(part * (len(values) - 1)) for part in parts)
    values.partition((first, last))
    pure = side & (levels >= values[first]) & (levels <= values[last])
    red, green, blue, _ = cv2.mean(picture, pure.view(np.uint8))
    return round(red), round(green), round(blue)


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
