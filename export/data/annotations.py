"""What the readers of public benchmarks share: finding files, places of words, frequent words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np

from engine.photos import is_photo_name
from engine.tokenizer import fold
from export.evaluation.detection import Quad
from export.evaluation.metrics import SHORTEST_QUERY
from export.evaluation.sets import LabelledSet, SetError, Word, check_photos

_OF_TEST = re.compile(r"(?<![a-z])test")
_OF_IMAGES = re.compile(r"image|img")


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turns what goes wrong while ``file`` is read into a ``SetError`` that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise SetError(f"{file.parent} has no {file.name}.") from error
    except OSError as error:
        raise SetError(f"{file} cannot be read: {error.strerror or error}.") from error
    except ElementTree.ParseError as error:
        raise SetError(f"{file} is damaged, it is not XML: {error}.") from error
    except KeyError as error:
        raise SetError(f"{file} is damaged: it lacks {error}.") from error
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise SetError(f"{file} is damaged: {error}.") from error


def read_text(file: Path) -> str:
    """A label file: UTF-8, whether or not it starts with a byte order mark.

    Bytes that are no UTF-8, which some benchmarks have, cannot be part of a query anyway.
    """
    return file.read_text(encoding="utf-8-sig", errors="replace")


def label_files(root: Path, *patterns: str) -> list[Path]:
    """The files of one folder at or below ``root`` that fit the first pattern which any file fits.

    Of several folders the one that says that it holds the test part.
    """
    for pattern in patterns:
        files = sorted(file for file in root.rglob(pattern) if not file.name.startswith("."))
        if files:
            folder = _of_test(root, {file.parent for file in files}, pattern)
            return [file for file in files if file.parent == folder]
    raise SetError(f"{root} has no {' and no '.join(patterns)}, here or in a folder below.")


def photos_of(root: Path, stems: Iterable[str]) -> tuple[Path, dict[str, str]]:
    """The folder at or below ``root`` with photos of these names, and its photos by stem.

    Of several that have equally many, the one of the test part. ``SetError`` when one is missing.
    """
    wanted = set(stems)
    folders: dict[Path, dict[str, str]] = {}
    for path in root.rglob("*"):
        if is_photo_name(path.name):
            folders.setdefault(path.parent, {})[path.stem] = path.name
    if not folders:
        raise SetError(f"{root} has no photos, here or in a folder below.")
    most = max(len(wanted & held.keys()) for held in folders.values())
    fullest = {folder for folder, held in folders.items() if len(wanted & held.keys()) == most}
    chosen = _of_test(root, fullest, "photos")
    if missing := sorted(wanted - folders[chosen].keys()):
        raise SetError(f"{chosen} lacks a photo named {missing[0]}, which the labels describe.")
    return chosen, folders[chosen]


def _of_test(root: Path, folders: set[Path], what: str) -> Path:
    chosen = folders
    for name in (_OF_TEST, _OF_IMAGES):
        if len(chosen) > 1:
            chosen = {one for one in chosen if name.search(_below(root, one))} or chosen
    if len(chosen) > 1:
        names = ", ".join(sorted(one.relative_to(root).as_posix() for one in chosen))
        raise SetError(f"{root} has {what} in several folders: {names}; one of them is too many.")
    return next(iter(chosen))


def _below(root: Path, folder: Path) -> str:
    return folder.relative_to(root).as_posix().lower()


def photo_names(images: Path) -> list[str]:
    """The photos in a folder, sorted; ``SetError`` when there is none."""
    with reading(images):
        names = sorted(path.name for path in images.iterdir() if is_photo_name(path.name))
    if not names:
        raise SetError(f"{images} has no photos.")
    return names


def photos_by_stem(images: Path) -> dict[str, str]:
    """The photos in a folder by what their names say without the suffix."""
    return {Path(name).stem: name for name in photo_names(images)}


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    """An upright rectangle as a quad."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def quad_of(points: Sequence[Sequence[float]]) -> Quad:
    """A polygon as a quad: itself if it has four corners, else the least rectangle around it."""
    corners = np.asarray(points, np.float32)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise ValueError("a polygon needs three corners or more")
    if len(corners) == 4:
        return corners
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(corners)), np.float32)


def pairs(numbers: Iterable[Any]) -> list[tuple[float, float]]:
    """Numbers x, y, x, y, … as corners."""
    flat = [float(number) for number in numbers]
    return list(zip(flat[::2], flat[1::2], strict=True))


def parts(texts: Iterable[str]) -> list[str]:
    """The folded words of labels, which may have several words each."""
    return [word for text in texts for part in text.split() if (word := fold(part))]


def frequent(
    words: Mapping[str, Sequence[str]], most: int, *, once_a_photo: bool
) -> dict[str, frozenset[str]]:
    """The ``most`` frequent folded words of three letters or more, each with the photos it is on.

    ``once_a_photo``: counts photos rather than places. Of equally frequent ones the first in the
    alphabet.
    """
    counts: Counter[str] = Counter()
    shown: dict[str, set[str]] = {}
    for photo, of_photo in words.items():
        counts.update(set(of_photo) if once_a_photo else of_photo)
        for word in of_photo:
            shown.setdefault(word, set()).add(photo)
    long = [word for word in counts if len(word) >= SHORTEST_QUERY]
    chosen = sorted(long, key=lambda word: (-counts[word], word))[:most]
    return {word: frozenset(shown[word]) for word in sorted(chosen)}


def benchmark(
    name: str,
    folder: Path,
    labels: Mapping[str, Iterable[Word]],
    *,
    unreadable: str,
    most: int,
    once_a_photo: bool,
) -> LabelledSet:
    """A set from the labels of its photos, by stem, that asks for its ``most`` frequent words.

    What is labelled ``unreadable`` is ignored. ``once_a_photo``: as ``frequent`` takes it.
    """
    images, photos = photos_of(folder, labels)
    words: dict[str, list[Word]] = {}
    ignored: dict[str, list[Quad]] = {}
    for stem, of_photo in labels.items():
        photo = photos[stem]
        words[photo] = []
        for word in of_photo:
            if word.text != unreadable:
                words[photo].append(word)
            elif word.quad is not None:
                ignored.setdefault(photo, []).append(word.quad)
    texts = {photo: parts(word.text for word in of_photo) for photo, of_photo in words.items()}
    asked = frequent(texts, most, once_a_photo=once_a_photo)
    return labelled_set(name, images, words, asked, ignored)


def labelled_set(
    name: str,
    images: Path,
    words: Mapping[str, list[Word]],
    asked: Mapping[str, frozenset[str]],
    ignored: Mapping[str, list[Quad]] | None = None,
) -> LabelledSet:
    """A set of which all photos are there; ``SetError`` otherwise, or when nothing is asked."""
    if not asked:
        raise SetError(f"The labels of {images} give nothing to ask for.")
    check_photos(images, words)
    return LabelledSet(name, images, dict(sorted(words.items())), asked, ignored or {})
