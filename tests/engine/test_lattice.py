"""Lattices: CTC's sums against every path written out."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine import lattice
from engine.tokenizer import ALPHABET

COLUMNS = 5
LETTERS = "ab"  # with the blank three classes that can happen, so 3^5 paths


def beliefs(seed: int, columns: int = COLUMNS, sharpness: float = 2.0) -> NDArray[np.float32]:
    """(1, T, 37) log-probabilities: blank, a and b alone are possible."""
    rng = np.random.default_rng(seed)
    scores = np.full((1, columns, len(ALPHABET) + 1), -200.0)
    scores[:, :, : len(LETTERS) + 1] = rng.normal(0, sharpness, (1, columns, len(LETTERS) + 1))
    scores -= np.log(np.exp(scores).sum(2, keepdims=True))
    return scores.astype(np.float32)


def strings(dense: NDArray[np.float32]) -> dict[str, float]:
    """Every string and its probability, path by path."""
    found: dict[str, float] = defaultdict(float)
    for path in product(range(len(LETTERS) + 1), repeat=dense.shape[1]):
        text = "".join(ALPHABET[label - 1] for label, _ in groupby(path) if label)
        found[text] += float(np.exp(sum(dense[0, at, label] for at, label in enumerate(path))))
    return found


def occurrences(text: str, word: str) -> int:
    return sum(text.startswith(word, at) for at in range(len(text)))


short_words = st.text(LETTERS, min_size=1, max_size=COLUMNS)
seeds = st.integers(0, 10_000)


@settings(max_examples=40, deadline=None)
@given(seeds, short_words)
def test_likelihood_is_the_sum_over_all_paths_that_say_the_word(seed: int, word: str) -> None:
    dense = beliefs(seed)
    assert np.exp(lattice.log_likelihood(dense, word)[0]) == pytest.approx(
        strings(dense)[word], abs=1e-5
    )


@settings(max_examples=40, deadline=None)
@given(seeds, short_words)
def test_beginning_is_the_sum_over_all_paths_that_begin_with_the_word(seed: int, word: str) -> None:
    dense = beliefs(seed)
    expected = sum(p for text, p in strings(dense).items() if text.startswith(word))
    assert np.exp(lattice.log_begins(dense, word)[0]) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(seeds, short_words)
def test_containing_counts_every_place_where_the_word_starts(seed: int, word: str) -> None:
    dense = beliefs(seed)
    possible = strings(dense)
    expected = sum(p * occurrences(text, word) for text, p in possible.items())
    containing = sum(p for text, p in possible.items() if word in text)
    told = float(np.exp(lattice.log_contains(dense, word)[0]))
    assert told == pytest.approx(min(1.0, expected), abs=1e-5)
    assert told >= containing - 1e-5


def test_a_double_letter_needs_a_blank_between() -> None:
    dense = np.full((1, 3, 37), -200.0, np.float32)
    dense[0, :, 1] = 0.0  # "a" in each column for certain
    assert lattice.log_likelihood(dense, "a")[0] == pytest.approx(0.0, abs=1e-5)
    assert lattice.log_likelihood(dense, "aa")[0] < -100
    dense[0, 1] = -200.0
    dense[0, 1, 0] = 0.0
    assert lattice.log_likelihood(dense, "aa")[0] == pytest.approx(0.0, abs=1e-5)
    assert lattice.log_likelihood(dense, "a")[0] < -100


def test_a_word_longer_than_the_lattice_is_as_good_as_impossible() -> None:
    dense = beliefs(1)
    for sums in (lattice.log_likelihood, lattice.log_begins, lattice.log_contains):
        assert sums(dense, "ab" * COLUMNS)[0] < -100


def test_regions_are_judged_independently_of_their_neighbours() -> None:
    dense = np.concatenate([beliefs(seed, 12) for seed in range(7)])
    for sums in (lattice.log_likelihood, lattice.log_begins, lattice.log_contains):
        together = sums(dense, "abba")
        alone = [sums(dense[at : at + 1], "abba")[0] for at in range(7)]
        np.testing.assert_allclose(together, alone, rtol=1e-5)


def spelled(text: str, columns: int = 32, certainty: float = 0.9) -> NDArray[np.float32]:
    """(1, T, 37) log-probabilities that read ``text``, a blank after each letter."""
    dense = np.full((1, columns, 37), np.log((1 - certainty) / 36))
    path = [label for letter in text for label in (ALPHABET.index(letter) + 1, 0)]
    path += [0] * (columns - len(path))
    dense[0, np.arange(columns), path] = np.log(certainty)
    return dense.astype(np.float32)


@given(st.text(ALPHABET, min_size=1, max_size=16))
@settings(max_examples=30, deadline=None)
def test_the_reading_is_the_best_path(text: str) -> None:
    assert lattice.readings(spelled(text)) == [text]


def test_a_lattice_of_blanks_reads_nothing() -> None:
    assert lattice.readings(spelled("")) == [""]


def test_no_lattices_have_no_readings() -> None:
    nothing = np.zeros((0, 32, 37), np.float32)
    assert lattice.readings(nothing) == []
    assert lattice.pack(nothing) == []


def test_what_was_packed_says_nearly_the_same() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 4, (6, 32, 37))
    dense = (scores - np.log(np.exp(scores).sum(2, keepdims=True))).astype(np.float32)
    packed = lattice.pack(dense)
    assert {len(one) for one in packed} == {32 * lattice.KEPT * 2}
    again = lattice.unpack(packed)
    assert again.shape == dense.shape
    assert lattice.readings(again) == lattice.readings(dense)
    best = np.argsort(-dense, axis=2)[:, :, : lattice.KEPT]
    kept = np.take_along_axis(dense, best, 2)
    levels = np.take_along_axis(again, best, 2)
    np.testing.assert_allclose(levels, np.maximum(kept, -255 / 16), atol=1 / 32 + 1e-5)


def test_unpacked_columns_hold_a_whole_of_probability() -> None:
    again = lattice.unpack(lattice.pack(spelled("photolex", certainty=0.6)))
    np.testing.assert_allclose(np.exp(again).sum(2), 1.0, atol=0.05)


def test_an_impossible_letter_survives_packing() -> None:
    dense = spelled("a")
    dense[:, :, 5:] = -np.inf
    again = lattice.unpack(lattice.pack(dense))
    assert np.isfinite(again).all()


def test_the_word_that_is_there_is_likelier_than_one_a_letter_off() -> None:
    dense = lattice.unpack(lattice.pack(np.concatenate([spelled("photo"), spelled("phoco")])))
    photo, phoco = lattice.log_likelihood(dense, "photo")
    assert photo > phoco + 3
    begins = lattice.log_begins(dense, "phot")
    assert begins[0] > begins[1] + 3
    within = lattice.log_contains(dense, "hot")
    assert within[0] > within[1] + 3
    assert within[0] > lattice.log_begins(dense, "hot")[0] + 3


def test_end_to_end_reads_the_parts_one_after_another() -> None:
    parts = [spelled(text, certainty=0.999)[0] for text in ("kn", "nn", "47")]
    whole = lattice.end_to_end(parts, len(parts[0]))
    assert lattice.readings(whole[None]) == ["knnn47"]
    assert len(whole) % len(parts[0]) == 0
    assert len(whole) < sum(map(len, parts))
    again = lattice.unpack(lattice.pack(whole[None]))
    assert lattice.log_likelihood(again, "knnn47")[0] > -1
    assert lattice.log_likelihood(again, "knn47")[0] < -5


@settings(max_examples=40, deadline=None)
@given(seeds, seeds, short_words)
def test_end_to_end_is_the_sum_over_all_ways_to_share_the_word(
    first: int, second: int, word: str
) -> None:
    parts = [beliefs(first), beliefs(second)]
    whole = lattice.end_to_end([part[0] for part in parts], len(parts[0][0]))
    one, other = (strings(part) for part in parts)
    expected = sum(one[word[:at]] * other[word[at:]] for at in range(len(word) + 1))
    # A sure blank that is left out may have been a letter with a chance of 2 %.
    assert np.exp(lattice.log_likelihood(whole[None], word)[0]) == pytest.approx(expected, abs=0.01)
