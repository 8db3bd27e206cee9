"""One pack's index beside its catalogue: kept in a file, brought up to date, exact meanwhile."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.catalogue import Catalogue
from engine.index import Embeddings, ExactIndex, Freshness, HnswIndex, Ids, VectorIndex
from engine.rows import PackIdentity, RegionState

_logger = logging.getLogger(__name__)

Reading = Callable[[], AbstractContextManager[Catalogue]]

# To read a file of so few regions takes longer than to compare a word with all of them.
_WORTH_LOADING = 20_000
# Adding more than this to a file takes longer than one exact search.
_WORTH_ADDING = 500


class IndexedPack(PackIdentity, Protocol):
    """What an index must know of a pack."""

    @property
    def embedding_size(self) -> int: ...


def index_file(library: Path, pack: PackIdentity) -> Path:
    """Where a pack's index is kept: two versions of a pack have one each."""
    return library / f"{pack.name}-{pack.fingerprint[:8]}.hnsw"


def adopt_index(library: Path, pack: PackIdentity) -> None:
    """Earlier versions named the file by the pack's name alone; to make it anew takes minutes."""
    old, file = library / f"{pack.name}.hnsw", index_file(library, pack)
    old_note, note = (one.with_name(one.name + ".json") for one in (old, file))
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        made_from = json.loads(old_note.read_text(encoding="utf-8"))["made_from"]["pack"]
        if made_from == pack.fingerprint and not file.exists():
            old.rename(file)
            old_note.rename(note)


def delete_index(library: Path, pack: PackIdentity) -> None:
    """OSError if it cannot be."""
    file = index_file(library, pack)
    for one in (file, file.with_name(file.name + ".json")):
        one.unlink(missing_ok=True)


class KeptIndex:
    """``reading`` lends a connection to the catalogue. Safe from any thread."""

    def __init__(self, file: Path, pack: IndexedPack, reading: Reading) -> None:
        self._file = file
        self._pack = pack
        self._reading = reading
        self._graph = HnswIndex(pack.embedding_size)
        self._exact = ExactIndex(self._chunks)
        self._changed = False

    @property
    def ready(self) -> bool:
        """Whether the graph answers; exact search does until then."""
        return self._graph.ready

    def current(self) -> VectorIndex:
        """Whichever index answers now; it lacks no region that the catalogue holds."""
        return self._graph if self._graph.ready else self._exact

    def add(self, ids: Ids, embeddings: Embeddings) -> None:
        """Takes up regions that have been committed."""
        self._graph.add(ids, embeddings)
        self._changed = True

    def remove(self, ids: Ids) -> None:
        """Forgets regions; those of other packs do no harm."""
        self._graph.remove(ids)
        self._changed = True

    def bring_up(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Loads the file and adds what it lacks, or makes the graph anew; may take minutes."""
        if self._graph.ready:
            return
        with self._reading() as catalogue:
            self._graph, made_from = self._load()
            # From here on the graph notes what comes and goes, so the comparison misses nothing.
            if made_from is not None and not self._agrees(catalogue, made_from):
                self._graph = HnswIndex(self._pack.embedding_size)
                made_from = None
            if self._graph.fill(
                lambda after: catalogue.regions(catalogue.pack_id(self._pack), after), stopped
            ):
                state = catalogue.region_state(catalogue.pack_id(self._pack))
                self._changed = self._changed or made_from != self._made_from(state)

    def load_if_quick(self) -> None:
        """For a program that asks a few questions and ends: only what takes no time."""
        with self._reading() as catalogue:
            pack_id = catalogue.pack_id(self._pack)
            count, _ = catalogue.region_state(pack_id)
            if count < _WORTH_LOADING:
                return
            graph, made_from = self._load()
            if made_from is None:
                return
            before = RegionState(made_from.count, made_from.greatest)
            is_older = catalogue.region_state(pack_id, until=made_from.greatest) == before
            if is_older and count - made_from.count <= _WORTH_ADDING:
                graph.fill(lambda after: catalogue.regions(pack_id, after))
                self._graph = graph

    def save(self) -> None:
        """Writes the file if it is out of date; a full disk costs only the time to start with."""
        if not self._changed or not self._graph.ready:
            return
        try:
            with self._reading() as catalogue:
                state = catalogue.region_state(catalogue.pack_id(self._pack))
            self._changed = False
            self._graph.save(self._file, self._made_from(state))
        except (OSError, RuntimeError) as error:
            _logger.warning("The index could not be saved: %s", error)

    def _load(self) -> tuple[HnswIndex, Freshness | None]:
        loaded = HnswIndex.load(self._file, self._pack.embedding_size)
        if loaded is None or loaded[1].pack != self._pack.fingerprint:
            return HnswIndex(self._pack.embedding_size), None
        return loaded

    def _agrees(self, catalogue: Catalogue, made_from: Freshness) -> bool:
        """Whether the graph holds what the catalogue held, after forgetting what is gone."""
        pack_id = catalogue.pack_id(self._pack)
        before = RegionState(made_from.count, made_from.greatest)
        if catalogue.region_state(pack_id, until=before.greatest) == before:
            return True
        chunks = [ids for ids, _ in catalogue.regions(pack_id)]
        alive = np.concatenate(chunks) if chunks else np.empty(0, np.int64)
        return self._graph.reconcile(alive)

    def _made_from(self, state: RegionState) -> Freshness:
        count, greatest = state
        return Freshness(self._pack.fingerprint, count, greatest)

    def _chunks(self) -> Iterator[tuple[Ids, Embeddings]]:
        with self._reading() as catalogue:
            yield from catalogue.regions(catalogue.pack_id(self._pack))
