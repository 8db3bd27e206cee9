"""Draws one hit in the grid: its thumbnail with the words lit, its name and its band."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.hits import BAND_NAMES, Role
from desktop.lit import outlines, paint_lit
from desktop.theme import Theme
from desktop.thumbnails import Thumbnails
from engine.search import Hit

MARGIN = 6  # between the edge of a tile and what stands in it
GAP = 5  # between the thumbnail and the lines under it
DOT = 13  # the room of a band's dot before its name
SHADE = QColor(0, 0, 0, 75)


class Tile(QStyledItemDelegate):
    """All tiles have one size, which the grid sets; the view can then lay out 100,000 at once."""

    def __init__(self, thumbnails: Thumbnails, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._theme = theme
        self._metrics = QFontMetrics(parent.font())
        self.size = QSize(200, 240)

    def height_for(self, side: int) -> int:
        """The height of a tile whose thumbnail may be ``side`` pixels high."""
        return side + 2 * MARGIN + GAP + 2 * self._metrics.height() + 2

    # The stubs name the parameter types; Qt calls both for every visible tile.

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return self.size

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        hit = index.data(Role.HIT)
        if not isinstance(hit, Hit):
            return
        tile: QRect = option.rect.adjusted(2, 2, -2, -2)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, tile, state)
        lines = 2 * self._metrics.height() + 2
        inner = tile.adjusted(MARGIN - 2, MARGIN - 2, 2 - MARGIN, 2 - MARGIN)
        place = QRectF(inner).adjusted(0, 0, 0, -(lines + GAP))
        self._paint_photo(painter, place, hit)
        self._paint_lines(painter, inner.adjusted(2, inner.height() - lines, -2, 0), hit)
        painter.restore()

    def _paint_ground(self, painter: QPainter, tile: QRect, state: QStyle.StateFlag) -> None:
        colours = self._theme.colours
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        if state & QStyle.StateFlag.State_Selected:
            ground = colours.selected
        elif state & QStyle.StateFlag.State_MouseOver:
            ground = colours.hover
        else:
            ground = ""
        if not ground and not focused:
            return
        painter.setBrush(QColor(ground) if ground else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.accent), 2) if focused else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(tile), 8, 8)

    def _paint_photo(self, painter: QPainter, place: QRectF, hit: Hit) -> None:
        density = painter.device().devicePixelRatio()
        pixmap = self._thumbnails.get(hit, max(place.width(), place.height()) * density)
        if pixmap is None:
            self._paint_blank(painter, place, hit)
            return
        target = QRectF(fitted(pixmap, place).toRect())
        painter.save()
        corners = QPainterPath()
        corners.addRoundedRect(target, 4, 4)
        painter.setClipPath(corners)
        painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
        if not hit.online:
            painter.fillRect(target, QColor(128, 128, 128, 90))
        found = outlines(hit, target, margin=2.5, least=11)
        paint_lit(
            painter, target, found, shade=SHADE, line=QColor(self._theme.colours.lit), width=2
        )
        painter.restore()

    def _paint_blank(self, painter: QPainter, place: QRectF, hit: Hit) -> None:
        """A quiet frame of the photo's shape until the thumbnail comes, or for good."""
        colours = self._theme.colours
        shape = QRectF(0, 0, max(hit.width, 1), max(hit.height, 1))
        target = _fitted(shape.width(), shape.height(), place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.hover))
        painter.drawRoundedRect(target, 4, 4)
        if self._thumbnails.impossible(hit):
            icon = self._theme.pixmap("photo", colours.muted, 40)
            painter.drawPixmap(target.center() - QPointF(20, 20), icon)

    def _paint_lines(self, painter: QPainter, place: QRect, hit: Hit) -> None:
        colours = self._theme.colours
        height = self._metrics.height()
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        name = self._metrics.elidedText(
            Path(hit.path).name, Qt.TextElideMode.ElideMiddle, place.width()
        )
        painter.setPen(QColor(colours.text))
        painter.drawText(QRect(place.x(), place.y(), place.width(), height), middle, name)
        band = BAND_NAMES[hit.band]
        parts = [*([band] if band else []), *([] if hit.online else ["not connected"])]
        if not parts:
            return
        words = " · ".join(parts)
        words = self._metrics.elidedText(words, Qt.TextElideMode.ElideRight, place.width() - DOT)
        width = self._metrics.horizontalAdvance(words) + DOT
        left = place.x() + (place.width() - width) / 2
        second = QRectF(left, place.y() + height + 2, width, height)
        painter.setBrush(self._theme.colour(hit.band))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QRectF(left, second.center().y() - 3, 7, 7))
        painter.setPen(QColor(colours.muted))
        painter.drawText(second.adjusted(DOT, 0, 4, 0), Qt.AlignmentFlag.AlignVCenter, words)


def fitted(pixmap: QPixmap, place: QRectF) -> QRectF:
    """Where ``pixmap`` stands when it fills ``place`` as far as its shape allows.

    It stands at the bottom, on its name, which would else look lost under a wide photo.
    """
    return _fitted(pixmap.width(), pixmap.height(), place)


def _fitted(width: float, height: float, place: QRectF) -> QRectF:
    scale = min(place.width() / max(width, 1), place.height() / max(height, 1))
    target = QRectF(0, 0, width * scale, height * scale)
    target.moveCenter(place.center())
    target.moveBottom(place.bottom())
    return target
