"""Photos to train on: how they are read, and which of a labelled set's are left out."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import LibraryError, PhotoError
from engine.photos import read_photo

Image = NDArray[np.uint8]


def decoded(photo: Path) -> Image:
    """(H, W, 3) BGR in full size as Photolex decodes it: upright, what is transparent on white.

    PhotoError when it cannot be read.
    """
    return np.ascontiguousarray(read_photo(photo, sys.maxsize).pixels[:, :, ::-1])


def pixels_of(photo: Path) -> Image:
    """As ``decoded``, but by OpenCV, which is faster, where that knows the format (not HEIC)."""
    picture = cv2.imread(str(photo))
    return decoded(photo) if picture is None else np.asarray(picture, np.uint8)


def short_name(folder: Path) -> str:
    """A name for files about a folder, which another folder of the same name does not have."""
    place = folder.resolve()
    return f"{place.name}-{hashlib.blake2b(bytes(place), digest_size=4).hexdigest()}"


def left_out(names: Iterable[str]) -> list[str]:
    """Every twentieth photo of a labelled set, which packs are tuned on.

    Trainings of the word towers and of Focus that are given the labels leave it out. Those of the
    glance and of Focus on photos without labels cannot tell, and FDP's need not: its packs are not
    tuned on labelled photos.
    """
    return sorted(names)[::20]


def check_readable(folder: Path, names: Iterable[str]) -> None:
    """LibraryError when none of these photos can be read, or there are none."""
    for name in names:
        try:
            pixels_of(folder / name)
        except PhotoError:
            continue
        return
    raise LibraryError(f"None of the photos to train on in {folder} can be read.")
