"""The OCR control's scores, against cases worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from export.evaluation import control
from export.evaluation.sets import LabelledSet, Word


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
    for number, photo in enumerate(texts):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / photo)
    words = {"a.png": [Word("EXIT", None)], "b.png": [Word("0pen", None)], "c.png": []}
    labelled = LabelledSet("signs", tmp_path, words)

    def read(pixels: NDArray[np.uint8]) -> list[str]:
        return texts[list(texts)[int(pixels[0, 0, 2])]]

    measured = control.measure(labelled, read)
    assert measured.program == "RapidOCR"
    assert measured.quality.mean_average_precision == 1.0
    assert measured.photos_per_second > 0
