"""Several rankings of the same photos become one, by reciprocal rank fusion.

Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank
learning methods" (SIGIR 2009). It needs no common scale: packs score by models of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from engine.search import Hit

# The paper's constant: how little the first places weigh more than those behind them.
K = 60

_BANDS = ("contains", "probably", "weak", "")


def fuse(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """One ranking of all photos, best first, equals by path.

    A photo has the surest band and the regions of every pack that found it. Its score is 1 where
    every pack ranks it first. Guesses of one pack stand behind all that another one is sure of.
    """
    scores: dict[int, float] = {}
    found: dict[int, list[Hit]] = {}
    for ranking in rankings:
        for rank, hit in _ranked(ranking):
            scores[hit.photo_id] = scores.get(hit.photo_id, 0.0) + 1 / (K + rank)
            found.setdefault(hit.photo_id, []).append(hit)
    most = len(rankings) / (K + 1)
    fused = [_joined(hits, scores[photo_id] / most) for photo_id, hits in found.items()]
    return sorted(fused, key=lambda hit: (hit.band == "weak", -hit.score, hit.path))


def _ranked(ranking: Iterable[Hit]) -> Iterable[tuple[int, Hit]]:
    """Ranks from 1; equals share theirs, or copies of a photo would part."""
    rank, before = 0, None
    for place, hit in enumerate(ranking, start=1):
        if hit.score != before:
            rank, before = place, hit.score
        yield rank, hit


def _joined(hits: Sequence[Hit], score: float) -> Hit:
    return replace(
        hits[0],
        score=score,
        band=min((hit.band for hit in hits), key=_BANDS.index),
        regions=list(chain.from_iterable(hit.regions for hit in hits)),
        score_map=next((hit.score_map for hit in hits if hit.score_map), None),
    )
