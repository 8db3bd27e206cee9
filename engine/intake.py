"""Takes photos that wait through the embedder into the catalogue, a batch at a time."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.dates import changed_at
from engine.embedding import Embedded, Skipped
from engine.errors import PhotoError
from engine.events import Event, PhotosChanged, PhotoSkipped, Progress
from engine.photos import digest_of, open_photo

Added = Callable[[NDArray[np.int64], NDArray[np.float16]], None]


class PhotoEmbedder(Protocol):
    """What is needed of ``Embedder``."""

    def embed(
        self, paths: Iterable[Path], cancel: threading.Event | None = None
    ) -> Iterator[Embedded | Skipped]: ...


@dataclass(slots=True, eq=False)
class Task:
    """A photo that waits, as it was seen on the disk. ``reason``: why it was skipped before."""

    photo_id: int
    path: Path
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None


class Intake:
    """One run over the photos that wait.

    A content is embedded once, however many files show it: a file is read for its digest when
    another one has the same size, and waits for the outcome when that one is being embedded.
    """

    # A crash loses what is not committed: so many photos at most, or so many seconds of work.
    BATCH = 32
    SECONDS = 1.0

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: PhotoEmbedder,
        pack_id: int,
        announce: Callable[[Event], None],
        added: Added,
        refuser: str,
    ) -> None:
        """``refuser``: names what skips photos here, see ``Catalogue.mark_skipped``."""
        self._catalogue = catalogue
        self._embedder = embedder
        self._pack_id = pack_id
        self._announce = announce
        self._added = added
        self._refuser = refuser
        self._queue: deque[Task] = deque()
        # A photo that changes while it waits is queued anew; the older task is then void.
        self._newest: dict[Path, Task] = {}
        self._sizes: Counter[int] = Counter()
        self._content_sizes = catalogue.content_sizes()
        # By the digest of a content that is on its way: the photos that wait for its outcome.
        self._twins: dict[bytes, list[Task]] = {}
        self._held: deque[Task] = deque()
        self._embedded: list[tuple[Task, Embedded]] = []
        self._known: list[tuple[Task, int]] = []
        self._refused: list[tuple[Task, Skipped]] = []
        self._unsettled: list[Task] = []
        self._committed_at = time.monotonic()
        self._pace = Pace()
        self.embedded = 0
        self.searchable = 0
        self.skipped = 0

    @property
    def unsettled(self) -> tuple[Path, ...]:
        """Files that kept changing or went away; nothing was recorded of them."""
        return tuple(task.path for task in self._unsettled)

    def run(
        self, tasks: Iterable[Task], cancel: threading.Event, more: Callable[[], list[Task]]
    ) -> None:
        """``more`` is asked before each photo for tasks that go before all others."""
        self._queue_up(tasks)
        self._work(cancel, more)
        if self._unsettled and not cancel.is_set():
            unsettled, self._unsettled = self._unsettled, []
            self._queue_up(_looked_at_again(unsettled))
            self._work(cancel, more)
        if self._pace.total:
            self._pace.announce(self._announce, "", always=True)

    def _queue_up(self, tasks: Iterable[Task], *, first: bool = False) -> None:
        tasks = list(tasks)
        for task in tasks:
            self._newest[task.path] = task
            self._sizes[task.size] += 1
        if first:
            self._queue.extendleft(reversed(tasks))
        else:
            self._queue.extend(tasks)
        self._pace.total += len(tasks)

    def _work(self, cancel: threading.Event, more: Callable[[], list[Task]]) -> None:
        while True:
            try:
                for result in self._embedder.embed(self._feed(cancel, more), cancel):
                    self._take(self._held.popleft(), result)
                    self._commit_if_due()
            finally:
                # After Ctrl-C or a failing model too: what is done is done.
                self._commit()
            # The outcome of the last photos may have put others back into the queue.
            if not self._queue or cancel.is_set():
                return

    def _feed(self, cancel: threading.Event, more: Callable[[], list[Task]]) -> Iterator[Path]:
        """The photos that the embedder has to see; all others are settled on the way."""
        while not cancel.is_set():
            self._queue_up(more(), first=True)
            if not self._queue:
                return
            task = self._queue.popleft()
            if self._newest.get(task.path) is not task:
                self._pace.done += 1
                continue
            try:
                needs_embedding = self._needs_embedding(task)
            except PhotoError as error:
                self._take(task, _why_not_read(task.path, error))
            else:
                if needs_embedding:
                    self._held.append(task)
                    yield task.path
            self._commit_if_due()
            self._pace.announce(self._announce, str(task.path))

    def _needs_embedding(self, task: Task) -> bool:
        with open_photo(task.path) as file:
            if task.digest is None and (
                self._sizes[task.size] > 1 or task.size in self._content_sizes
            ):
                task.digest = digest_of(file)
        if task.digest is None:
            return True
        if task.digest in self._twins:
            self._twins[task.digest].append(task)
            return False
        content = self._catalogue.find_content(task.digest, self._pack_id)
        if content is not None and content[1]:
            self._known.append((task, content[0]))
            self._pace.done += 1
            return False
        self._twins[task.digest] = []
        return True

    def _take(self, task: Task, result: Embedded | Skipped) -> None:
        self._pace.done += 1
        if isinstance(result, Embedded):
            self._embedded.append((task, result))
            return
        twins = self._twins.pop(task.digest, []) if task.digest is not None else []
        if result.changing or _is_gone(task.path):
            # Gone in the middle of a run may mean a drive that was pulled out: the next survey
            # of the folder decides, which knows the difference.
            self._unsettled.append(task)
        else:
            self._refused.append((task, result))
        if result.passing or result.changing:
            self._queue.extend(twins)
        else:
            self._refused += [(twin, result) for twin in twins]
            self._pace.done += len(twins)

    def _commit_if_due(self) -> None:
        held = len(self._embedded) + len(self._known) + len(self._refused)
        if held >= self.BATCH or time.monotonic() - self._committed_at > self.SECONDS:
            self._commit()

    def _commit(self) -> None:
        settled: list[tuple[Task, int, int, int]] = []
        stored: list[tuple[NDArray[np.int64], Embedded]] = []
        changed: list[Task] = []
        with self._catalogue.batch():
            for task, embedded in self._embedded:
                content = self._catalogue.content(
                    embedded.digest, embedded.size, embedded.width, embedded.height
                )
                ids = self._catalogue.store_regions(content, self._pack_id, embedded.regions)
                stored.append((ids, embedded))
                settled.append((task, embedded.size, embedded.mtime_ns, content))
                for twin in self._twins.get(task.digest or b"", []):
                    if embedded.digest == task.digest:
                        settled.append((twin, twin.size, twin.mtime_ns, content))
                    else:
                        changed.append(twin)
            settled += [(task, task.size, task.mtime_ns, known) for task, known in self._known]
            for task, size, mtime_ns, content in settled:
                self._catalogue.settle_photo(task.photo_id, size, mtime_ns, content)
            for task, skipped in self._refused:
                self._catalogue.mark_skipped(
                    task.photo_id,
                    task.size,
                    task.mtime_ns,
                    skipped.reason,
                    passing=skipped.passing,
                    by=self._refuser,
                )
        refused = self._refused
        for task, _ in self._embedded:
            twins = self._twins.pop(task.digest or b"", [])
            self._pace.done += len(twins)
        self.embedded += len(self._embedded)
        self._embedded, self._known, self._refused = [], [], []
        self._committed_at = time.monotonic()
        self._queue.extend(changed)
        self._tell(settled, stored, refused)

    def _tell(
        self,
        settled: list[tuple[Task, int, int, int]],
        stored: list[tuple[NDArray[np.int64], Embedded]],
        refused: list[tuple[Task, Skipped]],
    ) -> None:
        """After the commit, so that whoever asks the catalogue because of it finds it there."""
        filled = [(ids, embedded) for ids, embedded in stored if len(ids)]
        if filled:
            self._added(
                np.concatenate([ids for ids, _ in filled]),
                np.stack([region.embedding for _, one in filled for region in one.regions]),
            )
        self.searchable += len(settled)
        self.skipped += len(refused)
        for task, skipped in refused:
            if skipped.reason != task.reason:
                self._announce(PhotoSkipped(task.path, skipped.reason))
        if settled:
            self._announce(PhotosChanged(added=len(settled), removed=0))


class Pace:
    """How far a run is and how fast it goes, over the last ten seconds or so.

    ``pack``: the one that embeds, when it is not the first.
    """

    def __init__(self, pack: str = "") -> None:
        self._pack = pack
        self.done = 0
        self.total = 0
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)], maxlen=100)
        self._announced_at = 0.0

    def announce(
        self, announce: Callable[[Event], None], current: str, *, always: bool = False
    ) -> None:
        now = time.monotonic()
        if not always and now - self._announced_at < 0.1:
            return
        self._announced_at = now
        since, before = self._marks[0]
        self._marks.append((now, self.done))
        rate = (self.done - before) / max(now - since, 1e-9)
        left = max(0, self.total - self.done)
        seconds_left = left / rate if rate > 0 else None
        announce(Progress(self.done, self.total, rate, seconds_left, current, self._pack))


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        # It cannot be looked at, which is another matter.
        return False
    return False


def _why_not_read(path: Path, error: PhotoError) -> Skipped:
    """Also of a folder, which comes here when it could not be listed."""
    try:
        if not path.is_dir():
            return Skipped(path, str(error), passing=error.passing)
        with os.scandir(path):
            # It can be by now: to be looked at again.
            return Skipped(path, str(error), changing=True)
    except PermissionError:
        reason = "You have no permission to look into this folder."
    except OSError as failure:
        reason = f"This folder cannot be looked into ({os.strerror(failure.errno or errno.EIO)})."
    return Skipped(path, reason, passing=True)


def _looked_at_again(tasks: Iterable[Task]) -> Iterator[Task]:
    """As the files are now; one that is gone waits for the next survey."""
    for task in tasks:
        try:
            status = task.path.stat()
        except OSError:
            continue
        yield Task(task.photo_id, task.path, status.st_size, changed_at(status), reason=task.reason)
