"""A person drops folders on the window."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.folder_desk import folders_among
from desktop.program import Program
from desktop.window import Window
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)


def dragged(paths: Sequence[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def is_let_in(window: Window, data: QMimeData) -> bool:
    enter = QDragEnterEvent(QPoint(300, 300), COPY, data, LEFT, NONE)
    enter.ignore()
    window.dragEnterEvent(enter)
    return enter.isAccepted()


def drop(program: Program, *paths: Path) -> None:
    data = dragged(paths)
    assert is_let_in(program.window, data)
    program.window.dropEvent(QDropEvent(QPointF(300, 300), COPY, data, LEFT, NONE))


def test_a_folder_can_be_dropped_on_the_window(
    qtbot: QtBot, open_window: Opener, empty_library: AlbumLibrary, album: Path
) -> None:
    program = open_window(empty_library)

    drop(program, album)

    qtbot.waitUntil(lambda: album in empty_library.watched)
    overview = program.parts.overview
    qtbot.waitUntil(lambda: [root.photos for root in overview.roots] == [8], timeout=5000)


def test_a_folder_can_be_dropped_on_the_search_field(
    qtbot: QtBot, open_window: Opener, empty_library: AlbumLibrary, album: Path
) -> None:
    program = open_window(empty_library)
    search, data = program.window.browse.search, dragged([album])
    data.setText(album.as_uri())
    inside = search.rect().center()

    # As they come from the system: the window takes what the field leaves.
    QApplication.sendEvent(search, QDragEnterEvent(inside, COPY, data, LEFT, NONE))
    QApplication.sendEvent(search, QDragMoveEvent(inside, COPY, data, LEFT, NONE))
    QApplication.sendEvent(search, QDropEvent(QPointF(inside), COPY, data, LEFT, NONE))

    qtbot.waitUntil(lambda: album in empty_library.watched)
    assert search.text() == ""


def test_words_can_be_dropped_on_the_search_field(
    open_window: Opener, library: AlbumLibrary
) -> None:
    search, data = open_window(library).window.browse.search, QMimeData()
    data.setText("coffee")
    inside = search.rect().center()

    QApplication.sendEvent(search, QDragEnterEvent(inside, COPY, data, LEFT, NONE))
    QApplication.sendEvent(search, QDragMoveEvent(inside, COPY, data, LEFT, NONE))
    QApplication.sendEvent(search, QDropEvent(QPointF(inside), COPY, data, LEFT, NONE))

    assert search.text() == "coffee"


def test_a_dropped_photo_is_not_taken_for_a_folder(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)

    drop(program, library.photos[0].path, library.photos[1].path)

    notices = program.window.notices
    expected = f"{library.photos[0].path} is a file; choose the folder that it is in."
    qtbot.waitUntil(lambda: notices.words() == [expected])
    assert list(library.watched) == [album]


def test_of_folders_and_photos_the_folders_are_taken(library: AlbumLibrary, album: Path) -> None:
    # To the system the last name is an error, as everything is on a mount that does not answer.
    dropped = [library.photos[0].path, album, album / ("x" * 300)]

    assert folders_among(dropped) == [album]


def test_what_is_no_file_is_not_let_in(open_window: Opener, library: AlbumLibrary) -> None:
    program = open_window(library)
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/photo.jpg")])

    assert not is_let_in(program.window, data)


def test_photos_that_are_dragged_out_are_not_let_in_again(
    open_window: Opener, library: AlbumLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = open_window(library)
    monkeypatch.setattr(QDragEnterEvent, "source", lambda _: program.window.browse.grid)

    assert not is_let_in(program.window, dragged([library.photos[0].path]))


def test_a_drive_that_hangs_does_not_stop_the_window(
    qtbot: QtBot,
    open_window: Opener,
    empty_library: AlbumLibrary,
    album: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = open_window(empty_library)
    drive, isdir = threading.Event(), os.path.isdir

    def hanging(path: Path) -> bool:
        return drive.wait(10) and isdir(path)

    monkeypatch.setattr("desktop.folder_desk.os.path.isdir", hanging)

    drop(program, album)
    assert album not in empty_library.watched

    drive.set()
    qtbot.waitUntil(lambda: album in empty_library.watched)
