"""Measures a pack on a labelled set through the engine exactly as it ships."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from engine.catalogue import Catalogue
from engine.library import Library
from export.evaluation.detection import Detection, Quad, detect
from export.evaluation.metrics import Quality, quality, queries_of
from export.evaluation.report import Measurement
from export.evaluation.sets import LabelledSet

OpenLibrary = Callable[[Path], Library]


def measure(labelled: LabelledSet, open_library: OpenLibrary) -> Measurement:
    """Index a set into a library of its own, ask every query, and throw the library away.

    A first photo starts the embedder and its models: the set's own photos are timed with both
    warm, and the cold figure adds the time of that start.
    """
    with _temporary_library(open_library) as (library, start):
        started = time.perf_counter()
        library.add_root(labelled.images)
        library.index_now(threading.Event())
        seconds = time.perf_counter() - started
        skipped = {Path(row.path).name for row in library.skipped()}
        found, milliseconds = _ask_everything(library, labelled)
        quads = _quads(library)
    photos = len(labelled.photos)
    regions = [quads.get(photo, []) for photo in labelled.photos]
    return Measurement(
        set=labelled.name,
        program=f"Photolex ({library.pack.name})",
        photos=photos,
        quality=found,
        photos_per_second=photos / seconds,
        cold_photos_per_second=photos / (start + seconds),
        search_milliseconds=milliseconds,
        regions_per_photo=statistics.fmean(len(of_photo) for of_photo in regions),
        skipped=len(skipped & set(labelled.photos)),
        detection=_detection(labelled, quads),
    )


@contextmanager
def _temporary_library(open_library: OpenLibrary) -> Iterator[tuple[Library, float]]:
    """A library in a folder that goes away, and the seconds that its first photo took."""
    with tempfile.TemporaryDirectory(prefix="photolex-", ignore_cleanup_errors=True) as folder:
        first = Path(folder) / "first"
        first.mkdir()
        noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
        Image.fromarray(noise).save(first / "first.png")
        started = time.perf_counter()
        library = open_library(Path(folder) / "library")
        try:
            library.add_root(first)
            library.index_now(threading.Event())
            seconds = time.perf_counter() - started
            library.remove_root(first)
            yield library, seconds
        finally:
            library.close()


def _ask_everything(library: Library, labelled: LabelledSet) -> tuple[Quality, float]:
    relevant = queries_of(labelled.texts())
    scores: dict[str, dict[str, float]] = {}
    seconds = []
    for query in relevant:
        answer = library.search(query, limit=0, everything=True)
        seconds.append(answer.seconds)
        scores[query] = {Path(hit.path).name: hit.score for hit in answer.hits}
    return (
        quality(scores, relevant, labelled.photos),
        1000 * statistics.median(seconds) if seconds else 0.0,
    )


def _quads(library: Library) -> dict[str, list[Quad]]:
    """Every stored region of every photo, in pixels of the upright photo, by file name."""
    quads: dict[str, list[Quad]] = {}
    catalogue = Catalogue.open(library.folder / "catalogue.sqlite", write=False)
    try:
        pack = catalogue.pack_id(library.pack)
        for ids, _ in catalogue.regions(pack):
            evidence = catalogue.evidence(ids)
            photos = catalogue.photos_of({one.content_id for one in evidence})
            for one in evidence:
                for row in photos.get(one.content_id, []):
                    quads.setdefault(Path(row.path).name, []).append(
                        np.asarray(one.quad, np.float32).reshape(4, 2)
                    )
    finally:
        catalogue.close()
    return quads


def _detection(labelled: LabelledSet, quads: dict[str, list[Quad]]) -> Detection | None:
    placed = {
        photo: [word.quad for word in words if word.quad is not None]
        for photo, words in labelled.words.items()
        if words and all(word.quad is not None for word in words)
    }
    if not placed:
        return None
    return detect((of_words, quads.get(photo, [])) for photo, of_words in placed.items())
