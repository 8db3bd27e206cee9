"""One pack's way from a typed word to an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.kept_index import KeptIndex, index_file
from engine.packs import ModelPack
from engine.readers import Readers
from engine.scenes import SceneSearcher
from engine.scoring import Scorer
from engine.search import Answer, Searcher

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
        self.index = KeptIndex(index_file(folder, pack), pack, reading)
        self._factory = factory
        self._lock = threading.Lock()
        self._towers: Towers | None = None
        index, embed = self.index.current, self._embed_words
        self._searcher: Searcher | SceneSearcher
        if pack.mode == "words":
            self._searcher = Searcher(reading, index, embed, Scorer(pack), pack, places=pack.places)
        else:
            scorer = Scorer(pack) if "calibration" in pack.settings else None
            self._searcher = SceneSearcher(reading, index, embed, scorer, pack)

    def ask(self, query: str, *, limit: int = 200, everything: bool = False) -> Answer:
        """As ``Searcher.ask``; of scenes, everything is what a ``limit`` of 0 asks for."""
        if isinstance(self._searcher, Searcher):
            return self._searcher.ask(query, limit=limit, everything=everything)
        return self._searcher.ask(query, limit=limit)

    def excluded(self, query: str, photo_ids: Collection[int]) -> set[int]:
        """As ``Searcher.excluded``; a pack for scenes is never sure of a word."""
        if isinstance(self._searcher, Searcher):
            return self._searcher.excluded(query, photo_ids)
        return set()

    def open_words(self) -> Towers:
        """The text tower; PackError if it cannot be loaded."""
        with self._lock:
            if self._towers is None:
                self._towers = self._factory() if self._factory else _open_text(self.pack)
            return self._towers

    def _embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        return self.open_words().embed_words(words)


def _open_text(pack: ModelPack) -> Towers:
    # Here, because importing onnxruntime takes longer than most commands.
    from engine.towers import open_towers

    return open_towers(pack, threads=1, parts="text")
