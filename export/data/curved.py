"""Readers of Total-Text and SCUT-CTW1500: curved words and lines in polygons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from export.data.annotations import (
    frequent,
    label_files,
    labelled_set,
    pairs,
    parts,
    photos_of,
    quad_of,
    read_text,
    reading,
)
from export.data.matlab import read_mat, strings
from export.evaluation.detection import Quad
from export.evaluation.sets import LabelledSet, Word

TOTAL_TEXT_QUERIES = 60
CTW1500_QUERIES = 100

# A word of a Total-Text file; NumPy broke long lists of numbers, so that it may span lines.
_TOTAL_TEXT = re.compile(
    r"x:\s*\[\[(?P<x>[^\]]*)\]\],\s*y:\s*\[\[(?P<y>[^\]]*)\]\],\s*ornt:\s*\[[^\]]*\],\s*"
    r"transcriptions:\s*\[(?P<text>.*?)\]\s*(?=x:\s*\[\[|\Z)",
    re.DOTALL,
)

Labels = Iterable[tuple[str, list[tuple[float, float]]]]
"""Texts and their polygons, not closed."""


def read_total_text(folder: Path) -> LabelledSet:
    """Total-Text: ``poly_gt_img10.txt`` or ``.mat`` (also ``gt_img10.mat``) beside ``img10.jpg``.

    ``#`` is text that cannot be read. Queries: the 60 words of three letters or more that occur
    most often. Of curved words the least rectangle around them is their quad.
    """
    files = label_files(folder, "poly_gt_*.txt", "poly_gt_*.mat", "gt_*.mat", "gt_*.txt")
    labels = {}
    for file in files:
        with reading(file):
            found = _total_text_mat(file) if file.suffix == ".mat" else _total_text_lines(file)
            labels[file.stem.rpartition("gt_")[2]] = list(found)
    return _curved("Total-Text", folder, labels, "#", TOTAL_TEXT_QUERIES, once_a_photo=False)


def _total_text_lines(file: Path) -> Labels:
    content = read_text(file).strip()
    end = 0
    for found in _TOTAL_TEXT.finditer(content):
        if content[end : found.start()].strip():
            break
        end = found.end()
        corners = zip(_numbers(found["x"]), _numbers(found["y"]), strict=True)
        yield _literal(found["text"]), list(corners)
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


def _total_text_mat(file: Path) -> Labels:
    content = read_mat(file)
    rows = content["polygt"] if "polygt" in content else content["gt"]
    for row in rows:
        # 'x:', xs, 'y:', ys, text, orientation
        corners = zip(_row(row[1]), _row(row[3]), strict=True)
        yield " ".join(strings(row[4])) or "#", list(corners)


def _row(values: Any) -> list[float]:
    return [float(value) for value in values.ravel()]


def read_ctw1500(folder: Path) -> LabelledSet:
    """SCUT-CTW1500: the test part's ``0001001.txt`` beside ``1001.jpg``, or XML files.

    A line of text is 14 corners and ``####Latin 9``; in XML it is a ``box`` with ``label`` and
    ``segs``; ``###`` is text that cannot be read. Queries: the 100 words of three letters or more
    that most photos show. Of lines with several words no word has a place of its own.
    """
    labels: dict[str, Any] = {}
    for file in label_files(folder, "000*.txt", "*.xml"):
        with reading(file):
            if file.suffix == ".txt":
                labels[file.stem.removeprefix("000")] = list(_ctw_lines(file))
                continue
            for image in ElementTree.parse(file).getroot().iter("image"):
                labels[Path(image.attrib["file"]).stem] = list(_ctw_boxes(image))
    return _curved("CTW1500", folder, labels, "###", CTW1500_QUERIES, once_a_photo=True)


def _ctw_lines(file: Path) -> Labels:
    for line in filter(str.strip, read_text(file).splitlines()):
        numbers, mark, text = line.partition(",####")
        if not mark:
            raise ValueError(f"“{line.strip()[:60]}” has no #### before its text")
        yield text.strip(), pairs(numbers.split(","))


def _ctw_boxes(image: ElementTree.Element) -> Labels:
    for line in image.iter("box"):
        segments = line.findtext("segs")
        if segments is None:
            raise ValueError("a box has no segs")
        yield (line.findtext("label") or "###").strip(), pairs(segments.strip().split(","))


def _curved(
    name: str, folder: Path, labels: dict[str, Any], mark: str, most: int, *, once_a_photo: bool
) -> LabelledSet:
    images, photos = photos_of(folder, labels)
    words: dict[str, list[Word]] = {}
    ignored: dict[str, list[Quad]] = {}
    for stem, of_photo in labels.items():
        photo = photos[stem]
        words[photo] = []
        for text, corners in of_photo:
            with reading(images / photo):
                quad = quad_of(corners)
            if text == mark:
                ignored.setdefault(photo, []).append(quad)
            else:
                words[photo].append(Word(text, None if " " in text else quad))
    texts = {photo: parts(word.text for word in of_photo) for photo, of_photo in words.items()}
    asked = frequent(texts, most, once_a_photo=once_a_photo)
    return labelled_set(name, images, words, asked, ignored)
