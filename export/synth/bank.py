"""A store of drawn words: drawing glyphs is slow, so each mask serves in many crops and scenes."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from export.synth.corpus import Corpus
from export.synth.fonts import find_fonts
from export.synth.lettering import Lettering, Mask, Typesetter


class Bank:
    """Masks on disk, mapped into memory: item ``i`` is (mask (H, W) uint8, text)."""

    def __init__(self, folder: Path) -> None:
        self._ink = np.memmap(folder / "ink.u8", np.uint8, mode="r")
        self._shape = np.load(folder / "shapes.npy")
        self._start = np.concatenate([[0], np.cumsum(np.prod(self._shape, axis=1, dtype=np.int64))])
        self.texts: list[str] = json.loads((folder / "texts.json").read_text())

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, item: int) -> tuple[Mask, str]:
        ink = self._ink[self._start[item] : self._start[item + 1]]
        return ink.reshape(self._shape[item]), self.texts[item]


def _draw(job: tuple[dict[str, list[str]], int, int, int, tuple[str, ...]]) -> list[Lettering]:
    families, seed, count, height, extra = job
    corpus, typesetter = Corpus(seed, extra), Typesetter(families, seed)
    drawn: list[Lettering] = []
    while len(drawn) < count:
        lettering = typesetter.draw(corpus.string(), height)
        if lettering is not None:
            drawn.append(lettering)
    return drawn


def build_bank(
    folder: Path,
    count: int,
    *,
    processes: int,
    height: int = 40,
    seed: int = 0,
    extra: tuple[str, ...] = (),
) -> Bank:
    """Draw ``count`` words into ``folder``; ``extra`` are words that the corpus lacks."""
    Corpus(seed)  # says that words are missing before a minute is spent on fonts
    folder.mkdir(parents=True, exist_ok=True)
    families = find_fonts(folder / "fonts.json")
    size = 2000
    jobs = [
        (families, seed * 100_000 + at, min(size, count - at * size), height, extra)
        for at in range(-(-count // size))
    ]
    shapes, texts = [], []
    with (folder / "ink.u8").open("wb") as ink, ProcessPoolExecutor(processes) as pool:
        for drawn in pool.map(_draw, jobs):
            for lettering in drawn:
                ink.write(lettering.mask.tobytes())
                shapes.append(lettering.mask.shape)
                texts.append(lettering.text)
    np.save(folder / "shapes.npy", np.array(shapes, np.int32))
    (folder / "texts.json").write_text(json.dumps(texts))
    return Bank(folder)
