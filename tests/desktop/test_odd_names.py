"""Files whose names are not UTF-8, as old programs wrote them, go to other programs unharmed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop import reveal
from desktop.hits import file_url, files
from desktop.skipped import SkippedDialog
from engine.rows import SkippedRow
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="names are Unicode there"
)
ODD = os.fsdecode(b"/photos/caf\xe9 1.jpg")
ADDRESS = b"file:///photos/caf%E9%201.jpg"


def encoded(urls: list[QUrl]) -> list[bytes]:
    return [bytes(url.toEncoded().data()) for url in urls]


def test_the_address_of_a_file_keeps_every_byte_of_its_name() -> None:
    assert encoded([file_url(ODD)]) == [ADDRESS]
    assert file_url(ODD).isLocalFile()
    assert file_url("/tmp/ü #1%20.jpg").toLocalFile() == "/tmp/ü #1%20.jpg"
    assert encoded(files([ODD]).urls()) == [ADDRESS]
    assert reveal.addresses([ODD]) == [ADDRESS.decode()]


def test_such_a_photo_is_opened_and_copied(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []

    def take(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", take)
    photo = library.photos[1]
    odd = photo.path.with_name(Path(ODD).name)
    photo.path = photo.path.rename(odd)
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    program.window.browse.grid.go_to(0)
    program.window.deeds.refresh()

    program.window.deeds.open.trigger()
    qtbot.waitUntil(lambda: encoded(opened) == [odd.as_uri().encode()])

    clipboard = QApplication.clipboard()
    clipboard.setText("nothing")
    program.window.deeds.copy.trigger()
    qtbot.waitUntil(lambda: encoded(clipboard.mimeData().urls()) == [odd.as_uri().encode()])


def test_such_a_skipped_photo_is_shown_in_its_folder(qtbot: QtBot) -> None:
    dialog = SkippedDialog([SkippedRow(Path(ODD), "The file is empty.")])
    qtbot.addWidget(dialog)
    shown: list[Path] = []
    dialog.reveal_wanted.connect(shown.append)

    next(
        found for found in dialog.findChildren(QPushButton) if found.text() == "Show in folder"
    ).click()

    assert shown == [Path(ODD)]
    assert dialog.listed() == [(ODD, "The file is empty.")]
