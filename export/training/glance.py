"""Trains the glance: where a closer look of Focus finds words, of any photos, without labels.

The teacher is a pack's Focus, which looks everywhere; its finds at the scale of the glance and at
closer ones are what is learned. Small words weigh more, for they are missed first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from engine.errors import LibraryError, PhotoError
from engine.focus import find_words
from engine.looks import STRIDE
from engine.packs import read_pack
from engine.photos import is_photo_name, read_photo
from engine.preprocess import Pyramid, View
from engine.towers import CompactTowers
from export.data.photos import short_name
from export.restore import restored_focus, scale_of
from export.towers.compact import Focus, Glance
from export.training.narrow import narrowed
from export.training.run import (
    Course,
    add_run_arguments,
    check_same,
    device_of,
    load,
    mixed_precision,
    named,
)

Image = NDArray[np.uint8]

SIDE = 416  # pixels of a piece
_LONGEST = 800  # pixels: the look that is glanced at before
_CELL = 8  # pixels, those of the finer answer
# By least side of a word in pixels up to which it is small or tiny; beyond the last one it is huge:
# looks from afar see it, and it is neither asked for nor wrong.
_TINY, _SMALL, _HUGE = 12.0, 24.0, 160.0
_NO_MATTER = 4
_WEIGHTS = (1.0, 2.0, 3.0, 5.0, 0.0)  # of no word, a word, a small one, a tiny one, a huge one
_OF_FINER = 0.3  # what the finer answer weighs in the loss
_STEM = 8  # channels of the first convolution
_COMPARED = 24  # pieces on which it is compared with Focus's
_RATE = 3e-3


@dataclass(frozen=True, slots=True)
class Source:
    """What was seen in a folder of photos, one file a photo, and how often it is drawn."""

    files: list[Path]
    weight: float


def gather(teacher: Path, photos: Path, out: Path, processes: int) -> list[Path]:
    """Pictures of the photos in a folder and the quads of what the teacher found, a file for each.

    Goes on where it stopped. Photos too small to be glanced at have no file, nor have those that
    cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = [path for path in sorted(photos.iterdir()) if is_photo_name(path.name)]
    todo = [path for path in paths if not (out / f"{path.name}.npz").exists()]
    if not todo:
        return sorted(out.glob("*.npz"))
    # Not forked: OpenCV's threads would be missing in the child.
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, (teacher,)) as pool:
        jobs = pool.map(_gather, todo, [out / f"{path.name}.npz" for path in todo], chunksize=4)
        for count, _ in enumerate(jobs, 1):
            if count % 100 == 0 or count == len(todo):
                print(f"{photos.name}: {count}/{len(todo)} photos", flush=True)
    return sorted(out.glob("*.npz"))


_towers: CompactTowers | None = None


def _start(teacher: Path) -> None:
    global _towers
    cv2.setNumThreads(1)
    _towers = CompactTowers(read_pack(teacher), threads=1)


def _gather(path: Path, target: Path) -> None:
    assert _towers is not None
    try:
        pyramid = Pyramid(read_photo(path, _towers.longest_side).pixels)
    except PhotoError as error:
        print(f"{path.name} is left out: {error}", flush=True)
        return
    view = View.fitting(pyramid, _LONGEST, _towers.most_enlarged)
    if min(view.padded) < SIDE // 2:
        return
    quads = [
        word.quad / scale * view.scale
        for maps, scale in _towers.focus_maps(pyramid, everywhere=True)
        if scale * STRIDE > 0.99 * view.scale
        for word in find_words(maps, _towers.finding)
    ]
    found = np.array(quads, np.float32).reshape(-1, 4, 2)
    partial = target.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, picture=view.of(pyramid), quads=found)
    partial.replace(target)


