"""``photolex-export evaluate``: the figures of a pack, and of the control, on labelled sets."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.library import Library
from engine.packs import ModelPack, find_packs, read_pack
from export.data.benchmarks import READERS, open_set
from export.evaluation.control import RapidOcr, measure
from export.evaluation.page import make_folder, write_page
from export.evaluation.report import Measurement, table
from export.evaluation.run import Examined, examine
from export.evaluation.sets import LabelledSet
from export.evaluation.timing import time_stages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``evaluate``."""
    parser.add_argument(
        "--set",
        dest="sets",
        action="append",
        required=True,
        metavar="DIR",
        help="a folder with images/ and gt.json, or KIND:DIR for a public benchmark, KIND being "
        f"one of {', '.join(READERS)}; may be given several times",
    )
    parser.add_argument(
        "--control",
        choices=["rapidocr"],
        help="also measure an OCR program with edit distance on the same photos (extra 'bench')",
    )
    parser.add_argument(
        "--pack",
        dest="packs",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="instead of the default pack; may be given several times, to compare packs",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a page there that shows every query that lost, and why",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def main(args: argparse.Namespace) -> int:
    """Measure, print, and return the exit status.

    What was measured before something failed, or before Ctrl-C, is printed all the same.
    """
    measured: list[Measurement] = []
    try:
        for one in evaluate(
            args.sets, packs=args.packs, control=args.control is not None, report=args.report
        ):
            measured.append(one)
    finally:
        if args.json:
            print(json.dumps([one.to_json() for one in measured], indent=2))
        elif measured:
            print(table(measured))
    return 0


def evaluate(
    sets: Sequence[str | Path],
    *,
    packs: Sequence[Path] = (),
    control: bool = False,
    report: Path | None = None,
) -> Iterator[Measurement]:
    """Measure all sets, Photolex first; each program has the computer to itself.

    ``sets``: as ``open_set`` takes them. ``packs``: folders, each measured on every set; the
    default pack when empty. ``report``: a folder for the page of what lost. ``LibraryError`` when
    a set or a pack cannot be read, the control is not installed, or the folder not writable.
    """
    reader = RapidOcr() if control else None
    opened = [open_set(str(one)) for one in sets]
    chosen = [read_pack(folder) for folder in packs] or find_packs()[:1]
    named = list(zip(program_names(chosen), chosen, strict=True))
    if report is not None:
        make_folder(report)
    examined = []
    for labelled in opened:
        for name, pack in named:
            examined.append(_examine(labelled, pack, name))
            yield examined[-1].measurement
    if report is not None:
        write_page(report, examined)
    if reader is not None:
        for labelled in opened:
            yield measure(labelled, reader)


def program_names(packs: Sequence[ModelPack]) -> list[str]:
    """What the rows of packs are called; packs of one name are told apart by their folders."""
    times = Counter(pack.name for pack in packs)
    return [
        f"Photolex ({pack.name})"
        if times[pack.name] == 1
        else f"Photolex ({pack.name} in {pack.folder})"
        for pack in packs
    ]


def _examine(labelled: LabelledSet, pack: ModelPack, name: str) -> Examined:
    one = examine(labelled, partial(Library.open, pack=pack))
    stages = time_stages(pack, [labelled.images / photo for photo in labelled.photos])
    return replace(one, measurement=replace(one.measurement, program=name, stages=stages))
