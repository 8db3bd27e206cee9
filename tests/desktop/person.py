"""What a person does in front of the window, and sees there."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop.program import Program


def names(program: Program) -> list[str]:
    """The file names in the grid, in order."""
    hits = program.parts.hits
    return [hits.index(row, 0).data() for row in range(hits.rowCount())]


def type_and_wait(qtbot: QtBot, program: Program, words: str) -> None:
    field = program.window.browse.search
    field.clear()
    qtbot.keyClicks(field, words)
    conversation = program.window.browse.conversation
    qtbot.waitUntil(lambda: conversation.answered == words.strip())
