"""Small WebP copies of photos in a cache folder, made when they are first asked for."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from pathlib import Path

from PIL import Image

from engine.dates import changed_at
from engine.errors import PhotoError
from engine.photos import decode, open_photo

log = logging.getLogger(__name__)

MOST_BYTES = 2_000_000_000
"""What the folder may hold; a picture of 256 pixels takes about 10,000."""

_CACHE_TAG = "CACHEDIR.TAG"
# What https://bford.info/cachedir/ asks for; it keeps backups, and our own walk, out of here.
_CACHE_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n"


class Thumbnails:
    """Any thread may ask. Deleting the folder costs nothing but the time to make them again.

    The folder grows to about ``most`` bytes; then the oldest pictures go.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._until_trimmed = 0

    def get(
        self, photo: Path, digest: bytes, stamp: tuple[int, int] | None, side: int
    ) -> Path | None:
        """The picture, at most ``side`` pixels wide and high; None when it cannot be made.

        ``digest``: of the photo's content, so that a moved photo keeps its picture and one whose
        drive is away still has it. ``stamp``: size and mtime in nanoseconds of the file that holds
        it; of any other file none is made. Only for photos that were embedded: what they hold has
        been decoded once where it could do no harm.
        """
        file = self._file(digest, side)
        if file.exists():
            return file
        try:
            with open_photo(photo) as opened:
                status = os.fstat(opened.fileno())
                if (status.st_size, changed_at(status)) != stamp:
                    return None
                pixels = decode(opened, photo.suffix, side).pixels
            self._prepare(file.parent)
            written = _write(Image.fromarray(pixels), file)
        except (PhotoError, OSError) as error:
            log.info("No thumbnail of %s: %s", photo, error)
            return None
        if self._is_trimming_due(written):
            self.trim(self._most)
        return file

    def trim(self, most: int) -> None:
        """Deletes the oldest pictures until all of them take at most ``most`` bytes."""
        pictures = []
        for file in self.folder.glob("*/*.webp"):
            try:
                status = file.stat()
            except OSError:
                continue
            pictures.append((status.st_mtime_ns, status.st_size, file))
        taken = sum(size for _, size, _ in pictures)
        for _, size, file in sorted(pictures):
            if taken <= most:
                break
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                log.info("%s stays: %s", file, error)
            else:
                taken -= size

    def _is_trimming_due(self, written: int) -> bool:
        """With the first picture, and whenever a twentieth of ``most`` has come since.

        Looking through 100,000 files takes a second.
        """
        with self._lock:
            self._until_trimmed -= written
            if self._until_trimmed >= 0:
                return False
            self._until_trimmed = self._most // 20
            return True

    def _file(self, digest: bytes, side: int) -> Path:
        name = digest.hex()
        # 256 folders: some file systems and file managers suffer from 100,000 files in one.
        return self.folder / name[:2] / f"{name}-{side}.webp"

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tag = self.folder / _CACHE_TAG
        if not tag.exists():
            tag.write_text(_CACHE_SIGNATURE, encoding="ascii")


def _write(picture: Image.Image, file: Path) -> int:
    """All of it or nothing: another thread may be reading, or writing the same picture.

    Returns how many bytes it takes.
    """
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".webp")
    half_written = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            picture.save(stream, "WEBP", quality=80, method=2)
            written = stream.tell()
        half_written.replace(file)
    except BaseException:
        half_written.unlink(missing_ok=True)
        raise
    return written
