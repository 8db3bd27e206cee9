"""open_clip, where it can be imported, and weights by chance that make every part matter."""

from __future__ import annotations

import importlib
import math
import os
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from export.towers.clip import END, START, ClipConfig

TINY = ClipConfig((2, 1, 1, 1), 4, 16, 64, 16, 2, text_layers=2)
_schemas: list[torch.library.Library] = []  # they last as long as these objects


def open_clip() -> Any:
    """The package; skips the test where it is missing.

    torchvision as PyPI has it does not load its operators beside a CPU build of torch, and stops
    because it cannot describe them. Nothing here calls them: their schemas will do.
    """
    if importlib.util.find_spec("open_clip") is None:
        pytest.skip("open_clip_torch is not installed")
    parallel = os.environ.get("TOKENIZERS_PARALLELISM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("open_clip")
        except ImportError as error:
            pytest.skip(f"open_clip cannot be imported: {error}")
        except RuntimeError as error:
            if "torchvision::nms" not in str(error):
                raise
            library = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor boxes, Tensor scores, float limit) -> Tensor")
            _schemas.append(library)
            return importlib.import_module("open_clip")
        finally:
            if parallel is None:  # the import sets it for the whole process
                os.environ.pop("TOKENIZERS_PARALLELISM", None)


@torch.no_grad()
def scramble(module: nn.Module, seed: int = 0) -> None:
    """Values by chance for every tensor: no gain of 1, no bias of 0, attention that chooses."""
    chance = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        kind = name.rpartition(".")[2]
        if kind == "running_var" or (kind == "weight" and tensor.ndim == 1):
            tensor.uniform_(0.5, 1.5, generator=chance)
        elif tensor.ndim == 1:
            tensor.normal_(std=0.1, generator=chance)
        elif tensor.ndim > 1:
            gain = 2 if tensor.ndim == 4 else 1  # a convolution is followed by a ReLU
            tensor.normal_(std=math.sqrt(gain * len(tensor) / tensor.numel()), generator=chance)
        if name.endswith("bn3.weight"):
            tensor.mul_(0.3)  # or the residual branches grow from block to block
        if name.endswith(("q_proj.weight", "k_proj.weight", "w_qs.weight", "w_ks.weight")):
            tensor.mul_(4)
        if kind == "in_proj_weight":
            tensor[: 2 * len(tensor) // 3].mul_(2)


def photos(count: int, side: int, seed: int = 0) -> Tensor:
    """(count, side, side, 3) uint8: squares of any colour with some noise upon them."""
    chance = torch.Generator().manual_seed(seed)
    squares = torch.randint(0, 200, (count, side // 8, side // 8, 3), generator=chance)
    smooth = squares.repeat_interleave(8, 1).repeat_interleave(8, 2)
    return (smooth + torch.randint(0, 56, smooth.shape, generator=chance)).to(torch.uint8)


def texts(*words: list[int], length: int = 77) -> Tensor:
    """Token ids (n, length) of these words' tokens."""
    rows = [[START, *word, END] for word in words]
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


def relative(ours: Tensor, theirs: Tensor) -> float:
    """The greatest difference as a share of the greatest value."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).detach().abs().max() / theirs.detach().abs().max())
