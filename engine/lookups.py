"""What search asks of the catalogue besides the regions' evidence: their embeddings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.database import Database

_CHUNK = 8192


class RegionRows(NamedTuple):
    """Regions by their ids (n,), contents (n,) and unit embeddings (n, d)."""

    ids: NDArray[np.int64]
    contents: NDArray[np.int64]
    embeddings: NDArray[np.float16]


class Lookups(Database):
    """The part of the catalogue that finds regions by what they say or where they are."""

    def all_regions(self, pack_id: int) -> Iterator[RegionRows]:
        """Every region of the pack, in the order of the ids and in chunks."""
        after = 0
        while True:
            found = self._regions(
                "pack_id = ? AND id > ? ORDER BY id LIMIT ?", pack_id, after, _CHUNK
            )
            if not len(found.ids):
                return
            yield found
            after = int(found.ids[-1])

    def regions_of(self, pack_id: int, content_ids: Iterable[int]) -> RegionRows:
        """The regions of these contents."""
        # "+" keeps SQLite from reading all regions of the pack instead.
        return self._regions(
            "+pack_id = ? AND content_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            pack_id,
            json.dumps(list(content_ids)),
        )

    def regions_reading(
        self, pack_id: int, word: str, *, prefix: bool = False, most: int = 1024
    ) -> RegionRows:
        """At most ``most`` regions whose reading is the folded word, or begins with it."""
        if prefix:
            # "{" follows "z", the last letter that a reading may hold.
            return self._regions(
                "pack_id = ? AND reading >= ? AND reading < ? LIMIT ?",
                pack_id,
                word,
                word + "{",
                most,
            )
        return self._regions("pack_id = ? AND reading = ? LIMIT ?", pack_id, word, most)

    def _regions(self, condition: str, *values: Any) -> RegionRows:
        rows = self._rows(
            f"SELECT id, content_id, embedding FROM regions WHERE {condition}", *values
        )
        embeddings = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f2")
        return RegionRows(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.int64),
            embeddings.reshape(len(rows), -1) if rows else embeddings.reshape(0, 0),
        )
