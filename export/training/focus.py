"""Trains Focus: where the words are, on painted scenes and on labelled real photos.

Kernels are words shrunk by DBNet's rule; balanced cross-entropy with three hard negatives a
positive, and dice, on both maps. Doubtful words are ignored rather than called background.

A narrower Focus can begin with a pack's and learn from its answers as well, on photos that nobody
labelled too (knowledge distillation, Hinton et al., 2015).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from engine.errors import LibraryError, PhotoError
from engine.photos import is_photo_name
from export.data.photos import check_readable, left_out, pixels_of
from export.synth.damage import degrade
from export.towers.compact import Focus
from export.training.arc import Arc
from export.training.imitation import Teacher, layers_of
from export.training.narrow import narrowed
from export.training.run import (
    Course,
    add_run_arguments,
    check_same,
    device_of,
    load,
    mixed_precision,
)

Image = NDArray[np.uint8]
SIDE = 512
SHRINK = 0.5  # area ratio's root of a kernel, r in D = A (1 - r^2) / P
_NEAR = 2  # map cells about a kernel; where two such surroundings meet there is a gap
_COMPARED = 24  # patches on which a narrower Focus is compared with the one that it was made of
_RATE, _RATE_OF_PUPILS = 1.5e-3, 2e-4
_WIDTHS = ("stem", "inner", "pyramid")  # options that say how narrow it is to be
LEAST_HEIGHT = 5.0  # pixels in the network's input; smaller words are ignored


@dataclass(frozen=True, slots=True)
class Source:
    """A set of photos: how often it is drawn, and the long sides that its photos are shown at.

    Without ``labels`` only a teacher can tell what is on them.
    """

    photos: Path
    labels: Path | None
    weight: float
    sides: tuple[int, int]


def shrunk(quad: NDArray[np.float32], ratio: float = SHRINK) -> NDArray[np.float32]:
    """``quad`` (4, 2) with every side moved inwards by A (1 - r^2) / P."""
    area = abs(float(cv2.contourArea(quad)))
    edges = np.roll(quad, -1, 0) - quad
    lengths = np.maximum(np.linalg.norm(edges, axis=1), 1e-3)
    offset = area * (1 - ratio**2) / float(lengths.sum())
    along = edges / lengths[:, None]
    before = np.roll(along, 1, 0)
    # A corner moves along both of its sides by the offset over the sine between them.
    sine = np.abs(along[:, 0] * before[:, 1] - along[:, 1] * before[:, 0]).clip(0.3)
    moved: NDArray[np.float32] = quad + (along - before) * (offset / sine)[:, None]
    return moved.astype(np.float32)


def targets(
    quads: NDArray[np.float32],
    sure: NDArray[np.bool_],
    high: int,
    wide: int,
    arc: Arc | None = None,
) -> tuple[Image, Image, Image, Image]:
    """Kernel, word, ignore and gap maps, each (high / 4, wide / 4) uint8 of 0 and 1.

    Gaps are the cells between kernels near each other, where words are joined by mistake.
    """
    shape = (high // 4, wide // 4)
    kernels, words, ignored, near = (np.zeros(shape, np.uint8) for _ in range(4))
    for quad, known in zip(quads, sure, strict=True):
        sides = np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)
        small = min(float(sides[0] + sides[2]), float(sides[1] + sides[3])) / 2 < LEAST_HEIGHT
        if small or not known or (arc is not None and not arc.keeps(quad)):
            cv2.fillPoly(ignored, [_cells(quad, arc)], 1, shift=4)
            continue
        cv2.fillPoly(words, [_cells(quad, arc)], 1, shift=4)
        inner = _cells(shrunk(quad), arc)
        cv2.fillPoly(kernels, [inner], 1, shift=4)
        around = np.zeros(shape, np.uint8)
        cv2.fillPoly(around, [inner], 1, shift=4)
        cv2.polylines(around, [inner], True, 1, 2 * _NEAR + 1, shift=4)
        near += around
    ignored[words > 0] = 0
    gaps = ((near > 1) & (kernels == 0)).astype(np.uint8)
    return kernels, words, ignored, gaps


def _cells(quad: NDArray[np.float32], arc: Arc | None) -> NDArray[np.int32]:
    """A quad in sixteenths of a map cell, as fillPoly takes it; bent ones as polygons."""
    if arc is not None:
        part = np.linspace(0, 1, 12, endpoint=False, dtype=np.float32)[:, None]
        sides = [a + part * (b - a) for a, b in zip(quad, np.roll(quad, -1, 0), strict=True)]
        # Beyond the circle's far side a picture has no place.
        quad = arc.bend(np.concatenate(sides)).clip(-2 * SIDE, 3 * SIDE)
    cells: NDArray[np.int32] = np.round(quad * 4 - 8).astype(np.int32)
    return cells


class Patches(IterableDataset[tuple[Tensor, Tensor]]):
    """(512, 512, 3) pieces of labelled photos and their (5, 128, 128) maps, without end.

    Maps: those of ``targets``, and 1 all over where a teacher labelled, who overlooks words.
    """

    def __init__(self, sources: list[Source], batch: int) -> None:
        self.sources, self.batch = sources, batch
        self._labels = [_labels(source) for source in sources]
        for source, labels in zip(sources, self._labels, strict=True):
            check_readable(source.photos, sorted(labels))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng(time.time_ns() % 2**31 + (worker.id if worker else 0) * 7919)
        cv2.setNumThreads(1)
        names = [sorted(labels) for labels in self._labels]
        weights = np.array([source.weight for source in self.sources])
        weights /= weights.sum()
        while True:
            photos: list[Image] = []
            maps: list[Image] = []
            while len(photos) < self.batch:
                at = int(rng.choice(len(self.sources), p=weights))
                source, name = self.sources[at], names[at][int(rng.integers(len(names[at])))]
                try:
                    pixels = pixels_of(source.photos / name)
                except PhotoError as error:
                    print(f"{name} is left out: {error}", flush=True)
                    names[at].remove(name)
                    if not names[at]:
                        raise
                    continue
                photo, target = _patch(pixels, self._labels[at][name], source.sides, rng)
                if source.labels is None:
                    target[2] = 1
                photos.append(photo)
                maps.append(target)
            yield torch.from_numpy(np.stack(photos)), torch.from_numpy(np.stack(maps))


def _labels(source: Source) -> dict[str, list[dict[str, object]]]:
    """The words of a set's photos to train on, by file name; none where nobody labelled them."""
    if source.labels is None:
        return {path.name: [] for path in source.photos.iterdir() if is_photo_name(path.name)}
    labels: dict[str, list[dict[str, object]]] = json.loads(source.labels.read_text())
    apart = set(left_out(labels))
    return {name: words for name, words in labels.items() if name not in apart}


