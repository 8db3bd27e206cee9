"""Mistakes of ours are shown, not swallowed, and the window goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.crash import CrashReporter
from engine.events import EngineFailed
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener

pytestmark = pytest.mark.usefixtures("expected_warnings")


@pytest.fixture
def reporter(qtbot: QtBot) -> Iterator[CrashReporter]:
    reporter = CrashReporter("1.2.3")
    give_back = reporter.install()
    yield reporter
    if reporter.dialog is not None:
        reporter.dialog.reject()
    give_back()


def shown(reporter: CrashReporter) -> str:
    return "" if reporter.dialog is None else reporter.dialog.text.toPlainText()


def stumble() -> None:
    raise ZeroDivisionError("we divided by nothing")


def test_an_error_in_the_gui_thread_is_shown_with_its_traceback(
    qtbot: QtBot, reporter: CrashReporter
) -> None:
    QTimer.singleShot(0, stumble)

    qtbot.waitUntil(lambda: "we divided by nothing" in shown(reporter))

    assert "in stumble" in shown(reporter)
    assert shown(reporter).startswith("Photolex 1.2.3, Python ")


def test_an_error_in_a_thread_is_shown_too(qtbot: QtBot, reporter: CrashReporter) -> None:
    thread = threading.Thread(target=stumble)
    thread.start()
    thread.join()

    qtbot.waitUntil(lambda: "we divided by nothing" in shown(reporter))


def test_the_report_can_be_copied(qtbot: QtBot, reporter: CrashReporter) -> None:
    reporter.report(ValueError("wrong value"))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None

    reporter.dialog.copy_button.click()

    assert "ValueError: wrong value" in QApplication.clipboard().text()


def test_the_same_error_again_and_again_opens_one_dialog_with_one_report(
    qtbot: QtBot, reporter: CrashReporter
) -> None:
    for _ in range(50):
        QTimer.singleShot(0, stumble)
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    qtbot.wait(50)

    assert shown(reporter).count("Traceback") == 1


def test_going_on_forgets_what_was_reported(qtbot: QtBot, reporter: CrashReporter) -> None:
    reporter.report(ValueError("first"))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    reporter.dialog.accept()
    assert shown(reporter) == ""

    reporter.report(ValueError("second"))
    qtbot.waitUntil(lambda: "second" in shown(reporter))

    assert "first" not in shown(reporter)


def test_an_error_while_searching_is_shown_and_the_next_question_is_answered(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.fault = ZeroDivisionError("searching went wrong")

    program.window.ask("coffee")
    qtbot.waitUntil(lambda: "searching went wrong" in shown(program.reporter))
    assert program.reporter.dialog is not None
    program.reporter.dialog.accept()

    program.window.ask("tea")
    qtbot.waitUntil(lambda: program.window.browse.conversation.answered == "tea")


def test_an_error_in_an_errand_is_shown_and_the_next_errand_is_run(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    done: list[int] = []

    program.parts.errands.run(stumble)
    program.parts.errands.run(lambda: 7, done.append)

    qtbot.waitUntil(lambda: done == [7])
    qtbot.waitUntil(lambda: "in stumble" in shown(program.reporter))


def test_a_mistake_in_the_engine_is_shown(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    library.announce_from_a_thread(EngineFailed(RuntimeError("the indexer fell over")))

    qtbot.waitUntil(lambda: "the indexer fell over" in shown(program.reporter))
    assert "Searching still works" in program.window.notices.words()[0]


def test_interrupting_closes_the_window_without_a_report(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    with qtbot.waitSignal(program.window.closing):
        program.reporter.report(KeyboardInterrupt())

    assert program.reporter.dialog is None
