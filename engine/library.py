"""The library: the one object that the window and the command line hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import platformdirs
from numpy.typing import NDArray

from engine.errors import LibraryError
from engine.events import Announcer, PhotosChanged
from engine.indexer import ScanResult
from engine.packs import Mode, ModelPack, find_packs, installed_packs
from engine.panel import Panel
from engine.preparation import Preparation
from engine.readers import Readers
from engine.roots import Root, absolute, check_root
from engine.rows import SkippedRow
from engine.search import Answer
from engine.shelf import PackStatus, Shelf
from engine.thumbnails import Thumbnails
from engine.watcher import Watcher
from engine.writing import Held, Writing

if TYPE_CHECKING:
    from engine.towers import Towers

__all__ = ["CATALOGUE", "Library", "PackStatus", "Root", "Status"]

CATALOGUE = "catalogue.sqlite"


@dataclass(frozen=True, slots=True)
class Status:
    """``waiting``: photos that are neither searchable nor skipped yet. ``regions``: of the pack.

    All by the first of the packs in use; ``Library.packs`` says it of each.
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


class Library:
    """Made by ``open`` and ended by ``close``; every method may be called from any thread.

    While another pack than the last time looks at the photos, the last one goes on answering.
    """

    def __init__(
        self,
        folder: Path,
        thumbnails: Path,
        packs: Sequence[ModelPack],
        factory: Callable[[], Towers] | None,
        *,
        read_only: bool,
    ) -> None:
        """Use ``open``."""
        self.folder = folder
        self.announcer = Announcer()
        self._thumbnails = Thumbnails(thumbnails)
        self._factory = factory
        self._readers = Readers(folder / CATALOGUE)
        self._shelf = Shelf(folder, self._readers, installed_packs)
        self._preparation = Preparation(self.announcer.announce)
        self._watcher: Watcher | None = None
        self._roots: frozenset[Path] = frozenset()
        self._writing: Writing | None = None
        self._held = None if read_only else Held.take(folder, folder / CATALOGUE)
        try:
            used = packs or self._shelf.remembered() or find_packs()[:1]
            self._panel = Panel(folder, used, self._readers, factory)
            if self._held is not None:
                self._writing = Writing(
                    folder,
                    self._held.catalogue,
                    self._panel,
                    factory,
                    self.announcer.announce,
                    self._on_removed,
                    self._on_finished,
                )
                if packs:
                    self._held.catalogue.use_packs(self._panel.packs)
            self._look_around(read_only)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        *,
        pack: ModelPack | None = None,
        beside: Sequence[ModelPack] = (),
        factory: Callable[[], Towers] | None = None,
        read_only: bool = False,
    ) -> Self:
        """The library in ``folder``, by default the person's own; made if it is not there.

        ``pack``: by default those that the library used last, else the first that is found; it is
        remembered unless ``read_only``. ``beside``: packs that answer with it. ``factory``: opens
        other towers than the packs', here and in the embedder's process. ``read_only``: searches
        and counts only, and may be used beside the program that indexes. LibraryError if the folder
        cannot be used or another program is using it.
        """
        if folder is None:
            folder = platformdirs.user_data_path("photolex", appauthor=False)
            thumbnails = platformdirs.user_cache_path("photolex", appauthor=False) / "thumbnails"
        else:
            folder = absolute(folder)
            thumbnails = folder / "thumbnails"
        if read_only and not (folder / CATALOGUE).exists():
            raise LibraryError(f"There is no library in {folder} yet; index a folder first.")
        packs = [*([] if pack is None else [pack]), *beside]
        return cls(folder, thumbnails, packs, factory, read_only=read_only)

    def close(self) -> None:
        """Stops everything and lets another program use the library."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self._stop(writing)
        self._readers.close()
        held, self._held = self._held, None
        if held is not None:
            held.release()

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
                row.missing,
                watcher is not None and watcher.is_polled(row.path),
            )
            for row in rows
        ]

    def add_root(self, path: Path) -> Root:
        """Watches a folder; RootError if it cannot be watched. Folders inside it become part of it.

        It is indexed at once if the library has been started, else by ``index_now``.
        """
        writing = self._may_write()
        watched = self.roots()
        path = check_root(path, self.folder, watched)
        writing.background.run(lambda: writing.catalogue.add_root(path))
        self._follow_roots()
        if any(root.path == path for root in watched):
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
        """Looks through a folder, or all, once started; skipped photos are tried again."""
        writing = self._may_write()
        paths = [one.path for one in self.roots()] if root is None else [absolute(root)]
        writing.catalogue.try_again(paths)
        writing.background.scan(paths)

    def confirm_removal(self, root: Path) -> None:
        """The photos that disappeared from a folder all at once are gone indeed."""
        writing = self._may_write()
        writing.background.run(lambda: writing.indexer.confirm_removal(absolute(root)))

    # Indexing

    def index_now(self, cancel: threading.Event) -> ScanResult:
        """Brings everything up to date and returns; what is done when ``cancel`` is set is kept."""
        writing = self._may_write()
        for answering in self._panel.in_use:
            answering.index.bring_up(cancel.is_set)
        roots = [root.path for root in self.roots()]
        result = writing.background.run(lambda: writing.indexer.scan(roots, cancel))
        self._on_finished(result, True)
        beside = writing.background.run(lambda: writing.catch_up(cancel))
        return replace(result, embedded=result.embedded + beside, cancelled=cancel.is_set())

    def start(self) -> None:
        """Begins to index and to watch in the background; returns at once."""
        writing = self._may_write()
        if self._watcher is not None:
            return
        self._preparation.begin(self._panel)
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

    # Packs

    @property
    def pack(self) -> ModelPack:
        """The first of the packs in use."""
        return self._panel.first.pack

    def packs(self) -> list[PackStatus]:
        """Every pack that is in use, installed, or has embeddings here, in this order."""
        return self._shelf.statuses(self._panel.packs)

    def installed(self, fingerprint: str) -> ModelPack:
        """A pack to ``use``; PackError if its files are gone."""
        return self._shelf.installed(fingerprint)

    def use(self, packs: Sequence[ModelPack]) -> None:
        """Uses these packs from now on, the first of them first; what others embedded is kept.

        A pack that has not seen all photos looks at them in the background (or in ``index_now``),
        and until it has, the one that has seen most goes on answering. LibraryError if a pack is
        damaged; then nothing changes.
        """
        writing = self._may_write()
        writing.background.run(lambda: self._change_packs(writing, packs))
        if self._watcher is not None:
            self._preparation.begin(self._panel)
            self.rescan()
        self.announcer.announce(PhotosChanged(added=0, removed=0))

    def forget_pack(self, fingerprint: str) -> None:
        """Deletes what a pack embedded; LibraryError if it is answering, or not known here."""
        writing = self._may_write()
        row = self._shelf.kept(fingerprint)
        if any(one.pack.fingerprint == fingerprint for one in self._panel.answering):
            raise LibraryError(
                f"The model pack “{row.name}” still answers; choose another one, and wait until "
                "that has seen every photo."
            )
        writing.forget(row)

    def forget_gone_packs(self) -> list[str]:
        """The same for all packs whose files are gone and that are not in use; their names."""
        answering = {one.pack.fingerprint for one in self._panel.answering}
        gone = [
            one for one in self.packs() if not one.installed and one.fingerprint not in answering
        ]
        for one in gone:
            self.forget_pack(one.fingerprint)
        return [one.name for one in gone]

    # Questions

    def modes(self) -> tuple[Mode, ...]:
        """The kinds of questions that the packs in use can answer."""
        return self._panel.modes

    def search(
        self, query: str, *, limit: int = 200, everything: bool = False, mode: Mode = "words"
    ) -> Answer:
        """The best photos for a query; see ``Searcher.ask``. LibraryError if it cannot be done.

        ``mode``: with ``scenes``, the query is one sentence that says what photos look like.
        """
        return self._panel.ask(query, limit=limit, everything=everything, mode=mode)

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
            index_ready=self._panel.answering[0].index.ready,
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
        # Of a photo that could not be read the last time nobody knows what it holds by now.
        stamp = (row.size, row.mtime_ns) if row.reason is None else None
        return self._thumbnails.get(row.path, row.digest, stamp, side)

    # Behind the scenes

    def _change_packs(self, writing: Writing, packs: Sequence[ModelPack]) -> None:
        """On the indexing thread, where nothing is being embedded meanwhile."""
        panel = Panel(self.folder, packs, self._readers, self._factory, before=self._panel)
        writing.catalogue.use_packs(panel.packs)
        writing.follow(panel)
        panel.find_stand_in(self._shelf.able_to_answer)
        self._panel = panel

    def _look_around(self, read_only: bool) -> None:
        self._panel.find_stand_in(self._shelf.able_to_answer)
        if read_only:
            for answering in self._panel.answering:
                answering.index.load_if_quick()

    def _may_write(self) -> Writing:
        if self._writing is None:
            raise LibraryError("This library was opened for reading only.")
        return self._writing

    def _stop(self, writing: Writing) -> None:
        # All are told before any is waited for: should Ctrl-C end the waiting, none goes on.
        self._preparation.give_up()
        writing.background.end()
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
        writing.stop()
        self._preparation.wait()
        self._panel.save()

    def _follow_roots(self) -> None:
        """Watches the folders that are roots now, and no others."""
        roots = frozenset(root.path for root in self.roots())
        gone, self._roots = self._roots - roots, roots
        if self._watcher is not None:
            for root in gone:
                self._watcher.unwatch(root)
            self._watcher.watch(*roots)

    def _on_changed(self, paths: set[Path]) -> None:
        writing = self._writing
        if writing is not None:
            if roots := paths & self._roots:
                writing.background.scan(roots)
            if others := paths - roots:
                writing.background.notice(others)

    def _on_removed(self, ids: NDArray[np.int64]) -> None:
        self._panel.remove(ids)

    def _on_finished(self, result: ScanResult, is_scan: bool) -> None:
        if self._watcher is not None:
            self._watcher.look_again(result.unsettled)
        if is_scan and not result.cancelled:
            self._panel.save()
        if self._panel.is_stood_in and not self.status().waiting:
            self._panel.end_standing_in()
            self.announcer.announce(PhotosChanged(added=0, removed=0))
