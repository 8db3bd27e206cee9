"""Everything can be reached without a mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QListView,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from desktop.program import Program
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def program(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> Program:
    program = open_window(library)
    qtbot.waitExposed(program.window)
    type_and_wait(qtbot, program, "coffee")
    return program


def test_the_window_opens_ready_to_type(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    assert program.window.focusWidget() is program.window.browse.search


@pytest.mark.parametrize(
    ("key", "modifier"),
    [
        (Qt.Key.Key_F, CTRL),
        (Qt.Key.Key_K, CTRL),
        (Qt.Key.Key_Slash, Qt.KeyboardModifier.NoModifier),
    ],
)
def test_these_keys_go_to_the_search_field(
    qtbot: QtBot, program: Program, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    search = program.window.browse.search
    program.window.browse.grid.setFocus()

    qtbot.keyClick(program.window.browse.grid, key, modifier)

    assert program.window.focusWidget() is search
    assert search.selectedText() == "coffee"


def test_a_slash_can_be_searched_for(qtbot: QtBot, program: Program) -> None:
    search = program.window.browse.search
    search.clear()
    search.setFocus()

    qtbot.keyClicks(search, "1/2")

    assert search.text() == "1/2"


def test_the_search_keys_lead_out_of_the_viewer_too(qtbot: QtBot, program: Program) -> None:
    program.window.view(0)

    qtbot.keyClick(program.window.viewer, Qt.Key.Key_F, CTRL)

    assert not program.window.is_viewing()
    assert program.window.focusWidget() is program.window.browse.search


def test_down_goes_from_the_search_to_the_first_photo_and_up_comes_back(
    qtbot: QtBot, program: Program
) -> None:
    search, grid = program.window.browse.search, program.window.browse.grid

    qtbot.keyClick(search, Qt.Key.Key_Down)
    assert program.window.focusWidget() is grid
    assert grid.currentIndex().row() == 0
    assert len(grid.selected()) == 1

    qtbot.keyClick(grid, Qt.Key.Key_Up)
    assert program.window.focusWidget() is search


def test_enter_with_the_answer_there_goes_to_it(qtbot: QtBot, program: Program) -> None:
    qtbot.keyClick(program.window.browse.search, Qt.Key.Key_Return)

    assert program.window.focusWidget() is program.window.browse.grid


def test_control_a_selects_all_photos(qtbot: QtBot, program: Program) -> None:
    grid = program.window.browse.grid
    grid.setFocus()

    qtbot.keyClick(grid, Qt.Key.Key_A, CTRL)

    qtbot.waitUntil(lambda: program.window.browse.footer.selection.text() == "3 selected")


def test_shift_and_arrows_select_a_range(qtbot: QtBot, program: Program) -> None:
    grid = program.window.browse.grid
    qtbot.keyClick(program.window.browse.search, Qt.Key.Key_Down)

    qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)

    assert len(grid.selected()) == 2


def test_escape_closes_the_preview_before_it_clears_the_search(
    qtbot: QtBot, program: Program
) -> None:
    browse = program.window.browse
    qtbot.keyClick(browse.search, Qt.Key.Key_Down)
    qtbot.keyClick(browse.grid, Qt.Key.Key_Space)

    qtbot.keyClick(browse.grid, Qt.Key.Key_Escape)
    assert not browse.preview.isVisible()
    assert browse.search.text() == "coffee"

    qtbot.keyClick(browse.grid, Qt.Key.Key_Escape)
    assert browse.search.text() == ""
    assert program.window.focusWidget() is browse.search


def test_escape_in_the_preview_closes_it(qtbot: QtBot, program: Program) -> None:
    browse = program.window.browse
    qtbot.keyClick(browse.search, Qt.Key.Key_Down)
    qtbot.keyClick(browse.grid, Qt.Key.Key_Space)
    browse.preview.findChildren(QPushButton)[0].setFocus()

    qtbot.keyClick(program.window.focusWidget(), Qt.Key.Key_Escape)

    assert not browse.preview.isVisible()
    assert browse.search.text() == "coffee"
    assert program.window.focusWidget() is browse.grid


def test_who_views_one_of_several_selected_photos_finds_them_selected_still(
    qtbot: QtBot, program: Program
) -> None:
    window = program.window
    grid = window.browse.grid
    grid.setFocus()
    for row, modifier in ((0, Qt.KeyboardModifier.NoModifier), (1, CTRL)):
        place = grid.visualRect(program.parts.hits.index(row, 0)).center()
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert len(grid.selected()) == 2

    qtbot.keyClick(grid, Qt.Key.Key_Return)
    qtbot.keyClick(window.viewer, Qt.Key.Key_Left)
    qtbot.keyClick(window.viewer, Qt.Key.Key_Escape)
    assert (len(grid.selected()), grid.currentIndex().row()) == (2, 0)

    qtbot.keyClick(grid, Qt.Key.Key_Return)
    qtbot.keyClick(window.viewer, Qt.Key.Key_End)
    qtbot.keyClick(window.viewer, Qt.Key.Key_Escape)
    assert grid.selected() == [program.parts.hits.hit(2)]


def test_f11_fills_the_screen_and_gives_it_back(qtbot: QtBot, program: Program) -> None:
    window = program.window

    qtbot.keyClick(window.browse.grid, Qt.Key.Key_F11)
    assert window.isFullScreen()

    qtbot.keyClick(window.browse.grid, Qt.Key.Key_F11)
    assert not window.isFullScreen()


def test_everything_that_takes_the_focus_has_a_name(qtbot: QtBot, program: Program) -> None:
    for kind in (QAbstractButton, QComboBox, QLineEdit, QListView, QAbstractSlider):
        for widget in program.window.findChildren(kind):
            if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisible():
                continue
            named = widget.accessibleName() or (
                isinstance(widget, QAbstractButton) and widget.text()
            )
            assert named, f"{type(widget).__name__} in {type(widget.parent()).__name__}"


def test_tab_goes_round_everything_and_back(qtbot: QtBot, program: Program) -> None:
    window = program.window
    window.activateWindow()
    window.browse.search.setFocus()
    seen = []
    for _ in range(40):
        focused = window.focusWidget()
        assert focused is not None
        if focused in seen:
            break
        seen.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)

    assert window.focusWidget() is window.browse.search
    for part in (window.browse.grid, window.browse.folders.list, window.browse.footer.slider):
        assert part in seen
