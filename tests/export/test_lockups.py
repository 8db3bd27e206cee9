"""What is done to a wordmark keeps its quads about its letters."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from export.synth.lockups import Lockup, fitted, slanted, striped, worn


def two_words() -> Lockup:
    ink = np.zeros((120, 400), np.uint8)
    ink[40:80, 50:150] = 255
    ink[40:80, 200:350] = 255
    quads = [
        np.array([[left, 38], [right, 38], [right, 82], [left, 82]], np.float32)
        for left, right in ((48, 152), (198, 352))
    ]
    return Lockup(ink, [(quads[0], "one"), (quads[1], "other")])


def ink_within(lockup: Lockup) -> float:
    """The part of the ink that lies in the quads."""
    inside = np.zeros(lockup.ink.shape, np.uint8)
    for quad, _ in lockup.words:
        cv2.fillConvexPoly(inside, np.round(quad).astype(np.int32), 1)
    return float((lockup.ink * inside).sum() / lockup.ink.sum())


@pytest.mark.parametrize("slant", [-0.3, 0.6])
def test_quads_lean_with_their_letters(slant: float) -> None:
    before = two_words()
    leaning = slanted(before, slant)
    assert ink_within(leaning) > 0.99
    for quad, _ in leaning.words:
        assert quad[0, 0] - quad[3, 0] == pytest.approx(44 * slant, abs=0.1)
    assert float(leaning.ink.mean()) * leaning.ink.size == pytest.approx(
        float(before.ink.mean()) * before.ink.size, rel=0.03
    )


@pytest.mark.parametrize("seed", range(12))
def test_quads_follow_letters_that_are_fitted_to_a_shape(seed: int) -> None:
    shaped = fitted(two_words(), random.Random(seed))
    assert ink_within(shaped) > 0.85
    assert [text for _, text in shaped.words] == ["one", "other"]
    for quad, _ in shaped.words:
        assert cv2.contourArea(quad, oriented=True) > 0  # clockwise
        assert ((quad >= 0) & (quad < shaped.ink.shape[::-1])).all()


def letters(lockup: Lockup) -> NDArray[np.uint8]:
    return lockup.ink[40:80, 50:350]


@pytest.mark.parametrize("seed", range(4))
def test_stripes_cut_letters_or_stand_about_them(seed: int) -> None:
    before = two_words()
    cut = striped(before, random.Random(seed), through=True)
    assert 0.5 < cut.ink.sum() / before.ink.sum() < 0.98
    beside = striped(before, random.Random(seed), through=False)
    assert beside.ink.sum() > before.ink.sum()
    np.testing.assert_array_equal(letters(beside), letters(before))


def test_worn_letters_lack_specks() -> None:
    before = two_words()
    after = worn(before, np.random.default_rng(5))
    assert 0.3 < after.ink.sum() / before.ink.sum() < 0.995
    assert (after.ink <= before.ink).all()
