"""The page of lost queries, of a set that is measured through the real library."""

import json
import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import LibraryError
from engine.library import Library
from engine.packs import ModelPack
from export.evaluation.page import make_folder, write_page
from export.evaluation.run import Examined, examine
from export.evaluation.sets import read_set
from tests.fakes import COLUMNS, ROWS, fake_towers, photo

WIDTH, HEIGHT = 320, 180
_UNCLOSED = {"meta", "input", "img"}


def quad(row: int, word: str) -> list[list[float]]:
    """Where ``photo`` paints a word."""
    right, top = WIDTH * len(word) / COLUMNS, HEIGHT * row / ROWS
    bottom = HEIGHT * (row + 1) / ROWS
    return [[0, top], [right, top], [right, bottom], [0, bottom]]


class Page(HTMLParser):
    """Checks that every element is closed, and gathers what is said and referred to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.classes: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNCLOSED:
            self.open.append(tag)
        self._note(dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(dict(attrs))

    def _note(self, attributes: dict[str, str | None]) -> None:
        self.addresses += [attributes[key] or "" for key in ("href", "src") if key in attributes]
        self.ids.append(attributes.get("id") or "")
        self.classes += (attributes.get("class") or "").split()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """Three photos; one is said to show “unseen” and “<b>”, which none does; one is damaged."""
    from tests.fakes import fake_pack

    folder = tmp_path_factory.mktemp("page") / "signs & boards"
    shown = {"a.jpg": ["bakery", "open"], "b.jpg": ["station"], "c.jpg": ["garage"]}
    labels = {}
    for name, words in shown.items():
        photo(folder / "images" / name, *words, size=(WIDTH, HEIGHT))
        labels[name] = [
            {"text": word, "quad": quad(row, word)} for row, word in enumerate(words, 1)
        ]
    labels["c.jpg"].append({"text": "unseen", "quad": quad(6, "unseen")})
    (folder / "images" / "d.jpg").write_bytes(b"no photo at all")
    labels["d.jpg"] = [{"text": "bakery", "quad": quad(1, "bakery")}]
    (folder / "gt.json").write_text(json.dumps(labels))
    pack = fake_pack(folder)
    return examine(read_set(folder), partial(Library.open, pack=pack, factory=fake_towers))


def test_the_page_is_whole_and_refers_only_to_what_lies_beside_it(
    examined: Examined, tmp_path: Path
) -> None:
    written = write_page(tmp_path / "report", [examined, examined])
    text = written.read_text("utf-8")
    page = Page(text)
    assert page.addresses
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.ids
        else:
            assert (written.parent / address).is_file()
    named = [one for one in page.ids if one]
    assert len(named) == len(set(named))
    assert "http" not in text
    assert "<script" not in text


def test_the_page_says_why_each_query_lost(examined: Examined, tmp_path: Path) -> None:
    page = Page(write_page(tmp_path, [examined]).read_text("utf-8"))
    assert "signs & boards" in page.text
    assert "5 queries, of which 2 lost" in page.text
    assert re.search(r"unseen.*not detected.*of 4", page.text, re.DOTALL)
    assert re.search(r"bakery.*not opened.*The photo was skipped|the photo was skipped", page.text)
    assert "NOT_DETECTED" in page.classes
    assert "NOT_OPENED" in page.classes
    assert "MISREAD" not in page.classes
    assert {"region", "place", "rival"} <= set(page.classes)


def test_photos_lie_beside_the_page_small_and_once(examined: Examined, tmp_path: Path) -> None:
    write_page(tmp_path, [examined, examined])
    copies = sorted((tmp_path / "photos").iterdir())
    assert 1 <= len(copies) <= 3
    with Image.open(copies[0]) as copy:
        assert copy.size == (WIDTH, HEIGHT)


def test_a_set_without_losses_says_so(examined: Examined, tmp_path: Path) -> None:
    perfect = Examined(examined.labelled, examined.measurement, examined.shown, [])
    page = Page(write_page(tmp_path, [perfect]).read_text("utf-8"))
    assert "ranked all of its photos first" in page.text


def test_a_folder_that_cannot_be_written_to_is_named(examined: Examined, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be written to"):
        write_page(tmp_path / "file", [examined])
    with pytest.raises(LibraryError, match="cannot be written to"):
        make_folder(tmp_path / "file" / "page")
    make_folder(tmp_path / "new" / "page")
    assert not list((tmp_path / "new" / "page").iterdir())


def test_the_measurement_counts_the_causes(examined: Examined, pack: ModelPack) -> None:
    losses = examined.measurement.to_json()["losses"]
    assert losses["not detected"] == 1
    assert losses["not opened"] == 1
    assert json.loads(json.dumps(losses)) == losses
