"""What only the one program that indexes has: the lock, the connection that writes, the models."""

from __future__ import annotations

import glob
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from engine import kept_packs
from engine.backfill import Backfill
from engine.background import Background
from engine.catalogue import Catalogue
from engine.embedder import Embedder
from engine.embedding import THREADS
from engine.events import Event
from engine.indexer import Indexer, ScanResult
from engine.kept_index import adopt_index, delete_index
from engine.lock import LibraryLock
from engine.packs import ModelPack
from engine.panel import Panel
from engine.rows import PackRow

if TYPE_CHECKING:
    from engine.towers import Towers


@dataclass(frozen=True, slots=True)
class Held:
    """A library that no other program writes until it is released."""

    lock: LibraryLock
    catalogue: Catalogue

    @classmethod
    def take(cls, folder: Path, file: Path) -> Self:
        """LibraryError if another program has it, or the catalogue cannot be opened."""
        lock = LibraryLock(folder)
        lock.take()
        try:
            return cls(lock, Catalogue.open(file, write=True))
        except BaseException:
            lock.release()
            raise

    def release(self) -> None:
        self.catalogue.close()
        self.lock.release()


class Writing:
    """Embeds with the first pack of a panel, and in the time that is left with those beside it."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        panel: Panel,
        factory: Callable[[], Towers] | None,
        announce: Callable[[Event], None],
        removed: Callable[[NDArray[np.int64]], None],
        finished: Callable[[ScanResult, bool], None],
    ) -> None:
        """``folder``: of the library. ``removed``, ``finished``: see Indexer and Background."""
        self.catalogue = catalogue
        self._folder = folder
        self._panel = panel
        self._factory = factory
        self._announce = announce
        self._finished = finished
        first = panel.first
        self._embedder = self._open_embedder(first.pack)
        self.indexer = Indexer(
            catalogue,
            self._embedder,
            first.pack,
            announce,
            first.index.add,
            removed,
            exclude=[glob.escape(str(folder))],
        )
        self._backfills = self._follow()
        self.background = Background(
            self.indexer,
            lambda: [root.path for root in catalogue.roots()],
            announce,
            self._on_finished,
            self.catch_up,
        )

    def follow(self, panel: Panel) -> None:
        """Embeds with the packs of another panel; on the indexing thread, between two scans."""
        self._panel.save()
        self._embedder.close()
        self._panel = panel
        self._embedder = self._open_embedder(panel.first.pack)
        self.indexer.use(panel.first.pack, self._embedder, panel.first.index.add)
        self._backfills = self._follow()

    def catch_up(self, cancel: threading.Event) -> int:
        """What is left of packs that were forgotten goes, and packs beside the first embed.

        How many contents they embedded.
        """
        while not cancel.is_set() and len(self.catalogue.forget_some()):
            pass
        done = sum(backfill.run(cancel) for backfill in self._backfills if not cancel.is_set())
        if done:
            self._panel.save()
        return done

    def forget(self, pack: PackRow) -> None:
        """Deletes what a pack embedded that is not in use."""
        self.background.run(lambda: self.catalogue.begin_forgetting(pack.pack_id))
        delete_index(self._folder, pack)
        kept_packs.drop(pack.fingerprint, self._folder)
        # In pieces, so that other calls get their turn.
        while len(self.background.run(self.catalogue.forget_some)):
            pass

    def stop(self) -> None:
        """Ends the thread and the models; it may be started again."""
        self.background.stop()
        self._embedder.close()

    def _on_finished(self, result: ScanResult, is_scan: bool) -> None:
        if is_scan:
            for backfill in self._backfills:
                backfill.try_again()
        self._finished(result, is_scan)

    def _follow(self) -> list[Backfill]:
        for pack in self._panel.packs:
            kept_packs.keep(pack, self._folder)
            adopt_index(self._folder, pack)
        return [
            Backfill(
                self.catalogue,
                self._open_embedder(one.pack),
                one.pack,
                self._announce,
                one.index.add,
                self._embedder.close,
            )
            for one in self._panel.in_use[1:]
        ]

    def _open_embedder(self, pack: ModelPack) -> Embedder:
        return Embedder(self._factory or _towers_factory(pack), longest_side=pack.longest_side)


def _towers_factory(pack: ModelPack) -> Callable[[], Towers]:
    # Here, because importing onnxruntime takes longer than most commands.
    from engine.towers import open_towers_of_folder

    return partial(open_towers_of_folder, str(pack.folder), THREADS)
