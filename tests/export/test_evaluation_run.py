"""Measuring a set through the real library, with towers that read painted squares."""

import argparse
import json
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import LibraryError
from engine.library import Library
from engine.packs import ModelPack
from engine.search import Answer
from export.evaluation import command, run
from export.evaluation.losses import Shown
from export.evaluation.metrics import Quality
from export.evaluation.report import Measurement
from export.evaluation.run import Examined, measure
from export.evaluation.sets import LabelledSet, read_set
from tests.fakes import COLUMNS, ROWS, fake_towers, photo
from tests.packs import painted_pack

WIDTH, HEIGHT = 320, 180


def quad(row: int, word: str) -> list[list[float]]:
    """Where ``photo`` paints a word."""
    right, top = WIDTH * len(word) / COLUMNS, HEIGHT * row / ROWS
    bottom = HEIGHT * (row + 1) / ROWS
    return [[0, top], [right, top], [right, bottom], [0, bottom]]


@pytest.fixture(autouse=True)
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """As words that may stand nowhere; whole dictionaries take their time."""
    monkeypatch.setattr(run, "dictionary", lambda: ["quiver", "rhythm"])


@pytest.fixture
def signs(tmp_path: Path) -> Path:
    """Three photos; the label of the last names a word that it does not show."""
    folder = tmp_path / "signs"
    shown = {"a.jpg": ["bakery", "open"], "b.jpg": ["station"], "c.jpg": ["garage"]}
    for name, words in shown.items():
        photo(folder / "images" / name, *words, size=(WIDTH, HEIGHT))
    labels = {
        name: [
            {"text": word.title(), "quad": quad(row, word)}
            for row, word in enumerate(words, start=1)
        ]
        for name, words in shown.items()
    }
    labels["c.jpg"].append({"text": "unseen", "quad": quad(5, "unseen")})
    (folder / "gt.json").write_text(json.dumps(labels))
    return folder


def test_a_set_is_measured_through_the_library(signs: Path, pack: ModelPack) -> None:
    found = measure(read_set(signs), partial(Library.open, pack=pack, factory=fake_towers))
    assert found.program == "Photolex (fake)"
    assert (found.photos, found.quality.queries) == (3, 5)
    # Four words rank their photo first; "unseen" is nearest to nothing.
    assert 0.8 < found.quality.mean_average_precision < 1.0
    assert found.quality.hit10 == 1.0
    assert found.regions_per_photo == pytest.approx(4 / 3)
    assert found.detection is not None
    assert found.detection.recall == pytest.approx(4 / 5)
    assert found.detection.precision == 1.0
    assert found.cold_photos_per_second is not None
    assert found.cold_photos_per_second < found.photos_per_second
    assert found.promises is not None
    assert (found.promises.absent, found.promises.shown) == (2, 0)


def test_photos_with_words_of_unknown_place_are_left_out_of_detection(
    signs: Path, pack: ModelPack
) -> None:
    labels = json.loads((signs / "gt.json").read_text())
    for words in labels.values():
        words[0]["quad"] = None
    (signs / "gt.json").write_text(json.dumps(labels))
    found = measure(read_set(signs), partial(Library.open, pack=pack, factory=fake_towers))
    assert found.detection is None


def test_a_photo_that_cannot_be_read_is_counted_and_ranks_last(
    signs: Path, pack: ModelPack
) -> None:
    (signs / "images" / "b.jpg").write_bytes(b"no photo at all")
    found = measure(read_set(signs), partial(Library.open, pack=pack, factory=fake_towers))
    assert found.skipped == 1
    assert found.quality.mean_average_precision < 1.0


def test_photos_that_are_not_in_the_set_are_not_measured(signs: Path, pack: ModelPack) -> None:
    labels = json.loads((signs / "gt.json").read_text())
    del labels["b.jpg"]
    (signs / "gt.json").write_text(json.dumps(labels))
    found = measure(read_set(signs), partial(Library.open, pack=pack, factory=fake_towers))
    assert found.photos == 2
    assert found.regions_per_photo == pytest.approx(3 / 2)


