"""Readers of Total-Text and SCUT-CTW1500: curved words and lines in polygons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from export.data.annotations import (
    benchmark,
    label_files,
    pairs,
    quad_of,
    read_text,
    reading,
)
from export.data.matlab import read_mat, strings
from export.evaluation.sets import LabelledSet, Word

TOTAL_TEXT_QUERIES = 60
CTW1500_QUERIES = 100

# A word of a Total-Text file; NumPy broke long lists of numbers, so that it may span lines.
_TOTAL_TEXT = re.compile(
    r"x:\s*\[\[(?P<x>[^\]]*)\]\],\s*y:\s*\[\[(?P<y>[^\]]*)\]\],\s*ornt:\s*\[[^\]]*\],\s*"
    r"transcriptions:\s*\[(?P<text>.*?)\]\s*(?=x:\s*\[\[|\Z)",
    re.DOTALL,
)


def read_total_text(folder: Path) -> LabelledSet:
    """Total-Text: ``poly_gt_img10.txt`` or ``.mat`` (also ``gt_img10.mat``) beside ``img10.jpg``.

    ``#`` is text that cannot be read. Queries: the 60 words of three letters or more that occur
    most often. Of curved words the least rectangle around them is their quad.
    """
    labels = {}
    for file in label_files(folder, "poly_gt_*.txt", "poly_gt_*.mat", "gt_*.mat", "gt_*.txt"):
        with reading(file):
            found = _total_text_mat(file) if file.suffix == ".mat" else _total_text_lines(file)
            labels[file.stem.rpartition("gt_")[2]] = list(found)
    return benchmark(
        "Total-Text",
        folder,
        labels,
        unreadable="#",
        most=TOTAL_TEXT_QUERIES,
        once_a_photo=False,
    )


def _total_text_lines(file: Path) -> Iterator[Word]:
    content = read_text(file).strip()
    end = 0
    for found in _TOTAL_TEXT.finditer(content):
        if content[end : found.start()].strip():
            break
        end = found.end()
        corners = zip(_numbers(found["x"]), _numbers(found["y"]), strict=True)
        yield _word(_literal(found["text"]), list(corners))
    if content[end:].strip():
        raise ValueError(f"“{content[end : end + 60]}” is not x, y, ornt and transcriptions")


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def _literal(text: str) -> str:
    """Python's notation of a list of strings, as ``u'EST'``; nothing in it: it cannot be read."""
    try:
        return " ".join(str(part) for part in ast.literal_eval(f"[{text}]")) or "#"
    except SyntaxError as error:
        raise ValueError(f"“{text}” is no transcription") from error


def _total_text_mat(file: Path) -> Iterator[Word]:
    content = read_mat(file)
    rows = content["polygt"] if "polygt" in content else content["gt"]
    for row in rows:
        # 'x:', xs, 'y:', ys, text, orientation
        corners = zip(_row(row[1]), _row(row[3]), strict=True)
        yield _word(" ".join(strings(row[4])) or "#", list(corners))


def _row(values: Any) -> list[float]:
    return [float(value) for value in values.ravel()]


def read_ctw1500(folder: Path) -> LabelledSet:
    """SCUT-CTW1500: the test part's ``0001001.txt`` beside ``1001.jpg``, or XML files.

    A line of text is 14 corners and ``####Latin 9``; in XML it is a ``box`` with ``label`` and
    ``segs``; ``###`` is text that cannot be read. Queries: the 100 words of three letters or more
    that most photos show. Of lines with several words no word has a place of its own.
    """
    labels = {}
    for file in label_files(folder, "000*.txt", "*.xml"):
        with reading(file):
            if file.suffix == ".txt":
                labels[file.stem.removeprefix("000")] = list(_ctw_lines(file))
                continue
            for image in ElementTree.parse(file).getroot().iter("image"):
                labels[Path(image.attrib["file"]).stem] = list(_ctw_boxes(image))
    return benchmark(
        "CTW1500", folder, labels, unreadable="###", most=CTW1500_QUERIES, once_a_photo=True
    )


def _ctw_lines(file: Path) -> Iterator[Word]:
    for line in filter(str.strip, read_text(file).splitlines()):
        numbers, mark, text = line.partition(",####")
        if not mark:
            raise ValueError(f"“{line.strip()[:60]}” has no #### before its text")
        yield _word(text.strip(), pairs(numbers.split(",")))


def _ctw_boxes(image: ElementTree.Element) -> Iterator[Word]:
    for line in image.iter("box"):
        segments = line.findtext("segs")
        if segments is None:
            raise ValueError("a box has no segs")
        text = (line.findtext("label") or "###").strip()
        yield _word(text, pairs(segments.strip().split(",")))


def _word(text: str, corners: Sequence[tuple[float, float]]) -> Word:
    """A label in a polygon that is not closed; of several words none has a place of its own."""
    quad = quad_of(corners)
    return Word(text, None if " " in text else quad)
