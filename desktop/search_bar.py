"""The search field."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDragMoveEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.theme import Theme
from engine.packs import Mode

HELP: dict[Mode, str] = {
    "words": "Words that you can see in the photo\n"
    "“two words” side by side   -without   one OR other   begin*\n"
    "color:red   on:yellow   size:large   at:top",
    "scenes": "What the photo looks like, in a few words or a sentence\n"
    "-word leaves out photos that show the word",
}

_LEAST_SIZE = QSize(0, 36)  # higher with a large font


class SearchBar(QLineEdit):
    """Tells what is typed, and when the person wants to go on to the results."""

    typed = Signal(str)  # at every change, the new text stripped
    confirmed = Signal(str)  # Enter
    results_wanted = Signal()  # Down

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("search")
        self.setAccessibleName("Search")
        self.invite("words", 0)
        self._glass = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction("Clear the search", self)
        self._clear.triggered.connect(self.clear)
        self._clear.setVisible(False)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._dress()
        theme.changed.connect(self._dress)
        self.textChanged.connect(self._on_text_changed)
        self.returnPressed.connect(lambda: self.confirmed.emit(self.query()))

    def invite(self, mode: Mode, searchable: int) -> None:
        """Say what can be typed, and how many photos are searched for it."""
        photos = f"{searchable:,} photos" if searchable > 1 else "your photos"
        words = "Search the words in" if mode == "words" else "Describe a scene in"
        self.setPlaceholderText(f"{words} {photos}")
        self.setAccessibleDescription(HELP[mode])
        self.setToolTip(HELP[mode])

    def query(self) -> str:
        """What is typed, without white space around it."""
        return self.text().strip()

    def seek(self) -> None:
        """Take the focus with all text selected, ready to be typed over."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(_LEAST_SIZE)

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint().expandedTo(_LEAST_SIZE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.results_wanted.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _holds_files(event):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if _holds_files(event):
            event.ignore()
        else:
            super().dragMoveEvent(event)

    def _on_text_changed(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self.typed.emit(text.strip())

    def _dress(self) -> None:
        self._glass.setIcon(self._theme.icon("search"))
        self._clear.setIcon(self._theme.icon("clear"))


def _holds_files(event: QDragMoveEvent) -> bool:
    """Folders are for the window to add; their addresses are nothing to search for."""
    return any(url.isLocalFile() for url in event.mimeData().urls())
