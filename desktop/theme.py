"""Colours, icons and style of the window, light or dark as the system says."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QStyleFactory

from desktop.icons import line_icon, line_pixmap
from desktop.settings import Choice
from desktop.style import style_sheet


@dataclass(frozen=True, slots=True)
class Colours:
    """Text on ``ground`` and on ``raised`` has a contrast of 4.5 or more, ``muted`` included."""

    ground: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selected: str
    lit: str
    contains: str
    probably: str
    weak: str
    alarm: str
    notice: str


LIGHT = Colours(
    ground="#f5f5f2",
    raised="#ffffff",
    hover="#eaeae5",
    line="#dcdcd5",
    text="#1e2022",
    muted="#5d6065",
    accent="#2a62c9",
    on_accent="#ffffff",
    selected="#d9e4fa",
    lit="#ffb000",
    contains="#1f8a4c",
    probably="#b87700",
    weak="#8b8e94",
    alarm="#b3261e",
    notice="#fff4d6",
)

DARK = Colours(
    ground="#1b1c1e",
    raised="#252629",
    hover="#303236",
    line="#3a3c40",
    text="#e9e9e6",
    muted="#aaadb3",
    accent="#7aa5ff",
    on_accent="#10151f",
    selected="#2c3d5e",
    lit="#ffc02e",
    contains="#58c98a",
    probably="#e8b04a",
    weak="#8f9299",
    alarm="#ff8a80",
    notice="#3a3320",
)


class Theme(QObject):
    """Owns the application's palette and style sheet; ``changed`` when the system changes sides."""

    changed = Signal()

    def __init__(self, application: QApplication, choice: Choice = "system") -> None:
        super().__init__()
        self._application = application
        self._choice = choice
        self._dressed: weakref.WeakKeyDictionary[QAbstractButton, str] = weakref.WeakKeyDictionary()
        self._pixmaps: dict[tuple[str, str, int], QPixmap] = {}
        self.colours = LIGHT
        # Fusion is the only style that every platform has and that honours a whole palette.
        application.setStyle(QStyleFactory.create("Fusion"))
        application.styleHints().colorSchemeChanged.connect(self.apply)
        self.apply()

    def close(self) -> None:
        """Follow the system no longer."""
        self._application.styleHints().colorSchemeChanged.disconnect(self.apply)

    @property
    def dark(self) -> bool:
        if self._choice != "system":
            return self._choice == "dark"
        return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def choose(self, choice: Choice) -> None:
        """Be light or dark whatever the system says, or follow it again."""
        self._choice = choice
        self.apply()

    def apply(self) -> None:
        """Dress the whole application."""
        self.colours = DARK if self.dark else LIGHT
        palette = _palette(self.colours)
        self._application.setPalette(palette)
        # Fusion draws their frames a little darker than the window: on a dark one, not to be seen.
        palette.setColor(QPalette.ColorRole.Window, QColor(self.colours.muted))
        for kind in ("QCheckBox", "QRadioButton"):
            # The stub names bytes, which the call refuses.
            self._application.setPalette(palette, kind)  # type: ignore[arg-type]
        self._application.setStyleSheet(style_sheet(self.colours, self._application.font()))
        for button, name in list(self._dressed.items()):
            button.setIcon(self.icon(name))
        self.changed.emit()

    def icon(self, name: str) -> QIcon:
        """The line drawing ``name`` in the colour of text."""
        return line_icon(name, self.colours.text, self.colours.weak)

    def pixmap(self, name: str, colour: str, side: int) -> QPixmap:
        """The line drawing ``name`` in ``colour``, ``side`` pixels wide."""
        key = (name, colour, side)
        if key not in self._pixmaps:
            density = self._application.devicePixelRatio()
            pixmap = line_pixmap(name, colour, round(side * density))
            pixmap.setDevicePixelRatio(density)
            self._pixmaps[key] = pixmap
        return self._pixmaps[key]

    def dress(self, button: QAbstractButton, name: str) -> None:
        """Give ``button`` the icon ``name`` and keep its colour right."""
        if self._dressed.get(button) == name:
            return
        self._dressed[button] = name
        button.setIcon(self.icon(name))

    def colour(self, band: str) -> QColor:
        """The colour of a band of results."""
        colours = {"contains": self.colours.contains, "probably": self.colours.probably}
        return QColor(colours.get(band, self.colours.weak))


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in {
        role.Window: colours.ground,
        role.WindowText: colours.text,
        role.Base: colours.raised,
        role.AlternateBase: colours.ground,
        role.Text: colours.text,
        role.PlaceholderText: colours.muted,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.BrightText: colours.alarm,
        role.Light: colours.raised,
        role.Midlight: colours.hover,
        role.Mid: colours.line,
        role.Dark: colours.muted,
        role.Shadow: "#000000",
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Accent: colours.accent,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
    }.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colours.weak))
    return palette
