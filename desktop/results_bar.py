"""The line above the grid: what was found, weaker matches, order."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from desktop.hits import Hits
from desktop.settings import Order
from desktop.text_label import ElidedLabel, shortened
from desktop.unsearched import READS, not_searched
from engine.packs import Mode

_ORDERS: tuple[tuple[Order, str], ...] = (("relevance", "Best first"), ("date", "Newest first"))


class ResultsBar(QWidget):
    """Follows the model of hits; the order and the weaker matches are set on it."""

    order_chosen = Signal(str)

    def __init__(self, hits: Hits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hits = hits
        self._query = ""
        self._mode: Mode = "words"
        self._headline = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.weak_button = QPushButton()
        self.weak_button.setProperty("weight", "link")
        self.weak_button.clicked.connect(lambda: hits.show_weak(not hits.weak_shown))
        self.order_box = QComboBox()
        self.order_box.setAccessibleName("Order of the photos")
        for order, name in _ORDERS:
            self.order_box.addItem(name, order)
        self.order_box.setCurrentIndex(self.order_box.findData(hits.order))
        self.order_box.activated.connect(self._on_order)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 10, 4)
        layout.addWidget(self._headline)
        layout.addWidget(self.weak_button)
        layout.addStretch(1)
        layout.addWidget(self.order_box)
        hits.shown_changed.connect(self.refresh)
        self.refresh()

    def set_query(self, query: str, mode: Mode) -> None:
        """What the hits are an answer to."""
        self._query, self._mode = query, mode
        self.refresh()

    def refresh(self) -> None:
        """Say what the model holds now."""
        left_out = not_searched(self._query, self._mode)
        said = headline(self._hits, self._query, self._mode)
        words = f"{said} · {left_out}" if left_out else said
        self._headline.setText(words)
        self._headline.setToolTip(f"{words}\n{READS}." if left_out else words)
        weak = self._hits.count("weak")
        self.weak_button.setVisible(weak > 0)
        self.weak_button.setText(weak_words(self._hits))

    def _on_order(self, position: int) -> None:
        order = _ORDERS[position][0]
        self._hits.set_order(order)
        self.order_chosen.emit(order)


def headline(hits: Hits, query: str, mode: Mode) -> str:
    """One plain sentence about what was found."""
    query = shortened(query)
    if mode == "scenes":
        return f"Scenes: {_scenes(hits, query)}"
    contains, probably = hits.count("contains"), hits.count("probably")
    if not contains and not probably:
        return f"No photo shows “{query}” for sure"
    if hits.cut:
        kind = "photos" if contains else "probable photos"
        best = f"The best {contains + probably:,} {kind} with “{query}”"
        return f"{best}, {probably:,} of them probable" if contains and probably else best
    found = []
    if contains:
        found.append(f"{contains:,} {_photos(contains)} with “{query}”")
    if probably:
        kind = _photos(probably) + f" with “{query}”" if not contains else ""
        found.append(f"{probably:,} {'probable' if contains else 'probable ' + kind}")
    return ", ".join(found)


def _scenes(hits: Hits, query: str) -> str:
    """Without bands nobody knows which photos are like the query, only which are most like it."""
    sure = hits.count("contains") + hits.count("probably")
    if ranked := hits.count("") or (hits.cut and sure):
        which = "the photo" if ranked == 1 else f"the {ranked:,} photos"
        return f"{which} most like “{query}”"
    if sure:
        return f"{sure:,} {_photos(sure)} like “{query}”"
    return f"no photo is like “{query}” for sure"


def weak_words(hits: Hits) -> str:
    """What the button for weaker matches says."""
    weak = hits.count("weak")
    matches = "match" if weak == 1 else "matches"
    return f"{'Hide' if hits.weak_shown else 'Show'} {weak:,} weaker {matches}"


def _photos(count: int) -> str:
    return "photo" if count == 1 else "photos"