def kinds(quads: NDArray[np.float32], high: int, wide: int) -> Image:
    """Cells of 8 pixels of a picture (high, wide): which entry of ``_WEIGHTS`` each is of."""
    answer = np.zeros((high // _CELL, wide // _CELL), np.uint8)
    sides = np.linalg.norm(np.diff(quads[:, :3], axis=1), axis=2).min(1)
    for at in np.argsort(-sides).tolist():
        side = float(sides[at])
        kind = _NO_MATTER if side > _HUGE else 1 + (side <= _SMALL) + (side <= _TINY)
        cv2.fillPoly(answer, [np.round(quads[at] / _CELL - 0.5).astype(np.int32)], kind)
    return answer


class Pieces(IterableDataset[tuple[Tensor, Tensor]]):
    """(n, 416, 416, 3) pieces of pictures and (n, 52, 52) kinds of their cells, without end."""

    def __init__(self, sources: Sequence[Source], batch: int) -> None:
        self.sources, self.batch = sources, batch

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng(time.time_ns() % 2**31 + (worker.id if worker else 0) * 7919)
        cv2.setNumThreads(1)
        weights = np.array([source.weight for source in self.sources])
        weights /= weights.sum()
        while True:
            pieces = []
            for source in rng.choice(len(self.sources), self.batch, p=weights).tolist():
                files = self.sources[source].files
                with np.load(files[int(rng.integers(len(files)))]) as seen:
                    pieces.append(_piece(seen["picture"], seen["quads"], rng))
            pictures, cells = (
                torch.from_numpy(np.stack(some)) for some in zip(*pieces, strict=True)
            )
            yield pictures, cells


def _piece(
    picture: Image, quads: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Image, Image]:
    """A part of a picture, about a word half of the time, mirrored or turned, in other colours."""
    cells = kinds(quads, *picture.shape[:2])
    sides = picture.shape[:2]
    if len(quads) and rng.random() < 0.5:
        middle = quads[int(rng.integers(len(quads)))].mean(0)[::-1] + rng.uniform(-150, 150, 2)
        corner = middle - SIDE / 2
    else:
        corner = rng.uniform(0, 1, 2) * [max(0, side - SIDE) for side in sides]
    y, x = (
        int(np.clip(at, 0, max(0, side - SIDE))) // 16 * 16
        for at, side in zip(corner.tolist(), sides, strict=True)
    )
    piece = np.zeros((SIDE, SIDE, 3), np.uint8)
    told = np.full((SIDE // _CELL, SIDE // _CELL), _NO_MATTER, np.uint8)
    shown = picture[y : y + SIDE, x : x + SIDE]
    piece[: shown.shape[0], : shown.shape[1]] = shown
    known = cells[y // _CELL : (y + SIDE) // _CELL, x // _CELL : (x + SIDE) // _CELL]
    told[: known.shape[0], : known.shape[1]] = known
    if rng.random() < 0.5:
        piece, told = piece[:, ::-1], told[:, ::-1]
    if rng.random() < 0.15:
        piece, told = np.rot90(piece), np.rot90(told)
    return _recoloured(np.ascontiguousarray(piece), rng), np.ascontiguousarray(told)


def _recoloured(piece: Image, rng: np.random.Generator) -> Image:
    levels = np.arange(256, dtype=np.float32)[:, None].repeat(3, 1)
    if rng.random() < 0.6:
        gain, less = (rng.integers(2) * 2 + 1 for _ in range(2))  # one for all channels, or three
        moved = (levels - 127.5) * rng.uniform(0.6, 1.3, gain) + 127.5 + rng.uniform(-30, 30, less)
        levels = moved.astype(np.float32)
    if rng.random() < 0.1:
        levels = 255 - levels
    piece = np.asarray(cv2.LUT(piece, levels.clip(0, 255).astype(np.uint8)[None]), np.uint8)
    if rng.random() < 0.15:
        piece = np.repeat(piece.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    if rng.random() < 0.2:
        noise = rng.standard_normal((SIDE, SIDE, 1), np.float32) * np.float32(rng.uniform(2, 8))
        piece = (piece + noise).clip(0, 255).astype(np.uint8)
    return piece


def loss(logits: tuple[Tensor, Tensor], cells: Tensor) -> Tensor:
    """Weighted cross-entropy of both answers, the coarser one of cells that any word touches."""
    weights = torch.tensor(_WEIGHTS, device=cells.device)[cells.long()]
    words = ((cells > 0) & (cells != _NO_MATTER)).float()
    coarse, fine = logits
    any_word = F.max_pool2d(words[:, None], 2)[:, 0]
    most = F.max_pool2d((weights * words)[:, None], 2)[:, 0]
    least = F.max_pool2d((cells == 0)[:, None].float(), 2)[:, 0]
    parts = []
    for answer, wanted, weight in (
        (coarse, any_word, torch.where(any_word > 0, most, least)),
        (fine, words, weights),
    ):
        each = F.binary_cross_entropy_with_logits(answer.float(), wanted, reduction="none")
        parts.append((each * weight).sum() / weight.sum().clamp(min=1))
    return parts[0] + _OF_FINER * parts[1]


def start(focus: Focus, pictures: Tensor) -> Glance:
    """A new glance, which begins with the first two convolutions of a Focus.

    ``pictures`` (n, H, W, 3) are what half of the first one's channels are spared by: at such a
    size each takes more time than a layer further on.
    """
    focus = narrowed(focus, pictures.split(1), stem=_STEM)
    first, second = (_folded(focus, name) for name in ("stem.0", "stem.1"))
    glance = Glance((len(first[1]), len(second[1])))
    glance.stem[0].load_state_dict(dict(zip(("weight", "bias"), first, strict=True)))
    glance.stem[2].load_state_dict(dict(zip(("weight", "bias"), second, strict=True)))
    glance.stem.requires_grad_(False)
    return glance


def _folded(focus: Focus, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation behind it."""
    conv, norm = (focus.get_submodule(f"{name}.{at}") for at in (0, 1))
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    scale = scale_of(norm)
    bias = norm.bias - norm.running_mean * scale
    return (conv.weight * scale[:, None, None, None]).detach(), bias.detach()


def train(args: argparse.Namespace) -> None:
    if not args.photos:
        raise LibraryError("Give photos to train on; they need no labels.")
    teacher, out = Path(args.teacher), Path(args.out)
    pack, file = read_pack(teacher), out / "glance.pt"
    settings, state = {"teacher": named(pack)}, load(file)
    check_same(settings, state, file)
    sources = []
    for folder, weight in args.photos:
        seen = out / f"seen_{short_name(Path(folder))}_{pack.fingerprint}"
        files = gather(teacher, Path(folder), seen, max(1, args.workers))
        if files:
            sources.append(Source(files, float(weight)))
    if not sources:
        raise LibraryError("None of the photos can be read and is large enough to learn from.")
    device = device_of(args)
    pieces = Pieces(sources, args.batch)
    if state is not None:
        model = Glance.of(state["model"])
        model.stem.requires_grad_(False)
    else:
        some = torch.cat([batch for batch, _ in islice(pieces, -(-_COMPARED // args.batch))])
        model = start(restored_focus(pack.path("focus")), some)
    model = model.to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    course = Course(
        model,
        args,
        state,
        rate=args.rate or _RATE,
        decay=0.999,
        weight_decay=0.01,
        counted="pieces",
    )
    course.kept["settings"] = settings
    model.train()
    loader = DataLoader(pieces, None, num_workers=args.workers)
    for pictures, cells in course.over(loader, file):
        with mixed_precision(device):
            logits = model.forward_logits(pictures.to(device))
        course.learn({"loss": loss(logits, cells.to(device))})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--teacher", required=True, metavar="PACK", help="whose Focus is to be spared work"
    )
    parser.add_argument(
        "--photos",
        nargs=2,
        action="append",
        metavar=("FOLDER", "WEIGHT"),
        help="photos, which need no labels, and their share",
    )
    out = "folder for checkpoints, and 1.5 MB a photo of what was seen"
    add_run_arguments(parser, batch=16, rates=str(_RATE), out=out)
    parser.set_defaults(run=train)
