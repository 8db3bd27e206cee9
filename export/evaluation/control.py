"""The control: what an OCR program with edit distance finds in the same photos (RapidOCR).

A photo's score for a query is the best over its words (lines split at white space) and its whole
lines of 1 minus the normalised edit distance; 0.99 when the query is a part of one, 1 when it is
one. A phrase scores as one string or, where that is more, the mean of its words' scores.

Its boxes are matched with the words as our regions are: RapidOCR's own word boxes, one for each
word that white space separates in what it read.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from engine.errors import LibraryError, PhotoError
from engine.tokenizer import fold
from export.data.annotations import quad_of
from export.data.photos import decoded
from export.evaluation.detection import Quad
from export.evaluation.metrics import quality
from export.evaluation.report import Measurement
from export.evaluation.sets import LabelledSet

NAME = "RapidOCR"
PART = 0.99
"""Score of a photo that shows the query as a part of a longer word."""


class Reader(Protocol):
    """An OCR program. Photos are upright, (H, W, 3) BGR."""

    def read(self, pixels: NDArray[np.uint8]) -> list[str]:
        """The lines of text in a photo."""

    def find_words(self, pixels: NDArray[np.uint8]) -> list[Quad]:
        """The places of the words that white space separates in the lines."""


class RapidOcr:
    """RapidOCR with the models and thresholds that it ships with (PP-OCRv6 in 3.10).

    They are loaded for the first photo. ``LibraryError`` when it is not installed.
    """

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ModuleNotFoundError as error:
            raise LibraryError("RapidOCR is not installed; the extra “bench” brings it.") from error
        self._engine: Any = RapidOCR(params={"Global.log_level": "error"})

    def read(self, pixels: NDArray[np.uint8]) -> list[str]:
        # It keeps an option from one call to the next.
        return list(self._engine(pixels, return_word_box=False).txts or ())

    def find_words(self, pixels: NDArray[np.uint8]) -> list[Quad]:
        found = self._engine(pixels, return_word_box=True)
        if not found.txts:
            return []
        return [
            quad
            for line, pieces in zip(found.txts, found.word_results, strict=True)
            for quad in join_pieces(line, [(text, box) for text, _, box in pieces])
        ]


def join_pieces(line: str, pieces: Iterable[tuple[str, Sequence[Sequence[float]]]]) -> list[Quad]:
    """The quads of a line's words from its pieces (text, four corners) in reading order.

    RapidOCR's pieces are words, parts of words where a wide gap is, and single characters in a
    line with Chinese ones; none holds white space. A word of several gets the least rectangle
    around them.
    """
    rest = iter(pieces)
    quads = []
    for word in line.split():
        corners: list[Sequence[float]] = []
        length = 0
        while length < len(word):
            text, box = next(rest)
            corners += box
            length += len(text)
        quads.append(quad_of(corners))
    return quads


def strings_of(lines: Iterable[str]) -> list[str]:
    """What a photo's lines are compared as: every word and every whole line, folded, once."""
    strings = {fold(part) for line in lines for part in (line, *line.split())}
    return sorted(strings - {""})


def score(queries: Sequence[str], strings: Sequence[str]) -> NDArray[np.float32]:
    """(queries,) scores 0..1 of a photo that shows ``strings``; both folded.

    The words of a phrase have spaces between them.
    """
    if not strings or not queries:
        return np.zeros(len(queries), np.float32)
    asked = list(dict.fromkeys(part for query in queries for part in _parts(query)))
    of_part = dict(zip(asked, _word_scores(asked, strings), strict=True))
    scores = []
    for query in queries:
        whole, *words = (of_part[part] for part in _parts(query))
        scores.append(max(whole, sum(words) / len(words)))
    return np.array(scores, np.float32)


def _parts(query: str) -> list[str]:
    """The query as one string, then its words."""
    words = query.split()
    return ["".join(words), *words]


def _word_scores(queries: Sequence[str], strings: Sequence[str]) -> NDArray[np.float32]:
    similar = cdist(queries, strings, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
    best = similar.max(1)
    together = "\n".join(strings)
    part = np.array([query in together for query in queries])
    return np.maximum(best, np.float32(PART) * part).astype(np.float32)


def measure(labelled: LabelledSet, reader: Reader) -> Measurement:
    """Read every photo of a set with a reader that has read one before, and rank them.

    A photo that cannot be read has no lines. Where words have places, boxes are taken in a pass of
    their own, which is not timed.
    """
    # Up to the first that can be read.
    any(_read(reader, labelled.images / photo) is not None for photo in labelled.photos)
    started = time.perf_counter()
    read = {photo: _read(reader, labelled.images / photo) for photo in labelled.photos}
    lines = {photo: of_photo or [] for photo, of_photo in read.items()}
    shown = {photo: strings_of(of_photo) for photo, of_photo in lines.items()}
    seconds = time.perf_counter() - started
    boxes = {
        photo: reader.find_words(decoded(labelled.images / photo))
        for photo in labelled.places()
        if read[photo] is not None
    }
    relevant = labelled.queries()
    return Measurement(
        set=labelled.name,
        program=NAME,
        photos=len(labelled.photos),
        quality=quality(_scores(list(relevant), shown), relevant, labelled.photos),
        photos_per_second=len(labelled.photos) / seconds,
        regions_per_photo=statistics.fmean(
            sum(len(line.split()) for line in of_photo) for of_photo in lines.values()
        ),
        skipped=sum(of_photo is None for of_photo in read.values()),
        detection=labelled.covered_by(boxes),
    )


def _read(reader: Reader, path: Path) -> list[str] | None:
    """The lines of a photo; None when it cannot be read."""
    try:
        return reader.read(decoded(path))
    except PhotoError:
        return None


def _scores(
    queries: Sequence[str], shown: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = {query: {} for query in queries}
    for photo, strings in shown.items():
        if strings:
            for query, value in zip(queries, score(queries, strings), strict=True):
                scores[query][photo] = float(value)
    return scores
