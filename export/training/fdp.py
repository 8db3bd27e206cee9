"""Trains FDP's heads and prompts about a frozen CLIP, as the paper has it (ACM MM 2024).

Where the published code departs from what it means to do, this does not: words meet others in every
epoch, a photo is no wrong answer to a word that it shows, and kernels are averaged over cells.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.errors import LibraryError
from export.clip_tokenizer import find_vocabulary, make_tokenizer
from export.evaluation.metrics import Quality, queries_of, relevant_ranks, sum_up
from export.towers.clip import SIDE, STRIDE
from export.towers.fdp import FDP
from export.training.distractors import dictionary, spelling
from export.training.fdp_losses import losses
from export.training.fdp_photos import (
    KINDS,
    LabelledPhoto,
    Store,
    digest_of,
    maps_of,
    open_photos,
)
from export.training.fdp_samples import Batch, Samples, embeddings_of
from export.training.fdp_start import MODELS, Start, begun, fresh, resumed
from export.training.run import save
from export.word_kinds import tokens_of

CHECKPOINT: Final = "fdp.pt"
BEST: Final = "best.pt"
_OWN_WORDS = "sets"
_FAST = ("prompt_learner.", "cross_attention_textquery.", "binarize.")
_TRUNK = "clip_model.visual."
_POOL = "clip_model.visual.attnpool."
_TOGETHER = 64  # held-out photos that are embedded at once
_SAVED_EVERY = 240.0  # seconds

Settings = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; the defaults are the paper's."""

    epochs: int = 20
    batch: int = 48
    rate: float = 2e-3  # of prompts, cross-attention, and the last convolution of the score map
    slow_rate: float = 1e-4  # of positions and the other convolutions, which start from CLIP's
    trunk_rate: float = 0.0  # 0: frozen
    decay_every: int = 10  # epochs, by ten
    seed: int = 0


_PAPER: Final = Recipe()


def optimiser_of(model: FDP, recipe: Recipe) -> torch.optim.Adam:
    """Adam over what is trained, in groups that know the rate they start from.

    With a rate of its own the trunk is trained too, but for its attention pool. Its weights do not
    decay, since Adam takes decay for a gradient and would drive to nothing what learns late.
    """
    groups: dict[float, list[nn.Parameter]] = {recipe.rate: [], recipe.slow_rate: []}
    trunk = []
    for name, parameter in model.named_parameters():
        if name.startswith(_TRUNK) and not name.startswith(_POOL) and recipe.trunk_rate:
            trunk.append(parameter.requires_grad_())
        elif parameter.requires_grad:
            groups[recipe.rate if name.startswith(_FAST) else recipe.slow_rate].append(parameter)
    listed = [{"params": params, "lr": rate, "start": rate} for rate, params in groups.items()]
    if trunk:
        rate = recipe.trunk_rate
        listed.append({"params": trunk, "lr": rate, "start": rate, "weight_decay": 0.0})
    return torch.optim.Adam(listed, betas=(0.9, 0.98), eps=1e-6, weight_decay=1e-3)


class Training:
    """A model on its way: one step at a time, saved and gone on with exactly.

    ``out`` gets the checkpoint ``fdp.pt``, under the published names, and ``log.jsonl`` with the
    losses of every step. ``settings``: what must be the same when it goes on; they are kept.
    """

    def __init__(
        self,
        model: FDP,
        samples: Samples,
        store: Store,
        maps: Tensor,
        recipe: Recipe,
        out: Path,
        settings: Settings,
    ) -> None:
        self.model, self.samples, self.store, self.maps = model, samples, store, maps
        self.recipe, self.out, self.settings = recipe, out, settings
        self.optimiser = optimiser_of(model, recipe)
        self.epoch, self.within, self.step = 0, 0, 0
        self.best = -1.0
        self._seconds, self._since = 0.0, time.monotonic()

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint, whose weights the model has already.

        LibraryError when it was trained on other samples.
        """
        if state["samples"] != len(self.samples.pairs):
            raise LibraryError(
                f"{self.out / CHECKPOINT} was trained on {state['samples']} samples, where there "
                f"are {len(self.samples.pairs)} now: name another folder with --out."
            )
        self.optimiser.load_state_dict(state["optimizer_state_dict"])
        self.epoch, self.within, self.step = state["epoch"], state["within"], state["step"]
        self.best, self._seconds = state["best"], state["seconds"]
        log = self.out / "log.jsonl"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        # What came after the checkpoint is done again.
        kept = [line for line in lines if json.loads(line)["step"] <= self.step]
        log.write_text("".join(f"{line}\n" for line in kept), "utf-8")

    def run_epoch(self) -> Iterator[dict[str, float]]:
        """The losses of every step until the epoch ends."""
        self.model.train()
        if self.recipe.trunk_rate:
            # Batch norms whose statistics stay behind would hold back a trunk that moves.
            self.model.clip_model.visual.train()
        for at, batch in enumerate(
            self.samples.batches(self.recipe.batch, self.recipe.seed, self.epoch)
        ):
            if at < self.within:
                continue
            found = self._step(batch)
            self.within = at + 1
            yield found
        self.epoch, self.within = self.epoch + 1, 0

    def _step(self, batch: Batch) -> dict[str, float]:
        # Dropout differs from step to step, but not between a run and one that was resumed.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = group["start"] * 0.1 ** (self.epoch // self.recipe.decay_every)
        device = self.model.word_kinds.device
        inputs = self.store.take(batch.photos).to(device)
        features = self.model.features(inputs) if self.recipe.trunk_rate else inputs.float()
        parts = losses(self.model, features, self.maps[batch.photos].to(device), batch)
        total = torch.stack(list(parts.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.optimiser.step()
        self.step += 1
        found = {name: value.item() for name, value in (*parts.items(), ("total", total))}
        self._log({"step": self.step, "epoch": self.epoch, **found})
        return found

    def _log(self, entry: dict[str, float]) -> None:
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def note(self, quality: Quality) -> None:
        """Keep how well held-out photos are found, and the weights if that is better than ever."""
        self._log({"step": self.step, "epoch": self.epoch, "map": quality.mean_average_precision})
        if quality.mean_average_precision > self.best:
            self.best = quality.mean_average_precision
            save(self.out / BEST, {"epoch": self.epoch, **self._weights()})

    def _weights(self) -> dict[str, Any]:
        return {"model_state_dict": self.model.state_dict(), "settings": self.settings}

    def save(self, loss: float) -> None:
        """Write the checkpoint; ``loss`` is what the published ones keep too, the last total."""
        content = {
            **self._weights(),
            "optimizer_state_dict": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "loss": loss,
            "samples": len(self.samples.pairs),
            "within": self.within,
            "step": self.step,
            "best": self.best,
            "seconds": self._seconds + time.monotonic() - self._since,
        }
        save(self.out / CHECKPOINT, content)


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


def train(args: argparse.Namespace) -> int:
    """Train, print the losses, and return the exit status."""
    logging.basicConfig(format="%(message)s")
    try:
        _train(args)
    except LibraryError as error:
        print(error)
        return 1
    return 0


def _train(args: argparse.Namespace) -> None:
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
    _check_same(settings, state, args.out)
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


def _check_same(settings: Settings, state: dict[str, Any] | None, out: Path) -> None:
    """LibraryError when a checkpoint is of a training with other settings."""
    for name, value in settings.items():
        if state is not None and (before := state["settings"][name]) != value:
            raise LibraryError(
                f"{out / CHECKPOINT} was begun with {name} {before}, not {value}: name another "
                "folder with --out."
            )


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
