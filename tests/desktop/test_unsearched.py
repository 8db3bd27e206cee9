"""A person types what cannot be searched, or not all of it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.program import Program
from desktop.unsearched import not_searched, nothing_to_search
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import names

READS = "Photolex reads Latin letters and digits"


def ask(qtbot: QtBot, program: Program, query: str) -> None:
    program.window.ask(query)
    conversation = program.window.browse.conversation
    qtbot.waitUntil(lambda: conversation.answered == query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("東京", f"{READS}: type a word of these."),
        ("…", f"{READS}: type a word of these."),
        ("-東京", f"{READS}: type a word of these."),
        (
            "-decaf",
            "What has “-” in front only leaves photos out. Type also what the photos are to show.",
        ),
    ],
)
def test_where_nothing_was_searched_nothing_is_said_of_the_photos(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, query: str, words: str
) -> None:
    program = open_window(library)

    ask(qtbot, program, query)

    blank = program.window.browse.blank
    assert blank.accessibleName() == "Nothing to search for"
    assert blank.accessibleDescription() == words


def test_attributes_alone_and_scenes_have_their_own_words() -> None:
    assert "leaves photos out" in nothing_to_search("-color:red", "words")
    assert "leaves photos out" in nothing_to_search("-dog", "scenes")
    assert nothing_to_search('""', "scenes").startswith("Type a sentence")


def test_the_headline_says_what_was_left_out(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    (headline,) = program.window.browse.results.findChildren(QLabel)

    ask(qtbot, program, "bread 東京")
    assert names(program) == ["corner shop.jpg", "bakery.webp"]
    assert headline.text() == "2 photos with “bread 東京” · “東京” was not searched"
    assert headline.toolTip() == f"{headline.text()}\n{READS}."

    ask(qtbot, program, "bread")
    assert headline.text() == "2 photos with “bread”"
    assert READS not in headline.toolTip()


def test_nothing_found_says_what_was_left_out(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    ask(qtbot, program, "xylophone 東京")

    blank = program.window.browse.blank
    assert blank.accessibleName() == "Nothing found"
    assert blank.accessibleDescription() == (
        f"No photo seems to show “xylophone 東京”.\n“東京” was not searched: {READS}."
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("café", ""),
        ("cafe\u0301 naïve Straße", ""),
        ('"new york" -decaf, color:red!', ""),
        ("２ ½ ™ ☕", ""),
        ("café東京", "“東京” was not searched"),
        ("ПРИВЕТ café 東京 東京", "“ПРИВЕТ”, “東京” were not searched"),
        ("नमस्ते", "“नमस्ते” was not searched"),
    ],
)
def test_only_letters_that_are_not_read_are_named(query: str, said: str) -> None:
    assert not_searched(query, "words") == said


def test_a_pack_for_scenes_is_asked_the_whole_sentence() -> None:
    assert not_searched("東京", "scenes") == ""
