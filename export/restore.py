"""A compact pack's networks as PyTorch modules again: to train them on, or to let others begin so.

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

from engine.errors import LibraryError
from export.rewrite import GROUP
from export.towers.compact import MEAN, STD, Focus, ImageTower, TextTower

_FIRST: Final = ("stem.0.0", "trunk.0.0")  # the convolutions that see the photo or the crop


def restored_focus(file: Path) -> Focus:
    """The Focus of a compact pack's ``focus.onnx``, in int8 or float32, with the pack's weights.

    Its batch normalisation adds the biases and does nothing else.
    LibraryError when the file holds another network.
    """
    try:
        return Focus.of(_Graph(file).convolutions(Focus())).eval()
    except (KeyError, RuntimeError, ValueError) as problem:
        raise LibraryError(f"{file} is not the Focus of a compact pack.") from problem


def restored_image_tower(file: Path) -> ImageTower:
    """As ``restored_focus``, of ``image.onnx``."""
    tower = ImageTower()
    try:
        graph = _Graph(file)
        state = graph.convolutions(tower) | graph.norms()
        state["position"] = graph.positions()
        tower.load_state_dict(_shaped(state, tower))
    except (KeyError, RuntimeError, ValueError) as problem:
        raise LibraryError(f"{file} is not the image tower of a compact pack.") from problem
    return tower.eval()


def restored_text_tower(file: Path) -> TextTower:
    """As ``restored_focus``, of ``text.onnx``, which is kept in float32."""
    tower = TextTower()
    try:
        graph = _Graph(file)
        state = graph.convolutions(tower) | graph.norms()
        state["position"] = graph.positions()
        (letters,) = (node for node in graph.nodes if node.op_type == "MatMul")
        state["letters.weight"] = torch.tensor(graph.numbers(letters.input[1])).T
        for name in ("letters.bias", "lengths.weight"):
            state[name] = torch.tensor(graph.numbers(name))
        tower.load_state_dict(_shaped(state, tower))
    except (KeyError, RuntimeError, ValueError) as problem:
        raise LibraryError(f"{file} is not the text tower of a compact pack.") from problem
    return tower.eval()


class _Graph:
    """What an exported network computes with, by the names that the modules have."""

    def __init__(self, file: Path) -> None:
        graph = onnx.load(str(file)).graph
        self.nodes = list(graph.node)
        self._known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._made = {output: node for node in graph.node for output in node.output}

    def numbers(self, name: str) -> NDArray[Any]:
        """A constant; KeyError when it is none."""
        if name in self._known:
            return self._known[name]
        node = self._made[name]
        if node.op_type in ("Expand", "Unsqueeze"):  # more axes, no other numbers
            return self.numbers(node.input[0])
        if node.op_type != "DequantizeLinear":
            raise KeyError(name)
        levels, scale, zero = (self._known[one] for one in node.input)
        shape = (-1, *[1] * (levels.ndim - 1))
        return (levels.astype("f4") - zero.reshape(shape)) * scale.reshape(shape)

    def convolutions(self, module: nn.Module) -> dict[str, Tensor]:
        """All convolutions, and the batch normalisations that were folded into them.

        ``module``: has both by their names, of whatever widths.
        """
        names = module.state_dict().keys()
        state: dict[str, Tensor] = {}
        for conv in (node for node in self.nodes if node.op_type == "Conv"):
            name = self._name(conv)
            weight, *biases = (torch.tensor(self.numbers(one)) for one in conv.input[1:3])
            bias = biases[0] if biases else torch.zeros(len(weight))
            if name in _FIRST and weight.shape[1] > 3:
                weight, bias = _first(weight, bias)
            state[f"{name}.weight"] = weight
            norm = norm_of(name)
            if norm is None or f"{norm}.running_mean" not in names:
                state[f"{name}.bias"] = bias
                continue
            state[f"{norm}.weight"], state[f"{norm}.bias"] = torch.ones_like(bias), bias
            state[f"{norm}.running_mean"] = torch.zeros_like(bias)
            state[f"{norm}.running_var"] = torch.ones_like(bias) - nn.BatchNorm2d(1).eps
            state[f"{norm}.num_batches_tracked"] = torch.tensor(0)
        return state

    def norms(self) -> dict[str, Tensor]:
        """The normalisations before the sequence blocks' first convolutions."""
        state: dict[str, Tensor] = {}
        firsts = [self._name(node) for node in self.nodes if node.op_type == "Conv"]
        blocks = [name.removesuffix(".first") for name in firsts if name.endswith(".first")]
        layers = [node for node in self.nodes if node.op_type == "LayerNormalization"]
        for block, layer in zip(blocks, layers, strict=True):
            for name, source in zip(("weight", "bias"), layer.input[1:], strict=True):
                numbers = self.numbers(source)
                state[f"{block}.norm.{name}"] = torch.tensor(
                    numbers.reshape(-1, numbers.shape[-1])[0]
                )
        return state

    def positions(self) -> Tensor:
        """What columns or frames are told of their place, (1, C, T): the constant of four axes."""
        for node in self.nodes:
            for name in node.input if node.op_type in ("Add", "Gather") else ():
                if name in self._known and self._known[name].ndim == 4:
                    found = torch.tensor(self._known[name])  # (1, 1, T, C) or (1, C, 1, T)
                    return found[0].mT if found.shape[1] == 1 else found[:, :, 0]
        raise KeyError("positions")

    def _name(self, conv: onnx.NodeProto) -> str:
        """What the module calls it: its weight may have been renamed on the way, or its bias."""
        for name in conv.input[1:]:
            name = name.removesuffix("_DequantizeLinear_Output")
            for ending in (".weight", ".bias"):
                if name.endswith(ending):
                    return name.removesuffix(ending)
        raise KeyError(conv.name)


def _shaped(state: dict[str, Tensor], tower: nn.Module) -> dict[str, Tensor]:
    """The weights as the module has them: some lie along more axes in the file."""
    wanted = {name: value.shape for name, value in tower.state_dict().items()}
    return {name: value.reshape(wanted[name]) for name, value in state.items()}


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
