"""Watches folders: turns the file system's events into settled sets of changed paths.

Events only post paths; what became of a path is for the indexer to look up. Local folders are
watched by the system, network folders (which report nothing that other computers do) and those for
which the system has no watches left are looked through every half minute.
"""

from __future__ import annotations

import glob
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from engine.mounts import on_network
from engine.photos import is_photo_name, is_watched, walk
from engine.polling import polling_observer

_logger = logging.getLogger(__name__)

Changed = Callable[[set[Path]], None]
# (size, mtime in nanoseconds); None when there is nothing at the path.
Stamp = tuple[int, int] | None

# What a program opens and reads is of no interest, and we read every photo ourselves.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_COMPLETE = (FileClosedEvent, FileMovedEvent, DirMovedEvent)

# With more changes than this at once a look through the whole folder is cheaper, and it also finds
# what the system dropped from its own queue of events (16,384 long on Linux).
_MOST_PENDING = 8192
_TICK = 0.1
# A root that cannot be watched is tried again after twice the time each, up to five minutes.
_MOST_DOUBLINGS = 6


@dataclass(slots=True)
class _Pending:
    """A path that something happened to, and when it is looked at next (monotonic seconds)."""

    stamp: Stamp
    due: float


@dataclass(slots=True, eq=False)
class _Watched:
    """A root: ``place`` tells one mounted device from another, None while there is no folder.

    ``failures``: so often in a row it could not be watched; ``retry_at``: when it is tried again
    (monotonic seconds).
    """

    root: Path
    seen: bool = False
    place: tuple[int, int] | None = None
    observer: BaseObserver | None = None
    watch: ObservedWatch | None = None
    polled: bool = False
    real: Path = field(default_factory=Path)
    failures: int = 0
    retry_at: float = math.inf


