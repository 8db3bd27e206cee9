"""How good a ranking is: mAP, top-1 and hit@10, with equal scores counted against us.

Unless a set names its queries, they are its distinct words of three or more letters or digits, and
a photo is relevant to a query when it lists the word. Every photo of the set is ranked for every
query: photos without a score come last.
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


def queries_of(
    words: Mapping[str, Iterable[str]], shortest: int = SHORTEST_QUERY
) -> dict[str, frozenset[str]]:
    """The queries of a set and their relevant photos, from the words that each photo lists."""
    relevant: dict[str, set[str]] = {}
    for photo, listed in words.items():
        for word in listed:
            query = fold(word)
            if len(query) >= shortest:
                relevant.setdefault(query, set()).add(photo)
    return {query: frozenset(relevant[query]) for query in sorted(relevant)}


def ranking(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The photos' indices, best first; among equal scores the irrelevant photos stand first.

    ``scores``, ``relevant``: (photos,); NaN and minus infinity mean that a photo has no score.
    """
    falling = -np.nan_to_num(scores.astype(np.float64), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    return np.lexsort((relevant, falling)).astype(np.int64)


def relevant_ranks(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where the relevant photos stand in ``ranking``, 1 for the first; rising."""
    return np.flatnonzero(relevant[ranking(scores, relevant)]).astype(np.int64) + 1


def average_precision(ranks: NDArray[np.int64]) -> float:
    """The mean, over the relevant photos, of the precision at their rank. 0 without any."""
    if len(ranks) == 0:
        return 0.0
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A query's answer: the photos, best first, and the ranks (1 is the first) of the relevant."""

    photos: list[str]
    ranks: NDArray[np.int64]

    @property
    def average_precision(self) -> float:
        """0..1; 1 when no irrelevant photo stands above a relevant one."""
        return average_precision(self.ranks)


def rank(scores: Mapping[str, float], wanted: frozenset[str], photos: Sequence[str]) -> Ranked:
    """One query's answer from the photos' scores; what is absent has none."""
    values = np.array([scores.get(photo, -np.inf) for photo in photos])
    order = ranking(values, np.array([photo in wanted for photo in photos], bool))
    ordered = [photos[index] for index in order]
    places = [place for place, photo in enumerate(ordered, 1) if photo in wanted]
    return Ranked(ordered, np.array(places, np.int64))


def sum_up(ranks: Iterable[NDArray[np.int64]]) -> Quality:
    """The figures of a set from the ranks of the relevant photos, at least one a query."""
    every = list(ranks)
    if not every:
        return Quality(0, 0.0, 0.0, 0.0)
    best = np.array([of_query[0] for of_query in every])
    return Quality(
        queries=len(every),
        mean_average_precision=float(np.mean([average_precision(one) for one in every])),
        top1=float(np.mean(best == 1)),
        hit10=float(np.mean(best <= 10)),
    )


def quality(
    scores: Mapping[str, Mapping[str, float]],
    relevant: Mapping[str, frozenset[str]],
    photos: Sequence[str],
) -> Quality:
    """The figures of a set from ``scores[query][photo]``; what is absent has no score."""
    return sum_up(
        rank(scores.get(query, {}), wanted, photos).ranks for query, wanted in relevant.items()
    )
