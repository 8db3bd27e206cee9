"""The line at the bottom: background work, what is selected, how large thumbnails are."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from desktop.overview import Overview
from desktop.settings import LARGEST_THUMBNAIL, SMALLEST_THUMBNAIL
from desktop.text_label import ElidedLabel
from desktop.theme import Theme
from engine.events import Progress

HEIGHT = 40  # with or without something to say


class Footer(QWidget):
    """Shows, and asks for: pausing and going on, the list of skipped photos, another size."""

    pause_wanted = Signal(bool)  # True: pause, False: go on
    skipped_wanted = Signal()
    thumbnail_side_changed = Signal(int)

    def __init__(
        self, overview: Overview, theme: Theme, side: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._overview = overview
        self._theme = theme
        self._reason = ""
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.pause_button = QToolButton()
        self.pause_button.setAutoRaise(True)
        self.pause_button.clicked.connect(lambda: self.pause_wanted.emit(not self._paused()))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(150)
        self.bar.setAccessibleName("Indexing")
        self.work = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.skipped_button = QPushButton()
        self.skipped_button.setProperty("weight", "link")
        self.skipped_button.clicked.connect(self.skipped_wanted)
        self.selection = QLabel()
        self.selection.setProperty("tone", "muted")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(SMALLEST_THUMBNAIL, LARGEST_THUMBNAIL)
        self.slider.setPageStep(48)
        self.slider.setSingleStep(16)
        self.slider.setFixedSize(130, 24)
        self.slider.setAccessibleName("Size of thumbnails")
        self.slider.setToolTip("Size of thumbnails")
        self.slider.setValue(side)
        self.slider.valueChanged.connect(self.thumbnail_side_changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 14, 0)
        layout.setSpacing(8)
        for part in (self.pause_button, self.bar, self.work, self.skipped_button):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.selection)
        layout.addSpacing(8)
        layout.addWidget(self.slider)
        overview.changed.connect(self._on_status)
        overview.moved_on.connect(self.refresh)
        self.refresh()

    def set_paused(self, reason: str) -> None:
        """Indexing rests for ``reason``; empty: it goes on."""
        self._reason = reason
        self.refresh()

    def set_selected(self, count: int) -> None:
        self.selection.setText(f"{count:,} selected" if count else "")

    def _on_status(self) -> None:
        status = self._overview.status
        if status is not None and not status.paused:
            self._reason = ""
        self.refresh()

    def _paused(self) -> bool:
        status = self._overview.status
        return bool(self._reason) or (status is not None and status.paused)

    def refresh(self) -> None:
        """Say what is going on now."""
        overview, status = self._overview, self._overview.status
        progress, paused = overview.progress, self._paused()
        # A pack beside the first looks at photos without a scan.
        working = overview.scanning or progress is not None
        working = working or (status is not None and status.indexing)
        self.bar.setVisible(working or (paused and progress is not None))
        if progress is None:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, max(progress.total, 1))
            self.bar.setValue(progress.done)
        self.pause_button.setVisible(working or paused)
        self._theme.dress(self.pause_button, "resume" if paused else "pause")
        name = "Go on indexing" if paused else "Pause indexing"
        self.pause_button.setToolTip(name)
        self.pause_button.setAccessibleName(name)
        words = self._words(working, paused)
        self.work.setText(words)
        self.work.setToolTip(words if progress is None else f"{words}\n{progress.current}")
        skipped = 0 if status is None else status.skipped
        self.skipped_button.setVisible(skipped > 0)
        self.skipped_button.setText(f"{skipped:,} skipped")
        self.skipped_button.setAccessibleName(f"{skipped:,} photos cannot be searched: show them")

    def _words(self, working: bool, paused: bool) -> str:
        progress, status = self._overview.progress, self._overview.status
        if paused:
            done = f" at {progress.done:,} of {progress.total:,}" if progress is not None else ""
            reason = self._reason.strip().rstrip(".")
            if not reason or reason.lower() == "paused":
                return f"Paused{done}"
            return f"{reason[:1].upper()}{reason[1:]}{done}"
        if working:
            if progress is None:
                return "Looking for photos…"
            parts = [self._counted(progress)]
            if progress.photos_per_second > 0:
                parts.append(rate(progress.photos_per_second))
            if progress.seconds_left is not None:
                parts.append(time_left(progress.seconds_left))
            return " · ".join(parts)
        if status is None or not self._overview.roots:
            return ""
        searchable = max(map(self._overview.searchable, self._overview.modes), default=0)
        return f"{searchable:,} {'photo' if searchable == 1 else 'photos'} can be searched"

    def _counted(self, progress: Progress) -> str:
        """How far it is; by which pack, where there are several."""
        overview = self._overview
        pack = progress.pack
        if not pack and len(overview.packs) > 1 and overview.status is not None:
            pack = overview.status.pack_name
        if pack:
            return f"Seeing {progress.done:,} of {progress.total:,} photos with {pack}"
        return f"Indexing {progress.done:,} of {progress.total:,}"


def rate(photos_per_second: float) -> str:
    """12.3 is more than anybody wants to know, 0.3 is not."""
    if photos_per_second >= 10:
        return f"{photos_per_second:.0f} photos/s"
    return f"{photos_per_second:.1f} photos/s"


def time_left(seconds: float) -> str:
    """Rounded so that it does not flicker."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s left"
    if seconds < 90 * 60:
        return f"about {max(1, round(seconds / 60))} min left"
    return f"about {round(seconds / 3600)} h left"
