"""Distracted queries: what counts as near, which are kept, what the photo should make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import LibraryError
from export.synth import corpus
from export.training.distractors import dictionary, distract, spelling


def texts(word: str, *known: str) -> tuple[str, ...]:
    (found,) = distract([word], known)
    return found.texts


def test_short_words_are_one_edit_from_their_distractors() -> None:
    assert texts("exit", "exist", "edit", "exits", "exact") == (
        "exit", "edit", "exist", "exits", "###",
    )  # fmt: skip


def test_long_words_are_two_edits_from_their_distractors_at_most() -> None:
    known = ("hotels", "hovels", "hostel", "motels", "hotel", "towels", "wheels", "brothels")
    assert texts("hotels", *known) == ("hotels", "hotel", "hovels", "motels", "hostel")


def test_the_order_of_the_dictionary_makes_no_difference() -> None:
    known = ["bat", "cab", "can", "car", "cat", "cut", "hat"]
    assert texts("cat", *known) == texts("cat", *reversed(known)) == (
        "cat", "bat", "cab", "can", "car",
    )  # fmt: skip


def test_the_word_itself_deserves_nearly_all() -> None:
    (found,) = distract(["exit"], ["edit"])
    assert found.truth.sum() == pytest.approx(1)
    assert found.truth[0] == pytest.approx(0.9995, abs=5e-4)
    assert (np.diff(found.truth) <= 0).all()
    assert found.truth[1] / found.truth[0] == pytest.approx(np.exp(1 / 1.1 - 1 / 0.1))


def test_every_word_is_answered_in_its_place() -> None:
    words = ["cat", "hotels", "cat", "exit"]
    assert [found.texts[0] for found in distract(words, ["bat"])] == words


@pytest.mark.parametrize(
    ("label", "word"), [("“Exit!”", "exit"), ("Don't", "don't"), ("Café.", "café"), ("&", "")]
)
def test_labels_are_looked_up_without_the_marks_about_them(label: str, word: str) -> None:
    assert spelling(label) == word


def test_a_dictionary_has_words_of_three_letters_and_more(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("An apple\nTREE 2016 it's\n", "utf-8")
    assert dictionary(tmp_path / "words.txt") == {"apple", "tree"}


def test_a_dictionary_without_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a an 12")
    with pytest.raises(LibraryError, match="no words"):
        dictionary(tmp_path / "words.txt")


def test_without_word_lists_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    with pytest.raises(LibraryError, match="no dictionary to train with"):
        dictionary()
