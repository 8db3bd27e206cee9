"""What searches promise, counted on painted signs through the real library."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.library import Library
from engine.packs import ModelPack
from export.evaluation import promises
from export.evaluation.promises import keep_promises, phrases_of
from export.evaluation.sets import LabelledSet, Word, read_set
from export.evaluation.spread import evenly
from tests.fakes import COLUMNS, ROWS, fake_towers, photo

WIDTH, HEIGHT = 320, 180
SHOWN = {"a.jpg": ["bakery", "open"], "b.jpg": ["station"], "c.jpg": ["garage", "open"]}


@pytest.fixture
def signs(tmp_path: Path) -> LabelledSet:
    folder = tmp_path / "signs"
    for name, words in SHOWN.items():
        photo(folder / "images" / name, *words, size=(WIDTH, HEIGHT))
    high = HEIGHT / ROWS
    labels = {
        name: [
            {
                "text": word.title(),
                "quad": [
                    [0, high * row], [WIDTH * len(word) / COLUMNS, high * row],
                    [WIDTH * len(word) / COLUMNS, high * (row + 1)], [0, high * (row + 1)],
                ],
            }
            for row, word in enumerate(words, start=1)
        ]
        for name, words in SHOWN.items()
    }  # fmt: skip
    (folder / "gt.json").write_text(json.dumps(labels))
    return read_set(folder)


@pytest.fixture
def library(signs: LabelledSet, pack: ModelPack, tmp_path: Path) -> Iterator[Library]:
    library = Library.open(tmp_path / "library", pack=pack, factory=fake_towers)
    library.add_root(signs.images)
    library.index_now(threading.Event())
    yield library
    library.close()


def test_sure_hits_are_right_where_the_photo_lists_the_word(
    library: Library, signs: LabelledSet
) -> None:
    found = keep_promises(library, signs, [])
    assert found is not None
    assert (found.contains, found.right) == (5, 5)
    wrong = dict(signs.words)
    wrong["b.jpg"] = [replace(wrong["b.jpg"][0], text="airport")]
    found = keep_promises(library, replace(signs, words=wrong), [])
    assert found is not None
    assert (found.contains, found.right) == (4, 4)  # nobody asks for "station" any more
    assert found.absent == found.shown == 0


def test_absent_words_are_those_that_no_label_holds(library: Library, signs: LabelledSet) -> None:
    wrong = dict(signs.words)
    wrong["b.jpg"] = [replace(wrong["b.jpg"][0], text="airport")]
    found = keep_promises(
        library, replace(signs, words=wrong), ["station", "bake", "quiver", "rhythm"]
    )
    assert found is not None
    # "bake" stands in "bakery"; the photo of the station is sure of its word, whatever the label.
    assert (found.absent, found.shown) == (3, 1)


def test_of_many_words_some_are_asked_evenly_apart(
    library: Library, signs: LabelledSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "WORDS", 3)  # bakery, garage and open, not the station
    found = keep_promises(library, signs, [])
    assert found is not None
    assert found.contains == 4
    some = evenly(range(599), 300)
    assert (len(some), some[0]) == (300, 0)
    assert {after - before for before, after in pairwise(some)} == {1, 2}
    assert evenly("abc", 9) == ["a", "b", "c"]


def word(text: str, left: float, top: float, wide: float = 40, high: float = 20) -> Word:
    corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
    return Word(text, np.array(corners, np.float32))


def test_phrases_are_words_beside_each_other_on_a_line(signs: LabelledSet) -> None:
    line = [word("Best", 0, 0), word("before", 50, 2), word("on", 100, 0), word("May", 300, 0)]
    below = [word("to", 0, 40), word("go", 50, 40), word("€", 95, 40)]
    found = phrases_of(replace(signs, words={"a.jpg": line + below, "b.jpg": line[:2]}))
    assert found == {
        "best before": {"a.jpg", "b.jpg"},
        "before on": {"a.jpg"},
        "best before on": {"a.jpg"},
    }


def test_phrases_are_counted_where_their_photo_comes_first(
    library: Library, signs: LabelledSet
) -> None:
    shown = {
        "a.jpg": [word("open", 0, 0), word("bakery", 45, 0)],
        "b.jpg": [word("no", 0, 0), word("garage", 45, 0)],
        "c.jpg": [],
    }
    found = keep_promises(library, replace(signs, words=shown), [])
    assert found is None  # a photo without labels may show anything
    shown["c.jpg"] = [word("garage", 0, 0)]
    found = keep_promises(library, replace(signs, words=shown), [])
    assert found is not None
    assert (found.phrases, found.first) == (2, 1)


def test_sets_without_places_or_with_queries_of_their_own_promise_nothing(
    library: Library, signs: LabelledSet
) -> None:
    places = {name: [Word(one.text, None) for one in some] for name, some in signs.words.items()}
    assert keep_promises(library, replace(signs, words=places), []) is None
    asked = replace(signs, asked={"bakery": frozenset({"a.jpg"})})
    assert keep_promises(library, asked, []) is None
