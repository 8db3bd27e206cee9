"""One SQLite connection: whose turn it is, transactions, and errors in plain sentences."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.errors import CatalogueError
from engine.migrations import check_version, migrate

Value = str | bytes | int | float | None


class Database:
    """One connection. Any thread may call it; calls from several threads take turns."""

    def __init__(self, file: Path, connection: sqlite3.Connection, *, write: bool) -> None:
        self.file = file
        self.write = write
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, file: Path, *, write: bool) -> Self:
        """CatalogueError if the file is damaged, foreign, newer, or (to read) not there."""
        if not write and not file.exists():
            raise CatalogueError(f"There is no catalogue at {file}; index a folder first.")
        if write:
            _make_folder(file.parent)
        with _speaking_of(file):
            connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode={'rwc' if write else 'ro'}",
                uri=True,
                timeout=10,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                _prepare(connection, write)
            except BaseException:
                connection.close()
                raise
        return cls(file, connection, write=write)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction: everything inside is kept, or nothing is. A batch inside joins it."""
        with self._lock, _speaking_of(self.file):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    def find_damage(self) -> str | None:
        """Reads the whole file; None when it is sound, else what SQLite says."""
        try:
            verdict = str(self._rows("PRAGMA quick_check(1)")[0][0])
        except CatalogueError as error:
            return str(error)
        return None if verdict == "ok" else verdict

    def _rows(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        with self._lock, _speaking_of(self.file):
            return self._connection.execute(sql, values).fetchall()

    def _run(self, sql: str, *values: Value) -> int:
        """The id of the row that was inserted last."""
        with self._lock, _speaking_of(self.file):
            return self._connection.execute(sql, values).lastrowid or 0


def text_of(path: Path) -> str | bytes:
    """A path as the file keeps it: SQLite's text has no place for names that are not valid."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


def path_of(text: str | bytes) -> Path:
    return Path(os.fsdecode(text))


def _prepare(connection: sqlite3.Connection, write: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32000")
    if write:
        # Looked at before anything is changed, for the file may be somebody else's.
        check_version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection)
    elif not check_version(connection):
        raise CatalogueError(
            "This library comes from an older version; index it once to bring it up to date."
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise CatalogueError(f"The folder {folder} cannot be made: {reason}.") from error


@contextmanager
def _speaking_of(file: Path) -> Iterator[None]:
    """Turns what the world does to the file into sentences; our own mistakes stay as they are."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        sentence = _SENTENCES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if sentence is None:
            raise
        raise CatalogueError(sentence.format(file=file)) from error


_DAMAGED = (
    "The catalogue {file} is damaged. Your photos are not touched by this: move the file away, "
    "start again, and they will be indexed anew."
)
_SENTENCES = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: "There is no room left on the disk for the catalogue {file}.",
    sqlite3.SQLITE_BUSY: "Another program is writing the catalogue {file}; close it and try again.",
    sqlite3.SQLITE_READONLY: "The catalogue {file} may not be written; check its permissions.",
    sqlite3.SQLITE_PERM: "The catalogue {file} may not be opened; check its permissions.",
    sqlite3.SQLITE_CANTOPEN: "The catalogue {file} cannot be opened; check its permissions.",
    sqlite3.SQLITE_IOERR: "The disk failed while reading or writing the catalogue {file}.",
}
