"""One program at a time writes a library: a lock that ends with the process, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.errors import LibraryError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class LibraryLock:
    """Held from ``take`` to ``release``; LibraryError if another program holds it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lock"
        self._handle: int | None = None

    def take(self) -> None:
        """LibraryError if the folder cannot be written or belongs to another program now."""
        folder = self._file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise LibraryError(f"The library folder {folder} cannot be used: {reason}.") from error
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise LibraryError(
                f"Another Photolex is using the library {folder}; close it first."
            ) from error
        self._handle = handle

    def release(self) -> None:
        """The file stays: deleting it would let two programs hold locks on different files."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
