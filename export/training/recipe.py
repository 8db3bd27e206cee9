"""Draws, labels, and trains the word towers and Focus; every step resumes where it stopped.

That is not yet all of the pack that ships: its glance and its narrower Focus are trained after
these, by ``train glance`` and by ``train focus --teacher``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from engine.errors import LibraryError
from engine.photos import is_photo_name
from export.data import teacher
from export.data.photos import short_name
from export.synth import draw
from export.training import focus, word

# Long sides in pixels that photos are shown at: receipts are dense, so they are shown larger.
_SIDES = ("400", "1400")
_SIDES_OF_PAGES = ("800", "1800")
_SIDES_OF_SCENES = ("300", "1500")
_WORDS_OF_PAGES = 50  # on half of a set's photos at least; the engine calls a page what has so many


def train(args: argparse.Namespace) -> None:
    """Draw, label, train; ``photolex-export pack`` then exports what came out."""
    out = Path(args.out)
    labelled, unlabelled = find_sets([Path(folder) for folder in args.photos or []])
    for folder in unlabelled:
        file = out / "labels" / f"{short_name(folder)}.json"
        if find_spec("rapidocr") is None:
            print(f"{folder} stays unused: without rapidocr nothing can label it")
            continue
        photos = [path for path in sorted(folder.iterdir()) if is_photo_name(path.name)]
        teacher.label(photos, file, args.workers)
        if json.loads(file.read_text()):
            labelled.append((folder, file))
        else:
            print(f"{folder} stays unused: none of its photos can be read")
    empty = out / "empty"
    _link_empty(labelled, empty)
    words = [text for _, file in labelled for text in ("--words-of", str(file))]
    grounds = ["--backgrounds", str(empty)] if empty.is_dir() else []
    if not (out / "bank" / "texts.json").exists():
        _run(draw, ["--out", str(out), "--scenes", "0", *words, "--processes", str(args.workers)])
    job = ["--out", str(out), "--words", "0", "--scenes", str(args.scenes), *grounds, *words]
    _run(draw, [*job, "--processes", str(args.workers)])
    device = ["--device", args.device] if args.device else []
    resources = ["--threads", str(args.threads), "--workers", str(args.workers), *device]
    real = [text for pair in labelled for text in ("--real", str(pair[0]), str(pair[1]))]
    minutes = ["--minutes", str(args.minutes * 0.45)]
    bank = ["--bank", str(out / "bank"), *grounds]
    scenes = [str(out / "scenes" / "images"), str(out / "scenes" / "gt.json")]
    _run(word, [*bank, *real, "--scenes", *scenes, "--out", str(out), *minutes, *resources])
    sources = ["--source", *scenes, "0.4"]
    sources += _SIDES_OF_SCENES
    for photos_folder, file in labelled:
        share = 0.6 / len(labelled)
        sides = sides_of(json.loads(file.read_text()))
        sources += ["--source", str(photos_folder), str(file), str(share), *sides]
    minutes = ["--minutes", str(args.minutes * 0.55)]
    _run(focus, [*sources, "--out", str(out), *minutes, *resources])


def sides_of(labels: Mapping[str, Collection[object]]) -> tuple[str, str]:
    """The long sides to show the photos of a set at, by how many words they have."""
    usual = median([len(words) for words in labels.values()] or [0])
    return _SIDES_OF_PAGES if usual >= _WORDS_OF_PAGES else _SIDES


def find_sets(folders: list[Path]) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Labelled sets as (photos, labels), and folders of photos without labels.

    LibraryError for a folder that is neither.
    """
    labelled, unlabelled = [], []
    for folder in folders:
        if (folder / "gt.json").exists():
            labelled.append((folder / "images", folder / "gt.json"))
        elif any(is_photo_name(path.name) for path in folder.iterdir()):
            unlabelled.append(folder)
        else:
            raise LibraryError(f"{folder} holds neither photos nor a labelled set.")
    return labelled, unlabelled


def _link_empty(labelled: list[tuple[Path, Path]], target: Path) -> None:
    """A folder of links to the photos in which no word was found, to paint scenes on."""
    for folder, file in labelled:
        for name, found in json.loads(file.read_text()).items():
            if not found:
                target.mkdir(parents=True, exist_ok=True)
                link = target / f"{short_name(folder)}-{name}"
                if not link.is_symlink():
                    link.symlink_to((folder / name).resolve())


def _run(step: object, arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    step.add_arguments(parser)  # type: ignore[attr-defined]
    args = parser.parse_args(arguments)
    args.run(args)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--photos", nargs="*", help="folders of photos: labelled sets, or any (then labelled here)"
    )
    parser.add_argument("--out", default=".train", help="folder for all that is made on the way")
    parser.add_argument("--minutes", type=float, default=180.0, help="of training, both networks")
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--device", help="cpu or cuda; by default what there is")
    parser.set_defaults(run=train)
