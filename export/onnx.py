"""Torch towers to ONNX files, ending in a parity check on real pictures."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from export.towers.compact import (
    ALPHABET,
    CROP_HEIGHT,
    CROP_WIDTH,
    FRAMES,
    NARROW,
    Focus,
    Glance,
    ImageTower,
    TextTower,
)

TOLERANCE = 1e-3  # greatest difference of any output, both in float32


class ParityError(Exception):
    """An exported file does not compute what the torch module computes."""


def traced(
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: tuple[list[str], list[str]],
    dynamic: tuple[dict[int, Any], ...],
) -> onnx.ModelProto:
    """A module as ONNX: ``names`` of inputs and outputs, ``dynamic`` axes of each input."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter's own: it uses a class that torch deprecates, and tells of two inputs that
        # share an axis, as ours mean to.
        warnings.filterwarnings("ignore", r".*LeafSpec", FutureWarning)
        warnings.filterwarnings("ignore", r"# The axis name", UserWarning)
        program = torch.onnx.export(
            module.eval(),
            inputs,
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=dynamic,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    model = program.model_proto
    without_traces(model)
    return model


def without_traces(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes of the Python code, paths of its computer among it."""
    model.ClearField("metadata_props")
    graphs = [model.graph, *model.functions]
    for graph in graphs:
        graph.ClearField("metadata_props")
        for item in (*graph.node, *graph.value_info):
            item.ClearField("metadata_props")
            item.ClearField("doc_string")
    for item in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")


def _parity(module: nn.Module, file: Path, feeds: dict[str, NDArray[Any]]) -> float:
    """The greatest difference between the two runtimes; ParityError above the tolerance."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    answers = session.run(None, feeds)
    with torch.no_grad():
        expected = module(*(torch.from_numpy(feed) for feed in feeds.values()))
    if isinstance(expected, torch.Tensor):
        expected = (expected,)
    # NumPy's maximum, unlike Python's, does not lose a NaN.
    worst = float(
        np.max(
            [
                np.abs(answer - want.numpy()).max()
                for answer, want in zip(answers, expected, strict=True)
            ]
        )
    )
    if not worst <= TOLERANCE:
        raise ParityError(f"{file.name} differs from the torch module by {worst:.2e}.")
    return worst


def export_focus(model: Focus, file: Path, photo: NDArray[np.uint8]) -> float:
    """Write Focus; ``photo`` (H, W, 3), sides multiples of 32, is what parity is checked on."""
    return _of_photos(model, "maps", file, photo)


def export_glance(model: Glance, file: Path, photo: NDArray[np.uint8]) -> float:
    """As ``export_focus``."""
    return _of_photos(model, "chances", file, photo)


def _of_photos(model: nn.Module, answer: str, file: Path, photo: NDArray[np.uint8]) -> float:
    example = torch.zeros(2, 256, 320, 3, dtype=torch.uint8)
    sides = {
        0: torch.export.Dim("photos", min=1, max=64),
        1: 32 * torch.export.Dim("rows", min=1, max=256),
        2: 32 * torch.export.Dim("columns", min=1, max=256),
    }
    onnx.save(traced(model, (example,), (["photo"], [answer]), (sides,)), str(file))
    return _parity(model, file, {"photo": photo[None]})


def export_image(model: ImageTower, file: Path, crops: NDArray[np.uint8]) -> float:
    """Write the image tower; ``crops`` (n, 32, 128, 3) are what parity is checked on."""
    example = torch.zeros(2, CROP_HEIGHT, CROP_WIDTH, 3, dtype=torch.uint8)
    sides = {
        0: torch.export.Dim("batch", min=1, max=4096),
        2: NARROW * torch.export.Dim("halves", min=1, max=CROP_WIDTH // NARROW),
    }
    names = (["crops"], ["embedding", "letters"])
    onnx.save(traced(model, (example,), names, (sides,)), str(file))
    narrow = np.ascontiguousarray(crops[:, :, :: CROP_WIDTH // NARROW])
    return max(_parity(model, file, {"crops": some}) for some in (crops, narrow))


def export_text(
    model: TextTower, file: Path, letters: NDArray[np.float32], lengths: NDArray[np.int64]
) -> float:
    """Write the text tower; (n, 16, 36) letters and (n,) lengths are what parity is checked on."""
    batch = torch.export.Dim("batch", min=1, max=65536)
    example = (torch.zeros(2, FRAMES, len(ALPHABET)), torch.ones(2, dtype=torch.int64))
    names = (["letters", "lengths"], ["query_embedding"])
    onnx.save(traced(model, example, names, ({0: batch}, {0: batch})), str(file))
    return _parity(model, file, {"letters": letters, "lengths": lengths})
