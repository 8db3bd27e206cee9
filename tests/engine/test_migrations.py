from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.catalogue import Catalogue
from engine.errors import CatalogueError
from engine.migrations import STEPS, check_version, migrate
from engine.rows import Counts


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


def with_a_photo(file: Path, version: int) -> sqlite3.Connection:
    """A catalogue of an older version with one photo, and a pack that has not seen it."""
    old = sqlite3.connect(file, isolation_level=None)
    migrate(old, STEPS[:version])
    old.execute("INSERT INTO roots (path) VALUES ('/photos')")
    old.execute("INSERT INTO contents VALUES (7, x'00', 10, 640, 480)")
    old.execute(
        "INSERT INTO photos (root_id, path, size, mtime_ns, content_id) "
        "VALUES (1, '/photos/a.jpg', 10, 5, 7)"
    )
    old.execute("INSERT INTO packs (name, fingerprint) VALUES ('compact', 'abc')")
    return old


def test_regions_of_the_second_version_have_no_known_colours(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    old = with_a_photo(file, version=2)
    old.execute(
        "INSERT INTO regions (content_id, pack_id, quad, embedding, lattice, reading, confidence) "
        "VALUES (7, 1, zeroblob(32), zeroblob(8), x'', 'coffee', 0.5)"
    )
    old.close()
    with Catalogue.open(file, write=True) as catalogue:
        (evidence,) = catalogue.evidence(np.array([1]))
        assert (evidence.reading, evidence.colours) == ("coffee", b"")


def test_who_skipped_a_photo_of_the_third_version_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    old = with_a_photo(file, version=3)
    old.execute("UPDATE photos SET reason = 'It is damaged.', content_id = NULL")
    old.close()
    with Catalogue.open(file, write=True) as catalogue:
        (known,) = catalogue.known(1, root_id=1)
        assert (known.reason, known.refused_by) == ("It is damaged.", "")


def test_a_catalogue_of_the_first_version_keeps_everything(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    old = with_a_photo(file, version=1)
    old.execute("INSERT INTO embedded VALUES (7, 1)")
    quad, embedding = np.arange(8, dtype="<f4").tobytes(), np.ones(4, "<f2").tobytes()
    old.execute(
        "INSERT INTO regions (content_id, pack_id, quad, embedding, lattice, reading, confidence) "
        "VALUES (7, 1, ?, ?, x'0102', 'coffee', 0.5)",
        (quad, embedding),
    )
    old.close()
    with Catalogue.open(file, write=True) as catalogue:
        (row,) = catalogue.packs()
        assert (row.name, row.fingerprint, row.place, row.folder) == ("compact", "abc", None, "")
        assert catalogue.counts(row.pack_id) == Counts(1, 1, 0, 0, 1)
        (evidence,) = catalogue.evidence(np.array([1]))
        assert (evidence.reading, evidence.lattice, evidence.score_map) == ("coffee", b"\1\2", b"")
        assert evidence.quad.tobytes() == quad
        ((ids, embeddings),) = catalogue.regions(row.pack_id)
        assert (ids.tolist(), embeddings.tolist()) == ([1], [[1.0] * 4])
        (photo,) = catalogue.photos_of([7])[7]
        assert str(photo.path) == "/photos/a.jpg"
