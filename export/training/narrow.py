"""Makes a Focus narrower: takes out the channels that its convolutions can best do without.

Optimal brain surgeon (Hassibi and Stork, NIPS 1992) by whole channels: of the channels that a
convolution takes, the one goes without which the others, set anew by least squares over photos,
come nearest to its answers; and so on until as few are left as asked for. What is lost, training
has to make up for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.restore import norm_of, scale_of
from export.towers.compact import Focus

_SAMPLES = 4000  # places of a photo at which answers are compared
_STAGES = ("stage8", "stage16", "stage32")
# Of the pyramid what takes channels, and what makes these.
_PYRAMID = (
    ("smooth16.0", ["lateral32", "lateral16"]),
    ("smooth8.0", ["smooth16.0", "lateral8"]),
    ("smooth4.0", ["smooth8.0", "lateral4"]),
    ("head", ["smooth4.0"]),
)
_DAMPING = 1e-4  # of the mean square of what the convolution takes


def narrowed(
    model: Focus,
    photos: Iterable[Tensor],
    *,
    stem: int | None = None,
    inner: Sequence[int] | None = None,
    pyramid: Sequence[int] | None = None,
) -> Focus:
    """``model`` with fewer channels, as ``Focus`` takes them; it is used up.

    ``photos`` (1, H, W, 3) are what answers are compared on. Where no number is given, or one that
    is not below what there is, all channels stay.
    """
    jobs: list[tuple[str, list[str], int]] = []  # what takes channels, what makes them, how many
    if stem is not None:
        jobs.append(("stem.1.0", ["stem.0.0"], stem))
    if inner is not None:
        stages = (["stem.2"], *([f"{stage}.1", f"{stage}.2"] for stage in _STAGES))
        for blocks, count in zip(stages, inner, strict=True):
            jobs += [(f"{block}.second", [f"{block}.first.0"], count) for block in blocks]
    if pyramid is not None:
        jobs += [(*step, count) for step, count in zip(_PYRAMID, pyramid, strict=True)]
    photos = list(photos)
    model.eval()
    for taker, makes, count in jobs:
        conv = model.get_submodule(taker)
        assert isinstance(conv, nn.Conv2d)
        if count < conv.weight.shape[1]:
            kept = _without(conv, _norm(model, taker), _moments(model, conv, photos), count)
            for name in makes:
                _keep(model, name, kept)
    return Focus.of(model.state_dict()).eval()


def _norm(model: Focus, conv: str) -> nn.BatchNorm2d | None:
    """The batch normalisation behind a convolution; None when it has a bias of its own."""
    name = norm_of(conv)
    norm = None if name is None else model.get_submodule(name)
    assert norm is None or isinstance(norm, nn.BatchNorm2d)
    return norm


@torch.no_grad()
def _moments(model: Focus, conv: nn.Conv2d, photos: Iterable[Tensor]) -> Tensor:
    """Mean products of all that the convolution takes for one answer, and of 1 as the last."""
    found: list[Tensor] = []

    def gather(_: nn.Module, given: tuple[Tensor]) -> None:
        side = conv.kernel_size[0]
        places = F.unfold(given[0], side, padding=side // 2)[0].T
        chosen = places[torch.randint(len(places), (_SAMPLES,))].double()
        chosen = torch.cat([chosen, chosen.new_ones(len(chosen), 1)], 1)
        found.append(chosen.T @ chosen / len(chosen))

    hook = conv.register_forward_pre_hook(gather)
    for photo in photos:
        model(photo)
    hook.remove()
    return torch.stack(found).mean(0)


@torch.no_grad()
def _without(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, moments: Tensor, count: int) -> Tensor:
    """Take channels out of what a convolution takes until ``count`` are left; which these are."""
    outside, inside, *side = conv.weight.shape
    cells = side[0] * side[1]
    weights = torch.cat([conv.weight.flatten(1), conv.weight.new_zeros(outside, 1)], 1).double()
    damped = moments.clone()
    damped.diagonal()[:-1] += _DAMPING * moments.diagonal()[:-1].mean()
    damped[-1, -1] += 1e-9
    inverse = torch.linalg.inv(damped)
    left = torch.arange(inside)
    while len(left) > count:
        at = left[:, None] * cells + torch.arange(cells)
        precision = torch.linalg.inv(inverse[at[:, :, None], at[:, None, :]])
        mine = weights[:, at]
        lost = torch.einsum("oni,nij,onj->n", mine, precision, mine)
        worst = int(lost.argmin())
        rows = inverse[at[worst]]
        share = precision[worst] @ rows
        weights -= weights[:, at[worst]] @ share
        inverse -= rows.T @ share
        left = torch.cat([left[:worst], left[worst + 1 :]])
    conv.weight = nn.Parameter(weights[:, :-1].reshape(conv.weight.shape)[:, left].float())
    moved = weights[:, -1].float()
    if norm is not None:
        norm.bias.add_(moved * scale_of(norm))
    elif conv.bias is not None:
        conv.bias += moved
    return left


@torch.no_grad()
def _keep(model: Focus, name: str, kept: Tensor) -> None:
    """Only these channels of what a convolution answers, and of its normalisation."""
    conv = model.get_submodule(name)
    parts = [conv] if (norm := _norm(model, name)) is None else [conv, norm]
    for part in parts:
        for called, value in (*part.named_parameters(), *part.named_buffers()):
            if value.ndim:
                now = value[kept].clone()
                setattr(part, called, nn.Parameter(now) if called in ("weight", "bias") else now)
