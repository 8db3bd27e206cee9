"""Sessions where a GPU cannot be used or fails; it is made up, for most computers have none."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from engine import sessions
from engine.errors import PackError
from engine.packs import ModelPack
from engine.sessions import TowerFile
from engine.towers import open_towers
from tests.packs import painted_pack

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
NOTHING = {"photo": np.zeros((1, 8, 8, 3), np.uint8)}


@dataclass
class Computer:
    """How sessions fare on it, and which were made."""

    loads: bool = True
    cuda_is_there: bool = True
    answers: bool = True
    cpu_works: bool = True
    made: list[list[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    together: threading.Barrier | None = None

    def session(
        self, file: str, options: object, *, providers: list[str], enable_fallback: bool = True
    ) -> Session:
        """As ``InferenceSession`` of ONNX Runtime, which prints where it falls back by itself."""
        assert Path(file).is_file()
        self.made.append(providers)
        if CUDA in providers and not self.loads:
            if not enable_fallback:
                raise RuntimeError("no CUDA-capable device")
            print("EP Error no CUDA-capable device")
        if CUDA not in providers and not self.cpu_works:
            raise RuntimeError("the file is damaged")
        return Session(self, providers if self.cuda_is_there else [CPU])


class Session:
    """Answers by the CPU; by the GPU only where that has memory."""

    def __init__(self, computer: Computer, chosen: list[str]) -> None:
        self.computer, self.chosen = computer, chosen

    def get_providers(self) -> list[str]:
        return self.chosen

    def run(self, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
        self.computer.asked.append(self.chosen[0])
        if self.chosen[0] == CUDA:
            if self.computer.together is not None:
                self.computer.together.wait(10)
            if not self.computer.answers:
                raise RuntimeError("out of memory")
        elif not self.computer.cpu_works:
            raise RuntimeError("the shapes differ")
        return [np.ones(3)]


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Computer:
    """One with a driver of CUDA."""
    found = Computer()
    monkeypatch.setattr(onnxruntime, "InferenceSession", found.session)
    monkeypatch.setattr(sessions, "providers", lambda: [CUDA, CPU])
    return found


@pytest.fixture
def painted(tmp_path: Path) -> ModelPack:
    return painted_pack(tmp_path / "pack")


def test_a_gpu_that_works_is_used(computer: Computer, painted: ModelPack) -> None:
    TowerFile(painted, "focus", 1).run(["maps"], NOTHING)
    assert (computer.made, computer.asked) == ([[CUDA, CPU]], [CUDA])


@pytest.mark.usefixtures("expected_warnings")
def test_where_the_gpu_cannot_be_used_the_cpu_is_and_nothing_is_printed(
    computer: Computer,
    painted: ModelPack,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    computer.loads = False
    TowerFile(painted, "focus", 1).run(["maps"], NOTHING)
    assert (computer.made, computer.asked) == ([[CUDA, CPU], [CPU]], [CPU])
    assert capsys.readouterr().out == ""
    (said,) = caplog.messages
    assert "The focus tower of “painted” runs on the CPU" in said
    assert "no CUDA-capable device" in said


def test_a_file_that_no_session_can_load_is_the_packs_fault(
    computer: Computer, painted: ModelPack
) -> None:
    """And nothing is said of the GPU, which had no part in it."""
    computer.loads = computer.cpu_works = False
    with pytest.raises(PackError, match="cannot be loaded: the file is damaged"):
        TowerFile(painted, "focus", 1)


@pytest.mark.usefixtures("expected_warnings")
def test_a_gpu_that_fails_is_left_once_and_the_photo_repeated(
    computer: Computer, painted: ModelPack, caplog: pytest.LogCaptureFixture
) -> None:
    tower = TowerFile(painted, "focus", 1)
    computer.answers = False
    for _ in range(2):
        (answer,) = tower.run(["maps"], NOTHING)
        assert answer.sum() == 3
    assert computer.made == [[CUDA, CPU], [CPU]]
    assert computer.asked == [CUDA, CPU, CPU]
    (said,) = caplog.messages
    assert "goes on on the CPU, for the GPU failed: out of memory" in said


@pytest.mark.usefixtures("expected_warnings")
def test_photos_that_fail_side_by_side_share_one_new_session(
    computer: Computer, painted: ModelPack
) -> None:
    tower = TowerFile(painted, "focus", 1)
    computer.answers, computer.together = False, threading.Barrier(4)
    with ThreadPoolExecutor(4) as lanes:
        found = list(lanes.map(lambda _: tower.run(["maps"], NOTHING), range(4)))
    assert len(found) == 4
    assert computer.made == [[CUDA, CPU], [CPU]]
    assert sorted(computer.asked) == [CPU] * 4 + [CUDA] * 4


@pytest.mark.usefixtures("expected_warnings")
def test_what_fails_on_the_cpu_too_is_the_packs_fault(
    computer: Computer, painted: ModelPack
) -> None:
    tower = TowerFile(painted, "focus", 1)
    computer.answers = computer.cpu_works = False
    computer.made.clear()
    with pytest.raises(PackError, match="cannot be loaded: the file is damaged"):
        tower.run(["maps"], NOTHING)
    assert computer.made == [[CPU]]


def test_a_session_without_cuda_is_not_made_again(computer: Computer, painted: ModelPack) -> None:
    """Where CUDA's libraries are missing, ONNX Runtime makes a session by the CPU alone."""
    computer.cuda_is_there = False
    tower = TowerFile(painted, "focus", 1)
    computer.cpu_works = False
    with pytest.raises(PackError, match="failed: the shapes differ"):
        tower.run(["maps"], NOTHING)
    assert computer.made == [[CUDA, CPU]]


def test_queries_leave_the_gpu_alone(computer: Computer, painted: ModelPack) -> None:
    open_towers(painted, threads=1, parts="text")
    assert computer.made == [[CPU]]
    computer.made.clear()
    open_towers(painted, threads=1)
    assert computer.made.count([CPU]) == 1
    assert computer.made.count([CUDA, CPU]) == len(computer.made) - 1 >= 2
