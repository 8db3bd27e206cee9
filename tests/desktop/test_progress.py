"""A person sees how indexing fares, and can hold it up."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.footer import time_left
from engine.events import IndexingFinished, IndexingPaused, Progress, ScanStarted
from engine.rows import SkippedRow
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import names


def test_progress_is_told_with_speed_and_time_left(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    footer = program.window.browse.footer
    library.indexing = True

    library.announce_from_a_thread(ScanStarted(album), Progress(340, 2000, 12.4, 134.0, "menu.jpg"))
    words = "Indexing 340 of 2,000 · 12 photos/s · about 2 min left"
    qtbot.waitUntil(lambda: footer.work.text() == words)
    assert footer.bar.isVisible()
    assert (footer.bar.value(), footer.bar.maximum()) == (340, 2000)

    library.indexing = False
    library.announce_from_a_thread(IndexingFinished(2000, 0, False))
    qtbot.waitUntil(lambda: footer.work.text() == "8 photos can be searched")
    assert not footer.bar.isVisible()


def test_indexing_can_be_paused_and_goes_on(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    program = open_window(library)
    footer = program.window.browse.footer
    library.indexing = True
    library.announce_from_a_thread(ScanStarted(album), Progress(3, 8, 2.0, 5.0, "menu.jpg"))
    qtbot.waitUntil(lambda: footer.work.text().startswith("Indexing 3 of 8"))
    assert footer.pause_button.accessibleName() == "Pause indexing"

    qtbot.mouseClick(footer.pause_button, Qt.MouseButton.LeftButton)
    assert library.status().paused
    assert footer.work.text() == "Paused by you at 3 of 8"

    qtbot.mouseClick(footer.pause_button, Qt.MouseButton.LeftButton)
    assert not library.status().paused
    assert footer.work.text().startswith("Indexing 3 of 8")


def test_a_pause_that_the_engine_makes_tells_its_reason(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.paused = True

    library.announce_from_a_thread(IndexingPaused("paused: on battery"))

    footer = program.window.browse.footer
    qtbot.waitUntil(lambda: footer.work.text() == "Paused: on battery")
    assert footer.pause_button.accessibleName() == "Go on indexing"


def test_photos_can_be_found_while_the_rest_is_still_indexed(
    qtbot: QtBot, open_window: Opener, empty_library: AlbumLibrary, album: Path
) -> None:
    program = open_window(empty_library)
    empty_library.watched[album] = True
    program.window.ask("bread")

    thread = empty_library.index_in_background(album, seconds_each=0.05)

    qtbot.waitUntil(
        lambda: names(program) == ["corner shop.jpg", "bakery.webp"],
        timeout=10_000,
    )
    thread.join()


def test_skipped_photos_are_listed_with_their_reasons(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, album: Path
) -> None:
    library.skipped_rows = [
        SkippedRow(album / "broken.jpg", "The file is damaged."),
        SkippedRow(album / "secret.jpg", "You are not allowed to read it."),
    ]
    program = open_window(library)
    link = program.window.browse.footer.skipped_button
    assert link.text() == "2 skipped"

    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: program.window.desk.skipped is not None)
    dialog = program.window.desk.skipped
    assert dialog is not None
    assert dialog.listed() == [
        (str(album / "broken.jpg"), "The file is damaged."),
        (str(album / "secret.jpg"), "You are not allowed to read it."),
    ]

    qtbot.keyClicks(dialog.narrow, "allowed")
    assert [path for path, _ in dialog.listed()] == [str(album / "secret.jpg")]

    dialog.close()
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: program.window.desk.skipped is not None)
    again = program.window.desk.skipped
    assert again is not None
    assert len(again.listed()) == 2
    again.close()


def test_enter_shows_a_skipped_photo_in_its_folder_and_leaves_the_list_open(
    qtbot: QtBot,
    open_window: Opener,
    library: AlbumLibrary,
    album: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("desktop.folder_desk.reveal", shown.extend)
    library.skipped_rows = [SkippedRow(album / "broken.jpg", "The file is damaged.")]
    program = open_window(library)
    program.window.desk.show_skipped()
    qtbot.waitUntil(lambda: program.window.desk.skipped is not None)
    dialog = program.window.desk.skipped
    assert dialog is not None

    QApplication.clipboard().clear()

    qtbot.keyClick(dialog.narrow, Qt.Key.Key_Return)
    qtbot.keyClick(dialog.table, Qt.Key.Key_Return)
    assert shown == [str(album / "broken.jpg")]
    assert QApplication.clipboard().text() == "", "no button was pressed"
    assert dialog.isVisible()

    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: program.window.desk.skipped is None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (4, "a few seconds left"),
        (38, "about 40 s left"),
        (80, "about 1 min left"),
        (3000, "about 50 min left"),
        (40_000, "about 11 h left"),
    ],
)
def test_the_time_left_is_rounded_to_what_a_person_wants_to_know(
    seconds: float, words: str
) -> None:
    assert time_left(seconds) == words
