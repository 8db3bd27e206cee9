"""Notices above the pages: things that the person should know or decide, without being stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.text_label import TextLabel
from desktop.theme import Theme

Kind = Literal["notice", "alarm"]
Choice = tuple[str, Callable[[], None]]  # what the button says, what it does


class Notices(QWidget):
    """A stack of notices, one for each subject; a newer one on the same subject replaces it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notices: dict[str, QFrame] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 10, 12, 6)
        self._layout.setSpacing(6)
        self.hide()

    def tell(
        self, subject: str, words: str, choices: Sequence[Choice] = (), kind: Kind = "notice"
    ) -> None:
        """Show ``words`` with a button for each choice; any choice takes the notice away."""
        self.withdraw(subject)
        notice = QFrame()
        notice.setProperty("part", "notice")
        notice.setProperty("kind", kind)
        notice.setAccessibleName(words)
        text = TextLabel(words)
        row = QHBoxLayout(notice)
        row.setContentsMargins(12, 7, 6, 7)
        row.addWidget(text, 1)
        for name, act in choices:
            button = QPushButton(name)
            # The notice goes with the click; the focus stays where it was.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(act)
            button.clicked.connect(lambda: self.withdraw(subject))
            row.addWidget(button)
        close = QToolButton()
        close.setAccessibleName("Close this notice")
        close.setToolTip("Close")
        self._theme.dress(close, "clear")
        close.clicked.connect(lambda: self.withdraw(subject))
        row.addWidget(close)
        self._layout.addWidget(notice)
        self._notices[subject] = notice
        self.show()

    def withdraw(self, subject: str) -> None:
        """Take a notice away, if it is there."""
        notice = self._notices.pop(subject, None)
        if notice is not None:
            self._layout.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
            self.setVisible(bool(self._notices))

    def words(self) -> list[str]:
        """What the notices say, oldest first."""
        return [notice.accessibleName() for notice in self._notices.values()]
