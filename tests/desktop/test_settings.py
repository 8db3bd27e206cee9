"""The window is next time as it was left, and follows the system's colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QColor, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.grid import Grid
from desktop.program import Program
from desktop.settings import LARGEST_THUMBNAIL, USUAL_THUMBNAIL, Settings
from desktop.theme import DARK, LIGHT, Colours, Theme
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait


def test_the_window_is_reopened_as_it_was_left(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    first = open_window(library)
    first.window.resize(780, 610)
    first.window.browse.footer.slider.setValue(256)
    first.window.browse.folders_button.click()
    first.window.browse.preview_button.click()
    first.window.close()
    open_window.close()

    second = open_window(library)

    assert (second.window.width(), second.window.height()) == (780, 610)
    assert second.window.browse.footer.slider.value() == 256
    assert not second.window.browse.folders.isVisible()
    assert second.window.browse.preview.isVisible()


def test_damaged_settings_have_their_usual_values(tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    store.setValue("grid/thumbnail_side", "enormous")
    store.setValue("grid/order", "colour")
    store.setValue("window/colours", 7)
    store.setValue("window/geometry", "nonsense")

    settings = Settings(store)

    assert settings.thumbnail_side == USUAL_THUMBNAIL
    assert settings.order == "relevance"
    assert settings.colours == "system"
    assert settings.geometry.isEmpty()
    store.setValue("grid/thumbnail_side", 100_000)
    assert settings.thumbnail_side == LARGEST_THUMBNAIL


def test_the_slider_makes_thumbnails_larger(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    grid = program.window.browse.grid
    before = grid.gridSize()

    program.window.browse.footer.slider.setValue(320)

    assert grid.gridSize().height() > before.height()
    assert grid.columns() < 5


def turn_wheel(grid: Grid, by: int) -> None:
    """With Ctrl held down."""
    place = QPointF(50, 50)
    event = QWheelEvent(
        place,
        grid.viewport().mapToGlobal(place),
        QPoint(),
        QPoint(0, by),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(grid.viewport(), event)


@pytest.mark.parametrize(
    ("turns", "grown"), [([120], 16), ([8] * 15, 16), ([-240], -32), ([0, 8, 8], 0), ([60, -60], 0)]
)
def test_ctrl_and_a_notch_of_the_wheel_are_one_step(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, turns: list[int], grown: int
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")

    for by in turns:
        turn_wheel(program.window.browse.grid, by)

    assert program.window.browse.footer.slider.value() == USUAL_THUMBNAIL + grown


def test_a_window_that_was_closed_in_full_screen_opens_with_a_frame(
    open_window: Opener, library: AlbumLibrary
) -> None:
    first = open_window(library)
    first.window.resize(780, 610)
    first.window.toggle_full_screen()
    first.window.close()
    open_window.close()

    window = open_window(library).window

    assert not window.isFullScreen()
    assert (window.width(), window.height()) == (780, 610)


def test_columns_share_the_width_evenly(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    grid = program.window.browse.grid

    for width in (700, 901, 1133):
        program.window.resize(width, 700)
        left_over = grid.width() - grid.columns() * grid.gridSize().width()
        assert 0 <= left_over < 40


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_everything_that_it_stands_on(colours: Colours) -> None:
    for ground in (colours.ground, colours.raised, colours.hover, colours.selected):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.muted, ground) >= 4.5
    assert contrast(colours.text, colours.notice) >= 7
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.accent, colours.ground) >= 3
    for band in (colours.contains, colours.probably, colours.weak):
        assert contrast(band, colours.ground) >= 3


def test_the_colours_can_be_chosen_and_the_icons_follow(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    button = program.window.menu_button
    theme = program.parts.theme

    def darkest(program: Program) -> int:
        image = button.icon().pixmap(24, 24).toImage()
        points = [image.pixelColor(x, y) for x in range(24) for y in range(24)]
        return min(point.lightness() for point in points if point.alpha() > 200)

    theme.choose("dark")
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(DARK.ground)
    assert darkest(program) > 150

    theme.choose("light")
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT.ground)
    assert darkest(program) < 100


def test_the_theme_follows_the_system(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, open_window: Opener, library: AlbumLibrary
) -> None:
    theme = open_window(library).parts.theme
    assert theme.colours is LIGHT
    monkeypatch.setattr(Theme, "dark", property(lambda _: True))

    QApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)

    assert theme.colours is DARK


def test_the_menu_explains_the_keys(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    action = next(found for found in program.window.menu.actions() if found.text() == "Keys…")

    action.trigger()

    box = program.window.menu.box
    assert box is not None
    assert "Ctrl+F" in box.text()
    assert box.findChildren(QPushButton)
    box.reject()
