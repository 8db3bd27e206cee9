"""Static 8-bit quantisation of an exported tower, calibrated on real pictures."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.rewrite import doubled_by_copies, first_by_groups, user


class _Feeds(CalibrationDataReader):
    def __init__(self, name: str, arrays: Sequence[NDArray[Any]]) -> None:
        self._feeds: Iterator[dict[str, NDArray[Any]]] = iter({name: one} for one in arrays)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._feeds, None)


def quantize(
    file: Path, inputs: Sequence[NDArray[np.uint8]], operators: Sequence[str] = ("Conv", "Relu")
) -> None:
    """Replace an ONNX file by its int8 form: QDQ ``operators``, weights by channel.

    ``inputs`` are whole feeds of the file's only input: bytes, which the tower scales before its
    first convolution and which that takes as they are afterwards. With ReLUs among the operators a
    convolution's numbers are rounded once, behind it, and not before it as well. Every processor
    gives the same answers. Pictures must be a multiple of 8 pixels wide. ValueError when the tower
    does not begin so.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, written = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(str(file), str(prepared), skip_symbolic_shape=True)
        model = onnx.load(str(prepared))
        name, level, as_numbers = _with_whole_mean(model)
        onnx.save(model, str(prepared))
        quantize_static(
            str(prepared),
            str(written),
            _Feeds(name, inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(operators),
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            extra_options={
                "TensorQuantOverrides": {level: [as_numbers], **_ranges_of_weights(model)},
                # Ranges that most pictures need, not the widest that any one did.
                "CalibMovingAverage": True,
            },
        )
        model = onnx.load(str(written))
    _take_bytes(model, level)
    del model.graph.value_info[:]  # shapes of before the rewriting
    first_by_groups(model)
    doubled_by_copies(model)
    onnx.save(model, str(file))


def _with_whole_mean(model: onnx.ModelProto) -> tuple[str, str, dict[str, NDArray[Any]]]:
    """Let a tower that begins with (byte - mean) / std take a whole number from bytes instead.

    What that is too much goes into the bias of its first convolution. Returns the names of the
    input and of what is made of it, whose 8-bit numbers are then the bytes by the given ``scale``
    and ``zero_point``. ValueError when the tower does not begin so.
    """
    graph = model.graph
    known = {one.name: one for one in graph.initializer}
    scaling = [node for node in graph.node if node.op_type in ("Sub", "Div")][:2]
    if len(graph.input) != 1 or [node.op_type for node in scaling] != ["Sub", "Div"]:
        raise ValueError("the tower does not scale the bytes that it takes")
    less, over = scaling
    mean, std = (float(numpy_helper.to_array(known[node.input[1]])) for node in scaling)
    whole = math.ceil(mean)
    conv = user(graph, over.output[0])
    weights = numpy_helper.to_array(known[conv.input[1]])
    bias = numpy_helper.to_array(known[conv.input[2]]) if len(conv.input) > 2 else 0.0
    moved = (bias + (whole - mean) / std * weights.sum((1, 2, 3))).astype(np.float32)
    new = [numpy_helper.from_array(np.array(whole, np.float32), f"{less.name}_whole")]
    new.append(numpy_helper.from_array(moved, f"{conv.name}_bias"))
    graph.initializer.extend(new)
    less.input[1] = new[0].name
    conv.input[:] = [*conv.input[:2], new[1].name]
    as_numbers: dict[str, NDArray[Any]] = {
        "scale": np.array(1 / std, np.float32),
        "zero_point": np.array(whole, np.uint8),
    }
    return str(graph.input[0].name), str(over.output[0]), as_numbers


def _ranges_of_weights(model: onnx.ModelProto) -> dict[str, list[dict[str, Any]]]:
    """By name of a convolution's weights the range of each channel: what two make at most in sum.

    In 8 bits no two then exceed 128 in sum. Processors without instructions for sums of 8-bit
    products (VNNI and its like) add products by twos in 16 bits: beyond that these overflow, to
    quite other answers. Seven bits for all weights (``reduce_range``) would cost a little more.
    """
    known = {one.name: one for one in model.graph.initializer}
    ranges = {}
    for name in (node.input[1] for node in model.graph.node if node.op_type == "Conv"):
        weights = numpy_helper.to_array(known[name])
        rows = np.sort(weights.reshape(len(weights), -1), axis=1)
        most = np.maximum(rows[:, -2:].clip(0).sum(1), -rows[:, :2].clip(max=0).sum(1))
        ranges[name] = [{"axis": 0, "rmin": -one, "rmax": one} for one in most]
    return ranges


def _take_bytes(model: onnx.ModelProto, level: str) -> None:
    """Drop what makes ``level`` of bytes and 8-bit numbers of that, since those are the bytes."""
    graph = model.graph
    made = {output: node for node in graph.node for output in node.output}
    quantizer = user(graph, level)
    chain = [quantizer]
    while chain[-1].op_type != "Cast":
        chain.append(made[chain[-1].input[0]])
    user(graph, quantizer.output[0]).input[0] = chain[-1].input[0]
    for node in chain:
        graph.node.remove(node)
