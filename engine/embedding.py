"""What the embedder's child does: decodes photos ahead of the model, embeds them, answers.

Photos are embedded side by side rather than each by all cores: between its networks, and in much
of what is done with their answers, a photo keeps but one core busy.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.dates import changed_at
from engine.errors import LibraryError, PhotoError
from engine.photos import Photo, decode, digest_of, open_photo
from engine.regions import Region


class ImageTower(Protocol):
    """The part of ``Towers`` that photos need."""

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        """Called on several threads at once."""


# Called in the child, so it must be picklable: a function of a module, or a partial of one.
TowersFactory = Callable[[], ImageTower]

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Photos in the model at once, each of which takes memory, and the threads of each.
LANES = min(4, _CORES)
THREADS = _CORES // LANES


@dataclass(frozen=True, slots=True)
class Embedded:
    """``digest``, ``size`` and ``mtime_ns`` are of the very bytes that were embedded.

    ``width``, ``height`` and the regions' quads: pixels of the full-size upright photo.
    """

    path: Path
    digest: bytes
    size: int
    mtime_ns: int
    width: int
    height: int
    regions: list[Region]


@dataclass(frozen=True, slots=True)
class Skipped:
    """``passing``: as in PhotoError. ``changing``: the file was written to while it was read."""

    path: Path
    reason: str
    passing: bool = False
    changing: bool = False


@dataclass(frozen=True, slots=True)
class _Decoded:
    photo: Photo
    digest: bytes
    size: int
    mtime_ns: int


_Answer = tuple["Embedded | Skipped", str]
_Job = tuple[int, "Future[_Answer]"]


def work(connection: Connection, factory: TowersFactory, longest_side: int) -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        towers = factory()
    except LibraryError as error:
        connection.send(error)
        return
    except Exception:  # noqa: BLE001  handed to the parent, which raises it
        connection.send(traceback.format_exc())
        return
    with suppress(OSError):
        # An OSError: the parent has given up waiting, which the first thing received will show.
        connection.send(None)
    # More of OpenCV's own threads would only stand in the other photos' way.
    cv2.setNumThreads(THREADS)
    jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    with ThreadPoolExecutor(2, "decode") as decoders, ThreadPoolExecutor(LANES, "embed") as lanes:

        def take() -> None:
            try:
                while True:
                    number, path = connection.recv()
                    decoded = decoders.submit(_decode, path, longest_side)
                    jobs.put((number, lanes.submit(_embed, towers, path, decoded.result)))
            except (EOFError, OSError, RuntimeError):
                # RuntimeError: the threads have been shut down, which is the end as well.
                jobs.put(None)
            # The parent is gone: if the model never comes back, nobody else ends this process.
            time.sleep(10)
            os._exit(1)

        threading.Thread(target=take, daemon=True).start()
        while (job := jobs.get()) is not None:
            number, answer = job
            try:
                connection.send((number, *answer.result()))
            except OSError:
                break
        for pool in (lanes, decoders):
            pool.shutdown(wait=False, cancel_futures=True)


def embed_here(towers: ImageTower, path: Path, longest_side: int) -> Embedded | Skipped:
    """What the child answers for one photo, in this process: only for photos known to be good."""
    result, _ = _embed(towers, path, lambda: _decode(path, longest_side))
    return result


def _decode(path: Path, longest_side: int) -> _Decoded:
    with open_photo(path) as file:
        before = os.fstat(file.fileno())
        try:
            digest = digest_of(file)
            photo = decode(file, path.suffix, longest_side, legible=True)
        finally:
            # Said rather than what went wrong with a picture of which half was there.
            after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise _ChangingError("The photo is still being written.")
    return _Decoded(photo, digest, after.st_size, changed_at(after))


class _ChangingError(PhotoError):
    """What was read is neither the old photo nor the new one."""


def _embed(towers: ImageTower, path: Path, decoded: Callable[[], _Decoded]) -> _Answer:
    """The result, and the traceback of a failure that is ours."""
    try:
        found = decoded()
        regions = towers.embed_photo(found.photo.pixels)
    except PhotoError as error:
        changing = isinstance(error, _ChangingError)
        return Skipped(path, str(error), passing=error.passing, changing=changing), ""
    except Exception:  # noqa: BLE001  handed to the parent, which logs it
        skipped = Skipped(path, "The model failed on this photo.", passing=True)
        return skipped, traceback.format_exc()
    photo = found.photo
    scale = np.array(
        [photo.width / photo.pixels.shape[1], photo.height / photo.pixels.shape[0]], np.float32
    )
    return (
        Embedded(
            path,
            found.digest,
            found.size,
            found.mtime_ns,
            photo.width,
            photo.height,
            [replace(region, quad=region.quad * scale) for region in regions],
        ),
        "",
    )
