"""What search asks of the catalogue besides the regions' evidence: their embeddings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Letterings
from engine.database import Database

_CHUNK = 8192
LEAST_WITHIN = 3  # letters
# "+" keeps SQLite from reading all regions of the pack instead.
_OF_CONTENTS = "+pack_id = ? AND content_id IN (SELECT value FROM json_each(?))"


class RegionRows(NamedTuple):
    """Regions by their ids (n,), contents (n,) and unit embeddings (n, d)."""

    ids: NDArray[np.int64]
    contents: NDArray[np.int64]
    embeddings: NDArray[np.float16]


class SureRows(NamedTuple):
    """Regions by their ids (n,), contents (n,), Focus's confidence (n,), and how they look."""

    ids: NDArray[np.int64]
    contents: NDArray[np.int64]
    confidences: NDArray[np.float32]
    looks: Letterings


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
        return self._regions(f"{_OF_CONTENTS} ORDER BY id", pack_id, json.dumps(list(content_ids)))

    def regions_reading(
        self,
        pack_id: int,
        word: str,
        *,
        prefix: bool = False,
        whole: bool = False,
        most: int = 1024,
        among: Iterable[int] | None = None,
    ) -> RegionRows:
        """At most ``most`` regions whose reading holds the folded word, shortest readings first.

        ``prefix``: whose reading begins with it. ``whole``: whose reading it is; so a word of less
        than ``LEAST_WITHIN`` letters always, for it stands in too many. ``among``: of these
        contents.
        """
        values: tuple[str, ...] = (word,)
        if prefix:
            # "{" follows "z", the last letter that a reading may hold.
            reads, values = "reading >= ? AND reading < ?", (word, word + "{")
        elif whole or len(word) < LEAST_WITHIN:
            reads = "reading = ?"
        else:
            reads = "instr(reading, ?) > 0"
        if among is not None:
            return self._regions(
                f"{_OF_CONTENTS} AND {reads} ORDER BY length(reading), id LIMIT ?",
                pack_id,
                json.dumps(list(among)),
                *values,
                most,
            )
        # This may concern every region of the pack: the index has to answer it without the rows.
        return self._regions(
            "id IN (SELECT id FROM regions INDEXED BY regions_by_reading WHERE pack_id = ? "
            f"AND {reads} ORDER BY length(reading), id LIMIT ?)",
            pack_id,
            *values,
            most,
        )

    def photo_sizes(self, content_ids: Iterable[int]) -> NDArray[np.float32]:
        """Width and height (n, 2) of the upright photos of these contents, in their order."""
        wanted = list(content_ids)
        rows = self._rows(
            "SELECT id, width, height FROM contents WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(set(wanted))),
        )
        found = {content_id: size for content_id, *size in rows}
        sizes = np.array([found.get(content_id, (0, 0)) for content_id in wanted], np.float32)
        return sizes.reshape(-1, 2)

    def contents_of(self, photo_ids: Iterable[int]) -> dict[int, int]:
        """The content of each of these photos that has been looked at."""
        return dict(
            self._rows(
                "SELECT id, content_id FROM photos WHERE content_id IS NOT NULL "
                "AND id IN (SELECT value FROM json_each(?))",
                json.dumps(list(photo_ids)),
            )
        )

    def letterings(
        self, pack_id: int, least_confidence: float, least_letters: int
    ) -> Iterator[SureRows]:
        """The pack's regions that surely are lettering and that a photo shows, in chunks."""
        after = 0
        while True:
            rows = self._rows(
                "SELECT regions.id, content_id, confidence, colours, quad, width, height "
                "FROM regions JOIN contents ON contents.id = content_id "
                "WHERE pack_id = ? AND regions.id > ? AND confidence >= ? "
                "AND length(reading) >= ? AND EXISTS "
                "(SELECT 1 FROM photos WHERE photos.content_id = regions.content_id) "
                "ORDER BY regions.id LIMIT ?",
                pack_id,
                after,
                least_confidence,
                least_letters,
                _CHUNK,
            )
            if not rows:
                return
            ids, contents, confidences, colours, quads, wide, high = zip(*rows, strict=True)
            yield SureRows(
                np.array(ids, np.int64),
                np.array(contents, np.int64),
                np.array(confidences, np.float32),
                Letterings(
                    colours,
                    np.frombuffer(b"".join(quads), "<f4").reshape(-1, 4, 2),
                    np.array([wide, high], np.float32).T,
                ),
            )
            after = int(ids[-1])

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
