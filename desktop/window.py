"""The window: the page to browse and the page to view, and what holds on both."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QShortcut,
)
from PySide6.QtWidgets import QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.browse import Browse
from desktop.deeds import Deeds
from desktop.drop_sign import DropSign
from desktop.engine_notices import EngineNotices
from desktop.folder_desk import ChooseFolder, FolderDesk, choose_folder, dropped_paths
from desktop.menu import MainMenu
from desktop.notices import Notices
from desktop.pack_desk import PackDesk
from desktop.parts import Parts
from desktop.settings import Choice
from desktop.viewer import Viewer
from engine.search import Hit


class Window(QWidget):
    """Owns no state of the library; everything that it shows comes from the parts."""

    closing = Signal()

    def __init__(self, parts: Parts, version: str, choose: ChooseFolder = choose_folder) -> None:
        super().__init__()
        self._parts = parts
        self.version = version
        self._was_maximized = False
        self._geometry_before = QByteArray()  # before it filled the screen
        self.setWindowTitle("Photolex")
        self.setAcceptDrops(True)
        self.resize(1180, 760)
        self.menu_button = QToolButton()
        self.menu_button.setToolTip("Menu (F10)")
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        parts.theme.dress(self.menu_button, "menu")
        self.notices = Notices(parts.theme)
        self.browse = Browse(parts, self.menu_button)
        self.viewer = Viewer(parts.hits, parts.full_photos, parts.thumbnails, parts.theme)
        self.desk = FolderDesk(
            parts.library, parts.errands, parts.photo_errands, parts.overview, self, choose
        )
        self.packs = PackDesk(parts.library, parts.errands, parts.overview, self)
        self.deeds = Deeds(self.chosen, parts.photo_errands, parts.library.thumbnail, self)
        self.menu = MainMenu(self, parts.theme, parts.settings.colours)
        self.menu_button.setMenu(self.menu)
        QShortcut("F10", self, self.menu_button.showMenu)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.browse)
        self._pages.addWidget(self.viewer)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.notices)
        whole.addWidget(self._pages, 1)
        self._drop_sign = DropSign(self)
        self._engine_notices = EngineNotices(
            parts.bridge, parts.overview, self.notices, self.desk, self
        )
        self._connect()
        self.deeds.refresh()
        if not parts.settings.geometry.isEmpty():
            self.restoreGeometry(parts.settings.geometry)
        self.browse.search.setFocus()

    def _connect(self) -> None:
        browse, parts, desk = self.browse, self._parts, self.desk
        for errands in (parts.errands, parts.photo_errands):
            errands.refused.connect(lambda words: self.notices.tell("refused", words))
        for teller in (desk, self.packs):
            teller.begun.connect(lambda: self.notices.withdraw("refused"))
        for doer in (desk, self.deeds):
            doer.begun.connect(lambda: self.notices.withdraw("deed"))
            doer.failed.connect(lambda words: self.notices.tell("deed", words))
        parts.bridge.root_online.connect(parts.thumbnails.forget_impossible)
        parts.bridge.photos_changed.connect(parts.thumbnails.forget_impossible)
        parts.bridge.indexing_paused.connect(browse.footer.set_paused)
        browse.blank.acted.connect(self._on_blank_button)
        browse.footer.pause_wanted.connect(self._on_pause)
        browse.footer.skipped_wanted.connect(desk.show_skipped)
        browse.folders.add_wanted.connect(desk.add_by_dialog)
        browse.folders.remove_wanted.connect(desk.remove)
        browse.folders.rescan_wanted.connect(desk.rescan)
        browse.folders.open_wanted.connect(desk.open)
        browse.grid.opened.connect(self.view)
        browse.grid.menu_wanted.connect(self._open_menu)
        browse.preview.view_wanted.connect(self.deeds.view.trigger)
        browse.preview.reveal_wanted.connect(self.deeds.reveal.trigger)
        browse.selection_changed.connect(self.deeds.refresh)
        self.viewer.photo_shown.connect(self.deeds.refresh)
        self.viewer.closed.connect(self.back_to_grid)
        self.viewer.full_screen_wanted.connect(self.toggle_full_screen)
        self.viewer.menu_wanted.connect(self._open_menu)
        # Who views a photo is not offered to view it.
        self._pages.currentChanged.connect(
            lambda: self.deeds.view.setVisible(not self.is_viewing())
        )
        self.deeds.view_wanted.connect(lambda: self.view(max(browse.grid.currentIndex().row(), 0)))

    # What can be asked of it.

    def ask(self, query: str) -> None:
        """Type a query and ask it at once."""
        self.back_to_grid()
        self.browse.ask(query)

    def chosen(self) -> Sequence[Hit]:
        """The photos that an action is meant for."""
        if self.is_viewing():
            return [self.viewer.hit] if self.viewer.hit is not None else []
        selected = self.browse.grid.selected()
        if not selected and self.browse.preview_button.isChecked():
            selected = [self.browse.preview.hit] if self.browse.preview.hit is not None else []
        return selected

    def is_viewing(self) -> bool:
        """Whether one photo fills the window."""
        return self._pages.currentWidget() is self.viewer

    def view(self, row: int) -> None:
        """Show the photo at ``row`` alone."""
        if self._parts.hits.hit(row) is None:
            return
        # Shown first: a photo is fitted into the room that the viewer then has.
        self._pages.setCurrentWidget(self.viewer)
        self.viewer.show_row(row)
        self.viewer.setFocus()

    def back_to_grid(self) -> None:
        """Leave the viewer; the photo seen last is the current one.

        Several that are selected stay so while it is among them.
        """
        if self.is_viewing():
            self._pages.setCurrentWidget(self.browse)
            self.browse.grid.return_to(self.viewer.row)
            self.browse.go_to_grid()
            self.deeds.refresh()

    def seek(self) -> None:
        """Go to the search field."""
        self.back_to_grid()
        self.browse.search.seek()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or be a window as before."""
        if not self.isFullScreen():
            self._was_maximized = self.isMaximized()
            self._geometry_before = self.saveGeometry()
            self.showFullScreen()
        elif self._was_maximized:
            self.showMaximized()
        else:
            self.showNormal()

    def remember_colours(self, choice: Choice) -> None:
        """Start with these colours next time."""
        self._parts.settings.colours = choice

    # What happens.

    def _on_blank_button(self, action: str) -> None:
        if action == "add":
            self.desk.add_by_dialog()
        elif action == "weak":
            self._parts.hits.show_weak(True)
            self.browse.go_to_grid()

    def _on_pause(self, pause: bool) -> None:
        library, footer = self._parts.library, self.browse.footer
        if pause:
            library.pause()
            footer.set_paused("Paused by you")
        else:
            library.resume()
            footer.set_paused("")
        self._parts.overview.refresh()

    def _open_menu(self, place: QPoint) -> None:
        menu = self.deeds.menu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.browse.preview_button.isChecked() and self._is_among_photos():
            self.browse.preview_button.setChecked(False)
            self.browse.go_to_grid()
        elif self.isFullScreen():
            self.toggle_full_screen()
        else:
            self.browse.search.clear()
            self.browse.search.setFocus()

    def _is_among_photos(self) -> bool:
        """Whether the focus is in the grid or in the preview beside it."""
        focused = self.focusWidget()
        return focused is self.browse.grid or self.browse.preview.isAncestorOf(focused)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowTitleChange:
            self.setAccessibleName(self.windowTitle())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Photos dragged out of the grid pass over the window, too.
        if event.source() is None and dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._drop_sign.appear()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_sign.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_sign.hide()
        self.desk.add_dropped(dropped_paths(event.mimeData()))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        # A window that opened in full screen would have no frame to take it out by.
        before = self._geometry_before if self.isFullScreen() else QByteArray()
        self._parts.settings.geometry = self.saveGeometry() if before.isEmpty() else before
        self.browse.save()
        self.closing.emit()
        super().closeEvent(event)
