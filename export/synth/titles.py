"""Large stylised lettering: wordmarks, titles, shop fronts, with what designers do to letters."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.corpus import Corpus
from export.synth.lettering import Lettering, Typesetter, space_between
from export.synth.lockups import Lockup, fitted, slanted, striped, worn
from export.synth.textures import Textures

Image = NDArray[np.uint8]
Layer = NDArray[np.float32]
HEIGHT = 110  # pixels of a line, about


@dataclass(frozen=True, slots=True)
class Title:
    """``layer`` (H, W, 4) float32 0..255, alpha the fourth, and each word's quad (4, 2)."""

    layer: Layer
    words: list[tuple[NDArray[np.float32], str]]


class TitlePainter:
    """Paints titles of one to four words, on a badge or on nothing."""

    def __init__(
        self, corpus: Corpus, typesetter: Typesetter, textures: Textures, seed: int
    ) -> None:
        self.random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.corpus, self.typesetter, self.textures = corpus, typesetter, textures

    def paint(self) -> Title | None:
        """A title; None where its face cannot draw the words."""
        r = self.random
        lockup = self._lay()
        if lockup is None:
            return None
        if r.random() < 0.3:
            lockup = fitted(lockup, r)
        if r.random() < 0.4:
            lockup = slanted(lockup, r.uniform(-0.15, 0.6))
        if r.random() < 0.16:
            lockup = striped(lockup, r, through=r.random() < 0.35)
        if r.random() < 0.1:
            lockup = worn(lockup, self.rng)
        layer = np.zeros((*lockup.ink.shape, 4), np.float32)
        if r.random() < 0.55:
            self._badge(layer, lockup)
        self._letters(layer, lockup.ink)
        return Title(layer, lockup.words)

    def _lay(self) -> Lockup | None:
        """One to four lines; of several, each as wide as the others or as its letters make it."""
        r = self.random
        file = self.typesetter.face(written=r.random() < 0.22)
        even = r.random() < 0.35
        lead = r.uniform(0.04, 0.2) if even else r.uniform(0.08, 0.5)
        rows = []
        for _ in range(r.choice((1, 1, 1, 2, 2, 3, 4))):
            height = int(HEIGHT * r.choice((1, 1, 0.6, 0.4)))
            face = file if r.random() < 0.8 else self.typesetter.face()
            drawn = [self._word(height, face) for _ in range(r.choice((1, 1, 1, 2)))]
            row = [word for word in drawn if word is not None and word.mask.shape[1] < 1200]
            if row:
                rows.append(row)
        if not rows:
            return None
        gap = r.uniform(0.2, 0.5)
        if even:
            widest = max(_width(row, gap) for row in rows)
            rows = [_widened(row, min(3.0, widest / _width(row, gap))) for row in rows]
        widths = [_width(row, gap) for row in rows]
        edge = int(HEIGHT * r.uniform(0.45, 0.9))
        wide = int(max(widths)) + 2 * edge
        heights = [max(word.mask.shape[0] for word in row) for row in rows]
        ink = np.zeros((int(sum(heights) * (1 + lead)) + 2 * edge, wide), np.uint8)
        quads = []
        top = float(edge)
        for row, width, height in zip(rows, widths, heights, strict=True):
            x, between = (wide - width) / 2, space_between(row, gap)
            for word in row:
                h, w = word.mask.shape
                y = int(top + (height - h) / 2)
                part = ink[y : y + h, int(x) : int(x) + w]
                np.maximum(part, word.mask[: part.shape[0], : part.shape[1]], out=part)
                room = 0.05 * h
                left, right, up, down = x - room, x + w + room, y - room, y + h + room
                corners = [[left, up], [right, up], [right, down], [left, down]]
                quads.append((np.array(corners, np.float32), word.text))
                x += w + between
            top += height * (1 + lead)
        return Lockup(ink, quads)

    def _word(self, height: int, file: str) -> Lettering | None:
        """A word; some have a large initial."""
        r = self.random
        text = self.corpus.string()[:14]
        if r.random() > 0.1 or len(text) < 3 or not text.isalnum():
            return self.typesetter.draw(text, height, file, arcs=False)
        text = text.upper()
        first = self.typesetter.draw(text[0], int(height * r.uniform(1.2, 1.7)), file, arcs=False)
        rest = self.typesetter.draw(text[1:], height, file, arcs=False)
        if first is None or rest is None:
            return None
        (h0, w0), (h1, w1) = first.mask.shape, rest.mask.shape
        high, between = max(h0, h1), int(height * r.uniform(-0.02, 0.12))
        top = high - h1 if r.random() < 0.6 else (high - h1) // 2
        mask = np.zeros((high, w0 + between + w1), np.uint8)
        mask[high - h0 :, :w0] = first.mask
        part = mask[top : top + h1, w0 + between :]
        np.maximum(part, rest.mask, out=part)
        return Lettering(mask, first.text + rest.text, file, rest.spacing)

    def _badge(self, layer: Layer, lockup: Lockup) -> None:
        """A shape behind the letters, often with a border of another colour."""
        r = self.random
        least, most = lockup.box()
        centre, size = (least + most) / 2, (most - least) / 2
        room = HEIGHT * r.uniform(0.12, 0.4)
        kind = r.randrange(4)
        if kind == 0:
            angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
            reach = size * r.uniform(1.1, 1.35) + room * 0.3
            shape = centre + reach * np.stack([np.cos(angle), np.sin(angle)], 1)
        elif kind == 1:  # a plate with rounded corners
            angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
            way = np.stack([np.cos(angle), np.sin(angle)], 1)
            shape = centre + (size + room) * np.sign(way) * np.abs(way) ** r.uniform(0.1, 0.4)
        elif kind == 2:  # a ribbon, an arrow, a lozenge
            nose = room * r.uniform(0, 2)
            x, y = size + room
            tail = -x - r.choice((-1, 1)) * nose
            ends = [[-x, -y], [x, -y], [x + nose, 0], [x, y], [-x, y], [tail, 0]]
            shape = centre + np.array(ends)
        else:
            jitter = self.rng.uniform(-0.2, 0.2, (4, 2)) * room
            x, y = size + room
            shape = centre + np.array([[-x, -y], [x, -y], [x, y], [-x, y]]) + jitter
        high, wide = layer.shape[:2]
        cover = np.zeros((high, wide), np.uint8)
        cv2.fillPoly(cover, [np.round(shape * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
        patch = self.textures.patch(wide, high, plain=0.8)
        _cover(layer, cover, patch.astype(np.float32))
        if r.random() < 0.4:
            line = np.zeros_like(cover)
            thick = r.randint(2, 12)
            inner = centre + (shape - centre) * r.choice((1.0, 0.95))
            outline = [np.round(inner * 8).astype(np.int32)]
            cv2.polylines(line, outline, True, 255, thick, cv2.LINE_AA, 3)
            _cover(layer, line, self.textures.colour())

    def _letters(self, layer: Layer, ink: Image) -> None:
        """The letters with outlines, shadows and fills."""
        r = self.random
        high, wide = ink.shape
        ground = layer[:, :, :3].astype(np.uint8)
        if r.random() < 0.25:  # cast or extruded
            step = (r.choice((-1, 1)) * r.uniform(0.3, 1), r.uniform(0.2, 1))
            length = r.randint(3, 14)
            solid = r.random() < 0.5
            shade = np.zeros_like(ink)
            for at in range(1 if solid else length, length + 1):
                shift = np.array([[1, 0, step[0] * at], [0, 1, step[1] * at]], np.float32)
                shade = np.maximum(shade, np.asarray(cv2.warpAffine(ink, shift, (wide, high))))
            if not solid:
                shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), r.uniform(1, 5)))
            _cover(layer, shade, self.textures.colour() * np.float32(r.uniform(0.1, 0.8)))
        for _ in range(r.choice((0, 0, 0, 1, 1, 2))):
            size = 2 * r.randint(1, 5) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            around = np.asarray(cv2.dilate(ink, kernel), np.uint8)
            _cover(layer, around, self.textures.colour())
        fill = self.textures.lettering(ground, wide, high)
        kind = r.random()
        if kind < 0.14:  # each letter in a colour of its own
            colours = [self.textures.colour() for _ in range(r.randint(2, 4))]
            _, labels = cv2.connectedComponents((ink > 127).astype(np.uint8))
            palette = np.stack([r.choice(colours) for _ in range(int(labels.max()) + 1)])
            near = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.intp)
            fill = palette[near].astype(np.float32)
        elif kind < 0.24:  # two halves in different colours
            at = int(wide * r.uniform(0.3, 0.7))
            fill[:, at:] = self.textures.colour()
        elif kind < 0.44:  # from light to dark, or a gloss on the upper half
            way = np.linspace(r.uniform(-90, 0), r.uniform(0, 90), high, dtype=np.float32)
            if r.random() < 0.4:
                way = np.where(np.arange(high) < high * r.uniform(0.4, 0.6), 60.0, 0.0)
            fill = np.clip(fill + way.astype(np.float32)[:, None, None], 0, 255)
        if r.random() < 0.07:  # hollow
            inner = np.asarray(cv2.erode(ink, np.ones((3, 3), np.uint8), iterations=2), np.uint8)
            ink = cv2.subtract(ink, inner).astype(np.uint8)
        _cover(layer, ink, fill)


def _cover(layer: Layer, mask: Image, paint: NDArray[np.float32]) -> None:
    """Lay paint, (3,) or (H, W, 3), over a layer where the mask is."""
    alpha = mask.astype(np.float32)[:, :, None] / 255
    layer[:, :, :3] += alpha * (paint - layer[:, :, :3])
    layer[:, :, 3:] += alpha * (255 - layer[:, :, 3:])


def _width(row: list[Lettering], gap: float) -> float:
    """How wide a row of words is, with gaps as parts of its height."""
    return sum(word.mask.shape[1] for word in row) + space_between(row, gap) * (len(row) - 1)


def _widened(row: list[Lettering], times: float) -> list[Lettering]:
    """Enlarged, for the greater part as a whole, for the rest in width only."""
    tall = min(times, 2.0) ** 0.8
    return [
        replace(
            word,
            mask=np.asarray(cv2.resize(word.mask, None, fx=times, fy=tall), np.uint8),
            spacing=times * word.spacing,
        )
        for word in row
    ]
