"""The library: the one object that the window and the command line hold."""

from __future__ import annotations

import glob
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import platformdirs
from numpy.typing import NDArray

from engine.answering import Answering, find_stand_in
from engine.background import Background
from engine.catalogue import Catalogue
from engine.embedder import Embedder
from engine.errors import LibraryError
from engine.events import Announcer, EngineFailed, PhotosChanged
from engine.indexer import Indexer, ScanResult
from engine.lock import LibraryLock
from engine.packs import ModelPack, find_packs
from engine.readers import Readers
from engine.roots import Root, absolute, check_root
from engine.rows import SkippedRow
from engine.search import Answer
from engine.thumbnails import Thumbnails
from engine.watcher import Watcher

if TYPE_CHECKING:
    from engine.index import Embeddings
    from engine.towers import Towers

__all__ = ["CATALOGUE", "Library", "Root", "Status"]

_logger = logging.getLogger(__name__)

CATALOGUE = "catalogue.sqlite"


@dataclass(frozen=True, slots=True)
class Status:
    """``waiting``: photos that are neither searchable nor skipped yet. ``regions``: of the pack.

    ``index_ready``: searches are answered by the index; until then they are exact, and slower.
    """

    photos: int
    searchable: int
    skipped: int
    waiting: int
    regions: int
    pack_name: str
    indexing: bool
    paused: bool
    index_ready: bool


@dataclass(frozen=True, slots=True)
class _Writing:
    """What only the one program that indexes has."""

    lock: LibraryLock
    catalogue: Catalogue
    embedder: Embedder
    indexer: Indexer
    background: Background


