"""The vector index finds what is nearest, while it grows, and after it was saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import index as index_module
from engine.index import Embeddings, ExactIndex, Freshness, HnswIndex, Ids

SIZE = 16
FRESH = Freshness("pack", 3, 3)


def unit(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ids_from(first: int, count: int) -> Ids:
    return np.arange(first, first + count, dtype=np.int64)


class Regions:
    """What a catalogue holds: regions in the order of their ids, in chunks."""

    def __init__(self, embeddings: np.ndarray, chunk: int = 100) -> None:
        self.ids = ids_from(1, len(embeddings))
        self.embeddings = embeddings.astype(np.float16)
        self.chunk = chunk

    def __call__(self, after: int = 0) -> Iterator[tuple[Ids, Embeddings]]:
        for start in range(0, len(self.ids), self.chunk):
            part = slice(start, start + self.chunk)
            new = self.ids[part] > after
            if new.any():
                yield self.ids[part][new], self.embeddings[part][new]


def filled(regions: Regions) -> HnswIndex:
    index = HnswIndex(SIZE)
    assert index.fill(regions)
    return index


def test_exact_search_gives_the_nearest_best_first() -> None:
    rows = unit(500)
    ids, cosines = ExactIndex(Regions(rows)).search(rows[[7, 400]], 5)
    assert ids[:, 0].tolist() == [8, 401]
    assert cosines[:, 0] == pytest.approx([1, 1], abs=1e-3)
    assert (np.diff(cosines, axis=1) <= 0).all()
    expected = np.argsort(-(rows[7] @ rows.T))[:5] + 1
    assert ids[0].tolist() == expected.tolist()


def test_exact_search_does_not_depend_on_the_chunks() -> None:
    rows = np.repeat(unit(5), 20, axis=0)
    small, large = ExactIndex(Regions(rows, 7)), ExactIndex(Regions(rows, 1000))
    assert small.search(rows[:1], 30)[0].tolist() == large.search(rows[:1], 30)[0].tolist()


def test_exact_search_of_nothing_finds_nothing() -> None:
    empty = ExactIndex(Regions(unit(0)))
    empty.add(ids_from(1, 1), unit(1))
    empty.remove(ids_from(1, 1))
    assert empty.ready
    assert len(empty) == 0
    assert empty.search(unit(1), 10)[0].shape == (1, 0)


def test_the_graph_finds_what_exact_search_finds() -> None:
    regions = Regions(unit(3000))
    graph, exact = filled(regions), ExactIndex(regions)
    queries = unit(20, seed=1)
    found, near = graph.search(queries, 10)
    expected, _ = exact.search(queries, 10)
    shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), expected.tolist(), strict=True)]
    assert sum(shared) >= 0.9 * 200
    assert (np.diff(near, axis=1) <= 0).all()


def test_equal_vectors_are_all_found() -> None:
    words = unit(40)
    shown = np.random.default_rng(1).permutation(np.repeat(np.arange(80), 50))
    rows = np.where(shown[:, None] < 40, words[shown % 40], unit(4000, seed=2))
    graph = filled(Regions(rows))
    for word in range(0, 40, 7):
        found, _ = graph.search(words[[word]], 50)
        assert (shown[found[0] - 1] == word).sum() >= 47


def test_a_graph_is_ready_only_when_filled() -> None:
    index = HnswIndex(SIZE)
    assert not index.ready
    assert index.search(unit(1), 3)[0].shape == (1, 0)
    assert index.fill(Regions(unit(10)))
    assert len(index) == 10
    assert filled(Regions(unit(10))).ready


def test_more_is_asked_for_than_there_is() -> None:
    graph = filled(Regions(unit(4)))
    ids, cosines = graph.search(unit(2), 100)
    assert ids.shape == cosines.shape == (2, 4)


def test_added_regions_are_found_at_once_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_FIRST_CAPACITY", 64)
    rows = unit(500)
    graph = filled(Regions(rows[:10]))
    graph.add(ids_from(11, 0), rows[:0])
    graph.add(ids_from(11, 490), rows[10:].astype(np.float16))
    graph.add(ids_from(11, 5), rows[10:15])
    assert len(graph) == 500
    assert graph.search(rows[[432]], 1)[0].tolist() == [[433]]


def test_a_part_of_the_graph_that_cannot_be_reached_is_no_error() -> None:
    graph = filled(Regions(unit(10)))

    class Unreachable:
        def set_ef(self, ef: int) -> None: ...

        def knn_query(self, *_: object, **__: object) -> None:
            raise RuntimeError("Cannot return the results in a contiguous 2D array.")

        def get_current_count(self) -> int:
            return 10

    graph._graph = Unreachable()
    assert graph.search(unit(1), 5)[0].shape == (1, 0)


def test_removed_regions_are_not_found() -> None:
    rows = unit(50)
    graph = filled(Regions(rows))
    graph.remove(np.array([8, 8, 9, 12345], np.int64))
    graph.remove(np.array([8], np.int64))
    assert len(graph) == 48
    assert not {8, 9} & set(graph.search(rows[[7]], 48)[0][0].tolist())


def test_what_comes_and_goes_while_it_is_filled_is_not_lost() -> None:
    regions = Regions(unit(300), chunk=50)
    index = HnswIndex(SIZE)
    late = unit(5, seed=9)

    def reading(after: int) -> Iterator[tuple[Ids, Embeddings]]:
        for number, chunk in enumerate(regions(after)):
            yield chunk
            if number == 1 and len(regions.ids) == 300:
                regions.ids = ids_from(1, 305)
                regions.embeddings = np.concatenate([regions.embeddings, late]).astype(np.float16)
                index.add(ids_from(301, 5), late)
                index.remove(np.array([1, 299], np.int64))

    assert index.fill(reading)
    assert len(index) == 303
    assert index.search(late, 1)[0].ravel().tolist() == [301, 302, 303, 304, 305]


def test_filling_stops_promptly_and_goes_on_later() -> None:
    regions = Regions(unit(1000))
    index = HnswIndex(SIZE)
    looks = iter([False, False, True])
    assert not index.fill(regions, lambda: next(looks))
    assert not index.ready
    assert 0 < len(index) < 1000
    assert index.fill(regions)
    assert len(index) == 1000


def test_a_saved_graph_is_loaded_and_topped_up(tmp_path: Path) -> None:
    rows = unit(200)
    file = tmp_path / "pack.hnsw"
    saved = filled(Regions(rows[:150]))
    saved.remove(np.array([3], np.int64))
    saved.save(file, FRESH)
    loaded = HnswIndex.load(file, SIZE)
    assert loaded is not None
    index, freshness = loaded
    assert freshness == FRESH
    assert not index.ready
    assert len(index) == 149
    assert index.fill(Regions(rows))
    assert len(index) == 199
    assert index.search(rows[[180]], 1)[0].tolist() == [[181]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack.hnsw", "pack.hnsw.json"]


def test_a_graph_that_is_not_ready_is_not_saved(tmp_path: Path) -> None:
    HnswIndex(SIZE).save(tmp_path / "pack.hnsw", FRESH)
    assert not list(tmp_path.iterdir())


def test_a_damaged_or_foreign_file_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "pack.hnsw"
    note = tmp_path / "pack.hnsw.json"
    assert HnswIndex.load(file, SIZE) is None
    filled(Regions(unit(20))).save(file, FRESH)
    assert HnswIndex.load(file, SIZE + 1) is None
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    assert HnswIndex.load(file, SIZE) is None
    file.write_bytes(whole)
    assert HnswIndex.load(file, SIZE) is not None
    note.write_text("{")
    assert HnswIndex.load(file, SIZE) is None


def test_a_graph_full_of_forgotten_regions_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "pack.hnsw"
    graph = filled(Regions(unit(1500)))
    graph.remove(ids_from(1, 1400))
    graph.save(file, FRESH)
    assert HnswIndex.load(file, SIZE) is None


def test_a_graph_is_reconciled_with_what_is_alive() -> None:
    rows = unit(30)
    graph = filled(Regions(rows[:20]))
    assert graph.reconcile(np.setdiff1d(ids_from(1, 25), [4, 5]))
    assert len(graph) == 18
    assert not filled(Regions(rows[10:])).reconcile(ids_from(0, 20))


def test_searches_and_additions_do_not_disturb_each_other() -> None:
    rows = unit(1500)
    graph = filled(Regions(rows[:500]))
    failures: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                ids, _ = graph.search(rows[:3], 5)
                assert ids[:, 0].tolist() == [1, 2, 3]
            except BaseException as failure:  # noqa: BLE001
                failures.append(failure)
                return

    asking = threading.Thread(target=ask)
    asking.start()
    for start in range(500, 1500, 50):
        graph.add(ids_from(start + 1, 50), rows[start : start + 50])
    done.set()
    asking.join()
    assert not failures
    assert len(graph) == 1500
