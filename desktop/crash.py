"""Shows errors that are ours, with the traceback to copy, instead of dying silently."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

import PySide6
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.mailbox import Mailbox

log = logging.getLogger(__name__)

# The same fault at every repaint must not fill the memory with its traceback.
MOST_REPORTS = 20


class CrashReporter(QObject):
    """Catches what nobody caught, on any thread, and shows it in one dialog."""

    quit_wanted = Signal()

    def __init__(self, version: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._version = version
        self._mailbox = Mailbox(0, self)
        self._mailbox.arrived.connect(self._show)
        self._reports: list[str] = []
        self.window: QWidget | None = None  # what the dialog stands over
        self.dialog: CrashDialog | None = None

    def install(self) -> Callable[[], None]:
        """Take over both hooks for uncaught exceptions; returns the call that gives them back."""
        hook, thread_hook = sys.excepthook, threading.excepthook
        sys.excepthook = self._caught
        threading.excepthook = lambda args: self._caught(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )

        def give_back() -> None:
            sys.excepthook, threading.excepthook = hook, thread_hook
            self._mailbox.close()

        return give_back

    def report(self, error: BaseException) -> None:
        """Show an error that somebody caught for us. Any thread."""
        self._caught(type(error), error, error.__traceback__)

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._mailbox.post(None)
            return
        log.error("Uncaught exception", exc_info=(kind, error, trace))
        self._mailbox.post("".join(traceback.format_exception(kind, error, trace)))

    def _show(self, reports: list[object]) -> None:
        if None in reports:
            self.quit_wanted.emit()
            return
        for report in reports:
            known = report in self._reports or len(self._reports) >= MOST_REPORTS
            if isinstance(report, str) and not known:
                self._reports.append(report)
        if self.dialog is None:
            self.dialog = CrashDialog(self.window)
            self.dialog.finished.connect(self._closed)
            self.dialog.quit_wanted.connect(self.quit_wanted)
            self.dialog.open()
        self.dialog.show_report(describe(self._version, self._reports))

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None
        self._reports.clear()


class CrashDialog(QDialog):
    """What went wrong, for the person to read, copy, and go on or leave."""

    quit_wanted = Signal()

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Photolex has made a mistake")
        self.resize(680, 420)
        title = QLabel("Something went wrong in Photolex")
        title.setProperty("tone", "title")
        words = QLabel(
            "Your photos are not touched, and what has been indexed is kept. You can go on; if "
            "something behaves oddly, quit and start again. The text below helps to find the "
            "mistake. It can hold names of files: read it before you pass it on."
        )
        words.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Report")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy_button = QPushButton("Copy the report")
        self.copy_button.clicked.connect(self.copy)
        leave = QPushButton("Quit Photolex")
        leave.clicked.connect(self.quit_wanted)
        leave.clicked.connect(self.reject)
        stay = QPushButton("Go on")
        stay.setDefault(True)
        stay.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(stay)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for part in (title, words, self.text):
            layout.addWidget(part)
        layout.addLayout(buttons)
        self.setWindowModality(Qt.WindowModality.WindowModal)

    def show_report(self, report: str) -> None:
        self.text.setPlainText(report)

    def copy(self) -> None:
        """Put the report on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())


def describe(version: str, reports: list[str]) -> str:
    """The reports under a line that says what they happened on."""
    head = (
        f"Photolex {version}, Python {platform.python_version()}, "
        f"PySide6 {PySide6.__version__}, {platform.platform()}"
    )
    return "\n\n".join([head, *reports])
