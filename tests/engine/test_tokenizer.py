"""Folding and stretching: what a typed word becomes before the text tower sees it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tokenizer import ALPHABET, fold, stretch

folded_words = st.text(ALPHABET, min_size=1, max_size=24)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Photolex", "photolex"),
        ("Crème-Brûlée", "cremebrulee"),
        ("cre\N{COMBINING GRAVE ACCENT}me", "creme"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("GROẞ", "gross"),
        ("İstanbul", "istanbul"),
        ("ILIK ılık", "ilikilik"),
        ("Ærø Ǽ Ǿ", "aeroaeo"),
        ("Łódź", "lodz"),
        ("ﬁne", "fine"),
        ("Ｃａｆｅ", "cafe"),
        ("№ 5", "no5"),
        ("100 ㎒", "100mhz"),
        ("Nike™ Acme℠ Aspirin®", "nikeacmeaspirin"),
        ("$19.99", "1999"),
        ("mañana!", "manana"),
        ("日本", ""),
        ("…—·", ""),
        ("", ""),
    ],
)
def test_text_is_folded_to_plain_letters_and_digits(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text)
    assert set(once) <= set(ALPHABET)
    assert fold(once) == once


@settings(deadline=None)
@given(st.text())
def test_the_case_typed_makes_no_difference(text: str) -> None:
    assert fold(text.lower()) == fold(text)


@settings(deadline=None)
@given(st.lists(folded_words, min_size=1, max_size=5), st.integers(1, 20))
def test_every_frame_is_shared_out_completely(words: list[str], frames: int) -> None:
    stretched = stretch(words, frames)
    assert stretched.shape == (len(words), frames, len(ALPHABET))
    assert stretched.dtype == np.float32
    np.testing.assert_allclose(stretched.sum(2), 1.0, atol=1e-5)


@settings(deadline=None)
@given(folded_words, st.integers(1, 20))
def test_every_letter_gets_the_same_room(word: str, frames: int) -> None:
    room = stretch([word], frames)[0].sum(0)
    expected = [word.count(letter) * frames / len(word) for letter in ALPHABET]
    np.testing.assert_allclose(room, expected, atol=1e-4)


def test_letters_stand_in_their_order() -> None:
    stretched = stretch(["abcd"], 8)[0]
    assert stretched.argmax(1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_letter_across_two_frames_is_shared_between_them() -> None:
    stretched = stretch(["abc"], 2)[0]
    np.testing.assert_allclose(stretched[:, :3], [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)


def test_no_words_make_no_rows() -> None:
    assert stretch([], 16).shape == (0, 16, 36)


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(ValueError, match="empty word"):
        stretch(["photo", ""], 16)
