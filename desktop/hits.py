"""The hits of an answer as a Qt model: order, bands, and what can be dragged out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)

from desktop.settings import Order
from engine.search import Hit

Index = QModelIndex | QPersistentModelIndex
PhotoKey = tuple[int, int]  # photo id, time of the last change

# A pack that cannot say how sure it is has the empty band, and that no name.
BAND_NAMES = {"contains": "Contains", "probably": "Probably", "weak": "Weak", "": ""}
_NO_PARENT = QModelIndex()


class Role(IntEnum):
    """What the model tells besides Qt's own roles."""

    HIT = Qt.ItemDataRole.UserRole + 1


class Hits(QAbstractListModel):
    """The hits to show, best or newest first; weak ones are kept back until they are asked for."""

    shown_changed = Signal()  # other hits, another order, weaker ones shown or hidden

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Hit] = []
        self._shown: list[Hit] = []
        self._rows: dict[int, int] = {}
        self._cut = False
        self._order: Order = "relevance"
        self._weak_shown = False

    # What the window tells it.

    def show(self, hits: Iterable[Hit], *, cut: bool = False) -> None:
        """Replace all hits; they come best first. ``cut``: there are more that are not weak."""
        self._all, self._cut = list(hits), cut
        self._arrange()

    def set_order(self, order: Order) -> None:
        """Put the best first, or the newest photo."""
        if order != self._order:
            self._order = order
            self._arrange()

    def show_weak(self, shown: bool) -> None:
        """Show or hide the weak hits."""
        if shown != self._weak_shown:
            self._weak_shown = shown
            self._arrange()

    # What the window asks it.

    @property
    def order(self) -> Order:
        return self._order

    @property
    def cut(self) -> bool:
        """Whether these are only the best of the hits that are not weak."""
        return self._cut

    @property
    def weak_shown(self) -> bool:
        return self._weak_shown

    def count(self, band: str) -> int:
        """How many hits of ``band`` there are, shown or not."""
        return sum(hit.band == band for hit in self._all)

    def hit(self, row: int) -> Hit | None:
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def row_of(self, photo_id: int) -> int:
        """The row of a photo, -1 if it is not shown."""
        return self._rows.get(photo_id, -1)

    # What Qt asks it.

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        hit = self.hit(index.row()) if index.isValid() else None
        if hit is None:
            return None
        match role:
            case Role.HIT:
                return hit
            case Qt.ItemDataRole.DisplayRole:
                return Path(hit.path).name
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(hit)
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(hit)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return files([hit.path for index in indexes if (hit := self.hit(index.row()))])

    def supportedDragActions(self) -> Qt.DropAction:
        # A photo that is dragged out is never moved: nothing is changed in a photo folder.
        return Qt.DropAction.CopyAction

    def _arrange(self) -> None:
        self.beginResetModel()
        self._shown = [hit for hit in self._all if self._weak_shown or hit.band != "weak"]
        if self._order == "date":
            self._shown.sort(key=lambda hit: hit.mtime_ns, reverse=True)
        self._rows = {hit.photo_id: row for row, hit in enumerate(self._shown)}
        self.endResetModel()
        self.shown_changed.emit()


def photo_key(hit: Hit) -> PhotoKey:
    """By what pictures of a photo are kept: an edited photo has the same id and looks different."""
    return hit.photo_id, hit.mtime_ns


def file_url(path: str | Path) -> QUrl:
    """The address of a file or folder, whose name may be any bytes.

    ``QUrl.fromLocalFile`` loses those that are not UTF-8.
    """
    return QUrl.fromEncoded(Path(path).as_uri().encode())


def files(paths: Iterable[str]) -> QMimeData:
    """Files as other programs take them, by drop or by paste."""
    data = QMimeData()
    paths = list(paths)
    data.setUrls([file_url(path) for path in paths])
    data.setText("\n".join(paths))
    return data


def readings(hit: Hit) -> list[str]:
    """What the towers read at the matched words, the most probable first, each once."""
    regions = sorted(hit.regions, key=lambda region: region.probability, reverse=True)
    return list(dict.fromkeys(region.reading for region in regions if region.reading))


def _tip(hit: Hit) -> str:
    lines = [hit.path, f"{hit.width} × {hit.height}"]
    if found := readings(hit):
        lines.append("Reads: " + ", ".join(found[:8]))
    if not hit.online:
        lines.append("On a drive that is not connected")
    return "\n".join(lines)


def _spoken(hit: Hit) -> str:
    parts = [Path(hit.path).name]
    if band := BAND_NAMES[hit.band]:
        parts.append(band)
    if found := readings(hit):
        parts.append("reads " + ", ".join(found[:3]))
    if not hit.online:
        parts.append("not connected")
    return ", ".join(parts)
