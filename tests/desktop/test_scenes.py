"""A person asks for scenes instead of words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from desktop.hits import Hits
from desktop.preview import evidence, facts
from desktop.program import Program
from desktop.results_bar import headline
from desktop.tile import Tile
from engine.search import Hit
from tests.desktop.album import AlbumLibrary, pack_status
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait


@pytest.fixture
def scenes(library: AlbumLibrary) -> AlbumLibrary:
    """A library with a pack for words and one for scenes beside it."""
    library.shelf = [
        pack_status("compact", place=0),
        pack_status("clip", family="fdp", mode="scenes", place=1),
    ]
    return library


def switch(qtbot: QtBot, program: Program) -> None:
    """To the other mode, by the keyboard alone."""
    buttons = program.window.browse.modes.buttons
    down = next(button for button in buttons.values() if button.isChecked())
    down.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(down, Qt.Key.Key_Right if down is buttons["words"] else Qt.Key.Key_Left)


def test_without_a_pack_for_scenes_there_is_nothing_to_switch(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    assert not program.window.browse.modes.isVisible()
    type_and_wait(qtbot, program, "tea")
    assert set(library.asked_modes) == {"words"}


def test_the_switch_is_beside_the_search_and_one_tab_away(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    program = open_window(scenes)
    browse = program.window.browse
    browse.search.setFocus()

    qtbot.keyClick(browse.search, Qt.Key.Key_Tab)

    words, other = browse.modes.buttons["words"], browse.modes.buttons["scenes"]
    assert words.isVisible()
    assert QApplication.focusWidget() is words
    assert "show the words" in words.toolTip()
    assert "look like" in other.toolTip()


def test_the_same_question_is_asked_anew_when_the_mode_is_switched(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    program = open_window(scenes)
    conversation = program.window.browse.conversation
    type_and_wait(qtbot, program, "coffee")
    assert len(names(program)) == 3

    switch(qtbot, program)
    qtbot.waitUntil(lambda: conversation.answered_mode == "scenes")
    assert len(names(program)) == 8
    assert (scenes.asked[-1], scenes.asked_modes[-1]) == ("coffee", "scenes")

    switch(qtbot, program)
    qtbot.waitUntil(lambda: conversation.answered_mode == "words")
    assert len(names(program)) == 3


def test_a_click_on_the_switch_leaves_the_focus_in_the_search(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    browse = (program := open_window(scenes)).window.browse
    qtbot.keyClicks(browse.search, "tea")

    qtbot.mouseClick(browse.modes.buttons["scenes"], Qt.MouseButton.LeftButton)

    assert program.window.browse.modes.mode == "scenes"
    assert QApplication.focusWidget() is browse.search


def test_typing_goes_on_asking_for_scenes(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    program = open_window(scenes)
    switch(qtbot, program)

    type_and_wait(qtbot, program, "a dog on a beach")

    assert set(scenes.asked_modes) == {"scenes"}


def test_the_window_says_what_is_asked_for(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    browse = (program := open_window(scenes)).window.browse
    assert browse.search.placeholderText() == "Search the words in 8 photos"

    switch(qtbot, program)
    assert browse.search.placeholderText() == "Describe a scene in 8 photos"
    assert browse.search.toolTip().startswith("What the photo looks like")
    assert browse.blank.accessibleName() == "Describe what a photo looks like"

    switch(qtbot, program)
    assert browse.search.placeholderText() == "Search the words in 8 photos"
    assert browse.blank.accessibleName().startswith("Type a word")


def test_the_switch_goes_when_scenes_are_no_longer_searched(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    program = open_window(scenes)
    switch(qtbot, program)
    type_and_wait(qtbot, program, "tea")
    assert len(names(program)) == 8

    program.window.packs.use(["of compact"])

    qtbot.waitUntil(lambda: names(program) == ["menu.jpg"])
    assert not program.window.browse.modes.isVisible()


def test_a_library_with_scenes_alone_is_asked_for_scenes(
    qtbot: QtBot, open_window: Opener, scenes: AlbumLibrary
) -> None:
    scenes.shelf = [replace(scenes.shelf[1], place=0)]
    program = open_window(scenes)

    type_and_wait(qtbot, program, "a dog")

    assert not program.window.browse.modes.isVisible()
    assert scenes.asked_modes == ["scenes"]


def ranked(library: AlbumLibrary, band: str, count: int) -> list[Hit]:
    hits = library.search("a dog", mode="scenes").hits[:count]
    return [replace(hit, band=band) for hit in hits]


def test_what_is_only_ranked_claims_no_more(library: AlbumLibrary) -> None:
    hits = Hits()
    hits.show(ranked(library, "", 8))
    assert headline(hits, "a dog", "scenes") == "Scenes: the 8 photos most like “a dog”"
    hits.show(ranked(library, "", 1))
    assert headline(hits, "a dog", "scenes") == "Scenes: the photo most like “a dog”"


def test_a_pack_that_knows_how_sure_it_is_says_so(library: AlbumLibrary) -> None:
    hits = Hits()
    hits.show([*ranked(library, "contains", 2), *ranked(library, "weak", 3)])
    assert headline(hits, "a dog", "scenes") == "Scenes: 2 photos like “a dog”"
    hits.show(ranked(library, "contains", 2), cut=True)
    assert headline(hits, "a dog", "scenes") == "Scenes: the 2 photos most like “a dog”"
    hits.show(ranked(library, "weak", 3))
    assert headline(hits, "a dog", "scenes") == "Scenes: no photo is like “a dog” for sure"


def test_without_a_band_there_is_no_band_to_read(library: AlbumLibrary) -> None:
    hits = Hits()
    (hit,) = shown = ranked(library, "", 1)
    hits.show(shown)

    index = hits.index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "harbour.jpg"
    assert "Reads" not in index.data(Qt.ItemDataRole.ToolTipRole)
    assert facts(hit).startswith("900 × 600")
    assert evidence(hit) == "Likeness 0.29"


@pytest.mark.parametrize(("band", "marked"), [("contains", True), ("", False)])
def test_a_tile_has_a_dot_only_where_there_is_a_band(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, band: str, marked: bool
) -> None:
    program = open_window(library)
    program.parts.hits.show(ranked(library, band, 1))
    tile = Tile(program.parts.thumbnails, program.parts.theme, program.window)
    image = QImage(200, 240, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    option = QStyleOptionViewItem()
    option.rect = QRect(QPoint(0, 0), image.size())
    option.state = QStyle.StateFlag.State_Enabled

    painter = QPainter(image)
    tile.paint(painter, option, program.parts.hits.index(0, 0))
    painter.end()

    colour = program.parts.theme.colour(band or "contains").rgb()
    dots = [(x, y) for x in range(200) for y in range(240) if image.pixel(x, y) == colour]
    assert bool(dots) is marked
