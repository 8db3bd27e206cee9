"""Hard crops come again: drawing another costs much of what training on it does.

Online hard example mining, after Shrivastava et al., CVPR 2016.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor

Batch = tuple[Tensor, list[str]]


class Replay:
    """Crops that were hard to read, each to be seen a few times more."""

    CAPACITY = 50_000  # 12 KB each
    LEAST = 2_000  # before that the same ones would come too often
    TIMES = 3
    # Minus the log-likelihood of a word that was read, and a letter of one that nobody could read.
    EASY, HOPELESS = 0.6, 2.2

    def __init__(self) -> None:
        self._items: list[tuple[Tensor, str, int]] = []

    def add(self, crops: Tensor, words: list[str], surprise: Tensor) -> None:
        """Keep the hard ones; ``surprise`` (n,): minus the log-likelihood of each word.

        What was read is not kept, nor what hardly anybody could read.
        """
        for crop, word, amount in zip(crops, words, surprise.tolist(), strict=True):
            if not self.EASY < amount < self.HOPELESS * len(word):
                continue
            item = (crop.clone(), word, self.TIMES)
            if len(self._items) < self.CAPACITY:
                self._items.append(item)
            else:
                self._items[random.randrange(self.CAPACITY)] = item

    def take(self, count: int) -> Batch | None:
        """So many of them, in other colours and moved a little; None for none or while too few."""
        if not count or len(self._items) < max(self.LEAST, count):
            return None
        crops, words = [], []
        for _ in range(count):
            at = random.randrange(len(self._items))
            crop, word, left = self._items[at]
            crops.append(crop)
            words.append(word)
            if left > 1:
                self._items[at] = (crop, word, left - 1)
            else:
                self._items[at] = self._items[-1]
                self._items.pop()
        batch = torch.stack(crops)
        inverted, permuted = torch.rand(2, count) < 0.3
        batch[inverted] = 255 - batch[inverted]
        batch[permuted] = batch[permuted][..., torch.randperm(3)]
        return batch.roll((random.randint(-1, 1), random.randint(-3, 3)), (1, 2)), words
