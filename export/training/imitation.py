"""A Focus learns the answers of a pack's (knowledge distillation, Hinton et al., 2015).

It learns what layers answer on the way as well (hints: FitNets, ICLR 2015): that tells each of them
by itself what it has to make up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.packs import read_pack
from export.restore import restored_focus
from export.towers.compact import Focus
from export.training.run import named

_NOTHING = 0.05  # probability below which there is no text
# Those whose answers narrower blocks and a narrower pyramid leave as wide as they were.
_LAYERS = (
    "stem", "stage8.1", "stage8", "stage16.1", "stage16", "stage32.1", "stage32",
    "smooth16", "lateral8",
)  # fmt: skip
_OF_HINTS = 0.3  # what they weigh in the loss
# So many map cells about text its surroundings count as much; what is farther counts so much.
_ABOUT, _FAR = 4, 0.13


class Teacher:
    """A pack's Focus, whose answers another one learns. ``patches``: what it was trained on.

    ``name`` tells it from that of another pack.
    """

    def __init__(self, pack: Path, device: torch.device) -> None:
        described = read_pack(pack)
        self.name = named(described)
        self.patches = int(described.settings.get("training", {}).get("patches", 0))
        self.focus = restored_focus(described.path("focus"))
        self.focus.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._answers = layers_of(self.focus)

    def losses(
        self, photos: Tensor, logits: Tensor, layers: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """How far a pupil's answers to (B, H, W, 3) uint8 are from this one's, and its layers'."""
        with torch.no_grad():
            taught = torch.sigmoid(self.focus.forward_logits(photos).float())
        near = (taught > _NOTHING).any(1, keepdim=True).float()
        near = F.max_pool2d(near, 2 * _ABOUT + 1, 1, _ABOUT).clamp(min=_FAR)
        hints = [
            hint(layers[name], answer, near)
            for name, answer in self._answers.items()
            if layers[name].shape == answer.shape
        ]
        return {
            "imitation": imitation(logits, taught),
            "hints": _OF_HINTS * torch.stack(hints).sum(),
        }


def layers_of(model: Focus) -> dict[str, Tensor]:
    """What the layers that are compared answered last: filled by each call of the model."""
    answers: dict[str, Tensor] = {}

    def keep(name: str, _: nn.Module, __: tuple[Tensor], answer: Tensor) -> None:
        answers[name] = answer

    for name in _LAYERS:
        model.get_submodule(name).register_forward_hook(partial(keep, name))
    return answers


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


def hint(answer: Tensor, taught: Tensor, weights: Tensor) -> Tensor:
    """The mean square between a layer's answers (B, C, h, w), in parts of the teacher's variance.

    ``weights`` (B, 1, H, W) of places, on the finest map.
    """
    weights = F.adaptive_max_pool2d(weights, taught.shape[2:])
    apart = (answer.float() - taught.float()).square() * (weights / weights.mean())
    return apart.mean() / taught.float().var().clamp(min=1e-6)
