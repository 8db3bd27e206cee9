"""Static 8-bit quantisation of an exported tower, calibrated on real pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process


class _Feeds(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, arrays: Sequence[NDArray[Any]]) -> None:
        self._feeds: Iterator[dict[str, NDArray[Any]]] = iter({name: one} for one in arrays)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._feeds, None)


def quantize(
    source: Path, target: Path, inputs: Sequence[NDArray[np.uint8]], *, keep: Sequence[str] = ()
) -> None:
    """Write ``source`` as QDQ int8 (weights by channel, activations uint8).

    ``inputs`` are whole feeds of the file's only input; nodes whose name begins with one of
    ``keep`` stay in float32.
    """
    import onnx

    logging.getLogger().setLevel(logging.WARNING)
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    model = onnx.load(str(prepared))
    skipped = [node.name for node in model.graph.node if node.name.startswith(tuple(keep))]
    quantize_static(
        str(prepared),
        str(target),
        _Feeds(model.graph.input[0].name, inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        nodes_to_exclude=skipped,
    )
    prepared.unlink()
