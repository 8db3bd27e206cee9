"""The vector index: which regions lie nearest to a word; hnswlib under a lock, or exact search."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import hnswlib
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Embeddings = NDArray[np.float16] | NDArray[np.float32]
Similarities = NDArray[np.float32]

_logger = logging.getLogger(__name__)

_LINKS = 16
# 200 finds 1 to 3 more of 100 nearest, for 1.6 times the time; a receipt adds hundreds of regions.
_EF_CONSTRUCTION = 120
_LEAST_EF = 128
_FIRST_CAPACITY = 4096
# A query waits for at most one slice: about 20 ms of adding on one core.
_SLICE = 32
# While nobody searches the graph, larger ones cost less.
_SLICE_UNSEEN = 512
# Forgotten regions stay in the graph and cost time: with more of them it is better made again.
_MOST_FORGOTTEN = 0.3
_FORMAT = 1


class VectorIndex(Protocol):
    """Finds the regions whose embeddings lie nearest to those of words; safe from any thread."""

    @property
    def ready(self) -> bool:
        """Whether a search sees every region that the catalogue holds."""
        ...

    def __len__(self) -> int: ...

    def add(self, ids: Ids, embeddings: Embeddings) -> None:
        """Adds regions: ids (n,), unit embeddings (n, d)."""
        ...

    def remove(self, ids: Ids) -> None:
        """Forgets regions; unknown ids are allowed."""
        ...

    def search(self, embeddings: NDArray[np.float32], k: int) -> tuple[Ids, Similarities]:
        """The regions nearest to each row of (q, d): ids, cosines (q, m), m <= k, best first."""
        ...


class ExactIndex:
    """Compares a word with every region; ``chunks`` streams (ids, embeddings) from the catalogue.

    Slower than a graph, never wrong, and it costs no memory: it answers while the graph is built.
    """

    def __init__(self, chunks: Callable[[], Iterable[tuple[Ids, Embeddings]]]) -> None:
        self._chunks = chunks

    @property
    def ready(self) -> bool:
        return True

    def __len__(self) -> int:
        return sum(len(ids) for ids, _ in self._chunks())

    def add(self, ids: Ids, embeddings: Embeddings) -> None:
        """Nothing to do: the catalogue already holds them."""

    def remove(self, ids: Ids) -> None:
        """Nothing to do: the catalogue no longer holds them."""

    def search(self, embeddings: NDArray[np.float32], k: int) -> tuple[Ids, Similarities]:
        rows = len(embeddings)
        best_ids: Ids = np.empty((rows, 0), np.int64)
        best: Similarities = np.empty((rows, 0), np.float32)
        for ids, chunk in self._chunks():
            # Rounded, and equals ordered by id, so that no answer depends on how chunks are cut.
            cosines = np.round(embeddings @ chunk.astype(np.float32).T, 5)
            best = np.concatenate([best, cosines], axis=1)
            best_ids = np.concatenate([best_ids, np.broadcast_to(ids, cosines.shape)], axis=1)
            order = np.lexsort((best_ids, -best), axis=1)[:, :k]
            best = np.take_along_axis(best, order, axis=1)
            best_ids = np.take_along_axis(best_ids, order, axis=1)
        return best_ids, best


@dataclass(frozen=True, slots=True)
class Freshness:
    """What an index file was made from; when the catalogue says otherwise, the file is stale."""

    pack: str
    count: int
    greatest: int


class HnswIndex:
    """A navigable small-world graph of one pack's regions.

    hnswlib fails when it is asked while it is added to, so one lock covers both; adding works in
    slices and lets a waiting search go first. Until ``fill`` has ended, ``ready`` is false, and
    what is added or removed meanwhile is noted and left to ``fill``, which reads it from the
    catalogue. Ids must only ever grow (the catalogue never gives one twice).
    """

    def __init__(self, size: int, *, threads: int = 2) -> None:
        self._size = size
        self._threads = threads
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._graph = hnswlib.Index("ip", size)
        self._capacity = 0
        self._greatest = 0
        self._announced = 0
        self._removed: set[int] = set()
        self._forgotten: set[int] = set()
        self._ready = False

    @property
    def ready(self) -> bool:
        return self._ready

    def __len__(self) -> int:
        with self._exclusive():
            return self._count()

    def add(self, ids: Ids, embeddings: Embeddings) -> None:
        if not len(ids):
            return
        with self._exclusive():
            self._announced = max(self._announced, int(ids.max()))
            if not self._ready:
                return
        self._insert(ids, embeddings)

    def remove(self, ids: Ids) -> None:
        with self._exclusive():
            if not self._ready:
                self._removed.update(ids.tolist())
                return
            self._forget(ids.tolist())

    def search(self, embeddings: NDArray[np.float32], k: int) -> tuple[Ids, Similarities]:
        queries = np.ascontiguousarray(embeddings, np.float32)
        with self._exclusive():
            k = min(k, self._count())
            ef = max(_LEAST_EF, 2 * k)
            while k > 0:
                self._graph.set_ef(ef)
                try:
                    labels, distances = self._graph.knn_query(queries, k, num_threads=1)
                except RuntimeError:
                    # The part of the graph that was reached holds fewer than k regions.
                    if ef < self._capacity:
                        ef *= 4
                    else:
                        k //= 2
                    continue
                return labels.astype(np.int64), (1.0 - distances).astype(np.float32)
        rows = len(queries)
        return np.empty((rows, 0), np.int64), np.empty((rows, 0), np.float32)

    def fill(
        self,
        regions: Callable[[int], Iterable[tuple[Ids, Embeddings]]],
        stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Reads what is missing from the catalogue (``regions(after)``) and becomes ready.

        Returns False when it was stopped before the end; what is there stays and may be filled on.
        """
        while True:
            # What is announced after this may be missing from the pass, so another one follows.
            announced = self._announced
            for ids, embeddings in regions(self._greatest):
                for start in range(0, len(ids), _SLICE_UNSEEN):
                    if stopped():
                        return False
                    part = slice(start, start + _SLICE_UNSEEN)
                    self._insert(ids[part], embeddings[part])
            with self._exclusive():
                if self._announced == announced:
                    self._forget(self._removed)
                    self._removed = set()
                    self._ready = True
                    return True

    def reconcile(self, alive: Ids) -> bool:
        """Forgets the regions that are not among ``alive`` (sorted); False if older ones lack."""
        with self._exclusive():
            held = np.array(self._graph.get_ids_list() if self._capacity else [], np.int64)
            self._forget(np.setdiff1d(held, alive).tolist())
            lacking = np.setdiff1d(alive, held)
            return not len(lacking) or int(lacking[0]) > self._greatest

    def save(self, file: Path, freshness: Freshness) -> None:
        """Writes the graph and its fingerprint beside it; each by temporary name and rename.

        The fingerprint holds the graph's checksum: a pair torn by a crash is found out by ``load``.
        """
        with self._exclusive():
            if not self._ready or not self._capacity:
                return
            temporary = _temporary(file)
            self._graph.save_index(str(temporary))
            greatest = self._greatest
            forgotten = sorted(self._forgotten)
        note = {
            "format": _FORMAT,
            "size": self._size,
            "greatest": greatest,
            "forgotten": forgotten,
            "checksum": _checksum(temporary),
            "made_from": asdict(freshness),
        }
        temporary.replace(file)
        note_file = _note_file(file)
        _temporary(note_file).write_text(json.dumps(note), encoding="utf-8")
        _temporary(note_file).replace(note_file)

    @classmethod
    def load(cls, file: Path, size: int, *, threads: int = 2) -> tuple[HnswIndex, Freshness] | None:
        """The saved graph and what it was made from; None when there is none that can be trusted.

        It is not ready yet: ``fill`` adds what came since.
        """
        try:
            note: dict[str, Any] = json.loads(_note_file(file).read_text(encoding="utf-8"))
            if note["format"] != _FORMAT or note["size"] != size:
                return None
            if note["checksum"] != _checksum(file):
                _logger.info("The index file %s is damaged and will be made again.", file)
                return None
            freshness = Freshness(**note["made_from"])
            index = cls(size, threads=threads)
            index._graph.load_index(str(file))
            index._greatest = int(note["greatest"])
            index._forgotten = set(note["forgotten"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        index._capacity = index._graph.get_max_elements()
        if len(index._forgotten) > _MOST_FORGOTTEN * index._capacity:
            return None
        return index, freshness

    def _insert(self, ids: Ids, embeddings: Embeddings) -> None:
        size = _SLICE if self._ready else _SLICE_UNSEEN
        for start in range(0, len(ids), size):
            part = slice(start, start + size)
            with self._exclusive():
                new = ids[part] > self._greatest
                if not new.any():
                    continue
                part_ids, vectors = ids[part][new], _apart(ids[part][new], embeddings[part][new])
                self._make_room(len(part_ids))
                self._graph.add_items(vectors, part_ids, num_threads=self._threads)
                self._greatest = int(part_ids.max())

    def _make_room(self, more: int) -> None:
        if not self._capacity:
            self._capacity = max(_FIRST_CAPACITY, more)
            self._graph.init_index(self._capacity, M=_LINKS, ef_construction=_EF_CONSTRUCTION)
        needed = self._graph.get_current_count() + more
        if needed > self._capacity:
            self._capacity = max(needed, 2 * self._capacity)
            self._graph.resize_index(self._capacity)

    def _forget(self, ids: Iterable[int]) -> None:
        if not self._capacity:
            return
        for label in set(ids) - self._forgotten:
            # hnswlib has no question for whether it holds an id, only this error.
            with contextlib.suppress(RuntimeError):
                self._graph.mark_deleted(label)
                self._forgotten.add(label)

    def _count(self) -> int:
        if not self._capacity:
            return 0
        return int(self._graph.get_current_count()) - len(self._forgotten)

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """The one lock, first come first served: a long addition cannot starve a search."""
        with self._turn:
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()


def _apart(ids: Ids, embeddings: Embeddings) -> NDArray[np.float32]:
    """Vectors moved by a fiftieth in a direction of their own.

    Screenshots show the very same pixels again and again; hnswlib links equal vectors only among
    each other, and then finds none of them. Measured on 20,000 vectors with many equals: recall
    rises from 0.91 (0 for some words) to 1.0; cosines change by about 0.001.
    """
    noise = np.random.default_rng(int(ids[0])).standard_normal(embeddings.shape, np.float32)
    moved = embeddings.astype(np.float32) + noise * np.float32(0.02 / np.sqrt(embeddings.shape[1]))
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return np.ascontiguousarray(moved)


def _note_file(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def _temporary(file: Path) -> Path:
    return file.with_name(file.name + ".new")


def _checksum(file: Path) -> int:
    value = 0
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            value = zlib.crc32(block, value)
    return value
