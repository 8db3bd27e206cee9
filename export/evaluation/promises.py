"""Whether searches keep their promises: bands that mean something, and phrases that are found.

Asked as people ask, with the nearest regions only, and not as for mAP, where all photos are ranked.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.library import Library
from engine.scoring import Band
from engine.tokenizer import fold
from export.evaluation.sets import LabelledSet, Word, typed
from export.evaluation.spread import evenly

ABSENT = 500
PHRASES = 300
WORDS = 300  # of a set that are asked, evenly chosen


@dataclass(frozen=True, slots=True)
class Promises:
    """``contains``: hits shown as *contains*, and of them ``right`` ones, whose photo lists a word
    that the query is or stands in. ``absent``: words that stand in no photo, and of them those for
    which a photo was ``shown`` as *contains*. ``phrases``: asked in quotes, and of them those whose
    photo came ``first``.
    """

    contains: int
    right: int
    absent: int
    shown: int
    phrases: int
    first: int


def keep_promises(
    library: Library, labelled: LabelledSet, dictionary: Sequence[str]
) -> Promises | None:
    """Asks words, absent words of a ``dictionary`` (folded), and phrases.

    None where labels do not say all that the photos show: words have no place there, or the set
    names its queries.
    """
    places = labelled.places()
    if len(places) < len(labelled.photos) or labelled.asked is not None:
        return None
    texts = {
        photo: " ".join(fold(text) for text in listed) for photo, listed in labelled.texts().items()
    }
    words = evenly(list(labelled.queries()), WORDS)
    verdicts = [fold(word) in texts[photo] for word in words for photo in _sure(library, word)]
    some = random.Random(2).sample(dictionary, min(2 * ABSENT, len(dictionary)))
    absent = [word for word in some if not any(word in text for text in texts.values())][:ABSENT]
    phrases = phrases_of(labelled)
    asked = random.Random(2).sample(sorted(phrases), min(PHRASES, len(phrases)))
    return Promises(
        contains=len(verdicts),
        right=sum(verdicts),
        absent=len(absent),
        shown=sum(bool(_sure(library, word)) for word in absent),
        phrases=len(asked),
        first=sum(_first(library, phrase) in phrases[phrase] for phrase in asked),
    )


def phrases_of(labelled: LabelledSet) -> dict[str, set[str]]:
    """Two or three words that stand beside each other, folded, and the photos where they do.

    Words follow each other in the labels, on one line, a space apart; at least one of them is long
    enough to be a query.
    """
    found: dict[str, set[str]] = {}
    for photo, words in labelled.words.items():
        for size in (2, 3):
            for start in range(len(words) - size + 1):
                some = words[start : start + size]
                texts = [fold(word.text) for word in some]
                beside = all(map(_follows, some, some[1:]))
                if (
                    beside
                    and all(len(text) >= 2 for text in texts)
                    and len(max(texts, key=len)) > 2
                ):
                    found.setdefault(" ".join(texts), set()).add(photo)
    return found


def _follows(one: Word, other: Word) -> bool:
    if one.quad is None or other.quad is None:
        return False
    high = float(np.ptp(one.quad[:, 1]))
    gap = float(other.quad[:, 0].min() - one.quad[:, 0].max())
    level = abs(float(one.quad[:, 1].mean() - other.quad[:, 1].mean()))
    return level < 0.3 * high and -0.3 * high < gap < 1.2 * high


def _sure(library: Library, word: str) -> list[str]:
    """The photos shown as containing it."""
    hits = library.search(typed(word), limit=0).hits
    return [Path(hit.path).name for hit in hits if hit.band == Band.CONTAINS]


def _first(library: Library, phrase: str) -> str:
    hits = library.search(typed(phrase), limit=1).hits
    return Path(hits[0].path).name if hits else ""
