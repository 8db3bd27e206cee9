"""Static 8-bit quantisation of an exported tower, calibrated on real pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process


class _Feeds(CalibrationDataReader):
    def __init__(self, name: str, arrays: Sequence[NDArray[Any]]) -> None:
        self._feeds: Iterator[dict[str, NDArray[Any]]] = iter({name: one} for one in arrays)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._feeds, None)


def quantize(file: Path, inputs: Sequence[NDArray[np.uint8]]) -> None:
    """Replace an ONNX file by its int8 form: QDQ convolutions, weights by channel.

    ``inputs`` are whole feeds of the file's only input, to see how large activations are.
    """
    prepared, written = file.with_suffix(".prepared.onnx"), file.with_suffix(".int8.onnx")
    quant_pre_process(str(file), str(prepared), skip_symbolic_shape=True)
    (name,) = (one.name for one in onnx.load(str(prepared)).graph.input)
    quantize_static(
        str(prepared),
        str(written),
        _Feeds(name, inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
    )
    prepared.unlink()
    written.replace(file)
