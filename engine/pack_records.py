"""What the catalogue knows of packs: which are in use, what each lacks, how one is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.database import Database, path_of, text_of
from engine.rows import LackingRow, PackIdentity, PackRow, PlacedPack

# A pack that is being forgotten: no model has such a fingerprint, so nothing is added to it.
_FORGOTTEN = "forgotten-"


class PackRecords(Database):
    """The part of the catalogue that is about packs."""

    def pack_id(self, pack: PackIdentity) -> int:
        """A reader answers 0, which no pack has, for one that has embedded nothing yet."""
        find = "SELECT id FROM packs WHERE fingerprint = ?"
        rows = self._rows(find, pack.fingerprint)
        if not rows and self.write:
            self._run(
                "INSERT INTO packs (name, fingerprint) VALUES (?, ?)", pack.name, pack.fingerprint
            )
            rows = self._rows(find, pack.fingerprint)
        return int(rows[0][0]) if rows else 0

    def packs(self) -> list[PackRow]:
        """Those in use first, in their order, then the others by name."""
        rows = self._rows(
            "SELECT id, name, fingerprint, place, folder FROM packs WHERE fingerprint NOT LIKE ? "
            "ORDER BY place IS NULL, place, name, id",
            _FORGOTTEN + "%",
        )
        return [
            PackRow(pack_id, name, fingerprint, place, str(path_of(folder)) if folder else "")
            for pack_id, name, fingerprint, place, folder in rows
        ]

    def use_packs(self, packs: Sequence[PlacedPack]) -> None:
        """From now on these are in use, the first of them first."""
        with self.batch():
            self._run("UPDATE packs SET place = NULL")
            for place, pack in enumerate(packs):
                self._run(
                    "UPDATE packs SET place = ?, folder = ? WHERE id = ?",
                    place,
                    text_of(pack.folder.absolute()),
                    self.pack_id(pack),
                )

    def lacking(self, pack_id: int) -> list[LackingRow]:
        """Contents that the pack has not embedded, each by one photo that is there to be read."""
        rows = self._rows(
            "SELECT contents.id, digest, min(photos.path) FROM photos "
            "JOIN contents ON contents.id = photos.content_id "
            "JOIN roots ON roots.id = photos.root_id "
            "LEFT JOIN embedded ON embedded.content_id = contents.id AND embedded.pack_id = ? "
            "WHERE embedded.pack_id IS NULL AND reason IS NULL AND NOT missing AND roots.online "
            "GROUP BY contents.id ORDER BY min(photos.id)",
            pack_id,
        )
        return [LackingRow(content_id, digest, path_of(path)) for content_id, digest, path in rows]

    def embedded_photos(self, pack_id: int, photo_ids: Iterable[int]) -> set[int]:
        """Which of these photos the pack has embedded."""
        rows = self._rows(
            "SELECT photos.id FROM photos "
            "JOIN embedded ON embedded.content_id = photos.content_id AND embedded.pack_id = ? "
            "WHERE photos.id IN (SELECT value FROM json_each(?))",
            pack_id,
            json.dumps(list(photo_ids)),
        )
        return {int(row[0]) for row in rows}

    def begin_forgetting(self, pack_id: int) -> None:
        """The pack is no longer known; ``forget_some`` deletes what it embedded."""
        self._run(
            "UPDATE packs SET fingerprint = ?, place = NULL WHERE id = ?",
            f"{_FORGOTTEN}{pack_id}",
            pack_id,
        )

    def forget_some(self, most: int = 2000) -> NDArray[np.int64]:
        """Deletes so many regions of forgotten packs, with the last of them the packs themselves.

        The ids of the regions that went, none when all is done. In pieces, so that no transaction
        grows to the size of the file; a crash in between is made up for by the next call.
        """
        forgotten = "SELECT id FROM packs WHERE fingerprint LIKE ?"
        with self.batch():
            rows = self._rows(
                f"SELECT id FROM regions WHERE pack_id IN ({forgotten}) LIMIT ?",
                _FORGOTTEN + "%",
                most,
            )
            ids = [int(row[0]) for row in rows]
            if ids:
                self._run(
                    "DELETE FROM regions WHERE id IN (SELECT value FROM json_each(?))",
                    json.dumps(ids),
                )
            else:
                self._run("DELETE FROM packs WHERE fingerprint LIKE ?", _FORGOTTEN + "%")
        return np.array(ids, np.int64)
