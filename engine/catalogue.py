"""The SQLite file that holds what is known of every photo; its SQL is here and in both bases.

Photos are paths that point to contents; embeddings belong to contents, so a copy, a move or a new
name costs none. Ids are given by SQLite and never change.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.database import Value, path_of, text_of
from engine.errors import RootError
from engine.lookups import Lookups
from engine.pack_records import PackRecords
from engine.regions import Region
from engine.rows import (
    Counts,
    Evidence,
    KnownPhoto,
    PhotoRow,
    RegionState,
    RootRow,
    SkippedRow,
)

_PHOTO_ROW = """
    SELECT photos.content_id, photos.id, photos.path, contents.width, contents.height,
           roots.online, photos.size, photos.mtime_ns, photos.missing, contents.digest,
           photos.reason
    FROM photos JOIN roots ON roots.id = photos.root_id
    LEFT JOIN contents ON contents.id = photos.content_id
"""
_KNOWN_PHOTO = """
    SELECT photos.id, root_id, path, photos.size, mtime_ns, photos.content_id, digest,
           contents.size, reason, passing, missing, embedded.pack_id IS NOT NULL, refused_by
    FROM photos LEFT JOIN contents ON contents.id = photos.content_id
    LEFT JOIN embedded ON embedded.content_id = photos.content_id AND embedded.pack_id = ?
