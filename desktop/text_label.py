"""Text that can be selected by the mouse and copied."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel

BREAK = "\u200b"  # where a long line may break; nobody wants it in a copy


class TextLabel(QLabel):
    """Plain text over as many lines as it takes."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

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
