"""Training of the glance: what is kept of the teacher's finds, its start, loss, resuming."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from engine.packs import read_pack
from export.cli import main
from export.onnx import export_focus
from export.restore import restored_focus
from export.towers.compact import Focus, Glance
from export.training import glance
from export.training.glance import Pieces, Source, gather, kinds, loss, start
from export.training.run import load
from tests.export.lively import enliven
from tests.packs import painted_pack, put, read_content, write_content

Image = NDArray[np.uint8]
SIDE = 128


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "SIDE", SIDE)
    torch.manual_seed(0)
    torch.set_num_threads(1)


def rectangle(x: float, y: float, wide: float, high: float) -> NDArray[np.float32]:
    return np.array([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]], np.float32)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos of signs, one without, one that is too small, a damaged one, and another file."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, words in (("a", ["harbor"]), ("b", ["bakery", "lantern"]), ("empty", [])):
        pixels = np.zeros((600, 800, 3), np.uint8)
        for at, word in enumerate(words):
            put(pixels, word, (300 + 150 * at, 150 + 250 * at))
        cv2.imwrite(str(folder / f"{name}.png"), pixels[:, :, ::-1])
    cv2.imwrite(str(folder / "small.png"), np.zeros((20, 20, 3), np.uint8))
    (folder / "damaged.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A pack that finds signs."""
    folder = tmp_path / "teacher"
    painted_pack(folder)
    content = read_content(folder)
    content["focus"]["longest_sides"] = [800]
    write_content(folder, content)
    return folder


