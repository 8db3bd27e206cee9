"""Where the matched words, or any text, are on a drawn photo, and how they are lit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from engine.regions import ScoreMap
from engine.search import Hit, MatchedRegion

# More than these are a page of text, and cutting them out of the shade takes visible time.
MOST_REGIONS = 40
# A region that is (nearly) the whole photo says that the words are somewhere on it, not where.
WHOLE_PHOTO = 0.9
# A score map whose highest cell is below this (of 255) says that there is no text.
LEAST_TEXT = 64
# From here on a cell is in full light.
SURE_TEXT = 160
# Each doubling rounds the map's squares off; after these nobody sees them any more.
DOUBLINGS = 4


@dataclass(frozen=True, slots=True)
class Outline:
    """A matched region as a polygon in the coordinates of the painter."""

    polygon: QPolygonF
    region: MatchedRegion


def outlines(hit: Hit, target: QRectF, *, margin: float, least: float) -> list[Outline]:
    """The regions of ``hit`` on the photo drawn at ``target``, the most probable first.

    Each is widened by ``margin`` on every side, and to at least ``least`` across, so that a tiny
    word can still be seen on a thumbnail.
    """
    if hit.width <= 0 or hit.height <= 0:
        return []
    across, down = target.width() / hit.width, target.height() / hit.height
    found: list[Outline] = []
    regions = sorted(hit.regions, key=lambda region: region.probability, reverse=True)
    for region in regions[:MOST_REGIONS]:
        corners = [QPointF(target.x() + x * across, target.y() + y * down) for x, y in region.quad]
        if _area(corners) < WHOLE_PHOTO * target.width() * target.height():
            found.append(Outline(QPolygonF(_widened(corners, margin, least)), region))
    return found


def paint_lit(
    painter: QPainter,
    target: QRectF,
    found: list[Outline],
    *,
    shade: QColor,
    line: QColor,
    width: float,
) -> None:
    """Shade the photo at ``target`` except for the outlines, and draw them."""
    if not found:
        return
    words = QPainterPath()
    for outline in found:
        word = QPainterPath()
        word.addPolygon(outline.polygon)
        word.closeSubpath()
        words = words.united(word)
    whole = QPainterPath()
    whole.addRect(target)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(whole.subtracted(words), shade)
    # A dark line under the bright one keeps it visible on photos of any colour.
    for colour, thickness in ((QColor(0, 0, 0, 150), width + 2), (line, width)):
        pen = QPen(colour, thickness)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(words, pen)
    painter.restore()


def soft_shade(score_map: ScoreMap, shade: QColor) -> QImage | None:
    """What to draw over the whole photo so that it is dim where there is no text.

    None when the map shows no text anywhere: a photo that is dim all over would say nothing.
    """
    if max(score_map.cells, default=0) < LEAST_TEXT:
        return None
    opacity = bytes(
        round(shade.alpha() * (1 - min(score / SURE_TEXT, 1.0))) for score in range(256)
    )
    cells = score_map.cells.translate(opacity)
    wide, high = score_map.columns, score_map.rows
    image = QImage(cells, wide, high, wide, QImage.Format.Format_Alpha8).convertToFormat(
        QImage.Format.Format_ARGB32_Premultiplied
    )
    for _ in range(DOUBLINGS):
        image = image.scaled(
            image.size() * 2,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return image


def _area(corners: list[QPointF]) -> float:
    """The area of a polygon (shoelace formula)."""
    total = 0.0
    for here, following in zip(corners, corners[1:] + corners[:1], strict=True):
        total += here.x() * following.y() - following.x() * here.y()
    return abs(total) / 2


def _widened(corners: list[QPointF], margin: float, least: float) -> list[QPointF]:
    """Move each corner outwards along both of its sides."""
    count = len(corners)
    along = max(_distance(corners[0], corners[1]), 0.001)
    across = max(_distance(corners[1], corners[2]), 0.001) if count > 2 else along
    grow = (max(margin, (least - along) / 2), max(margin, (least - across) / 2))
    widened = []
    for position, corner in enumerate(corners):
        moved = QPointF(corner)
        # Sides 0 and 2 run along the word, 1 and 3 across it.
        for side, neighbour in (
            (position - 1, corners[position - 1]),
            (position, corners[(position + 1) % count]),
        ):
            length = _distance(corner, neighbour)
            if length > 0:
                moved += (corner - neighbour) / length * grow[side % 2]
        widened.append(moved)
    return widened


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())
