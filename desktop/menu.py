"""The window's menu and the shortcuts that hold everywhere in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from desktop.settings import Choice
from desktop.theme import Theme

if TYPE_CHECKING:
    from desktop.window import Window

KEYS = """
<table cellpadding="3">
<tr><td><b>Ctrl+F</b>, <b>Ctrl+K</b>, <b>/</b></td><td>Search</td></tr>
<tr><td><b>Down</b>, <b>Enter</b></td><td>From the search to the photos</td></tr>
<tr><td><b>Enter</b></td><td>View a photo</td></tr>
<tr><td><b>Space</b></td><td>Preview beside the photos</td></tr>
<tr><td><b>Esc</b></td><td>Back, close, clear the search</td></tr>
<tr><td><b>Ctrl+A</b></td><td>Select all</td></tr>
<tr><td><b>Ctrl+C</b></td><td>Copy the photos</td></tr>
<tr><td><b>Ctrl+O</b>, <b>Ctrl+Shift+O</b></td><td>Open, show in folder</td></tr>
<tr><td><b>Ctrl</b> and the wheel</td><td>Size of thumbnails</td></tr>
<tr><td><b>+</b>, <b>-</b>, <b>0</b>, <b>1</b></td>
<td>In a photo: larger, smaller, all of it, its own size</td></tr>
<tr><td><b>W</b>, <b>L</b></td><td>In a photo: close to the next word, light on and off</td></tr>
<tr><td><b>F5</b>, <b>F9</b>, <b>F11</b></td>
<td>Look for changes, folders, full screen</td></tr>
</table>
"""

_CHOICES: tuple[tuple[Choice, str], ...] = (
    ("system", "As the system"),
    ("light", "Light"),
    ("dark", "Dark"),
)


class MainMenu(QMenu):
    """Every action has a name here, so that it can be found without knowing its keys."""

    def __init__(self, window: Window, theme: Theme, choice: Choice) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None
        browse, desk = window.browse, window.desk
        self._add(self, "Add folder…", desk.add_by_dialog, "Ctrl+Shift+A")
        self._add(self, "Look for changes", lambda: desk.rescan(), "F5")
        self._add(self, "Skipped photos…", desk.show_skipped)
        self.addSeparator()
        self._add(self, "Search", window.seek, "Ctrl+F", "Ctrl+K", "/")
        self._add(self, "Folders", browse.folders_button.toggle, "F9")
        self._add(self, "Preview", browse.preview_button.toggle)
        self._add(self, "Full screen", window.toggle_full_screen, "F11")
        self.addSeparator()
        self._add_choices(theme, choice)
        self._add(self, "Model packs…", window.packs.show)
        self.addSeparator()
        self._add(self, "Keys…", self._show_keys, "F1")
        self._add(self, "About Photolex…", self._show_about)
        self._add(self, "Quit", window.close, "Ctrl+Q")

    def _add(self, menu: QMenu, name: str, act: Callable[[], object], *keys: str) -> QAction:
        action = QAction(name, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda: act())
        menu.addAction(action)
        # The shortcut must work while the menu is closed.
        self._window.addAction(action)
        return action

    def _add_choices(self, theme: Theme, choice: Choice) -> None:
        colours = self.addMenu("Colours")
        group = QActionGroup(self)
        for which, name in _CHOICES:
            action = QAction(name, self, checkable=True)
            action.setChecked(which == choice)
            action.triggered.connect(lambda _=False, which=which: self._choose(theme, which))
            group.addAction(action)
            colours.addAction(action)

    def _choose(self, theme: Theme, choice: Choice) -> None:
        theme.choose(choice)
        self._window.remember_colours(choice)

    def _show_keys(self) -> None:
        self._show("Keys", KEYS)

    def _show_about(self) -> None:
        self._show(
            "About Photolex",
            f"<h3>Photolex {self._window.version}</h3>"
            "<p>Finds photos by the words visible in them, on your own computer.</p>"
            "<p>Nothing leaves this computer, and nothing is ever written into your folders of "
            "photos.</p><p>Apache License 2.0</p>",
        )

    def _show(self, title: str, words: str) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle(title)
        box.setText(words)
        box.finished.connect(box.deleteLater)
        self.box = box
        box.open()
