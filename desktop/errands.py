"""Calls to the engine that may wait for the disk, made off the GUI thread, one after another."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.mailbox import Mailbox
from engine.errors import LibraryError

T = TypeVar("T")


class Errands(QObject):
    """One worker thread. Results come back in the GUI thread.

    There are two of these: a drive that hangs stops what is to be done with photos, and the library
    goes on.

    A ``LibraryError`` is the world's fault and becomes ``refused`` with its sentence; any other
    exception is ours and goes where uncaught exceptions go.
    """

    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(0, self)
        self._mailbox.arrived.connect(self._deliver)
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="errands", daemon=True)
        self._thread.start()

    def run(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] | None = None,
        *,
        lastly: Callable[[], None] | None = None,
    ) -> None:
        """Call ``call`` on the worker, then ``then`` with what it returned in the GUI thread.

        ``lastly`` is called after that, and after a failure too.
        """

        def errand() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001  raised again where the window can show it
                self._mailbox.post(error)
            else:
                if then is not None:
                    self._mailbox.post(lambda: then(result))
            if lastly is not None:
                self._mailbox.post(lastly)

        self._calls.put(errand)

    def close(self) -> None:
        """Finish the errand at hand, drop the others' results."""
        self._mailbox.close()
        self._calls.put(None)
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _deliver(self, items: list[object]) -> None:
        for item in items:
            if isinstance(item, LibraryError):
                self.refused.emit(str(item))
            elif isinstance(item, Exception):
                # Raising here would lose the items behind this one.
                sys.excepthook(type(item), item, item.__traceback__)
            elif callable(item):
                item()
