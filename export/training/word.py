"""Trains the image tower and the text tower together on word crops.

Losses: contrastive in both directions, with a distracted query (one edit away, FDP's *Distinguish*
step) for every word, and CTC on the image tower's columns. Crops that were hard to read come again
(`replay.py`), and short words are seen at half the width as well, as on pages.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from engine.errors import LibraryError
from engine.packs import read_pack
from engine.tokenizer import ALPHABET, fold, stretch
from export.data.photos import check_readable, left_out
from export.data.words import Cut, cut_words, vary
from export.restore import restored_image_tower, restored_text_tower
from export.synth.bank import Bank
from export.synth.crops import CropRenderer
from export.synth.damage import degrade_crops
from export.synth.textures import Textures, load_backgrounds
from export.towers.compact import BLANK, FRAMES, LONGEST_WORD, ImageTower, TextTower
from export.training.replay import Batch, Replay
from export.training.run import (
    Course,
    add_run_arguments,
    check_same,
    device_of,
    load,
    mixed_precision,
    named,
)

# Of a batch, how much is seen at half the width, and the letters of words that are: in condensed
# faces so many stand in what is two and a half times as wide as high.
_NARROW_PART, _SHORT = 0.4, 7

_RATE, _RATE_OF_PACKS = 1.2e-3, 2e-4  # a pack has no batch normalisation that would even steps
_SCALES = (10, 20, 40, 70, 100)  # inverse temperatures that towers of a pack may begin with

# How often drawn crops are spoiled, and those that a camera or the painter has spoiled already.
_DRAWN_STRENGTH, _REAL_STRENGTH = 0.6, 0.5
# Minus the log-likelihood a letter above which a crop counts less in CTC: nobody could read it.
_ILLEGIBLE, _ILLEGIBLE_WEIGHT = 2.5, 0.2


@dataclass(frozen=True, slots=True)
class Share:
    """Crops of labelled photos, and how many of them every batch has."""

    cuts: list[Cut]
    count: int


class Crops(IterableDataset[Batch]):
    """Batches of crops without end: first the ``drawn`` ones, then those of every share."""

    def __init__(
        self, bank: Path, backgrounds: Path | None, drawn: int, shares: list[Share]
    ) -> None:
        self.bank, self.backgrounds = bank, backgrounds
        self.drawn, self.shares = drawn, [share for share in shares if share.cuts and share.count]

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        seed = time.time_ns() % 2**31 + (worker.id if worker else 0) * 7919
        if worker is not None:  # the training process itself keeps its threads
            torch.set_num_threads(1)
        rng = np.random.default_rng(seed)
        grounds = load_backgrounds(self.backgrounds, 250) if self.backgrounds else []
        renderer = CropRenderer(Bank(self.bank), Textures(grounds, seed + 1), seed + 2)
        while True:
            crops, words = renderer.paint(self.drawn)
            strength = torch.full((self.drawn,), _DRAWN_STRENGTH)
            for share in self.shares:
                chosen = rng.integers(len(share.cuts), size=share.count)
                cuts = [share.cuts[int(at)] for at in chosen]
                varied = torch.from_numpy(np.stack([vary(cut, rng) for cut in cuts]))
                crops = torch.cat([crops, varied.permute(0, 3, 1, 2).float()])
                words += [cut.text for cut in cuts]
                strength = torch.cat([strength, torch.full((share.count,), _REAL_STRENGTH)])
            spoiled = torch.from_numpy(degrade_crops(crops, strength, renderer.chance))
            yield spoiled, [fold(word)[:LONGEST_WORD] for word in words]


def distract(word: str) -> str:
    """A different word one edit away."""
    at, kind = random.randrange(len(word)), random.randrange(4)
    letter = random.choice(ALPHABET)
    if kind == 0 and len(word) > 1:
        other = word[:at] + word[at + 1 :]
    elif kind == 1 and len(word) < LONGEST_WORD:
        other = word[:at] + letter + word[at:]
    else:
        other = word[:at] + letter + word[at + 1 :]
    return other if other != word else word[:at] + ("a" if letter != "a" else "b") + word[at + 1 :]


def tokens(words: list[str], device: torch.device) -> tuple[Tensor, Tensor]:
    """What the text tower takes: (n, 16, 36) letters over frames, (n,) lengths."""
    lengths = torch.tensor([len(word) for word in words], device=device)
    return torch.from_numpy(stretch(words, FRAMES)).to(device), lengths


class WordTowers(nn.Module):
    """Both towers and the temperature that they are trained with."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = ImageTower(), TextTower()
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    def losses(self, crops: Tensor, words: list[str]) -> tuple[dict[str, Tensor], Tensor]:
        """The losses by name, and minus the log-likelihood of each word, (n,)."""
        device = crops.device
        embeddings, letters = self._seen(crops, words)
        queries = words + [distract(word) for word in words]
        texts = self.text(*tokens(queries, device))
        scale = self.log_scale.exp().clamp(max=100.0)
        logits = scale * embeddings.float() @ texts.float().T
        ids = {word: at for at, word in enumerate(dict.fromkeys(queries))}
        mine = torch.tensor([ids[word] for word in words], device=device)
        theirs = torch.tensor([ids[word] for word in queries], device=device)
        same = mine[:, None] == theirs[None]
        own = torch.eye(len(words), len(queries), dtype=torch.bool, device=device)
        to_text = F.cross_entropy(
            logits.masked_fill(same & ~own, -1e4), torch.arange(len(words), device=device)
        )
        logp = F.log_softmax(logits[:, : len(words)].T, 1)
        positive = same[:, : len(words)].T.float()
        to_image = -(logp * positive).sum(1).div(positive.sum(1)).mean()
        flat = torch.tensor([ALPHABET.index(c) + 1 for word in words for c in word], device=device)
        lengths = torch.tensor([len(word) for word in words], device=device)
        columns = torch.full((len(words),), letters.shape[1], device=device)
        surprise = F.ctc_loss(
            letters.float().transpose(0, 1),
            flat,
            columns,
            lengths,
            blank=BLANK,
            reduction="none",
            zero_infinity=True,
        )
        letter = surprise / lengths
        weight = torch.where(letter.detach() > _ILLEGIBLE, _ILLEGIBLE_WEIGHT, 1.0)
        ctc = (weight * letter).mean()
        return {"to_text": to_text, "to_image": 0.5 * to_image, "ctc": ctc}, surprise.detach()

    def _seen(self, crops: Tensor, words: list[str]) -> tuple[Tensor, Tensor]:
        """What the image tower answers, of some short words at half the width."""
        count = round(_NARROW_PART * len(words))
        if not count:
            return self.image(crops)
        order = sorted(
            range(len(words)), key=lambda at: (max(_SHORT, len(words[at])), random.random())
        )
        narrow, wide = torch.tensor(order, device=crops.device).split([count, len(words) - count])
        parts = self.image(halved(crops[narrow])), self.image(crops[wide])
        back = torch.cat([narrow, wide]).argsort()
        embeddings, letters = (torch.cat(both)[back] for both in zip(*parts, strict=True))
        return embeddings, letters


