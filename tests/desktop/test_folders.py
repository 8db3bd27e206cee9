"""A person says which folders are searched, and sees how they fare."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.folders import folder_name, folder_names
from desktop.program import Program
from engine.errors import CatalogueError
from engine.events import (
    EngineFailed,
    IndexingFinished,
    MassDisappearance,
    PhotosChanged,
    RootOffline,
    RootOnline,
)
from tests.desktop.album import AlbumLibrary, draw_album
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait


def listed(program: Program) -> list[str]:
    """What the side bar says, a line a folder."""
    folders = program.window.browse.folders.list
    role = Qt.ItemDataRole.AccessibleTextRole
    return [folders.item(row).data(role) for row in range(folders.count())]


def button(parent: QWidget, words: str) -> QAbstractButton:
    return next(found for found in parent.findChildren(QPushButton) if found.text() == words)


def test_the_first_start_asks_for_a_folder_and_fills_itself(
    qtbot: QtBot, open_window: Opener, empty_library: AlbumLibrary, album: Path
) -> None:
    program = open_window(empty_library)
    blank = program.window.browse.blank
    qtbot.waitUntil(lambda: blank.accessibleName() == "Add a folder of photos")
    open_window.folder_to_choose = album

    qtbot.mouseClick(blank.button, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: listed(program) == ["Holiday, 8 photos"], timeout=5000)
    type_and_wait(qtbot, program, "bread")
    assert names(program) == ["corner shop.jpg", "bakery.webp"]


def test_a_cancelled_dialog_changes_nothing(
    qtbot: QtBot, open_window: Opener, empty_library: AlbumLibrary
) -> None:
    program = open_window(empty_library)

    program.window.browse.folders.add_button.click()

    assert empty_library.watched == {}
    assert program.window.notices.words() == []


def test_a_folder_that_cannot_be_added_is_explained(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)

    program.window.desk.add([album])

    notices = program.window.notices
    qtbot.waitUntil(lambda: notices.words() == ["Holiday is already among your folders."])


def test_removing_a_folder_asks_first(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    qtbot.waitUntil(lambda: listed(program) == ["Holiday, 8 photos"])
    folders = program.window.browse.folders
    folders.list.setCurrentRow(0)

    qtbot.keyClick(folders.list, Qt.Key.Key_Delete)
    question = program.window.desk.question
    assert question is not None
    assert "not touched" in question.informativeText()
    assert album in library.watched

    button(question, "Remove").click()
    qtbot.waitUntil(lambda: listed(program) == [])
    assert album.exists()


def test_keeping_a_folder_keeps_it(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    program.window.desk.remove(album)
    question = program.window.desk.question
    assert question is not None

    button(question, "Keep").click()

    assert album in library.watched


def test_enter_keeps_a_folder(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    program.window.desk.remove(album)
    question = program.window.desk.question
    assert question is not None

    with qtbot.waitSignal(question.finished):
        qtbot.keyClick(question, Qt.Key.Key_Return)

    refresh(qtbot, program)
    assert album in library.watched


def test_a_folder_that_is_not_connected_is_not_offered_to_be_opened(
    open_window: Opener, library: AlbumLibrary, album: Path, tmp_path: Path
) -> None:
    library.watched[tmp_path / "Away"] = False
    folders = open_window(library).window.browse.folders

    def can_be_opened(folder: Path) -> bool:
        return folders.menu(folder).actions()[0].isEnabled()

    assert can_be_opened(album)
    assert not can_be_opened(tmp_path / "Away")


def test_without_a_program_for_folders_the_window_says_so(
    open_window: Opener, library: AlbumLibrary, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(library).window
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    window.desk.open(album)
    assert window.notices.words() == ["No program opens folders."]

    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: True)
    window.desk.open(album)
    assert window.notices.words() == []


def test_what_was_refused_is_forgotten_when_something_else_is_tried(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path, tmp_path: Path
) -> None:
    window = open_window(library).window
    window.desk.add([album])
    qtbot.waitUntil(lambda: bool(window.notices.words()))

    window.desk.add([draw_album(tmp_path / "Work")])

    qtbot.waitUntil(lambda: (tmp_path / "Work") in library.watched)
    assert window.notices.words() == []


def test_the_list_stays_where_it_was_scrolled_to_while_photos_come_in(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    library.watched |= {Path(f"/data/folder {number}"): True for number in range(60)}
    program = open_window(library)
    folders = program.window.browse.folders.list
    bar = folders.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 10)
    folders.setCurrentRow(0)
    bar.setValue(10)
    library.know(album / "new.jpg", (10, 10), [])

    refresh(qtbot, program)

    assert bar.value() == 10
    assert listed(program)[0] == "Holiday, 9 photos"
    assert program.window.browse.folders.chosen() == album


def test_a_drive_that_goes_is_marked_and_its_photos_are_still_found(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    notices = program.window.notices
    library.watched[album] = False

    library.announce_from_a_thread(RootOffline(album))
    qtbot.waitUntil(lambda: listed(program) == ["Holiday, Not connected"])
    assert "“Holiday” is not connected" in notices.words()[0]
    type_and_wait(qtbot, program, "coffee")
    assert len(names(program)) == 3
    spoken = program.parts.hits.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "not connected" in spoken

    library.watched[album] = True
    library.announce_from_a_thread(RootOnline(album))
    qtbot.waitUntil(lambda: listed(program) == ["Holiday, 8 photos"])
    assert notices.words() == []


def test_photos_that_disappear_in_masses_are_kept_until_the_person_says_so(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    notices = program.window.notices

    library.missing[album] = 5
    library.announce_from_a_thread(MassDisappearance(album, 5, 8))
    qtbot.waitUntil(lambda: bool(notices.words()))
    assert notices.words()[0].startswith("5 of 8 photos in “Holiday” are gone")
    assert ("confirm_removal", album) not in library.calls

    button(notices, "They are deleted").click()
    qtbot.waitUntil(lambda: ("confirm_removal", album) in library.calls)
    assert notices.words() == []


@pytest.fixture
def bereft(open_window: Opener, library: AlbumLibrary, album: Path) -> Program:
    """A window that is opened when photos are gone and nobody has said yet what became of them."""
    library.missing[album] = 5
    return open_window(library)


def refresh(qtbot: QtBot, program: Program) -> None:
    with qtbot.waitSignal(program.parts.overview.changed):
        program.parts.overview.refresh()


def close_notice(notices: QWidget) -> None:
    next(found for found in notices.findChildren(QToolButton) if found.isVisible()).click()


def test_what_became_of_them_can_be_said_at_the_next_start_too(
    qtbot: QtBot, bereft: Program, library: AlbumLibrary, album: Path
) -> None:
    button(bereft.window.notices, "They are deleted").click()

    qtbot.waitUntil(lambda: ("confirm_removal", album) in library.calls)


def test_looking_again_in_vain_asks_again(
    qtbot: QtBot, bereft: Program, library: AlbumLibrary, album: Path
) -> None:
    notices = bereft.window.notices
    (asked,) = notices.words()

    button(notices, "Look again").click()
    qtbot.waitUntil(lambda: ("rescan", album) in library.calls)
    refresh(qtbot, bereft)
    assert notices.words() == [], "not before they have been looked for"

    library.announce_from_a_thread(IndexingFinished(0, 0, False))
    qtbot.waitUntil(lambda: notices.words() == [asked])


def test_a_closed_notice_stays_away_until_more_photos_are_gone(
    qtbot: QtBot, bereft: Program, library: AlbumLibrary, album: Path
) -> None:
    notices = bereft.window.notices
    close_notice(notices)

    library.announce_from_a_thread(IndexingFinished(0, 0, False))
    refresh(qtbot, bereft)
    assert notices.words() == []

    library.missing[album] = 6
    bereft.parts.overview.refresh()
    qtbot.waitUntil(lambda: bool(notices.words()))
    assert notices.words()[0].startswith("6 of 8 photos")


def test_photos_that_return_take_the_alarm_away(
    qtbot: QtBot, bereft: Program, library: AlbumLibrary, album: Path
) -> None:
    del library.missing[album]

    library.announce_from_a_thread(PhotosChanged(0, 0))

    qtbot.waitUntil(lambda: bereft.window.notices.words() == [])
    assert not bereft.window.notices.isVisible()


def test_with_its_folder_goes_what_was_said_of_it(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    notices = program.window.notices
    library.watched[album] = False
    library.announce_from_a_thread(RootOffline(album))
    qtbot.waitUntil(lambda: bool(notices.words()))

    program.window.desk.remove(album)
    assert program.window.desk.question is not None
    button(program.window.desk.question, "Remove").click()

    qtbot.waitUntil(lambda: notices.words() == [])


def test_a_drive_that_is_away_at_the_start_is_only_marked(
    open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    library.watched[album] = False

    program = open_window(library)

    assert listed(program) == ["Holiday, Not connected"]
    assert program.window.notices.words() == []


def test_an_engine_that_fails_says_why_and_can_be_tried_again(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    notices = program.window.notices

    library.announce_from_a_thread(EngineFailed(CatalogueError("The disk is full.")))
    qtbot.waitUntil(lambda: notices.words() == ["The disk is full."])

    button(notices, "Try again").click()
    qtbot.waitUntil(lambda: ("rescan", None) in library.calls)


def test_a_notice_can_be_closed(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> None:
    program = open_window(library)
    notices = program.window.notices
    notices.tell("subject", "First")
    notices.tell("subject", "Second")
    assert notices.words() == ["Second"]
    # The first notice is on its way out, the second is the one to be closed.
    close = notices.findChildren(QToolButton)[-1]
    qtbot.waitUntil(close.isVisible)

    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)

    assert notices.words() == []


def test_a_message_can_be_read_and_answered_while_a_photo_is_viewed(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    window = (program := open_window(library)).window
    type_and_wait(qtbot, program, "coffee")
    window.view(0)
    window.notices.tell("subject", "The disk is full.", [("Try again", lambda: None)])
    qtbot.waitUntil(window.notices.isVisible)

    assert button(window.notices, "Try again").isVisible()


def test_a_click_on_a_notice_leaves_the_focus_where_it_was(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    window = (program := open_window(library)).window
    type_and_wait(qtbot, program, "coffee")
    window.browse.grid.setFocus()
    window.notices.tell("subject", "The disk is full.", [("Try again", lambda: None)])
    qtbot.waitUntil(window.notices.isVisible)

    qtbot.mouseClick(button(window.notices, "Try again"), Qt.MouseButton.LeftButton)

    assert not window.notices.isVisible()
    assert window.focusWidget() is window.browse.grid


def test_folders_of_the_same_name_are_told_apart() -> None:
    one, other, third = Path("/home/me/images"), Path("/media/usb/images"), Path("/home/me/scans")

    assert folder_names([one, other, third]) == {
        one: "me/images",
        other: "usb/images",
        third: "scans",
    }


@pytest.mark.parametrize(("path", "name"), [(Path("/home/me/Photos"), "Photos"), (Path("/"), "/")])
def test_folders_go_by_their_last_name(path: Path, name: str) -> None:
    assert folder_name(path) == name


def test_two_folders_are_listed_side_by_side(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, tmp_path: Path
) -> None:
    program = open_window(library)

    program.window.desk.add([draw_album(tmp_path / "Work")])

    qtbot.waitUntil(
        lambda: listed(program) == ["Holiday, 8 photos", "Work, 8 photos"], timeout=5000
    )
