"""Brings thumbnails from the library to the grid without making anyone wait."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from desktop.hits import PhotoKey, photo_key
from desktop.mailbox import Mailbox
from engine.errors import LibraryError
from engine.search import Hit

SIDES = (256, 512)
CAPACITY = 192 * 1024 * 1024
# Scrolling past many photos must not leave a queue of thumbnails that nobody looks at any more.
MOST_WAITING = 300
WORKERS = 2

Wanted = tuple[PhotoKey, int]  # photo, side


@dataclass(frozen=True, slots=True)
class _Made:
    wanted: Wanted
    image: QImage | None
    error: Exception | None = None


class Thumbnails(QObject):
    """A cache of pixmaps with worker threads behind it; what was asked for last comes first.

    Workers make images, the GUI thread turns them into pixmaps: pixmaps belong to it.
    """

    ready = Signal()  # one or more thumbnails have come, or could not be made

    def __init__(
        self, make: Callable[[int, int], Path | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._make = make
        self._pixmaps: OrderedDict[Wanted, QPixmap] = OrderedDict()
        self._bytes = 0
        self._impossible: set[Wanted] = set()
        self._mailbox = Mailbox(30, self)
        self._mailbox.arrived.connect(self._take_in)
        self._changed = threading.Condition()
        self._waiting: OrderedDict[Wanted, None] = OrderedDict()
        self._at_work: set[Wanted] = set()
        self._open = True
        self._threads = [
            threading.Thread(target=self._work, name=f"thumbnails {number}", daemon=True)
            for number in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def get(self, hit: Hit, side: float) -> QPixmap | None:
        """The thumbnail, at least ``side`` device pixels if there is one; None: it is on its way.

        While the right one is on its way, or if it cannot be made, one of another size is given:
        of a photo on a drive that is away there is what has been made before.
        """
        photo = photo_key(hit)
        right = (photo, next((known for known in SIDES if known >= side), SIDES[-1]))
        sizes = [right, *((photo, other) for other in SIDES if other != right[1])]
        given = next((size for size in sizes if size in self._pixmaps), None)
        if given != right and right not in self._impossible:
            self._ask_for(right)
        elif given is None:
            untried = next((size for size in sizes if size not in self._impossible), None)
            if untried is not None:
                self._ask_for(untried)
        if given is None:
            return None
        self._pixmaps.move_to_end(given)
        return self._pixmaps[given]

    def impossible(self, hit: Hit) -> bool:
        """Whether there is no thumbnail of this photo to be had, of any size."""
        return all((photo_key(hit), side) in self._impossible for side in SIDES)

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        with self._changed:
            return not self._waiting and not self._at_work

    def forget_impossible(self) -> None:
        """Try again: a drive has come back, a photo was repaired."""
        self._impossible.clear()

    def close(self) -> None:
        """End the workers."""
        self._mailbox.close()
        with self._changed:
            self._open = False
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _ask_for(self, wanted: Wanted) -> None:
        with self._changed:
            if wanted not in self._at_work:
                self._waiting[wanted] = None
                self._waiting.move_to_end(wanted)
                if len(self._waiting) > MOST_WAITING:
                    self._waiting.popitem(last=False)
                self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or not self._open)
                if not self._open:
                    return
                wanted, _ = self._waiting.popitem(last=True)
                self._at_work.add(wanted)
            (photo_id, _), side = wanted
            try:
                path = self._make(photo_id, side)
                made = _Made(wanted, None if path is None else _read(path))
            except LibraryError:
                made = _Made(wanted, None)
            except Exception as error:  # noqa: BLE001  shown by the GUI thread, see _take_in
                made = _Made(wanted, None, error)
            self._mailbox.post(made)

    def _take_in(self, items: list[object]) -> None:
        for made in items:
            if not isinstance(made, _Made):
                continue
            with self._changed:
                self._at_work.discard(made.wanted)
            if made.image is None:
                self._impossible.add(made.wanted)
            else:
                self._keep(made.wanted, QPixmap.fromImage(made.image))
            if made.error is not None:
                sys.excepthook(type(made.error), made.error, made.error.__traceback__)
        self.ready.emit()

    def _keep(self, wanted: Wanted, pixmap: QPixmap) -> None:
        self._pixmaps[wanted] = pixmap
        self._bytes += _cost(pixmap)
        while self._bytes > CAPACITY and len(self._pixmaps) > 1:
            _, oldest = self._pixmaps.popitem(last=False)
            self._bytes -= _cost(oldest)


def _cost(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4


def _read(path: Path) -> QImage | None:
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    image = reader.read()
    return None if image.isNull() else image
