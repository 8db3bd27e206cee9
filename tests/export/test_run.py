"""What the trainings of compact towers share: budget, schedule, averaged weights, checkpoints."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from export.training.run import Average, Budget, Course, load, save


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("export.training.run.time.monotonic", clock)
    return clock


def budget_at(clock: Clock, minutes: float, spent: float = 0.0) -> Budget:
    return Budget(minutes, spent, _since=clock.now)


def test_the_budget_counts_earlier_runs_too(clock: Clock) -> None:
    budget = budget_at(clock, 2.0, spent=30.0)
    clock.now += 30
    assert budget.seconds() == pytest.approx(60)
    assert budget.part() == pytest.approx(0.5)
    clock.now += 1000
    assert budget.part() == 1.0


def test_the_rate_rises_shortly_then_falls_to_a_hundredth(clock: Clock) -> None:
    budget = budget_at(clock, 100 / 60)
    rates = []
    for _ in range(101):
        rates.append(budget.rate(1.0))
        clock.now += 1.0
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates.index(max(rates)) <= 2
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert rates[50] == pytest.approx(0.505, abs=0.01)
    assert rates[100] == pytest.approx(0.01)


def test_the_average_follows_the_weights_slowly_and_counts_exactly() -> None:
    linear = nn.Linear(2, 2, bias=False)
    model = nn.Sequential(linear, nn.BatchNorm1d(2))
    average = Average(model, 0.9)
    start = average.state["0.weight"].clone()
    with torch.no_grad():
        linear.weight.add_(1.0)
    model(torch.randn(4, 2))
    average.update(model, 10_000)
    torch.testing.assert_close(average.state["0.weight"], start + 0.1)
    assert average.state["1.num_batches_tracked"].item() == 1


def test_the_average_forgets_the_beginning_quickly() -> None:
    model = nn.Linear(2, 2, bias=False)
    average = Average(model, 0.999)
    with torch.no_grad():
        model.weight.fill_(5.0)
    for step in range(1, 30):
        average.update(model, step)
    torch.testing.assert_close(average.state["weight"], torch.full((2, 2), 5.0), atol=0.05, rtol=0)


def test_the_average_is_not_the_model_itself() -> None:
    model = nn.Linear(2, 2)
    average = Average(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(7.0)
    assert not (average.state["weight"] == 7.0).any()


def test_a_checkpoint_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "word.pt"
    assert load(file) is None
    save(file, {"step": 3, "weights": {"a": torch.arange(4)}})
    state = load(file)
    assert state is not None
    assert state["step"] == 3
    torch.testing.assert_close(state["weights"]["a"], torch.arange(4))
    assert [path.name for path in file.parent.iterdir()] == ["word.pt"]


def test_a_kill_while_saving_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "word.pt"
    save(file, {"step": 1})

    def killed(content: Any, target: Path) -> None:
        target.write_bytes(b"half a checkpoi")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save(file, {"step": 2})
    monkeypatch.undo()
    assert load(file) == {"step": 1}
    save(file, {"step": 3})  # what was left half written is no hindrance
    assert load(file) == {"step": 3}


class Line(nn.Module):
    """y = a x + b, of which only ``a`` is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(()))
        self.b = nn.Parameter(torch.ones(()), requires_grad=False)


def course_of(
    model: Line, state: dict[str, Any] | None = None, minutes: float = 60.0, steps: int = 0
) -> Course:
    args = argparse.Namespace(minutes=minutes, steps=steps, batch=4, device="cpu")
    return Course(
        model, args, state, rate=2.0, decay=0.9, weight_decay=0.0, counted="points", before=100
    )


def follow(course: Course, model: Line, file: Path, judge: Callable[[], None] | None = None) -> int:
    """Learn a = 3 until the course ends; how many batches it took."""
    taken = 0
    for x in course.over(iter(lambda: torch.ones(4), None), file, judge):
        taken += 1
        course.learn({"far": (model.a * x + model.b - 4).abs().mean()})
    return taken


def test_a_course_learns_and_counts_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, model = tmp_path / "line.pt", Line()
    first = course_of(model, steps=20)
    first.kept["note"] = "kept"
    assert follow(first, model, file) == 20
    state = load(file)
    assert state is not None
    assert (state["step"], state["points"], state["before"]) == (20, 180, 100)
    assert state["note"] == "kept"
    assert (state["model"]["a"], state["model"]["b"]) == (model.a, 1.0)
    assert 0 < state["average"]["a"] < model.a < 3
    again = Line()
    again.load_state_dict(state["model"])
    second = course_of(again, state, steps=60)
    assert second.budget.spent == state["seconds"] > 0
    torch.testing.assert_close(second.average.state, first.average.state)
    assert follow(second, again, file) == 40
    assert again.a.item() == pytest.approx(3, abs=0.5)
    told = capsys.readouterr().out
    assert re.fullmatch(r"step 50 200 points 0\.0 min far \d\.\d{4}\n", told)


def test_a_course_saves_now_and_then_and_ends_with_its_time(tmp_path: Path, clock: Clock) -> None:
    file, model, judged = tmp_path / "line.pt", Line(), []
    course = course_of(model)
    course.budget = budget_at(clock, 10.0)

    def judge() -> None:
        state = load(file)
        assert state is not None
        judged.append((state["step"], state["seconds"]))

    for _ in course.over(iter(int, 1), file, judge):
        clock.now += 100
        course.learn({"far": (model.a - 4).abs()})
    assert judged == [(3, 300.0), (6, 600.0)]
