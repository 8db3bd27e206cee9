"""A labelled set: photos, their words and quads, and what is asked; read from our own folders.

Ours is a folder with ``images/`` and ``gt.json``; ``export/data/benchmarks.py`` reads public ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LibraryError
from export.evaluation.detection import Detection, Quad, counted, detect
from export.evaluation.metrics import queries_of


class SetError(LibraryError):
    """A folder is not a labelled set."""


@dataclass(frozen=True, slots=True)
class Word:
    """A label, in some benchmarks of several words.

    ``quad``: in pixels of the upright photo, None where the set has no place.
    """

    text: str
    quad: Quad | None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """``words``: what each photo shows, by its file name in ``images``; sorted by name.

    ``asked``: the queries and the photos that are relevant to each, where a benchmark fixes them;
    folded words, several of them with spaces between are a phrase. ``ignored``: by photo, the
    places of text that counts neither as found nor as missed. ``images`` may hold other photos.
    """

    name: str
    images: Path
    words: dict[str, list[Word]]
    asked: Mapping[str, frozenset[str]] | None = None
    ignored: Mapping[str, list[Quad]] = field(default_factory=dict)

    @property
    def photos(self) -> list[str]:
        """File names of the photos."""
        return list(self.words)

    def texts(self) -> dict[str, list[str]]:
        """The words without their places."""
        return {photo: [word.text for word in words] for photo, words in self.words.items()}

    def places(self) -> dict[str, list[Quad]]:
        """The words' quads, by photo: of photos that list words and a place for each of them."""
        return {
            photo: [word.quad for word in words if word.quad is not None]
            for photo, words in self.words.items()
            if words and all(word.quad is not None for word in words)
        }

    def covered_by(self, regions: Mapping[str, Sequence[Quad]]) -> Detection | None:
        """How well a program's quads, by photo, cover the words; None when no place is known."""
        places = self.places()
        if not places:
            return None
        return detect(
            (words, counted(regions.get(photo, ()), self.ignored.get(photo, ())))
            for photo, words in places.items()
        )

    def queries(self) -> dict[str, frozenset[str]]:
        """What is asked, with the relevant photos: the set's own queries, else its words."""
        return dict(self.asked) if self.asked is not None else queries_of(self.texts())


def typed(query: str) -> str:
    """A query as a person would type it: several words stand in quotes, as a phrase."""
    return f'"{query}"' if " " in query else query


def _word(label: dict[str, Any]) -> Word:
    text, quad = label["text"], label.get("quad")
    if not isinstance(text, str):
        raise ValueError(f"the text of a word is a string, not {json.dumps(text)}")
    if quad is None:
        return Word(text, None)
    corners = np.asarray(quad, np.float32)
    if corners.shape != (4, 2):
        raise ValueError(f"a quad has four corners, not {corners.shape}")
    return Word(text, corners)


def read_set(folder: Path) -> LabelledSet:
    """Read a set. ``SetError`` when ``gt.json`` or a photo that it names is missing or damaged.

    ``~`` is the home folder: a shell leaves it alone in quotes.
    """
    folder = folder.expanduser().resolve()
    try:
        labels = json.loads((folder / "gt.json").read_text(encoding="utf-8"))
        words = {str(photo): [_word(label) for label in labels[photo]] for photo in sorted(labels)}
    except OSError as error:
        raise SetError(
            f"{folder} has no gt.json that can be read; a public benchmark is named as KIND:DIR."
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SetError(f"{folder / 'gt.json'} is damaged: {error}.") from error
    if not words:
        raise SetError(f"{folder / 'gt.json'} names no photos.")
    check_photos(folder / "images", words)
    return LabelledSet(folder.name, folder / "images", words)


def check_photos(images: Path, photos: Iterable[str]) -> None:
    """``SetError`` names the first photo that does not lie in the folder itself."""
    photos = list(photos)
    for photo in photos:
        if Path(photo).name != photo:
            raise SetError(f"The photos of a set lie in {images} itself, and so {photo} cannot.")
    missing = [photo for photo in photos if not (images / photo).is_file()]
    if len(missing) > 1:
        raise SetError(f"{images} lacks {missing[0]} and {len(missing) - 1} other photos.")
    if missing:
        raise SetError(f"{images} lacks {missing[0]}.")
