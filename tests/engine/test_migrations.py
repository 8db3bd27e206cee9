from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from engine.errors import CatalogueError
from engine.migrations import STEPS, check_version, migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows} - {"sqlite_sequence"}


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_empty_file_gets_every_table(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert tables(connection) == {"roots", "contents", "photos", "packs", "embedded", "regions"}
    assert version(connection) == len(STEPS)


def test_a_file_that_is_up_to_date_is_left_alone(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO roots (path) VALUES ('/photos')")
    migrate(connection)
    assert connection.execute("SELECT path FROM roots").fetchall() == [("/photos",)]


def test_only_the_steps_that_are_lacking_are_taken(connection: sqlite3.Connection) -> None:
    steps = (["CREATE TABLE one (x)"], ["CREATE TABLE two (x)"])
    migrate(connection, steps[:1])
    assert not check_version(connection, steps)
    migrate(connection, steps)
    assert tables(connection) == {"one", "two"}
    assert check_version(connection, steps)


def test_a_step_that_fails_halfway_leaves_the_file_at_the_step_before(
    connection: sqlite3.Connection,
) -> None:
    steps = (
        ["CREATE TABLE one (x)"],
        ["CREATE TABLE two (x)", "INSERT INTO two VALUES (1)", "INSERT INTO nowhere VALUES (1)"],
    )
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, steps)
    assert tables(connection) == {"one"}
    assert version(connection) == 1
    migrate(connection, (steps[0], ["CREATE TABLE two (x)"]))
    assert tables(connection) == {"one", "two"}


def test_a_file_of_a_newer_version_is_refused_and_not_touched(
    connection: sqlite3.Connection,
) -> None:
    migrate(connection, (*STEPS, ["CREATE TABLE future (x)"]))
    with pytest.raises(CatalogueError, match="newer version"):
        migrate(connection)
    assert "future" in tables(connection)


def test_the_file_of_another_program_is_refused_and_not_touched(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("CREATE TABLE recipes (x)")
    with pytest.raises(CatalogueError, match="another program"):
        migrate(connection)
    assert tables(connection) == {"recipes"}