class Watcher:
    """Calls ``changed`` with the paths that came, changed or went, once they have settled.

    A path is that of a photo (by name), of a folder that went, or of a root, which means: look
    through it all; a root is posted when its watching begins, when it goes and when it comes back.
    ``settle``: seconds that size and time of a file must stay the same. ``ignored``: folders whose
    content is of no interest. ``changed`` is called on the watcher's own threads. What happens in a
    folder that is only linked to is not noticed; the next scan finds it.
    """

    def __init__(
        self,
        changed: Changed,
        *,
        settle: float = 1.0,
        polling_seconds: float = 30.0,
        attend_seconds: float = 5.0,
        ignored: Sequence[Path] = (),
    ) -> None:
        self._changed = changed
        self._settle = settle
        self._polling_seconds = polling_seconds
        self._attend_seconds = attend_seconds
        self._ignored = tuple(ignored)
        self._patterns = [glob.escape(str(folder)) for folder in ignored]
        self._lock = threading.Lock()
        self._pending: dict[Path, _Pending] = {}
        self._watched: dict[Path, _Watched] = {}
        self._native: BaseObserver | None = None
        self._stopped = threading.Event()
        self._touched = threading.Event()
        self._attend_now = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins to watch; returns at once."""
        for name, run in (("watcher", self._settle_loop), ("roots", self._attend_loop)):
            # Daemons: a dead network folder can hold a thread for minutes inside the system.
            thread = threading.Thread(target=run, name=f"photolex-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends all watching; what had not settled yet is found by the next scan."""
        self._stopped.set()
        self._touched.set()
        self._attend_now.set()
        for thread in self._threads:
            thread.join(timeout=5.0)
        self._threads.clear()
        with self._lock:
            watched = list(self._watched.values())
        for one in watched:
            self._neglect(one)
        if self._native is not None:
            _end(self._native)
            self._native = None

    def watch(self, *roots: Path) -> None:
        """Adds roots; each is watched soon, or as soon as it exists."""
        with self._lock:
            for root in roots:
                self._watched.setdefault(root, _Watched(root))
        self._attend_now.set()

    def unwatch(self, root: Path) -> None:
        """Takes a root out; returns when its observer has ended."""
        with self._lock:
            watched = self._watched.pop(root, None)
            self._pending = {
                path: pending
                for path, pending in self._pending.items()
                if not path.is_relative_to(root)
            }
        if watched is not None:
            self._neglect(watched)

    def look_again(self, paths: Iterable[Path]) -> None:
        """Posts paths once more after a while: they were not settled after all."""
        for path in paths:
            self._touch(path, 2 * self._settle)

    def is_polled(self, root: Path) -> bool:
        """Whether the root is looked through from time to time instead of watched by the system."""
        with self._lock:
            watched = self._watched.get(root)
        return watched is not None and watched.polled

    # Settling

    def _touch(self, path: Path, delay: float) -> None:
        stamp = _stamp(path)
        with self._lock:
            self._pending[path] = _Pending(stamp, time.monotonic() + delay)
        self._touched.set()

    def _settle_loop(self) -> None:
        while not self._stopped.is_set():
            self._touched.wait()
            self._touched.clear()
            while self._pending and not self._stopped.wait(_TICK):
                settled = self._take_settled()
                if settled:
                    self._changed(settled)

    def _take_settled(self) -> set[Path]:
        now = time.monotonic()
        with self._lock:
            if len(self._pending) > _MOST_PENDING:
                roots = {self._root_of(path) for path in self._pending}
                self._pending.clear()
                return {root for root in roots if root is not None}
            due = [(path, pending) for path, pending in self._pending.items() if pending.due <= now]
        settled: set[Path] = set()
        for path, pending in due:
            stamp = _stamp(path)
            with self._lock:
                if self._pending.get(path) is not pending:
                    continue
                if stamp != pending.stamp:
                    # It grew although no event said so lately: a slow copy, which gets more time.
                    self._pending[path] = _Pending(stamp, now + 2 * self._settle)
                    continue
                del self._pending[path]
            settled.add(path)
        return settled

    def _root_of(self, path: Path) -> Path | None:
        roots = [root for root in self._watched if path.is_relative_to(root)]
        return max(roots, key=lambda root: len(root.parts), default=None)

    # Events

    def handle(self, watched: _Watched, event: FileSystemEvent) -> None:
        """Notes what an event speaks of; called on watchdog's thread."""
        for raw in (event.src_path, event.dest_path):
            path = self._of_interest(watched, os.fsdecode(raw), event.is_directory) if raw else None
            if path is None:
                continue
            if path == watched.root:
                if isinstance(event, DirDeletedEvent):
                    # Its observer has ended, and nothing need tell a new folder from the old one.
                    watched.seen = False
                self._attend_now.set()
            elif not os.path.lexists(path):
                # What went settles after what came, so that a moved photo is never without a path.
                self._touch(path, 1.5 * self._settle)
            elif not event.is_directory:
                self._touch(
                    path, self._settle / 2 if isinstance(event, _COMPLETE) else self._settle
                )
            else:
                # Files may have been put there before the system watched the new folder.
                for photo in walk(watched.root, below=path, exclude=self._patterns):
                    self._touch(photo, self._settle)

    def _of_interest(self, watched: _Watched, name: str, folder: bool) -> Path | None:
        path = Path(name)
        if not path.is_relative_to(watched.root):
            if not path.is_relative_to(watched.real):
                return None
            path = watched.root / path.relative_to(watched.real)
        if not folder and not is_photo_name(path.name):
            return None
        if any(path.is_relative_to(ignored) for ignored in self._ignored):
            return None
        return path if is_watched(watched.root, path) else None

    # Roots

    def _attend_loop(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                watched = list(self._watched.values())
            # Together: a photo may have moved from one to another while nobody watched.
            roots = {one.root for one in watched if self._attend(one)}
            if roots and not self._stopped.is_set():
                self._changed(roots)
            self._attend_now.wait(self._attend_seconds)
            self._attend_now.clear()

    def _attend(self, watched: _Watched) -> bool:
        """Keeps a root watched while it exists; True when it began, went, came or was replaced.

        Also when it can be watched at last: what happened until then was not noticed.
        """
        place = _place(watched.root)
        is_news = not watched.seen or place != watched.place
        if not is_news and time.monotonic() < watched.retry_at:
            return False
        self._neglect(watched)
        watched.seen = True
        watched.place = place
        if place is None or self._observe(watched):
            watched.failures, watched.retry_at = 0, math.inf
        else:
            # A folder that cannot be read may stay so; looking for it again costs time as well.
            wait = self._attend_seconds * 2 ** min(watched.failures, _MOST_DOUBLINGS)
            watched.failures, watched.retry_at = watched.failures + 1, time.monotonic() + wait
        with self._lock:
            # It may have been taken out, or all may have ended, while the system was asked.
            wanted = self._watched.get(watched.root) is watched and not self._stopped.is_set()
        if not wanted:
            self._neglect(watched)
        return wanted and (is_news or not watched.failures)

    def _observe(self, watched: _Watched) -> bool:
        """Whether it is watched now."""
        # A link would be watched itself, not what it leads to.
        watched.real = Path(os.path.realpath(watched.root))
        handler = _Handler(self, watched)
        if not on_network(watched.root):
            try:
                if self._native is None:
                    native = Observer()
                    native.start()
                    self._native = native
                watched.watch = self._native.schedule(
                    handler, str(watched.real), recursive=True, event_filter=_EVENTS
                )
                _probe(watched.real)
                watched.observer, watched.polled = self._native, False
                return True
            except OSError as error:
                _logger.warning("Watching %s by polling, because: %s", watched.root, error)
                if watched.watch is not None and self._native is not None:
                    self._native.unschedule(watched.watch)
        polling = polling_observer(str(watched.real), self._polling_seconds)
        polling.start()
        try:
            watched.watch = polling.schedule(
                handler, str(watched.real), recursive=True, event_filter=_EVENTS
            )
        except OSError as error:
            # It went between the look and the watch, or it cannot be listed.
            _logger.info("Cannot watch %s: %s", watched.root, error)
            _end(polling)
            return False
        watched.observer, watched.polled = polling, True
        return True

    def _neglect(self, watched: _Watched) -> None:
        with self._lock:
            observer, watch = watched.observer, watched.watch
            watched.observer = watched.watch = None
        if observer is None or watch is None:
            return
        if watched.polled:
            _end(observer)
        else:
            observer.unschedule(watch)


class _Handler(FileSystemEventHandler):
    def __init__(self, watcher: Watcher, watched: _Watched) -> None:
        self._watcher = watcher
        self._watched = watched

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._watcher.handle(self._watched, event)


def _probe(root: Path) -> None:
    """Raises OSError when the system has no watch left.

    watchdog leaves out the subfolders for which there was none, without a word; one watch more
    tells.
    """
    observer = Observer()
    observer.schedule(FileSystemEventHandler(), str(root), recursive=False, event_filter=_EVENTS)
    try:
        observer.start()
    finally:
        _end(observer)


def _end(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join(timeout=5.0)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _place(root: Path) -> tuple[int, int] | None:
    try:
        status = root.stat()
        return (status.st_dev, status.st_ino) if root.is_dir() else None
    except OSError:
        return None
