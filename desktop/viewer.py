"""The photo alone, filling the window, with the matched words lit."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop.full_photos import FullPhotos
from desktop.hits import Hits, photo_key
from desktop.icons import line_icon
from desktop.photo_pane import PhotoPane
from desktop.preview import facts
from desktop.text_label import ElidedLabel
from desktop.theme import DARK, Theme
from desktop.thumbnails import SIDES, Thumbnails
from engine.search import Hit

PAN_STEP = 80


class Viewer(PhotoPane):
    """Walks through the hits of the grid. Keys: see ``keyPressEvent``.

    It stays at its photo when the answer is refreshed, even if that no longer holds the photo.
    """

    photo_shown = Signal()  # it has another hit now
    closed = Signal()
    full_screen_wanted = Signal()
    menu_wanted = Signal(object)  # QPoint, global

    def __init__(
        self,
        hits: Hits,
        full_photos: FullPhotos,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(full_photos, thumbnails, theme, parent)
        self._hits = hits
        self._row = 0
        self.setObjectName("viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Without its end a name would not tell the kind of file.
        self._name = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._facts, self._position, self._zoom = (QLabel() for _ in range(3))
        for label in (self._facts, self._position, self._zoom):
            label.setProperty("tone", "muted")
        self._zoom.setMinimumWidth(48)
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.lit_button = self._button("lit", "Light the words (L)")
        self.lit_button.setCheckable(True)
        self.lit_button.setChecked(True)
        self.lit_button.toggled.connect(self.view.set_lit)
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 8, 10, 6)
        bar.setSpacing(6)
        for part in (
            self._button("back", "Back to the photos (Esc)", self.closed.emit),
            self._name,
            self._facts,
            None,
            self._button("zoom-out", "Smaller (-)", self.view.zoom_out),
            self._zoom,
            self._button("zoom-in", "Larger (+)", self.view.zoom_in),
            self._button("fit", "All of the photo (0)", self.view.fit),
            self._button("word", "Close to the next word (W)", self.view.next_word),
            self.lit_button,
            self._button("full-screen", "Full screen (F11)", self.full_screen_wanted.emit),
            None,
            self._position,
            self._button("previous", "Previous photo (Left)", lambda: self.step(-1)),
            self._button("next", "Next photo (Right)", lambda: self.step(1)),
        ):
            if part is None:
                bar.addStretch(1)
            else:
                bar.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.view, 1)
        self.view.zoomed.connect(lambda per_cent: self._zoom.setText(f"{per_cent} %"))
        hits.modelReset.connect(self._on_refreshed)

    @property
    def row(self) -> int:
        """Where it stands among the hits."""
        return self._row

    def show_row(self, row: int) -> None:
        """Show the hit at ``row``."""
        hit = self._hits.hit(row)
        if hit is None:
            return
        self._row = row
        neighbours = [near for step in (1, -1) if (near := self._hits.hit(row + step))]
        stand_in = self._thumbnails.get(hit, SIDES[-1])
        self.view.show_photo(hit, self._full_photos.get(hit, *neighbours), stand_in)
        self._describe(hit)

    def step(self, by: int) -> None:
        """Go to another photo; the first and the last are the ends."""
        if self._hits.rowCount():
            self.show_row(min(max(self._row + by, 0), self._hits.rowCount() - 1))

    def _button(self, icon: str, name: str, act: object = None) -> QToolButton:
        button = QToolButton()
        # The viewer is dark whatever the theme is: photos look best on dark.
        button.setIcon(line_icon(icon, DARK.text, DARK.weak))
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if callable(act):
            button.clicked.connect(lambda: act())
        return button

    def _describe(self, hit: Hit) -> None:
        self._hit = hit
        self._name.setText(Path(hit.path).name)
        self._name.setToolTip(hit.path)
        self._facts.setText(facts(hit))
        self.setAccessibleName(f"Photo {Path(hit.path).name}")
        self._position.setText(f"{self._row + 1:,} of {self._hits.rowCount():,}")
        self.photo_shown.emit()

    def _on_refreshed(self) -> None:
        # While it is hidden, others ask for the photos that are to be read first.
        if self._hit is None or self.isHidden():
            return
        row = self._hits.row_of(self._hit.photo_id)
        fresh = self._hits.hit(row)
        if fresh is None:
            self._position.clear()
        elif photo_key(fresh) != photo_key(self._hit) or self._is_back(fresh):
            self.show_row(row)
        else:
            self._row = row
            if fresh != self._hit:
                self.view.renew(fresh)
            self._describe(fresh)

    def _is_back(self, fresh: Hit) -> bool:
        """Whether a photo that could not be opened can be tried again: its drive is there."""
        was_away = self._hit is not None and not self._hit.online
        return self.view.failed and was_away and fresh.online

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = event.key(), Qt.Key
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and key in _PANS:
            across, down = _PANS[Qt.Key(key)]
            self.view.pan(across * PAN_STEP, down * PAN_STEP)
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if key == keys.Key_1:
                self.view.actual_size()
                return
            if key in (keys.Key_0, keys.Key_2):
                self.view.fit()
                return
        match key:
            case keys.Key_Escape | keys.Key_Return | keys.Key_Enter:
                self.closed.emit()
            case keys.Key_Right | keys.Key_Down | keys.Key_Space | keys.Key_PageDown:
                self.step(1)
            case keys.Key_Left | keys.Key_Up | keys.Key_Backspace | keys.Key_PageUp:
                self.step(-1)
            case keys.Key_Home:
                self.show_row(0)
            case keys.Key_End:
                self.show_row(self._hits.rowCount() - 1)
            case keys.Key_Plus | keys.Key_Equal:
                self.view.zoom_in()
            case keys.Key_Minus:
                self.view.zoom_out()
            case keys.Key_0:
                self.view.fit()
            case keys.Key_1:
                self.view.actual_size()
            case keys.Key_W:
                self.view.next_word()
            case keys.Key_L:
                self.lit_button.toggle()
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())


_PANS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
