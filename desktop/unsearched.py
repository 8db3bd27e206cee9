"""What of a query is not searched, and how the person is told."""

from __future__ import annotations

import unicodedata
from itertools import groupby

from desktop.text_label import shortened
from engine.packs import Mode
from engine.query import parse
from engine.tokenizer import fold

READS = "Photolex reads Latin letters and digits"


def nothing_to_search(query: str, mode: Mode) -> str:
    """Why ``query`` asks for nothing that could be found, and what to type."""
    asked = parse(query)
    if asked.excluded or asked.attributes:
        return (
            "What has “-” in front only leaves photos out. Type also what the photos are to show."
        )
    if mode == "scenes":
        return "Type a sentence that says what the photo looks like."
    return f"{READS}: type a word of these."


def not_searched(query: str, mode: Mode) -> str:
    """Which letters of ``query`` are in a script that is not read; empty if all are read."""
    runs = [f"“{shortened(run)}”" for run in _unread(query)] if mode == "words" else []
    if not runs:
        return ""
    return f"{', '.join(runs)} {'was' if len(runs) == 1 else 'were'} not searched"


def _unread(query: str) -> list[str]:
    runs = ("".join(run) for unread, run in groupby(query, _is_unread) if unread)
    # An accent that stands behind its letter is left out of the word without being missed.
    return list(dict.fromkeys(run for run in runs if any(map(str.isalnum, run))))


def _is_unread(character: str) -> bool:
    """Signs between words are not meant to be found; marks belong to the letters before them."""
    is_mark = unicodedata.category(character).startswith("M")
    return (character.isalnum() or is_mark) and not fold(character)
