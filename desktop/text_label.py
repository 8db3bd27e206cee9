"""Labels that hold text of any length without making the window wider."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel

BREAK = "\u200b"  # where a long line may break; nobody wants it in a copy
# A separator of names and paths, or as many characters without one as stand in a narrow pane.
_BREAKABLE = re.compile(r"[/\\_](?=\S)|[^\s/\\_]{20}(?=[^\s/\\_])")
# So much of a query is quoted in a sentence about it.
_MOST_QUOTED = 60


def breakable(words: str) -> str:
    """Let ``words`` break behind the separators of names and paths, and within long runs."""
    return _BREAKABLE.sub(rf"\g<0>{BREAK}", words)


def shortened(query: str) -> str:
    """The beginning of a long query, which the search field shows whole."""
    return query if len(query) <= _MOST_QUOTED else f"{query[: _MOST_QUOTED - 1].rstrip()}…"


class TextLabel(QLabel):
    """Plain text over as many lines as it takes; it can be selected by the mouse and copied."""

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(words)

    def setText(self, words: str, /) -> None:
        super().setText(breakable(words))

    def event(self, event: QEvent) -> bool:
        # Or else the window's Ctrl+C, which copies photos, would have the key.
        if event.type() == QEvent.Type.ShortcutOverride and self._is_copy(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._is_copy(event):
            super().keyPressEvent(event)
            return
        # Qt gives lines back with its own separator.
        text = self.selectedText().replace("\u2029", "\n").replace(BREAK, "")
        QGuiApplication.clipboard().setText(text)

    def _is_copy(self, event: QEvent) -> bool:
        return (
            isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Copy)
            and self.hasSelectedText()
        )


class ElidedLabel(QLabel):
    """Plain text in one line, which loses its ``mode`` part where there is little room."""

    def __init__(self, mode: Qt.TextElideMode) -> None:
        super().__init__()
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        place = self.contentsRect()
        words = self.fontMetrics().elidedText(self.text(), self._mode, place.width())
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            place,
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            words,
            self.foregroundRole(),
        )
        painter.end()
