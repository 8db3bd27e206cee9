"""What covers the window while folders are dragged over it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel, QWidget


class DropSign(QLabel):
    """Lies over its parent, follows its size and never takes part in the drag itself."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Drop folders here to search the photos in them", parent)
        self.setObjectName("drop-sign")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        parent = self.parentWidget()
        if event.type() == QEvent.Type.Resize and parent is not None:
            self.setGeometry(parent.rect().adjusted(12, 12, -12, -12))
        return super().eventFilter(watched, event)

    def appear(self) -> None:
        """Cover the window."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect().adjusted(12, 12, -12, -12))
        self.raise_()
        self.show()
