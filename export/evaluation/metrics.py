"""How good a ranking is: mAP, top-1 and hit@10, with equal scores counted against us.

Queries are a set's distinct words of three or more letters or digits; a photo is relevant to a
query when it lists the word. Every photo of the set is ranked for every query: photos without a
score come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.tokenizer import fold

SHORTEST_QUERY = 3
"""Letters and digits that a word must have to be asked for."""


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of a set, 0..1 each, as means over its queries."""

    queries: int
    mean_average_precision: float
    top1: float
    hit10: float


def queries_of(words: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The queries of a set and their relevant photos, from the words that each photo lists."""
    relevant: dict[str, set[str]] = {}
    for photo, listed in words.items():
        for word in listed:
            query = fold(word)
            if len(query) >= SHORTEST_QUERY:
                relevant.setdefault(query, set()).add(photo)
    return {query: frozenset(relevant[query]) for query in sorted(relevant)}


def relevant_ranks(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where the relevant photos stand, 1 for the first; rising.

    ``scores``, ``relevant``: (photos,). Among equal scores the irrelevant photos stand first; NaN
    and minus infinity mean that a photo has no score.
    """
    falling = -np.nan_to_num(scores.astype(np.float64), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    order = np.lexsort((relevant, falling))
    return np.flatnonzero(relevant[order]).astype(np.int64) + 1


def average_precision(ranks: NDArray[np.int64]) -> float:
    """The mean, over the relevant photos, of the precision at their rank. 0 without any."""
    if len(ranks) == 0:
        return 0.0
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def quality(
    scores: Mapping[str, Mapping[str, float]],
    relevant: Mapping[str, frozenset[str]],
    photos: Sequence[str],
) -> Quality:
    """The figures of a set from ``scores[query][photo]``; what is absent has no score."""
    precisions, first = [], []
    for query, wanted in relevant.items():
        of_query = scores.get(query, {})
        values = np.array([of_query.get(photo, -np.inf) for photo in photos])
        ranks = relevant_ranks(values, np.array([photo in wanted for photo in photos]))
        precisions.append(average_precision(ranks))
        first.append(ranks[0])
    if not precisions:
        return Quality(0, 0.0, 0.0, 0.0)
    best = np.array(first)
    return Quality(
        queries=len(precisions),
        mean_average_precision=float(np.mean(precisions)),
        top1=float(np.mean(best == 1)),
        hit10=float(np.mean(best <= 10)),
    )
