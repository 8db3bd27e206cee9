"""Which files are photos, and how one is opened, fingerprinted and decoded without harm."""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import logging
import math
import os
import stat
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engine.errors import PhotoError
from engine.pieces import LONG

log = logging.getLogger(__name__)

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .tif .tiff .bmp .gif .heic .heif .hif .avif".split()
)

# The decoders that may be tried, whatever the file is called. Pillow knows many more, among them
# some that start other programs (EPS) or were written for trusted files.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "HEIF", "AVIF")

# A JPEG is decoded at a fraction of its size, every other format in full: 200 million pixels are
# the largest phone sensors, and 600 MB of memory.
JPEG_PIXELS = 300_000_000
OTHER_PIXELS = 200_000_000
_LEGIBLE_PIXELS = 16_000_000  # of a long photo when it is decoded: 48 MB
_NEARLY = 0.97

_SYSTEM_FOLDERS = frozenset(
    ("@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx")
)
# Android's and the freedesktop way to say that the pictures in a folder are not photos.
_MARKERS = frozenset((".nomedia", "CACHEDIR.TAG"))

pillow_heif.register_heif_opener()
# Our own limits above are checked on the header; Pillow's would refuse panoramas at 179 million.
Image.MAX_IMAGE_PIXELS = None
# Odd metadata in a photo that decodes all the same is nothing that anybody can act on.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class Photo:
    """``pixels``: (H, W, 3) uint8 RGB, upright. ``width``, ``height``: of the full-size photo."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


def is_photo_name(name: str) -> bool:
    """By the suffix alone; hidden files (``._photo.jpg`` of macOS among them) are no photos."""
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def is_watched(root: Path, path: Path, *, exclude: Sequence[str] = ()) -> bool:
    """Whether ``walk(root)`` would come to ``path``, a file or folder, if it is there."""
    if path == root:
        return True
    if not path.is_relative_to(root):
        return False
    step = root
    for name in path.relative_to(root).parts:
        step = step / name
        if _is_left_out(root, step, exclude):
            return False
        if step != path and any(_is_there(step / marker) for marker in _MARKERS):
            return False
    return True


def is_entered(root: Path, folder: Path) -> bool:
    """Whether ``walk(root)`` would look into ``folder``."""
    return is_watched(root, folder / "photo.jpg")


def walk(
    root: Path,
    *,
    below: Path | None = None,
    exclude: Sequence[str] = (),
    unreadable: Callable[[Path, OSError | None], None] = lambda path, error: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Path]:
    """Every file below ``root`` that is named like a photo, folder by folder in sorted order.

    ``below``: only what is inside this folder of the root.
    Each folder is entered once: a link to a folder is followed unless it leads to a place that is
    walked anyway or that contains ``root``. ``exclude``: shell patterns for a name, a path below
    the root, or an absolute path. ``stopped``: asked once a folder, for there may be many without
    a photo.

    A folder that cannot be listed is reported to ``unreadable``, for nothing is known then of the
    photos in it. So is a link that leads nowhere, for what it led to may be a folder on a drive
    that is not connected; and, without an error, with ``below`` a link into the root: only a walk
    of it all tells under which name its photos are known.
    """
    real = root.resolve()
    above = {_identity(folder) for folder in real.parents}
    entered: set[tuple[int, int] | None] = set()
    folders, links = [below or root], list[Path]()
    while folders or links:
        # Links last, so that a folder has the same path on every walk.
        folder = folders.pop() if folders else links.pop(0)
        identity = _identity(folder)
        if identity is not None and (identity in entered or identity in above):
            continue
        entered.add(identity)
        if stopped():
            return
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            unreadable(folder, error)
            continue
        if folder != root and any(entry.name in _MARKERS for entry in entries):
            continue
        inner: list[Path] = []
        for entry in entries:
            path = folder / entry.name
            if _is_left_out(root, path, exclude):
                continue
            if _is_folder(entry):
                if not entry.is_symlink():
                    inner.append(path)
                elif below in (None, root) or not path.resolve().is_relative_to(real):
                    links.append(path)
                else:
                    unreadable(path, None)
            elif is_photo_name(entry.name):
                yield path
            elif (dead := _dead_link(entry)) is not None:
                unreadable(path, dead)
        folders.extend(reversed(inner))


def open_photo(path: Path) -> BufferedReader:
    """The file, opened for reading; PhotoError unless it is a regular file that can be read.

    A named pipe or a device is refused before it is opened, for opening one may wait forever.
    """
    try:
        _refuse_special(path.stat().st_mode)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = open(os.open(path, flags), "rb")  # noqa: PTH123, SIM115
        # Again on what was opened: the name may have come to mean something else meanwhile.
        status = os.fstat(file.fileno())
    except OSError as error:
        raise PhotoError(_why_not_opened(path, error), passing=_is_passing(error)) from error
    try:
        _refuse_special(status.st_mode)
        if status.st_size == 0:
            raise PhotoError("The file is empty.")
    except PhotoError:
        file.close()
        raise
    return file


def digest(path: Path) -> bytes:
    """16 bytes of BLAKE2b over the whole file; PhotoError if it cannot be read."""
    with open_photo(path) as file:
        return digest_of(file)


def digest_of(file: BufferedReader) -> bytes:
    """As ``digest``, of a file that is open; reads from its beginning to its end."""
    try:
        file.seek(0)
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise PhotoError(_why_not_read(error), passing=True) from error


def read_photo(path: Path, longest_side: int) -> Photo:
    """The photo upright, shrunk so that its longer side is at most ``longest_side`` pixels."""
    with open_photo(path) as file:
        return decode(file, path.suffix, longest_side)


def decode(file: BufferedReader, suffix: str, longest_side: int, *, legible: bool = False) -> Photo:
    """As ``read_photo``, of a file that is open.

    ``legible``: a photo more than ``LONG`` times as long as wide is shrunk as its pieces of that
    shape would be, if it is not too many pixels then: print on a screenshot of a whole page would
    be lost otherwise.
    """
    file.seek(0)
    try:
        with Image.open(file, formats=_FORMATS) as image:
            _refuse_giants(image)
            return _upright(image, _size_of(image, longest_side, legible=legible))
    except PhotoError:
        raise
    except UnidentifiedImageError as error:
        raise PhotoError(
            f"The name ends in {suffix}, but there is no picture in the file that can be read."
        ) from error
    except MemoryError as error:
        raise PhotoError("There was not enough memory to open the photo.", passing=True) from error
    except Exception as error:
        # Decoders raise anything on a damaged file: OSError, SyntaxError, struct.error, KeyError...
        log.debug("Could not decode: %r", error)
        if isinstance(error, OSError) and error.errno is not None:
            raise PhotoError(_why_not_read(error), passing=True) from error
        if "truncated" in str(error).lower():
            raise PhotoError("The photo is incomplete: the end of the file is missing.") from error
        raise PhotoError("The photo is damaged and cannot be opened.") from error


def orientation(path: Path) -> int:
    """How the file's pixels are to be turned, as EXIF numbers it; 1, upright, where it is silent.

    It takes as long as decoding a PNG, which may say so behind its pixels.
    """
    try:
        with open_photo(path) as file, Image.open(file, formats=_FORMATS) as image:
            return _orientation(image)
    except Exception as error:  # noqa: BLE001  decoders raise anything on a damaged file
        log.debug("Could not tell how to turn %s: %r", path, error)
        return 1


def _size_of(image: Image.Image, longest_side: int, *, legible: bool) -> tuple[int, int]:
    """Of the photo as it is decoded, before it is turned."""
    width, height = image.size
    longer = max(width, height)
    scale = longest_side / longer
    if legible:
        piece = min(longer, round(LONG * min(width, height)))
        scale = max(scale, min(longest_side / piece, math.sqrt(_LEGIBLE_PIXELS / (width * height))))
    scale = min(1.0, scale)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _upright(image: Image.Image, size: tuple[int, int]) -> Photo:
    width, height = image.size
    # Heeded by JPEG (decoded at 1/2, 1/4 or 1/8) and HEIF (a copy inside the file), never smaller
    # than asked. A little less will do: half of a photo of 4,000 pixels, in a seventh of the time.
    least = math.ceil(_NEARLY * size[0]), math.ceil(_NEARLY * size[1])
    image.draft(None, least)
    image.load()
    seen = _eight_bits(image)
    has_alpha = seen.has_transparency_data
    mode = "RGBA" if has_alpha else "RGB"
    if seen.mode != mode:  # or else it would be copied
        seen = seen.convert(mode)
    if seen.width > size[0] or seen.height > size[1]:
        seen = seen.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    if has_alpha:
        paper = Image.new("RGBA", seen.size, "white")
        seen = Image.alpha_composite(paper, seen).convert("RGB")
    # Asked after loading, when TIFF (and HEIF even before) has turned itself and says so.
    orientation = _orientation(image)
    if orientation in _TURNS:
        seen = seen.transpose(_TURNS[orientation])
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return Photo(np.ascontiguousarray(seen, dtype=np.uint8), width, height)


def _orientation(image: Image.Image) -> int:
    """As EXIF has it; 1, upright, where what should be EXIF is something else."""
    try:
        orientation: int = image.getexif().get(0x0112, 1)
    except (SyntaxError, ValueError, struct.error):
        # It is no TIFF, its hexadecimal digits in a PNG are none, or it ends too soon.
        return 1
    return orientation


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or of floats as 8 bits; Pillow would clip it to white."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    grey: NDArray[np.float32] = np.nan_to_num(np.asarray(image, dtype=np.float32))
    darkest, brightest = float(grey.min()), float(grey.max())
    if image.mode == "F" and (darkest < 0 or brightest > 255):
        grey = (grey - darkest) * np.float32(255 / max(brightest - darkest, 1e-6))
    elif image.mode == "F" and brightest <= 1:
        grey = grey * np.float32(255)
    elif brightest > 255:
        grey = grey / np.float32(257)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8), "L")


def _refuse_giants(image: Image.Image) -> None:
    limit = JPEG_PIXELS if image.format in ("JPEG", "MPO") else OTHER_PIXELS
    width, height = image.size
    if width * height > limit:
        raise PhotoError(
            f"The photo is too large: {width:,} × {height:,} pixels, "
            f"more than {limit // 1_000_000} megapixels."
        )


def _refuse_special(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    )
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "something special")
    raise PhotoError(f"This is {kind}, not a file with a photo in it.")


def _why_not_opened(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return "This is a link to a file that is not there."
        return "The file is not there any more."
    if error.errno == errno.ELOOP:
        return "This is a link that leads back to itself."
    if isinstance(error, PermissionError):
        return "You have no permission to read this file."
    return _why_not_read(error)


def _why_not_read(error: OSError) -> str:
    return f"The file could not be read from the disk ({os.strerror(error.errno or errno.EIO)})."


def _is_passing(error: OSError) -> bool:
    return error.errno != errno.ELOOP


def _is_left_out(root: Path, path: Path, exclude: Sequence[str]) -> bool:
    name = path.name
    if name.startswith(".") or name.lower() in _SYSTEM_FOLDERS:
        return True
    if not exclude:
        return False
    spellings = (name, path.relative_to(root).as_posix(), str(path))
    return any(fnmatch.fnmatch(text, pattern) for pattern in exclude for text in spellings)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _dead_link(entry: os.DirEntry[str]) -> OSError | None:
    """Why a link leads nowhere; None for one that leads somewhere, and for what is no link."""
    try:
        if entry.is_symlink():
            entry.stat()
    except OSError as error:
        return error
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells two folders apart however they were reached; None for one that is not there."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
