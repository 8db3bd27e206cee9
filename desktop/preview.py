"""The pane beside the grid: the current photo, lit, and what is known about it."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.full_photos import FullPhotos
from desktop.hits import BAND_NAMES
from desktop.photo_pane import PhotoPane
from desktop.text_label import TextLabel
from desktop.theme import Theme
from desktop.thumbnails import SIDES, Thumbnails
from engine.search import Hit, MatchedRegion

MOST_READINGS = 12


class Preview(PhotoPane):
    """Follows the grid's current photo while it is open."""

    view_wanted = Signal()
    reveal_wanted = Signal()

    def __init__(
        self,
        full_photos: FullPhotos,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(full_photos, thumbnails, theme, parent)
        self.setObjectName("preview")
        self.setAccessibleName("Preview")
        self.view.setMinimumHeight(220)
        self._name, self._facts, self._readings, self._place = (TextLabel() for _ in range(4))
        self._name.setProperty("tone", "name")
        for label in (self._facts, self._place):
            label.setProperty("tone", "muted")
        self._view_button = QPushButton("View")
        self._view_button.clicked.connect(self.view_wanted)
        self._reveal_button = QPushButton("Show in folder")
        self._reveal_button.clicked.connect(self.reveal_wanted)
        buttons = QHBoxLayout()
        buttons.addWidget(self._view_button)
        buttons.addWidget(self._reveal_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 12, 12)
        layout.setSpacing(6)
        layout.addWidget(self.view, 1)
        for label in (self._name, self._facts, self._readings, self._place):
            layout.addWidget(label)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        self.show_hit(None)

    def show_hit(self, hit: Hit | None) -> None:
        """Show a photo, or that none is chosen."""
        for part in (self.view, self._facts, self._readings, self._place):
            part.setVisible(hit is not None)
        for button in (self._view_button, self._reveal_button):
            button.setVisible(hit is not None)
        if hit is None:
            self._hit = None
            self._name.setText("Choose a photo to see it here.")
            return
        if hit != self._hit:
            stand_in = self._thumbnails.get(hit, SIDES[0])
            self.view.show_photo(hit, self._full_photos.get(hit), stand_in)
        self._hit = hit
        self._reveal_button.setEnabled(hit.online)
        path = Path(hit.path)
        self._name.setText(path.name)
        self._facts.setText(facts(hit))
        self._readings.setText(evidence(hit))
        self._place.setText(written(path.parent))


def written(folder: Path) -> str:
    """A folder as people write it: on Unix from a tilde on where it is in their home."""
    home = Path.home()
    if sys.platform == "win32" or not folder.is_relative_to(home):
        return str(folder)
    return str("~" / folder.relative_to(home))


def facts(hit: Hit) -> str:
    """Band, size and date of a photo in one line."""
    band = BAND_NAMES[hit.band]
    parts = [*([band] if band else []), f"{hit.width} × {hit.height}"]
    if hit.mtime_ns > 0:
        changed = QDateTime.fromMSecsSinceEpoch(hit.mtime_ns // 1_000_000)
        parts.append(_date(changed.date()))
    if not hit.online:
        parts.append("not connected")
    return " · ".join(parts)


def _date(date: QDate) -> str:
    locale = QLocale()
    if locale.language() == QLocale.Language.C:  # nobody's habit: it would be “21 11 2026”
        return date.toString(Qt.DateFormat.ISODate)
    return locale.toString(date, QLocale.FormatType.ShortFormat)


def evidence(hit: Hit) -> str:
    """What was read for each word of the query, a line a place; of a scene, the likeness."""
    if not hit.band:
        return f"Likeness {hit.score:.2f}"
    regions = sorted(hit.regions, key=lambda region: region.probability, reverse=True)
    lines = [_reading(region) for region in regions[:MOST_READINGS]]
    if len(regions) > MOST_READINGS:
        lines.append(f"and {len(regions) - MOST_READINGS} more places")
    return "\n".join(lines)


def _reading(region: MatchedRegion) -> str:
    read = f"“{region.reading}”" if region.reading else ""
    asked = f"{region.word}:" if region.word != region.reading else ""
    return " ".join(filter(None, (asked, read, f"{region.probability:.0%}")))
