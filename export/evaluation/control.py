"""The control: what an OCR program with edit distance finds in the same photos (RapidOCR).

A photo's score for a query is the best over its words (lines split at white space) and its whole
lines of 1 minus the normalised edit distance; 0.99 when the query is a part of one, 1 when it is
one. A phrase scores as one string or, where that is more, the mean of its words' scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from engine.tokenizer import fold
from export.evaluation.metrics import quality
from export.evaluation.report import Measurement
from export.evaluation.sets import LabelledSet

NAME = "RapidOCR"
PART = 0.99
"""Score of a photo that shows the query as a part of a longer word."""

Reader = Callable[[NDArray[np.uint8]], list[str]]
"""Reads an upright photo, (H, W, 3) BGR, into lines of text."""


def open_rapidocr() -> Reader:
    """RapidOCR with the models and thresholds that it ships with (PP-OCRv6 in 3.10)."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(pixels: NDArray[np.uint8]) -> list[str]:
        return list(engine(pixels).txts or ())

    return read


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


def measure(labelled: LabelledSet, read: Reader) -> Measurement:
    """Read every photo of a set with a reader that has read one before, and rank them."""
    read(_pixels(labelled.images / labelled.photos[0]))
    started = time.perf_counter()
    shown = {photo: strings_of(read(_pixels(labelled.images / photo))) for photo in labelled.photos}
    seconds = time.perf_counter() - started
    relevant = labelled.queries()
    return Measurement(
        set=labelled.name,
        program=NAME,
        photos=len(labelled.photos),
        quality=quality(_scores(list(relevant), shown), relevant, labelled.photos),
        photos_per_second=len(labelled.photos) / seconds,
    )


def _pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _scores(
    queries: Sequence[str], shown: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = {query: {} for query in queries}
    for photo, strings in shown.items():
        if strings:
            for query, value in zip(queries, score(queries, strings), strict=True):
                scores[query][photo] = float(value)
    return scores
