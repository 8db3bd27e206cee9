"""The command line of export, and the recipe that calls it all."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnx")

from engine.errors import LibraryError
from export import cli
from export.data import teacher
from export.onnx import ParityError
from export.synth import bank, draw
from export.synth.bank import Bank
from export.training import focus, recipe, word
from tests.typography import some_families, some_words


@pytest.mark.parametrize(
    "command",
    [[], ["draw"], ["label"], ["train"], ["train", "all"], ["train", "word"], ["train", "focus"],
     ["pack"], ["evaluate"]],
)  # fmt: skip
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: photolex-export" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["paint"], ["train"], ["train", "word"], ["pack", "--out", "x"], ["label", "folder"]],
)
@pytest.mark.usefixtures("capsys")
def test_what_is_incomplete_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (LibraryError("It is so."), 1, "It is so.\n"),
        (ParityError("It differs."), 1, "It differs.\n"),
        (FileNotFoundError(2, "No such file", "gt.json"), 1, "gt.json: No such file.\n"),
        (FileNotFoundError("no list: run `make fonts`"), 1, "no list: run `make fonts`.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    error: BaseException,
    status: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(args: argparse.Namespace) -> None:
        raise error

    monkeypatch.setattr(draw, "draw", fail)
    assert cli.main(["draw", "--out", "x"]) == status
    assert capsys.readouterr().err == sentence


def test_our_own_mistakes_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (ModuleNotFoundError(name="export.gone"), ValueError("ours")):
        monkeypatch.setattr(draw, "draw", Mock(side_effect=error))
        with pytest.raises(type(error)):
            cli.main(["draw", "--out", "x"])


def test_without_the_extra_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    monkeypatch.setattr(cli, "_run", Mock(side_effect=missing))
    assert cli.main(["train", "all"]) == 1
    told = capsys.readouterr().err
    assert told == "torch is not installed: pip install 'photolex[export]' brings it.\n"


def test_labelling_without_its_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(teacher, "find_spec", lambda name: None)
    assert cli.main(["label", str(tmp_path), "--out", str(tmp_path / "labels.json")]) == 1
    assert "the extra “bench” brings it" in capsys.readouterr().err


def test_drawing_makes_a_bank_and_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    families = some_families()
    some_words(tmp_path / "dict", monkeypatch)
    for module in (bank, draw):
        monkeypatch.setattr(module, "find_fonts", lambda cache: families)
        monkeypatch.setattr(module, "ProcessPoolExecutor", ThreadPoolExecutor)
    (tmp_path / "gt.json").write_text(json.dumps({"a.jpg": [{"text": "Zyzzyva"}]}))
    more = ["--words-of", str(tmp_path / "gt.json"), "--processes", "1"]
    assert cli.main(["draw", "--out", str(tmp_path), "--words", "40", "--scenes", "1", *more]) == 0
    assert len(Bank(tmp_path / "bank")) == 40
    assert len(list((tmp_path / "scenes" / "images").iterdir())) == 1


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A labelled set, a folder of photos without labels, and one with nothing of use."""
    for folder in ("signs/images", "holiday", "texts"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("signs/images/a.png", "signs/images/b.png", "holiday/c.png"):
        Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / name)
    quad = [[5, 5], [50, 5], [50, 25], [5, 25]]
    labels = {"a.png": [{"text": "Sign", "quad": quad}], "b.png": []}
    (tmp_path / "signs" / "gt.json").write_text(json.dumps(labels))
    (tmp_path / "texts" / "notes.txt").write_text("no photos")
    return tmp_path


def test_folders_are_told_apart_by_their_labels(sets: Path) -> None:
    labelled, unlabelled = recipe.find_sets([sets / "signs", sets / "holiday"])
    assert labelled == [(sets / "signs" / "images", sets / "signs" / "gt.json")]
    assert unlabelled == [sets / "holiday"]
    with pytest.raises(LibraryError, match="neither photos nor a labelled set"):
        recipe.find_sets([sets / "texts"])


