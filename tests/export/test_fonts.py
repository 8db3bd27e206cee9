"""Finding fonts that can draw letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import LibraryError
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
    one = link(folder, "one.ttf")
    assert list(fonts.find_fonts().values()) == [[str(one)]]


def test_the_answer_is_remembered_until_other_fonts_are_installed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, cache = link(folder, "one.ttf"), tmp_path / "fonts.json"
    found = fonts.find_fonts(cache)
    with monkeypatch.context() as patched:
        patched.setattr(fonts, "draws_letters", lambda file: pytest.fail("looked again"))
        assert fonts.find_fonts(cache) == found
    two = link(folder, "two.ttf")
    assert list(fonts.find_fonts(cache).values()) == [[str(one), str(two)]]


def test_that_there_are_no_fonts_is_said_and_not_remembered(folder: Path, tmp_path: Path) -> None:
    (folder / "torn.ttf").write_bytes(b"no font at all")
    with pytest.raises(LibraryError, match="make fonts"):
        fonts.find_fonts(tmp_path / "fonts.json")
    assert not (tmp_path / "fonts.json").exists()
