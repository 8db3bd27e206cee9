"""A labelled set: a folder with ``images/`` and ``gt.json``, the photos' words and their quads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import LibraryError


class SetError(LibraryError):
    """A folder is not a labelled set."""


@dataclass(frozen=True, slots=True)
class Word:
    """``quad``: (4, 2) x, y in pixels of the upright photo, ``None`` where the set has no place."""

    text: str
    quad: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """``words``: what each photo shows, by its file name in ``images``; sorted by name."""

    name: str
    images: Path
    words: dict[str, list[Word]]

    @property
    def photos(self) -> list[str]:
        """File names of the photos."""
        return list(self.words)

    def texts(self) -> dict[str, list[str]]:
        """The words without their places."""
        return {photo: [word.text for word in words] for photo, words in self.words.items()}


def _word(label: dict[str, Any]) -> Word:
    quad = label.get("quad")
    if quad is None:
        return Word(str(label["text"]), None)
    corners = np.asarray(quad, np.float32)
    if corners.shape != (4, 2):
        raise ValueError(f"a quad has four corners, not {corners.shape}")
    return Word(str(label["text"]), corners)


def read_set(folder: Path) -> LabelledSet:
    """Read a set. ``SetError`` when ``gt.json`` or a photo that it names is missing or damaged."""
    folder = folder.resolve()
    try:
        labels = json.loads((folder / "gt.json").read_text(encoding="utf-8"))
        words = {str(photo): [_word(label) for label in labels[photo]] for photo in sorted(labels)}
    except OSError as error:
        raise SetError(f"{folder} has no gt.json that can be read.") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SetError(f"{folder / 'gt.json'} is damaged: {error}.") from error
    missing = [photo for photo in words if not (folder / "images" / photo).is_file()]
    if missing:
        raise SetError(f"{folder / 'images'} lacks {missing[0]} and {len(missing) - 1} others.")
    return LabelledSet(folder.name, folder / "images", words)
