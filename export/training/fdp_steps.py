"""Training FDP step by step: what is trained, at which rates, and checkpoints to go on from."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from engine.errors import LibraryError
from export.evaluation.metrics import Quality
from export.towers.fdp import FDP
from export.training.fdp_losses import losses
from export.training.fdp_photos import Store
from export.training.fdp_samples import Batch, Samples
from export.training.run import save

CHECKPOINT: Final = "fdp.pt"
BEST: Final = "best.pt"
_FAST = ("prompt_learner.", "cross_attention_textquery.", "binarize.")
_TRUNK = "clip_model.visual."
_POOL = "clip_model.visual.attnpool."

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
