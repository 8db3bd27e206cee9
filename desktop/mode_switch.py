"""The switch beside the search field: photos that show words, or photos that look like a scene."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from engine.packs import Mode

_NAMES: dict[Mode, tuple[str, str]] = {
    "words": ("Words", "Find photos that show the words you type"),
    "scenes": ("Scenes", "Find photos that look like what you describe"),
}


class ModeSwitch(QWidget):
    """One button for each mode, of which one is down; hidden while there is nothing to choose.

    Tab leads to the button that is down, the arrows from one to the other.
    """

    switched = Signal(str)  # Mode

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modes")
        self.setAccessibleName("What is searched")
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.buttons: dict[Mode, QPushButton] = {}
        for mode, (name, does) in _NAMES.items():
            button = QPushButton(name)
            button.setCheckable(True)
            # A click leaves the focus in the search field, where the person goes on typing.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("mode", mode)
            button.setToolTip(does)
            button.setAccessibleDescription(does)
            button.toggled.connect(lambda down, mode=mode: self._on_toggled(mode, down))
            group.addButton(button)
            row.addWidget(button)
            self.buttons[mode] = button
        self._mode: Mode = "words"
        self.buttons["words"].setChecked(True)
        self.hide()

    @property
    def mode(self) -> Mode:
        """What the person wants to be asked of photos."""
        return self._mode

    def offer(self, modes: Sequence[Mode]) -> None:
        """Only these can be asked; what cannot be asked any more is left."""
        if modes and self._mode not in modes:
            self.buttons[modes[0]].setChecked(True)
        self.setVisible(len(modes) > 1)

    def _on_toggled(self, mode: Mode, down: bool) -> None:
        if down and mode != self._mode:
            self._mode = mode
            self.switched.emit(mode)
