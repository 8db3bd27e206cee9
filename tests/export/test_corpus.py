"""The strings that training draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.tokenizer import fold
from export.synth import corpus
from export.synth.corpus import Corpus
from tests.typography import some_words


@pytest.fixture(autouse=True)
def _words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_words(tmp_path / "dict", monkeypatch)


def strings(seed: int, count: int, extra: tuple[str, ...] = ()) -> list[str]:
    source = Corpus(seed, extra)
    return [source.string() for _ in range(count)]


def test_the_same_seed_draws_the_same_strings() -> None:
    assert strings(5, 200) == strings(5, 200)
    assert strings(5, 200) != strings(6, 200)


def test_every_string_says_something_a_query_can_ask_for() -> None:
    drawn = strings(1, 6000, extra=("日本", "№…", "ещё", "x"))
    assert all(fold(text) for text in drawn)
    assert max(len(text) for text in drawn) <= 20


def test_strings_are_diverse() -> None:
    drawn = strings(2, 4000)
    folded = [fold(text) for text in drawn]
    known = {fold(word) for words in Corpus(0).words for word in words}
    assert 0.3 < sum(word in known for word in folded) / len(drawn) < 0.6
    assert 0.1 < sum(any(c.isdigit() for c in text) for text in drawn) / len(drawn) < 0.35
    assert 0.25 < sum(text.isupper() for text in drawn) / len(drawn) < 0.55
    assert 0.15 < sum(text.islower() for text in drawn) / len(drawn) < 0.45


def test_lists_of_either_encoding_are_read_and_empty_ones_ignored() -> None:
    lists = Corpus(0).words
    assert len(lists) == 2
    assert any("rivière" in words for words in lists)
    assert any("Fähre" in words for words in lists)


def test_possessives_lose_their_ending() -> None:
    words = [word for words in Corpus(0).words for word in words]
    assert "Eagle" in words
    assert "don't" in words


def test_extra_words_are_drawn_beside_the_lists() -> None:
    drawn = [fold(text) for text in strings(3, 1500, extra=("zyzzyva",))]
    assert drawn.count("zyzzyva") > 20


def test_without_any_list_the_remedy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="make fonts"):
        Corpus(0)


def test_plates_are_blocks_of_capitals_and_digits() -> None:
    source = Corpus(4, ())
    plates = [source.plate() for _ in range(100)]
    assert {len(plate) for plate in plates} == {1, 2, 3}
    for plate in plates:
        text = "".join(plate).replace("-", "")
        assert text.isalnum()
        assert text == text.upper()
        assert 2 <= len(text) <= 12
