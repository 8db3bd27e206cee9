"""The demonstration, on pictures that the fake towers read."""

import json
import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from engine import demo
from engine.errors import LibraryError
from engine.library import Library
from engine.packs import ModelPack
from tests.fakes import fake_towers, photo


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    words = {
        "cafe.jpg": ["espresso", "open"],
        "shop.jpg": ["bakery", "open"],
        "street.jpg": ["station", "42"],
        "wall.jpg": [],
    }
    folder = tmp_path / "samples"
    for name, shown in words.items():
        photo(folder / name, *shown)
    (folder / "samples.json").write_text(json.dumps(words))
    return folder


def test_it_indexes_the_samples_and_prints_what_three_queries_find(
    samples: Path, tmp_path: Path, pack: ModelPack
) -> None:
    lines: list[str] = []
    open_library = partial(Library.open, pack=pack, factory=fake_towers)
    library = tmp_path / "library"
    answers = demo.run(library, lines.append, samples=samples, open_library=open_library)
    assert [answer.query for answer in answers] == ["open", "station"]
    assert {Path(hit.path).name for hit in answers[0].hits} == {"cafe.jpg", "shop.jpg"}
    printed = "\n".join(lines)
    assert "4 sample photos with 6 words" in printed
    assert "“open”: 2 photos" in printed
    assert "street.jpg  station" in printed


def test_a_second_run_only_searches(samples: Path, tmp_path: Path, pack: ModelPack) -> None:
    open_library = partial(Library.open, pack=pack, factory=fake_towers)
    first, second = (
        demo.run(tmp_path / "library", lambda _: None, samples=samples, open_library=open_library)
        for _ in range(2)
    )
    assert [answer.hits for answer in first] == [answer.hits for answer in second]


def test_the_samples_of_another_installation_are_not_shown_twice(
    samples: Path, tmp_path: Path, pack: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "sample_library", lambda: tmp_path / "cache")
    elsewhere = shutil.copytree(samples, tmp_path / "elsewhere")
    open_library = partial(Library.open, pack=pack, factory=fake_towers)
    for folder in (elsewhere, samples):
        answers = demo.run(None, lambda _: None, samples=folder, open_library=open_library)
    assert {Path(hit.path).parent for hit in answers[0].hits} == {samples}


def test_a_library_of_the_persons_own_keeps_its_folders(
    samples: Path, tmp_path: Path, pack: ModelPack
) -> None:
    open_library = partial(Library.open, pack=pack, factory=fake_towers)
    mine = photo(tmp_path / "mine" / "beach.jpg", "beach").parent
    with closing(open_library(tmp_path / "library")) as library:
        library.add_root(mine)
    demo.run(tmp_path / "library", lambda _: None, samples=samples, open_library=open_library)
    with closing(open_library(tmp_path / "library")) as library:
        assert {root.path for root in library.roots()} == {mine, samples}


def test_queries_are_words_of_different_photos_the_most_frequent_first() -> None:
    words = {
        "a.jpg": ["Sale", "OPEN", "Bäckerei"],
        "b.jpg": ["sale!", "12345", "cat"],
        "c.jpg": ["Exit"],
    }
    assert demo.choose_queries(words) == ["sale", "exit"]
    assert demo.choose_queries(words, 1) == ["sale"]


def test_a_hit_is_told_in_one_line_and_the_rest_counted(tmp_path: Path, pack: ModelPack) -> None:
    folder = tmp_path / "photos"
    words = {f"{number}.png": ["museum"] for number in range(6)}
    for number, name in enumerate(words):
        photo(folder / name, "museum", variant=number)
    (folder / "samples.json").write_text(json.dumps(words))
    lines: list[str] = []
    open_library = partial(Library.open, pack=pack, factory=fake_towers)
    demo.run(tmp_path / "library", lines.append, samples=folder, open_library=open_library)
    assert sum(line.endswith("museum") for line in lines) == demo.SHOWN_HITS
    assert "  and 2 more" in lines


def test_an_installation_without_samples_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="sample photos are missing"):
        demo.run(tmp_path / "library", lambda _: None, samples=tmp_path)
