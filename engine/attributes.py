"""What a query may ask of the lettering besides what it says: colours, size and place.

"Attribute-aware scene text retrieval" of Zeng et al., "Focus, Distinguish, and Prompt" (ACM MM
2024). There an attribute is a word of the prompt that one embedding must answer to; here it is
measured on each region, so that it is known for every word and may be ruled out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.colours import NAMES, likeness, pairs_of

Fits = NDArray[np.float32]

# A region whose colours are not known may have the one that is asked for: less than a weak answer
# would be lost, and more would pass for a sure one.
UNKNOWN = 0.04

# Heights of lettering, in parts of the square root of the photo's area.
_SMALL, _LARGE = 0.025, 0.08
_SIZES = ("small", "medium", "large")
# By this factor a height lies beyond a border before it is surely of one size.
_SIZE_BORDER = 1.2
# Parts of the photo's width or height.
_PLACE_BORDER = 0.05

_TOKEN = re.compile(r"(?i)(colou?r|on|size|at):([a-z]+(?:-[a-z]+)?)")
_SYNONYMS = {"gray": "grey", "violet": "purple", "centre": "middle", "center": "middle"}
_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "middle", "right")


class Kind(StrEnum):
    """What an attribute is about; places by the axes that they say something about."""

    COLOUR = "color"
    GROUND = "on"
    SIZE = "size"
    ROW = "at row"
    COLUMN = "at column"
    PLACE = "at"


class Letterings(NamedTuple):
    """What attributes are judged by, of n regions.

    ``colours``: as ``Colours.to_bytes`` writes them, empty where not known. ``quads``: (n, 4, 2) x,
    y. ``photos``: (n, 2), width and height of their photos in the same pixels.
    """

    colours: Sequence[bytes]
    quads: NDArray[np.float32]
    photos: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that is asked of lettering. ``value``: of a place, its row and its column."""

    kind: Kind
    value: str

    def fits(self, of: Letterings) -> Fits:
        """(n,): 1 where a region surely is so, 0 where it surely is not, NaN if nobody knows."""
        return _FITS[self.kind](self.value, of)


@dataclass(frozen=True, slots=True)
class Attributes:
    """All that a query asks of lettering: every kind of ``wanted``, by any of its values.

    No lettering can be red and blue, so two values of a kind are a choice. Places are of one kind
    where any of them names a row and a column.
    """

    wanted: tuple[Attribute, ...] = ()
    unwanted: tuple[Attribute, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)

    def fits(self, of: Letterings) -> Fits:
        """(n,): how well regions fit, 0..1, as their worst attribute does.

        What is not known fits a little where it is wanted, and fully where it is unwanted: only
        what is known to be there is left out.
        """
        answer: Fits = np.ones(len(of.colours), np.float32)
        for choice in self._choices():
            best = np.max([one.fits(of) for one in choice], 0)
            answer = np.minimum(answer, np.nan_to_num(best, nan=UNKNOWN))
        for one in self.unwanted:
            answer = np.minimum(answer, 1 - np.nan_to_num(one.fits(of), nan=0.0))
        return answer

    def _choices(self) -> Iterable[list[Attribute]]:
        choices: dict[Kind, list[Attribute]] = {}
        one_place = any(one.kind == Kind.PLACE for one in self.wanted)
        for one in self.wanted:
            is_place = one.kind in (Kind.ROW, Kind.COLUMN)
            choices.setdefault(Kind.PLACE if one_place and is_place else one.kind, []).append(one)
        return choices.values()


NONE = Attributes()


def read_attribute(token: str) -> Attribute | None:
    """The attribute that a token without its minus names; None of any other token.

    ``color:blurple``, ``12:30`` and ``http://…`` are none, and go on meaning their words.
    """
    found = _TOKEN.fullmatch(token)
    if not found:
        return None
    name, value = found[1].lower(), found[2].lower()
    if name == "at":
        return _place(value)
    value = _SYNONYMS.get(value, value)
    if name == "size":
        return Attribute(Kind.SIZE, value) if value in _SIZES else None
    kind = Kind.GROUND if name == "on" else Kind.COLOUR
    return Attribute(kind, value) if value in NAMES else None


def _place(value: str) -> Attribute | None:
    """``top``, ``left``, ``top-left`` or ``left-top``; ``middle`` alone is that of both axes."""
    parts = [_SYNONYMS.get(part, part) for part in value.split("-")]
    if parts == ["middle"]:
        parts = ["middle", "middle"]
    if len(parts) == 2:
        for row, column in (parts, parts[::-1]):
            if row in _ROWS and column in _COLUMNS:
                return Attribute(Kind.PLACE, f"{row} {column}")
        return None
    if parts[0] in _ROWS:
        return Attribute(Kind.ROW, parts[0])
    return Attribute(Kind.COLUMN, parts[0]) if parts[0] in _COLUMNS else None


def _colour_fits(value: str, of: Letterings, *, ground: bool) -> Fits:
    answer = np.full(len(of.colours), np.nan, np.float32)
    known = [at for at, data in enumerate(of.colours) if data]
    pairs = pairs_of(of.colours)
    answer[known] = likeness(value, pairs[:, int(ground)], pairs[:, 1 - int(ground)])
    return answer


def _size_fits(value: str, of: Letterings) -> Fits:
    down = of.quads[:, 3] - of.quads[:, 0] + of.quads[:, 2] - of.quads[:, 1]
    across = of.quads[:, 1] - of.quads[:, 0] + of.quads[:, 2] - of.quads[:, 3]
    # Across the line of writing: the sides of a slanted quad are longer than its letters are high.
    along = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    high = np.abs(along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0]) / 2
    part = np.log(np.maximum(high / np.sqrt(np.maximum(of.photos.prod(1), 1)), 1e-6))
    border = np.log(_SIZE_BORDER)
    return _band(part, np.log([_SMALL, _LARGE]), border, _SIZES.index(value))


def _place_fits(value: str, of: Letterings, *, axes: Sequence[int]) -> Fits:
    answer = np.ones(len(of.quads), np.float32)
    for axis, part in zip(axes, value.split(), strict=True):
        at = of.quads[:, :, axis].mean(1) / np.maximum(of.photos[:, axis], 1)
        order = (_COLUMNS, _ROWS)[axis].index(part)
        answer = np.minimum(answer, _band(at, np.array([1 / 3, 2 / 3]), _PLACE_BORDER, order))
    return answer


def _band(values: Fits, borders: NDArray[np.float64], width: float, which: int) -> Fits:
    """How surely values lie in the first, second or third band: 0.5 at a border."""
    above = np.clip(0.5 + (values[:, None] - borders) / (2 * width), 0, 1)
    parts = (1 - above[:, 0], np.minimum(above[:, 0], 1 - above[:, 1]), above[:, 1])
    return parts[which].astype(np.float32)


_FITS: dict[Kind, Callable[[str, Letterings], Fits]] = {
    Kind.COLOUR: partial(_colour_fits, ground=False),
    Kind.GROUND: partial(_colour_fits, ground=True),
    Kind.SIZE: _size_fits,
    Kind.ROW: partial(_place_fits, axes=(1,)),
    Kind.COLUMN: partial(_place_fits, axes=(0,)),
    Kind.PLACE: partial(_place_fits, axes=(1, 0)),
}
