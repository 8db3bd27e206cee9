"""Reader of COCO-Text, as the field asks for its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.data.annotations import (
    box,
    frequent,
    labelled_set,
    pairs,
    parts,
    quad_of,
    read_text,
    reading,
)
from export.data.listed import read_lists
from export.evaluation.detection import Quad
from export.evaluation.sets import LabelledSet, SetError, Word

LABELS = "cocotext.v2.json"
MOST_QUERIES = 500
_PARTS = ("train", "val")


def read_coco_text(folder: Path) -> LabelledSet:
    """COCO-Text: ``cocotext.v2.json`` and ``train2014/``; or lists, where it has queries.txt.

    Queries: the 500 words of three letters or more that are most often legible and English in the
    training and validation parts; photos: those that show one of them.
    """
    if (folder / "queries.txt").exists():
        return read_lists("COCO-Text", folder)
    file = folder / LABELS
    words: dict[str, list[Word]] = {}
    ignored: dict[str, list[Quad]] = {}
    with reading(file):
        content = json.loads(read_text(file))
        names = {
            str(number): Path(image["file_name"]).name
            for number, image in content["imgs"].items()
            if image["set"] in _PARTS
        }
        for label in content["anns"].values():
            photo = names.get(str(label["image_id"]))
            if photo is None:
                continue
            text = str(label.get("utf8_string", "")).strip()
            if label["legibility"] == "legible" and label["language"] == "english" and text:
                words.setdefault(photo, []).append(Word(text, _place(label)))
            else:
                ignored.setdefault(photo, []).append(_place(label))
    texts = {photo: _whole(of_photo) for photo, of_photo in words.items()}
    asked = frequent(texts, MOST_QUERIES, once_a_photo=False)
    shown = sorted(set().union(*asked.values()))
    chosen = {photo: words[photo] for photo in shown}
    return labelled_set("COCO-Text", _images(folder), chosen, asked, ignored)


def _whole(words: list[Word]) -> list[str]:
    """Labels as the field counts them: what has a space in it is one word all the same."""
    return ["".join(parts([word.text])) for word in words]


def _place(label: Mapping[str, Any]) -> Quad:
    mask = label.get("mask") or []
    if len(mask) >= 6:
        return quad_of(pairs(mask))
    left, top, width, height = (float(number) for number in label["bbox"])
    return box(left, top, left + width, top + height)


def _images(folder: Path) -> Path:
    for name in ("train2014", "images"):
        if (folder / name).is_dir():
            return folder / name
    raise SetError(f"{folder} has no folder train2014 with the photos of COCO.")
