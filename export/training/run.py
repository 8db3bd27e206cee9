"""What both trainings share: budget, schedule, averaged weights, checkpoints."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn


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
