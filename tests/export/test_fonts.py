"""Finding fonts that can draw letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.synth import fonts
from tests.typography import some_families


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that is looked into."""
    place = tmp_path / "fonts"
    place.mkdir()
    monkeypatch.setattr(fonts, "FOLDERS", (place,))
    return place


def link(folder: Path, name: str) -> Path:
    """Links an installed face under a name."""
    face = Path(next(iter(some_families().values()))[0])
    (folder / name).symlink_to(face)
    return folder / name


def test_faces_of_one_family_are_found_together(folder: Path) -> None:
    one, two = link(folder, "one.ttf"), link(folder, "two.ttf")
    (families,) = fonts.find_fonts().values()
    assert families == [str(one), str(two)]


def test_what_is_no_font_or_draws_symbols_is_passed_over(folder: Path) -> None:
    (folder / "torn.ttf").write_bytes(b"no font at all")
    (folder / "readme.txt").write_text("not a font")
    link(folder, "MySymbols.ttf")
    assert fonts.find_fonts() == {}


def test_the_answer_is_remembered(folder: Path, tmp_path: Path) -> None:
    link(folder, "one.ttf")
    found = fonts.find_fonts(tmp_path / "fonts.json")
    (folder / "one.ttf").unlink()
    assert json.loads((tmp_path / "fonts.json").read_text()) == found
    assert fonts.find_fonts(tmp_path / "fonts.json") == found
