"""Carries things from any thread into the GUI thread, in order and not too often."""

from __future__ import annotations

import threading

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal, Slot


class Mailbox(QObject):
    """Everything that other threads say to the window goes through one of these.

    It lives in the GUI thread. ``post`` may be called from any thread; ``arrived`` is emitted in
    the GUI thread with all that has been posted since, at most once every ``interval_ms``.
    """

    arrived = Signal(list)
    _woken = Signal()

    def __init__(self, interval_ms: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._interval_ms = interval_ms
        self._lock = threading.Lock()
        self._items: list[object] = []
        self._awake = False
        self._open = True
        self._since_delivery = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._deliver)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def post(self, item: object) -> None:
        """Hand over ``item``; does nothing once the mailbox is closed."""
        # The signal is emitted under the lock, so that close() cannot return in the middle of it:
        # after close() the object may be destroyed.
        with self._lock:
            if not self._open:
                return
            self._items.append(item)
            if not self._awake:
                self._awake = True
                self._woken.emit()

    def close(self) -> None:
        """Deliver nothing more."""
        with self._lock:
            self._open = False
            self._items.clear()
        self._timer.stop()

    @Slot()
    def _on_woken(self) -> None:
        if self._since_delivery.isValid():
            wait = max(0, self._interval_ms - self._since_delivery.elapsed())
        else:
            wait = 0
        self._timer.start(int(wait))

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            items, self._items = self._items, []
            self._awake = False
        self._since_delivery.start()
        if items:
            self.arrived.emit(items)
