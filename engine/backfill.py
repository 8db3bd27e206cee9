"""Embeds by another pack the photos that the library already knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.catalogue import Catalogue
from engine.embedding import Embedded
from engine.events import Event, IndexingFinished, PhotosChanged
from engine.intake import Added, Pace, PhotoEmbedder
from engine.rows import LackingRow, PackIdentity


class EndingEmbedder(PhotoEmbedder, Protocol):
    """An embedder whose model can be put away."""

    def close(self) -> None: ...


class Backfill:
    """One pack beside the first, which alone decides what can be searched and what is skipped.

    So a photo that this pack fails on is left out by this pack only: until the next start, or
    where the reason may pass, until ``try_again``.
    """

    # As for ``Intake``: a crash loses so many photos at most, or so many seconds of work.
    BATCH = 32
    SECONDS = 1.0

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: EndingEmbedder,
        pack: PackIdentity,
        announce: Callable[[Event], None],
        added: Added,
        make_room: Callable[[], None] = lambda: None,
    ) -> None:
        """``make_room``: puts away what else takes memory, before the model is started."""
        self._make_room = make_room
        self._catalogue = catalogue
        self._embedder = embedder
        self._pack = pack
        self._announce = announce
        self._added = added
        self._refused: set[int] = set()
        self._put_off: set[int] = set()
        self._held: list[tuple[LackingRow, Embedded]] = []
        self._committed_at = 0.0

    def try_again(self) -> None:
        """The next run looks again at what failed for a reason that may have passed by now."""
        self._put_off.clear()

    def run(self, cancel: threading.Event) -> int:
        """Embeds what lacks, until all is done or ``cancel`` is set; how many contents that was.

        The model is put away in the end, for two at once may be more than the memory holds.
        """
        pack_id = self._catalogue.pack_id(self._pack)
        left_out = self._refused | self._put_off
        lacking = [
            row for row in self._catalogue.lacking(pack_id) if row.content_id not in left_out
        ]
        if not lacking:
            return 0
        self._make_room()
        pace = Pace(pack=self._pack.name)
        pace.total = len(lacking)
        done = 0
        self._committed_at = time.monotonic()
        with closing(self._embedder):
            try:
                paths = self._announcing(lacking, pace)
                results = self._embedder.embed(paths, cancel)
                for row, result in zip(lacking, results, strict=False):
                    pace.done += 1
                    if isinstance(result, Embedded) and result.digest == row.digest:
                        self._held.append((row, result))
                        done += 1
                    elif isinstance(result, Embedded) or result.passing or result.changing:
                        # Not there or not to be read now, or another photo by now. The model would
                        # be started for it after every change, so it waits for a scan.
                        self._put_off.add(row.content_id)
                    else:
                        self._refused.add(row.content_id)
                    self._commit_if_due(pack_id)
            finally:
                self._commit(pack_id)
        self._announce(IndexingFinished(done, 0, cancel.is_set()))
        return done

    def _announcing(self, lacking: list[LackingRow], pace: Pace) -> Iterator[Path]:
        for row in lacking:
            pace.announce(self._announce, str(row.path))
            yield row.path

    def _commit_if_due(self, pack_id: int) -> None:
        if len(self._held) >= self.BATCH or time.monotonic() - self._committed_at > self.SECONDS:
            self._commit(pack_id)

    def _commit(self, pack_id: int) -> None:
        held, self._held = self._held, []
        self._committed_at = time.monotonic()
        with self._catalogue.batch():
            stored = [
                (self._catalogue.store_regions(row.content_id, pack_id, one.regions), one)
                for row, one in held
            ]
        filled = [(ids, one) for ids, one in stored if len(ids)]
        if filled:
            self._added(
                np.concatenate([ids for ids, _ in filled]),
                np.stack([region.embedding for _, one in filled for region in one.regions]),
            )
        if held:
            self._announce(PhotosChanged(added=0, removed=0))
