"""What the engine says while it works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanStarted:
    root: Path


@dataclass(frozen=True, slots=True)
class Progress:
    """``seconds_left`` is None until there is something to estimate it from.

    ``pack``: the one that embeds, when it is another than the first.
    """

    done: int
    total: int
    photos_per_second: float
    seconds_left: float | None
    current: str
    pack: str = ""


@dataclass(frozen=True, slots=True)
class PhotosChanged:
    """Search answers differently from now on: so many photos came to it, so many left it."""

    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class PhotoSkipped:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class IndexingFinished:
    done: int
    skipped: int
    cancelled: bool


@dataclass(frozen=True, slots=True)
class IndexingPaused:
    reason: str


@dataclass(frozen=True, slots=True)
class RootOffline:
    path: Path


@dataclass(frozen=True, slots=True)
class RootOnline:
    path: Path


@dataclass(frozen=True, slots=True)
class MassDisappearance:
    """So many photos of a root went at once that they are kept until the person confirms."""

    root: Path
    missing: int
    total: int


@dataclass(frozen=True, slots=True)
class EngineFailed:
    error: BaseException


Event = (
    ScanStarted
    | Progress
    | PhotosChanged
    | PhotoSkipped
    | IndexingFinished
    | IndexingPaused
    | RootOffline
    | RootOnline
    | MassDisappearance
    | EngineFailed
)


class Announcer:
    """Hands every event to every subscriber, on the thread that announces it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: dict[object, Callable[[Event], None]] = {}

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Returns the call that ends the subscription; calling it twice does no harm."""
        token = object()
        with self._lock:
            self._subscribers[token] = callback

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(token, None)

        return unsubscribe

    def announce(self, event: Event) -> None:
        # Called outside the lock, so that a subscriber may subscribe or unsubscribe.
        with self._lock:
            subscribers = list(self._subscribers.values())
        for subscriber in subscribers:
            try:
                subscriber(event)
            except Exception:
                log.exception("A subscriber failed on %s", type(event).__name__)
