"""Reader of ground truth in the format of ICDAR's MLT, which FDP is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.photos import is_photo_name
from export.data.annotations import read_text, reading
from export.evaluation.detection import Quad
from export.evaluation.sets import LabelledSet, SetError, Word

SCRIPT = "Latin"  # the only one whose words count
_UNREADABLE = "###"
_CORNERS = 8  # numbers before the script and the text


def read_mlt(folder: Path) -> LabelledSet:
    """Photos anywhere below ``folder`` that have labels, of MLT 2017 or 2019.

    The labels of ``img_1.jpg`` are in ``gt_img_1.txt`` or ``img_1.txt``, on every line
    ``x1,y1,…,x4,y4,script,text``. What is not in Latin letters, is empty or has ``###`` is ignored.
    Photos are named by their path from the folder. ``SetError`` when there are none, or labels are
    damaged.
    """
    photos: dict[str, Path] = {}
    for path in sorted(path for path in folder.rglob("*") if is_photo_name(path.name)):
        other = photos.setdefault(path.stem, path)
        if other != path:
            raise SetError(f"{path} and {other} have one name, so their labels cannot be told.")
    words: dict[str, list[Word]] = {}
    ignored: dict[str, list[Quad]] = {}
    for file in sorted(folder.rglob("*.txt")):
        photo = photos.get(file.stem.removeprefix("gt_"))
        if photo is None:  # a note, or the labels of a part of the photos that was not fetched
            continue
        name = photo.relative_to(folder).as_posix()
        words[name], ignored[name] = _labels(file)
    if not words:
        raise SetError(f"{folder} has no photos with labels in MLT's format, such as gt_img_1.txt.")
    return LabelledSet(folder.name, folder, dict(sorted(words.items())), ignored=ignored)


def _labels(file: Path) -> tuple[list[Word], list[Quad]]:
    """The words that count, and the quads of those that do not."""
    words, ignored = [], []
    with reading(file):
        for at, line in enumerate(read_text(file).splitlines(), 1):
            if not line.strip():
                continue
            # Whatever follows the ninth comma is the text, which may have commas too.
            fields = line.split(",", _CORNERS + 1)
            if len(fields) < _CORNERS + 2:
                raise ValueError(f"line {at} is not x1,y1,…,x4,y4,script,text")
            quad = np.array(fields[:_CORNERS], np.float32).reshape(4, 2)
            script, text = fields[_CORNERS].strip(), fields[_CORNERS + 1].strip()
            if script == SCRIPT and text and _UNREADABLE not in text:
                words.append(Word(text, quad))
            else:
                ignored.append(quad)
    return words, ignored
