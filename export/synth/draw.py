"""Draws training material to disk: the bank of words and a folder of scenes."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from export.synth.bank import build_bank
from export.synth.fonts import find_fonts
from export.synth.scenes import ScenePainter
from export.synth.textures import Textures, load_backgrounds

Labels = dict[str, list[dict[str, object]]]


def _paint(job: tuple[str, str | None, int, int, tuple[str, ...]]) -> Labels:
    folder, backgrounds, seed, count, extra = job
    cv2.setNumThreads(1)
    grounds = load_backgrounds(Path(backgrounds), 200) if backgrounds else []
    families = find_fonts(Path(folder) / "fonts.json")
    painter = ScenePainter(families, Textures(grounds, seed), seed, extra)
    labels: Labels = {}
    for at in range(count):
        scene = painter.paint()
        name = f"{seed:05}_{at:04}.jpg"
        file = str(Path(folder) / "images" / name)
        quality = [cv2.IMWRITE_JPEG_QUALITY, painter.random.randint(60, 95)]
        cv2.imwrite(file, scene.picture[:, :, ::-1], quality)
        labels[name] = [
            {"text": word.text, "quad": word.quad.round(1).tolist()} for word in scene.words
        ]
    return labels


def paint_scenes(
    folder: Path,
    count: int,
    *,
    backgrounds: Path | None,
    processes: int,
    seed: int = 0,
    extra: tuple[str, ...] = (),
) -> None:
    """Write ``count`` scenes as a labelled set: ``images/`` and ``gt.json``; cut words say ""."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    find_fonts(folder / "fonts.json")
    size = 50
    ground = str(backgrounds) if backgrounds else None
    jobs = [
        (str(folder), ground, seed * 1000 + at, min(size, count - at * size), extra)
        for at in range(-(-count // size))
    ]
    labels: Labels = {}
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(_paint, jobs):
            labels |= part
            (folder / "gt.partial").write_text(json.dumps(labels))
            (folder / "gt.partial").replace(folder / "gt.json")
            print(f"{len(labels)}/{count} scenes", flush=True)


def words_of(files: list[str], least_score: float = 0.9) -> tuple[str, ...]:
    """The distinct words of labelled sets, to draw beside the dictionaries' words."""
    words = {
        word["text"]
        for file in files
        for photo in json.loads(Path(file).read_text()).values()
        for word in photo
        if word.get("score", 1.0) >= least_score
    }
    return tuple(sorted(word for word in words if 1 < len(word) < 19 and " " not in word))


def draw(args: argparse.Namespace) -> None:
    extra = words_of(args.words_of or [])
    out = Path(args.out)
    if args.words:
        build_bank(out / "bank", args.words, processes=args.processes, seed=args.seed, extra=extra)
    if args.scenes:
        paint_scenes(
            out / "scenes",
            args.scenes,
            backgrounds=Path(args.backgrounds) if args.backgrounds else None,
            processes=args.processes,
            seed=args.seed,
            extra=extra,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, help="folder; makes bank/ and scenes/ in it")
    parser.add_argument("--words", type=int, default=240_000, help="how many masks")
    parser.add_argument("--scenes", type=int, default=4_000)
    parser.add_argument("--backgrounds", help="folder of photos without words, to paint on")
    parser.add_argument("--words-of", action="append", metavar="GT", help="labels with more words")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=draw)
