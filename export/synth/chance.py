"""Random numbers for whole batches."""

from __future__ import annotations

import torch
from torch import Tensor


class Chance:
    """Random numbers for batches; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(self, low: float, high: float, count: int) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=self.generator)

    def normal(self, mean: float, deviation: float, count: int) -> Tensor:
        return mean + deviation * torch.randn(count, generator=self.generator)

    def whole(self, low: int, high: int, count: int) -> Tensor:
        """Whole numbers from low up to but not including high."""
        return torch.randint(low, high, (count,), generator=self.generator)

    def some(self, part: float | Tensor, count: int) -> Tensor:
        """(n,) True in about ``part`` of the places."""
        return torch.rand(count, generator=self.generator) < part

    def which(self, part: float | Tensor, count: int) -> Tensor:
        """The places of such a part."""
        return self.some(part, count).nonzero()[:, 0]
