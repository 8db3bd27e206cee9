"""What the window knows about the library at the moment: roots, counts, packs, indexing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge import Bridge
from desktop.errands import Errands
from engine.packs import Mode

if TYPE_CHECKING:
    from engine.events import IndexingFinished, Progress, ScanStarted
    from engine.library import Library, PackStatus, Root, Status

    _Answer = tuple[list[Root], Status, list[PackStatus], tuple[Mode, ...]]

# Counting takes the disk some milliseconds; while photos stream in, once a second is enough.
INTERVAL_MS = 1000


class Overview(QObject):
    """Asks the library anew when an event says that something has changed."""

    changed = Signal()  # roots, status or packs
    moved_on = Signal()  # progress

    def __init__(
        self, library: Library, bridge: Bridge, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._errands = errands
        self.roots: list[Root] = []
        self.status: Status | None = None
        self.packs: list[PackStatus] = []  # those in use first
        self.modes: tuple[Mode, ...] = ()  # what can be asked
        self.progress: Progress | None = None
        self.scanning = False
        self.finished_once = False  # whether the folders have been looked through to the end
        self._asking = self._again = False
        self._packs_watched = False
        self._packs_wanted = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        bridge.scan_started.connect(self._on_scan_started)
        bridge.progressed.connect(self._on_progress)
        bridge.indexing_finished.connect(self._on_finished)
        bridge.engine_failed.connect(self._on_failed)
        bridge.photos_changed.connect(lambda: self.refresh_soon())
        bridge.photos_skipped.connect(lambda: self.refresh_soon())
        for signal in (
            bridge.indexing_paused,
            bridge.root_offline,
            bridge.root_online,
            bridge.mass_disappearance,
        ):
            signal.connect(lambda: self.refresh())

    def searchable(self, mode: Mode) -> int:
        """How many photos a question can find, also while a new pack has still to see them."""
        if self.status is None or not self.packs:
            return 0
        first, *others = self.packs
        counts = [pack.searchable for pack in others if pack.in_use and pack.mode == mode]
        if first.mode == mode:
            counts.append(self.status.searchable)
            # Until it has seen them all, the one that has seen most stands in for it, be its files
            # there or not.
            counts += [pack.searchable for pack in others if pack.mode in (mode, None)]
        return max(counts, default=0)

    def watch_packs(self, watched: bool) -> None:
        """Whether somebody looks at what each pack has seen, also while that changes."""
        self._packs_watched = watched
        self.refresh_packs()

    def refresh_packs(self) -> None:
        """Ask now, about the packs too."""
        self._packs_wanted = True
        self.refresh()

    def refresh_soon(self) -> None:
        """Ask within a second."""
        if not self._timer.isActive():
            self._timer.start(INTERVAL_MS)

    def refresh(self) -> None:
        """Ask now, or as soon as the question that is on its way has been answered."""
        self._timer.stop()
        if self._asking:
            self._again = True
            return
        self._asking = True
        library, packs = self._library, self.packs
        # To count for each pack takes longer than all else, and can wait until indexing rests.
        rests = not self.scanning and self.progress is None
        counted = rests or self._packs_watched or self._packs_wanted
        self._packs_wanted = False

        def ask() -> _Answer:
            asked = library.packs() if counted else packs
            return library.roots(), library.status(), asked, library.modes()

        self._errands.run(ask, self._take_in, lastly=self._asked)

    def _take_in(self, answer: _Answer) -> None:
        self.roots, self.status, self.packs, self.modes = answer
        self.changed.emit()

    def _asked(self) -> None:
        self._asking = False
        if self._again:
            self._again = False
            self.refresh()

    def _on_scan_started(self, event: ScanStarted) -> None:
        self.scanning = True
        self.progress = None
        self.moved_on.emit()
        self.refresh()

    def _on_progress(self, event: Progress) -> None:
        self.progress = event
        self.moved_on.emit()

    def _on_finished(self, event: IndexingFinished) -> None:
        self.finished_once = self.finished_once or not event.cancelled
        self._rest()

    def _on_failed(self) -> None:
        self._rest()

    def _rest(self) -> None:
        self.scanning = False
        self.progress = None
        self.moved_on.emit()
        self.refresh()
