"""Trains FDP's heads and prompts about a frozen CLIP, as the paper has it (ACM MM 2024).

Where the published code departs from what it means to do, this does not: words meet others in every
epoch, a photo is no wrong answer to a word that it shows, and kernels are averaged over cells.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer

from engine.errors import LibraryError
from export.clip_tokenizer import find_vocabulary, make_tokenizer
from export.evaluation.metrics import Quality, queries_of, relevant_ranks, sum_up
from export.towers.clip import SIDE, STRIDE
from export.towers.fdp import FDP
from export.training.distractors import dictionary, spelling
from export.training.fdp_photos import (
    KINDS,
    LabelledPhoto,
    Store,
    digest_of,
    maps_of,
    open_photos,
)
from export.training.fdp_samples import Samples, embeddings_of
from export.training.fdp_start import MODELS, Start, begun, fresh, resumed
from export.training.fdp_steps import CHECKPOINT, Recipe, Settings, Training
from export.training.run import check_same
from export.word_kinds import tokens_of

_OWN_WORDS = "sets"
_TOGETHER = 64  # held-out photos that are embedded at once
_SAVED_EVERY = 240.0  # seconds


_PAPER: Final = Recipe()


@torch.no_grad()
def measure(model: FDP, store: Store, tokenizer: Tokenizer) -> tuple[Quality, Quality]:
    """How well the words of held-out photos find these, and what chance would do (20 draws)."""
    model.eval()
    device = model.word_kinds.device
    found = []
    for start in range(0, len(store.photos), _TOGETHER):
        rows = range(start, min(start + _TOGETHER, len(store.photos)))
        inputs = store.take(rows).to(device)
        features = model.features(inputs) if inputs.dtype == torch.uint8 else inputs.float()
        found.append(F.normalize(model.embed_features(features)[0], dim=1).cpu())
    asked = _asked(store.photos)
    embeddings = embeddings_of(model, tokens_of(tokenizer, asked))
    scores = (embeddings @ torch.cat(found).T).numpy()
    relevant = np.array([[word in photo.shown for photo in store.photos] for word in asked], bool)
    chance = np.random.default_rng(0)
    drawn = [_ranks(chance.random(scores.shape, np.float32), relevant) for _ in range(20)]
    return sum_up(_ranks(scores, relevant)), sum_up(rank for ranks in drawn for rank in ranks)


def _asked(photos: Sequence[LabelledPhoto]) -> list[str]:
    """The words that photos are measured with."""
    return list(queries_of({str(at): photo.shown for at, photo in enumerate(photos)}))


def _ranks(scores: NDArray[np.float32], relevant: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    return [relevant_ranks(*row) for row in zip(scores, relevant, strict=True)]


def train(args: argparse.Namespace) -> None:
    """Train, and print the losses."""
    logging.basicConfig(format="%(message)s")
    if args.resolution <= 0 or args.resolution % STRIDE:
        raise LibraryError(f"The resolution must be a multiple of {STRIDE} pixels.")
    if min(args.epochs, args.batch, args.decay_every, args.threads) < 1:
        raise LibraryError("Epochs, batch, decay and threads must be 1 or more.")
    torch.set_num_threads(args.threads)
    recipe = Recipe(
        args.epochs,
        args.batch,
        args.rate,
        args.slow_rate,
        args.trunk_rate if args.train_trunk else 0.0,
        args.decay_every,
        args.seed,
    )
    weights = None if args.random else args.weights
    start = Start(args.model, weights, args.resolution, args.faithful, args.seed)
    photos = [photo for one in args.sets for photo in open_photos(one)]
    held = [photo for one in args.held_out for photo in open_photos(one)]
    if held and not _asked(held):
        raise LibraryError("None of the held-out photos shows a word that could be asked for.")
    known = _words(args.dictionary, photos)
    tokenizer = make_tokenizer(find_vocabulary())
    settings = _settings(start, recipe)
    state = begun(args.out / CHECKPOINT)
    check_same(settings, state, args.out / CHECKPOINT)
    model = fresh(start, photos, tokenizer) if state is None else resumed(start, state)
    model.to(args.device)
    store = _filled(args.out / "photos", photos, model, recipe)
    usable = np.flatnonzero(store.places[:, 0]).tolist()
    samples = Samples(photos, usable, known, tokenizer, model)
    print(
        f"{len(samples.pairs)} samples: {len(samples.words)} words on {len(usable)} photos",
        flush=True,
    )
    side, cells = start.side, start.side // STRIDE
    maps = maps_of(photos, store.places, side, cells, faithful=start.faithful)
    training = Training(model, samples, store, maps, recipe, args.out, settings)
    if state is not None:
        training.resume(state)
    held_store = _filled(args.out / "held-out", held, model, recipe) if held else None
    _run(training, held_store, tokenizer, args.steps)


def _settings(start: Start, recipe: Recipe) -> Settings:
    """What a training cannot change on its way."""
    return {
        "model": start.model,
        "resolution": start.side,
        "faithful": start.faithful,
        "train-trunk": recipe.trunk_rate > 0,
        "batch": recipe.batch,
        "seed": recipe.seed,
    }


def _words(chosen: str | None, photos: Sequence[LabelledPhoto]) -> frozenset[str]:
    """The dictionary: installed lists, a file's, or all words of the sets."""
    if chosen == _OWN_WORDS:
        return frozenset(spelling(word.text) for photo in photos for word in photo.words)
    return dictionary(Path(chosen) if chosen else None)


