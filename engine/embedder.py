"""The child process that decodes and embeds: a photo that kills it is skipped, the rest goes on."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.embedding import LANES, Embedded, ImageTower, Skipped, TowersFactory, work
from engine.errors import LibraryError, PackError

__all__ = ["Embedded", "Embedder", "ImageTower", "Skipped", "TowersFactory"]

log = logging.getLogger(__name__)


class Embedder:
    """Starts its child when there is something to embed; ``close`` ends it until the next time."""

    # Photos that the child holds at once: some in the model, the others decoded ahead of it.
    AHEAD = LANES + 2
    # A model that fails on so many photos in a row is to blame itself.
    LOSSES = 5

    def __init__(
        self,
        factory: TowersFactory,
        *,
        longest_side: int,
        seconds: float = 120,
        seconds_to_start: float = 300,
    ) -> None:
        """``seconds``: how long one photo may take before it is given up."""
        self._factory = factory
        self._longest_side = longest_side
        self._seconds = seconds
        self._seconds_to_start = seconds_to_start
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._sent = 0
        self._losses = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child, at once if it is in the middle of a photo for more than a second."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.join(timeout=1)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
            self._process = None

    def embed(
        self, paths: Iterable[Path], cancel: threading.Event | None = None
    ) -> Iterator[Embedded | Skipped]:
        """One result a path, in order; ``paths`` is read only a few photos ahead of the results.

        Ends early, within a moment, once ``cancel`` is set. PackError if the model does not start.
        """
        cancel = cancel or threading.Event()
        waiting = iter(paths)
        held: deque[tuple[int, Path]] = deque()
        if self._process is not None and not self._process.is_alive():
            # It died while it had nothing to do, which is no photo's fault.
            self.close()
        while not cancel.is_set():
            while len(held) < self.AHEAD and (path := next(waiting, None)) is not None:
                held.append((self._send(path, cancel), path))
            if not held or cancel.is_set():
                return
            result = self._receive(held[0], cancel)
            if isinstance(result, Embedded | Skipped):
                held.popleft()
                yield result
            elif result is not None:
                # Which of them did it shows when each is given to a fresh child alone.
                suspects = [path for _, path in held]
                held.clear()
                for path in suspects:
                    found = result if len(suspects) == 1 else self._embed_alone(path, cancel)
                    if found is None:
                        return
                    yield self._blame(path, found) if isinstance(found, _Loss) else found

    def _embed_alone(
        self, path: Path, cancel: threading.Event
    ) -> Embedded | Skipped | _Loss | None:
        return self._receive((self._send(path, cancel), path), cancel)

    def _blame(self, path: Path, loss: _Loss) -> Skipped:
        self._losses += 1
        log.info("%s ended the embedder: %s", path, loss.reason)
        if self._losses >= self.LOSSES:
            raise PackError(
                "The model failed on several photos one after another and was stopped. "
                "Run “photolex check”, and start Photolex again."
            )
        return Skipped(path, loss.reason, passing=loss.passing)

    def _send(self, path: Path, cancel: threading.Event) -> int:
        """The number by which the answer is known."""
        self._sent += 1
        if self._connection is None and not self._start(cancel):
            return self._sent
        assert self._connection is not None
        try:
            self._connection.send((self._sent, path))
        except OSError:
            # The child is dead, which receiving will notice.
            log.debug("The embedder did not take %s", path)
        return self._sent

    def _receive(
        self, job: tuple[int, Path], cancel: threading.Event
    ) -> Embedded | Skipped | _Loss | None:
        """None when cancelled."""
        end = time.monotonic() + self._seconds
        while not cancel.is_set():
            connection, process = self._connection, self._process
            if connection is None or process is None:
                return None
            try:
                if connection.poll(0.1):
                    number, result, trace = connection.recv()
                    # An earlier call may have been cancelled before its answers came.
                    if number == job[0]:
                        if trace:
                            log.warning("The model failed on %s\n%s", job[1], trace)
                        self._losses = 0
                        return _checked(result)
                    continue
            except (EOFError, OSError):
                process.join(timeout=10)
                loss = _Loss.of_death(process.exitcode)
                self.close()
                return loss
            if time.monotonic() > end:
                process.kill()
                self.close()
                return _Loss(
                    f"Opening this photo takes longer than {self._seconds:.0f} seconds.", False
                )
        return None

    def _start(self, cancel: threading.Event) -> bool:
        """Whether the child is ready; it is not if the wait for it was cancelled."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs, self._factory, self._longest_side), daemon=True
        )
        self._process.start()
        theirs.close()
        self._connection = ours
        end = time.monotonic() + self._seconds_to_start
        try:
            while not ours.poll(0.1):
                if cancel.is_set():
                    self.close()
                    return False
                if time.monotonic() > end:
                    raise PackError("The model took too long to start.")
            answer = ours.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise PackError("The model could not be started: its process ended at once.") from error
        except PackError:
            self._process.kill()
            self.close()
            raise
        if answer is None:
            return True
        self.close()
        if isinstance(answer, LibraryError):
            raise answer
        raise RuntimeError(f"The model could not be started.\n{answer}")


@dataclass(frozen=True, slots=True)
class _Loss:
    """The child is gone, and why."""

    reason: str
    passing: bool

    @classmethod
    def of_death(cls, exit_code: int | None) -> _Loss:
        if exit_code is not None and exit_code == -getattr(signal, "SIGKILL", 9):
            return cls("There was not enough memory to open the photo.", True)
        return cls("Opening this photo makes the program fail, so it is left out.", False)


def _checked(result: object) -> Embedded | Skipped:
    assert isinstance(result, Embedded | Skipped)
    return result