class Library:
    """Made by ``open`` and ended by ``close``; every method may be called from any thread.

    While another pack than the last time looks at the photos, the last one goes on answering.
    """

    def __init__(
        self,
        folder: Path,
        thumbnails: Path,
        pack: ModelPack,
        factory: Callable[[], Towers] | None,
        *,
        read_only: bool,
    ) -> None:
        """Use ``open``."""
        self.folder = folder
        self.pack = pack
        self.announcer = Announcer()
        self._thumbnails = Thumbnails(thumbnails)
        self._factory = factory
        self._readers = Readers(folder / CATALOGUE)
        self._answering = Answering(folder, pack, self._readers, factory)
        self._stand_in: Answering | None = None
        self._stopping = threading.Event()
        self._preparing: threading.Thread | None = None
        self._watcher: Watcher | None = None
        self._roots: frozenset[Path] = frozenset()
        self._writing = None if read_only else self._begin_writing()

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        *,
        pack: ModelPack | None = None,
        factory: Callable[[], Towers] | None = None,
        read_only: bool = False,
    ) -> Self:
        """The library in ``folder``, by default the person's own; made if it is not there.

        ``pack``: by default the first that is found. ``factory``: opens other towers than the
        pack's, here and in the embedder's process. ``read_only``: searches and counts only, and
        may be used beside the program that indexes. LibraryError if the folder cannot be used or
        another program is using it.
        """
        if folder is None:
            folder = platformdirs.user_data_path("photolex", appauthor=False)
            thumbnails = platformdirs.user_cache_path("photolex", appauthor=False) / "thumbnails"
        else:
            folder = absolute(folder)
            thumbnails = folder / "thumbnails"
        if read_only and not (folder / CATALOGUE).exists():
            raise LibraryError(f"There is no library in {folder} yet; index a folder first.")
        library = cls(folder, thumbnails, pack or find_packs()[0], factory, read_only=read_only)
        try:
            library._look_around(read_only)
        except BaseException:
            library.close()
            raise
        return library

    def close(self) -> None:
        """Stops everything and lets another program use the library."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self._stop(writing)
            writing.catalogue.close()
        self._readers.close()
        if writing is not None:
            writing.lock.release()

    # Folders

    def roots(self) -> list[Root]:
        """The watched folders, by path."""
        with self._readers() as catalogue:
            rows = catalogue.roots()
        watcher = self._watcher
        return [
            Root(
                row.path,
                row.online,
                row.photos,
                watcher is not None and watcher.is_polled(row.path),
            )
            for row in rows
        ]

    def add_root(self, path: Path) -> Root:
        """Watches a folder; RootError if it cannot be watched. Folders inside it become part of it.

        It is indexed at once if the library has been started, else by ``index_now``.
        """
        writing = self._may_write()
        watched = [root.path for root in self.roots()]
        path = check_root(path, self.folder, watched)
        writing.background.run(lambda: writing.catalogue.add_root(path))
        self._follow_roots()
        if path in watched:
            writing.background.scan([path])
        return next(root for root in self.roots() if root.path == path)

    def remove_root(self, path: Path) -> None:
        """Forgets a folder and its photos, which stay untouched; RootError if it is not watched."""
        writing = self._may_write()
        path = absolute(path)
        root = next((root for root in self.roots() if root.path == path), None)

        def remove() -> None:
            self._on_removed(writing.catalogue.remove_root(path))

        writing.background.run(remove)
        self._follow_roots()
        if root is not None and root.photos:
            self.announcer.announce(PhotosChanged(added=0, removed=root.photos))

    def rescan(self, root: Path | None = None) -> None:
        """Looks through a folder, or all of them, once the library has been started."""
        paths = [one.path for one in self.roots()] if root is None else [absolute(root)]
        self._may_write().background.scan(paths)

    def confirm_removal(self, root: Path) -> None:
        """The photos that disappeared from a folder all at once are gone indeed."""
        writing = self._may_write()
        writing.background.run(lambda: writing.indexer.confirm_removal(absolute(root)))

    # Indexing

    def index_now(self, cancel: threading.Event) -> ScanResult:
        """Brings everything up to date and returns; what is done when ``cancel`` is set is kept."""
        writing = self._may_write()
        self._answering.index.bring_up(cancel.is_set)
        roots = [root.path for root in self.roots()]
        result = writing.background.run(lambda: writing.indexer.scan(roots, cancel))
        self._on_finished(result, True)
        return result

    def start(self) -> None:
        """Begins to index and to watch in the background; returns at once."""
        writing = self._may_write()
        if self._watcher is not None:
            return
        self._stopping.clear()
        self._preparing = threading.Thread(target=self._prepare, name="photolex-index")
        self._preparing.start()
        writing.background.start()
        self._watcher = Watcher(self._on_changed, ignored=(self.folder,))
        self._watcher.start()
        # Every root is posted when its watching begins, and so it is scanned without a gap.
        self._follow_roots()

    def stop(self) -> None:
        """Ends the work in the background within seconds; what is embedded is kept."""
        if self._writing is not None:
            self._stop(self._writing)

    def pause(self, reason: str = "paused by you") -> None:
        """Puts indexing off until ``resume``; searches go on."""
        self._may_write().background.pause(reason)

    def resume(self) -> None:
        """Goes on where ``pause`` left off."""
        self._may_write().background.resume()

    @property
    def paused(self) -> bool:
        return self._writing is not None and self._writing.background.paused

    # Questions

    def search(self, query: str, *, limit: int = 200, everything: bool = False) -> Answer:
        """The best photos for a query; see ``Searcher.ask``. LibraryError if it cannot be done."""
        answering = self._stand_in or self._answering
        return answering.searcher.ask(query, limit=limit, everything=everything)

    def status(self) -> Status:
        with self._readers() as catalogue:
            counts = catalogue.counts(catalogue.pack_id(self.pack))
        writing = self._writing
        return Status(
            photos=counts.photos,
            searchable=counts.searchable,
            skipped=counts.skipped,
            waiting=counts.waiting,
            regions=counts.regions,
            pack_name=self.pack.name,
            indexing=writing is not None and writing.background.busy,
            paused=self.paused,
            index_ready=(self._stand_in or self._answering).index.ready,
        )

    def skipped(self) -> list[SkippedRow]:
        """The photos that cannot be searched, each with its reason."""
        with self._readers() as catalogue:
            return catalogue.skipped()

    def thumbnail(self, photo_id: int, side: int = 256) -> Path | None:
        """A WebP picture of a photo, made when first asked for; None when it cannot be made."""
        with self._readers() as catalogue:
            row = catalogue.photo(photo_id)
        if row is None or row.digest is None:
            return None
        return self._thumbnails.get(row.path, row.digest, side)

    # Behind the scenes

    def _begin_writing(self) -> _Writing:
        lock = LibraryLock(self.folder)
        lock.take()
        try:
            catalogue = Catalogue.open(self.folder / CATALOGUE, write=True)
        except BaseException:
            lock.release()
            raise
        embedder = Embedder(
            self._factory or _towers_factory(self.pack), longest_side=self.pack.longest_side
        )
        indexer = Indexer(
            catalogue,
            embedder,
            self.pack,
            self.announcer.announce,
            self._on_added,
            self._on_removed,
            exclude=[glob.escape(str(self.folder))],
        )
        background = Background(
            indexer,
            lambda: [root.path for root in catalogue.roots()],
            self.announcer.announce,
            self._on_finished,
        )
        return _Writing(lock, catalogue, embedder, indexer, background)

    def _look_around(self, read_only: bool) -> None:
        self._stand_in = find_stand_in(self._answering, find_packs)
        if read_only:
            (self._stand_in or self._answering).index.load_if_quick()

    def _may_write(self) -> _Writing:
        if self._writing is None:
            raise LibraryError("This library was opened for reading only.")
        return self._writing

    def _stop(self, writing: _Writing) -> None:
        self._stopping.set()
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
        writing.background.stop()
        if self._preparing is not None:
            self._preparing.join()
            self._preparing = None
        writing.embedder.close()
        self._answering.index.save()

    def _prepare(self) -> None:
        """Makes the first search quick."""
        answering = self._stand_in or self._answering
        try:
            answering.open_words()
            answering.index.bring_up(self._stopping.is_set)
            self._answering.index.bring_up(self._stopping.is_set)
            self._answering.index.save()
        except LibraryError as error:
            self.announcer.announce(EngineFailed(error))
        except Exception as error:
            _logger.exception("The index could not be made")
            self.announcer.announce(EngineFailed(error))

    def _follow_roots(self) -> None:
        """Watches the folders that are roots now, and no others."""
        roots = frozenset(root.path for root in self.roots())
        gone, self._roots = self._roots - roots, roots
        if self._watcher is not None:
            for root in gone:
                self._watcher.unwatch(root)
            for root in roots:
                self._watcher.watch(root)

    def _on_changed(self, paths: set[Path]) -> None:
        writing = self._writing
        if writing is not None:
            if roots := paths & self._roots:
                writing.background.scan(roots)
            if others := paths - roots:
                writing.background.notice(others)

    def _on_added(self, ids: NDArray[np.int64], embeddings: Embeddings) -> None:
        self._answering.index.add(ids, embeddings)

    def _on_removed(self, ids: NDArray[np.int64]) -> None:
        for answering in (self._answering, self._stand_in):
            if answering is not None:
                answering.index.remove(ids)

    def _on_finished(self, result: ScanResult, is_scan: bool) -> None:
        if self._watcher is not None:
            self._watcher.look_again(result.unsettled)
        if is_scan and not result.cancelled:
            self._answering.index.save()
        if self._stand_in is not None and not self.status().waiting:
            self._stand_in = None
            self.announcer.announce(PhotosChanged(added=0, removed=0))


def _towers_factory(pack: ModelPack) -> Callable[[], Towers]:
    # Here, because importing onnxruntime takes longer than most commands.
    from engine.towers import open_towers_of_folder

    return partial(open_towers_of_folder, str(pack.folder))
