"""Measures a pack on a labelled set through the engine exactly as it ships."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.catalogue import Catalogue
from engine.library import CATALOGUE, Library
from engine.photos import walk
from export.evaluation import memory
from export.evaluation.losses import LostQuery, Seen, Shown, lost, tally
from export.evaluation.metrics import Quality, rank, sum_up
from export.evaluation.promises import keep_promises
from export.evaluation.report import Measurement
from export.evaluation.sets import LabelledSet, typed
from export.synth.corpus import dictionary

OpenLibrary = Callable[[Path], Library]


@dataclass(frozen=True, slots=True)
class Examined:
    """A measurement, what the library saw in the photos, and which queries lost."""

    labelled: LabelledSet
    measurement: Measurement
    shown: Shown
    lost: list[LostQuery]


def measure(labelled: LabelledSet, open_library: OpenLibrary) -> Measurement:
    """As ``examine``, when only the figures matter."""
    return examine(labelled, open_library).measurement


def examine(labelled: LabelledSet, open_library: OpenLibrary) -> Examined:
    """Index a set into a library of its own, ask every query, and throw the library away.

    A first photo starts the embedder and its models: the set's own photos are timed with both
    warm, and the cold figure adds the time of that start.
    """
    others = memory.children()
    with _only_photos(labelled) as folder, _temporary_library(open_library) as (library, start):
        started = time.perf_counter()
        library.add_root(folder)
        library.index_now(threading.Event())
        seconds = time.perf_counter() - started
        peak = memory.peak_megabytes(memory.children() - others)
        shown = _shown(library, labelled)
        found, milliseconds, losing = _ask_everything(library, labelled, shown)
        promises = keep_promises(library, labelled, _dictionary())
    photos = len(labelled.photos)
    measurement = Measurement(
        set=labelled.name,
        program=f"Photolex ({library.pack.name})",
        photos=photos,
        quality=found,
        photos_per_second=photos / seconds,
        cold_photos_per_second=photos / (start + seconds),
        search_milliseconds=milliseconds,
        regions_per_photo=statistics.fmean(
            len(shown.seen.get(photo, ())) for photo in labelled.photos
        ),
        skipped=len(shown.skipped),
        detection=labelled.covered_by(
            {photo: [one.quad for one in seen] for photo, seen in shown.seen.items()}
        ),
        peak_megabytes=peak,
        losses=tally(losing),
        promises=promises,
    )
    return Examined(labelled, measurement, shown, losing)


def _dictionary() -> list[str]:
    """Words to ask that may stand in no photo; none where the system has no word lists."""
    try:
        return dictionary()
    except FileNotFoundError:
        return []


@contextmanager
def _only_photos(labelled: LabelledSet) -> Iterator[Path]:
    """A folder with the set's photos and no others: its own, or one of links to them."""
    if [path.name for path in walk(labelled.images)] == labelled.photos:
        yield labelled.images
        return
    with tempfile.TemporaryDirectory(prefix="photolex-photos-") as folder:
        for photo in labelled.photos:
            link = Path(folder) / photo
            try:
                link.symlink_to(labelled.images / photo)
            except OSError:
                # Windows lets only some people make links.
                shutil.copyfile(labelled.images / photo, link)
        yield Path(folder)


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


def _ask_everything(
    library: Library, labelled: LabelledSet, shown: Shown
) -> tuple[Quality, float, list[LostQuery]]:
    """The figures, the median milliseconds of a question, and the queries that lost."""
    ranks, seconds, losing = [], [], []
    for query, wanted in labelled.queries().items():
        answer = library.search(typed(query), limit=0, everything=True)
        seconds.append(answer.seconds)
        hits = {Path(hit.path).name: hit for hit in answer.hits}
        scores = {photo: hit.score for photo, hit in hits.items()}
        ranked = rank(scores, wanted, labelled.photos)
        ranks.append(ranked.ranks)
        if (one := lost(query, ranked, wanted, hits, shown)) is not None:
            losing.append(one)
    return sum_up(ranks), 1000 * statistics.median(seconds) if seconds else 0.0, losing


def _shown(library: Library, labelled: LabelledSet) -> Shown:
    """What the set says, every stored region, and why photos were skipped; by file name."""
    seen: dict[str, list[Seen]] = {}
    catalogue = Catalogue.open(library.folder / CATALOGUE, write=False)
    try:
        for ids, _ in catalogue.regions(catalogue.pack_id(library.pack)):
            evidence = catalogue.evidence(ids)
            photos = catalogue.photos_of({one.content_id for one in evidence})
            for one in evidence:
                quad = np.asarray(one.quad, np.float32).reshape(4, 2)
                reads = bool(one.lattice or one.reading)
                region = Seen(quad, one.reading, one.confidence, reads)
                for row in photos.get(one.content_id, []):
                    seen.setdefault(Path(row.path).name, []).append(region)
    finally:
        catalogue.close()
    skipped = {Path(row.path).name: row.reason for row in library.skipped()}
    return Shown(labelled.words, seen, skipped)