def test_what_the_teacher_finds_is_kept_with_the_picture(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    files = gather(teacher, photos, tmp_path / "seen", 1)
    assert [file.name for file in files] == ["a.png.npz", "b.png.npz", "empty.png.npz"]
    found = []
    for file in files:
        with np.load(file) as seen:
            assert seen["picture"].shape == (608, 800, 3)
            found.append(seen["quads"])
    assert [quads.shape for quads in found] == [(1, 4, 2), (2, 4, 2), (0, 4, 2)]
    np.testing.assert_allclose(found[0][0], rectangle(172, 118, 256, 64), atol=8)
    before = [file.stat().st_mtime_ns for file in files]
    assert gather(teacher, photos, tmp_path / "seen", 1) == files
    assert [file.stat().st_mtime_ns for file in files] == before


def test_cells_tell_how_large_their_words_are() -> None:
    words = [rectangle(8, 8, 40, 10), rectangle(80, 8, 40, 20), rectangle(8, 48, 80, 40)]
    huge = rectangle(0, 120, 400, 200)
    cells = kinds(np.stack([huge, *words, rectangle(96, 160, 40, 10)]), 320, 400)
    assert cells.shape == (40, 50)
    assert [cells[at] for at in ((1, 3), (1, 12), (7, 5), (30, 40), (20, 13))] == [3, 2, 1, 4, 3]
    assert cells[5, 30] == 0
    assert kinds(np.zeros((0, 4, 2), np.float32), 64, 64).max() == 0


def test_pieces_show_words_where_their_cells_say(tmp_path: Path) -> None:
    picture = np.zeros((320, 400, 3), np.uint8)
    picture[96:128, 160:240] = 255
    file = tmp_path / "seen.npz"
    np.savez(file, picture=picture, quads=rectangle(160, 96, 80, 32)[None])
    pieces, cells = next(iter(Pieces([Source([file], 1.0)], 64)))
    assert pieces.shape == (64, SIDE, SIDE, 3)
    assert cells.shape == (64, SIDE // 8, SIDE // 8)
    alike = []
    for piece, told in zip(pieces.numpy(), cells.numpy(), strict=True):
        if (told > 0).sum() > 30:  # the word, and not just an edge of it
            bright = piece.mean(2).reshape(SIDE // 8, 8, SIDE // 8, 8).mean((1, 3))
            alike.append(abs(float(np.corrcoef(bright.ravel(), told.ravel() > 0)[0, 1])))
    assert len(alike) > 8
    assert min(alike) > 0.7


def test_beyond_a_small_picture_nothing_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "seen.npz"
    np.savez(file, picture=np.zeros((64, 96, 3), np.uint8), quads=np.zeros((0, 4, 2), np.float32))
    _, cells = next(iter(Pieces([Source([file], 1.0)], 8)))
    assert sorted(set(cells.sum((1, 2)).tolist())) == [4 * (16 * 16 - 8 * 12)]


def test_right_answers_cost_least_and_small_words_most() -> None:
    cells = torch.zeros(1, 8, 8, dtype=torch.uint8)
    cells[0, 2, 2], cells[0, 6, 6] = 3, 1

    def cost(*missed: tuple[int, int]) -> float:
        told = (cells > 0).float()
        for row, column in missed:
            told[0, row, column] = 1 - told[0, row, column]
        coarse = torch.nn.functional.max_pool2d(told[:, None], 2)[:, 0]
        return float(loss((20 * coarse - 10, 20 * told - 10), cells))

    right, other, tiny, false = cost(), cost((6, 6)), cost((2, 2)), cost((4, 0))
    assert right < 0.01 < false < other < tiny


def test_huge_words_are_neither_asked_for_nor_wrong() -> None:
    cells = torch.full((1, 8, 8), 4, dtype=torch.uint8)
    for level in (-9.0, 9.0):
        assert float(loss((torch.full((1, 4, 4), level), torch.full((1, 8, 8), level)), cells)) == 0


def test_a_glance_begins_with_what_focus_sees_first() -> None:
    focus = Focus((12, 16, 16, 16, 16))
    enliven(focus)
    focus.eval()
    pictures = torch.randint(0, 255, (6, 64, 64, 3), dtype=torch.uint8)
    values = (pictures.permute(0, 3, 1, 2).float() - 127.5) / 64
    with torch.no_grad():
        expected = focus.stem[1](focus.stem[0](values))
        model = start(focus, pictures)
        found = model.stem(values)
    assert model.stem[0].out_channels == 8
    assert not any(one.requires_grad for one in model.stem.parameters())
    assert float((found - expected).square().mean() / expected.var()) < 0.1


def run(*arguments: str) -> int:
    return main(["train", "glance", "--workers", "0", "--threads", "1", "--batch", "4", *arguments])


def test_training_goes_on_where_it_stopped(
    photos: Path,
    teacher: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The painted Focus has no weights to begin with.
    network = Focus((12, 16, 16, 16, 16)).eval()
    file = tmp_path / "focus.onnx"
    export_focus(network, file, np.zeros((64, 64, 3), np.uint8))
    monkeypatch.setattr(glance, "restored_focus", lambda _: restored_focus(file))
    out = tmp_path / "run"
    arguments = ["--teacher", str(teacher), "--photos", str(photos), "1", "--out", str(out)]
    assert run(*arguments, "--steps", "2") == 0
    first = load(out / "glance.pt")
    assert run(*arguments, "--steps", "5") == 0
    second = load(out / "glance.pt")
    assert first is not None
    assert second is not None
    assert [(state["step"], state["pieces"]) for state in (first, second)] == [(2, 8), (5, 20)]
    before, after = (Glance.of(state["average"]) for state in (first, second))
    torch.testing.assert_close(before.stem.state_dict(), after.stem.state_dict())
    assert not torch.equal(before.out.weight, after.out.weight)
    # Other photos are looked at anew, and another teacher is another training.
    (tmp_path / "more" / "photos").mkdir(parents=True)
    shutil.copy(photos / "a.png", tmp_path / "more" / "photos" / "a.png")
    other = ["--photos", str(tmp_path / "more" / "photos"), "1", *arguments]
    assert run(*other, "--steps", "6") == 0
    seen = sorted(len(list(one.iterdir())) for one in out.glob("seen_photos-*"))
    assert seen == [1, 3]
    content = read_content(teacher)
    content["focus"]["finding"]["threshold"] = 0.4
    write_content(teacher, content)
    assert run(*arguments, "--steps", "7") == 1
    assert "was begun with teacher painted " in capsys.readouterr().err


def test_photos_are_needed_that_can_be_glanced_at(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--teacher", str(teacher), "--out", str(tmp_path / "run")]
    assert run(*arguments) == 1
    assert "Give photos" in capsys.readouterr().err
    folder = tmp_path / "few"
    folder.mkdir()
    cv2.imwrite(str(folder / "small.png"), np.zeros((20, 20, 3), np.uint8))
    assert run(*arguments, "--photos", str(folder), "1") == 1
    assert "large enough" in capsys.readouterr().err
    assert read_pack(teacher).name == "painted"
