"""The window on the real library: real folders, real events, real index; only the model is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.program import Program
from desktop.settings import Settings
from engine.library import Library
from engine.packs import ModelPack
from tests.desktop.person import names, type_and_wait
from tests.fakes import fake_towers, photo

PATIENCE_MS = 30_000


@pytest.fixture
def real_library(tmp_path: Path, pack: ModelPack) -> Iterator[Library]:
    library = Library.open(tmp_path / "library", pack=pack, factory=fake_towers)
    yield library
    library.close()


def test_from_a_dropped_folder_to_lit_photos_while_the_folder_changes(
    qtbot: QtBot, real_library: Library, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "Holiday"
    photo(folder / "cafe.jpg", "coffee", "cake")
    photo(folder / "turned.jpg", "coffee", "bread", size=(320, 180), orientation=6)
    photo(folder / "station.png", "platform", "exit")
    (folder / "broken.jpg").write_text("This is no picture.")
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    program = Program(application, real_library, settings, lambda _: folder)
    window = program.window
    try:
        program.start()
        overview = program.parts.overview
        qtbot.waitUntil(lambda: overview.status is not None, timeout=PATIENCE_MS)
        assert window.browse.blank.accessibleName() == "Add a folder of photos"

        window.browse.blank.button.click()
        qtbot.waitUntil(
            lambda: overview.status is not None and overview.status.searchable == 3,
            timeout=PATIENCE_MS,
        )

        type_and_wait(qtbot, program, "coffee")
        qtbot.waitUntil(
            lambda: sorted(names(program)) == ["cafe.jpg", "turned.jpg"], timeout=PATIENCE_MS
        )
        window.browse.grid.viewport().grab()
        qtbot.waitUntil(lambda: program.parts.thumbnails.idle, timeout=PATIENCE_MS)
        turned = next(
            hit for row in range(2) if (hit := program.parts.hits.hit(row)) and "turned" in hit.path
        )
        thumbnail = program.parts.thumbnails.get(turned, 256)
        assert thumbnail is not None
        assert (turned.width, turned.height) == (320, 180)
        assert (thumbnail.width(), thumbnail.height()) == (256, 144)

        photo(folder / "new.jpg", "coffee", "tea")
        qtbot.waitUntil(lambda: "new.jpg" in names(program), timeout=PATIENCE_MS)

        (folder / "cafe.jpg").unlink()
        qtbot.waitUntil(lambda: "cafe.jpg" not in names(program), timeout=PATIENCE_MS)

        qtbot.waitUntil(
            lambda: window.browse.footer.skipped_button.text() == "1 skipped", timeout=PATIENCE_MS
        )
    finally:
        program.close()
