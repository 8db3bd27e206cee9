"""Public benchmarks by name, each read from its published files into a labelled set.

What each asks for is the rule that papers on scene text retrieval use; see docs/evaluation.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from export.data.coco_text import read_coco_text
from export.data.curved import read_ctw1500, read_total_text
from export.data.listed import read_iiit_str, read_pstr
from export.data.streets import read_icdar13, read_icdar15, read_svt
from export.evaluation.sets import LabelledSet, SetError, read_set

READERS: Mapping[str, Callable[[Path], LabelledSet]] = {
    "iiit-str": read_iiit_str,
    "svt": read_svt,
    "total-text": read_total_text,
    "icdar13": read_icdar13,
    "icdar15": read_icdar15,
    "coco-text": read_coco_text,
    "ctw1500": read_ctw1500,
    "pstr": read_pstr,
}


def open_set(text: str) -> LabelledSet:
    """``KIND:DIR`` is a public benchmark, ``DIR`` a folder of ours.

    ``SetError`` says in one sentence what is missing or damaged.
    """
    kind, colon, folder = text.partition(":")
    if colon and kind in READERS:
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise SetError(f"{path} is not a folder.")
        return READERS[kind](path)
    # One letter before the colon is a drive of Windows.
    if colon and len(kind) > 1 and not Path(text).exists():
        raise SetError(f"“{kind}” is no kind of benchmark; there are {', '.join(READERS)}.")
    return read_set(Path(text))
