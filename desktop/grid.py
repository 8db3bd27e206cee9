"""The grid of hits."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QListView, QStyle, QWidget

from desktop.hits import Hits
from desktop.settings import LARGEST_THUMBNAIL, SMALLEST_THUMBNAIL
from desktop.theme import Theme
from desktop.thumbnails import Thumbnails
from desktop.tile import MARGIN, Tile
from engine.search import Hit

WHEEL_STEP = 16
WHEEL_NOTCH = 120  # of a mouse; a touchpad turns in many small parts of it


class Grid(QListView):
    """Thumbnails in even columns. Knows what is selected; what to do with it others decide."""

    opened = Signal(int)  # row: Enter, double click
    preview_wanted = Signal()  # Space
    search_wanted = Signal()  # Up from the first line
    menu_wanted = Signal(QPoint)  # global position
    selection_changed = Signal()
    thumbnail_side_changed = Signal(int)  # by Ctrl and the wheel

    def __init__(
        self, hits: Hits, thumbnails: Thumbnails, theme: Theme, side: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._hits = hits
        self._side = side
        self._turned = 0  # of the wheel, less than a notch
        self._kept: tuple[set[int], int | None, int] = (set(), None, 0)
        self.setAccessibleName("Photos found")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        # setMovement has switched dragging off.
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self._tile = Tile(thumbnails, theme, self)
        self.setItemDelegate(self._tile)
        self.setModel(hits)
        hits.modelAboutToBeReset.connect(self._keep)
        hits.modelReset.connect(self._restore)
        thumbnails.ready.connect(self.viewport().update)
        theme.changed.connect(self.viewport().update)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self._lay_out()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        # One signal for all the changes that a click on a range makes.
        self._told = QTimer(self)
        self._told.setSingleShot(True)
        self._told.timeout.connect(self.selection_changed)
        self.selectionModel().selectionChanged.connect(lambda: self._told.start(0))
        self.selectionModel().currentChanged.connect(lambda: self._told.start(0))

    # What the window tells it.

    def set_thumbnail_side(self, side: int) -> None:
        """Draw thumbnails ``side`` pixels long; the current photo stays in sight."""
        if side == self._side:
            return
        self._side = side
        self._lay_out()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def go_to(self, row: int) -> None:
        """Make the photo at ``row`` the current and only selected one."""
        index = self._hits.index(row, 0)
        if index.isValid():
            self.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.scrollTo(index)

    def return_to(self, row: int) -> None:
        """Make the photo at ``row`` the current one; if it is selected, all that are stay so."""
        index = self._hits.index(row, 0)
        if self.selectionModel().isSelected(index):
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(index)
        else:
            self.go_to(row)

    def begin(self) -> None:
        """Whoever comes by keyboard needs a photo to start from."""
        if not self.currentIndex().isValid():
            self.go_to(0)

    def start_over(self) -> None:
        """These are answers to another question: begin at the top with nothing selected."""
        self.selectionModel().clear()
        self.scrollToTop()
        self._told.start(0)

    # What the window asks it.

    def selected(self) -> list[Hit]:
        """The selected hits in the order in which they are shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [hit for row in rows if (hit := self._hits.hit(row)) is not None]

    def current(self) -> Hit | None:
        """The hit with the focus ring, if there is one."""
        index = self.currentIndex()
        return self._hits.hit(index.row()) if index.isValid() else None

    # The same photos stay selected and in place when an answer is refreshed or sorted anew.

    def _keep(self) -> None:
        current = self.current()
        self._kept = (
            {hit.photo_id for hit in self.selected()},
            None if current is None else current.photo_id,
            self.verticalScrollBar().value(),
        )

    def _restore(self) -> None:
        selected, current, scrolled = self._kept
        flags = QItemSelectionModel.SelectionFlag
        for photo_id in selected:
            index = self._hits.index(self._hits.row_of(photo_id), 0)
            if index.isValid():
                self.selectionModel().select(index, flags.Select)
        row = -1 if current is None else self._hits.row_of(current)
        if row >= 0:
            self.selectionModel().setCurrentIndex(self._hits.index(row, 0), flags.NoUpdate)
            self.doItemsLayout()
            self.verticalScrollBar().setValue(scrolled)
        self._told.start(0)

    def _lay_out(self) -> None:
        """Share the width out evenly among as many columns as fit."""
        # The scroll bar's room is always kept: whether it shows depends on the columns.
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self)
        width = max(self.width() - bar - 2 * self.frameWidth() - 2, 1)
        tile = self._side + 2 * MARGIN
        columns = max(1, width // tile)
        size = QSize(width // columns, self._tile.height_for(self._side))
        if size != self._tile.size or self.gridSize() != size:
            self._tile.size = size
            self.setGridSize(size)

    # Events.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.opened.emit(row)
        elif plain and event.key() == Qt.Key.Key_Space:
            self.preview_wanted.emit()
        elif plain and event.key() == Qt.Key.Key_Up and row < self.columns():
            self.search_wanted.emit()
        else:
            super().keyPressEvent(event)

    def columns(self) -> int:
        """How many photos stand beside each other."""
        return max(1, self.viewport().width() // max(1, self.gridSize().width()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() != Qt.FocusReason.MouseFocusReason:
            self.begin()
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._resize_by(event.angleDelta().y())
        else:
            super().wheelEvent(event)

    def _resize_by(self, turned: int) -> None:
        """Larger or smaller thumbnails for every whole notch that the wheel has turned."""
        self._turned += turned
        notches = int(self._turned / WHEEL_NOTCH)
        if notches:
            self._turned -= notches * WHEEL_NOTCH
            side = self._side + notches * WHEEL_STEP
            side = min(max(side, SMALLEST_THUMBNAIL), LARGEST_THUMBNAIL)
            self.set_thumbnail_side(side)
            self.thumbnail_side_changed.emit(side)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        else:
            place = event.globalPos()
        if self.selected():
            self.menu_wanted.emit(place)
