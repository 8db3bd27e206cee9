"""What the window remembers from one start to the next."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QByteArray, QSettings

Choice = Literal["system", "light", "dark"]
Order = Literal["relevance", "date"]

SMALLEST_THUMBNAIL = 96
LARGEST_THUMBNAIL = 384
USUAL_THUMBNAIL = 190


class Settings:
    """Typed access to a ``QSettings``; whatever is damaged or missing has its usual value."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def thumbnail_side(self) -> int:
        """Longer side of a thumbnail in the grid, in device-independent pixels."""
        value = self._store.value("grid/thumbnail_side", USUAL_THUMBNAIL)
        try:
            side = int(str(value))
        except ValueError:
            side = USUAL_THUMBNAIL
        return min(max(side, SMALLEST_THUMBNAIL), LARGEST_THUMBNAIL)

    @thumbnail_side.setter
    def thumbnail_side(self, side: int) -> None:
        self._store.setValue("grid/thumbnail_side", side)

    @property
    def order(self) -> Order:
        return "date" if self._store.value("grid/order") == "date" else "relevance"

    @order.setter
    def order(self, order: Order) -> None:
        self._store.setValue("grid/order", order)

    @property
    def colours(self) -> Choice:
        """Light or dark whatever the system says, or as the system."""
        value = self._store.value("window/colours")
        if value == "light":
            return "light"
        return "dark" if value == "dark" else "system"

    @colours.setter
    def colours(self, choice: Choice) -> None:
        self._store.setValue("window/colours", choice)

    @property
    def folders_shown(self) -> bool:
        return self._flag("window/folders", usually=True)

    @folders_shown.setter
    def folders_shown(self, shown: bool) -> None:
        self._store.setValue("window/folders", shown)

    @property
    def preview_shown(self) -> bool:
        return self._flag("window/preview", usually=False)

    @preview_shown.setter
    def preview_shown(self, shown: bool) -> None:
        self._store.setValue("window/preview", shown)

    @property
    def geometry(self) -> QByteArray:
        """What ``QWidget.saveGeometry`` gave; empty at the first start."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)

    @property
    def panes(self) -> QByteArray:
        """What ``QSplitter.saveState`` gave; empty at the first start."""
        return self._bytes("window/panes")

    @panes.setter
    def panes(self, panes: QByteArray) -> None:
        self._store.setValue("window/panes", panes)

    def _flag(self, key: str, *, usually: bool) -> bool:
        # An INI file gives back "true" and "false" as text.
        value = self._store.value(key, usually)
        return value if isinstance(value, bool) else str(value) == "true"

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()
