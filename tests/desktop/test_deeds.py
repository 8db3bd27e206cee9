"""A person does something with the photos that were found."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop import reveal
from desktop.full_photos import read_photo
from desktop.program import Program
from engine.search import Hit
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files and folders that were handed to other programs."""
    handed: list[str] = []

    def take(url: QUrl) -> bool:
        handed.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", take)
    return handed


@pytest.fixture
def program(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> Program:
    """A window in which the first photo with coffee is chosen."""
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    program.window.browse.grid.setFocus()
    program.window.browse.grid.go_to(0)
    program.window.deeds.refresh()
    return program


def test_copying_paths_puts_a_line_for_each_chosen_photo_on_the_clipboard(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    grid = program.window.browse.grid
    qtbot.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)

    program.window.deeds.copy_paths.trigger()

    expected = [str(library.photos[number].path) for number in (1, 2, 4)]
    assert QApplication.clipboard().text().splitlines() == expected


def copied_files() -> list[str]:
    return [url.toLocalFile() for url in QApplication.clipboard().mimeData().urls()]


def test_copying_photos_lets_them_be_pasted_into_a_file_manager(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    qtbot.keyClick(program.window.browse.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    expected = [str(library.photos[1].path)]
    qtbot.waitUntil(lambda: copied_files() == expected)


def test_copying_the_image_copies_its_pixels(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    QApplication.clipboard().clear()

    program.window.deeds.copy_image.trigger()

    qtbot.waitUntil(lambda: not QApplication.clipboard().image().isNull())
    assert QApplication.clipboard().image().width() == 600


def test_opening_hands_the_photo_to_the_usual_program(
    qtbot: QtBot, program: Program, library: AlbumLibrary, opened: list[str]
) -> None:
    program.window.deeds.open.trigger()

    qtbot.waitUntil(lambda: opened == [str(library.photos[1].path)])


def test_showing_in_the_folder_opens_the_folder_where_nothing_better_answers(
    qtbot: QtBot,
    program: Program,
    library: AlbumLibrary,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desktop.reveal.sys.platform", "linux")
    monkeypatch.setattr(reveal, "_ask_file_manager", lambda _: False)

    program.window.deeds.reveal.trigger()

    qtbot.waitUntil(lambda: opened == [str(library.photos[1].path.parent)])


@pytest.mark.parametrize(
    ("platform", "command"),
    [("win32", ["explorer", "/select,"]), ("darwin", ["open", "-R"])],
)
def test_other_systems_select_the_photo_with_their_own_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, command: list[str]
) -> None:
    run: list[list[str]] = []
    monkeypatch.setattr("desktop.reveal.sys.platform", platform)
    monkeypatch.setattr("desktop.reveal.subprocess.Popen", run.append)

    reveal.reveal([str(tmp_path / "photo.jpg")])

    assert run == [[*command, str(tmp_path / "photo.jpg")]]


def test_strange_names_are_escaped_for_the_file_manager() -> None:
    assert reveal.addresses(["/tmp/a b/ü#1.jpg", "/tmp/x%20.jpg"]) == [
        "file:///tmp/a%20b/%C3%BC%231.jpg",
        "file:///tmp/x%2520.jpg",
    ]


def test_a_photo_that_is_gone_is_explained(
    qtbot: QtBot, program: Program, library: AlbumLibrary, opened: list[str]
) -> None:
    library.photos[1].path.unlink()

    program.window.deeds.open.trigger()

    notices = program.window.notices
    qtbot.waitUntil(lambda: notices.words() != [])
    assert "not there at the moment" in notices.words()[0]
    assert opened == []


@pytest.fixture
def out_of_reach(library: AlbumLibrary) -> Hit:
    """A photo as on a mount that does not answer: to the system such a long name is an error."""
    return replace(library.search("coffee").hits[0], path=f"/{'x' * 300}.jpg")


def test_of_a_photo_that_is_out_of_reach_the_kept_picture_is_shown(
    library: AlbumLibrary, out_of_reach: Hit
) -> None:
    assert read_photo(out_of_reach, library.thumbnail) is not None


def test_a_photo_that_is_out_of_reach_is_explained_too(
    qtbot: QtBot, program: Program, out_of_reach: Hit, opened: list[str]
) -> None:
    program.parts.hits.show([out_of_reach])

    program.window.deeds.open.trigger()

    notices = program.window.notices
    qtbot.waitUntil(lambda: notices.words() != [])
    assert "not there at the moment" in notices.words()[0]
    assert opened == []


def test_photos_on_a_drive_in_the_drawer_can_only_be_looked_at(
    qtbot: QtBot, program: Program, library: AlbumLibrary, album: Path
) -> None:
    library.watched[album] = False
    program.parts.hits.show(library.search("coffee").hits)
    program.window.browse.grid.go_to(0)
    program.window.deeds.refresh()

    deeds = program.window.deeds
    assert not deeds.open.isEnabled()
    assert not deeds.reveal.isEnabled()
    assert deeds.view.isEnabled()
    assert deeds.copy_paths.isEnabled()


def test_the_context_menu_offers_all_of_it(qtbot: QtBot, program: Program) -> None:
    menu = program.window.deeds.menu(program.window)

    assert [action.text() for action in menu.actions() if action.text()] == [
        "View",
        "Open in the usual program",
        "Show in folder",
        "Copy",
        "Copy path",
        "Copy image",
    ]
    with qtbot.waitSignal(program.window.browse.grid.menu_wanted):
        program.window.browse.grid.menu_wanted.emit(QPoint(1, 1))


def offered(program: Program) -> list[str]:
    actions = program.window.deeds.menu(program.window).actions()
    return [action.text() for action in actions if action.isVisible() and action.text()]


def test_who_views_a_photo_is_not_offered_to_view_it(qtbot: QtBot, program: Program) -> None:
    program.window.view(2)
    assert "View" not in offered(program)
    assert "Copy image" in offered(program)

    program.window.back_to_grid()
    assert "View" in offered(program)


def test_the_deeds_follow_the_viewer_from_photo_to_photo(
    program: Program, library: AlbumLibrary
) -> None:
    there, away, *_ = library.search("coffee").hits
    program.parts.hits.show([there, replace(away, online=False)])
    deeds = program.window.deeds

    program.window.view(0)
    assert deeds.open.isEnabled()
    program.window.viewer.step(1)
    assert not deeds.open.isEnabled()


@pytest.mark.parametrize("words", ["View", "Show in folder"])
def test_the_buttons_of_a_preview_that_has_just_been_opened_work(
    qtbot: QtBot,
    open_window: Opener,
    library: AlbumLibrary,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
) -> None:
    monkeypatch.setattr("desktop.reveal.sys.platform", "linux")
    monkeypatch.setattr(reveal, "_ask_file_manager", lambda _: False)
    program = open_window(library)
    browse = program.window.browse
    with qtbot.waitSignal(browse.selection_changed):
        type_and_wait(qtbot, program, "coffee")

    browse.preview_button.click()
    button = next(
        found for found in browse.preview.findChildren(QPushButton) if found.text() == words
    )
    button.click()

    if words == "View":
        assert program.window.is_viewing()
    else:
        qtbot.waitUntil(lambda: len(opened) == 1)


def test_in_the_viewer_the_deeds_are_about_the_photo_in_it(
    qtbot: QtBot, program: Program, library: AlbumLibrary, opened: list[str]
) -> None:
    program.window.view(2)

    program.window.deeds.open.trigger()

    qtbot.waitUntil(lambda: opened == [str(library.photos[4].path)])


def test_a_drive_that_hangs_does_not_stop_the_window(
    qtbot: QtBot, program: Program, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drive, exists = threading.Event(), os.path.exists

    def hanging(path: str) -> bool:
        return drive.wait(10) and exists(path)

    monkeypatch.setattr("desktop.deeds.os.path.exists", hanging)

    program.window.deeds.open.trigger()
    qtbot.keyClicks(program.window.browse.search, " cake")
    assert program.window.browse.search.text() == "coffee cake"
    assert opened == []

    drive.set()
    qtbot.waitUntil(lambda: len(opened) == 1)


def test_a_drive_that_hangs_does_not_stop_the_library(
    qtbot: QtBot, program: Program, library: AlbumLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = threading.Event()
    monkeypatch.setattr("desktop.deeds.os.path.exists", lambda _: drive.wait(10))
    program.window.deeds.copy.trigger()

    program.window.desk.rescan()

    qtbot.waitUntil(lambda: ("rescan", None) in library.calls)
    assert not drive.is_set()
    drive.set()
    qtbot.waitUntil(lambda: copied_files() == [str(library.photos[1].path)])


def test_a_photo_that_no_program_opens_is_explained_until_another_is_tried(
    qtbot: QtBot, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = program.window.notices
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    program.window.deeds.open.trigger()
    qtbot.waitUntil(lambda: notices.words() == ["No program opens this kind of file."])

    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: True)
    program.window.deeds.open.trigger()

    assert notices.words() == []


def test_of_many_photos_the_first_ones_are_opened_and_that_is_said(
    qtbot: QtBot, program: Program, opened: list[str]
) -> None:
    hit = program.parts.hits.hit(0)
    assert hit is not None
    program.parts.hits.show([replace(hit, photo_id=number) for number in range(12)])
    program.window.browse.grid.selectAll()

    program.window.deeds.open.trigger()

    notices = program.window.notices
    told = "Only the first 10 of the 12 photos were opened."
    qtbot.waitUntil(lambda: notices.words() == [told])
    assert len(opened) == 10


def select_all(qtbot: QtBot, label: QLabel) -> None:
    """As by the mouse: a click, as soon as the label has its place, then all of the text."""
    qtbot.waitUntil(lambda: not label.size().isEmpty())
    qtbot.mouseClick(label, Qt.MouseButton.LeftButton)
    label.setSelection(0, len(label.text()))


def press_ctrl_c(qtbot: QtBot, program: Program) -> None:
    focused = program.window.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)


def test_ctrl_c_copies_the_text_that_is_selected_in_the_preview(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    browse, path = program.window.browse, library.photos[1].path
    qtbot.keyClick(browse.grid, Qt.Key.Key_Space)
    labels = browse.preview.findChildren(QLabel)
    place = next(label for label in labels if path.parent.name in label.text())
    select_all(qtbot, place)

    press_ctrl_c(qtbot, program)

    assert QApplication.clipboard().text() == str(path.parent)
    assert copied_files() == []


def test_ctrl_c_copies_the_text_that_is_selected_in_a_notice(
    qtbot: QtBot, program: Program
) -> None:
    program.window.notices.tell("refused", "The folder cannot be read.")
    (notice,) = program.window.notices.findChildren(QLabel)
    select_all(qtbot, notice)

    press_ctrl_c(qtbot, program)

    assert QApplication.clipboard().text() == "The folder cannot be read."


def test_ctrl_c_copies_the_photo_where_no_text_is_selected(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.notices.tell("refused", "The folder cannot be read.")
    (notice,) = program.window.notices.findChildren(QLabel)
    qtbot.mouseClick(notice, Qt.MouseButton.LeftButton)

    press_ctrl_c(qtbot, program)

    qtbot.waitUntil(lambda: copied_files() == [str(library.photos[1].path)])
