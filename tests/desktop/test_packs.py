"""A person chooses the model packs that search, and forgets what one saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from desktop.packs_dialog import PacksDialog, good_for, seen
from desktop.program import Program
from desktop.settings import Settings
from engine.events import Progress
from engine.library import Library
from tests.desktop.album import AlbumLibrary, NotAnswered, pack_status
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait
from tests.fakes import fake_pack, fake_towers, photo


@pytest.fixture
def shelf(library: AlbumLibrary) -> AlbumLibrary:
    """A library with a pack in use, a second one that is behind, and one whose files are gone."""
    library.shelf = [
        pack_status("compact", place=0),
        pack_status("fdp-s", family="fdp", searchable=3, waiting=5),
        pack_status("older", family="", mode=None, installed=False),
    ]
    return library


def open_dialog(qtbot: QtBot, program: Program) -> PacksDialog:
    action = next(
        found for found in program.window.menu.actions() if found.text() == "Model packs…"
    )
    action.trigger()
    dialog = program.window.packs.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    qtbot.keyClick(button, Qt.Key.Key_Space)


def answer_question(program: Program, words: str) -> None:
    question = program.window.packs.question
    assert question is not None
    next(button for button in question.buttons() if button.text() == words).click()


def test_one_pack_is_one_line(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> None:
    dialog = open_dialog(qtbot, open_window(library))

    assert dialog.words.text() == "Photos are searched with “album”, which has seen 8 photos."
    assert not dialog.rows
    assert not dialog.use_button.isVisible()
    assert not dialog.told.isVisible()


def test_each_pack_tells_what_it_is_good_for_and_what_it_has_seen(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    dialog = open_dialog(qtbot, open_window(shelf))

    assert [line.facts.text() for line in dialog.rows.values()] == [
        "Words, small ones too · has seen 8 photos",
        "Words that stand out · has seen 3 of 8 photos",
        "Its files are gone · has seen 8 photos",
    ]
    assert dialog.rows["of compact"].first.isChecked()
    assert not dialog.use_button.isEnabled(), "nothing else is chosen yet"
    assert not dialog.rows["of older"].first.isEnabled()
    assert dialog.rows["of older"].beside.isHidden()


def test_a_second_pack_is_searched_beside_the_first(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    dialog = open_dialog(qtbot, open_window(shelf))

    press(qtbot, dialog.rows["of fdp-s"].beside)
    words = (
        "fdp-s has 5 photos to see, in the background. Until that is done you can search as now."
    )
    assert dialog.told.text() == words
    assert not [call for call in shelf.calls if call[0] == "use"], "not before the person says so"
    press(qtbot, dialog.use_button)

    qtbot.waitUntil(lambda: ("use", ["of compact", "of fdp-s"]) in shelf.calls)
    qtbot.waitUntil(lambda: not dialog.told.isVisible())
    assert dialog.rows["of fdp-s"].beside.isChecked()
    assert not dialog.use_button.isEnabled()


def test_another_pack_becomes_the_first_while_the_window_stays_alive(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    dialog = open_dialog(qtbot, program)
    shelf.changing.clear()

    press(qtbot, dialog.rows["of fdp-s"].first)
    press(qtbot, dialog.use_button)

    assert dialog.told.text() == "One moment…"
    assert not dialog.rows["of compact"].first.isEnabled()
    type_and_wait(qtbot, program, "tea")
    assert names(program) == ["menu.jpg"]
    shelf.changing.set()
    qtbot.waitUntil(lambda: ("use", ["of fdp-s"]) in shelf.calls)
    qtbot.waitUntil(lambda: dialog.rows["of compact"].first.isEnabled())
    assert dialog.chosen() == ["of fdp-s"]


def test_what_is_marked_survives_that_photos_stream_in(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    dialog = open_dialog(qtbot, program)
    press(qtbot, dialog.rows["of fdp-s"].first)
    shelf.shelf[1] = pack_status("fdp-s", family="fdp", searchable=4, waiting=4)

    program.parts.overview.refresh()

    line = dialog.rows["of fdp-s"]
    qtbot.waitUntil(lambda: "4 of 8" in line.facts.text())
    assert dialog.chosen() == ["of fdp-s"]
    assert dialog.rows["of fdp-s"] is line, "the keyboard's place is kept"


def test_a_pack_that_cannot_be_used_is_told_in_the_dialog_and_in_the_window(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    dialog = open_dialog(qtbot, program)
    press(qtbot, dialog.rows["of fdp-s"].first)
    shelf.fault = NotAnswered("The files of this model pack are no longer there.")

    press(qtbot, dialog.use_button)

    qtbot.waitUntil(
        lambda: dialog.told.text() == "The files of this model pack are no longer there."
    )
    assert program.window.notices.words() == [dialog.told.text()]
    assert dialog.use_button.isEnabled(), "it can be tried again"

    press(qtbot, dialog.use_button)
    qtbot.waitUntil(lambda: ("use", ["of fdp-s"]) in shelf.calls)
    assert program.window.notices.words() == []


def test_a_pack_is_forgotten_once_the_person_has_said_so(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    dialog = open_dialog(qtbot, program)
    assert dialog.rows["of compact"].forget.isHidden(), "it is in use"

    press(qtbot, dialog.rows["of older"].forget)
    answer_question(program, "Keep")
    assert "of older" in dialog.rows

    press(qtbot, dialog.rows["of older"].forget)
    answer_question(program, "Forget")
    qtbot.waitUntil(lambda: "of older" not in dialog.rows)

    press(qtbot, dialog.rows["of fdp-s"].forget)
    answer_question(program, "Forget")
    qtbot.waitUntil(lambda: "no photo yet" in dialog.rows["of fdp-s"].facts.text())
    assert dialog.rows["of fdp-s"].forget.isHidden()


def test_enter_keeps_what_a_pack_saw(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    dialog = open_dialog(qtbot, program)
    press(qtbot, dialog.rows["of older"].forget)
    question = program.window.packs.question
    assert question is not None

    with qtbot.waitSignal(question.finished):
        qtbot.keyClick(question, Qt.Key.Key_Return)

    with qtbot.waitCallback() as all_is_done:
        program.parts.errands.run(lambda: None, all_is_done)
    assert "of older" in [pack.fingerprint for pack in shelf.shelf]


def test_who_chooses_only_scenes_is_told_that_words_are_not_searched(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    shelf.shelf[1] = pack_status("clip", family="fdp", mode="scenes")
    dialog = open_dialog(qtbot, open_window(shelf))

    press(qtbot, dialog.rows["of clip"].first)
    assert dialog.told.text() == "Only scenes are searched then, no words."

    press(qtbot, dialog.rows["of compact"].beside)
    assert dialog.told.text() == "They have seen every photo: the change takes a moment."


def test_two_versions_of_a_pack_can_be_told_apart(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    shelf.shelf[2] = replace(shelf.shelf[2], name="compact")

    dialog = open_dialog(qtbot, open_window(shelf))

    texts = [line.first.text() for line in dialog.rows.values()]
    assert texts == ["compact (of com)", "fdp-s", "compact (of old)"]


def test_the_dialog_can_be_closed_and_opened_again(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    first = open_dialog(qtbot, program)
    assert open_dialog(qtbot, program) is first

    first.close()
    qtbot.waitUntil(lambda: program.window.packs.dialog is None)

    assert open_dialog(qtbot, program).isVisible()


def test_the_progress_names_the_pack_that_looks_at_photos(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    footer = program.window.browse.footer

    shelf.announce_from_a_thread(Progress(340, 1200, 12.4, 134.0, "menu.jpg", "fdp-s"))
    words = "Seeing 340 of 1,200 photos with fdp-s · 12 photos/s · about 2 min left"
    qtbot.waitUntil(lambda: footer.work.text() == words)
    assert footer.bar.isVisible()

    shelf.announce_from_a_thread(Progress(1, 3, 0.0, None, "menu.jpg"))
    qtbot.waitUntil(lambda: footer.work.text() == "Seeing 1 of 3 photos with compact")


def test_packs_are_counted_while_photos_stream_in_only_for_who_looks_at_them(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    program = open_window(shelf)
    overview = program.parts.overview
    shelf.announce_from_a_thread(Progress(1, 3, 0.0, None, "menu.jpg"))
    qtbot.waitUntil(lambda: overview.progress is not None)
    shelf.shelf[1] = pack_status("fdp-s", family="fdp", searchable=4, waiting=4)

    with qtbot.waitSignal(overview.changed):
        overview.refresh()
    assert overview.packs[1].searchable == 3

    dialog = open_dialog(qtbot, program)
    qtbot.waitUntil(lambda: "4 of 8" in dialog.rows["of fdp-s"].facts.text())


def test_photos_that_an_older_pack_has_seen_count_until_the_new_first_has_seen_them(
    qtbot: QtBot, open_window: Opener, shelf: AlbumLibrary
) -> None:
    shelf.shelf = [
        pack_status("fdp-s", family="fdp", place=0, waiting=8),
        pack_status("compact"),
    ]

    program = open_window(shelf)

    footer, search = program.window.browse.footer, program.window.browse.search
    assert footer.work.text() == "8 photos can be searched"
    assert search.placeholderText() == "Search the words in 8 photos"
    assert program.window.browse.blank.accessibleName().startswith("Type a word")


@pytest.mark.parametrize(
    ("searchable", "waiting", "words"),
    [
        (0, 12, "has seen no photo yet"),
        (1, 0, "has seen 1 photo"),
        (1200, 0, "has seen 1,200 photos"),
        (200, 1000, "has seen 200 of 1,200 photos"),
    ],
)
def test_what_a_pack_has_seen_is_said_plainly(searchable: int, waiting: int, words: str) -> None:
    assert seen(pack_status("any", searchable=searchable, waiting=waiting)) == words


def test_a_pack_for_scenes_says_so() -> None:
    assert good_for(pack_status("clip", family="fdp", mode="scenes")).startswith("Scenes")


@pytest.fixture
def two_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A real library that uses one of the two packs that are installed."""
    packs = [fake_pack(tmp_path, name=name) for name in ("first", "second")]
    monkeypatch.setattr("engine.library.installed_packs", lambda: packs)
    library = Library.open(tmp_path / "library", pack=packs[0], factory=fake_towers)
    yield library
    library.close()


def test_a_real_library_changes_its_packs_and_remembers(
    qtbot: QtBot, two_packs: Library, settings: Settings, tmp_path: Path
) -> None:
    photo(tmp_path / "Holiday" / "cafe.jpg", "coffee")
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    program = Program(application, two_packs, settings)
    try:
        program.start()
        program.window.desk.add([tmp_path / "Holiday"])
        qtbot.waitUntil(lambda: program.parts.overview.finished_once, timeout=30_000)
        dialog = open_dialog(qtbot, program)
        qtbot.waitUntil(lambda: len(dialog.rows) == 2, timeout=30_000)
        second = next(row for row in dialog.rows.values() if row.first.text() == "second")

        press(qtbot, second.first)
        press(qtbot, dialog.use_button)

        qtbot.waitUntil(lambda: two_packs.pack.name == "second", timeout=30_000)
        qtbot.waitUntil(lambda: "has seen 1 photo" in second.facts.text(), timeout=30_000)
        assert [one.name for one in two_packs.packs() if one.in_use] == ["second"]
    finally:
        program.close()
