"""A Focus learns the answers of a pack's (knowledge distillation, Hinton et al., 2015)."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.packs import read_pack

_NOTHING = 0.05  # probability below which there is no text


class Teacher:
    """A pack's Focus, whose answers another one learns. ``patches``: what it was trained on."""

    def __init__(self, pack: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        described = read_pack(pack)
        self.file = described.path("focus")
        self.patches = int(described.settings.get("training", {}).get("patches", 0))
        self._session = onnxruntime.InferenceSession(
            self.file, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, photos: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 to probabilities (B, 2, H/4, W/4)."""
        return torch.from_numpy(self._session.run(None, {"photo": photos.numpy()})[0])


def imitation(logits: Tensor, taught: Tensor) -> Tensor:
    """How far answers are from the teacher's probabilities: the mean divergence, near text.

    Cells where both see nothing count in the sum alone, for nearly all cells are such.
    """
    logits = logits.float()
    taught = taught.clamp(1e-4, 1 - 1e-4)
    apart = F.binary_cross_entropy_with_logits(logits, taught, reduction="sum")
    least = F.binary_cross_entropy(taught, taught, reduction="sum")
    near = (taught > _NOTHING) | (torch.sigmoid(logits.detach()) > _NOTHING)
    return (apart - least) / near.sum().clamp(min=1000)
