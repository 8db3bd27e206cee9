"""What the test of a real window runs in a process of its own: see ``test_real_window.py``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.program import Program
from desktop.settings import Settings
from desktop.theme import LIGHT
from engine.library import Library
from tests.fakes import fake_pack, fake_towers, photo

PATIENCE_SECONDS = 60


def main(scratch: Path) -> None:
    application = QApplication([])
    assert application.platformName() == "xcb", application.platformName()
    folder = scratch / "Holiday"
    for number in range(12):
        photo(folder / f"{number}.jpg", "coffee" if number % 3 == 0 else "bread", variant=number)
    settings = Settings(QSettings(str(scratch / "window.ini"), QSettings.Format.IniFormat))
    library = Library.open(scratch / "library", pack=fake_pack(scratch), factory=fake_towers)
    try:
        program = Program(application, library, settings, lambda _: folder)
        try:
            walk_through(program, scratch)
        finally:
            program.close()
    finally:
        library.close()


def walk_through(program: Program, scratch: Path) -> None:
    window, parts = program.window, program.parts
    program.start()
    assert QTest.qWaitForWindowExposed(window, 10_000)
    wait_for(lambda: window.browse.blank.button.text() == "Add folder…", "the first start")

    QTest.mouseClick(window.browse.blank.button, Qt.MouseButton.LeftButton)
    wait_for(lambda: parts.overview.finished_once, "indexing")
    QTest.keyClicks(window.browse.search, "coffee")
    wait_for(lambda: parts.hits.rowCount() == 4, "four photos with coffee")

    QTest.keyClick(window.browse.search, Qt.Key.Key_Down)
    wait_for(words_are_lit, "lit words on the thumbnails")
    what_the_display_shows().save(str(scratch / "grid.png"))
    QTest.keyClick(window.browse.grid, Qt.Key.Key_Return)
    assert window.is_viewing()
    wait_for(lambda: parts.full_photos.idle and words_are_lit(), "lit words on the photo")
    what_the_display_shows().save(str(scratch / "viewer.png"))
    QTest.keyClick(window.viewer, Qt.Key.Key_Escape)
    assert not window.is_viewing()
    window.close()
    assert not window.isVisible()


def what_the_display_shows() -> QPixmap:
    return QApplication.primaryScreen().grabWindow(0)


def words_are_lit() -> bool:
    """Whether the display has got round to showing what was painted."""
    image = what_the_display_shows().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32)
    return int(np.count_nonzero(pixels == QColor(LIGHT.lit).rgb())) > 200


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        QTest.qWait(20)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
