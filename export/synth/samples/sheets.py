"""Flat drawings with words: signs, labels, pages, screens; every legible word is noted."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from engine.errors import LibraryError
from engine.tokenizer import fold
from export.synth.fonts import FOLDERS

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

FACES = {
    "sans": "OpenSans-Regular.ttf",
    "sans-bold": "OpenSans-Bold.ttf",
    "ui": "Inter-Regular.otf",
    "ui-medium": "Inter-Medium.otf",
    "ui-bold": "Inter-SemiBold.otf",
    "lato": "Lato-Regular.ttf",
    "lato-bold": "Lato-Bold.ttf",
    "lato-black": "Lato-Black.ttf",
    "poster": "BebasNeue-Bold.otf",
    "spartan": "LeagueSpartan-Bold.otf",
    "narrow": "YanoneKaffeesatz-Bold.otf",
    "serif-italic": "EBGaramond12-Italic.otf",
    "serif-bold": "Vollkorn-Bold.ttf",
    "serif-black": "Vollkorn-Black.ttf",
    "old-bold": "OldStandard-Bold.ttf",
    "goudy": "GoudyBookletter1911.otf",
    "slab": "RobotoSlab-Bold.otf",
    "road": "RG2014D.ttf",
    "road-wide": "RG2014EM.ttf",
    "din": "OSP-DIN.ttf",
    "script": "lobster.otf",
    "brush": "KaushanScript-Regular.otf",
    "dancing": "DancingScript-Bold.otf",
    "round": "Quicksand-Bold.ttf",
    "tube-bold": "Comfortaa-Bold.ttf",
    "hand-bold": "dkgBd.ttf",
    "marker": "YuseiMagic-Regular.ttf",
    "pen": "Domestic_Manners.ttf",
    "chalk": "CabinSketch-Bold.ttf",
    "type-bold": "Courier Prime Bold.otf",
    "till": "B612Mono-Regular.otf",
    "till-bold": "B612Mono-Bold.otf",
    "ocr": "OCRB.otf",
    "digits": "DSEG7Classic-Bold.ttf",
    "park": "NationalPark-Heavy.otf",
    "lamps": "Px_IBM_VGA8.ttf",
}
"""Short names of the faces that the samples are set in, and their files."""


class MissingFont(LibraryError):
    """A font file is not installed; says which and where it was looked for."""


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    return {
        file.name: file for folder in FOLDERS if folder.is_dir() for file in folder.rglob("*.?tf")
    }


@lru_cache(maxsize=400)
def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """A face of ``FACES`` at ``size`` pixels; ``MissingFont`` when its file is not installed."""
    name = FACES[face]
    file = _files().get(name)
    if file is None:
        raise MissingFont(
            f"The font file {name} is in none of {', '.join(map(str, FOLDERS))}; "
            "export/synth/font-packages.txt lists the packages to install."
        )
    return ImageFont.truetype(str(file), size)


class Sheet:
    """An RGBA drawing. ``words`` are its legible words as drawn, in the order of writing."""

    def __init__(self, wide: int, high: int, ground: Colour | Picture | None = None) -> None:
        if isinstance(ground, np.ndarray):
            self.image = Image.fromarray(ground[:high, :wide]).convert("RGBA")
        else:
            colour = (0, 0, 0, 0) if ground is None else (*ground, 255)
            self.image = Image.new("RGBA", (wide, high), colour)
        self.draw = ImageDraw.Draw(self.image)
        self.wide, self.high = wide, high
        self.words: list[str] = []

    def note(self, text: str) -> None:
        """Keep the words of a text that is drawn by other means than ``write``."""
        self.words += [word for word in text.split() if fold(word)]

    def write(
        self,
        text: str,
        at: tuple[float, float],
        size: int,
        face: str = "sans",
        ink: Colour = (25, 25, 28),
        *,
        anchor: str = "mm",
        apart: float = 0.0,
        turn: float = 0.0,
        read: bool = True,
        widest: float | None = None,
        edge: tuple[int, Colour] | None = None,
    ) -> float:
        """Write a line and return its width; ``apart`` spaces letters, in parts of the size.

        ``turn`` is in degrees, anticlockwise. ``widest`` shrinks what would be wider.
        ``read=False`` is for what nobody can read in the finished picture.
        """
        if read:
            self.note(text)
        face_font = font(face, size)
        wide = face_font.getlength(text) + apart * size * max(0, len(text) - 1)
        if widest is not None and wide > widest:
            return self.write(
                text, at, max(6, int(size * widest / wide)), face, ink,
                anchor=anchor, apart=apart, turn=turn, read=False, edge=edge,
            )  # fmt: skip
        stroke, stroke_ink = edge if edge is not None else (0, ink)
        if not apart and not turn:
            self.draw.text(
                at, text, ink, face_font, anchor, stroke_width=stroke, stroke_fill=stroke_ink
            )
            return wide
        rise, fall = face_font.getmetrics()
        room = size
        patch = Image.new("RGBA", (int(wide) + 2 * room, rise + fall + 2 * room), (*ink, 0))
        pen = ImageDraw.Draw(patch)
        x: float = room
        for part in text if apart else [text]:
            pen.text((x, room + rise), part, ink, face_font, "ls", stroke_width=stroke,
                     stroke_fill=stroke_ink)  # fmt: skip
            x += face_font.getlength(part) + apart * size
        left = {"l": 0.0, "m": wide / 2, "r": wide}[anchor[0]]
        level = {"a": 0.0, "t": 0.0, "m": (rise + fall) / 2, "s": rise, "b": rise + fall}[anchor[1]]
        if turn:
            patch = patch.rotate(turn, Image.Resampling.BICUBIC, center=(room + left, room + level))
        self.image.alpha_composite(
            *_within(patch, int(at[0] - left - room), int(at[1] - level - room), self.image.size)
        )
        return wide

    def box(
        self,
        corners: tuple[float, float, float, float],
        fill: Colour | None = None,
        *,
        round_by: float = 0,
        line: Colour | None = None,
        thick: int = 0,
    ) -> None:
        self.draw.rounded_rectangle(corners, round_by, fill, line, thick)

    def rule(self, points: list[tuple[float, float]], ink: Colour, thick: int = 2) -> None:
        self.draw.line(points, ink, thick, joint="curve")

    def bars(
        self, corners: tuple[int, int, int, int], seed: int, ink: Colour = (20, 20, 22)
    ) -> None:
        """A bar code."""
        rng = np.random.default_rng(seed)
        x, top, right, bottom = corners
        unit = max(1.0, (right - x) / 110)
        place = float(x)
        while place < right - 3 * unit:
            bar = unit * int(rng.integers(1, 4))
            self.draw.rectangle((place, top, place + bar - 1, bottom), ink)
            place += bar + unit * int(rng.integers(1, 4))

    def paste(self, other: Sheet | Picture, at: tuple[int, int], turn: float = 0) -> None:
        """Lay another drawing on this one, with its words."""
        if isinstance(other, Sheet):
            self.words += other.words
            patch = other.image
        else:
            patch = Image.fromarray(other).convert("RGBA")
        if turn:
            patch = patch.rotate(turn, Image.Resampling.BICUBIC, expand=True)
        self.image.alpha_composite(*_within(patch, at[0], at[1], self.image.size))

    def worn(self, amount: float, seed: int) -> Sheet:
        """Speckle the drawing as use and weather do."""
        rng = np.random.default_rng(seed)
        high, wide = self.high, self.wide
        small = rng.random((max(2, high // 3), max(2, wide // 3))).astype(np.float32)
        mask = Image.fromarray((small * 255).astype(np.uint8)).resize((wide, high))
        mask = mask.filter(ImageFilter.GaussianBlur(1.2))
        picture = np.asarray(self.image).astype(np.float32)
        level = (np.asarray(mask, np.float32)[:, :, None] / 255 - 0.5) * 2
        picture[:, :, :3] = np.clip(picture[:, :, :3] * (1 + level * amount), 0, 255)
        self.image = Image.fromarray(picture.astype(np.uint8))
        self.draw = ImageDraw.Draw(self.image)
        return self

    @property
    def picture(self) -> Picture:
        """(high, wide, 4) uint8, or 3 where everything is covered."""
        whole = np.asarray(self.image)
        return np.ascontiguousarray(whole[:, :, :3]) if whole[:, :, 3].min() > 127 else whole


def _within(
    patch: Image.Image, x: int, y: int, size: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    """The part of a patch that falls on a canvas, and where."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(patch.width, size[0] - x), min(patch.height, size[1] - y)
    if right <= left or bottom <= top:
        return Image.new("RGBA", (1, 1)), (0, 0)
    return patch.crop((left, top, right, bottom)), (max(0, x), max(0, y))