class Steps:
    """What the recipe would do, with every command's own arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, argparse.Namespace]] = []
        for name, step in (("draw", draw), ("word", word), ("focus", focus)):
            self._replace(monkeypatch, name, step)
        monkeypatch.setattr(teacher, "label", self._label)
        monkeypatch.setattr(recipe, "find_spec", lambda name: object())

    def _replace(self, monkeypatch: pytest.MonkeyPatch, name: str, step: object) -> None:
        arguments = step.add_arguments  # type: ignore[attr-defined]

        def add(parser: argparse.ArgumentParser) -> None:
            arguments(parser)
            parser.set_defaults(run=lambda args: self.done.append((name, args)))

        monkeypatch.setattr(step, "add_arguments", add)

    @staticmethod
    def _label(photos: list[Path], target: Path, processes: int) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({photo.name: [] for photo in photos}))


def run(sets: Path, *more: str, photos: Sequence[str] = ()) -> None:
    folders = photos or [str(sets / "signs"), str(sets / "holiday")]
    out = ["--out", str(sets / "out"), "--threads", "1", "--workers", "1", "--device", "cpu"]
    assert cli.main(["train", "all", "--photos", *folders, *out, *more]) == 0


def test_the_recipe_draws_labels_and_trains(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    run(sets, "--minutes", "10", "--scenes", "50")
    assert [name for name, _ in steps.done] == ["draw", "draw", "word", "focus"]
    words, scenes, towers, finder = (args for _, args in steps.done)
    assert (words.scenes, scenes.words, scenes.scenes) == (0, 0, 50)
    (holiday,) = (sets / "out" / "labels").iterdir()
    assert [pair[1] for pair in towers.real] == [str(sets / "signs" / "gt.json"), str(holiday)]
    assert towers.minutes + finder.minutes == pytest.approx(10)
    assert sum(float(source[2]) for source in finder.source) == pytest.approx(1)
    assert towers.device == finder.device == "cpu"
    # What no word was found in serves as ground to paint on.
    empty = Path(scenes.backgrounds)
    grounds = sorted(path.resolve() for path in empty.iterdir())
    assert grounds == [sets / "holiday" / "c.png", sets / "signs" / "images" / "b.png"]


def test_folders_of_one_name_are_told_apart(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    other = sets / "other" / "holiday"
    other.mkdir(parents=True)
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(other / "c.png")
    monkeypatch.chdir(other)
    run(sets, photos=[str(sets / "holiday"), str(other)])
    run(sets, photos=["../../holiday", "."])
    labels = sorted((sets / "out" / "labels").iterdir())
    assert [file.name[:8] for file in labels] == ["holiday-"] * 2
    assert {one[1] for one in steps.done[-1][1].source[1:]} == {str(file) for file in labels}
    grounds = {path.resolve() for path in (sets / "out" / "empty").iterdir()}
    assert grounds == {sets / "holiday" / "c.png", other / "c.png"}


def test_the_bank_is_not_drawn_twice(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    (sets / "out" / "bank").mkdir(parents=True)
    (sets / "out" / "bank" / "texts.json").write_text("[]")
    run(sets)
    (drawn,) = (args for name, args in steps.done if name == "draw")
    assert (drawn.words, drawn.scenes) == (0, 4000)  # which goes on where it stopped


def test_photos_with_many_words_are_shown_larger() -> None:
    few, many = {"a": [0] * 9, "b": [0] * 8, "c": [0] * 200}, {"a": [0] * 60}
    assert recipe.sides_of(few) == recipe.sides_of({}) == ("400", "1400")
    assert recipe.sides_of(many) == ("800", "1800")


def test_a_folder_whose_photos_cannot_be_read_stays_unused(
    sets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(monkeypatch)
    monkeypatch.setattr(
        teacher, "label", lambda photos, target, processes: Steps._label([], target, processes)
    )
    run(sets)
    assert "none of its photos can be read" in capsys.readouterr().out
    assert len(steps.done[-1][1].source) == 2


def test_photos_stay_unused_where_nothing_can_label_them(
    sets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(monkeypatch)
    monkeypatch.setattr(recipe, "find_spec", lambda name: None)
    run(sets)
    assert "holiday stays unused" in capsys.readouterr().out
    assert len(steps.done[-1][1].source) == 2
