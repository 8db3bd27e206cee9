"""What becomes of a pack that is not written to its end; its towers are written out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from engine.packs import PackCheck, read_pack
from export import pack
from export.cli import main
from export.training.run import save
from tests.packs import painted_pack, put


class Writing:
    """``photolex-export pack`` into ``out``, where a pack is already."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.out = folder, painted_pack(folder / "pack").folder
        self.before = {path: path.read_bytes() for path in self.out.iterdir()}
        for name in ("word", "focus"):
            save(folder / f"{name}.pt", {"average": {}, "crops": 1, "patches": 1})
        self.check = np.zeros((128, 320, 3), np.uint8)
        put(self.check, "check", (160, 64))
        cv2.imwrite(str(folder / "check.jpg"), self.check[:, :, ::-1])
        cv2.imwrite(str(folder / "a.png"), self.check[:, :, ::-1])
        (folder / "gt.json").write_text(json.dumps({"a.png": []}))
        self.exported = 0
        monkeypatch.setattr(pack, "export_towers", self._export)
        monkeypatch.setattr(pack, "FRAME_SIZE", 36)

    def _export(
        self, word: object, focus: object, glance: object, photo: object, out: Path
    ) -> list[str]:
        self.exported += 1
        painted_pack(out)
        return ["focus", "image", "text"]

    def run(self, *more: str) -> int:
        check = ["--check-photo", str(self.folder / "check.jpg"), "--check-query", "check"]
        to = ["--run-folder", str(self.folder), "--out", str(self.out), "--name", "new"]
        return main(["pack", *to, *check, "--sides", "512", *more])

    @property
    def labelled(self) -> list[str]:
        return ["--labelled", str(self.folder), str(self.folder / "gt.json")]

    def changed_nothing(self) -> bool:
        after = {path: path.read_bytes() for path in self.out.iterdir()}
        return after == self.before and not list(self.folder.glob(".*"))


@pytest.fixture
def writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writing:
    return Writing(tmp_path, monkeypatch)


def test_a_pack_that_was_interrupted_leaves_the_one_before(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pack, "open_towers", interrupted)
    assert writing.run() == 130
    assert writing.exported == 1
    assert writing.changed_nothing()


def test_a_pack_that_does_not_pass_its_check_leaves_the_one_before(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pack, "check_pack", lambda pack: PackCheck(False, "It is wrong."))
    assert writing.run() == 1
    assert capsys.readouterr().err == "It is wrong.\n"
    assert writing.changed_nothing()


def test_the_dictionary_is_asked_for_before_the_work(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> list[str]:
        raise FileNotFoundError("no word list")

    monkeypatch.setattr(pack, "dictionary", missing)
    assert writing.run(*writing.labelled) == 1
    assert capsys.readouterr().err == "no word list.\n"
    assert writing.exported == 0
    assert writing.changed_nothing()
    assert writing.run() == 0  # without photos nothing is calibrated


def test_it_is_said_when_nothing_was_quantised_or_calibrated(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert writing.run() == 0
    assert "Nothing was quantised or calibrated: no --labelled.\n" in capsys.readouterr().out
    assert read_pack(writing.out).name == "new"
    monkeypatch.setattr(pack, "dictionary", lambda: [f"zz{at}zz" for at in range(400)])
    assert writing.run(*writing.labelled, "--float32") == 0
    unsure = "Nothing was calibrated: no held-out photo of --labelled has sure words.\n"
    assert unsure in capsys.readouterr().out
    assert writing.run("--float32", "--base", str(writing.out)) == 0
    assert "Nothing was" not in capsys.readouterr().out


def test_photos_on_which_no_word_is_seen_calibrate_nothing(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    word = {"text": "check", "quad": [[0, 0], [9, 0], [9, 9], [0, 9]]}
    (writing.folder / "gt.json").write_text(json.dumps({"a.png": [word]}))
    cv2.imwrite(str(writing.folder / "a.png"), np.zeros((128, 320, 3), np.uint8))
    monkeypatch.setattr(pack, "dictionary", lambda: [f"zz{at}zz" for at in range(400)])
    assert writing.run(*writing.labelled, "--float32") == 1
    told = "No word was seen on the held-out photos: nothing to calibrate on.\n"
    assert capsys.readouterr().err == told
    assert writing.changed_nothing()


def test_it_is_said_when_no_word_was_found_to_quantise_by(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    word = {"text": "check", "quad": [[0, 0], [9, 0], [9, 9], [0, 9]]}
    (writing.folder / "gt.json").write_text(json.dumps({"a.png": [word]}))
    cv2.imwrite(str(writing.folder / "a.png"), np.zeros((128, 320, 3), np.uint8))
    quantised: list[str] = []
    monkeypatch.setattr(pack, "quantize", lambda file, *_: quantised.append(file.name))
    assert writing.run(*writing.labelled, "--base", str(writing.out)) == 0
    assert "The image tower was not quantised" in capsys.readouterr().out
    assert quantised == ["focus.onnx"]
