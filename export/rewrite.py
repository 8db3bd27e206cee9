"""Rewrites of int8 towers that give the same numbers, bit by bit, in less time.

ONNX Runtime runs 8-bit convolutions channels-last, as matrix products over gathered pixels. That is
as fast as the processor can multiply unless channels are few: then it gathers runs of three bytes.
And its nearest-neighbour ``Resize`` computes a place for every byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

# What a node is to be: its kind, its inputs but for the first, its attributes.
Step = tuple[str, list[str], dict[str, Any]]

_CHANNELS_LAST: Step = ("Transpose", [], {"perm": (0, 2, 3, 1)})
_CHANNELS_FIRST: Step = ("Transpose", [], {"perm": (0, 3, 1, 2)})

# Columns that the first convolution answers at once: 24 bytes lie beside each other for it.
GROUP = 4


def users(graph: onnx.GraphProto, tensor: str) -> list[onnx.NodeProto]:
    """The nodes that take a tensor."""
    return [node for node in graph.node if tensor in node.input]


def user(graph: onnx.GraphProto, tensor: str) -> onnx.NodeProto:
    """The only node that takes a tensor; ValueError where there is another number of them."""
    (node,) = users(graph, tensor)
    return node


def first_by_groups(model: onnx.ModelProto, group: int = GROUP) -> None:
    """Let the first convolution answer ``group`` columns at once, as channels.

    It takes ``2 * group`` columns of the picture for one of more channels, with weights that are 0
    where an answer does not depend on a column. The picture's width must be a multiple of that.
    ValueError when the tower does not begin with a 3 x 3 convolution by steps of 2 on bytes.
    """
    graph = model.graph
    known = {one.name: one for one in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    # The number of pictures may be asked for as well.
    (to_first,) = (
        node for node in users(graph, graph.input[0].name) if node.op_type == "Transpose"
    )
    conv = user(graph, user(graph, to_first.output[0]).output[0])
    weights, bias = (made[name] for name in conv.input[1:])
    old = numpy_helper.to_array(known[weights.input[0]])
    attributes = {one.name: helper.get_attribute_value(one) for one in conv.attribute}
    moves = [attributes[name] for name in ("strides", "pads", "dilations", "group")]
    if old.shape[2:] != (3, 3) or moves != [[2, 2], [1, 1, 1, 1], [1, 1], 1]:
        raise ValueError("the tower does not begin with a 3 x 3 convolution by steps of 2")
    outside, inside = old.shape[:2]
    wide = 2 * group
    # By answered column, channel, row, whole group of columns (the last one and this), column of
    # it, and byte: what the picture's layout is when it is taken by groups.
    new = np.zeros((group, outside, 3, 2, wide, inside), old.dtype)
    for answered in range(group):
        for column in range(3):
            before, at = divmod(wide + 2 * answered + column - 1, wide)
            new[answered, :, :, before, at] = old[:, :, :, column].transpose(0, 2, 1)
    new = new.reshape(group * outside, 3, 2, wide * inside).transpose(0, 3, 1, 2)
    _put(known[weights.input[0]], np.ascontiguousarray(new))
    for name in (*weights.input[1:], *bias.input):
        _put(known[name], np.tile(numpy_helper.to_array(known[name]), group))
    del conv.attribute[:]
    now = helper.make_node("Conv", [], [], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 0, 0])
    conv.attribute.extend(now.attribute)
    grouped = _constant(graph, "by_groups", [0, 0, -1, wide * inside])
    _insert(graph, to_first, to_first.input[0], [("Reshape", [grouped], {})], "grouped")
    to_first.input[0] = "grouped"
    quantizer = user(graph, conv.output[0])
    taken = user(graph, quantizer.output[0])
    apart = _constant(graph, "apart", [0, 0, -1, outside])
    steps = [_CHANNELS_LAST, ("Reshape", [apart], {}), _CHANNELS_FIRST]
    _insert(graph, taken, quantizer.output[0], steps, "columns")
    taken.input[0] = "columns"


def doubled_by_copies(model: onnx.ModelProto) -> None:
    """Let every ``Resize`` of 8 bits, all of which double maps, copy whole runs of bytes."""
    graph = model.graph
    made = {output: node for node in graph.node for output in node.output}
    for count, resize in enumerate([node for node in graph.node if node.op_type == "Resize"]):
        quantizer, whole = user(graph, resize.output[0]), made[resize.input[0]]
        if quantizer.op_type != "QuantizeLinear":
            continue
        name, small = f"doubled_{count}", whole.input[0]
        places = _constant(graph, f"{name}_places", [2, 4])
        copies = _constant(graph, f"{name}_copies", [1, 1, 2, 1, 2, 1])
        sides = _constant(graph, f"{name}_sides", [1, 2, 2, 1])
        measuring: list[Step] = [_CHANNELS_LAST, ("Shape", [], {}), ("Mul", [sides], {})]
        copying: list[Step] = [
            _CHANNELS_LAST,
            ("Unsqueeze", [places], {}),
            ("Expand", [copies], {}),
            ("Reshape", [f"{name}_size"], {}),
            _CHANNELS_FIRST,
        ]
        _insert(graph, resize, small, measuring, f"{name}_size")
        _insert(graph, resize, small, copying, quantizer.output[0])
        graph.node.remove(resize)
        graph.node.remove(quantizer)
        if not users(graph, whole.output[0]):
            graph.node.remove(whole)


def _insert(
    graph: onnx.GraphProto, before: onnx.NodeProto, taken: str, steps: list[Step], answer: str
) -> None:
    """Put a chain of nodes before one: the first takes ``taken``, the last one's is ``answer``."""
    at = list(graph.node).index(before)
    for count, (kind, inputs, attributes) in enumerate(steps, 1):
        output = answer if count == len(steps) else f"{answer}_{count}"
        node = helper.make_node(kind, [taken, *inputs], [output], name=output, **attributes)
        graph.node.insert(at + count - 1, node)
        taken = output


def _constant(graph: onnx.GraphProto, name: str, value: list[int]) -> str:
    graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
    return name


def _put(initializer: onnx.TensorProto, value: NDArray[Any]) -> None:
    initializer.CopyFrom(numpy_helper.from_array(value, initializer.name))
