"""What a training of FDP starts from: weights of CLIP, chance, or its own checkpoint."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.errors import LibraryError
from export.clip_weights import load_clip, read_state
from export.published import published
from export.towers.clip import CLIP, CONFIGS, ClipConfig
from export.towers.fdp import FDP
from export.training.fdp_photos import LabelledPhoto, squares_of
from export.training.run import load
from export.word_kinds import fit_kinds, frequent_words

TINY: Final = ClipConfig((1, 1, 1, 1), 8, 64, 96, 64, 2, text_layers=2)
MODELS: Final = {**CONFIGS, "tiny": TINY}
_OPENAI = "openai"
_SETTLING = 64  # photos that the batch norms of a random trunk are fitted to


@dataclass(frozen=True, slots=True)
class Start:
    """A size in ``MODELS``, and CLIP's weights: a file, “openai” to fetch them, None for chance."""

    model: str
    weights: str | None
    side: int
    faithful: bool = False
    seed: int = 0


def fresh(start: Start, photos: list[LabelledPhoto], tokenizer: Tokenizer) -> FDP:
    """A model that nobody has trained, with its word kinds. LibraryError without the weights."""
    if start.weights is None:
        clip = random_clip(MODELS[start.model], start.seed)
        settle(clip, squares_of(photos[:_SETTLING], start.side)[0])
    else:
        fetched = start.weights == _OPENAI
        if fetched and start.model not in CONFIGS:
            raise LibraryError(f"OpenAI has no weights for “{start.model}”: name a file of them.")
        file = published(start.model) if fetched else Path(start.weights)
        clip = load_clip(read_state(file), start.model, file, MODELS[start.model])
    torch.manual_seed(start.seed)
    model = FDP(clip, start.side, faithful=start.faithful)
    fit_kinds(model, tokenizer, frequent_words())
    return model


def begun(file: Path) -> dict[str, Any] | None:
    """The checkpoint of a training that was begun, or None; LibraryError when it is none."""
    try:
        state = load(file)
    except OSError as error:
        raise LibraryError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise LibraryError(f"{file} is damaged: name another folder with --out.") from error
    if state is not None and "settings" not in state:
        # A published checkpoint lacks what a training must know of its own past.
        raise LibraryError(f"{file} is of another program: name another folder with --out.")
    return state


def resumed(start: Start, state: dict[str, Any]) -> FDP:
    """The model of a checkpoint, whatever weights it started from."""
    model = FDP(CLIP(MODELS[start.model]).eval(), start.side, faithful=start.faithful)
    model.load_state_dict(state["model_state_dict"])
    return model


def random_clip(config: ClipConfig, seed: int) -> CLIP:
    """CLIP that has learned nothing."""
    torch.manual_seed(seed)
    return CLIP(config).eval()


@torch.no_grad()
def settle(clip: CLIP, squares: Tensor) -> None:
    """Fit the batch norms of a random trunk to photos (n, side, side, 3), as training would."""
    norms = [one for one in clip.visual.modules() if isinstance(one, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0  # what was before counts for nothing
    clip.trunk(squares)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.eval()
        norm.momentum = momentum
