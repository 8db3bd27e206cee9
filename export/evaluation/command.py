"""``photolex-export evaluate``: the figures of a pack, and of the control, on labelled sets."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

from engine.errors import LibraryError
from engine.library import Library
from engine.packs import find_packs, read_pack
from export.evaluation.report import Measurement, table
from export.evaluation.run import measure
from export.evaluation.sets import read_set


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``evaluate``."""
    parser.add_argument(
        "--set",
        dest="sets",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help="a folder with images/ and gt.json; may be given several times",
    )
    parser.add_argument(
        "--control",
        choices=["rapidocr"],
        help="also measure an OCR program with edit distance on the same photos (extra 'bench')",
    )
    parser.add_argument("--pack", type=Path, metavar="DIR", help="instead of the default pack")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def main(args: argparse.Namespace) -> int:
    """Measure, print, and return the exit status."""
    try:
        measurements = evaluate(args.sets, pack=args.pack, control=args.control is not None)
    except LibraryError as error:
        print(error)
        return 1
    if args.json:
        print(json.dumps([one.to_json() for one in measurements], indent=2))
    else:
        print(table(measurements))
    return 0


def evaluate(
    folders: list[Path], *, pack: Path | None = None, control: bool = False
) -> list[Measurement]:
    """Measurements of all sets, Photolex first; each program has the computer to itself.

    ``LibraryError`` when a set or the pack cannot be read, or the control is not installed.
    """
    sets = [read_set(folder) for folder in folders]
    chosen = read_pack(pack) if pack else find_packs()[0]
    open_library = partial(Library.open, pack=chosen)
    measurements = [measure(labelled, open_library) for labelled in sets]
    if control:
        from export.evaluation import control as rapidocr

        read = rapidocr.open_rapidocr()
        measurements += [rapidocr.measure(labelled, read) for labelled in sets]
    return measurements
