"""Brings the catalogue and the index up to date with the folders; synchronous, cancellable."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.events import (
    Event,
    IndexingFinished,
    MassDisappearance,
    PhotosChanged,
    RootOffline,
    RootOnline,
    ScanStarted,
)
from engine.intake import Added, Intake, PhotoEmbedder, Task
from engine.photos import is_watched
from engine.rows import KnownPhoto, PackIdentity, RootRow
from engine.survey import Difference, FoundPhoto, Survey, compare, match_moves
from engine.version import version

# So many photos, and so large a part of a root, do not vanish by being tidied away.
MASS_PHOTOS = 20
MASS_PART = 1 / 5


@dataclass(frozen=True, slots=True)
class ScanResult:
    """``added``, ``moved``, ``removed``: photos that came, changed place, went.

    ``searchable``: photos that became so. ``embedded``: contents that went through the model.
    ``unsettled``: files that kept changing while they were read, and folders that just went: they
    may be back before anybody noticed. Look at them again later.
    """

    added: int = 0
    moved: int = 0
    removed: int = 0
    searchable: int = 0
    embedded: int = 0
    skipped: int = 0
    unsettled: tuple[Path, ...] = ()
    cancelled: bool = False


class Indexer:
    """The one writer of the catalogue. All but ``notice`` belongs to a single thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: PhotoEmbedder,
        pack: PackIdentity,
        announce: Callable[[Event], None],
        added: Added,
        removed: Callable[[NDArray[np.int64]], None],
        *,
        exclude: Sequence[str] = (),
        grace: float = 60,
    ) -> None:
        """``added`` and ``removed`` keep an index in step; ids in ``removed`` may be of any pack.

        ``exclude``: patterns as in ``photos.walk``. ``grace``: for so many seconds the embeddings
        of a photo that went are kept, for a move can be told as a photo that went and, later, one
        that came.
        """
        self._catalogue = catalogue
        self._announce = announce
        self._removed = removed
        self._exclude = exclude
        self._grace = grace
        self._orphaned: dict[int, float] = {}
        self._lost: list[Path] = []
        self._noticed: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._counted = ScanResult()
        self.use(pack, embedder, added)

    def use(self, pack: PackIdentity, embedder: PhotoEmbedder, added: Added) -> None:
        """From the next scan on, another pack decides which photos can be searched."""
        self._pack_id = self._catalogue.pack_id(pack)
        self._embedder = embedder
        self._added = added
        self._refuser = f"{version()} {pack.fingerprint}"

    def scan(self, roots: Iterable[Path], cancel: threading.Event) -> ScanResult:
        """Looks at everything in these roots and embeds what waits.

        A root that is not there is marked offline and left as it is. RootError if a folder is not
        a root at all.
        """
        self._counted = ScanResult()
        survey = Survey()
        asked = [self._catalogue.root(path) for path in roots]
        surveyed: list[RootRow] = []
        for root in asked:
            if not self._is_online(root):
                continue
            self._announce(ScanStarted(root.path))
            survey.look_into(root.path, root.root_id, root.path, self._exclude, cancel)
            surveyed.append(root)
        known = [
            photo
            for root in surveyed
            for photo in self._catalogue.known(self._pack_id, root_id=root.root_id)
        ]
        tasks = self._reconcile(survey, known, surveyed, cancel)
        result = self._embed(tasks, cancel)
        if not result.cancelled and len(asked) == len(self._catalogue.roots()):
            self._forget(self._catalogue.orphans())
        elif not result.cancelled:
            # What went may have moved to a folder that was not looked at.
            self._forget_old_orphans()
        self._announce(IndexingFinished(result.searchable, result.skipped, result.cancelled))
        return result

    def update(self, paths: Iterable[Path], cancel: threading.Event) -> ScanResult:
        """Looks at these files and folders only, which came, changed, moved or went."""
        for path in paths:
            self.notice(path)
        self._counted = ScanResult()
        result = self._embed([], cancel)
        self._forget_old_orphans()
        if result != ScanResult():
            self._announce(IndexingFinished(result.searchable, result.skipped, result.cancelled))
        return result

    def notice(self, path: Path) -> None:
        """From any thread: a running scan takes this up before the photos that still wait.

        Without a running scan it is taken up by the next ``scan`` or ``update``.
        """
        self._noticed.put(path)

    def confirm_removal(self, root: Path) -> int:
        """The missing photos of the root are gone indeed; how many there were."""
        row = self._catalogue.root(root)
        known = self._catalogue.known(self._pack_id, root_id=row.root_id)
        missing = [photo.photo_id for photo in known if photo.missing]
        self._catalogue.mark_gone(missing)
        self._forget(self._catalogue.orphans())
        if missing:
            self._announce(PhotosChanged(added=0, removed=len(missing)))
        return len(missing)

    def _embed(self, tasks: list[Task], cancel: threading.Event) -> ScanResult:
        intake = Intake(
            self._catalogue,
            self._embedder,
            self._pack_id,
            self._announce,
            self._added,
            self._refuser,
        )
        intake.run(tasks, cancel, lambda: self._take_noticed(cancel))
        counted = self._counted
        lost, self._lost = self._lost, []
        return ScanResult(
            counted.added,
            counted.moved,
            counted.removed,
            intake.searchable,
            intake.embedded,
            intake.skipped,
            (*intake.unsettled, *lost),
            cancel.is_set(),
        )

    def _take_noticed(self, cancel: threading.Event) -> list[Task]:
        paths: set[Path] = set()
        while not self._noticed.empty():
            paths.add(self._noticed.get())
        if not paths:
            return []
        survey = Survey()
        known: dict[Path, KnownPhoto] = {}
        roots = [root for root in self._catalogue.roots() if _owns_any(root, paths)]
        roots = [root for root in roots if self._is_online(root)]
        for root in roots:
            for path in paths:
                if is_watched(root.path, path, exclude=self._exclude):
                    self._look(survey, root, path, cancel)
                    below = self._catalogue.known(self._pack_id, below=path)
                    known.update((photo.path, photo) for photo in below)
        tasks = self._reconcile(survey, known.values(), roots, cancel)
        if cancel.is_set():
            for path in paths:
                self.notice(path)
        return tasks

    def _look(self, survey: Survey, root: RootRow, path: Path, cancel: threading.Event) -> None:
        try:
            is_folder = path.is_dir()
        except OSError:
            survey.blind.append(path)
            return
        if not is_folder:
            survey.look_at(path, root.root_id)
        elif path.is_symlink():
            # What it leads to may be walked by another name: only a whole scan can tell.
            survey.blind.append(path)
        else:
            survey.look_into(path, root.root_id, root.path, self._exclude, cancel)

    def _reconcile(
        self,
        survey: Survey,
        known: Iterable[KnownPhoto],
        roots: Iterable[RootRow],
        cancel: threading.Event,
    ) -> list[Task]:
        """Writes down what came, moved and went; what is left to be embedded."""
        difference = compare(survey, known, cancel)
        elsewhere = self._elsewhere(difference, cancel)
        if cancel.is_set():
            # The survey may have been cut short: a photo that it lacks need not be gone.
            return []
        gone = self._gone(difference, elsewhere, roots)
        returned = [photo.photo_id for photo in difference.same if photo.missing]
        tasks: list[Task] = []
        with self._catalogue.batch():
            for photo in difference.gone:
                unread = elsewhere.get(photo.photo_id)
                if unread is not None and photo.content_id is not None:
                    self._catalogue.settle_photo(
                        unread.photo_id, unread.size, unread.mtime_ns, photo.content_id
                    )
            self._catalogue.mark_gone(gone)
            self._catalogue.mark_missing(returned, missing=False)
            for photo, found in difference.moved:
                self._catalogue.move_photo(
                    photo.photo_id, found.root_id, found.path, found.size, found.mtime_ns
                )
                if photo.passing or not photo.embedded:
                    tasks.append(_task(photo, found.path, found.size, found.mtime_ns))
            for found in difference.new:
                photo_id = self._catalogue.record_photo(
                    found.root_id, found.path, found.size, found.mtime_ns
                )
                tasks.append(Task(photo_id, found.path, found.size, found.mtime_ns, found.digest))
        for photo, found in difference.changed:
            tasks.append(
                Task(photo.photo_id, photo.path, found.size, found.mtime_ns, reason=photo.reason)
            )
        again: list[Task] = []
        for photo in difference.same:
            if photo.passing or (photo.reason is None and not photo.embedded):
                tasks.append(_task(photo, photo.path, photo.size, photo.mtime_ns))
            elif photo.reason is not None and photo.refused_by != self._refuser:
                again.append(_task(photo, photo.path, photo.size, photo.mtime_ns))
        # Last, because some of them may end the embedder once more.
        tasks += again
        self._count(len(difference.new), len(difference.moved), len(gone))
        if returned:
            # None came to the search, but these can be opened again.
            self._announce(PhotosChanged(added=0, removed=0))
        return tasks

    def _elsewhere(
        self, difference: Difference, cancel: threading.Event
    ) -> dict[int, KnownPhoto | None]:
        """Photos that went, by id, whose content is still there under another path.

        Each with the photo that has it if that one has not been read yet: while a folder gets
        another name, the new paths are told before the old ones.
        """
        if not difference.gone:
            return {}
        changed = [photo for photo, _ in difference.changed]
        unsure = {photo.photo_id for photo in (*difference.gone, *changed)}
        contents = {photo.content_id for photo in difference.gone if photo.content_id is not None}
        shown = {
            content_id
            for content_id, rows in self._catalogue.photos_of(contents).items()
            for row in rows
            if row.root_online and not row.missing and row.reason is None
            if row.photo_id not in unsure
        }
        lost = [
            photo
            for photo in difference.gone
            if photo.content_id not in shown and not photo.passing
        ]
        stamps = {(photo.content_size, photo.mtime_ns) for photo in lost}
        unread = {
            photo.path: photo
            for photo in (self._catalogue.unread(self._pack_id) if lost else ())
            if photo.photo_id not in unsure and (photo.size, photo.mtime_ns) in stamps
        }
        came = [
            FoundPhoto(photo.path, photo.root_id, photo.size, photo.mtime_ns)
            for photo in unread.values()
        ]
        moved = match_moves(lost, came, cancel)
        return {
            **{photo.photo_id: None for photo in difference.gone if photo.content_id in shown},
            **{photo.photo_id: unread[found.path] for photo, found in moved},
        }

    def _gone(
        self, difference: Difference, elsewhere: Collection[int], roots: Iterable[RootRow]
    ) -> list[int]:
        """The ids of photos to be forgotten; where too many of a root went, they are kept.

        A photo whose content is ``elsewhere``, or that has none, takes nothing along and does not
        count.
        """
        forgotten = list(elsewhere)
        newly: dict[int, list[int]] = defaultdict(list)
        for photo in difference.gone:
            if photo.missing or photo.photo_id in elsewhere:
                continue
            if photo.size:
                newly[photo.root_id].append(photo.photo_id)
            else:
                # An empty file, or a folder that could not be listed and now can: no loss.
                forgotten.append(photo.photo_id)
        by_id = {root.root_id: root for root in roots}
        for root_id, photo_ids in newly.items():
            root = by_id[root_id]
            if len(photo_ids) >= max(MASS_PHOTOS, root.photos * MASS_PART):
                self._catalogue.mark_missing(photo_ids, missing=True)
                self._announce(MassDisappearance(root.path, len(photo_ids), root.photos))
            else:
                forgotten += photo_ids
        return forgotten

    def _is_online(self, root: RootRow) -> bool:
        """Whether the folder is there; a change of it is written down and announced."""
        device = root.device
        try:
            device = str(root.path.stat().st_dev)
            is_empty = next(root.path.iterdir(), None) is None
            # Where a drive is mounted there is an empty folder of another device when it is not.
            is_online = not (is_empty and root.photos and root.device not in (None, device))
        except OSError:
            is_online = False
        if not is_online:
            device = root.device
        if (is_online, device) != (root.online, root.device):
            self._catalogue.set_root_state(root.root_id, online=is_online, device=device)
        if is_online != root.online:
            self._announce(RootOnline(root.path) if is_online else RootOffline(root.path))
            if not is_online:
                self._lost.append(root.path)
        return is_online

    def _count(self, added: int, moved: int, removed: int) -> None:
        counted = self._counted
        self._counted = ScanResult(
            counted.added + added, counted.moved + moved, counted.removed + removed
        )
        if moved or removed:
            self._announce(PhotosChanged(added=moved, removed=moved + removed))

    def _forget_old_orphans(self) -> None:
        now = time.monotonic()
        self._orphaned = {
            content_id: self._orphaned.get(content_id, now)
            for content_id in self._catalogue.orphans()
        }
        self._forget(
            content_id for content_id, since in self._orphaned.items() if now - since >= self._grace
        )

    def _forget(self, content_ids: Iterable[int]) -> None:
        region_ids = self._catalogue.forget(content_ids)
        if len(region_ids):
            self._removed(region_ids)


def _task(photo: KnownPhoto, path: Path, size: int, mtime_ns: int) -> Task:
    """For a photo that still holds what it held, unless a read failed: then nobody knows."""
    digest = None if photo.passing else photo.digest
    return Task(photo.photo_id, path, size, mtime_ns, digest, photo.reason)


def _owns_any(root: RootRow, paths: Iterable[Path]) -> bool:
    return any(path.is_relative_to(root.path) for path in paths)
