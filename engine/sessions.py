"""ONNX Runtime sessions: the files of a pack's towers, run where that is fastest."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Literal

import onnxruntime
from numpy.typing import NDArray

from engine.errors import PackError
from engine.packs import ModelPack

Parts = Literal["all", "text"]


class TowerFile:
    """One file of a pack in ONNX Runtime, whose errors become PackErrors."""

    def __init__(self, pack: ModelPack, part: str, threads: int) -> None:
        self._called = f"The {part} tower of “{pack.name}”"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Photos come in many shapes and now and then: plans for one shape and threads that wait
        # busily for the next photo cost more than they save.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is raised, and need not be printed too
        file = str(pack.path(part))
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=providers())
        except Exception as error:  # onnxruntime has no base class for its errors
            raise PackError(f"{self._called} cannot be loaded: {error}") from error

    @property
    def outputs(self) -> list[str]:
        """What the tower can answer, by name."""
        return [str(output.name) for output in self._session.get_outputs()]

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            answers: list[NDArray[Any]] = self._session.run(outputs, inputs)
        except Exception as error:
            raise PackError(f"{self._called} failed: {error}") from error
        return answers


def providers() -> list[str]:
    """CUDA where its driver is there at all, else the CPU; asking in vain prints long warnings."""
    wanted = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers() and _has_cuda():
        wanted.insert(0, "CUDAExecutionProvider")
    return wanted


def _has_cuda() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True
