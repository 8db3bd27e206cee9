"""How long searches and new photos take: `make bench`, or `python -m tests.bench --regions N`."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.errors import PackError
from engine.kept_index import KeptIndex
from engine.packs import find_packs
from engine.readers import Readers
from engine.scoring import Scorer
from engine.search import Searcher
from tests.bench.arrival import arrivals
from tests.bench.shelf import Vocabulary, bench_pack, fill

_WORDS = 30_000


def main() -> None:
    """Builds libraries, and prints what a person would have waited."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--regions", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), arguments.regions, arguments.queries)
        figures |= arrivals(Path(folder), find_packs()[0])
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:<52} {figure:10.1f}")


def _measure(folder: Path, regions: int, queries: int) -> dict[str, float]:
    pack, vocabulary = bench_pack(folder), Vocabulary(_WORDS)
    file = folder / "catalogue.sqlite"
    with Catalogue.open(file, write=True) as catalogue:
        fill(catalogue, pack, vocabulary, regions)
    readers = Readers(file)
    kept = KeptIndex(folder / "bench.hnsw", pack, readers)
    embed = _real_cost(vocabulary)
    embed(["warm"])

    def searcher() -> Searcher:
        # A new one remembers no words, so that every query pays for its embedding.
        return Searcher(readers, kept.current, embed, Scorer(pack), pack)

    random = np.random.default_rng(3)
    words = [vocabulary.words[row] for row in random.integers(0, len(vocabulary.words), queries)]
    frequent = vocabulary.words[: queries // 3]
    pairs = [f"{a} {b}" for a, b in zip(frequent, reversed(frequent), strict=True)]
    figures = {"regions": float(regions)}
    figures |= _times("while the index is made, one word", searcher(), words[: queries // 10])
    started = time.perf_counter()
    kept.bring_up()
    figures["index made in seconds"] = time.perf_counter() - started
    figures |= _times("one word", searcher(), words)
    figures |= _times("one of the most frequent words", searcher(), frequent)
    figures |= _times("two frequent words", searcher(), pairs)
    figures |= _times("a prefix", searcher(), [f"{word[:3]}*" for word in words[: queries // 3]])
    kept.save()
    started = time.perf_counter()
    KeptIndex(folder / "bench.hnsw", pack, readers).bring_up()
    figures["index loaded in seconds"] = time.perf_counter() - started
    readers.close()
    return figures


def _times(name: str, searcher: Searcher, queries: Sequence[str]) -> dict[str, float]:
    """Milliseconds until the answer; and how many of them this thread computed, which is what
    stays the same on a computer that is busy with something else.
    """
    waited, computed = [], []
    for query in queries:
        start, start_computing = time.perf_counter(), time.thread_time()
        searcher.ask(query)
        waited.append(1000 * (time.perf_counter() - start))
        computed.append(1000 * (time.thread_time() - start_computing))
    low, high = np.percentile(waited, [50, 95])
    return {
        f"{name}, p50 ms": float(low),
        f"{name}, p95 ms": float(high),
        f"{name}, p95 ms computing": float(np.percentile(computed, 95)),
    }


def _real_cost(vocabulary: Vocabulary) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """The vocabulary's embeddings, after the text tower of a pack has done its work as well."""
    try:
        pack = find_packs()[0]
    except PackError:
        return vocabulary.embed
    from engine.towers import open_towers

    towers = open_towers(pack, threads=1, parts="text")

    def embed(words: Sequence[str]) -> NDArray[np.float32]:
        towers.embed_words(words)
        return vocabulary.embed(words)

    return embed


if __name__ == "__main__":
    main()
