"""What stands in the place of the grid when there is nothing to show in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.hits import Hits
from desktop.overview import Overview
from desktop.results_bar import weak_words
from desktop.text_label import breakable, shortened
from desktop.theme import Theme
from desktop.unsearched import READS, not_searched, nothing_to_search
from engine.packs import Mode

Action = Literal["", "add", "weak"]
EXAMPLES = (
    "“two words” side by side  ·  -without  ·  one OR other  ·  begin*\n"
    "color:red  ·  on:yellow  ·  size:large  ·  at:top"
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Why there is nothing to show, in words, and what can be done about it."""

    icon: str
    title: str
    words: str
    button: str = ""
    action: Action = ""
    small: str = ""


def situation(
    overview: Overview, hits: Hits, query: str, searched: bool, trouble: str, mode: Mode
) -> Situation:
    """Choose the words for what is the case; ``trouble`` is why the query cannot be answered.

    ``searched``: whether the query held anything to search for.
    """
    status = overview.status
    if status is not None and not overview.roots:
        return Situation(
            "photos",
            "Add a folder of photos",
            "Photolex looks through the folder once and then finds photos by the words in them.\n"
            "You can also drop a folder here.",
            "Add folder…",
            "add",
            "Nothing leaves this computer, and nothing is written into your folders.",
        )
    if trouble:
        return Situation("notice", "That cannot be answered", trouble)
    indexing = _indexing(overview)
    if query and not searched:
        return Situation("search", "Nothing to search for", nothing_to_search(query, mode))
    if query:
        weak = hits.count("weak")
        left_out = not_searched(query, mode)
        return Situation(
            "nothing",
            "Nothing found",
            f"No photo seems to {'show' if mode == 'words' else 'look like'} "
            f"“{shortened(query)}”." + (f"\n{left_out}: {READS}." if left_out else ""),
            weak_words(hits) if weak else "",
            "weak" if weak else "",
            indexing,
        )
    if status is None:
        return Situation("photos", "", "")
    searchable = overview.searchable(mode)
    if not searchable:
        if overview.scanning or status.waiting or status.indexing:
            return Situation(
                "photos",
                "Looking through your photos",
                "You can search as soon as the first ones are done.",
                small=indexing,
            )
        return Situation(
            "photos",
            "No photos here yet",
            "There is no photo in your folders that can be searched.",
            "Add folder…",
            "add",
        )
    counted = f"{searchable:,} " + ("photo is" if searchable == 1 else "photos are")
    if mode == "scenes":
        return Situation(
            "search",
            "Describe what a photo looks like",
            f"A dog on a beach, a red car in the snow: {counted} ready to be searched.",
            small=indexing,
        )
    return Situation(
        "search",
        "Type a word that you can see in a photo",
        f"A shop sign, a label, a line of a receipt: {counted} ready to be searched.",
        small=f"{EXAMPLES}\n{indexing}".strip(),
    )


def _indexing(overview: Overview) -> str:
    progress = overview.progress
    if progress is None or progress.done >= progress.total:
        return ""
    photos = f"photos with {progress.pack}" if progress.pack else "photos"
    return f"Still looking through {photos}: {progress.done:,} of {progress.total:,} are done."


class Blank(QWidget):
    """A picture, a title, a sentence and at most one button, in the middle."""

    acted = Signal(str)  # Action

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = Situation("photos", "", "")
        self._icon, self._title, self._words, self._small = (QLabel() for _ in range(4))
        self.button = QPushButton()
        self.button.setProperty("weight", "main")
        self.button.clicked.connect(lambda: self.acted.emit(self._shown.action))
        self._title.setProperty("tone", "title")
        self._small.setProperty("tone", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 20, 40, 40)
        layout.setSpacing(10)
        layout.addStretch(2)
        for label in (self._icon, self._title, self._words):
            layout.addWidget(label)
        layout.addSpacing(6)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(6)
        layout.addWidget(self._small)
        layout.addStretch(3)
        for label in (self._icon, self._title, self._words, self._small):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(label is not self._icon)
        theme.changed.connect(lambda: self.show_situation(self._shown))

    def show_situation(self, shown: Situation) -> None:
        """Show other words."""
        self._shown = shown
        self._icon.setPixmap(self._theme.pixmap(shown.icon, self._theme.colours.weak, 72))
        self._icon.setVisible(bool(shown.title))
        self._title.setText(shown.title)
        self._words.setText(breakable(shown.words))
        self._small.setText(breakable(shown.small))
        self._small.setVisible(bool(shown.small))
        self.button.setText(shown.button)
        self.button.setVisible(bool(shown.button))
        self.setAccessibleName(shown.title)
        self.setAccessibleDescription(shown.words)