def test_phrases_are_asked_as_phrases(signs: Path, pack: ModelPack) -> None:
    asked = {"bakery open": frozenset({"a.jpg"}), "station": frozenset({"b.jpg"})}
    labelled = replace(read_set(signs), asked=asked)
    opened: list[str] = []

    class Listening(Library):
        def search(self, query: str, **how: Any) -> Answer:
            opened.append(query)
            return super().search(query, **how)

    found = measure(labelled, partial(Listening.open, pack=pack, factory=fake_towers))
    assert opened == ['"bakery open"', "station"]
    assert found.quality.mean_average_precision == 1.0


def test_regions_on_ignored_text_do_not_lower_precision(signs: Path, pack: ModelPack) -> None:
    labels = json.loads((signs / "gt.json").read_text())
    ignored = {"a.jpg": [np.array(labels["a.jpg"].pop()["quad"], np.float32)]}
    (signs / "gt.json").write_text(json.dumps(labels))
    labelled = replace(read_set(signs), ignored=ignored)
    found = measure(labelled, partial(Library.open, pack=pack, factory=fake_towers))
    assert found.detection is not None
    assert found.detection.precision == 1.0


def test_the_memory_of_the_embedder_is_told(signs: Path, pack: ModelPack) -> None:
    found = measure(read_set(signs), partial(Library.open, pack=pack, factory=fake_towers))
    assert (found.peak_megabytes is not None) == (sys.platform == "linux")


def test_the_command_says_what_is_wrong_with_a_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(LibraryError, match=r"no gt\.json"):
        command.main(parser.parse_args(["--set", str(tmp_path)]))
    assert capsys.readouterr().out == ""


class Measured:
    """Stands in for measuring: of the sets that are named last, one fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
        self.failure = failure
        monkeypatch.setattr(command, "_examine", self.examine)

    def examine(self, labelled: LabelledSet, pack: ModelPack, name: str) -> Examined:
        if labelled.name == "last":
            raise self.failure
        found = Measurement(labelled.name, name, 3, Quality(5, 0.5, 0.5, 0.5), 2.0)
        return Examined(labelled, found, Shown({}, {}, {}), [])


@pytest.mark.parametrize(
    "failure", [LibraryError("The disk is full."), KeyboardInterrupt(), ZeroDivisionError()]
)
def test_what_was_measured_is_printed_whatever_comes_then(
    signs: Path,
    failure: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Measured(monkeypatch, failure)
    last = shutil.copytree(signs, signs.with_name("last"))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--set", str(signs), "--set", str(last)]
    with pytest.raises(type(failure)):
        command.main(parser.parse_args(options))
    assert "| signs |" in capsys.readouterr().out
    with pytest.raises(type(failure)):
        command.main(parser.parse_args([*options, "--json"]))
    (measured,) = json.loads(capsys.readouterr().out)
    assert measured["set"] == "signs"


def test_a_report_that_cannot_be_written_is_known_before_anything_is_measured(
    signs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Measured(monkeypatch, AssertionError())
    (signs.parent / "file").write_text("in the way")
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--set", str(signs), "--report", str(signs.parent / "file" / "page"), "--json"]
    with pytest.raises(LibraryError, match="cannot be written to"):
        command.main(parser.parse_args(options))
    assert json.loads(capsys.readouterr().out) == []


def test_the_command_measures_writes_the_page_and_prints(
    signs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = painted_pack(tmp_path / "pack")
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--set", str(signs), "--pack", str(pack.folder), "--report", str(tmp_path / "page")]
    assert command.main(parser.parse_args([*options, "--json"])) == 0
    (measured,) = json.loads(capsys.readouterr().out)
    assert measured["program"] == "Photolex (painted)"
    assert measured["stages"]["photos"] == 3
    assert sum(measured["losses"].values()) > 0
    assert (tmp_path / "page" / "index.html").is_file()


def test_several_packs_are_measured_in_one_run(
    signs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (painted_pack(tmp_path / name).folder for name in ("int8", "float32"))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--set", str(signs), "--pack", str(one), "--pack", str(two), "--json"]
    assert command.main(parser.parse_args(options)) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["program"] == f"Photolex (painted in {one})"
    assert second["program"] == f"Photolex (painted in {two})"
    assert first["quality"] == second["quality"]


def test_packs_of_different_names_need_no_folders(tmp_path: Path, pack: ModelPack) -> None:
    other = painted_pack(tmp_path / "pack")
    assert command.program_names([pack, other]) == ["Photolex (fake)", "Photolex (painted)"]
