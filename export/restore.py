"""A pack's Focus as a PyTorch module again: to train it on, or to let a narrower one begin with it.

A pack holds less than a checkpoint: batch normalisation is folded into the convolutions, which int8
has rounded besides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from export.rewrite import GROUP
from export.towers.compact import MEAN, STD, Focus

_FIRST: Final = "stem.0.0"


def restored_focus(file: Path) -> Focus:
    """The Focus of a compact pack's ``focus.onnx``, in int8 or float32, with the pack's weights.

    Its batch normalisation adds the biases and does nothing else.
    ValueError when the file holds another network.
    """
    graph = onnx.load(str(file)).graph
    try:
        return Focus.of(_state(graph)).eval()
    except (KeyError, RuntimeError, ValueError) as problem:
        raise ValueError(f"{file} is not the Focus of a compact pack") from problem


def _state(graph: onnx.GraphProto) -> dict[str, Tensor]:
    """The weights by the names that the modules have."""
    known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}

    def numbers(name: str) -> NDArray[Any]:
        if name in known:
            return known[name]
        levels, scale, zero = (known[one] for one in made[name].input)
        shape = (-1, *[1] * (levels.ndim - 1))
        return (levels.astype("f4") - zero.reshape(shape)) * scale.reshape(shape)

    state: dict[str, Tensor] = {}
    for conv in (node for node in graph.node if node.op_type == "Conv"):
        name = conv.input[1].removesuffix("_DequantizeLinear_Output").removesuffix(".weight")
        weight, *biases = (torch.tensor(numbers(one)) for one in conv.input[1:3])
        bias = biases[0] if biases else torch.zeros(len(weight))
        if name == _FIRST and weight.shape[1] > 3:
            weight, bias = _first(weight, bias)
        state[f"{name}.weight"] = weight
        norm = norm_of(name)
        if norm is None:
            state[f"{name}.bias"] = bias
            continue
        state[f"{norm}.weight"], state[f"{norm}.bias"] = torch.ones_like(bias), bias
        state[f"{norm}.running_mean"] = torch.zeros_like(bias)
        state[f"{norm}.running_var"] = torch.ones_like(bias) - nn.BatchNorm2d(1).eps
        state[f"{norm}.num_batches_tracked"] = torch.tensor(0)
    return state


def norm_of(conv: str) -> str | None:
    """The name of the batch normalisation behind a convolution; None when there is none."""
    if conv.endswith(".second"):
        return conv.removesuffix("second") + "norm"
    return conv.removesuffix("0") + "1" if conv.endswith(".0") else None


def _first(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The int8 form's first convolution as it was: undoes ``first_by_groups`` and the whole mean.

    Of the columns that it answers at once the last one sees none of the group before.
    """
    outside = len(weight) // GROUP
    last = weight[-outside:, :, :, 1].unflatten(1, (2 * GROUP, -1))[:, -3:]
    own = last.permute(0, 2, 3, 1).contiguous()
    whole = torch.tensor(MEAN).ceil()
    return own, bias[:outside] - (whole - MEAN) / STD * own.sum((1, 2, 3))


def scale_of(norm: nn.BatchNorm2d) -> Tensor:
    """What batch normalisation multiplies each channel by when it is not trained, (C,)."""
    assert norm.running_var is not None
    return norm.weight / (norm.running_var + norm.eps).sqrt()