def halved(crops: Tensor) -> Tensor:
    """Crops (n, h, w, 3) uint8 at half the width, much as the engine cuts them."""
    both = crops.int().unflatten(2, (-1, 2)).sum(3)
    return ((both + 1) // 2).byte()


@torch.no_grad()
def sharpest(towers: WordTowers, crops: Tensor, words: list[str]) -> Tensor:
    """The logarithm of the temperature at which towers without one of their own lose least."""

    def lost(scale: float) -> float:
        towers.log_scale.fill_(math.log(scale))
        losses, _ = towers.losses(crops, words)
        return float(losses["to_text"] + losses["to_image"])

    return torch.tensor(math.log(min(_SCALES, key=lost)))


@torch.no_grad()
def validate(towers: WordTowers, cuts: list[Cut], device: torch.device) -> dict[str, float]:
    """CTC exact and embedding top-1 among the set's own words, on crops not trained on.

    ``narrow_``: of short words at half the width.
    """
    towers.eval()
    lexicon = sorted({_label(cut) for cut in cuts})
    texts = towers.text(*tokens(lexicon, device))
    short = [cut for cut in cuts if len(_label(cut)) <= _SHORT]
    found: dict[str, float] = {"words": len(lexicon)}
    for called, some in (("", cuts), ("narrow_", short)):
        exact = first = 0
        for start in range(0, len(some), 256):
            part = some[start : start + 256]
            crops = torch.from_numpy(np.stack([vary(cut, None) for cut in part])).to(device)
            embeddings, letters = towers.image(halved(crops) if called else crops)
            best = (embeddings @ texts.T).argmax(1).tolist()
            for cut, at, path in zip(part, best, letters, strict=True):
                first += lexicon[at] == _label(cut)
                exact += greedy(path) == _label(cut)
        found[f"{called}exact"] = exact / max(1, len(some))
        found[f"{called}top1"] = first / max(1, len(some))
    return found


def _label(cut: Cut) -> str:
    return fold(cut.text)[:LONGEST_WORD]


def greedy(letters: Tensor) -> str:
    """The best path of (T, 37) log-probabilities, repeats and blanks dropped."""
    path = torch.unique_consecutive(letters.argmax(1)).tolist()
    return "".join(ALPHABET[label - 1] for label in path if label)


def train(args: argparse.Namespace) -> None:
    device = device_of(args)
    random.seed(args.seed)
    real, held = _split(args.real or [])
    scenes, held_scenes = _split(args.scenes or [])
    print(
        f"{len(real)} real crops to train on, {len(held)} held out; {len(scenes)} of scenes",
        flush=True,
    )
    base = read_pack(Path(args.base)) if args.base else None
    file = Path(args.out) / "word.pt"
    settings = {"base": named(base)}
    state = load(file)
    check_same(settings, state, file)
    towers, still, before = WordTowers(), base is not None, 0
    if state is not None:
        towers.load_state_dict(state["model"])
        still, before = state["still"], state["before"]
    elif base is not None:
        before = int(base.settings.get("training", {}).get("crops", 0))
        towers.image.load_state_dict(restored_image_tower(base.path("image")).state_dict())
        towers.text.load_state_dict(restored_text_tower(base.path("text")).state_dict())
    towers = towers.to(device)
    # A pack's batch normalisation is folded into its convolutions: what stands for it adds only.
    towers.train(not still)
    course = Course(
        towers,
        args,
        state,
        rate=args.rate or (_RATE_OF_PACKS if still else _RATE),
        decay=0.999,
        weight_decay=0.02,
        counted="crops",
        before=before,
    )
    course.kept |= {"still": still, "settings": settings}
    again, of_real, of_scenes = (
        round(args.batch * part) for part in (args.replayed, args.real_part, args.scenes_part)
    )
    shares = [Share(scenes, of_scenes if scenes else 0), Share(real, of_real if real else 0)]
    painted = args.batch - again - shares[1].count
    drawn = painted - shares[0].count
    if drawn < 1:
        raise LibraryError("The parts of a batch leave no room for drawn crops; lower one of them.")
    backgrounds = Path(args.backgrounds) if args.backgrounds else None
    data = Crops(Path(args.bank), backgrounds, drawn, shares)
    ahead = 4 if args.workers else None  # without workers torch refuses any number
    loader = DataLoader(data, None, num_workers=args.workers, prefetch_factor=ahead)
    replay = Replay()

    def judge() -> None:
        judged = WordTowers().to(device)
        judged.load_state_dict(course.average.state)
        for called, some in (("held out", held), ("held-out scenes", held_scenes)):
            if some:
                print(f"{called}:", validate(judged, some[:3000], device), flush=True)

    for crops, words in course.over(loader, file, judge):
        if (hard := replay.take(again)) is not None:
            crops, words = torch.cat([crops, hard[0]]), words + hard[1]
        if still and not course.step:
            towers.log_scale.data.copy_(sharpest(towers, crops.to(device), words))
        with mixed_precision(device):
            losses, surprise = towers.losses(crops.to(device), words)
        course.learn(losses)
        if again:
            # Real ones come again anyway, and where they are hard their label may be wrong.
            replay.add(crops[:painted], words[:painted], surprise[:painted])


def _split(sets: Sequence[Sequence[str]]) -> tuple[list[Cut], list[Cut]]:
    """The words of labelled photos to train on, and those of photos that are left out."""
    cuts: list[Cut] = []
    held: list[Cut] = []
    for photos, labels in sets:
        names = json.loads(Path(labels).read_text()).keys()
        check_readable(Path(photos), names)
        apart = left_out(names)
        cuts += cut_words(Path(photos), Path(labels), only=sorted(names - set(apart)))
        held += cut_words(Path(photos), Path(labels), only=apart)
    return [cut for cut in cuts if fold(cut.text)], [cut for cut in held if fold(cut.text)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bank", required=True, help="folder made by `photolex-export draw`")
    parser.add_argument("--backgrounds", help="folder of photos to cut grounds from")
    parser.add_argument(
        "--real",
        nargs=2,
        action="append",
        metavar=("PHOTOS", "LABELS"),
        help="labelled real photos",
    )
    parser.add_argument("--real-part", type=float, default=0.2, help="share of real crops")
    parser.add_argument(
        "--scenes",
        nargs=2,
        action="append",
        metavar=("PHOTOS", "LABELS"),
        help="painted scenes, whose words are cut as those of real photos",
    )
    parser.add_argument("--scenes-part", type=float, default=0.18, help="share of scenes' crops")
    parser.add_argument("--replayed", type=float, default=0.27, help="share of hard crops again")
    parser.add_argument("--base", metavar="PACK", help="begin with the towers of a compact pack")
    add_run_arguments(parser, batch=256, rates=f"{_RATE}, with --base {_RATE_OF_PACKS}")
    parser.set_defaults(run=train)
