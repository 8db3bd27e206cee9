"""The window's line drawings, in whatever colour is asked for."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

# Strokes on a 24 by 24 grid.
_DRAWINGS = {
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>',
    "clear": '<path d="M6 6l12 12M18 6 6 18"/>',
    "folders": '<rect x="3" y="4.5" width="18" height="15" rx="2"/><path d="M9.5 4.5v15"/>',
    "folder": '<path d="M3 18V6.5A1.5 1.5 0 0 1 4.5 5H9l2.5 3h8A1.5 1.5 0 0 1 21 9.5V18'
    'a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18z"/>',
    "folder-off": '<path d="M3 18V6.5A1.5 1.5 0 0 1 4.5 5H9l2.5 3h8A1.5 1.5 0 0 1 21 '
    '9.5V18a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18z"/>'
    '<path d="M9.5 11.5l5 5M14.5 11.5l-5 5"/>',
    "add": '<path d="M12 5v14M5 12h14"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "pause": '<path d="M9 6v12M15 6v12"/>',
    "resume": '<path d="M8 5.5v13l10.5-6.5z"/>',
    "back": '<path d="M20 12H5M11 6l-6 6 6 6"/>',
    "previous": '<path d="M15 5l-7 7 7 7"/>',
    "next": '<path d="M9 5l7 7-7 7"/>',
    "zoom-in": '<circle cx="10.5" cy="10.5" r="6.5"/>'
    '<path d="M15.5 15.5 21 21M10.5 7.5v6M7.5 10.5h6"/>',
    "zoom-out": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21M7.5 10.5h6"/>',
    "fit": '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
    "full-screen": '<path d="M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7"/>',
    "word": '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M8.5 9.5v-1h7v1M12 8.5v7"/>',
    "lit": '<path d="M9.5 18h5M10.5 21h3M8.5 15C7 13.8 6 12 6 10a6 6 0 1 1 12 0c0 2-1 3.8'
    '-2.5 5z"/>',
    "preview": '<rect x="3" y="4.5" width="18" height="15" rx="2"/><path d="M14.5 4.5v15"/>',
    "reveal": '<path d="M3 18V6.5A1.5 1.5 0 0 1 4.5 5H9l2.5 3h8A1.5 1.5 0 0 1 21 9.5'
    'V18a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18z"/><path d="M9 14h6M12.5 11.5'
    'l2.5 2.5-2.5 2.5"/>',
    "photo": '<rect x="3" y="4.5" width="18" height="15" rx="2"/><circle cx="8.5" cy="9.5" '
    'r="1.5"/><path d="M3.5 17.5l5.5-5 4 3.5 3-2.5 4.5 4"/>',
    "photos": '<rect x="3" y="7" width="15" height="13" rx="2"/><path d="M7 4h12.5A1.5 1.5 0 '
    '0 1 21 5.5V16"/><path d="M6.5 11h8M6.5 14h5"/>',
    "nothing": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21M8.3 8.3'
    'l4.400 4.400M12.700 8.3l-4.400 4.400"/>',
    "notice": '<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.5M12 16.3v.4"/>',
}


def line_pixmap(name: str, colour: str, side: int) -> QPixmap:
    """The drawing ``name``, ``side`` by ``side`` pixels on nothing."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{colour}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{_DRAWINGS[name]}</svg>"
    )
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return pixmap


def line_icon(name: str, colour: str, disabled: str) -> QIcon:
    """The drawing ``name`` as an icon, sharp on screens of any density."""
    icon = QIcon()
    for side in (18, 24, 36, 48, 72):
        icon.addPixmap(line_pixmap(name, colour, side))
        icon.addPixmap(line_pixmap(name, disabled, side), QIcon.Mode.Disabled)
    return icon
