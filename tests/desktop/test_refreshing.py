"""Photos come, go and change while a person looks at an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.program import Program
from engine.events import PhotosChanged
from engine.search import Hit
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait


@pytest.fixture
def program(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> Program:
    """A window in which coffee has been found: menu, corner shop, poster."""
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    return program


def viewed(program: Program) -> Hit:
    hit = program.window.viewer.hit
    assert hit is not None
    return hit


def bar(program: Program) -> list[str]:
    """What the line above the viewed photo says."""
    return [label.text() for label in program.window.viewer.findChildren(QLabel)]


def test_what_changes_during_a_long_question_is_asked_for_afterwards(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.conversation.REFRESH_MS", 50)
    program = open_window(library)
    library.answering.clear()
    program.window.ask("coffee")
    qtbot.waitUntil(lambda: library.asked == ["coffee"])

    with qtbot.waitSignal(program.parts.bridge.photos_changed):
        library.announce_from_a_thread(PhotosChanged(1, 0))
    qtbot.wait(200)
    assert library.asked == ["coffee"]
    library.answering.set()

    qtbot.waitUntil(lambda: library.asked == ["coffee", "coffee"])
    qtbot.waitUntil(lambda: not program.parts.asker.busy)
    qtbot.wait(200)
    assert library.asked == ["coffee", "coffee"], "once is enough"


def test_a_viewed_photo_that_drops_out_of_the_answer_has_no_position(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.view(2)
    assert "3 of 3" in bar(program)

    program.parts.hits.show(library.search("coffee").hits[:1])

    assert viewed(program).path == str(library.photos[4].path)
    assert not [text for text in bar(program) if " of " in text]
    program.parts.hits.show(library.search("coffee").hits)
    assert "3 of 3" in bar(program)


def test_a_viewed_photo_whose_drive_goes_can_no_longer_be_opened(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.view(1)
    program.window.viewer.view.zoom_in()
    close = program.window.viewer.view.target()
    assert program.window.deeds.open.isEnabled()

    hits = [replace(hit, online=False) for hit in library.search("coffee").hits]
    program.parts.hits.show(hits)

    assert viewed(program) == hits[1]
    assert any("not connected" in text for text in bar(program))
    assert not program.window.deeds.open.isEnabled()
    assert program.window.viewer.view.target() == close, "it stays as large and where it is"


def test_a_viewed_photo_that_is_edited_is_read_again(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.view(0)
    qtbot.waitUntil(lambda: program.parts.full_photos.idle)
    first, *others = library.search("coffee").hits
    edited = replace(first, mtime_ns=first.mtime_ns + 1, regions=[])

    with qtbot.waitSignal(program.parts.full_photos.loaded):
        program.parts.hits.show([others[0], edited])

    assert viewed(program) == edited
    assert program.window.viewer.row == 1
    assert "2 of 2" in bar(program)


@pytest.fixture
def away(qtbot: QtBot, program: Program, library: AlbumLibrary) -> Path:
    """Coffee's first photo is viewed while its drive is away; where the photo is meanwhile."""
    photo = library.photos[1].path
    kept = photo.rename(photo.with_suffix(".away"))
    hits = [replace(hit, online=False) for hit in library.search("coffee").hits]
    program.parts.hits.show(hits)
    with qtbot.waitSignal(program.parts.full_photos.failed):
        program.window.view(0)
    return kept


def test_a_viewed_photo_whose_drive_comes_back_is_read_again(
    qtbot: QtBot, program: Program, library: AlbumLibrary, away: Path
) -> None:
    view = program.window.viewer.view
    assert view.failed
    away.rename(library.photos[1].path)

    with qtbot.waitSignal(program.parts.full_photos.loaded):
        program.parts.hits.show(library.search("coffee").hits)

    assert not view.failed


def test_why_there_is_no_photo_can_be_read_in_light_and_in_dark(
    program: Program, away: Path
) -> None:
    view = program.window.viewer.view
    for choice in ("light", "dark"):
        program.parts.theme.choose(choice)
        picture = view.grab().toImage()
        middle = picture.height() // 2
        lights = [
            picture.pixelColor(x, y).lightness()
            for x in range(picture.width())
            for y in range(middle - 12, middle + 12)
        ]
        assert sum(light > 200 for light in lights) > 100, "white letters"
        assert sum(light < 40 for light in lights) > 1000, "on a dark ground"


def test_a_hidden_viewer_leaves_the_answer_alone(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.view(0)
    before = viewed(program)
    program.window.back_to_grid()

    first, *others = library.search("coffee").hits
    program.parts.hits.show([replace(first, mtime_ns=first.mtime_ns + 1), *others])

    assert viewed(program) == before
    assert names(program)[0] == "menu.jpg"
