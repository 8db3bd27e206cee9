"""Asks the library without blocking the window; the newest question wins."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.mailbox import Mailbox
from engine.errors import LibraryError
from engine.packs import Mode
from engine.search import Answer

THROTTLE_MS = 150


@dataclass(frozen=True, slots=True)
class _Reply:
    number: int
    answer: Answer | None
    error: Exception | None


class Asker(QObject):
    """One worker thread that answers one question at a time.

    A question that is overtaken before its turn is never asked, and the answer to a question that
    was overtaken meanwhile is thrown away. ``answered`` and ``refused`` come in the GUI thread.
    """

    answered = Signal(object)  # Answer
    refused = Signal(str)  # one sentence: why the library cannot answer

    def __init__(self, ask: Callable[[str, Mode], Answer], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._mailbox = Mailbox(0, self)
        self._mailbox.arrived.connect(self._deliver)
        self._asked = 0  # how many questions there have been
        self._number = 0  # the question whose answer is waited for, 0: none
        self._typed: tuple[str, Mode] = ("", "words")
        self._throttle = QTimer(self)
        self._throttle.setSingleShot(True)
        self._throttle.setInterval(THROTTLE_MS)
        self._throttle.timeout.connect(lambda: self.ask(*self._typed))
        self._changed = threading.Condition()
        self._question: tuple[int, str, Mode] | None = None
        self._open = True
        self._thread = threading.Thread(target=self._work, name="asking", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._throttle.isActive() or self._number > 0

    def ask(self, query: str, mode: Mode = "words") -> None:
        """Ask now."""
        self._throttle.stop()
        with self._changed:
            self._asked += 1
            self._number = self._asked
            self._question = (self._number, query, mode)
            self._changed.notify()

    def ask_soon(self, query: str, mode: Mode = "words") -> None:
        """Ask what was typed last, at most every 150 ms: for use at every key."""
        self._typed = (query, mode)
        if not self._throttle.isActive():
            self._throttle.start()

    def forget(self) -> None:
        """Nobody waits for an answer any more."""
        self._throttle.stop()
        with self._changed:
            self._number = 0
            self._question = None

    def close(self) -> None:
        """Answer nothing more and end the worker."""
        self._throttle.stop()
        self._mailbox.close()
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._question is not None or not self._open)
                if not self._open or self._question is None:
                    return
                number, query, mode = self._question
                self._question = None
            try:
                reply = _Reply(number, self._ask(query, mode), None)
            except Exception as error:  # noqa: BLE001  shown by the GUI thread, see _deliver
                reply = _Reply(number, None, error)
            self._mailbox.post(reply)

    def _deliver(self, replies: list[object]) -> None:
        for reply in replies:
            if not isinstance(reply, _Reply) or reply.number != self._number:
                continue
            self._number = 0
            if isinstance(reply.error, LibraryError):
                self.refused.emit(str(reply.error))
            elif reply.error is not None:
                sys.excepthook(type(reply.error), reply.error, reply.error.__traceback__)
            else:
                self.answered.emit(reply.answer)
