"""The side bar: the watched folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.theme import Theme

if TYPE_CHECKING:
    from engine.library import Root

_ROOT = Qt.ItemDataRole.UserRole + 1


class _FolderLine(QStyledItemDelegate):
    """A folder's name, and under it how many photos it holds or that it is not connected."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        metrics = option.fontMetrics
        return QSize(120, 2 * metrics.height() + 16)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        root: Root = index.data(_ROOT)
        colours = self._theme.colours
        place: QRect = option.rect.adjusted(4, 2, -4, -2)
        state: QStyle.StateFlag = option.state
        metrics = option.fontMetrics
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(colours.selected if chosen and focused else colours.hover))
            painter.setPen(QColor(colours.accent) if focused else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(place, 6, 6)
        icon = self._theme.pixmap(
            "folder" if root.online else "folder-off",
            colours.muted if root.online else colours.alarm,
            20,
        )
        painter.drawPixmap(place.x() + 8, place.center().y() - 9, icon)
        text = place.adjusted(36, 6, -8, -6)
        elide = Qt.TextElideMode.ElideRight
        painter.setPen(QColor(colours.text if root.online else colours.muted))
        painter.setFont(option.font)
        top = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.drawText(text, top, metrics.elidedText(index.data(), elide, text.width()))
        painter.setPen(QColor(colours.muted))
        small = QFont(option.font)
        small.setPointSizeF(small.pointSizeF() * 0.92 if small.pointSizeF() > 0 else 9)
        painter.setFont(small)
        bottom = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(text, bottom, metrics.elidedText(state_of(root), elide, text.width()))
        painter.restore()


class Folders(QWidget):
    """Shows the roots; adding, removing and rescanning others do."""

    add_wanted = Signal()
    remove_wanted = Signal(object)  # Path
    rescan_wanted = Signal(object)  # Path
    open_wanted = Signal(object)  # Path

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("folders")
        title = QLabel("FOLDERS")
        title.setProperty("tone", "section")
        self.add_button = QToolButton()
        self.add_button.setToolTip("Add a folder of photos")
        self.add_button.setAccessibleName("Add a folder of photos")
        theme.dress(self.add_button, "add")
        self.add_button.clicked.connect(self.add_wanted)
        self.list = QListWidget()
        self.list.setAccessibleName("Folders")
        self.list.setItemDelegate(_FolderLine(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = QHBoxLayout()
        head.setContentsMargins(14, 2, 6, 2)
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.list)
        theme.changed.connect(self.list.viewport().update)

    def show_roots(self, roots: list[Root]) -> None:
        """Show these roots; the chosen one stays chosen."""
        chosen = self.chosen()
        names = folder_names([root.path for root in roots])
        if [root.path for root in roots] != [root.path for root in self._roots()]:
            # Only then: with new lines the list would jump back to its beginning.
            self.list.clear()
            self.list.addItems([names[root.path] for root in roots])
        for row, root in enumerate(roots):
            item = self.list.item(row)
            item.setData(_ROOT, root)
            item.setToolTip(tip_of(root))
            name = names[root.path]
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {state_of(root)}")
            if root.path == chosen:
                self.list.setCurrentItem(item)

    def chosen(self) -> Path | None:
        """The folder that the side bar's current line shows."""
        row = self.list.currentRow()
        return self._roots()[row].path if row >= 0 else None

    def menu(self, path: Path) -> QMenu:
        """What can be done with a folder."""
        menu = QMenu(self)
        open_it = menu.addAction("Open in the file manager", lambda: self.open_wanted.emit(path))
        open_it.setEnabled(any(root.path == path and root.online for root in self._roots()))
        menu.addAction("Look for changes", lambda: self.rescan_wanted.emit(path))
        menu.addSeparator()
        menu.addAction("Remove from Photolex…", lambda: self.remove_wanted.emit(path))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.chosen()
        if event.key() == Qt.Key.Key_Delete and chosen is not None:
            self.remove_wanted.emit(chosen)
        else:
            super().keyPressEvent(event)

    def _roots(self) -> list[Root]:
        return [self.list.item(row).data(_ROOT) for row in range(self.list.count())]

    def _open_menu(self, place: QPoint) -> None:
        chosen = self.chosen()
        if chosen is not None:
            self.menu(chosen).popup(self.list.viewport().mapToGlobal(place))


def folder_names(paths: Sequence[Path]) -> dict[Path, str]:
    """A name for each folder; those of the same name are told apart by the folder they are in."""
    names = {path: folder_name(path) for path in paths}
    often = Counter(names.values())
    return {
        path: str(Path(path.parent.name) / name) if often[name] > 1 else name
        for path, name in names.items()
    }


def folder_name(path: Path) -> str:
    """The last part of the path, or all of it for the top of a drive."""
    return path.name or str(path)


def tip_of(root: Root) -> str:
    """The whole path, and how soon changes are noticed."""
    lines = [str(root.path), state_of(root)]
    if root.polled:
        lines.append("A network folder: it is looked through for changes from time to time.")
    return "\n".join(lines)


def state_of(root: Root) -> str:
    """How many photos a root holds, or that it is not there."""
    if not root.online:
        return "Not connected"
    photos = "1 photo" if root.photos == 1 else f"{root.photos:,} photos"
    return f"{photos} · network" if root.polled else photos
