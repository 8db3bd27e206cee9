"""One string in one face as a mask, laid out letter by letter."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]

# In the names of families that look written or brushed, of the distribution's packages.
_WRITTEN = (
    "because we", "breip", "cherry bomb", "dancing", "delphine", "dkghandwriting", "domestic",
    "ecolier", "femkeklaver", "hand me", "havana", "humor", "isabella", "it wasn't", "kaushan",
    "klaudia", "kristi", "leckerli", "lemonada", "lobster", "rampart", "reggae", "rocknroll",
    "romande adf script", "rufscript", "staypuft", "tomson", "yusei", "z003",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lettering:
    """A word drawn white on black, trimmed to its ink: ``mask`` (H, W) uint8 and what it says.

    ``spacing``: pixels added between its letters.
    """

    mask: Mask
    text: str
    font: str
    spacing: float = 0.0


class Typesetter:
    """Draws words in random faces, whole or letter by letter."""

    def __init__(self, families: dict[str, list[str]], seed: int) -> None:
        if not families:
            raise FileNotFoundError("no fonts are installed: run `make fonts`")
        self.random = random.Random(seed)
        self.families = list(families.values())
        # A family of many faces is more of a staple than a family of one, but not in proportion;
        # Aenigma is 300 families of one decorative face each.
        self.weights = [
            len(files) ** 0.4 * (0.35 if "aenigma" in files[0] else 1.0) for files in self.families
        ]
        self._written = [
            files
            for family, files in families.items()
            if any(word in family.lower() for word in _WRITTEN)
        ]
        self._faces: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}

    def face(self, *, written: bool = False) -> str:
        """A font file; ``written``: a script or a hand, if there is one."""
        if written and self._written:
            return self.random.choice(self.random.choice(self._written))
        return self.random.choice(self.random.choices(self.families, self.weights)[0])

    def _load(self, file: str, size: int) -> ImageFont.FreeTypeFont:
        key = (file, size)
        if key not in self._faces:
            if len(self._faces) > 600:
                self._faces.clear()
            self._faces[key] = ImageFont.truetype(file, size)
        return self._faces[key]

    def draw(
        self, text: str, height: int = 44, file: str | None = None, *, arcs: bool = True
    ) -> Lettering | None:
        """``text`` about ``height`` pixels high; None where the face cannot draw it.

        ``arcs``: some words are bent, which a quad describes badly.
        """
        r = self.random
        file = file or self.face()
        font = self._load(file, height)
        text = _drawable(text, font, ascii_only="aenigma" in file)
        if not text:
            return None
        style, spacing = r.random(), 0.0
        if style < 0.80:
            spacing = r.choice((-0.06, 0.1, 0.2, 0.4, 0.8)) if style > 0.66 else 0.0
            mask = self._straight(text, font, spacing)
        else:
            mask = self._wobbling(text, font, height, arcs)
        if mask is None:
            return None
        if r.random() < 0.35:  # faces are condensed and extended at will on signs and labels
            stretch = r.uniform(0.6, 1.6)
            wide = max(8, int(mask.shape[1] * stretch))
            mask = np.asarray(Image.fromarray(mask).resize((wide, mask.shape[0])))
            spacing *= stretch
        return Lettering(mask, text, file, max(0.0, spacing * font.size))

    def _straight(self, text: str, font: ImageFont.FreeTypeFont, spacing: float) -> Mask | None:
        stroke = self.random.choice((1, 1, 2)) if self.random.random() < 0.08 else 0
        hollow = stroke > 0 and self.random.random() < 0.5
        left, top, right, bottom = (int(v) for v in font.getbbox(text, stroke_width=stroke))
        extra = int(abs(spacing) * font.size * len(text)) if spacing > 0 else 0
        if right - left < 2 or bottom - top < 4 or right - left > 2400:
            return None
        image = Image.new("L", (right - left + extra + 2, bottom - top + 2))
        draw = ImageDraw.Draw(image)
        if spacing == 0:
            where = (1 - left, 1 - top)
            draw.text(where, text, fill=255, font=font, stroke_width=stroke)
            if hollow:
                draw.text(where, text, fill=0, font=font)
        else:
            x = 1.0 - left
            for letter in text:
                draw.text((x, 1 - top), letter, fill=255, font=font, stroke_width=stroke)
                x += font.getlength(letter) + spacing * font.size
        return _trim(np.asarray(image))

    def _wobbling(
        self, text: str, font: ImageFont.FreeTypeFont, height: int, arcs: bool
    ) -> Mask | None:
        """Letters placed one by one: arcs, waves, steps, tilts and sizes of their own."""
        r = self.random
        bend = r.uniform(-0.9, 0.9) if arcs and r.random() < 0.6 else 0.0
        wave = r.uniform(0, 0.12) if bend == 0 else 0.0
        tilt = r.uniform(0, 9) if r.random() < 0.5 else 0.0
        gap = r.uniform(-0.02, 0.15)
        advance = [max(font.getlength(c), height * 0.15) + gap * height for c in text]
        total = sum(advance)
        if total > 1600:
            return None
        margin = int(height * 1.2 + abs(bend) * total * 0.35)
        image = np.zeros((height * 2 + 2 * margin, int(total) + 4 * height), np.uint8)
        x = 2.0 * height
        for at, letter in enumerate(text):
            middle = (x - 2 * height + advance[at] / 2) / total - 0.5
            # A circle's arc is a parabola at these bends; the tangent tilts the letter.
            lift = bend * total * 0.35 * (4 * middle * middle - 1)
            lift += wave * height * float(np.sin(at * 1.7 + bend * 9))
            angle = -float(np.degrees(np.arctan(2.8 * bend * middle))) + r.uniform(-tilt, tilt)
            box = font.getbbox(letter)
            wide, high = int(box[2] - box[0]) + 4, int(height * 1.6)
            if wide > 4:
                cell = Image.new("L", (wide, high))
                ImageDraw.Draw(cell).text((2 - box[0], height * 0.1), letter, fill=255, font=font)
                if abs(angle) > 1:
                    cell = cell.rotate(angle, Image.Resampling.BILINEAR, expand=True)
                drawn = np.asarray(cell)
                top = int(margin + lift - (drawn.shape[0] - high) / 2)
                start = int(x + box[0] - (drawn.shape[1] - wide) / 2)
                if top < 0 or start < 0:
                    return None
                part = image[top : top + drawn.shape[0], start : start + drawn.shape[1]]
                if part.shape != drawn.shape:
                    return None
                np.maximum(part, drawn, out=part)
            x += advance[at]
        return _trim(image)


def space_between(row: Sequence[Lettering], gap: float) -> float:
    """Pixels between the words of a row, ``gap`` of their height.

    Words stand farther apart than the letters in them: nothing else tells where one ends.
    """
    high = float(np.mean([word.mask.shape[0] for word in row]))
    return max(gap * high, 2 * max(word.spacing for word in row) + 0.2 * high)


def _drawable(text: str, font: ImageFont.FreeTypeFont, ascii_only: bool) -> str:
    """``text`` with what the face lacks folded to ASCII or left out.

    Aenigma's faces answer every character that they lack with their foundry's mark.
    """
    if text.isascii() and text.isalnum():
        return text
    missing = bytes(font.getmask("\uffff"))
    drawn = ""
    for letter in text:
        plain = letter.isascii() and (letter.isalnum() or not ascii_only)
        if plain or (not ascii_only and bytes(font.getmask(letter)) != missing):
            drawn += letter
        else:
            drawn += unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return drawn if any(letter.isalnum() for letter in drawn) else ""


def _trim(image: Mask) -> Mask | None:
    rows, columns = np.flatnonzero(image.max(1) > 60), np.flatnonzero(image.max(0) > 60)
    if len(rows) < 4 or len(columns) < 2:
        return None
    return np.ascontiguousarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
