"""The OCR control's scores, against cases worked out by hand."""

import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import LibraryError
from export.data.annotations import box
from export.evaluation import control
from export.evaluation.detection import Detection, Quad, overlap
from export.evaluation.sets import LabelledSet, Word


class Scripted:
    """Reads the photos that ``paint`` made, in which the red of a pixel tells them apart."""

    def __init__(self, texts: dict[str, list[str]], places: dict[str, list[Quad]]) -> None:
        self._texts = texts
        self._places = places
        self.searched: list[str] = []

    def read(self, pixels: NDArray[np.uint8]) -> list[str]:
        return self._texts[self._name(pixels)]

    def find_words(self, pixels: NDArray[np.uint8]) -> list[Quad]:
        self.searched.append(self._name(pixels))
        return self._places[self.searched[-1]]

    def _name(self, pixels: NDArray[np.uint8]) -> str:
        return list(self._texts)[int(pixels[0, 0, 2])]


def paint(folder: Path, photos: Iterable[str]) -> None:
    for number, photo in enumerate(photos):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / photo)


def score(query: str, lines: list[str]) -> float:
    return float(control.score([query], control.strings_of(lines))[0])


def test_lines_count_whole_and_word_by_word() -> None:
    assert control.strings_of(["Coca Cola!", "–", "Cola"]) == ["coca", "cocacola", "cola"]


def test_an_equal_word_scores_one() -> None:
    assert score("cola", ["Drink Coca-Cola", "COLA"]) == 1.0


def test_a_part_of_a_word_scores_just_less() -> None:
    assert score("cola", ["cocacola"]) == pytest.approx(0.99)


def test_a_query_is_no_part_of_two_strings_together() -> None:
    assert score("ab", ["a", "b"]) == 0.5


def test_otherwise_the_edit_distance_counts() -> None:
    assert score("exit", ["EX1T"]) == pytest.approx(0.75)
    assert score("exit", []) == 0.0


def test_a_phrase_counts_as_one_string_or_word_by_word() -> None:
    assert score("coca cola", ["Coca-Cola"]) == 1.0
    assert score("coca cola", ["cola", "light", "coca"]) == 1.0
    assert score("coca cola", ["cola", "cake"]) == pytest.approx((0.75 + 1) / 2)


def test_a_set_is_read_once_and_ranked(tmp_path: Path) -> None:
    texts = {"a.png": ["Exit only"], "b.png": ["Open"], "c.png": []}
    paint(tmp_path, texts)
    words = {"a.png": [Word("EXIT", None)], "b.png": [Word("0pen", None)], "c.png": []}
    labelled = LabelledSet("signs", tmp_path, words)

    measured = control.measure(labelled, Scripted(texts, {}))
    assert measured.program == "RapidOCR"
    assert measured.quality.mean_average_precision == 1.0
    assert measured.photos_per_second > 0
    assert measured.regions_per_photo == pytest.approx(3 / 3)
    assert measured.detection is None


def test_its_boxes_are_matched_with_words_that_have_places(tmp_path: Path) -> None:
    texts = {"a.png": ["Exit only"], "b.png": ["Open"], "c.png": ["Shut"]}
    place, other = box(0, 0, 10, 10), box(20, 0, 30, 10)
    half, unreadable = box(0, 0, 10, 5), box(40, 0, 50, 10)
    paint(tmp_path, texts)
    words = {
        "a.png": [Word("exit", place), Word("only", other)],
        "b.png": [Word("open", place)],
        "c.png": [Word("shut", None)],
    }
    labelled = LabelledSet("signs", tmp_path, words, ignored={"b.png": [unreadable]})
    reader = Scripted(texts, {"a.png": [half, box(60, 0, 70, 10)], "b.png": [unreadable]})
    measured = control.measure(labelled, reader)
    assert measured.detection == Detection(words=3, regions=2, matched=1)
    assert measured.regions_per_photo == pytest.approx(4 / 3)
    assert reader.searched == ["a.png", "b.png"]


def test_a_photo_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    texts = {"a.png": ["Exit"], "b.png": ["Open"]}
    paint(tmp_path, texts)
    (tmp_path / "a.png").write_bytes(b"no photo at all")
    place = box(0, 0, 10, 10)
    words = {photo: [Word(shown, place)] for photo, (shown,) in texts.items()}
    reader = Scripted(texts, {"b.png": [place]})
    measured = control.measure(LabelledSet("signs", tmp_path, words), reader)
    assert (measured.photos, measured.skipped) == (2, 1)
    assert measured.regions_per_photo == pytest.approx(1 / 2)
    assert measured.detection == Detection(words=2, regions=1, matched=1)
    assert measured.quality.top1 == pytest.approx(1 / 2)


def test_photos_are_those_that_photolex_sees_in_full_size(tmp_path: Path) -> None:
    seen: list[NDArray[np.uint8]] = []

    class Watching(Scripted):
        def read(self, pixels: NDArray[np.uint8]) -> list[str]:
            seen.append(pixels)
            return []

    clear = Image.new("RGBA", (3000, 8), (0, 0, 0, 0))
    clear.putpixel((0, 0), (10, 20, 30, 255))
    turned = Image.Exif()
    turned[0x0112] = 6
    clear.save(tmp_path / "a.png", exif=turned)
    control.measure(LabelledSet("signs", tmp_path, {"a.png": []}), Watching({}, {}))
    assert seen[-1].shape == (3000, 8, 3)
    assert seen[-1][0, 7].tolist() == [30, 20, 10]
    np.testing.assert_array_equal(seen[-1][1:], 255)


def test_pieces_of_a_line_are_joined_to_its_words() -> None:
    whole = box(0, 0, 30, 10)
    pieces = [("Exit", whole), ("on", box(40, 0, 50, 10)), ("ly", box(60, 0, 70, 10))]
    exit_, only = control.join_pieces(" Exit  only", [(text, q.tolist()) for text, q in pieces])
    assert exit_.tolist() == whole.tolist()
    assert overlap(only, box(40, 0, 70, 10)) == pytest.approx(1.0)


def test_pieces_of_a_tilted_word_get_the_rectangle_around_them() -> None:
    across = np.array([[0, 0], [10, 10], [5, 15], [-5, 5]], np.float32)
    further = across + 20
    (word,) = control.join_pieces("only", [("on", across.tolist()), ("ly", further.tolist())])
    around = np.array([across[0], further[1], further[2], across[3]])
    assert overlap(word, around) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
def test_rapidocr_finds_a_quad_for_every_word_that_it_reads() -> None:
    pytest.importorskip("rapidocr")
    reader = control.RapidOcr()
    pixels = np.full((80, 300, 3), 255, np.uint8)
    font = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(pixels, "the way out is here", (20, 50), font, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    quads = reader.find_words(pixels)
    assert reader.read(pixels) == ["the way out is here"]
    assert len(quads) == 5
    for word, following in pairwise(quads):
        assert word[:, 0].max() < following[:, 0].min()


def test_a_control_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(LibraryError, match="RapidOCR is not installed"):
        control.RapidOcr()