def _filled(folder: Path, photos: Sequence[LabelledPhoto], model: FDP, recipe: Recipe) -> Store:
    """The trunk's features of all photos; the photos themselves where the trunk is trained."""
    if recipe.trunk_rate:
        shape: tuple[int, ...] = (model.side, model.side, 3)
        store = Store(folder, photos, model.side, shape=shape, dtype=np.uint8, origin="")
        store.fill(lambda squares: squares)
        return store
    cells, clip = model.side // STRIDE, model.clip_model
    shape, origin = (clip.config.features, cells, cells), digest_of(clip.visual)
    store = Store(folder, photos, model.side, shape=shape, dtype=np.float16, origin=origin)
    device = model.word_kinds.device
    with torch.no_grad():
        store.fill(lambda squares: model.features(squares.to(device)).half())
    return store


def _run(training: Training, held: Store | None, tokenizer: Tokenizer, steps: int) -> None:
    """Train to the end of the recipe, or so many ``steps`` in all where that is not 0."""
    saved = time.monotonic()
    if held is not None and training.step == 0:
        _compare(training, held, tokenizer)
    while training.epoch < training.recipe.epochs:
        seen: list[dict[str, float]] = []
        for found in training.run_epoch():
            seen.append(found)
            stop = steps and training.step >= steps
            if stop or time.monotonic() - saved > _SAVED_EVERY:
                saved = time.monotonic()
                training.save(found["total"])
            if stop:
                return
        if seen:
            means = {name: float(np.mean([one[name] for one in seen])) for name in seen[0]}
            text = " ".join(f"{name} {value:.3f}" for name, value in means.items())
            print(f"epoch {training.epoch} step {training.step} {text}", flush=True)
        if held is not None:
            _compare(training, held, tokenizer)
        training.save(seen[-1]["total"] if seen else 0.0)


def _compare(training: Training, held: Store, tokenizer: Tokenizer) -> None:
    """Measure on held-out photos, print it beside chance, and keep what is best."""
    quality, chance = measure(training.model, held, tokenizer)
    print(
        f"held out: mAP {quality.mean_average_precision:.3f} (by chance "
        f"{chance.mean_average_precision:.3f}), top-1 {quality.top1:.3f}",
        flush=True,
    )
    training.note(quality)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train fdp``."""
    parser.add_argument("--model", default="RN50", choices=list(MODELS), help="the size of CLIP")
    begin = parser.add_mutually_exclusive_group(required=True)
    begin.add_argument(
        "--weights", metavar="FILE", help="CLIP's weights; “openai” fetches OpenAI's"
    )
    begin.add_argument("--random", action="store_true", help="a CLIP that has learned nothing")
    kinds = f"KIND being one of {', '.join(KINDS)}"
    parser.add_argument(
        "--set",
        dest="sets",
        action="append",
        required=True,
        metavar="KIND:DIR",
        help=f"labelled photos to train on, {kinds}; may be given several times",
    )
    parser.add_argument(
        "--held-out",
        action="append",
        default=[],
        metavar="KIND:DIR",
        help="labelled photos to measure on after every epoch, and to choose the best by",
    )
    parser.add_argument(
        "--dictionary",
        metavar="FILE",
        help="words that are trained on, instead of all lists installed; "
        f"“{_OWN_WORDS}” means every word of the sets",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and caches")
    parser.add_argument(
        "--resolution", type=int, default=SIDE, metavar="PIXELS", help="side of what the model sees"
    )
    parser.add_argument("--epochs", type=int, default=_PAPER.epochs)
    parser.add_argument("--decay-every", type=int, default=_PAPER.decay_every, metavar="EPOCHS")
    parser.add_argument("--batch", type=int, default=_PAPER.batch)
    parser.add_argument("--rate", type=float, default=_PAPER.rate, help="of prompts and probe")
    parser.add_argument(
        "--slow-rate", type=float, default=_PAPER.slow_rate, help="of what starts from CLIP's"
    )
    parser.add_argument(
        "--train-trunk",
        action="store_true",
        help="train the trunk too, which is no part of the paper; then no features are kept",
    )
    parser.add_argument("--trunk-rate", type=float, default=2e-3)
    parser.add_argument(
        "--faithful", action="store_true", help="start and sample kernels as the published code"
    )
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps in all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=train)
