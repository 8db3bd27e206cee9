"""Reads whole photos for the viewer and the preview, off the GUI thread."""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader, QTransform

from desktop.hits import PhotoKey, photo_key
from desktop.mailbox import Mailbox
from engine.errors import LibraryError
from engine.photos import orientation
from engine.search import Hit

CAPACITY = 400 * 1024 * 1024
# A bigger photo is read scaled down: 160 MB of pixels are enough to zoom into.
MOST_PIXELS = 40_000_000
SMALLEST_LEVEL = 800
# What Qt cannot decode (HEIC, AVIF) the engine can: it makes a picture this long.
SUBSTITUTE_SIDE = 2048
# Where EXIF's orientation takes a pixel: to (a x + c y, b x + d y), written a, b, c, d.
_TURNS = {
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}

Substitute = Callable[[int, int], Path | None]  # photo id, side -> file


@dataclass(frozen=True, slots=True)
class FullPhoto:
    """A photo upright, and the same again and again at half the width.

    Drawing a large image small takes long and skips pixels; drawing a near size does neither.
    """

    images: tuple[QImage, ...]

    @classmethod
    def of(cls, image: QImage) -> FullPhoto:
        images = [image]
        while min(images[-1].width(), images[-1].height()) > SMALLEST_LEVEL:
            half = QSize(images[-1].width() // 2, images[-1].height() // 2)
            ignore, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode
            images.append(images[-1].scaled(half, ignore, smooth.SmoothTransformation))
        return cls(tuple(images))

    @property
    def size(self) -> QSize:
        return self.images[0].size()

    @property
    def bytes_held(self) -> int:
        return sum(image.sizeInBytes() for image in self.images)

    def near(self, width: float) -> QImage:
        """The smallest image that is at least ``width`` wide, else the largest."""
        wide = [image for image in self.images if image.width() >= width]
        return wide[-1] if wide else self.images[0]


@dataclass(frozen=True, slots=True)
class _Read:
    key: PhotoKey
    photo: FullPhoto | None
    error: Exception | None = None


class FullPhotos(QObject):
    """Keeps the photos seen last, and reads the one asked for last first."""

    loaded = Signal(object, object)  # PhotoKey, FullPhoto
    failed = Signal(object)  # PhotoKey: it cannot be read

    def __init__(self, substitute: Substitute, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._substitute = substitute
        self._photos: OrderedDict[PhotoKey, FullPhoto] = OrderedDict()
        self._mailbox = Mailbox(0, self)
        self._mailbox.arrived.connect(self._take_in)
        self._changed = threading.Condition()
        self._waiting: OrderedDict[PhotoKey, Hit] = OrderedDict()
        self._at_work: PhotoKey | None = None
        self._open = True
        self._thread = threading.Thread(target=self._work, name="full photos", daemon=True)
        self._thread.start()

    def get(self, hit: Hit, *neighbours: Hit) -> FullPhoto | None:
        """The photo; None: it is on its way. ``neighbours`` are read after it."""
        with self._changed:
            self._waiting.clear()
            for wanted in (*reversed(neighbours), hit):
                if photo_key(wanted) not in self._photos and photo_key(wanted) != self._at_work:
                    self._waiting[photo_key(wanted)] = wanted
            self._changed.notify()
        photo = self._photos.get(photo_key(hit))
        if photo is not None:
            self._photos.move_to_end(photo_key(hit))
        return photo

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        with self._changed:
            return not self._waiting and self._at_work is None

    def close(self) -> None:
        """End the worker."""
        self._mailbox.close()
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or not self._open)
                if not self._open:
                    return
                self._at_work, hit = self._waiting.popitem(last=True)
            try:
                image = read_photo(hit, self._substitute)
                read = _Read(photo_key(hit), None if image is None else FullPhoto.of(image))
            except Exception as error:  # noqa: BLE001  shown by the GUI thread, see _take_in
                read = _Read(photo_key(hit), None, error)
            self._mailbox.post(read)
            with self._changed:
                self._at_work = None

    def _take_in(self, items: list[object]) -> None:
        for read in items:
            if not isinstance(read, _Read):
                continue
            if read.error is not None:
                sys.excepthook(type(read.error), read.error, read.error.__traceback__)
            if read.photo is None:
                self.failed.emit(read.key)
                continue
            self._photos[read.key] = read.photo
            while sum(photo.bytes_held for photo in self._photos.values()) > CAPACITY:
                if len(self._photos) == 1:
                    break
                self._photos.popitem(last=False)
            self.loaded.emit(read.key, read.photo)


def read_photo(hit: Hit, substitute: Substitute) -> QImage | None:
    """Decode a photo upright; None if neither Qt nor the engine can. Any thread."""
    image = _read(Path(hit.path))
    if image is None:
        try:
            stand_in = substitute(hit.photo_id, SUBSTITUTE_SIDE)
        except LibraryError:
            return None
        image = None if stand_in is None else _read(stand_in)
    if image is None:
        return None
    kind = QImage.Format
    # These two are painted without being converted each time.
    wanted = kind.Format_ARGB32_Premultiplied if image.hasAlphaChannel() else kind.Format_RGB32
    return image.convertToFormat(wanted)


def _read(path: Path) -> QImage | None:
    # Path.is_file() would raise for a mount that does not answer.
    if not os.path.isfile(path):  # noqa: PTH113
        return None
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    pixels = size.width() * size.height()
    if pixels > MOST_PIXELS:
        scale = (MOST_PIXELS / pixels) ** 0.5
        reader.setScaledSize(QSize(round(size.width() * scale), round(size.height() * scale)))
    # Qt turns JPEG and TIFF; a PNG or WebP may say as well how it is to be turned.
    is_turned = reader.supportsOption(QImageIOHandler.ImageOption.ImageTransformation)
    image = reader.read()
    if image.isNull():
        return None
    turn = None if is_turned else _TURNS.get(orientation(path))
    return image if turn is None else image.transformed(QTransform(*turn, 0, 0))
