"""What the trainings of compact towers share: budget, schedule, averaged weights, checkpoints."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from engine.errors import LibraryError
from engine.packs import ModelPack

_Batch = TypeVar("_Batch")

_SAVED_EVERY = 240.0  # seconds
_TOLD_EVERY = 50  # steps


@dataclass
class Budget:
    """Minutes of training: the schedule follows time, so that a run ends when it must."""

    minutes: float
    spent: float = 0.0  # seconds, over all earlier runs
    _since: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return self.spent + time.monotonic() - self._since

    def part(self) -> float:
        """0 at the start, 1 when the time is used up."""
        return min(1.0, self.seconds() / (60 * self.minutes))

    def rate(self, top: float, warm: float = 0.01) -> float:
        """The learning rate now: a short rise, then half a cosine down to a hundredth."""
        part = self.part()
        if part < warm:
            return top * (0.05 + 0.95 * part / warm)
        return top * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part)))


class Average(nn.Module):
    """An exponential moving average of a model's weights; it is what gets exported."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.state: dict[str, torch.Tensor] = {
            name: value.detach().clone() for name, value in model.state_dict().items()
        }

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)


def mixed_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the device computes with it: a CPU that cannot is slower by it."""
    able = device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=able)


def save(file: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill in the middle leaves the old one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(file)


def load(file: Path) -> dict[str, Any] | None:
    """The checkpoint, or None where there is none yet."""
    if not file.exists():
        return None
    content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    return content


def named(pack: ModelPack | None) -> str:
    """What tells a pack that a training began with from another one."""
    return "none" if pack is None else f"{pack.name} {pack.fingerprint}"


def check_same(settings: Mapping[str, Any], state: Mapping[str, Any] | None, file: Path) -> None:
    """LibraryError when the checkpoint in ``file`` is of a training with other settings."""
    begun = {} if state is None else state.get("settings", {})  # older checkpoints have none
    for name, value in settings.items():
        if (before := begun.get(name, value)) != value:
            raise LibraryError(
                f"{file} was begun with {name} {before}, not {value}: name another folder with "
                "--out."
            )


class Course:
    """The training of a model, which ends when its time or its steps are used up.

    It goes on where a checkpoint of it stopped. ``counted`` is what a batch has ``args.batch`` of;
    checkpoints hold how many were seen by that name, those ``before`` this training among them, and
    whatever is put into ``kept``.
    """

    def __init__(
        self,
        model: nn.Module,
        args: argparse.Namespace,
        state: Mapping[str, Any] | None,
        *,
        rate: float,
        decay: float,
        weight_decay: float,
        counted: str,
        before: int = 0,
    ) -> None:
        self.model, self.rate, self.counted, self.before = model, rate, counted, before
        self.batch, self.steps = args.batch, args.steps
        self.trained = [one for one in model.parameters() if one.requires_grad]
        self.average = Average(model, decay)
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-3, weight_decay=weight_decay)
        self.budget, self.step = Budget(args.minutes), 0
        self.shown: dict[str, float] = {}
        self.kept: dict[str, Any] = {}
        if state is not None:
            self.average.state = {k: v.to(args.device) for k, v in state["average"].items()}
            self.optimizer.load_state_dict(state["optimizer"])
            self.budget.spent, self.step = state["seconds"], state["step"]

    def over(
        self, batches: Iterable[_Batch], file: Path, judge: Callable[[], None] | None = None
    ) -> Iterator[_Batch]:
        """Batches to learn from, one a step; saves on the way and at the end, and then judges."""
        saved = time.monotonic()
        for batch in batches:
            yield batch
            ended = self.budget.part() >= 1 or (self.steps and self.step >= self.steps)
            if ended or time.monotonic() - saved > _SAVED_EVERY:
                saved = time.monotonic()
                save(file, self._content())
                if judge is not None:
                    judge()
            if ended:
                return

    def learn(self, losses: Mapping[str, Tensor]) -> None:
        """A step down the sum of the losses, which are told by their names every fifty steps."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.budget.rate(self.rate)
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.trained, 5.0)
        self.optimizer.step()
        self.step += 1
        self.average.update(self.model, self.step)
        for name, loss in losses.items():
            value = loss.item()
            self.shown[name] = 0.98 * self.shown.get(name, value) + 0.02 * value
        if self.step % _TOLD_EVERY == 0:
            text = " ".join(f"{name} {value:.4f}" for name, value in self.shown.items())
            seen = f"{self.step * self.batch} {self.counted} {self.budget.seconds() / 60:.1f} min"
            print(f"step {self.step} {seen} {text}", flush=True)

    def _content(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "average": self.average.state,
            "optimizer": self.optimizer.state_dict(),
            "seconds": self.budget.seconds(),
            "step": self.step,
            "before": self.before,
            self.counted: self.before + self.step * self.batch,
            **self.kept,
        }


def device_of(args: argparse.Namespace) -> torch.device:
    """Where to train, with threads and seed as asked for."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    return torch.device(args.device)


def add_run_arguments(
    parser: argparse.ArgumentParser, *, batch: int, rates: str, out: str = "folder for checkpoints"
) -> None:
    """The options of every such training; ``rates`` says what the rate is by itself."""
    parser.add_argument("--out", required=True, help=out)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, help=f"at most: {rates}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
