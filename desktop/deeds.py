"""What can be done with photos: open, show in folder, copy."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from desktop.errands import Errands
from desktop.full_photos import Substitute, read_photo
from desktop.hits import file_url, files
from desktop.reveal import NO_FILE_MANAGER, reveal
from engine.search import Hit

# Each opens a window of its own.
MOST_OPENED = 10


class Deeds(QObject):
    """The actions on the chosen photos, for menus, buttons and the keyboard alike.

    ``chosen`` tells which photos are meant at the moment.
    """

    view_wanted = Signal()
    begun = Signal()  # what failed before no longer matters
    failed = Signal(str)  # one sentence

    def __init__(
        self,
        chosen: Callable[[], Sequence[Hit]],
        errands: Errands,
        substitute: Substitute,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._chosen = chosen
        self._errands = errands
        self._substitute = substitute
        self.view = self._action("View", None, self.view_wanted.emit, parent)
        self.view.setShortcutVisibleInContextMenu(True)
        self.open = self._action("Open in the usual program", "Ctrl+O", self._open, parent)
        self.reveal = self._action("Show in folder", "Ctrl+Shift+O", self._reveal, parent)
        self.copy = self._action("Copy", "Ctrl+C", self._copy, parent)
        self.copy_paths = self._action("Copy path", "Ctrl+Shift+C", self._copy_paths, parent)
        self.copy_image = self._action("Copy image", "Ctrl+Alt+C", self._copy_image, parent)

    def refresh(self) -> None:
        """Enable what can be done with the photos that are chosen now."""
        hits = self._chosen()
        there = any(hit.online for hit in hits)
        for action in (self.open, self.reveal, self.copy):
            action.setEnabled(there)
        self.copy_image.setEnabled(there and len(hits) == 1)
        self.view.setEnabled(bool(hits))
        self.copy_paths.setEnabled(bool(hits))
        self.copy_paths.setText("Copy paths" if len(hits) > 1 else "Copy path")

    def menu(self, parent: QWidget) -> QMenu:
        """The context menu of the chosen photos."""
        self.refresh()
        menu = QMenu(parent)
        menu.addActions([self.view, self.open, self.reveal])
        menu.addSeparator()
        menu.addActions([self.copy, self.copy_paths, self.copy_image])
        return menu

    def _action(
        self, name: str, keys: str | None, act: Callable[[], None], parent: QWidget
    ) -> QAction:
        action = QAction(name, self)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutVisibleInContextMenu(True)
        action.triggered.connect(lambda: act())
        parent.addAction(action)
        return action

    def _with_files(self, act: Callable[[list[str]], None]) -> None:
        """Act on the paths of those chosen photos that can be reached, once that is known."""
        online = [hit.path for hit in self._chosen() if hit.online]

        def there() -> list[str]:
            # Path.exists() would raise for a mount that does not answer.
            return [path for path in online if os.path.exists(path)]  # noqa: PTH110

        def take(paths: list[str]) -> None:
            if paths:
                act(paths)
            else:
                self.failed.emit(
                    "This photo is not there at the moment: its drive or folder is gone."
                )

        if self._chosen():
            self.begun.emit()
            self._errands.run(there, take)

    def _open(self) -> None:
        def hand_over(paths: list[str]) -> None:
            handed = [QDesktopServices.openUrl(file_url(path)) for path in paths[:MOST_OPENED]]
            if not all(handed):
                self.failed.emit("No program opens this kind of file.")
            elif len(paths) > MOST_OPENED:
                self.failed.emit(
                    f"Only the first {MOST_OPENED} of the {len(paths):,} photos were opened."
                )

        self._with_files(hand_over)

    def _reveal(self) -> None:
        def show(paths: list[str]) -> None:
            if not reveal(paths):
                self.failed.emit(NO_FILE_MANAGER)

        self._with_files(show)

    def _copy(self) -> None:
        self._with_files(lambda paths: QGuiApplication.clipboard().setMimeData(files(paths)))

    def _copy_paths(self) -> None:
        self.begun.emit()
        # A path is worth having for a photo on a drive in the drawer, too.
        QGuiApplication.clipboard().setText("\n".join(hit.path for hit in self._chosen()))

    def _copy_image(self) -> None:
        hits = self._chosen()
        if not hits:
            return
        hit, substitute = hits[0], self._substitute

        def take(image: QImage | None) -> None:
            if image is None:
                self.failed.emit("This photo cannot be opened at the moment.")
            else:
                QGuiApplication.clipboard().setImage(image)

        self._with_files(lambda _: self._errands.run(lambda: read_photo(hit, substitute), take))
