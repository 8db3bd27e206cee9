"""How probable it is that a region shows the word that was asked for.

Similarity finds candidates; the stored lattice tells how probable exactly this string is there, and
Focus's confidence whether there is lettering at all. They are fused by a logistic function whose
weights belong to the pack (``calibration``).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine import lattice
from engine.errors import PackError
from engine.packs import ModelPack


class Band(StrEnum):
    """How a hit is shown."""

    CONTAINS = "contains"
    PROBABLY = "probably"
    WEAK = "weak"


class Scorable(Protocol):
    """What of a region counts beside its similarity: ``regions.Region`` says what they are."""

    @property
    def lattice(self) -> bytes: ...

    @property
    def confidence(self) -> float: ...


def features(
    word: str,
    similarities: NDArray[np.float32],
    regions: Sequence[Scorable],
    *,
    prefix: bool = False,
    whole: bool = False,
) -> NDArray[np.float32]:
    """(n, 5): similarity; log-likelihood a letter, exactly and within the reading; length of the
    word; log-odds of Focus's confidence.

    ``prefix``: the reading may go on behind the word. ``whole``: nothing may stand beside it.
    Without lattices the likelihoods are as bad as can be for all.
    """
    rows = np.empty((len(similarities), 5), np.float32)
    rows[:, 0] = similarities
    rows[:, 1:3] = LEAST_LIKELY
    rows[:, 3] = min(len(word), 12) / 12
    sure = np.clip([one.confidence for one in regions], 0.01, 0.99)
    rows[:, 4] = np.log(sure / (1 - sure))
    size = len(word) + 1.0
    for known in _of_one_length([one.lattice for one in regions]):
        dense = lattice.unpack([regions[at].lattice for at in known])
        if prefix:
            exact = inside = lattice.log_begins(dense, word) / size
        else:
            exact = lattice.log_likelihood(dense, word) / size
            inside = exact if whole else lattice.log_contains(dense, word) / size
        rows[known, 1] = np.maximum(exact, LEAST_LIKELY)
        rows[known, 2] = np.maximum(inside, LEAST_LIKELY)
    return rows


def _of_one_length(lattices: Sequence[bytes]) -> list[list[int]]:
    """The places of those that have any columns, together where they have as many."""
    places: dict[int, list[int]] = {}
    for at, one in enumerate(lattices):
        places.setdefault(len(one), []).append(at)
    return [some for length, some in places.items() if length]


LEAST_LIKELY = -5.0
FEATURES = ("similarity", "exact", "within", "length", "confidence")


class Scorer:
    """Scores regions by a pack's calibration; PackError where that lacks a weight."""

    def __init__(self, pack: ModelPack) -> None:
        weights = pack.calibration
        # Of a whole photo there is only the similarity. Older packs know no weight of confidence.
        named = FEATURES[:4] if pack.places else FEATURES[:1]
        try:
            self._weights = np.zeros(len(FEATURES), np.float32)
            self._weights[: len(named)] = [float(weights[name]) for name in named]
            self._weights[4] = float(weights.get("confidence", 0.0)) if pack.places else 0.0
            self._bias = float(weights["bias"])
            self._contains, self._probably = float(weights["contains"]), float(weights["probably"])
        except (KeyError, TypeError, ValueError) as error:
            raise PackError(f"The calibration of the pack “{pack.name}” is damaged.") from error

    def probabilities(
        self,
        word: str,
        similarities: NDArray[np.float32],
        regions: Sequence[Scorable],
        *,
        prefix: bool = False,
        whole: bool = False,
    ) -> NDArray[np.float32]:
        """(n,) probabilities 0..1 that each region shows ``word``; ``features`` tells the rest."""
        rows = features(word, similarities, regions, prefix=prefix, whole=whole)
        logits = rows @ self._weights + self._bias
        # Beyond this float32 tells no probabilities apart, and exp would overflow in the end.
        bounded = np.clip(logits, -60.0, 60.0)
        answer: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-bounded))).astype(np.float32)
        return answer

    def band(self, probability: float) -> Band:
        """The band that a hit of this probability is shown in."""
        if probability >= self._contains:
            return Band.CONTAINS
        return Band.PROBABLY if probability >= self._probably else Band.WEAK
