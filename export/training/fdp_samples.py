"""What FDP is trained on: pairs of a photo and a word on it, in batches with distracted queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from engine.errors import LibraryError
from engine.tokenizer import fold
from export.towers.clip import trimmed
from export.towers.fdp import FDP
from export.training.distractors import SHORTEST, distract, spelling
from export.training.fdp_photos import LabelledPhoto
from export.word_kinds import tokens_of

_TOGETHER = 256  # words that go through the text transformer at once


@dataclass(frozen=True, slots=True)
class Batch:
    """Some samples. ``photos`` (B,): which photos.

    ``tokens`` (t, L), ``kinds`` (t,): the distinct texts that must be embedded. ``texts`` (B, 5):
    which of these are a sample's word and its distractors. ``truth`` (B, 5): what each of the five
    deserves. ``shows`` (B, B): whether a sample's photo shows another sample's word too.
    """

    photos: list[int]
    tokens: Tensor
    kinds: Tensor
    texts: Tensor
    truth: Tensor
    shows: Tensor


class Samples:
    """Every pair of a photo and a word on it that ``known`` words have, three letters or more.

    ``usable``: the photos, by index, that could be opened. LibraryError when there is no pair.
    """

    def __init__(
        self,
        photos: Sequence[LabelledPhoto],
        usable: Iterable[int],
        known: frozenset[str],
        tokenizer: Tokenizer,
        model: FDP,
    ) -> None:
        self.pairs = [
            (at, word)
            for at in usable
            for word in sorted({spelling(label.text) for label in photos[at].words})
            if len(word) >= SHORTEST and word in known
        ]
        if not self.pairs:
            raise LibraryError("None of the photos to train on shows a word of the dictionary.")
        self._shown = [photo.shown for photo in photos]
        self.words = sorted({word for _, word in self.pairs})
        self._distracted = dict(zip(self.words, distract(self.words, known), strict=True))
        texts = sorted({text for one in self._distracted.values() for text in one.texts})
        self._rows = {text: at for at, text in enumerate(texts)}
        self._tokens = trimmed(tokens_of(tokenizer, texts))
        own = self._tokens[[self._rows[word] for word in self.words]]
        self._kinds = dict(zip(self.words, kinds_of(model, own).tolist(), strict=True))

    def batches(self, size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """All pairs in an order of the epoch's own.

        The published code shuffles once, so that a word meets the same others in every epoch.
        """
        chance = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.pairs), generator=chance).tolist()
        for start in range(0, len(order), size):
            yield self._batch([self.pairs[at] for at in order[start : start + size]])

    def _batch(self, pairs: Sequence[tuple[int, str]]) -> Batch:
        distracted = [self._distracted[word] for _, word in pairs]
        # A distractor is prompted as its word is, so one text may be there in both kinds.
        asked: dict[tuple[int, int], int] = {}
        texts = [
            [asked.setdefault((self._rows[text], self._kinds[word]), len(asked))
             for text in one.texts]
            for (_, word), one in zip(pairs, distracted, strict=True)
        ]  # fmt: skip
        words = [fold(word) for _, word in pairs]
        return Batch(
            photos=[photo for photo, _ in pairs],
            tokens=trimmed(self._tokens[[row for row, _ in asked]]),
            kinds=torch.tensor([kind for _, kind in asked]),
            texts=torch.tensor(texts),
            truth=torch.from_numpy(np.stack([one.truth for one in distracted])),
            shows=torch.tensor(
                [[word in self._shown[photo] for word in words] for photo, _ in pairs]
            ),
        )


@torch.no_grad()
def kinds_of(model: FDP, tokens: Tensor) -> Tensor:
    """The kinds of words' tokens (n, L), (n,) on the CPU, however many there are."""
    device = model.word_kinds.device
    parts = (trimmed(part).to(device) for part in tokens.split(_TOGETHER))
    return torch.cat([model.kinds_of(part).cpu() for part in parts])


@torch.no_grad()
def embeddings_of(model: FDP, tokens: Tensor) -> Tensor:
    """The unit embeddings of words' tokens (n, L) in their prompts, (n, d) on the CPU."""
    device = model.word_kinds.device
    parts = (trimmed(part).to(device) for part in tokens.split(_TOGETHER))
    found = torch.cat([model.encode_words(part).cpu() for part in parts])
    return torch.nn.functional.normalize(found, dim=1)
