"""Stand-ins for the model: pictures that carry their words as coloured squares, and towers that
read those squares back.

The squares survive JPEG, scaling and turning, so everything between the file and the hit is real.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.embedding import Embedded, Skipped, embed_here
from engine.packs import ModelPack
from engine.regions import Region

COLUMNS = 16
ROWS = 9
EMBEDDING_SIZE = 96
LONGEST_SIDE = 640

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_BLANK = 63
_SIGNATURE = "photolex"

_UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def picture(*words: str, size: tuple[int, int] = (320, 180), variant: int = 0) -> Image.Image:
    """An upright RGB picture with up to 8 words of up to 16 letters a-z and digits, one a row.

    ``variant``: another number gives another picture of the same words.
    """
    assert len(words) < ROWS
    cells = np.full((ROWS, COLUMNS), _BLANK, dtype=np.uint8)
    number = "".join(_ALPHABET[variant // 36**place % 36] for place in range(4))
    for row, word in enumerate([_SIGNATURE + number, *words]):
        for column, letter in enumerate(word):
            cells[row, column] = _ALPHABET.index(letter)
    levels = np.stack([cells >> 4 & 3, cells >> 2 & 3, cells & 3], axis=-1) * np.uint8(85)
    return Image.fromarray(levels, "RGB").resize(size, Image.Resampling.NEAREST)


def photo(
    path: Path,
    *words: str,
    size: tuple[int, int] = (320, 180),
    variant: int = 0,
    orientation: int = 1,
) -> Path:
    """Writes ``picture`` in the format that the suffix names; ``orientation``: as EXIF has it."""
    image = picture(*words, size=size, variant=variant)
    path.parent.mkdir(parents=True, exist_ok=True)
    if orientation == 1:
        image.save(path, quality=90)
        return path
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.transpose(_UNTURN[orientation]).save(path, quality=90, exif=exif.tobytes())
    return path


def words_in(pixels: NDArray[np.uint8]) -> list[str]:
    """The words of such a picture, of any size; none of any other picture."""
    height, width = pixels.shape[:2]
    if height < 4 * ROWS or width < 4 * COLUMNS:
        return []
    rows = [
        "".join(_letter(_cell(pixels, row, column)) for column in range(COLUMNS))
        for row in range(ROWS)
    ]
    if not rows[0].startswith(_SIGNATURE):
        return []
    return [row.strip() for row in rows[1:] if row.strip()]


def _cell(pixels: NDArray[np.uint8], row: int, column: int) -> NDArray[np.float64]:
    """The mean colour of the middle of a square."""
    height, width = pixels.shape[:2]
    top, bottom = (round(height * (row + part) / ROWS) for part in (0.3, 0.7))
    left, right = (round(width * (column + part) / COLUMNS) for part in (0.3, 0.7))
    middle: NDArray[np.float64] = pixels[top:bottom, left:right].mean(axis=(0, 1))
    return middle


def _letter(colour: NDArray[np.float64]) -> str:
    red, green, blue = (round(float(level) / 85) for level in colour)
    code = red << 4 | green << 2 | blue
    return _ALPHABET[code] if code < len(_ALPHABET) else " "


@lru_cache(maxsize=4096)
def embedding_of(word: str) -> NDArray[np.float32]:
    """(d,) unit length: 1 for equal words, about 0.5 with one letter changed, about 0 otherwise."""
    parts = [f"{letter}@{place}" for place, letter in enumerate(word)]
    parts += [word[place : place + 2] for place in range(len(word) - 1)]
    vector = np.sum([_random_vector(part) for part in parts], axis=0)
    unit: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


@lru_cache(maxsize=4096)
def _random_vector(part: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2b(part.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(EMBEDDING_SIZE)


class FakeTowers:
    """Reads the words of ``picture`` off its pixels; sees nothing in any other photo."""

    embedding_size = EMBEDDING_SIZE
    longest_side = LONGEST_SIDE

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        height, width = pixels.shape[:2]
        return [
            Region(
                quad=_row_of(row, len(word), width, height),
                embedding=embedding_of(word).astype(np.float16),
                lattice=b"",
                reading=word,
                confidence=0.9,
            )
            for row, word in enumerate(words_in(pixels), start=1)
        ]

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        if not words:
            return np.empty((0, EMBEDDING_SIZE), dtype=np.float32)
        return np.stack([embedding_of(word) for word in words])


def _row_of(row: int, letters: int, width: int, height: int) -> NDArray[np.float32]:
    right, top, bottom = width * letters / COLUMNS, height * row / ROWS, height * (row + 1) / ROWS
    return np.array([(0, top), (right, top), (right, bottom), (0, bottom)], dtype=np.float32)


class SlowTowers(FakeTowers):
    """Takes a twentieth of a second for a photo, so that something can happen meanwhile."""

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        time.sleep(0.05)
        return super().embed_photo(pixels)


class FragileTowers(FakeTowers):
    """Does what the photo says: ``crash``, ``hang`` or ``fail``."""

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        regions = super().embed_photo(pixels)
        words = [region.reading for region in regions]
        if "crash" in words:
            os._exit(3)
        if "hang" in words:
            time.sleep(600)
        if "fail" in words:
            raise ValueError("This photo is too much for the model.")
        return regions


def fake_towers() -> FakeTowers:
    """A ``TowersFactory`` that any process can be given."""
    return FakeTowers()


def slow_towers() -> FakeTowers:
    return SlowTowers()


def fragile_towers() -> FakeTowers:
    return FragileTowers()


class FakeEmbedder:
    """Does in this process what ``Embedder`` does in its child, and keeps count.

    ``embedded``: the photos that went through the towers, in order. ``before``: called with the
    path of each photo before it is read.
    """

    def __init__(self) -> None:
        self.embedded: list[Path] = []
        self.closed = False

    def before(self, path: Path) -> None:
        """For a test to replace."""

    def embed(
        self, paths: Iterable[Path], cancel: threading.Event | None = None
    ) -> Iterator[Embedded | Skipped]:
        for path in paths:
            if cancel is not None and cancel.is_set():
                return
            self.before(path)
            result = embed_here(FakeTowers(), path, LONGEST_SIDE)
            if isinstance(result, Embedded):
                self.embedded.append(path)
            yield result

    def close(self) -> None:
        self.closed = True


def fake_pack(folder: Path, *, name: str = "fake") -> ModelPack:
    """A pack for ``FakeTowers`` without a file: scores by similarity alone.

    Equal words come out as "contains", words that differ in a letter at most as "probably".
    """
    return ModelPack(
        name=name,
        family="fake",
        licence="CC0-1.0",
        folder=folder,
        embedding_size=EMBEDDING_SIZE,
        longest_side=LONGEST_SIDE,
        files={},
        settings={
            # Changes the fingerprint with the name: two fake packs are two models.
            "focus": name,
            "calibration": {
                "similarity": 20.0,
                "exact": 0.0,
                "within": 0.0,
                "length": 0.0,
                "bias": -14.0,
                "contains": 0.9,
                "probably": 0.3,
            },
        },
    )
