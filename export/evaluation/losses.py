"""Why a query lost: what became of the word in each relevant photo that ranked too low.

The word was not detected, cut badly, misread, or all went well and others ranked above it. Where
the set does not say where the word stands, the best reading decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import Levenshtein

from engine.search import Hit, MatchedRegion
from engine.tokenizer import fold
from export.evaluation.detection import ENOUGH_OVERLAP, Quad, cover, overlap
from export.evaluation.metrics import Ranked
from export.evaluation.sets import Word

LEAST_COVER = 0.1
"""A region that holds less of a word belongs to its neighbours, unless it lies mostly in it."""
MOST_DISTANCE = 0.3
"""Normalised edit distance up to which a reading counts as right."""
MOST_RIVALS = 3


class Cause(StrEnum):
    """What went wrong, in the order in which a photo is worked on."""

    NOT_OPENED = "not opened"
    NOT_DETECTED = "not detected"
    CUT_BADLY = "cut badly"
    MISREAD = "misread"
    NOT_READ = "not read"
    OUT_RANKED = "out-ranked"


MEANINGS: Mapping[Cause, str] = {
    Cause.NOT_OPENED: "the photo could not be read",
    Cause.NOT_DETECTED: "no region holds a tenth of the word or lies mostly in it",
    Cause.CUT_BADLY: "the best region overlaps the word by less than a half (IoU)",
    Cause.MISREAD: "more than three tenths of the reading are wrong (edit distance)",
    Cause.NOT_READ: "where the word stands is not known, and no region reads nearly as it does",
    Cause.OUT_RANKED: "found, cut and read well, and other photos ranked above it",
}
_STEPS = list(Cause)


@dataclass(frozen=True, slots=True)
class Seen:
    """A region of a photo. ``reads``: whether the pack reads at all."""

    quad: Quad
    reading: str
    confidence: float
    reads: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one word. ``place``: where it stands, None where the set does not say.

    ``region``: the one that came nearest to it; ``overlap``: of the two (IoU); ``distance``: of
    its reading, 0 is right and 1 all wrong, None when it does not read.
    """

    word: str
    cause: Cause
    place: Quad | None = None
    region: Seen | None = None
    overlap: float | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """A relevant photo with irrelevant ones above it; a verdict for every word of the query."""

    photo: str
    rank: int
    score: float | None
    verdicts: list[Verdict]

    @property
    def cause(self) -> Cause:
        """Of several words, what went wrong first."""
        return min((verdict.cause for verdict in self.verdicts), key=_STEPS.index)


@dataclass(frozen=True, slots=True)
class Rival:
    """An irrelevant photo above a relevant one. ``region``: what matched best."""

    photo: str
    rank: int
    score: float
    region: MatchedRegion | None


@dataclass(frozen=True, slots=True)
class LostQuery:
    """A query with an average precision below 1. ``rivals``: the first irrelevant photos."""

    query: str
    average_precision: float
    relevant: int
    losses: list[Loss]
    rivals: list[Rival]

    def above(self, loss: Loss) -> list[Rival]:
        """The rivals that stand above a lost photo."""
        return [rival for rival in self.rivals if rival.rank < loss.rank]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a set says of its photos and what the library saw in them, by file name."""

    words: Mapping[str, Sequence[Word]]
    seen: Mapping[str, Sequence[Seen]]
    skipped: Mapping[str, str]


def lost(
    query: str, answer: Ranked, wanted: frozenset[str], hits: Mapping[str, Hit], shown: Shown
) -> LostQuery | None:
    """Why a query is not answered perfectly; None when it is. ``hits``: by file name."""
    if answer.average_precision == 1.0:
        return None
    losses: list[Loss] = []
    rivals: list[Rival] = []
    for rank, photo in enumerate(answer.photos, 1):
        hit = hits.get(photo)
        if photo not in wanted:
            if len(rivals) < MOST_RIVALS:
                region = hit.regions[0] if hit is not None and hit.regions else None
                rivals.append(Rival(photo, rank, hit.score if hit is not None else 0.0, region))
        elif rivals:
            score = hit.score if hit is not None else None
            losses.append(Loss(photo, rank, score, _verdicts(query, photo, shown)))
    return LostQuery(query, answer.average_precision, len(wanted), losses, rivals)


def tally(queries: Iterable[LostQuery]) -> dict[Cause, int]:
    """How many photos each cause lost, every query for itself; causes that did not occur are 0."""
    counts = Counter(loss.cause for query in queries for loss in query.losses)
    return {cause: counts[cause] for cause in Cause}


def _verdicts(query: str, photo: str, shown: Shown) -> list[Verdict]:
    words = query.split()
    if photo in shown.skipped:
        return [Verdict(word, Cause.NOT_OPENED) for word in words]
    seen = shown.seen.get(photo, ())
    return [judge(word, shown.words.get(photo, ()), seen) for word in words]


def judge(word: str, labels: Sequence[Word], seen: Sequence[Seen]) -> Verdict:
    """What became of a folded word in a photo; of several places, where it went best."""
    places = [label.quad for label in labels if label.quad is not None and fold(label.text) == word]
    if not places:
        return _anywhere(word, seen)
    return max(
        (_at(word, place, seen) for place in places), key=lambda one: _STEPS.index(one.cause)
    )


def _at(word: str, place: Quad, seen: Sequence[Seen]) -> Verdict:
    touching = [
        one
        for one in seen
        if cover(place, one.quad) >= LEAST_COVER or cover(one.quad, place) >= ENOUGH_OVERLAP
    ]
    if not touching:
        return Verdict(word, Cause.NOT_DETECTED, place)
    shares = [overlap(place, one.quad) for one in touching]
    best = max(shares)
    fitting = [
        one for one, share in zip(touching, shares, strict=True) if share >= ENOUGH_OVERLAP
    ] or [touching[shares.index(best)]]
    region, distance = _nearest(word, fitting)
    if best < ENOUGH_OVERLAP:
        cause = Cause.CUT_BADLY
    elif distance is not None and distance > MOST_DISTANCE:
        cause = Cause.MISREAD
    else:
        cause = Cause.OUT_RANKED
    return Verdict(word, cause, place, region, best, distance)


def _anywhere(word: str, seen: Sequence[Seen]) -> Verdict:
    if not seen:
        return Verdict(word, Cause.NOT_DETECTED)
    region, distance = _nearest(word, seen)
    wrong = distance is not None and distance > MOST_DISTANCE
    return Verdict(
        word, Cause.NOT_READ if wrong else Cause.OUT_RANKED, region=region, distance=distance
    )


def _nearest(word: str, seen: Sequence[Seen]) -> tuple[Seen, float | None]:
    """The region that reads most like the word, and how far off it is."""
    reading = [one for one in seen if one.reads]
    if not reading:
        return seen[0], None
    distances = [Levenshtein.normalized_distance(fold(one.reading), word) for one in reading]
    least = min(distances)
    return reading[distances.index(least)], least
