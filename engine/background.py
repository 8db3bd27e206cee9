"""The indexing thread: live changes, scans, and what other packs lack, one after the other."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import LibraryError
from engine.events import EngineFailed, Event, IndexingPaused
from engine.indexer import Indexer, ScanResult

_logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# The indexer keeps what went for a minute, in case it only moved; then it wants to be called.
_TIDY_SECONDS = 61.0


class Background:
    """Runs the indexer in a thread of its own; every method may be called from any thread.

    ``roots``: the folders that are watched now. ``finished``: called after each scan or update on
    the indexing thread, with what it did and whether it was a scan. ``catch_up``: called when there
    is nothing else to do, and cancelled for whatever comes up; it goes on with the next call.
    """

    def __init__(
        self,
        indexer: Indexer,
        roots: Callable[[], list[Path]],
        announce: Callable[[Event], None],
        finished: Callable[[ScanResult, bool], None],
        catch_up: Callable[[threading.Event], object] = lambda cancel: None,
    ) -> None:
        self._indexer = indexer
        self._roots = roots
        self._announce = announce
        self._finished = finished
        self._catch_up = catch_up
        self._wake = threading.Condition()
        self._inline = threading.Lock()
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._to_scan: set[Path] = set()
        self._noticed = False
        self._is_behind = False
        self._is_catching_up = False
        self._tidy_at: float | None = None
        self._cancel = threading.Event()
        self._stopping = False
        self._reason: str | None = None
        self._busy = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a scan or an update runs or is about to."""
        with self._wake:
            return (
                self._thread is not None
                and self._reason is None
                and (self._busy or bool(self._to_scan) or self._noticed or self._is_behind)
            )

    @property
    def paused(self) -> bool:
        return self._reason is not None

    def start(self) -> None:
        with self._wake:
            if self._thread is not None:
                return
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="photolex-indexing")
            self._thread.start()

    def end(self) -> None:
        """Tells the thread to end, without waiting for it."""
        with self._wake:
            self._stopping = True
            self._cancel.set()
            self._wake.notify_all()

    def stop(self) -> None:
        """Ends the thread; what is embedded is kept, the rest is found by the next scan."""
        with self._wake:
            self.end()
            thread = self._thread
        if thread is not None:
            thread.join()
        with self._wake:
            self._thread = None

    def pause(self, reason: str) -> None:
        with self._wake:
            self._reason = reason
            self._cancel.set()
        self._announce(IndexingPaused(reason))

    def resume(self) -> None:
        with self._wake:
            self._reason = None
            self._wake.notify_all()

    def scan(self, roots: Iterable[Path]) -> None:
        """Looks through these folders soon."""
        with self._wake:
            self._to_scan.update(roots)
            self._interrupt_catching_up()
            self._wake.notify_all()

    def notice(self, paths: Iterable[Path]) -> None:
        """Looks at these files and folders before anything else, even if a scan is running."""
        for path in paths:
            self._indexer.notice(path)
        with self._wake:
            self._noticed = True
            self._interrupt_catching_up()
            self._wake.notify_all()

    def run(self, call: Callable[[], Result]) -> Result:
        """Calls on the indexing thread, interrupting a scan for it, and waits for the result."""
        future: Future[Result] = Future()
        with self._wake:
            is_running = self._thread is not None and not self._stopping
            if is_running:
                self._calls.append((call, future))
                self._cancel.set()
                self._wake.notify_all()
        if is_running:
            return future.result()
        with self._inline:
            return call()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except LibraryError as error:
                _logger.info("Indexing ended: %s", error)
                self._announce(EngineFailed(error))
            except Exception as error:
                _logger.exception("Indexing failed")
                self._announce(EngineFailed(error))
            with self._wake:
                self._busy = self._is_catching_up = False
        for call, future in self._calls:
            _settle(call, future)
        self._calls.clear()

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next, as soon as there is something; None at the end."""
        with self._wake:
            while True:
                if self._stopping:
                    return None
                if self._calls:
                    call, future = self._calls.popleft()
                    return lambda: _settle(call, future)
                if self._reason is None:
                    if self._is_tidying_due():
                        self._noticed, self._tidy_at = True, None
                    if self._noticed or self._to_scan:
                        self._cancel.clear()
                        self._busy = True
                        # An update is a short scan of a few paths, so it goes first.
                        return self._update if self._noticed else self._scan
                    if self._is_behind:
                        self._cancel.clear()
                        self._busy = self._is_catching_up = True
                        return self._go_on_catching_up
                self._wake.wait(_TIDY_SECONDS if self._tidy_at else None)

    def _interrupt_catching_up(self) -> None:
        if self._is_catching_up:
            self._cancel.set()

    def _is_tidying_due(self) -> bool:
        return self._tidy_at is not None and time.monotonic() >= self._tidy_at

    def _scan(self) -> None:
        with self._wake:
            wanted, self._to_scan = self._to_scan, set()
        roots = [root for root in self._roots() if root in wanted]
        if not roots:
            return
        result = self._indexer.scan(roots, self._cancel)
        if result.cancelled:
            # Changes in other folders were taken up as well, and wait in the catalogue now, where
            # only a scan finds them again.
            self.scan(self._roots())
        self._take(result, is_scan=True)

    def _update(self) -> None:
        self._noticed = False
        result = self._indexer.update((), self._cancel)
        if result.cancelled:
            # What was left over waits in the catalogue, as after a scan.
            self.scan(self._roots())
        self._take(result, is_scan=False)

    def _go_on_catching_up(self) -> None:
        # If it fails it is not tried again before the next scan or update.
        self._is_behind = False
        self._catch_up(self._cancel)
        self._is_behind = self._cancel.is_set()

    def _take(self, result: ScanResult, *, is_scan: bool) -> None:
        if result.removed:
            self._tidy_at = time.monotonic() + _TIDY_SECONDS
        self._is_behind = True
        self._finished(result, is_scan)


def _settle(call: Callable[[], Any], future: Future[Any]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001  raised to the one who waits
        future.set_exception(error)
