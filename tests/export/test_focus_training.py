"""Training of Focus: targets, patches, losses, resuming; the engine undoes the shrinking."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from engine.errors import LibraryError
from engine.focus import FocusSettings, find_words
from export.onnx import export_focus
from export.towers.compact import Focus
from export.training import focus
from export.training.arc import Arc
from export.training.focus import (
    SHRINK,
    Patches,
    Source,
    losses,
    shrunk,
    targets,
)
from export.training.imitation import hint, imitation
from export.training.run import load
from tests.export.lively import enliven
from tests.packs import painted_pack

SIDE = 128


class SmallFocus(Focus):
    """A Focus of few weights."""

    def __init__(
        self,
        widths: Sequence[int] = (4, 8, 8, 8, 8),
        inner: Sequence[int] | None = None,
        pyramid: Sequence[int] = (48, 48, 48, 48),
        stem: int | None = None,
    ) -> None:
        super().__init__(widths, inner, pyramid, stem)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small patches and a Focus of few weights, the same ones in every run."""
    monkeypatch.setattr(focus, "SIDE", SIDE)
    monkeypatch.setattr(focus, "Focus", SmallFocus)
    torch.manual_seed(0)
    torch.set_num_threads(1)


def quad_of(
    x: float, y: float, wide: float, high: float, angle: float = 0.0
) -> NDArray[np.float32]:
    turn = np.radians(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    half = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    return (half @ spin + (x, y)).astype(np.float32)


def sides(quad: NDArray[np.float32]) -> list[float]:
    return [float(side) for side in np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)]


words = st.tuples(st.floats(40, 200), st.floats(10, 200), st.floats(-180, 180), st.floats(0.2, 0.9))


@given(words)
@settings(max_examples=60, deadline=None)
def test_every_side_moves_inwards_by_the_offset(word: tuple[float, float, float, float]) -> None:
    wide, high, angle, ratio = word
    offset = wide * high * (1 - ratio**2) / (2 * (wide + high))
    expected = quad_of(300, 200, wide - 2 * offset, high - 2 * offset, angle)
    np.testing.assert_allclose(
        shrunk(quad_of(300, 200, wide, high, angle), ratio), expected, atol=0.05
    )


@given(words)
@settings(max_examples=30, deadline=None)
def test_the_corners_order_makes_no_difference(word: tuple[float, float, float, float]) -> None:
    wide, high, angle, ratio = word
    quad = quad_of(300, 200, wide, high, angle)
    for turned in (np.roll(quad, 1, 0), quad[::-1].copy()):
        found = shrunk(turned, ratio)
        nearest = np.linalg.norm(found[:, None] - shrunk(quad, ratio)[None], axis=2).min(1)
        assert nearest.max() < 0.05


@pytest.mark.parametrize(("wide", "high", "angle"), [
    (800, 160, 0), (800, 160, 17), (700, 120, -44), (600, 200, 44), (500, 100, 90),
])  # fmt: skip
def test_the_engine_grows_the_trained_kernels_back(wide: int, high: int, angle: int) -> None:
    """As far as a map of cells of 4 pixels can tell: drawn kernels are up to a cell too large."""
    quad = quad_of(512, 512, wide, high, angle)
    kernels, *_ = targets(quad[None], np.array([True]), 1024, 1024)
    maps = np.stack([kernels, kernels]).astype(np.float32)
    (found,) = find_words(maps, FocusSettings(threshold=0.5, splits=(), shrink=SHRINK))
    off = np.linalg.norm(found.quad[:, None] * 4 - quad[None], axis=2).min(1)
    assert off.max() < 16


