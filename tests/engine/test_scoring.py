"""Scoring: similarity and lattice become one probability."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine import lattice
from engine.errors import PackError
from engine.packs import ModelPack
from engine.scoring import LEAST_LIKELY, Band, Scorer, features
from engine.tokenizer import ALPHABET

WEIGHTS = {
    "similarity": 8.0, "exact": 0.5, "within": 1.5, "length": 0.0, "bias": -2.0,
    "contains": 0.9, "probably": 0.5,
}  # fmt: skip


def pack_with(**weights: object) -> ModelPack:
    return ModelPack(
        name="weighed",
        family="none",
        licence="CC0-1.0",
        folder=Path(),
        embedding_size=4,
        longest_side=640,
        files={},
        settings={"calibration": WEIGHTS | weights},
    )


@dataclass(frozen=True)
class Seen:
    """A region, as far as it is scored."""

    lattice: bytes = b""
    confidence: float = 0.5


def reads(text: str, certainty: float = 0.9, confidence: float = 0.5) -> Seen:
    """A region that reads ``text`` so surely."""
    dense = np.full((1, 32, 37), np.log((1 - certainty) / 36), np.float32)
    path = [label for letter in text for label in (ALPHABET.index(letter) + 1, 0)]
    path += [0] * (32 - len(path))
    dense[0, np.arange(32), path] = np.log(certainty)
    return Seen(lattice.pack(dense)[0], confidence)


def similar(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_lattices_of_several_lengths_are_scored_as_each_alone() -> None:
    seen = [reads("photo"), Seen(), Seen(reads("lex").lattice * 2), reads("lex")]
    together = features("lex", similar(0.1, 0.2, 0.3, 0.4), seen)
    for at, one in enumerate(seen):
        np.testing.assert_allclose(together[at : at + 1], features("lex", together[at, :1], [one]))


def test_the_region_that_reads_the_word_wins_among_equally_similar_ones() -> None:
    scorer = Scorer(pack_with())
    found = scorer.probabilities(
        "photo", similar(0.5, 0.5, 0.5), [reads("phone"), reads("photo"), reads("")]
    )
    assert found.dtype == np.float32
    assert int(found.argmax()) == 1
    assert ((found > 0) & (found < 1)).all()


@given(st.floats(0.2, 0.98), st.floats(0.2, 0.98))
@settings(max_examples=25, deadline=None)
def test_a_surer_reading_never_scores_less(one: float, other: float) -> None:
    less, more = sorted((one, other))
    scores = Scorer(pack_with()).probabilities(
        "photo", similar(0.4, 0.4), [reads("photo", less), reads("photo", more)]
    )
    assert scores[1] >= scores[0] - 1e-6


@given(st.floats(-1, 1), st.floats(-1, 1))
@settings(max_examples=25, deadline=None)
def test_a_more_similar_region_never_scores_less(one: float, other: float) -> None:
    less, more = sorted((one, other))
    scores = Scorer(pack_with()).probabilities(
        "photo", similar(less, more), [reads("photo"), reads("photo")]
    )
    assert scores[1] >= scores[0]


def test_a_pack_that_does_not_read_is_scored_by_similarity_alone() -> None:
    scores = Scorer(pack_with()).probabilities("photo", similar(0.9, 0.1), [Seen(), Seen()])
    assert scores[0] > scores[1]


def test_regions_with_and_without_a_lattice_may_be_mixed() -> None:
    rows = features("photo", similar(0.5, 0.6, 0.7), [Seen(), reads("photo"), Seen()])
    assert (rows[[0, 2], 1:3] == LEAST_LIKELY).all()
    assert (rows[1, 1:3] > -1).all()
    np.testing.assert_allclose(rows[:, 0], [0.5, 0.6, 0.7])


def test_where_focus_is_surer_a_word_is_more_probable() -> None:
    words = [reads("photo", confidence=sure) for sure in (0.0, 0.4, 0.9, 1.0)]
    scores = Scorer(pack_with(confidence=0.6)).probabilities("photo", similar(*[0.5] * 4), words)
    assert (np.diff(scores) > 0).all()


def test_packs_that_know_no_weight_of_confidence_do_without() -> None:
    words = [reads("photo", confidence=sure) for sure in (0.1, 0.9)]
    scores = Scorer(pack_with()).probabilities("photo", similar(0.5, 0.5), words)
    assert scores[0] == scores[1]


def test_no_regions_have_no_probabilities() -> None:
    assert Scorer(pack_with()).probabilities("photo", similar(), []).shape == (0,)


def test_a_prefix_is_found_at_the_beginning_only() -> None:
    scores = Scorer(pack_with()).probabilities(
        "photo", similar(0.5, 0.5), [reads("photograph"), reads("telephoto")], prefix=True
    )
    assert scores[0] > scores[1] + 0.2


def test_a_word_within_a_longer_one_counts_less_than_the_word_itself() -> None:
    scores = Scorer(pack_with()).probabilities(
        "photo", similar(0.5, 0.5), [reads("photo"), reads("telephoto")]
    )
    assert scores[0] > scores[1] > 0.2


def test_hopeless_readings_are_all_equally_bad() -> None:
    rows = features("photo", similar(0, 0), [reads("zzz"), reads("12345678")])
    assert (rows[:, 1] >= LEAST_LIKELY).all()


def test_extreme_weights_overflow_nothing() -> None:
    scorer = Scorer(pack_with(similarity=1e6, bias=0.0))
    scores = scorer.probabilities("photo", similar(-1, 1), [Seen(), Seen()])
    assert scores[0] < 1e-20
    assert scores[1] == 1.0


def test_bands_begin_at_the_packs_borders() -> None:
    scorer = Scorer(pack_with())
    assert scorer.band(0.9) is Band.CONTAINS
    assert scorer.band(0.8999) is Band.PROBABLY
    assert scorer.band(0.5) is Band.PROBABLY
    assert scorer.band(0.4999) is Band.WEAK
    assert [str(band) for band in Band] == ["contains", "probably", "weak"]


@pytest.mark.parametrize("weight", [None, "much", []])
def test_a_calibration_that_is_no_number_is_refused(weight: object) -> None:
    with pytest.raises(PackError, match="calibration of the pack “weighed” is damaged"):
        Scorer(pack_with(within=weight))


def test_a_calibration_that_lacks_a_weight_is_refused() -> None:
    pack = pack_with()
    lacking = {name: weight for name, weight in WEIGHTS.items() if name != "bias"}
    with pytest.raises(PackError, match="is damaged"):
        Scorer(ModelPack(**{**vars(pack), "settings": {"calibration": lacking}}))
