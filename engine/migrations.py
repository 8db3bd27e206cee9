"""Numbered steps that bring a catalogue from any earlier version to this one's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from engine.errors import CatalogueError

# Written into the file's header, so that a stranger's SQLite file is told from a catalogue.
APPLICATION_ID = 0x50684C78  # "PhLx"

_FIRST = (
    """
    CREATE TABLE roots (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        online INTEGER NOT NULL DEFAULT 1,
        device TEXT                     -- of the file system that the folder was last seen on
    )
    """,
    """
    CREATE TABLE contents (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL,           -- 16 bytes of BLAKE2b over the file
        size INTEGER NOT NULL,          -- bytes
        width INTEGER NOT NULL,         -- pixels, upright
        height INTEGER NOT NULL,
        UNIQUE (digest, size)
    )
    """,
    """
    CREATE TABLE photos (
        id INTEGER PRIMARY KEY,
        root_id INTEGER NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
        path TEXT NOT NULL UNIQUE,      -- a blob where the name is no valid text
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        content_id INTEGER REFERENCES contents (id),
        reason TEXT,                    -- why it cannot be searched
        passing INTEGER NOT NULL DEFAULT 0,  -- the reason may go without the file changing
        missing INTEGER NOT NULL DEFAULT 0   -- not found, kept until the person confirms
    )
    """,
    "CREATE INDEX photos_by_content ON photos (content_id)",
    "CREATE INDEX photos_by_root ON photos (root_id)",
    """
    CREATE TABLE packs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        fingerprint TEXT NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE embedded (
        content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
        pack_id INTEGER NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
        PRIMARY KEY (content_id, pack_id)
    ) WITHOUT ROWID
    """,
    # AUTOINCREMENT: an index outside this file holds these ids, so none may ever come again.
    """
    CREATE TABLE regions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
        pack_id INTEGER NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
        quad BLOB NOT NULL,             -- 4 × (x, y) float32, pixels of the upright photo
        embedding BLOB NOT NULL,        -- float16, unit length
        lattice BLOB NOT NULL,
        reading TEXT NOT NULL,
        confidence REAL NOT NULL
    )
    """,
    "CREATE INDEX regions_by_content ON regions (content_id)",
    "CREATE INDEX regions_by_pack ON regions (pack_id)",
    "CREATE INDEX regions_by_reading ON regions (pack_id, reading)",
)

# Packs that embed whole photos, and several packs side by side.
_SECOND = (
    # As ``ScoreMap.to_bytes`` writes it; empty where the pack knows where its regions are.
    "ALTER TABLE regions ADD COLUMN score_map BLOB NOT NULL DEFAULT x''",
    # 0 for the first of the packs in use, 1 and so on for those beside it, NULL for the others.
    "ALTER TABLE packs ADD COLUMN place INTEGER",
    "ALTER TABLE packs ADD COLUMN folder TEXT NOT NULL DEFAULT ''",
)

# As ``Colours.to_bytes`` writes them; empty where not known, as of all that was embedded before.
_THIRD = ("ALTER TABLE regions ADD COLUMN colours BLOB NOT NULL DEFAULT x''",)

# The program and the pack that a skipped photo was last too much for; empty: try it again.
_FOURTH = ("ALTER TABLE photos ADD COLUMN refused_by TEXT NOT NULL DEFAULT ''",)

STEPS: tuple[Sequence[str], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Takes every step that the file has not taken yet, each in one transaction.

    ``connection`` commits by itself (``isolation_level=None``). CatalogueError if the file is
    somebody else's or was written by a newer version.
    """
    check_version(connection, steps)
    version = _pragma(connection, "user_version")
    for number, statements in enumerate(steps[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def check_version(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> bool:
    """Whether the file has taken every step; CatalogueError if it is foreign or newer."""
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not is_empty:
        raise CatalogueError("This file belongs to another program; it is not a catalogue.")
    if version > len(steps):
        raise CatalogueError(
            "This library was last used by a newer version of Photolex. "
            "Please install that version, or choose another library folder."
        )
    return version == len(steps)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
