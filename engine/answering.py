"""One pack's way from a typed word to an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import PackError
from engine.kept_index import KeptIndex
from engine.packs import ModelPack
from engine.readers import Readers
from engine.scoring import Scorer
from engine.search import Searcher

if TYPE_CHECKING:
    from engine.towers import Towers


class Answering:
    """The text tower is opened by the first word: whoever only counts photos never pays for it."""

    def __init__(
        self,
        folder: Path,
        pack: ModelPack,
        reading: Readers,
        factory: Callable[[], Towers] | None = None,
    ) -> None:
        """``folder``: of the library. ``factory``: opens other towers than the pack's."""
        self.pack = pack
        self.folder = folder
        self.reading = reading
        self.factory = factory
        self.index = KeptIndex(folder / f"{pack.name}.hnsw", pack, reading)
        self.searcher = Searcher(reading, self.index.current, self._embed_words, Scorer(pack), pack)
        self._lock = threading.Lock()
        self._towers: Towers | None = None

    def open_words(self) -> Towers:
        """The text tower; PackError if it cannot be loaded."""
        with self._lock:
            if self._towers is None:
                self._towers = self.factory() if self.factory else _open_text(self.pack)
            return self._towers

    def _embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        return self.open_words().embed_words(words)


def find_stand_in(answering: Answering, packs: Callable[[], list[ModelPack]]) -> Answering | None:
    """Another pack that has seen more photos, while this one still has some to see."""
    pack = answering.pack
    with answering.reading() as catalogue:
        own = catalogue.counts(catalogue.pack_id(pack))
        if not own.waiting:
            return None
        try:
            others = [other for other in packs() if other.fingerprint != pack.fingerprint]
        except PackError:
            return None
        best, most = None, own.searchable
        for other in others:
            pack_id = catalogue.pack_id(other) if other.name != pack.name else 0
            searchable = catalogue.counts(pack_id).searchable
            if searchable > most:
                best, most = other, searchable
    if best is None:
        return None
    return Answering(answering.folder, best, answering.reading, answering.factory)


def _open_text(pack: ModelPack) -> Towers:
    # Here, because importing onnxruntime takes longer than most commands.
    from engine.towers import open_towers

    return open_towers(pack, threads=1, parts="text")
