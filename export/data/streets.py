"""Readers of Street View Text and of ICDAR 2013 and 2015: words in quads or boxes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from export.data.annotations import (
    benchmark,
    box,
    label_files,
    labelled_set,
    pairs,
    quad_of,
    read_text,
    reading,
)
from export.evaluation.detection import Quad
from export.evaluation.metrics import queries_of
from export.evaluation.sets import LabelledSet, Word

UNREADABLE = "###"
MOST_QUERIES = 100

_BOX = re.compile(r"^\s*" + r"(-?\d+)[,\s]\s*" * 4 + r'"?(.*?)"?\s*$')
_QUAD = re.compile(r"^\s*" + r"(-?\d+)\s*,\s*" * 8 + r"(.*?)\s*$")


def read_svt(folder: Path) -> LabelledSet:
    """Street View Text: ``test.xml`` and the photos that it names, ``img/…``.

    Queries: all distinct words of the test part in lower case, short ones too. Each photo lists
    the words of one street's shops that were looked for in it, not all that it shows.
    """
    file = folder / "test.xml"
    words: dict[str, list[Word]] = {}
    images = folder
    with reading(file):
        for image in ElementTree.parse(file).getroot().iter("image"):
            path = folder / image.findtext("imageName", "").strip()
            images = path.parent
            words[path.name] = [_tagged(one) for one in image.iter("taggedRectangle")]
        if not words:
            raise ValueError("it names no image")
    texts = {photo: [word.text for word in of_photo] for photo, of_photo in words.items()}
    return labelled_set("SVT", images, words, queries_of(texts, shortest=1))


def _tagged(element: ElementTree.Element) -> Word:
    x, y, width, height = (float(element.attrib[key]) for key in ("x", "y", "width", "height"))
    return Word(element.findtext("tag", "").strip(), box(x, y, x + width, y + height))


def read_icdar13(folder: Path) -> LabelledSet:
    """ICDAR 2013, focused scene text: ``gt_img_1.txt`` beside ``img_1.jpg``, or ``gt_100.txt``.

    Lines ``38, 43, 920, 215, "Tiredness"`` (left, top, right, bottom), in the training part
    without commas. The field has no retrieval rule for it: ours is that of ICDAR 2015.
    """
    return _read_lines("ICDAR 2013", folder, _box_line)


def read_icdar15(folder: Path) -> LabelledSet:
    """ICDAR 2015, incidental scene text: ``gt_img_1.txt`` beside ``img_1.jpg``.

    Lines ``377,117,463,117,465,130,378,130,Genaxis Theatre``, ``###`` for what cannot be read.
    Queries: the 100 words of three letters or more that most photos show.
    """
    return _read_lines("ICDAR 2015", folder, _quad_line)


def _read_lines(name: str, folder: Path, line_of: Callable[[str], tuple[str, Quad]]) -> LabelledSet:
    labels = {}
    for file in label_files(folder, "gt_*.txt"):
        with reading(file):
            lines = filter(str.strip, read_text(file).splitlines())
            labels[file.stem.removeprefix("gt_")] = [Word(*line_of(line)) for line in lines]
    return benchmark(
        name, folder, labels, unreadable=UNREADABLE, most=MOST_QUERIES, once_a_photo=True
    )


def _box_line(line: str) -> tuple[str, Quad]:
    found = _BOX.match(line)
    if found is None:
        raise ValueError(f"“{line.strip()}” is not left, top, right, bottom, text")
    left, top, right, bottom = (float(number) for number in found.groups()[:4])
    return re.sub(r"\\(.)", r"\1", found[5]), box(left, top, right, bottom)


def _quad_line(line: str) -> tuple[str, Quad]:
    found = _QUAD.match(line)
    if found is None:
        raise ValueError(f"“{line.strip()}” is not the eight numbers of a quad and a text")
    return found[9], quad_of(pairs(found.groups()[:8]))
