"""Draws training material to disk: the bank of words and a folder of scenes."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from export.synth.bank import build_bank
from export.synth.corpus import Corpus
from export.synth.fonts import Families, find_fonts
from export.synth.scenes import ScenePainter
from export.synth.textures import Textures, load_backgrounds

Labels = dict[str, list[dict[str, object]]]
_AT_ONCE = 50  # scenes of a seed of their own, after which all labels are saved


def _names(seed: int, count: int) -> list[str]:
    return [f"{seed:05}_{at:04}.jpg" for at in range(count)]


def _paint(job: tuple[Path, Families, Path | None, int, int, tuple[str, ...]]) -> Labels:
    folder, families, backgrounds, seed, count, extra = job
    cv2.setNumThreads(1)
    grounds = load_backgrounds(backgrounds, 200) if backgrounds else []
    painter = ScenePainter(families, Textures(grounds, seed), seed, extra)
    labels: Labels = {}
    for name in _names(seed, count):
        scene = painter.paint()
        file = str(folder / "images" / name)
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
    """Write ``count`` scenes as a labelled set: ``images/`` and ``gt.json``; cut words say "".

    Goes on where it stopped: scenes that are labelled stay as they are.
    """
    file = folder / "gt.json"
    labels: Labels = json.loads(file.read_text()) if file.exists() else {}
    todo = {
        seed * 1000 + at: min(_AT_ONCE, count - at * _AT_ONCE)
        for at in range(-(-count // _AT_ONCE))
    }
    todo = {one: size for one, size in todo.items() if not labels.keys() >= {*_names(one, size)}}
    left = sum(todo.values())
    print(f"{count - left}/{count} scenes are there", flush=True)
    if not todo:
        return
    Corpus(seed)  # says that words are missing before a minute is spent on fonts
    (folder / "images").mkdir(parents=True, exist_ok=True)
    families = find_fonts(folder / "fonts.json")
    jobs = [(folder, families, backgrounds, one, size, extra) for one, size in todo.items()]
    with ProcessPoolExecutor(processes) as pool:
        for size, part in zip(todo.values(), pool.map(_paint, jobs), strict=True):
            labels |= part
            (folder / "gt.partial").write_text(json.dumps(labels))
            (folder / "gt.partial").replace(file)
            left -= size
            print(f"{count - left}/{count} scenes", flush=True)


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
    parser.add_argument(
        "--scenes", type=int, default=4_000, help="how many; those that are there are kept"
    )
    parser.add_argument("--backgrounds", help="folder of photos without words, to paint on")
    parser.add_argument("--words-of", action="append", metavar="GT", help="labels with more words")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=draw)
