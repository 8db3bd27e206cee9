"""Writes the compact pack: exports the towers, calibrates them, and stores a self-check."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crops import alike
from engine.directions import first_ways, runs_across
from engine.errors import LibraryError, PhotoError
from engine.focus import FocusSettings
from engine.packs import FORMAT, ModelPack, PackCheck, check_pack, read_pack
from engine.photos import read_photo
from engine.preprocess import Pyramid, View
from engine.tokenizer import fold, stretch
from engine.towers import CompactTowers, open_towers
from export.calibration import Labelled, fit
from export.data.photos import left_out, pixels_of
from export.onnx import export_focus, export_glance, export_image, export_text
from export.quantize import quantize
from export.replacing import in_the_place_of
from export.synth.corpus import dictionary
from export.towers.compact import (
    CROP_HEIGHT,
    CROP_WIDTH,
    FRAME_SIZE,
    FRAMES,
    LONGEST_WORD,
    NARROW,
    Focus,
    Glance,
)
from export.training.focus import SHRINK
from export.training.run import load
from export.training.word import WordTowers
from export.tuning import tune

LONGEST_SIDE = 2048
WORTH_A_LOOK = 0.2  # chance of a word in a cell
UNFITTED = {
    "similarity": 8.0, "exact": 1.0, "within": 1.0, "length": 0.0, "bias": -4.0,
    "contains": 0.9, "probably": 0.5,
}  # fmt: skip


def _checkpoint(file: Path, base: ModelPack | None) -> dict[str, Any] | None:
    state = load(file)
    if state is None and base is None:
        raise LibraryError(f"There is no checkpoint {file}: train first, or name a --base.")
    return state


def held_out(sets: list[tuple[str, str]]) -> list[Labelled]:
    """Every twentieth photo of each (photos, labels), with the words that are sure.

    Trainings of the word towers and of Focus that are given the labels leave these out; others see
    what is in their folders. Of the pack that ships only the word towers' left them out: its Focus
    is older and had seen them.
    """
    photos = []
    for folder, labels in sets:
        found = json.loads(Path(labels).read_text())
        for name in left_out(found):
            try:
                picture = pixels_of(Path(folder) / name)
            except PhotoError:
                continue
            words = [word for word in found[name] if word["quad"] is not None]
            sure = [word for word in words if word.get("score", 1.0) >= 0.85]
            if sure:
                quads = np.array([word["quad"] for word in sure], np.float32)
                texts = [fold(word["text"]) for word in sure]
                pixels = np.ascontiguousarray(picture[:, :, ::-1])
                photos.append(Labelled(pixels, texts, quads))
    return photos


def write_pack(args: argparse.Namespace) -> None:
    """Make a pack of the checkpoints in the place of ``--out``, and print what its self-check says.

    LibraryError when something is missing or the pack does not pass; ``--out`` is as before then.
    """
    with in_the_place_of(Path(args.out)) as folder:
        outcome = _fill(folder, args)
        if not outcome.passed:
            raise LibraryError(outcome.sentence)
    print(outcome.sentence)


def _fill(out: Path, args: argparse.Namespace) -> PackCheck:
    """Export, quantise, describe, tune, calibrate, and store what the self-check expects.

    All that may be missing is asked for first: the work takes minutes.
    """
    run = Path(args.run_folder)
    base = read_pack(Path(args.base)) if args.base else None
    if base is not None and base.family != "compact":
        raise LibraryError(
            f"The model pack “{base.name}” is not a compact one to take towers from."
        )
    word, focus = (_checkpoint(run / f"{name}.pt", base) for name in ("word", "focus"))
    glance = load(run / "glance.pt")  # a pack may do without
    sample = read_photo(Path(args.check_photo), LONGEST_SIDE).pixels
    fits = bool(args.labelled) and base is None
    strangers = random.Random(1).sample(dictionary(), 400) if fits else []
    photos = held_out(args.labelled or [])
    exported = export_towers(word, focus, glance, sample, out)
    parts = set(exported)
    if base is not None:
        for part in base.files.keys() - exported:
            (out / f"{part}.onnx").write_bytes(base.path(part).read_bytes())
        parts |= base.files.keys()
    _save(out, describe(out, parts, args.name, args.sides, args.most_enlarged))
    if photos and not args.float32:
        _quantize(out, photos, args, exported)
    check = {"photo": "check.jpg", "query": args.check_query, "similarity": 0.0, "tolerance": 2.0}
    (out / "check.jpg").write_bytes(Path(args.check_photo).read_bytes())
    content = describe(out, parts, args.name, args.sides, args.most_enlarged) | {"check": check}
    content["training"] = {}
    if base is not None:
        kept = ("focus", "glance", "calibration")
        content |= {key: base.settings[key] for key in kept if key in base.settings}
        if word is None:
            content["image"] = base.settings["image"]
        content["training"] |= base.settings.get("training", {})
    if word is not None:
        content["training"]["crops"] = word["crops"]
    if focus is not None:
        content["training"]["patches"] = focus["patches"]
    if glance is not None:
        content["training"]["pieces"] = glance["pieces"]
    _save(out, content)
    if photos and base is None:
        found, covered = tune(CompactTowers(read_pack(out)), photos, FocusSettings(shrink=SHRINK))
        print(f"{len(photos)} held-out photos: words covered {covered:.3f} with {found}")
        content["focus"]["finding"] = asdict(found)
        _save(out, content)
        content["calibration"] = fit(open_towers(read_pack(out)), photos, strangers)
        print("calibration:", content["calibration"])
    _save(out, content)
    towers = open_towers(read_pack(out))
    query = towers.embed_words([fold(args.check_query)])[0]
    regions = towers.embed_photo(sample)
    best = max([0.0, *(float(one.embedding @ query) for one in regions)])
    # On the CPU int8 comes out the same everywhere; a GPU computes it in floating point.
    seen = {"similarity": round(best, 4), "tolerance": 0.02, "regions": len(regions)}
    content["check"] = check | seen
    _save(out, content)
    wanted = {"quantised": exported and not args.float32, "calibrated": base is None}
    undone = " or ".join(what for what, is_wanted in wanted.items() if is_wanted)
    if undone and not photos:
        why = "no held-out photo of --labelled has sure words" if args.labelled else "no --labelled"
        print(f"Nothing was {undone}: {why}.")
    return check_pack(read_pack(out))


def _quantize(
    out: Path, photos: list[Labelled], args: argparse.Namespace, parts: Collection[str]
) -> None:
    """Bring Focus, the glance and the image tower to int8, those of ``parts``.

    Their ranges are those of photos and of the words in them.
    """
    if "image" in parts:
        towers = CompactTowers(read_pack(out))
        crops = []
        for photo in photos[::2]:
            pyramid = Pyramid(photo.pixels)
            found = towers.find(pyramid)[:30]
            ways = first_ways(found, runs_across(found))
            crops += towers.cut(pyramid, ways, page=True)  # of both widths
        batches = [batch for _, batch in alike(crops[:512], 16)]
        if batches:
            quantize(out / "image.onnx", batches)
        else:
            print("The image tower was not quantised: Focus found no words in the labelled photos.")
    for part in ("focus", "glance"):
        if part in parts:
            pictures = [_picture(photo.pixels, 960, args.most_enlarged) for photo in photos[::3]]
            # They lose nothing by sums of 8 bits, as the image tower does by those of its columns.
            operators = ["Conv", "Relu", "Add", "Resize"]
            quantize(out / f"{part}.onnx", [picture[None] for picture in pictures], operators)


def _picture(
    photo: NDArray[np.uint8], longest_side: int, most_enlarged: float
) -> NDArray[np.uint8]:
    """A photo as Focus takes it."""
    pyramid = Pyramid(photo)
    return View.fitting(pyramid, longest_side, most_enlarged).of(pyramid)


def export_towers(
    word: dict[str, Any] | None,
    focus: dict[str, Any] | None,
    glance: dict[str, Any] | None,
    photo: NDArray[np.uint8],
    out: Path,
) -> list[str]:
    """Write the ONNX files of these checkpoints, each compared with torch on ``photo``; which."""
    differences = {}
    if focus is not None:
        finder = Focus.of(focus["average"]).eval()
        file = out / "focus.onnx"
        differences["focus"] = export_focus(finder, file, _picture(photo, 640, 2.0))
    if glance is not None:
        file, picture = out / "glance.onnx", _picture(photo, 640, 2.0)
        differences["glance"] = export_glance(Glance.of(glance["average"]), file, picture)
    if word is not None:
        towers = WordTowers()
        towers.load_state_dict(word["average"])
        towers.eval()
        size = (CROP_WIDTH, CROP_HEIGHT)
        view = cv2.resize(photo, (256, 288))  # a photo of any size gives these crops
        crops = np.stack([cv2.resize(view[y : y + 64], size) for y in range(0, 256, 32)])
        words = ["photo", "a", "2026", "strasse", "x" * LONGEST_WORD]
        lengths = np.array([len(one) for one in words], np.int64)
        stretched = stretch(words, FRAMES)
        differences |= {
            "image": export_image(towers.image, out / "image.onnx", crops.astype(np.uint8)),
            "text": export_text(towers.text, out / "text.onnx", stretched, lengths),
        }
    for name, difference in differences.items():
        print(f"{name}: torch and ONNX differ by {difference:.1e} at most")
    return list(differences)


def describe(
    out: Path, parts: Collection[str], name: str, sides: list[int], most_enlarged: float
) -> dict[str, Any]:
    """What ``pack.json`` says before anything is tuned."""
    files = {part: out / f"{part}.onnx" for part in sorted(parts)}
    content = {
        "format": FORMAT,
        "name": name,
        "family": "compact",
        "licence": "Apache-2.0",
        "embedding_size": FRAMES * FRAME_SIZE,
        "longest_side": LONGEST_SIDE,
        "files": {
            part: {"name": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
            for part, file in files.items()
        },
        "focus": {
            "longest_sides": sides,
            "most_enlarged": most_enlarged,
            "finding": asdict(FocusSettings(shrink=SHRINK)),
        },
        "image": {
            "width": CROP_WIDTH,
            "height": CROP_HEIGHT,
            "batch": 16,
            "margin_along": 0.08,
            "margin_across": 0.08,
            "narrow": {"width": NARROW, "most_aspect": 2.5, "least_words": 50},
            "large": {"least_height": 0.1, "margin_along": 0.12, "margin_across": 0.18},
        },
        "text": {"frames": FRAMES, "longest_word": LONGEST_WORD},
        "calibration": UNFITTED,
    }
    if "glance" in parts:
        content["glance"] = {"threshold": WORTH_A_LOOK}
    return content


def _save(out: Path, content: dict[str, Any]) -> None:
    (out / "pack.json").write_text(json.dumps(content, indent=2) + "\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run-folder",
        required=True,
        help="folder with word.pt, focus.pt, and glance.pt if there is one",
    )
    parser.add_argument(
        "--base",
        metavar="PACK",
        help="take from this pack what no checkpoint is there for, how words are found, and the "
        "calibration",
    )
    parser.add_argument("--out", required=True, help="folder of the pack")
    parser.add_argument("--name", default="compact")
    parser.add_argument("--check-photo", required=True, help="a JPEG for the pack's self-check")
    parser.add_argument("--check-query", required=True, help="a word that stands in it")
    parser.add_argument(
        "--labelled", nargs=2, action="append", metavar=("PHOTOS", "LABELS"), help="to calibrate on"
    )
    parser.add_argument("--float32", action="store_true", help="quantise nothing")
    parser.add_argument("--sides", type=int, nargs="+", default=[1600, 800, 320, 160])
    parser.add_argument("--most-enlarged", type=float, default=4.0)
    parser.set_defaults(run=write_pack)
