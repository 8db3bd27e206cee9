"""The style sheet of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QFont

if TYPE_CHECKING:
    from desktop.theme import Colours

# Times the size of the application's font, which the person may have made large.
_SIZES = {"smaller": 0.92, "larger": 1.2, "largest": 1.6}

_SHEET = """
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 6px; }

QLineEdit#search {
    background: @raised; color: @text; border: 1px solid @line; border-radius: 18px;
    padding: 7px 8px; font-size: @larger; selection-background-color: @accent;
    selection-color: @on_accent;
}
QLineEdit#search:hover { border-color: @weak; }
QLineEdit#search:focus { border: 2px solid @accent; padding: 6px 7px; }

QLineEdit {
    background: @raised; color: @text; border: 1px solid @line; border-radius: 6px;
    padding: 5px 8px; selection-background-color: @accent; selection-color: @on_accent;
}
QLineEdit:focus { border: 1px solid @accent; }

QToolButton {
    background: transparent; color: @text; border: 1px solid transparent; border-radius: 6px;
    padding: 5px;
}
QToolButton:hover { background: @hover; }
QToolButton:pressed, QToolButton:checked { background: @selected; }
QToolButton:focus { border: 1px solid @accent; }
QToolButton::menu-indicator { image: none; width: 0; }

QPushButton {
    background: @raised; color: @text; border: 1px solid @line; border-radius: 6px;
    padding: 6px 14px;
}
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @selected; }
QPushButton:focus { border: 1px solid @accent; }
QPushButton:disabled { color: @weak; }
QPushButton[weight="main"], QPushButton:default {
    background: @accent; color: @on_accent; border: 1px solid @accent; font-weight: 600;
}
QPushButton[weight="main"]:disabled {
    background: @hover; color: @muted; border: 1px solid @line;
}
QPushButton[weight="main"]:hover, QPushButton:default:hover { border-color: @text; }
QPushButton[weight="main"]:focus { border: 2px solid @text; padding: 5px 13px; }
QPushButton[mode] { border-radius: 0; padding: 6px 12px; min-height: 22px; color: @muted; }
QPushButton[mode="words"] {
    border-top-left-radius: 17px; border-bottom-left-radius: 17px; border-right: none;
}
QPushButton[mode="scenes"] { border-top-right-radius: 17px; border-bottom-right-radius: 17px; }
QPushButton[mode]:checked { background: @selected; color: @text; font-weight: 600; }
QPushButton[mode]:focus { border: 2px solid @accent; padding: 5px 11px; }
QPushButton[weight="link"] {
    background: transparent; border: 1px solid transparent; color: @accent; padding: 2px 4px;
}
QPushButton[weight="link"]:hover { text-decoration: underline; }
QPushButton[weight="link"]:focus { border: 1px solid @accent; }

QComboBox {
    background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 4px 8px; color: @text;
}
QComboBox:hover { background: @hover; }
QComboBox:focus { border: 1px solid @accent; }

QLabel[tone="muted"] { color: @muted; }
QLabel[tone="title"] { font-size: @largest; font-weight: 600; }
QLabel[tone="name"] { font-weight: 600; }
QLabel[tone="section"] { color: @muted; font-size: @smaller; font-weight: 600; }

QFrame[part="notice"] { background: @notice; border: 1px solid @line; border-radius: 8px; }
QFrame[part="notice"][kind="alarm"] { border: 1px solid @alarm; }

QFrame[part="line"] { border: none; border-top: 1px solid @line; }

QLabel#drop-sign {
    background: @selected; color: @text; border: 2px dashed @accent; border-radius: 12px;
    font-size: @largest; font-weight: 600;
}
QWidget#footer { border-top: 1px solid @line; }
QWidget#folders, QWidget#preview { background: @ground; }
QSplitter::handle { background: @line; }

QListView, QTreeView, QTableView {
    background: @ground; border: none; outline: none; color: @text;
    selection-background-color: @selected; selection-color: @text;
}
QTableView, QPlainTextEdit { background: @raised; border: 1px solid @line; border-radius: 6px; }
QTableView:focus, QPlainTextEdit:focus { border: 1px solid @accent; }
QTableView::item { padding: 3px 8px; }
QHeaderView::section {
    background: @raised; color: @muted; border: none; border-bottom: 1px solid @line;
    padding: 6px 10px;
}

QMenu { background: @raised; color: @text; border: 1px solid @line; padding: 5px; }
QMenu::item { padding: 6px 26px 6px 14px; border-radius: 4px; }
QMenu::item:selected { background: @selected; }
QMenu::item:disabled { color: @weak; }
QMenu::separator { height: 1px; background: @line; margin: 5px 8px; }

QProgressBar { background: @line; border: none; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }

QSlider::groove:horizontal { height: 4px; background: @line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::handle:horizontal {
    background: @raised; border: 1px solid @muted; width: 14px; height: 14px; margin: -6px 0;
    border-radius: 8px;
}
QSlider::handle:horizontal:focus { border: 2px solid @accent; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar::handle:vertical {
    background: @line; min-height: 36px; border-radius: 4px; margin: 2px;
}
QScrollBar::handle:vertical:hover { background: @weak; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle:horizontal {
    background: @line; min-width: 36px; border-radius: 4px; margin: 2px;
}
QScrollBar::handle:horizontal:hover { background: @weak; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QWidget#viewer { background: #101112; }
QWidget#viewer QLabel { color: #ececea; }
QWidget#viewer QLabel[tone="muted"] { color: #a5a7ac; }
QWidget#viewer QToolButton:hover { background: #2b2d30; }
QWidget#viewer QToolButton:checked { background: #3a3f4a; }
QWidget#viewer QToolButton:focus { border: 1px solid #7aa5ff; }
"""


def style_sheet(colours: Colours, font: QFont) -> str:
    """Fill the sheet with ``colours``, and with sizes that go with the application's ``font``."""
    values = {name: getattr(colours, name) for name in colours.__slots__}
    values |= {name: _sized(font, times) for name, times in _SIZES.items()}
    sheet = _SHEET
    # Longest names first: @on_accent must not be read as @on followed by text.
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", values[name])
    return sheet


def _sized(font: QFont, times: float) -> str:
    # A font has its size in points or in pixels; the other one is then negative.
    if font.pointSizeF() > 0:
        return f"{font.pointSizeF() * times:.1f}pt"
    return f"{round(font.pixelSize() * times)}px"
