"""The list of photos that cannot be searched, each with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from engine.rows import SkippedRow

_PATH = Qt.ItemDataRole.UserRole + 1


class SkippedDialog(QDialog):
    """Stays open beside the window; nothing in it changes anything."""

    reveal_wanted = Signal(object)  # Path

    def __init__(self, rows: list[SkippedRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Skipped photos")
        self.resize(780, 460)
        model = QStandardItemModel(0, 3, self)
        model.setHorizontalHeaderLabels(["Photo", "Reason", "Folder"])
        for row in rows:
            path = Path(row.path)
            items = [QStandardItem(words) for words in (path.name, row.reason, str(path.parent))]
            for item in items:
                # As text Qt would lose what is not UTF-8 in a name.
                item.setData(path, _PATH)
                item.setToolTip(item.text())
                item.setEditable(False)
            model.appendRow(items)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(model)
        self._proxy.setFilterKeyColumn(-1)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        words = QLabel(
            "These files look like photos but cannot be searched. "
            "Each is tried again when it changes."
        )
        words.setWordWrap(True)
        self.narrow = QLineEdit()
        self.narrow.setPlaceholderText("Narrow the list")
        self.narrow.setAccessibleName("Narrow the list")
        self.narrow.setClearButtonEnabled(True)
        self.narrow.textChanged.connect(self._proxy.setFilterFixedString)
        self.table = QTableView()
        self.table.setAccessibleName("Skipped photos")
        self.table.setModel(self._proxy)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(True)
        self.table.setColumnWidth(0, 190)
        self.table.setColumnWidth(1, 340)
        self.table.activated.connect(lambda index: self.reveal_wanted.emit(index.data(_PATH)))
        reveal = QPushButton("Show in folder")
        reveal.clicked.connect(self._reveal)
        copy = QPushButton("Copy the list")
        copy.clicked.connect(self.copy)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        for button in (reveal, copy, close):
            # Enter belongs to the field and to the lines; a dialog would press a button for it.
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addWidget(reveal)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(words)
        layout.addWidget(self.narrow)
        layout.addWidget(self.table)
        layout.addLayout(buttons)
        if model.rowCount():
            self.table.selectionModel().setCurrentIndex(
                self._proxy.index(0, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )

    def listed(self) -> list[tuple[str, str]]:
        """Path and reason of every line that is shown, in the order shown."""
        rows = range(self._proxy.rowCount())
        return [
            (str(self._proxy.index(row, 0).data(_PATH)), self._proxy.index(row, 1).data())
            for row in rows
        ]

    def copy(self) -> None:
        """Put the shown lines on the clipboard, path and reason with a tab between."""
        lines = [f"{path}\t{reason}" for path, reason in self.listed()]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _reveal(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self.reveal_wanted.emit(index.data(_PATH))
