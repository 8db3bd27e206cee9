"""A catalogue of photos that were never taken, as large as one likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import lattice
from engine.catalogue import Catalogue
from engine.packs import ModelPack
from engine.regions import Region
from engine.tokenizer import ALPHABET

SIZE = 192
COLUMNS = 32
REGIONS_A_PHOTO = 20

_NOISE = 0.6
_CHUNK = 1000


def bench_pack(folder: Path) -> ModelPack:
    """A pack without files whose calibration trusts readings about as much as similarities."""
    return ModelPack(
        name="bench",
        family="bench",
        licence="CC0-1.0",
        folder=folder,
        embedding_size=SIZE,
        longest_side=1280,
        files={},
        settings={
            "calibration": {
                "similarity": 8.0,
                "exact": 1.5,
                "within": 0.5,
                "length": 1.0,
                "bias": -3.0,
                "contains": 0.8,
                "probably": 0.4,
            }
        },
    )


class Vocabulary:
    """Random words with an embedding and a lattice each; few of them are frequent."""

    def __init__(self, words: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        lengths = random.integers(3, 12, words)
        letters = random.choice(list(ALPHABET), lengths.sum())
        ends = np.cumsum(lengths)
        self.words = ["".join(part) for part in np.split(letters, ends[:-1])]
        self.embeddings = _unit(random.standard_normal((words, SIZE), np.float32))
        self._rows = {word: row for row, word in enumerate(self.words)}

    def embed(self, words: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) unit rows; a word that is not among them has a direction of its own."""
        rows = [self._rows.get(word, hash(word) % len(self.words)) for word in words]
        return self.embeddings[rows]

    def lattices(self) -> Iterator[bytes]:
        """What a tower that reads well, but not surely, believes to see of each word."""
        random = np.random.default_rng(1)
        for start in range(0, len(self.words), _CHUNK):
            words = self.words[start : start + _CHUNK]
            scores = random.standard_normal((len(words), COLUMNS, len(ALPHABET) + 1), np.float32)
            scores[:, :, 0] += 4
            for row, word in enumerate(words):
                for place, letter in enumerate(word):
                    column = (2 * place + 1) * COLUMNS // (2 * len(word))
                    scores[row, column, ALPHABET.index(letter) + 1] += 8
            scores -= np.log(np.exp(scores).sum(2, keepdims=True))
            yield from lattice.pack(scores)


def fill(catalogue: Catalogue, pack: ModelPack, vocabulary: Vocabulary, regions: int) -> None:
    """Puts ``regions`` word regions on photos, frequent words far more often than rare ones."""
    random = np.random.default_rng(2)
    root = catalogue.add_root(catalogue.file.parent)
    pack_id = catalogue.pack_id(pack)
    chances = 1 / np.arange(10, 10 + len(vocabulary.words))
    chosen = random.choice(len(vocabulary.words), regions, p=chances / chances.sum())
    noise = random.standard_normal((regions, SIZE), np.float32) * np.float32(_NOISE / SIZE**0.5)
    embeddings = _unit(vocabulary.embeddings[chosen] + noise).astype(np.float16)
    lattices = list(vocabulary.lattices())
    quad = np.array([(0, 0), (100, 0), (100, 30), (0, 30)], np.float32)
    with catalogue.batch():
        for number, start in enumerate(range(0, regions, REGIONS_A_PHOTO)):
            path = root.path / f"{number}.jpg"
            photo = catalogue.record_photo(root.root_id, path, 1, 1)
            content = catalogue.content(number.to_bytes(16, "big"), 1, 4000, 3000)
            found = [
                Region(
                    quad + np.float32(40 * (row - start)),
                    embeddings[row],
                    lattices[chosen[row]],
                    vocabulary.words[chosen[row]],
                    0.9,
                )
                for row in range(start, min(start + REGIONS_A_PHOTO, regions))
            ]
            catalogue.store_regions(content, pack_id, found)
            catalogue.settle_photo(photo, 1, 1, content)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