"""
_ORPHANS = "NOT EXISTS (SELECT 1 FROM photos WHERE photos.content_id = contents.id)"


class Catalogue(Lookups, PackRecords):
    """A program has one writer, and as many readers as it likes, each seeing the last commit."""

    # Roots

    def roots(self) -> list[RootRow]:
        rows = self._rows(
            "SELECT roots.id, roots.path, online, device, count(photos.id), ifnull(sum(missing), 0)"
            " FROM roots LEFT JOIN photos ON photos.root_id = roots.id"
            " GROUP BY roots.id ORDER BY roots.path"
        )
        return [
            RootRow(root_id, path_of(path), bool(online), device, photos, missing)
            for root_id, path, online, device, photos, missing in rows
        ]

    def root(self, path: Path) -> RootRow:
        """RootError if the folder is not watched."""
        row = next((root for root in self.roots() if root.path == path), None)
        if row is None:
            raise RootError(f"{path} is not one of the watched folders.")
        return row

    def add_root(self, path: Path) -> RootRow:
        """Takes over the photos of roots inside ``path``; RootError if ``path`` is inside one."""
        with self.batch():
            roots = self.roots()
            for root in roots:
                if path != root.path and path.is_relative_to(root.path):
                    raise RootError(f"{path} is already watched as a part of {root.path}.")
            self._run("INSERT OR IGNORE INTO roots (path) VALUES (?)", text_of(path))
            added = self.root(path)
            for root in roots:
                if path != root.path and root.path.is_relative_to(path):
                    self._run(
                        "UPDATE photos SET root_id = ? WHERE root_id = ?",
                        added.root_id,
                        root.root_id,
                    )
                    self._run("DELETE FROM roots WHERE id = ?", root.root_id)
        return self.root(path)

    def remove_root(self, path: Path) -> NDArray[np.int64]:
        """Forgets the folder and its photos; the ids of the regions that go with them."""
        with self.batch():
            self._run("DELETE FROM roots WHERE id = ?", self.root(path).root_id)
            return self.forget(self.orphans())

    def set_root_state(self, root_id: int, *, online: bool, device: str | None) -> None:
        self._run("UPDATE roots SET online = ?, device = ? WHERE id = ?", online, device, root_id)

    # What search reads

    def regions(
        self, pack_id: int, after: int = 0, *, chunk: int = 8192
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Ids (n,) and embeddings (n, d) of the regions whose id is greater than ``after``."""
        while True:
            rows = self._rows(
                "SELECT id, embedding FROM regions WHERE pack_id = ? AND id > ? "
                "ORDER BY id LIMIT ?",
                pack_id,
                after,
                chunk,
            )
            if not rows:
                return
            ids = np.array([row[0] for row in rows], dtype=np.int64)
            embeddings = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
            yield ids, embeddings.reshape(len(rows), -1)
            after = int(ids[-1])

    def region_state(self, pack_id: int, until: int | None = None) -> RegionState:
        """The state of all regions of the pack, or of those with ids up to ``until``.

        An index that was saved at state ``s`` lacks nothing if ``region_state(pack) == s``, needs
        only what came since (``regions(pack, after=s.greatest)``) if
        ``region_state(pack, until=s.greatest) == s``, and otherwise holds regions that are gone.
        """
        until = (1 << 63) - 1 if until is None else until
        row = self._rows(
            "SELECT count(*), ifnull(max(id), 0) FROM regions WHERE pack_id = ? AND id <= ?",
            pack_id,
            until,
        )[0]
        return RegionState(int(row[0]), int(row[1]))

    def evidence(self, region_ids: NDArray[np.int64]) -> list[Evidence]:
        """In the order of the ids; absent are those that are gone or of which no photo is left."""
        rows = self._rows(
            "SELECT regions.id, content_id, quad, lattice, reading, confidence, score_map, colours "
            "FROM json_each(?) AS wanted JOIN regions ON regions.id = wanted.value "
            "WHERE EXISTS (SELECT 1 FROM photos WHERE photos.content_id = regions.content_id) "
            "ORDER BY wanted.key",
            json.dumps(region_ids.tolist()),
        )
        return [
            Evidence(
                region_id,
                content_id,
                np.frombuffer(quad, dtype="<f4").reshape(4, 2),
                lattice,
                reading,
                confidence,
                score_map,
                colours,
            )
            for (
                region_id, content_id, quad, lattice, reading, confidence, score_map, colours,
            ) in rows
        ]  # fmt: skip

    def photos_of(self, content_ids: Iterable[int]) -> dict[int, list[PhotoRow]]:
        """The photos that show each content, by path; contents without any are absent."""
        wanted = json.dumps([int(content_id) for content_id in content_ids])
        found: dict[int, list[PhotoRow]] = {}
        for content_id, *row in self._rows(
            f"{_PHOTO_ROW} WHERE photos.content_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY photos.path",
            wanted,
        ):
            found.setdefault(content_id, []).append(_photo_row(row))
        return found

    def photo(self, photo_id: int) -> PhotoRow | None:
        rows = self._rows(f"{_PHOTO_ROW} WHERE photos.id = ?", photo_id)
        return _photo_row(rows[0][1:]) if rows else None

    def counts(self, pack_id: int) -> Counts:
        photos, skipped, searchable = self._rows(
            "SELECT count(*), count(reason), "
            "ifnull(sum(reason IS NULL AND embedded.pack_id IS NOT NULL), 0) "
            "FROM photos LEFT JOIN embedded "
            "ON embedded.content_id = photos.content_id AND embedded.pack_id = ?",
            pack_id,
        )[0]
        regions = self.region_state(pack_id).total
        return Counts(photos, searchable, skipped, photos - skipped - searchable, regions)

    def skipped(self) -> list[SkippedRow]:
        rows = self._rows("SELECT path, reason FROM photos WHERE reason IS NOT NULL ORDER BY path")
        return [SkippedRow(path_of(path), reason) for path, reason in rows]

    # What the indexer reads

    def known(
        self, pack_id: int, *, root_id: int | None = None, below: Path | None = None
    ) -> list[KnownPhoto]:
        """Every photo of a root, or every photo that is ``below`` or lies below it."""
        if below is None:
            return self._known("root_id = ?", pack_id, root_id)
        # From "folder/" up to "folder0", 0 being the sign after the slash.
        first = os.fsencode(below) + os.sep.encode()
        last = first[:-1] + chr(ord(os.sep) + 1).encode()
        texts = (first.decode(errors="replace"), last.decode(errors="replace"))
        return self._known(
            "path = ? OR (path >= ? AND path < ?) OR (path >= ? AND path < ?)",
            pack_id,
            text_of(below),
            *texts,
            first,
            last,
        )

    def unread(self, pack_id: int) -> list[KnownPhoto]:
        """Photos that have been recorded only; in roots that are there."""
        return self._known(
            "photos.content_id IS NULL AND reason IS NULL AND NOT missing "
            "AND root_id IN (SELECT id FROM roots WHERE online)",
            pack_id,
        )

    def _known(self, condition: str, pack_id: int, *values: Value) -> list[KnownPhoto]:
        return [
            KnownPhoto(
                photo_id, root, path_of(path), size, mtime_ns, content_id, digest, content_size,
                reason, bool(passing), bool(missing), bool(embedded), refused_by,
            )
            for (
                photo_id, root, path, size, mtime_ns, content_id, digest, content_size,
                reason, passing, missing, embedded, refused_by,
            ) in self._rows(f"{_KNOWN_PHOTO} WHERE {condition}", pack_id, *values)
        ]  # fmt: skip

    def find_content(self, digest: bytes, pack_id: int) -> tuple[int, bool] | None:
        """The id of the content with this digest and whether the pack has embedded it."""
        rows = self._rows(
            "SELECT id, EXISTS (SELECT 1 FROM embedded WHERE content_id = id AND pack_id = ?) "
            "FROM contents WHERE digest = ?",
            pack_id,
            digest,
        )
        return (int(rows[0][0]), bool(rows[0][1])) if rows else None

    def content_sizes(self) -> set[int]:
        """The sizes in bytes of all contents: a file of another size is no copy of any."""
        return {int(row[0]) for row in self._rows("SELECT DISTINCT size FROM contents")}

    # What the indexer writes

    def record_photo(self, root_id: int, path: Path, size: int, mtime_ns: int) -> int:
        """Remembers a photo that was not known, as waiting; its id."""
        return self._run(
            "INSERT INTO photos (root_id, path, size, mtime_ns) VALUES (?, ?, ?, ?)",
            root_id,
            text_of(path),
            size,
            mtime_ns,
        )

    def settle_photo(self, photo_id: int, size: int, mtime_ns: int, content_id: int) -> None:
        """The photo, of this size and time on the disk, shows this content."""
        self._run(
            "UPDATE photos SET size = ?, mtime_ns = ?, content_id = ?, reason = NULL, "
            "passing = 0, missing = 0 WHERE id = ?",
            size,
            mtime_ns,
            content_id,
            photo_id,
        )

    def mark_skipped(
        self, photo_id: int, size: int, mtime_ns: int, reason: str, *, passing: bool, by: str = ""
    ) -> None:
        """The photo, of this size and time on the disk, cannot be searched.

        One that is ``passing`` keeps its content, for what was known of it may still hold. ``by``:
        names what could not read it; something else may.
        """
        self._run(
            "UPDATE photos SET size = ?, mtime_ns = ?, reason = ?, passing = ?, missing = 0, "
            "content_id = CASE WHEN ? THEN content_id END, refused_by = ? WHERE id = ?",
            size,
            mtime_ns,
            reason,
            passing,
            passing,
            by,
            photo_id,
        )

    def try_again(self, roots: Iterable[Path]) -> None:
        """The next scan of these roots reads their skipped photos once more."""
        again = "UPDATE photos SET refused_by = '' WHERE reason IS NOT NULL AND root_id = "
        with self.batch():
            for root in roots:
                self._run(f"{again} (SELECT id FROM roots WHERE path = ?)", text_of(root))

    def move_photo(self, photo_id: int, root_id: int, path: Path, size: int, mtime_ns: int) -> None:
        self._run(
            "UPDATE photos SET root_id = ?, path = ?, size = ?, mtime_ns = ?, missing = 0 "
            "WHERE id = ?",
            root_id,
            text_of(path),
            size,
            mtime_ns,
            photo_id,
        )

    def mark_missing(self, photo_ids: Iterable[int], *, missing: bool) -> None:
        self._run(
            "UPDATE photos SET missing = ? WHERE id IN (SELECT value FROM json_each(?))",
            missing,
            json.dumps(list(photo_ids)),
        )

    def mark_gone(self, photo_ids: Iterable[int]) -> None:
        """Forgets the photos; their contents stay until ``forget``, for they may turn up again."""
        self._run(
            "DELETE FROM photos WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(photo_ids)),
        )

    def content(self, digest: bytes, size: int, width: int, height: int) -> int:
        """The id of the content, which is recorded if it is new."""
        self._run(
            "INSERT INTO contents (digest, size, width, height) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            digest,
            size,
            width,
            height,
        )
        find = "SELECT id FROM contents WHERE digest = ? AND size = ?"
        return int(self._rows(find, digest, size)[0][0])

    def store_regions(
        self, content_id: int, pack_id: int, regions: Sequence[Region]
    ) -> NDArray[np.int64]:
        """Marks the content as embedded; the ids of its regions, none if it already was."""
        with self.batch():
            found = self._rows(
                "SELECT 1 FROM embedded WHERE content_id = ? AND pack_id = ?", content_id, pack_id
            )
            if found:
                return np.empty(0, dtype=np.int64)
            self._run("INSERT INTO embedded VALUES (?, ?)", content_id, pack_id)
            ids = [
                self._run(
                    "INSERT INTO regions "
                    "(content_id, pack_id, quad, embedding, lattice, reading, confidence, "
                    "score_map, colours) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    content_id,
                    pack_id,
                    region.quad.astype("<f4").tobytes(),
                    region.embedding.astype("<f2").tobytes(),
                    region.lattice,
                    region.reading,
                    float(region.confidence),
                    region.score_map.to_bytes() if region.score_map else b"",
                    region.colours.to_bytes() if region.colours else b"",
                )
                for region in regions
            ]
        return np.array(ids, dtype=np.int64)

    def orphans(self) -> list[int]:
        """Ids of the contents that no photo shows any more."""
        return [row[0] for row in self._rows(f"SELECT id FROM contents WHERE {_ORPHANS}")]

    def forget(self, content_ids: Iterable[int]) -> NDArray[np.int64]:
        """Deletes those of the contents that no photo shows; the ids of the regions that went."""
        wanted = json.dumps(list(content_ids))
        these = (
            f"SELECT id FROM contents WHERE id IN (SELECT value FROM json_each(?)) AND {_ORPHANS}"
        )
        with self.batch():
            rows = self._rows(f"SELECT id FROM regions WHERE content_id IN ({these})", wanted)
            self._run(f"DELETE FROM contents WHERE id IN ({these})", wanted)
        return np.array([row[0] for row in rows], dtype=np.int64)


def _photo_row(row: Sequence[Any]) -> PhotoRow:
    photo_id, path, width, height, online, size, mtime_ns, missing, digest, reason = row
    return PhotoRow(
        photo_id,
        path_of(path),
        width or 0,
        height or 0,
        bool(online),
        size,
        mtime_ns,
        bool(missing),
        digest,
        reason,
    )