def test_maps_mark_kernels_within_words() -> None:
    quads = np.stack([quad_of(60, 40, 80, 24), quad_of(60, 90, 60, 20)])
    kernels, word, ignored, _ = targets(quads, np.array([True, True]), SIDE, SIDE)
    assert kernels.shape == word.shape == ignored.shape == (SIDE // 4, SIDE // 4)
    assert (word >= kernels).all()
    assert 0 < kernels.sum() < word.sum()
    assert ignored.sum() == 0
    assert word[40 // 4, 60 // 4] == 1
    assert kernels[90 // 4, 60 // 4] == 1
    assert word[:6].sum() == 0


def test_neighbours_kernels_stay_apart() -> None:
    quads = np.stack([quad_of(35, 40, 60, 24), quad_of(97, 40, 60, 24)])
    kernels, _, _, gaps = targets(quads, np.array([True, True]), SIDE, SIDE)
    count, _ = cv2.connectedComponents(kernels)
    assert count - 1 == 2
    assert gaps.any()
    assert not (gaps & kernels).any()
    columns = np.flatnonzero(gaps.any(0)) * 4
    assert 50 < columns.min() <= columns.max() < 82


def test_what_joins_two_words_costs_more() -> None:
    quads = np.stack([quad_of(35, 40, 60, 24), quad_of(97, 40, 60, 24)])
    made = targets(quads, np.array([True, True]), SIDE, SIDE)
    maps = torch.from_numpy(np.stack([*made, np.zeros_like(made[0])])[None]).float()
    joined = 40 * maps[:, :2] - 20
    joined[:, 0][maps[:, 3] > 0] = 20.0
    beside = 40 * maps[:, :2] - 20
    beside[0, 0, -int(maps[:, 3].sum()) // 32 :] = 20.0  # as much and more, away from the words
    assert losses(joined, maps)["kernel_bce"] > 1.5 * losses(beside, maps)["kernel_bce"]


@pytest.mark.parametrize("radius", [-45.0, 35.0, 120.0])
def test_maps_of_a_bent_picture_lie_on_its_bent_words(radius: float) -> None:
    straight = np.zeros((SIDE, SIDE, 3), np.uint8)
    straight[50:78, 30:100] = 255
    arc = Arc((65.0, 64.0), radius)
    bent = cv2.resize(arc.picture(straight), (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA)
    _, word, ignored, _ = targets(quad_of(65, 64, 70, 28)[None], np.array([True]), SIDE, SIDE, arc)
    painted = bent[:, :, 0] > 127
    assert ((word > 0) & painted).sum() > 0.75 * ((word > 0) | painted).sum()
    assert not ignored.any()
    rows = [np.flatnonzero(column).mean() for column in word.T if column.any()]
    quarter = len(rows) // 4
    outer, inner = np.mean(rows[:quarter] + rows[-quarter:]), np.mean(rows[quarter:-quarter])
    assert np.sign(radius) * (outer - inner) > 0.2  # the ends hang down, or stand up


def test_a_word_that_a_bend_squeezes_is_ignored() -> None:
    quad = quad_of(65, 64 + 38, 70, 18)  # near the centre of the circle
    kernels, word, ignored, _ = targets(
        quad[None], np.array([True]), SIDE, SIDE, Arc((65.0, 64.0), 45.0)
    )
    assert not kernels.any()
    assert not word.any()
    assert ignored.any()


def test_doubtful_and_tiny_words_are_neither_words_nor_ground() -> None:
    quads = np.stack([quad_of(60, 30, 80, 24), quad_of(60, 90, 60, 4)])
    kernels, word, ignored, _ = targets(quads, np.array([False, True]), SIDE, SIDE)
    assert kernels.sum() == word.sum() == 0
    assert ignored[30 // 4, 60 // 4] == 1
    assert ignored[90 // 4, 60 // 4] == 1


def test_a_sure_word_is_not_ignored_for_a_doubtful_one_over_it() -> None:
    quads = np.stack([quad_of(60, 60, 80, 24), quad_of(60, 60, 110, 60)])
    kernels, word, ignored, _ = targets(quads, np.array([True, False]), SIDE, SIDE)
    assert kernels[15, 15] == word[15, 15] == 1
    assert ignored[15, 15] == 0
    assert ignored[9, 15] == 1


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """White photos, one with a black board that is labelled as a word, and one without words.

    The first one is left out of training.
    """
    quad = quad_of(200, 150, 160, 48)
    picture = np.full((300, 400, 3), 255, np.uint8)
    cv2.fillConvexPoly(picture, np.round(quad).astype(np.int32), (0, 0, 0))
    cv2.imwrite(str(tmp_path / "board.png"), picture)
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((300, 400, 3), 255, np.uint8))
    labels: dict[str, Any] = {
        "aside.png": [],
        "board.png": [{"text": "Board", "quad": quad.tolist()}],
        "empty.png": [{"text": "not located", "quad": None}],
        "gone.png": [],
    }
    (tmp_path / "gt.json").write_text(json.dumps(labels))
    return tmp_path, tmp_path / "gt.json"


def test_a_patch_shows_its_words_where_the_maps_say(labelled: tuple[Path, Path]) -> None:
    """Through every tilt, scale and stretch the board stays under its map."""
    picture = np.asarray(cv2.imread(str(labelled[0] / "board.png")), np.uint8)
    words = json.loads(labelled[1].read_text())["board.png"]
    seen = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        photo, maps = focus._patch(picture, words, (100, 400), rng)
        assert photo.shape == (SIDE, SIDE, 3)
        assert photo.dtype == np.uint8
        assert maps.shape == (5, SIDE // 4, SIDE // 4)
        inner = cv2.erode(maps[1], np.ones((3, 3), np.uint8)) > 0
        if inner.sum() < 8:
            continue
        seen += 1
        grey = cv2.resize(photo, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA).mean(2)
        around = cv2.dilate(maps[1], np.ones((7, 7), np.uint8)) - cv2.dilate(
            maps[1], np.ones((3, 3), np.uint8)
        )
        contrast = float(grey[around > 0].mean() - grey[inner].mean())
        assert abs(contrast) > 25, seed  # of either sign: some patches are inverted
    assert seen > 30


def test_a_word_cut_off_at_the_edge_is_ignored() -> None:
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    word = {"text": "", "quad": quad_of(64, 64, 90, 40).tolist()}
    _, maps = focus._patch(picture, [word], (SIDE, SIDE + 1), np.random.default_rng(0))
    assert maps[0].sum() == maps[1].sum() == 0
    assert maps[2].sum() > 0


def test_patches_come_without_end_though_photos_are_missing(
    labelled: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    source = Source(labelled[0], labelled[1], 1.0, (150, 400))
    patches = iter(Patches([source], 5))
    for _ in range(4):
        photos, maps = next(patches)
        assert photos.shape == (5, SIDE, SIDE, 3)
        assert photos.dtype == torch.uint8
        assert maps.shape == (5, 5, SIDE // 4, SIDE // 4)
    assert capsys.readouterr().out == "gone.png is left out: The file is not there any more.\n"


def maps_with_board() -> torch.Tensor:
    maps = np.stack([*targets(quad_of(64, 64, 96, 40)[None], np.array([True]), SIDE, SIDE)])
    return torch.from_numpy(np.concatenate([maps, np.zeros_like(maps[:1])])[None]).float()


def test_a_perfect_answer_costs_next_to_nothing() -> None:
    maps = maps_with_board()
    right = losses(40 * maps[:, :2] - 20, maps)
    wrong = losses(20 - 40 * maps[:, :2], maps)
    assert sum(loss.item() for loss in right.values()) < 0.05
    assert sum(loss.item() for loss in wrong.values()) > 20


def test_what_is_ignored_costs_nothing() -> None:
    maps = torch.zeros(1, 5, 32, 32)
    maps[:, 2] = 1.0
    found = losses(torch.full((1, 2, 32, 32), 5.0), maps)
    assert {name: loss.item() for name, loss in found.items()} == pytest.approx(
        {"kernel_bce": 0.0, "kernel_dice": 0.0, "word_bce": 0.0, "word_dice": 0.0}, abs=1e-6
    )


def test_what_a_teacher_may_have_overlooked_costs_less() -> None:
    maps = torch.zeros(1, 5, 32, 32)
    sure_of_words = torch.full((1, 2, 32, 32), 4.0)
    plain = losses(sure_of_words, maps)["word_bce"]
    maps[:, 4] = 1.0
    assert losses(sure_of_words, maps)["word_bce"].item() == pytest.approx(plain.item() / 4)


def test_a_few_steps_make_the_loss_smaller() -> None:
    model = SmallFocus()
    maps = maps_with_board()
    photo = (maps[:, 1].repeat_interleave(4, 1).repeat_interleave(4, 2) * 255).to(torch.uint8)
    photos = photo[..., None].expand(-1, -1, -1, 3).contiguous()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    history = []
    for _ in range(15):
        total = torch.stack(list(losses(model.forward_logits(photos), maps).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(total.item())
    assert history[-1] < 0.6 * history[0]


def arguments(labelled: tuple[Path, Path], out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    focus.add_arguments(parser)
    source = ["--source", str(labelled[0]), str(labelled[1]), "1", "150", "400"]
    plain = ["--batch", "2", "--threads", "1", "--workers", "0", "--device", "cpu"]
    return parser.parse_args([*source, "--out", str(out), *plain, *more])


def test_training_goes_on_where_it_stopped(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "2"))
    first = load(tmp_path / "out" / "focus.pt")
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "5"))
    second = load(tmp_path / "out" / "focus.pt")
    assert first is not None
    assert second is not None
    assert (first["step"], first["patches"]) == (2, 4)
    assert (second["step"], second["patches"]) == (5, 10)
    assert second["seconds"] > first["seconds"] > 0
    assert {float(one["step"]) for one in second["optimizer"]["state"].values()} == {5.0}
    assert second["average"].keys() == SmallFocus().state_dict().keys()


def test_training_goes_on_with_the_widths_of_the_checkpoint(
    labelled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "1"))
    monkeypatch.setattr(focus, "Focus", Focus)
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "2"))
    state = load(tmp_path / "out" / "focus.pt")
    assert state is not None
    assert state["step"] == 2
    assert state["model"]["stage32.0.0.weight"].shape == (8, 8, 3, 3)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with a Focus of weights by chance."""
    folder = tmp_path_factory.mktemp("teacher")
    painted_pack(folder)
    torch.manual_seed(2)
    model = SmallFocus()
    enliven(model)
    export_focus(model.eval(), folder / "focus.onnx", np.zeros((64, 96, 3), np.uint8))
    return folder


def test_a_narrower_focus_begins_with_its_teacher_and_learns_its_answers(
    teacher: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By some clocks hardly a patch shows anything, and there is nothing to learn.
    monkeypatch.setattr("time.time_ns", lambda: 5)
    for seed in range(3):
        picture = np.random.default_rng(seed).integers(0, 256, (60, 80, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{seed}.png"), cv2.resize(picture, (400, 300)))
    parser = argparse.ArgumentParser()
    focus.add_arguments(parser)
    args = parser.parse_args([
        "--teacher", str(teacher), *"--stem 3 --inner 4 4 4 4 --pyramid 24 16 8 4".split(),
        "--unlabelled", str(tmp_path), "1", "150", "400", "--out", str(tmp_path / "out"),
        *"--batch 2 --threads 1 --workers 0 --device cpu --rate 3e-3".split(),
    ])  # fmt: skip
    told: list[tuple[float, ...]] = []
    for args.steps in (50, 200):
        focus.train(args)
        found = re.findall(r"imitation ([\d.]+) hints ([\d.]+)", capsys.readouterr().out)
        told += [tuple(map(float, one)) for one in found]
    assert len(told) == 4
    (imitation_first, hints_first), (imitation_last, hints_last) = told[0], told[-1]
    assert 0 < imitation_last < 0.7 * imitation_first
    assert 0 < hints_last < 0.95 * hints_first
    state = load(tmp_path / "out" / "focus.pt")
    assert state is not None
    assert state["model"]["stem.0.0.weight"].shape == (3, 3, 3, 3)
    assert state["model"]["stem.2.first.0.weight"].shape == (4, 8, 3, 3)
    assert state["model"]["head.weight"].shape == (2, 4, 1, 1)


def test_a_new_focus_is_as_narrow_as_is_asked_for(
    labelled: tuple[Path, Path], tmp_path: Path
) -> None:
    widths = "--stem 2 --inner 4 3 2 1 --pyramid 8 7 6 5".split()
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "1", *widths))
    state = load(tmp_path / "out" / "focus.pt")
    assert state is not None
    assert state["model"]["stem.1.0.weight"].shape[:2] == (8, 2)
    assert state["model"]["stage32.1.first.0.weight"].shape[:2] == (1, 8)
    assert state["model"]["smooth4.0.weight"].shape[:2] == (5, 6)
    for none in ("--pyramid 8 8 8 0", "--stem 0"):
        args = arguments(labelled, tmp_path / "other", "--steps", "1", *none.split())
        with pytest.raises(LibraryError, match="needs a channel at least"):
            focus.train(args)


def test_photos_without_labels_need_a_teacher(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    unlabelled = ["--unlabelled", str(labelled[0]), "1", "150", "400"]
    args = arguments(labelled, tmp_path / "out", *unlabelled, "--steps", "1")
    with pytest.raises(LibraryError, match="without labels need a teacher"):
        focus.train(args)


def test_training_goes_on_with_the_teacher_and_the_widths_that_it_began_with(
    labelled: tuple[Path, Path], teacher: Path, tmp_path: Path
) -> None:
    focus.train(arguments(labelled, tmp_path / "out", "--steps", "1"))
    with pytest.raises(LibraryError, match="begun with teacher none, not painted"):
        focus.train(arguments(labelled, tmp_path / "out", "--teacher", str(teacher)))
    with pytest.raises(LibraryError, match="begun with stem as usual, not 3"):
        focus.train(arguments(labelled, tmp_path / "out", "--stem", "3"))


def test_of_photos_without_labels_only_the_teacher_tells(labelled: tuple[Path, Path]) -> None:
    _, maps = next(iter(Patches([Source(labelled[0], None, 1.0, (150, 400))], 4)))
    found = losses(torch.full((4, 2, SIDE // 4, SIDE // 4), 5.0), maps.float())
    assert max(loss.item() for loss in found.values()) < 1e-6


def test_imitation_is_nothing_where_both_agree_and_more_the_less_they_do() -> None:
    logits = torch.linspace(-6, 6, 2 * 64 * 64).reshape(1, 2, 64, 64)
    taught = torch.sigmoid(logits)
    assert imitation(logits, taught).item() == pytest.approx(0.0, abs=1e-4)
    near, far = imitation(logits + 1, taught).item(), imitation(logits + 3, taught).item()
    assert 0.01 < near < far / 3
    # Ground that both see as such neither costs nor thins out what text costs.
    ground = torch.full((1, 2, 64, 640), -9.0)
    more = imitation(torch.cat([logits + 1, ground], 3), torch.cat([taught, ground.sigmoid()], 3))
    assert more.item() == pytest.approx(near, rel=0.01)


def test_a_hint_counts_what_is_near_text_and_in_parts_of_what_varies() -> None:
    torch.manual_seed(0)
    taught, weights = torch.randn(2, 5, 8, 8), torch.ones(2, 1, 16, 16)
    assert hint(taught, taught, weights) == 0
    off = hint(taught + 0.5, taught, weights)
    assert off.item() == pytest.approx(0.25 / taught.var().item())
    assert hint(7 * (taught + 0.5), 7 * taught, weights).item() == pytest.approx(off.item())
    left = taught.clone()
    left[..., :4] += 0.5
    weights[..., 8:] = 0.1
    assert hint(left, taught, weights) > 1.5 * hint(left.flip(3), taught.flip(3), weights)
