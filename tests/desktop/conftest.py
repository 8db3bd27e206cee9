"""A window on an album of drawn photos, without a display."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.program import Program
from desktop.settings import Settings
from engine.library import Library
from tests.desktop.album import AlbumLibrary, draw_album


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder of drawn photos with words on them."""
    return draw_album(tmp_path / "Holiday")


@pytest.fixture
def library(tmp_path: Path, album: Path) -> AlbumLibrary:
    """A library that has looked through the album already."""
    library = AlbumLibrary(tmp_path / "library")
    library.hold(album)
    return library


@pytest.fixture
def empty_library(tmp_path: Path) -> AlbumLibrary:
    """A library at the first start."""
    return AlbumLibrary(tmp_path / "library")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))


class Opener:
    """Opens programs and closes them when the test is over."""

    def __init__(self, qtbot: QtBot, settings: Settings) -> None:
        self._qtbot = qtbot
        self._settings = settings
        self._opened: list[Program] = []
        self.folder_to_choose: Path | None = None

    def __call__(self, library: AlbumLibrary) -> Program:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        program = Program(
            application, cast(Library, library), self._settings, lambda _: self.folder_to_choose
        )
        self._opened.append(program)
        program.start()
        self._qtbot.waitUntil(lambda: program.parts.overview.status is not None)
        return program

    def close(self) -> None:
        for program in self._opened:
            program.close()
        self._opened.clear()


@pytest.fixture
def open_window(qtbot: QtBot, settings: Settings) -> Iterator[Opener]:
    opener = Opener(qtbot, settings)
    yield opener
    opener.close()
