"""Crops that were hard to read come again."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from export.training.replay import Replay


def shades(count: int) -> Tensor:
    """Crops of one level each, up to 50."""
    return (torch.arange(count) % 50).byte()[:, None, None, None].expand(-1, 32, 128, 3)


def test_only_what_was_hard_but_legible_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Replay, "LEAST", 0)
    replay = Replay()
    replay.add(shades(3), ["read", "hard", "lost"], torch.tensor([0.1, 3.0, 40.0]))
    seen = [replay.take(1) for _ in range(Replay.TIMES)]
    assert [batch[1] for batch in seen if batch is not None] == [["hard"]] * Replay.TIMES
    assert all(batch[0].unique().tolist() in ([1], [254]) for batch in seen if batch is not None)
    assert replay.take(1) is None


def test_a_full_replay_forgets_old_crops_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Replay, "CAPACITY", 4)
    monkeypatch.setattr(Replay, "LEAST", 2)
    replay = Replay()
    replay.add(shades(1), ["old"], torch.ones(1))
    assert replay.take(1) is None
    for _ in range(40):
        replay.add(shades(4), ["new1", "new2", "new3", "new4"], torch.ones(4))
    batch = replay.take(4)
    assert batch is not None
    assert batch[0].shape == (4, 32, 128, 3)
    assert "old" not in batch[1]


def test_of_crops_that_come_again_none_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Replay, "LEAST", 1)
    replay = Replay()
    replay.add(shades(2), ["hard", "more"], torch.ones(2))
    assert replay.take(0) is None
