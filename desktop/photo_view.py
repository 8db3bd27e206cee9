"""One photo with the matched words lit: zoom, pan, and what the towers read on hover."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.full_photos import FullPhoto
from desktop.lit import Outline, outlines, paint_lit, soft_shade
from desktop.theme import Theme
from engine.search import Hit, MatchedRegion

SHADE = QColor(0, 0, 0, 105)
ZOOM_STEP = 1.25
LARGEST_ZOOM = 16.0
_CENTRED = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap


class PhotoView(QWidget):
    """Positions and sizes inside are in pixels of the upright photo, as quads are.

    So a thumbnail can stand in for the photo until that is read, and nothing jumps.
    """

    zoomed = Signal(int)  # per cent of the photo's own pixels

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hit: Hit | None = None
        self._photo: FullPhoto | None = None
        self._stand_in: QPixmap | None = None
        self._soft_shade: QImage | None = None  # by the pack's score map
        self._failed = False
        self._lit = True
        self._fit = True
        self._scale = 1.0  # device-independent pixels of the window for a pixel of the photo
        self._centre = QPointF()  # what stands in the middle of the window
        self.named: MatchedRegion | None = None  # the one whose reading is shown
        self._word = -1
        self._drag_from: QPointF | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 60)

    # What its owner tells it.

    def show_photo(self, hit: Hit, photo: FullPhoto | None, stand_in: QPixmap | None) -> None:
        """Show another photo, all of it; ``stand_in`` until ``photo`` is there."""
        self._stand_in = stand_in
        self._failed = False
        self.renew(hit)
        self.set_photo(photo)
        self.fit()

    def renew(self, hit: Hit) -> None:
        """Something else is known of the photo; it stays as large and where it is."""
        self._hit = hit
        self._soft_shade = soft_shade(hit.score_map, SHADE) if hit.score_map else None
        self.named, self._word = None, -1
        self.update()

    def set_photo(self, photo: FullPhoto | None) -> None:
        """The photo has been read."""
        self._photo = photo
        self.update()

    def set_failed(self) -> None:
        """The photo cannot be read."""
        self._failed = True
        self.update()

    @property
    def failed(self) -> bool:
        """Whether the photo could not be read."""
        return self._failed and self._photo is None

    def set_lit(self, lit: bool) -> None:
        """Light the matched words or show the bare photo."""
        self._lit = lit
        self.update()

    def fit(self) -> None:
        """Show all of the photo, no larger than it is."""
        self._fit = True
        self._place()

    def actual_size(self) -> None:
        """Show a pixel of the photo as a pixel of the screen."""
        self._zoom_to(1 / self.devicePixelRatioF(), QRectF(self.rect()).center())

    def zoom_in(self) -> None:
        self._zoom_to(self._scale * ZOOM_STEP, QRectF(self.rect()).center())

    def zoom_out(self) -> None:
        self._zoom_to(self._scale / ZOOM_STEP, QRectF(self.rect()).center())

    def pan(self, across: float, down: float) -> None:
        """Move what is seen by this many pixels of the window."""
        self._centre += QPointF(across, down) / self._scale
        self._place()

    def next_word(self) -> None:
        """Go close to the most probable matched word, then to the next ones, then back out."""
        found = self._outlines()
        self._word += 1
        if self._word >= len(found):
            self.named, self._word = None, -1
            self.fit()
            return
        self.named = found[self._word].region
        quad = self.named.quad
        across = [x for x, _ in quad]
        down = [y for _, y in quad]
        extent = max(max(across) - min(across), (max(down) - min(down)) * 2, 1.0)
        self._fit = False
        self._scale = min(self.width() * 0.45 / extent, LARGEST_ZOOM)
        self._centre = QPointF((max(across) + min(across)) / 2, (max(down) + min(down)) / 2)
        self._place()

    # Geometry.

    def _photo_size(self) -> QSize:
        if self._hit is not None and self._hit.width > 0 and self._hit.height > 0:
            return QSize(self._hit.width, self._hit.height)
        return self._photo.size if self._photo is not None else QSize(1, 1)

    def _fitting_scale(self) -> float:
        size = self._photo_size()
        margin = 12
        fitting = min(
            (self.width() - margin) / size.width(), (self.height() - margin) / size.height()
        )
        return max(min(fitting, 2 / self.devicePixelRatioF()), 0.001)

    def _zoom_to(self, scale: float, anchor: QPointF) -> None:
        """Zoom so that the photo's point under ``anchor`` stays there."""
        least = min(self._fitting_scale(), 0.1)
        under = self._centre + (anchor - QRectF(self.rect()).center()) / self._scale
        self._fit = False
        self._scale = min(max(scale, least), LARGEST_ZOOM)
        self._centre = under - (anchor - QRectF(self.rect()).center()) / self._scale
        self._place()

    def _place(self) -> None:
        """Keep the photo in sight, and in the middle where there is room on both sides."""
        size = self._photo_size()
        if self._fit:
            self._scale = self._fitting_scale()
        self._centre = QPointF(
            _held(self._centre.x(), size.width(), self.width() / self._scale),
            _held(self._centre.y(), size.height(), self.height() / self._scale),
        )
        self.zoomed.emit(round(self._scale * self.devicePixelRatioF() * 100))
        self.update()

    def target(self) -> QRectF:
        """Where the whole photo stands in the widget, outside it too."""
        size = self._photo_size()
        place = QRectF(0, 0, size.width() * self._scale, size.height() * self._scale)
        place.moveTopLeft(QRectF(self.rect()).center() - self._centre * self._scale)
        return place

    def _outlines(self) -> list[Outline]:
        if self._hit is None:
            return []
        return outlines(self._hit, self.target(), margin=3, least=8)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._hit is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        # Whole pixels, or the shade would leave a line of the photo's edge out.
        target = QRectF(self.target().toRect())
        self._paint_photo(painter, target)
        if self._lit and not (self.failed and self._stand_in is None):
            self._paint_light(painter, target)
        if self.failed:
            self._paint_trouble(painter)
        painter.end()

    def _paint_photo(self, painter: QPainter, target: QRectF) -> None:
        if self._photo is None:
            if self._stand_in is not None:
                painter.drawPixmap(target, self._stand_in, QRectF(self._stand_in.rect()))
            else:
                painter.fillRect(target, QColor(128, 128, 128, 40))
            return
        image = self._photo.near(target.width() * self.devicePixelRatioF())
        painter.drawImage(target, image, QRectF(image.rect()))

    def _paint_light(self, painter: QPainter, target: QRectF) -> None:
        """On the matched words; on whatever text there is if no pack knows their places."""
        found = self._outlines()
        if not found and self._soft_shade is not None:
            painter.drawImage(target, self._soft_shade, QRectF(self._soft_shade.rect()))
        lit = QColor(self._theme.colours.lit)
        paint_lit(painter, target, found, shade=SHADE, line=lit, width=2.5)
        for outline in found:
            if outline.region is self.named:
                self._paint_label(painter, outline)

    def _paint_label(self, painter: QPainter, outline: Outline) -> None:
        region = outline.region
        words = f"“{region.reading or region.word}”  {region.probability:.0%}"
        if region.reading and region.reading.casefold() != region.word.casefold():
            words = f"{region.word}: {words}"
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        bounds = QRectF(painter.fontMetrics().boundingRect(words)).adjusted(-9, -5, 9, 5)
        word = outline.polygon.boundingRect()
        bounds.moveCenter(QPointF(word.center().x(), word.top() - bounds.height() / 2 - 6))
        if bounds.top() < 4:
            bounds.moveTop(word.bottom() + 6)
        bounds.moveLeft(min(max(bounds.left(), 4), max(self.width() - bounds.width() - 4, 4)))
        _paint_words(painter, bounds, words)

    def _paint_trouble(self, painter: QPainter) -> None:
        words = "This photo cannot be opened at the moment."
        room = QRectF(self.rect()).adjusted(18, 14, -18, -14)
        lines = painter.boundingRect(room, _CENTRED, words)
        _paint_words(painter, lines.adjusted(-12, -8, 12, 8), words)

    # Events.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if turned:
            self._zoom_to(self._scale * ZOOM_STEP ** (turned / 120), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self._zoom_to(self._scale * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_from = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag_from = None
        self.unsetCursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = self._drag_from - event.position()
            self._drag_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.pan(moved.x(), moved.y())
            return
        at, rule = event.position(), Qt.FillRule.WindingFill
        under = (found for found in self._outlines() if found.polygon.containsPoint(at, rule))
        outline = next(under, None)
        named = None if outline is None else outline.region
        if named is not self.named:
            self.named = named
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.named = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._fit:
            self._zoom_to(1 / self.devicePixelRatioF(), event.position())
        else:
            self.fit()


def _paint_words(painter: QPainter, bounds: QRectF, words: str) -> None:
    """In white on a dark box, which can be read on any photo and in either theme."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 21, 23, 235))
    painter.drawRoundedRect(bounds, 6, 6)
    painter.setPen(QColor("#ffffff"))
    painter.drawText(bounds, _CENTRED, words)


def _held(centre: float, photo: float, window: float) -> float:
    """The nearest allowed middle of a window of length ``window`` over a photo of ``photo``."""
    if window >= photo:
        return photo / 2
    return min(max(centre, window / 2), photo - window / 2)
