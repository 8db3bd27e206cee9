"""Long names, long questions and a large font leave the window as wide as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.program import Program
from desktop.text_label import BREAK, ElidedLabel, TextLabel, shortened
from engine.events import Progress
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait

# What a small screen has room for.
NARROW = 800


def long_name(library: AlbumLibrary, name: str) -> None:
    """Know one more photo with coffee on it, at the first place."""
    photo = library.photos[1]
    path = photo.path.with_name(name)
    path.write_bytes(photo.path.read_bytes())
    library.know(path, (photo.width, photo.height), photo.words)
    library.photos.insert(0, library.photos.pop())


def ask(qtbot: QtBot, program: Program, query: str) -> None:
    program.window.ask(query)
    qtbot.waitUntil(lambda: program.window.browse.conversation.answered == query)


def least_width(program: Program) -> int:
    """How narrow the window can be made, once everything in it has its place."""
    QApplication.processEvents()
    return program.window.minimumSizeHint().width()


@pytest.mark.parametrize(
    "query", ["x" * 300, "W" * 60, "https://example.org/" + "a1b2/" * 30, "coffee OR " * 20 + "tea"]
)
def test_a_long_question_leaves_the_window_as_wide_as_it_is(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, query: str
) -> None:
    program = open_window(library)

    ask(qtbot, program, query)

    assert least_width(program) < NARROW


@pytest.mark.parametrize("name", ["Screenshot_" + "very_long_" * 20 + ".jpg", "W" * 200 + ".jpg"])
def test_a_long_name_leaves_the_window_as_wide_as_it_is(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, name: str
) -> None:
    long_name(library, name)
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")

    program.window.browse.preview_button.click()
    assert program.window.browse.preview.hit is not None
    assert Path(program.window.browse.preview.hit.path).name == name
    program.window.view(0)

    assert least_width(program) < NARROW
    (shown,) = program.window.viewer.findChildren(ElidedLabel)
    assert shown.text() == name
    assert shown.toolTip().endswith(name)


def test_what_is_said_of_the_work_leaves_the_window_as_wide_as_it_is(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    library.announce_from_a_thread(Progress(1, 3, 0.0, None, "menu.jpg", "pack" * 100))
    footer = program.window.browse.footer
    qtbot.waitUntil(lambda: "packpack" in footer.work.text())

    assert least_width(program) < NARROW
    assert footer.work.toolTip() == f"{footer.work.text()}\nmenu.jpg"


def test_a_long_question_is_quoted_by_its_beginning(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    query = "coffee " * 30 + "tea"

    ask(qtbot, program, query)
    assert shortened(query) in program.window.browse.results.findChildren(QLabel)[0].text()
    ask(qtbot, program, "y" * 100)
    assert f"“{'y' * 59}…”" in program.window.browse.blank.accessibleDescription()
    assert shortened("coffee") == "coffee"


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        ("Nothing to break here.", ["Nothing to break here."]),
        ("a_b_c.jpg", ["a_", "b_", "c.jpg"]),
        ("/home/me/", ["/", "home/", "me/"]),
        ("x" * 45, ["x" * 20, "x" * 20, "x" * 5]),
    ],
)
def test_where_a_long_line_may_break(qtbot: QtBot, words: str, pieces: list[str]) -> None:
    label = TextLabel(words)
    qtbot.addWidget(label)

    assert label.text().split(BREAK) == pieces


def test_a_name_without_room_loses_its_middle(qtbot: QtBot) -> None:
    label = ElidedLabel(Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.setText("begin" + "-" * 300 + "end")
    label.resize(120, 30)
    narrow = label.grab().toImage()

    label.setText("begin" + "-" * 200 + "end")

    assert label.grab().toImage() == narrow, "both ends are shown, and nothing between them"


@pytest.fixture
def large_font(qtbot: QtBot) -> Iterator[float]:
    """The person has made the system's font twice as large; what its size was."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    usual = application.font()
    large = application.font()
    large.setPointSizeF(usual.pointSizeF() * 2)
    application.setFont(large)
    yield usual.pointSizeF()
    application.setFont(usual)


def test_every_text_follows_a_large_font(
    qtbot: QtBot, large_font: float, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    search = program.window.browse.search
    qtbot.waitUntil(search.isVisible)

    small = [
        label.text()
        for label in program.window.findChildren(QLabel)
        if label.text() and label.font().pointSizeF() < large_font * 1.5
    ]

    assert small == []
    assert search.font().pointSizeF() > large_font * 2
    assert search.height() > search.fontMetrics().height()
    assert least_width(program) < 1024