def _patch(
    picture: Image, words: list[dict[str, object]], sides: tuple[int, int], rng: np.random.Generator
) -> tuple[Image, Image]:
    """A piece at a random scale and tilt, about a word more often than not, sometimes bent."""
    words = [word for word in words if word["quad"] is not None]
    quads = np.array([word["quad"] for word in words], np.float32).reshape(-1, 4, 2)
    # An empty text is a word cut off by the border; a doubtful score is the teacher's doubt.
    sure = np.array(
        [bool(word["text"]) and float(str(word.get("score", 1))) >= 0.6 for word in words], bool
    )
    high, wide = picture.shape[:2]
    scale = float(np.exp(rng.uniform(*np.log(sides)))) / max(high, wide)
    angle = rng.normal(0, 4) if rng.random() < 0.4 else 0.0
    if rng.random() < 0.06:
        angle = rng.uniform(-45, 45)
    if rng.random() < 0.06:
        angle += float(rng.choice((-90, 90, 180)))
    chosen, bend = None, 0.0
    if len(quads) and rng.random() < 0.8:
        chosen = quads[int(rng.integers(len(quads)))]
        long = max(float(np.linalg.norm(chosen[1] - chosen[0])), 1.0)
        centre = chosen.mean(0)
        way = rng.random()
        if way < 0.13:  # the lettering of logos and titles fills a picture
            scale = min(float(rng.uniform(0.3, 1.0)) * SIDE / long, 6.0)
            centre = centre + rng.uniform(-0.15, 0.15, 2) * SIDE / scale
        elif way < 0.24:
            bend = float(rng.choice((-1, 1)) * rng.uniform(0.4, 2.4))
            scale = min(max(scale, 100.0 / long), 0.8 * SIDE / long)
            centre = centre + rng.uniform(-0.2, 0.2, 2) * SIDE / scale
        else:
            centre = centre + rng.uniform(-0.35, 0.35, 2) * SIDE / scale
    else:
        centre = np.array([rng.uniform(0, wide), rng.uniform(0, high)])
    # A photo that fits is shown whole; of a larger one, no more ground beyond its edge than needed.
    room = SIDE / scale / 2
    for axis, size in enumerate((wide, high)):
        centre[axis] = size / 2 if size <= 2 * room else np.clip(centre[axis], room, size - room)
    warp = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, scale)
    if rng.random() < 0.3:
        warp[0] *= rng.uniform(0.8, 1.25)
    warp[:, 2] += SIDE / 2 - warp[:, :2] @ centre - warp[:, 2]
    if scale < 0.7:
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        back = np.diag([wide / small.shape[1], high / small.shape[0], 1.0])
        patch = cv2.warpAffine(small, (np.vstack([warp, [0, 0, 1]]) @ back)[:2], (SIDE, SIDE))
    else:
        patch = cv2.warpAffine(picture, warp, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    if len(quads):
        moved = cv2.transform(quads.reshape(-1, 1, 2), warp).reshape(-1, 4, 2)
        quads = np.asarray(moved, np.float32)
    arc = None
    if bend and chosen is not None:
        at = cv2.transform(chosen.mean(0).reshape(1, 1, 2), warp).reshape(2)
        arc = Arc((float(at[0]), float(at[1])), max(20.0, long * scale / abs(bend)) * np.sign(bend))
        patch = arc.picture(np.asarray(patch, np.uint8))
    values = patch[:, :, ::-1].astype(np.float32)
    if rng.random() < 0.2:
        values = values[:, :, rng.permutation(3)]
    if rng.random() < 0.08:
        values = 255 - values
    spoiled = rng.random() < 0.5
    photo = degrade(values, rng, strength=0.4) if spoiled else values.astype(np.uint8)
    maps = targets(quads, sure, SIDE, SIDE, arc)
    doubtful = np.full_like(maps[0], any("score" in word for word in words))
    return photo, np.stack([*maps, doubtful])


def losses(logits: Tensor, maps: Tensor) -> dict[str, Tensor]:
    """Balanced cross-entropy (negatives 3:1 by hardness over the batch) and dice for both maps."""
    valid = 1.0 - maps[:, 2]
    answer = {}
    for channel, name in enumerate(("kernel", "word")):
        logit, target = logits[:, channel].float(), maps[:, channel]
        each = F.binary_cross_entropy_with_logits(logit, target, reduction="none") * valid
        # Where the teacher saw nothing and the network is sure, the teacher may well be wrong;
        # as hard negatives these cells would otherwise weigh most of all.
        sure = (torch.sigmoid(logit.detach()) > 0.6) & (maps[:, 4] > 0) & (target == 0)
        each = torch.where(sure, 0.25 * each, each)
        if name == "kernel":  # what joins two words weighs more (U-Net's borders, MICCAI 2015)
            each = each * (1 + 3 * maps[:, 3])
        positive = target * valid
        negative = (1 - target) * valid
        count = positive.sum()
        most = int(torch.clamp(3 * count, 2000, float(negative.sum())).item())
        hard = torch.topk((each * negative).flatten(), most).values.sum()
        # A batch in which all is ignored counts nothing, and 0 / 0 would end the training.
        counted = (count + most).clamp(min=1)
        answer[f"{name}_bce"] = ((each * positive).sum() + hard) / counted
        chance = torch.sigmoid(logit) * valid
        overlap = (chance * positive).sum()
        answer[f"{name}_dice"] = 1 - (2 * overlap + 1) / (chance.sum() + positive.sum() + 1)
    answer["kernel_dice"] = answer["kernel_dice"] * 1.5
    return answer


def start(args: argparse.Namespace, teacher: Teacher | None, patches: Patches) -> Focus:
    """A new Focus, or the teacher's, as narrow as is asked for."""
    asked = {name: getattr(args, name) for name in _WIDTHS}
    asked = {name: widths for name, widths in asked.items() if widths is not None}
    if any(np.min(widths) < 1 for widths in asked.values()):
        raise LibraryError("A Focus needs a channel at least in each of its parts.")
    if teacher is None:
        return Focus(**asked)
    photos = torch.cat([batch for batch, _ in islice(patches, -(-_COMPARED // args.batch))])
    model = Focus.of({name: value.cpu() for name, value in teacher.focus.state_dict().items()})
    return narrowed(model, photos.split(1), **asked)


def train(args: argparse.Namespace) -> None:
    device = device_of(args)
    sources = [
        Source(Path(photos), Path(labels), float(weight), (int(least), int(most)))
        for photos, labels, weight, least, most in args.source or []
    ]
    sources += [
        Source(Path(photos), None, float(weight), (int(least), int(most)))
        for photos, weight, least, most in args.unlabelled or []
    ]
    if not sources or (args.unlabelled and not args.teacher):
        raise LibraryError("Give photos to train on; those without labels need a teacher.")
    teacher = Teacher(Path(args.teacher), device) if args.teacher else None
    settings = {"teacher": "none" if teacher is None else teacher.name}
    settings |= {name: str(getattr(args, name) or "as usual") for name in _WIDTHS}
    file = Path(args.out) / "focus.pt"
    state = load(file)
    check_same(settings, state, file)
    patches = Patches(sources, args.batch)
    model = Focus.of(state["model"]) if state else start(args, teacher, patches)
    # What begins near its teacher stays nearer without the noise of each batch's own statistics.
    model = model.train(teacher is None).to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    layers = {} if teacher is None else layers_of(model)
    course = Course(
        model,
        args,
        state,
        rate=args.rate or (_RATE if teacher is None else _RATE_OF_PUPILS),
        decay=0.998,
        weight_decay=0.01,
        counted="patches",
        before=0 if teacher is None else teacher.patches,
    )
    course.kept["settings"] = settings
    loader = DataLoader(patches, None, num_workers=args.workers)
    for photos, maps in course.over(loader, file):
        pictures = photos.to(device)
        with mixed_precision(device):
            logits = model.forward_logits(pictures)
        parts = losses(logits, maps.to(device).float())
        if teacher is not None:
            parts |= teacher.losses(pictures, logits, layers)
        course.learn(parts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        nargs=5,
        action="append",
        metavar=("PHOTOS", "LABELS", "WEIGHT", "LEAST", "MOST"),
        help="a labelled set, its share, and the range of long sides in pixels to show it at",
    )
    parser.add_argument(
        "--unlabelled",
        nargs=4,
        action="append",
        metavar=("PHOTOS", "WEIGHT", "LEAST", "MOST"),
        help="photos without labels, for a teacher to show what is on them",
    )
    parser.add_argument(
        "--teacher", metavar="PACK", help="begin with this pack's Focus and learn its answers too"
    )
    parser.add_argument(
        "--stem", type=int, help="channels of the first convolution; a teacher's are taken out"
    )
    parser.add_argument(
        "--inner",
        nargs=4,
        type=int,
        metavar=("AT_4", "AT_8", "AT_16", "AT_32"),
        help="channels inside the residual blocks, by stride; a teacher's are taken out",
    )
    parser.add_argument(
        "--pyramid",
        nargs=4,
        type=int,
        metavar=("LOW", "MIDDLE", "HIGH", "LAST"),
        help="channels of the pyramid, from the coarsest map to the last one",
    )
    add_run_arguments(parser, batch=8, rates=f"{_RATE}, with a teacher {_RATE_OF_PUPILS}")
    parser.set_defaults(run=train)
