"""Small pictures of one large word each, from a list of few: what a small model can learn soon."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.fonts import find_fonts
from export.synth.lettering import Mask, Typesetter
from export.synth.scenes import Scene, Word
from export.synth.textures import Textures

WORDS = ("bread", "coffee", "exit", "hotel", "market", "music", "police", "the")
_HEIGHT = 60  # pixels of the lettering before it is fitted


class SignPainter:
    """Paints words on plain grounds; the same seed paints the same ones."""

    def __init__(self, families: dict[str, list[str]], words: Sequence[str], seed: int) -> None:
        self.random = random.Random(seed)
        self.words = list(words)
        self.typesetter = Typesetter(families, seed)
        self.textures = Textures([], seed)

    def paint(self, side: int) -> Scene:
        """A square picture with one word, 60 to 95 % as wide as it or half as high."""
        r = self.random
        drawn = None
        while drawn is None:
            text = r.choice(self.words)
            shown = r.choice((text, text.upper(), text.capitalize()))
            drawn = self.typesetter.draw(shown, _HEIGHT, arcs=False)
        mask = _fitted(drawn.mask, int(side * r.uniform(0.6, 0.95)), side // 2)
        high, wide = mask.shape
        left, top = r.randint(0, side - wide), r.randint(0, side - high)
        ground = self.textures.patch(side, side, plain=0.8)
        cover = np.zeros((side, side, 1), np.float32)
        cover[top : top + high, left : left + wide, 0] = mask.astype(np.float32) / 255
        paint = self.textures.lettering(ground, side, side)
        picture = ground * (1 - cover) + paint * cover
        corners = [[0, 0], [wide, 0], [wide, high], [0, high]]
        quad = np.array(corners, np.float32) + np.array([left, top], np.float32)
        return Scene(picture.astype(np.uint8), [Word(quad, drawn.text)])


def _fitted(mask: Mask, wide: int, high: int) -> NDArray[np.uint8]:
    """The mask scaled to be at most so wide and so high."""
    scale = min(wide / mask.shape[1], high / mask.shape[0])
    size = max(1, int(mask.shape[1] * scale)), max(1, int(mask.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, size, interpolation=how), np.uint8)


def paint_signs(folder: Path, count: int, side: int, words: Sequence[str], seed: int) -> None:
    """Write a labelled set: ``images/`` and ``gt.json``."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    painter = SignPainter(find_fonts(folder / "fonts.json"), words, seed)
    labels = {}
    for at in range(count):
        scene = painter.paint(side)
        name = f"{at:05}.png"
        cv2.imwrite(str(folder / "images" / name), scene.picture[:, :, ::-1])
        labels[name] = [{"text": one.text, "quad": one.quad.tolist()} for one in scene.words]
    (folder / "gt.json").write_text(json.dumps(labels), "utf-8")


def draw(args: argparse.Namespace) -> None:
    paint_signs(args.out, args.count, args.side, args.words, args.seed)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``draw-signs``."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the labelled set")
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--side", type=int, default=96, metavar="PIXELS")
    parser.add_argument("--words", nargs="+", default=WORDS, metavar="WORD")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=draw)
