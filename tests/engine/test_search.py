"""A search finds the photos that show the words, ranks them, and shows its evidence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import candidates, search
from engine.catalogue import Catalogue
from engine.colours import Colours
from engine.index import ExactIndex, HnswIndex, VectorIndex
from engine.packs import ModelPack
from engine.regions import Region
from engine.scoring import Scorable
from engine.search import Answer, Searcher
from tests.fakes import EMBEDDING_SIZE, FakeTowers, embedding_of

Quad = Sequence[tuple[float, float]]


def box(x: float, y: float, width: float = 100, height: float = 30) -> Quad:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


LINE = [box(10, 100), box(125, 103)]
STACK = [box(10, 100), box(15, 140)]
APART = [box(10, 100), box(500, 400)]
BACKWARDS = [box(125, 103), box(10, 100)]
RED, BLUE = Colours((220, 20, 20), (255, 255, 255)), Colours((30, 70, 200), (250, 220, 40))


class LetterScorer:
    """Reads the lattice as the word itself, so that a test says what each region shows."""

    def probabilities(
        self,
        word: str,
        similarities: NDArray[np.float32],
        regions: Sequence[Scorable],
        *,
        prefix: bool = False,
        whole: bool = False,
    ) -> NDArray[np.float32]:
        shown = [region.lattice.decode() for region in regions]
        sure = [text.startswith(word) if prefix else text == word for text in shown]
        near = np.clip(similarities, 0, 1) ** 4 / 5
        held = [not (prefix or whole) and word in text for text in shown]
        return np.select([sure, held], [0.95, 0.5], near).astype(np.float32)

    def band(self, probability: float) -> str:
        return "contains" if probability > 0.7 else "probably" if probability > 0.3 else "weak"


class Shelf:
    """A catalogue of photos that were never taken."""

    def __init__(self, folder: Path, pack: ModelPack) -> None:
        self.file = folder / "catalogue.sqlite"
        self.pack = pack
        self.catalogue = Catalogue.open(self.file, write=True)
        self.root = self.catalogue.add_root(folder)
        self.pack_id = self.catalogue.pack_id(pack)
        self.index: VectorIndex = ExactIndex(lambda: self.catalogue.regions(self.pack_id))
        self.embedded: list[str] = []
        self.searcher = Searcher(
            self.reading, lambda: self.index, self.embed_words, LetterScorer(), pack
        )

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += words
        return FakeTowers().embed_words(words)

    @contextmanager
    def reading(self) -> Iterator[Catalogue]:
        with Catalogue.open(self.file, write=False) as catalogue:
            yield catalogue

    def put(
        self,
        name: str,
        *words: str,
        quads: Sequence[Quad] = (),
        copy_of: str = "",
        looks: Sequence[Colours | None] = (),
    ) -> None:
        """A photo whose words stand far apart, unless ``quads`` says where."""
        path = self.root.path / name
        with self.catalogue.batch():
            known = self.catalogue.record_photo(self.root.root_id, path, 10, 5)
            content = self.catalogue.content(
                (copy_of or name).encode().ljust(16)[:16], 10, 800, 600
            )
            places = quads or [box(10, 10 + 200 * row) for row in range(len(words))]
            regions = [
                Region(
                    np.array(quad, np.float32),
                    embedding_of(word).astype(np.float16),
                    word.encode(),
                    word,
                    0.9,
                    colours=colours,
                )
                for word, quad, colours in zip(
                    words, places, looks or [None] * len(words), strict=True
                )
            ]
            self.catalogue.store_regions(content, self.pack_id, regions)
            self.catalogue.settle_photo(known, 10, 5, content)

    def ask(self, query: str, *, limit: int = 200, everything: bool = False) -> Answer:
        return self.searcher.ask(query, limit=limit, everything=everything)

    def find(self, query: str, *, limit: int = 200) -> list[str]:
        """The names of the photos that are surely or probably found."""
        hits = self.ask(query, limit=limit).hits
        return [Path(hit.path).name for hit in hits if hit.band != "weak"]

    def scores(self, query: str) -> dict[str, float]:
        return {Path(hit.path).name: hit.score for hit in self.ask(query).hits}


@pytest.fixture
def shelf(tmp_path: Path, pack: ModelPack) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path, pack)
    yield shelf
    shelf.catalogue.close()


def test_a_word_finds_the_photos_that_show_it(shelf: Shelf) -> None:
    shelf.put("bakery.jpg", "fresh", "bread")
    shelf.put("street.jpg", "exit")
    answer = shelf.ask("Bread")
    assert answer.words == ["bread"]
    assert answer.seconds > 0
    (hit,) = [hit for hit in answer.hits if hit.band == "contains"]
    assert Path(hit.path) == shelf.root.path / "bakery.jpg"
    assert (hit.width, hit.height, hit.online, hit.mtime_ns) == (800, 600, True, 5)
    (region,) = hit.regions
    assert region.quad == box(10, 210)
    assert (region.word, region.reading) == ("bread", "bread")
    assert region.similarity == pytest.approx(1, abs=0.01)
    assert region.probability == pytest.approx(hit.score) == pytest.approx(0.95)


def test_nothing_to_find_finds_nothing(shelf: Shelf) -> None:
    assert shelf.ask("bread").hits == []
    shelf.put("bakery.jpg", "bread")
    assert shelf.ask("").hits == []
    assert shelf.ask("東京 ...").words == []
    assert shelf.ask("-bread").hits == []
    assert shelf.ask("", everything=True).hits == []
    assert shelf.embedded == ["bread"]


def test_all_words_must_be_there(shelf: Shelf) -> None:
    shelf.put("both.jpg", "fresh", "bread")
    shelf.put("one.jpg", "bread")
    shelf.put("other.jpg", "fresh")
    assert shelf.find("fresh bread") == ["both.jpg"]
    assert [region.word for region in shelf.ask("fresh bread").hits[0].regions] == [
        "fresh",
        "bread",
    ]


def test_one_choice_is_enough(shelf: Shelf) -> None:
    shelf.put("a.jpg", "coffee", "open")
    shelf.put("b.jpg", "tea", "open")
    shelf.put("c.jpg", "milk", "open")
    assert shelf.find("coffee OR tea open") == ["a.jpg", "b.jpg"]


def test_what_a_photo_need_not_show_is_not_lit(shelf: Shelf) -> None:
    shelf.put("a.jpg", "coffee", "tables", "ten")
    for query in ("coffee OR tea", "the coffee"):
        (hit,) = shelf.ask(query).hits
        assert [region.word for region in hit.regions] == ["coffee"]
    # Something is lit on everything that is shown.
    assert all(hit.regions for hit in shelf.ask("tabled OR the").hits)


def test_one_region_does_not_count_for_two_words(shelf: Shelf) -> None:
    shelf.put("a.jpg", "woman", "cheeseburger")
    assert shelf.find("woman") == shelf.find("man") == ["a.jpg"]
    assert shelf.find("man woman") == shelf.find('"man woman"') == []
    assert shelf.find("cheese burger") == shelf.find('"cheese burger"') == ["a.jpg"]
    assert shelf.find('"burger cheese"') == []


def test_function_words_and_pairs_of_letters_are_no_parts_of_others(shelf: Shelf) -> None:
    shelf.put("a.jpg", "weather")
    shelf.put("b.jpg", "the", "er")
    assert shelf.find("the") == shelf.find("er") == ["b.jpg"]
    assert shelf.find("eat") == ["a.jpg"]
    assert shelf.find("we*") == ["a.jpg"]


def test_what_stands_in_a_longer_reading_is_no_guess(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LetterScorer, "band", lambda self, p: "probably" if p > 0.6 else "weak")
    shelf.put("a.jpg", "bookshop", "tea", looks=[BLUE, BLUE])
    shelf.put("b.jpg", "books", "tea", looks=[BLUE, BLUE])
    for query in ("shop", "tea shop", "the shop", "shop color:blue", "shop -shops"):
        (hit, *others) = shelf.ask(query).hits
        assert (Path(hit.path).name, hit.band) == ("a.jpg", "probably")
        assert [region.reading for region in hit.regions if region.word == "shop"] == ["bookshop"]
        assert {other.band for other in others} <= {"weak"}
    assert shelf.ask("shop").hits[0].score == pytest.approx(0.5)
    for query in ('"shop"', "shop color:red", "shop exit", '"tea shop"'):
        assert shelf.find(query) == []


def test_an_excluded_word_and_one_in_quotes_are_no_parts_of_others(shelf: Shelf) -> None:
    shelf.put("a.jpg", "menu", "price")
    shelf.put("b.jpg", "menu", "ice")
    assert shelf.find("menu -ice") == ["a.jpg"]
    assert shelf.find('menu "ice"') == ["b.jpg"]
    assert shelf.find("menu ice") == ["b.jpg", "a.jpg"]


def test_excluded_words_take_photos_out(shelf: Shelf) -> None:
    shelf.put("a.jpg", "coffee")
    shelf.put("b.jpg", "coffee", "tea")
    shelf.put("c.jpg", "coffee", "ice", "cream", quads=[box(0, 300), box(0, 0), box(110, 0)])
    assert shelf.find("coffee -tea") == ["a.jpg", "c.jpg"]
    assert shelf.find('coffee -"ice cream"') == ["a.jpg", "b.jpg"]


def test_an_excluded_phrase_must_stand_there_as_a_whole(shelf: Shelf) -> None:
    places = [box(0, 300), *APART]
    shelf.put("apart.jpg", "coffee", "ice", "cream", quads=places)
    shelf.put("back.jpg", "coffee", "ice", "cream", quads=[places[0], *BACKWARDS])
    shelf.put("line.jpg", "coffee", "ice", "cream", quads=[places[0], *LINE])
    shelf.put("one.jpg", "coffee", "icecream")
    assert shelf.find('coffee -"ice cream"') == ["apart.jpg", "back.jpg"]
    shelf.put("bank.jpg", "bank", "open")
    assert shelf.find('bank -"the bank"') == ["bank.jpg"]
    assert shelf.find('bank -"open bank"') == ["bank.jpg"]


def test_words_of_a_longer_excluded_phrase_follow_each_other(shelf: Shelf) -> None:
    twice = [box(10, 10), box(10, 300), box(125, 300), box(10, 500), box(125, 500)]
    shelf.put("a.jpg", "tea", "no", "dogs", "dogs", "here", quads=twice)
    shelf.put("b.jpg", "tea", "no", "dogs", "here", quads=[*twice[:3], box(240, 300)])
    assert shelf.find('tea -"no dogs here"') == ["a.jpg"]
    assert shelf.find('tea -"no dogs"') == shelf.find('tea -"dogs here"') == []


def test_a_frequent_word_is_excluded_from_every_photo(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in {"_FIRST": 4, "_MOST": 16, "_MOST_READ": 16, "_COMPLETED": 2}.items():
        monkeypatch.setattr(candidates, name, most)
    monkeypatch.setattr(search, "_CHECKED", 3)
    for number in range(40):
        shelf.put(f"{number}.jpg", "total", *(["cash"] if number >= 32 else []))
    for number in range(40, 44):
        shelf.put(f"{number}.jpg", "cash")
    assert len(shelf.find("cash")) == 12
    assert shelf.find("cash -total") == [f"{number}.jpg" for number in range(40, 44)]
    assert shelf.find("cash -total", limit=2) == ["40.jpg", "41.jpg"]
    photos = [hit.photo_id for hit in shelf.ask("cash").hits]
    assert len(shelf.searcher.excluded("tea -total", photos)) == 8
    assert shelf.searcher.excluded("tea", photos) == set()


def test_a_prefix_finds_every_ending(shelf: Shelf) -> None:
    shelf.put("a.jpg", "chocolate")
    shelf.put("b.jpg", "choc")
    shelf.put("c.jpg", "cocoa")
    assert shelf.find("choc*") == ["a.jpg", "b.jpg"]
    assert shelf.find("choc") == ["b.jpg", "a.jpg"]  # the word itself before those it stands in


def test_a_function_word_weighs_less(shelf: Shelf) -> None:
    shelf.put("a.jpg", "bank")
    shelf.put("b.jpg", "the")
    scores = shelf.scores("the bank")
    assert scores["a.jpg"] > 5 * scores.get("b.jpg", 0)
    assert shelf.find("the") == ["b.jpg"]


def test_a_phrase_prefers_words_that_stand_together(shelf: Shelf) -> None:
    for name, quads in {"line": LINE, "stack": STACK, "apart": APART, "back": BACKWARDS}.items():
        shelf.put(f"{name}.jpg", "open", "late", quads=quads)
    scores = shelf.scores('"open late"')
    assert scores["line.jpg"] > scores["stack.jpg"] > scores["apart.jpg"] == scores["back.jpg"]
    assert shelf.find('"open late"')[:2] == ["line.jpg", "stack.jpg"]


def test_plain_words_that_stand_together_come_first(shelf: Shelf) -> None:
    shelf.put("a apart.jpg", "open", "late", quads=APART)
    shelf.put("b line.jpg", "open", "late", quads=LINE)
    assert shelf.find("open late") == ["b line.jpg", "a apart.jpg"]


def test_two_words_that_are_one_region_are_found_by_both(shelf: Shelf) -> None:
    shelf.put("can.jpg", "cocacola")
    shelf.put("shop.jpg", "cola")
    for query in ("coca cola", '"coca cola"', "coca-cola", "Coca Cola"):
        assert shelf.find(query) == ["can.jpg"]
    region = shelf.ask("coca cola").hits[0].regions[0]
    assert (region.word, region.reading) == ("cocacola", "cocacola")


def test_every_copy_is_a_hit_of_its_own(shelf: Shelf) -> None:
    shelf.put("b.jpg", "bread", copy_of="x")
    shelf.put("a.jpg", "bread", copy_of="x")
    shelf.put("c.jpg", "bread")
    assert shelf.find("bread") == ["a.jpg", "b.jpg", "c.jpg"]


def test_equals_are_ordered_by_path_also_at_the_limit(shelf: Shelf) -> None:
    for number in (5, 3, 1, 4, 2):
        shelf.put(f"{number}.jpg", "bread")
    assert shelf.find("bread", limit=3) == ["1.jpg", "2.jpg", "3.jpg"]
    assert shelf.find("bread", limit=0) == [f"{number}.jpg" for number in range(1, 6)]


@pytest.mark.parametrize("scored_all", [0, 1000])
def test_everything_ranks_every_photo_that_has_a_region(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, scored_all: int
) -> None:
    monkeypatch.setattr(candidates, "_SCORED_ALL", scored_all)
    for number in range(30):
        shelf.put(f"{number:02}.jpg", f"other{number}", "exit")
    shelf.put("bread.jpg", "bread")
    shelf.put("empty.jpg")
    answer = shelf.ask("bread", limit=0, everything=True)
    assert len(answer.hits) == 31
    assert Path(answer.hits[0].path).name == "bread.jpg"
    assert all(len(hit.regions) == 1 for hit in answer.hits)
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert len(shelf.ask("bread", limit=7, everything=True).hits) == 7


def test_everything_sees_photos_that_came_and_went(shelf: Shelf) -> None:
    shelf.put("a.jpg", "bread")
    assert len(shelf.ask("bread", everything=True).hits) == 1
    shelf.put("b.jpg", "bread")
    assert len(shelf.ask("bread", everything=True).hits) == 2
    photo = shelf.ask("bread", everything=True).hits[0].photo_id
    shelf.catalogue.mark_gone([photo])
    assert len(shelf.ask("bread", everything=True).hits) == 1


def test_everything_of_nothing_is_nothing(shelf: Shelf) -> None:
    assert shelf.ask("bread", everything=True).hits == []


def test_a_photo_that_went_is_no_longer_found(shelf: Shelf) -> None:
    shelf.put("a.jpg", "bread")
    graph = HnswIndex(EMBEDDING_SIZE)
    assert graph.fill(lambda after: shelf.catalogue.regions(shelf.pack_id, after))
    shelf.index = graph
    shelf.catalogue.mark_gone([shelf.ask("bread").hits[0].photo_id])
    assert shelf.find("bread") == []


def test_an_offline_photo_is_found_and_says_so(shelf: Shelf) -> None:
    shelf.put("a.jpg", "bread")
    shelf.put("b.jpg", "bread")
    shelf.catalogue.mark_missing([shelf.ask("bread").hits[1].photo_id], missing=True)
    assert [hit.online for hit in shelf.ask("bread").hits] == [True, False]
    shelf.catalogue.set_root_state(shelf.root.root_id, online=False, device=None)
    assert [hit.online for hit in shelf.ask("bread").hits] == [False, False]


def test_more_candidates_are_looked_at_while_they_matter(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_FIRST", 4)
    for number in range(40):
        shelf.put(f"{number:02}.jpg", "bread", f"other{number}")
    assert len(shelf.find("bread")) == 40


def test_a_frequent_word_is_looked_for_in_the_photos_of_a_rare_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_FIRST", 4)
    monkeypatch.setattr(candidates, "_MOST", 8)
    for number in range(40):
        shelf.put(f"{number:02}.jpg", "total", f"other{number}")
    # Not even by its reading: as if the towers had misread it.
    monkeypatch.setattr(
        Catalogue, "regions_reading", lambda self, pack_id, *_, **__: self.regions_of(pack_id, [])
    )
    assert len(shelf.find("total")) == 8
    assert shelf.find("total other37") == ["37.jpg"]


def test_a_word_is_looked_for_in_more_photos_where_more_are_asked_for(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in {"_FIRST": 2, "_MOST": 4, "_MOST_READ": 4, "_USUAL_LIMIT": 4}.items():
        monkeypatch.setattr(candidates, name, most)
    for number in range(40):
        shelf.put(f"{number:02}.jpg", "bread", "tea")
    assert [len(shelf.find("bread", limit=limit)) for limit in (3, 30, 0)] == [3, 30, 40]
    assert len(shelf.find("bread tea", limit=30)) == 30


def test_photos_that_go_while_a_word_is_looked_for_are_no_error(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_FIRST", 4)
    monkeypatch.setattr(candidates, "_MOST", 8)
    monkeypatch.setattr(candidates, "_MOST_READ", 8)
    for number in range(40):
        shelf.put(f"{number:02}.jpg", "total", f"other{number}")
    regions_of = Catalogue.regions_of
    monkeypatch.setattr(
        Catalogue, "regions_of", lambda self, pack_id, _: regions_of(self, pack_id, [])
    )
    assert shelf.find("total other37") == []


def test_a_reading_is_found_where_its_embedding_is_not(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.jpg", "bread")
    monkeypatch.setattr(shelf, "index", HnswIndex(EMBEDDING_SIZE))
    assert shelf.find("bread") == ["a.jpg"]
    assert shelf.find("brea*") == ["a.jpg"]


def test_a_word_is_found_inside_others_far_from_its_embedding(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.jpg", "cheeseburger")
    shelf.put("b.jpg", "24mar2018034422pm")
    monkeypatch.setattr(shelf, "index", HnswIndex(EMBEDDING_SIZE))
    assert shelf.find("burger") == ["a.jpg"]
    assert shelf.find("24mar2018") == ["b.jpg"]
    assert not shelf.ask("er").hits  # two letters stand in too many readings
    assert not shelf.ask("burger*").hits


def test_a_part_of_a_frequent_word_is_looked_for_in_the_photos_of_a_rare_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_MOST_READ", 8)
    monkeypatch.setattr(shelf, "index", HnswIndex(EMBEDDING_SIZE))
    for number in range(30):
        shelf.put(f"{number:02}.jpg", "phone")
    shelf.put("rare.jpg", "telephone", *(f"phon{letter}" for letter in "abcdfg"), "acme")
    assert shelf.find("phone acme") == ["rare.jpg"]
    assert shelf.find("acme -telephone") == []


def test_everything_weighs_what_a_word_stands_in(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_SCORED_ALL", "_BEST_OF_ALL", "_BEST_OF_EACH"):
        monkeypatch.setattr(candidates, name, 1)
    shelf.put("a.jpg", "burden", "24cheeseburgers")  # "burden" is the nearer one
    (hit,) = shelf.ask("burger", limit=0, everything=True).hits
    assert hit.band == "probably"


def test_a_word_is_embedded_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "_REMEMBERED_WORDS", 2)
    shelf.put("a.jpg", "bread")
    for _ in range(3):
        shelf.ask("bread")
    assert shelf.embedded == ["bread"]
    for word in ("butter", "jam", "bread"):
        shelf.ask(word)
    assert shelf.embedded == ["bread", "butter", "jam", "bread"]


def test_searches_run_in_several_threads(shelf: Shelf) -> None:
    for number in range(20):
        shelf.put(f"{number:02}.jpg", "bread", f"word{number}")
    found: list[list[str]] = []
    asking: list[Callable[[], None]] = [lambda: found.append(shelf.find("bread"))] * 4
    threads = [threading.Thread(target=ask) for ask in asking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[f"{number:02}.jpg" for number in range(20)]] * 4


def of_whole_photos(shelf: Shelf) -> Searcher:
    """A searcher of a pack that does not know where words stand."""
    return Searcher(
        shelf.reading,
        lambda: shelf.index,
        shelf.embed_words,
        LetterScorer(),
        shelf.pack,
        places=False,
    )


def test_of_whole_photos_nothing_is_made_of_how_words_stand_together(shelf: Shelf) -> None:
    shelf.put("far.jpg", "fresh", "bread", quads=[box(10, 10), box(600, 500)])
    shelf.put("near.jpg", "fresh", "bread", quads=[box(10, 10), box(115, 10)])
    whole = of_whole_photos(shelf)
    for query in ("fresh bread", '"fresh bread"'):
        scores = [hit.score for hit in whole.ask(query).hits]
        assert scores == pytest.approx([0.95, 0.95])
        assert shelf.scores(query)["near.jpg"] > shelf.scores(query)["far.jpg"]


def test_a_word_is_found_in_the_colour_that_was_asked_for(shelf: Shelf) -> None:
    shelf.put("red.jpg", "sale", "exit", looks=[RED, BLUE])
    shelf.put("blue.jpg", "sale", "exit", looks=[BLUE, RED])
    assert shelf.find("sale") == ["blue.jpg", "red.jpg"]
    assert shelf.find("sale color:red") == ["red.jpg"]
    assert shelf.find("sale on:yellow") == ["blue.jpg"]
    assert shelf.find("sale exit color:red") == []
    assert shelf.find("sale color:red OR color:blue") == ["blue.jpg", "red.jpg"]


def test_a_word_of_the_wrong_colour_is_no_weak_hit_either(shelf: Shelf) -> None:
    shelf.put("blue.jpg", "sale", looks=[BLUE])
    assert shelf.ask("sale color:red").hits == []


def test_of_two_places_of_a_word_the_one_that_looks_right_is_lit(shelf: Shelf) -> None:
    shelf.put("both.jpg", "sale", "sale", looks=[BLUE, RED])
    (hit,) = shelf.ask("sale color:red").hits
    assert [region.quad for region in hit.regions] == [box(10, 210)]


def test_unknown_colours_are_weak_hits_and_are_not_ruled_out(shelf: Shelf) -> None:
    shelf.put("old.jpg", "sale")
    shelf.put("red.jpg", "sale", looks=[RED])
    hits = shelf.ask("sale color:red").hits
    assert [(Path(hit.path).name, hit.band) for hit in hits] == [
        ("red.jpg", "contains"),
        ("old.jpg", "weak"),
    ]
    assert shelf.find("sale -color:red") == ["old.jpg"]


def test_sizes_and_places_are_those_of_the_word(shelf: Shelf) -> None:
    shelf.put("top.jpg", "sale", quads=[box(10, 10, 300, 80)])
    shelf.put("bottom.jpg", "sale", quads=[box(10, 500, 30, 12)])
    for query in ("sale at:top", "sale at:top-left", "sale size:large", "sale -size:small"):
        assert shelf.find(query) == ["top.jpg"]
    for query in ("sale at:bottom at:left", "sale size:small", "sale -at:top"):
        assert shelf.find(query) == ["bottom.jpg"]
    assert shelf.find("sale at:top size:small") == []


def test_a_word_read_alone_and_with_its_neighbour_is_lit_once(shelf: Shelf) -> None:
    shelf.put("a.jpg", "sale", "sale2", "sale", quads=[
        box(10, 10, 100), box(10, 10, 130), box(10, 300, 100)])  # fmt: skip
    (hit,) = shelf.ask("sale").hits
    assert [region.quad for region in hit.regions] == [box(10, 10, 100), box(10, 300, 100)]


def test_an_attribute_alone_finds_any_sure_lettering_like_that(shelf: Shelf) -> None:
    shelf.put("a.jpg", "sale", "exit", looks=[RED, BLUE])
    shelf.put("b.jpg", "tea", looks=[BLUE])
    shelf.put("c.jpg", "i", looks=[RED])  # one letter may be a blot
    answer = shelf.ask("color:red")
    assert answer.words == ["color:red"]
    (hit,) = answer.hits
    assert (Path(hit.path).name, hit.band) == ("a.jpg", "contains")
    assert [(region.word, region.quad) for region in hit.regions] == [("sale", box(10, 10))]
    assert shelf.find("color:blue") == ["a.jpg", "b.jpg"]
    assert shelf.find("color:blue -sale") == ["b.jpg"]
    assert shelf.find("color:blue", limit=1) == ["a.jpg"]
    assert shelf.ask("color:green").hits == []
    assert shelf.ask("-color:red").hits == []


def test_two_words_that_are_one_region_have_its_colour(shelf: Shelf) -> None:
    shelf.put("red.jpg", "cocacola", looks=[RED])
    shelf.put("blue.jpg", "cocacola", looks=[BLUE])
    assert shelf.find("coca cola color:red") == ["red.jpg"]
    assert shelf.find('"coca cola" color:blue') == ["blue.jpg"]


@pytest.mark.parametrize("limit", [1, 0])
def test_the_right_colour_is_found_behind_many_of_the_wrong_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(candidates, "_FIRST", 4)
    monkeypatch.setattr(
        Catalogue, "regions_reading", lambda self, pack_id, *_, **__: self.regions_of(pack_id, [])
    )
    for number in range(40):
        shelf.put(f"{number:02}.jpg", "sale", looks=[RED if number == 37 else BLUE])
    assert shelf.find("sale color:red", limit=limit) == ["37.jpg"]


def test_a_pack_that_sees_photos_as_a_whole_does_not_guess(shelf: Shelf) -> None:
    shelf.put("red.jpg", "sale", looks=[RED])
    whole = of_whole_photos(shelf)
    assert whole.ask("sale").hits
    assert whole.ask("sale color:red").hits == whole.ask("sale -at:top").hits == []
