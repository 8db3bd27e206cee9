"""ONNX Runtime sessions: the files of a pack's towers, run where that is fastest."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from typing import Any, Literal

import onnxruntime
from numpy.typing import NDArray

from engine.errors import PackError
from engine.packs import ModelPack

log = logging.getLogger(__name__)

Parts = Literal["all", "text"]

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class TowerFile:
    """One file of a pack in ONNX Runtime, whose errors become PackErrors.

    Where the GPU cannot be used, or fails on the way, the CPU takes its place.
    """

    def __init__(self, pack: ModelPack, part: str, threads: int) -> None:
        self._called = f"The {part} tower of “{pack.name}”"
        self._file, self._threads = str(pack.path(part)), threads
        self._moving = threading.Lock()
        # A query is a few words: that needs no GPU, whose memory others may want.
        self._session = self._opened([_CPU] if part == "text" else providers())

    def _opened(self, wanted: list[str]) -> Any:
        """A session by the providers that are wanted, or by the CPU where CUDA is not usable."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Photos come in many shapes and now and then: plans for one shape and threads that wait
        # busily for the next photo cost more than they save.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is raised, and need not be printed too
        try:
            # Its own way back to the CPU prints on the standard output.
            return onnxruntime.InferenceSession(
                self._file, options, providers=wanted, enable_fallback=False
            )
        except Exception as error:  # onnxruntime has no base class for its errors
            if _CUDA not in wanted:
                raise PackError(f"{self._called} cannot be loaded: {error}") from error
            session = self._opened([_CPU])
            log.warning("%s runs on the CPU, for the GPU cannot be used: %s", self._called, error)
            return session

    @property
    def outputs(self) -> list[str]:
        """What the tower can answer, by name."""
        return [str(output.name) for output in self._session.get_outputs()]

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        session = self._session
        try:
            answers: list[NDArray[Any]] = session.run(outputs, inputs)
        except Exception as error:
            if _CUDA not in session.get_providers():
                raise PackError(f"{self._called} failed: {error}") from error
            self._leave_the_gpu(session, error)
            return self.run(outputs, inputs)
        return answers

    def _leave_the_gpu(self, failed: Any, error: Exception) -> None:
        """Put a session on the CPU in the place of one that failed; one for all who ask at once.

        When the GPU's memory is full, it is so for the next photo too.
        """
        with self._moving:
            if self._session is failed:
                self._session = self._opened([_CPU])
                log.warning("%s goes on on the CPU, for the GPU failed: %s", self._called, error)


def providers() -> list[str]:
    """CUDA where its driver is there at all, else the CPU; asking in vain prints long warnings."""
    wanted = [_CPU]
    if _CUDA in onnxruntime.get_available_providers() and _has_cuda():
        wanted.insert(0, _CUDA)
    return wanted


def _has_cuda() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True
