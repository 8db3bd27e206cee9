"""Turns what the engine says on its own threads into Qt signals in the GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.mailbox import Mailbox
from engine.events import (
    Announcer,
    EngineFailed,
    IndexingFinished,
    IndexingPaused,
    MassDisappearance,
    PhotosChanged,
    PhotoSkipped,
    Progress,
    RootOffline,
    RootOnline,
    ScanStarted,
)

INTERVAL_MS = 100


class Bridge(QObject):
    """One for each library. Signals come in the order of the events, at most ten times a second.

    Of several ``Progress`` in a row only the last is passed on, and counts of changed and of
    skipped photos are added up: an indexing run says more than a person can read.
    """

    scan_started = Signal(object)  # ScanStarted
    progressed = Signal(object)  # Progress
    photos_changed = Signal(int, int)  # added, removed
    photos_skipped = Signal(int)
    indexing_finished = Signal(object)  # IndexingFinished
    indexing_paused = Signal(str)  # the reason
    root_offline = Signal(object)  # Path
    root_online = Signal(object)  # Path
    mass_disappearance = Signal(object)  # MassDisappearance
    engine_failed = Signal(object)  # EngineFailed

    def __init__(self, announcer: Announcer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(INTERVAL_MS, self)
        self._mailbox.arrived.connect(self._deliver)
        self._unsubscribe = announcer.subscribe(self._mailbox.post)
        self._progress: Progress | None = None
        self._added = self._removed = self._skipped = 0
        self._changed = False

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        self._mailbox.close()

    def _deliver(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Progress():
                    self._progress = event
                case PhotosChanged():
                    self._changed = True  # by another pack too, when no photo came or went
                    self._added += event.added
                    self._removed += event.removed
                case PhotoSkipped():
                    self._skipped += 1
                case _:
                    self._flush()
                    self._pass_on(event)
        self._flush()

    def _flush(self) -> None:
        progress, self._progress = self._progress, None
        added, removed, skipped = self._added, self._removed, self._skipped
        self._added = self._removed = self._skipped = 0
        changed, self._changed = self._changed, False
        if progress is not None:
            self.progressed.emit(progress)
        if changed:
            self.photos_changed.emit(added, removed)
        if skipped:
            self.photos_skipped.emit(skipped)

    def _pass_on(self, event: object) -> None:
        match event:
            case ScanStarted():
                self.scan_started.emit(event)
            case IndexingFinished():
                self.indexing_finished.emit(event)
            case IndexingPaused():
                self.indexing_paused.emit(event.reason)
            case RootOffline():
                self.root_offline.emit(event.path)
            case RootOnline():
                self.root_online.emit(event.path)
            case MassDisappearance():
                self.mass_disappearance.emit(event)
            case EngineFailed():
                self.engine_failed.emit(event)
