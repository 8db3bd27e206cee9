"""Takes a picture of the window once it has something to show, where nobody can look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from desktop.parts import Parts
from desktop.window import Window

TICK_MS = 100
CALM_TICKS = 5  # for so long nothing may be on its way any more
REST_TICKS = 10  # one folder is done, and so long no other one has been begun
QUIET_TICKS = 50  # so long without any sign of indexing means that there is none
LONGEST_MS = 30 * 60 * 1000


class Picture(QObject):
    """Waits for indexing, asks, waits for thumbnails, grabs. ``done`` says what became of it."""

    done = Signal(str)  # why there is no picture, empty: there is one

    def __init__(self, window: Window, parts: Parts, file: Path, query: str) -> None:
        super().__init__(window)
        self._window = window
        self._parts = parts
        self._file = file
        self._query = query
        self._steps = self._take()
        self._since_start = QElapsedTimer()
        self._since_start.start()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        if self._since_start.elapsed() > LONGEST_MS:
            self._end("The window had nothing to show within half an hour.")
        elif (outcome := next(self._steps, None)) is not None:
            self._end(outcome)

    def _end(self, outcome: str) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self.done.emit(outcome)

    def _take(self) -> Iterator[str | None]:
        """Yields None while there is something to wait for, at last what became of it."""
        window, parts = self._window, self._parts
        quiet = 0
        while quiet < (REST_TICKS if parts.overview.finished_once else QUIET_TICKS):
            quiet = 0 if self._indexing() else quiet + 1
            yield None
        if self._query:
            window.ask(self._query)
            window.browse.preview_button.setChecked(True)
        calm = 0
        while calm < CALM_TICKS:
            window.grab()  # paints, and so asks for the thumbnails that are in sight
            if window.browse.grid.current() is None:
                window.browse.grid.go_to(0)
            calm = calm + 1 if self._calm() else 0
            yield None
        with suppress(OSError):  # without the folder, saving fails
            self._file.parent.mkdir(parents=True, exist_ok=True)
        if window.grab().save(str(self._file), "PNG"):
            yield ""
        yield f"The picture could not be written to {self._file}."

    def _indexing(self) -> bool:
        overview = self._parts.overview
        status = overview.status
        if status is None or overview.scanning or overview.progress is not None:
            return True
        overview.refresh_soon()
        return status.indexing

    def _calm(self) -> bool:
        parts = self._parts
        return not parts.asker.busy and parts.thumbnails.idle and parts.full_photos.idle
