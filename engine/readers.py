"""Lends connections to the catalogue for reading, so that no search waits for another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.catalogue import Catalogue


class Readers:
    """As many connections as are in use at once; each is used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._idle: list[Catalogue] = []
        self._closed = False

    @contextmanager
    def __call__(self) -> Iterator[Catalogue]:
        """A connection that sees the last commit; CatalogueError if there is no catalogue."""
        with self._lock:
            catalogue = self._idle.pop() if self._idle else None
        if catalogue is None:
            catalogue = Catalogue.open(self._file, write=False)
        try:
            yield catalogue
        finally:
            with self._lock:
                keep = not self._closed
                if keep:
                    self._idle.append(catalogue)
            if not keep:
                catalogue.close()

    def close(self) -> None:
        """Those that are in use are closed when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for catalogue in idle:
            catalogue.close()
