"""``photolex-export evaluate``: the figures of a pack, and of the control, on labelled sets."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.errors import LibraryError
from engine.library import Library
from engine.packs import find_packs, read_pack
from export.data.benchmarks import READERS, open_set
from export.evaluation.page import write_page
from export.evaluation.report import Measurement, table
from export.evaluation.run import examine
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
    parser.add_argument("--pack", type=Path, metavar="DIR", help="instead of the default pack")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a page there that shows every query that lost, and why",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def main(args: argparse.Namespace) -> int:
    """Measure, print, and return the exit status."""
    try:
        measurements = evaluate(
            args.sets, pack=args.pack, control=args.control is not None, report=args.report
        )
    except LibraryError as error:
        print(error)
        return 1
    if args.json:
        print(json.dumps([one.to_json() for one in measurements], indent=2))
    else:
        print(table(measurements))
    return 0


def evaluate(
    sets: Sequence[str | Path],
    *,
    pack: Path | None = None,
    control: bool = False,
    report: Path | None = None,
) -> list[Measurement]:
    """Measurements of all sets, Photolex first; each program has the computer to itself.

    ``sets``: as ``open_set`` takes them. ``report``: a folder for the page of what lost.
    ``LibraryError`` when a set or the pack cannot be read, or the control is not installed.
    """
    opened = [open_set(str(one)) for one in sets]
    chosen = read_pack(pack) if pack else find_packs()[0]
    open_library = partial(Library.open, pack=chosen)
    measurements = []
    examined = []
    for labelled in opened:
        one = examine(labelled, open_library)
        stages = time_stages(chosen, [labelled.images / photo for photo in labelled.photos])
        measurements.append(replace(one.measurement, stages=stages))
        if report is not None:
            examined.append(one)
    if report is not None:
        write_page(report, examined)
    if control:
        from export.evaluation import control as rapidocr

        read = rapidocr.open_rapidocr()
        measurements += [rapidocr.measure(labelled, read) for labelled in opened]
    return measurements
