"""The packs in use: they answer together, and an older one stands in for the first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.answering import Answering
from engine.errors import LibraryError, PackError, QueryError
from engine.fusion import fuse
from engine.packs import Mode, ModelPack
from engine.query import parse, sentence
from engine.readers import Readers
from engine.search import Answer, Hit

if TYPE_CHECKING:
    from engine.towers import Towers

_logger = logging.getLogger(__name__)

# Of each ranking that is fused, at least so many places count: far down they weigh next to nothing.
_DEPTH = 200
# So many times as many hits are asked for where too few are left.
_DEEPER = 4


class Panel:
    """Safe from any thread. The first pack is the one that decides which photos are searchable."""

    def __init__(
        self,
        folder: Path,
        packs: Sequence[ModelPack],
        reading: Readers,
        factory: Callable[[], Towers] | None,
        before: Panel | None = None,
    ) -> None:
        """``before``: the panel that this one replaces, whose indexes are used again."""
        if not packs:
            raise LibraryError("Choose at least one model pack.")
        self._folder = folder
        self._reading = reading
        self._factory = factory
        self._before = {one.pack.fingerprint: one for one in before.answering} if before else {}
        self.in_use = [
            self._answering_of(pack) for pack in {pack.fingerprint: pack for pack in packs}.values()
        ]
        self._stand_in: Answering | None = None

    @property
    def first(self) -> Answering:
        return self.in_use[0]

    @property
    def packs(self) -> list[ModelPack]:
        return [one.pack for one in self.in_use]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Which questions can be asked."""
        wanted: tuple[Mode, ...] = ("words", "scenes")
        return tuple(mode for mode in wanted if self._of(mode))

    @property
    def is_stood_in(self) -> bool:
        """Whether an older pack answers until the first one has seen every photo."""
        return self._stand_in is not None

    @property
    def answering(self) -> list[Answering]:
        """Those that questions go to, the quickest to be ready first."""
        stand_in = self._stand_in
        return self.in_use if stand_in is None else [stand_in, *self.in_use]

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Regions that went; of whichever pack they were."""
        for one in self.answering:
            one.index.remove(ids)

    def save(self) -> None:
        for one in self.in_use:
            one.index.save()

    def find_stand_in(self, packs: Callable[[], Iterable[ModelPack]]) -> None:
        """Of ``packs``, the one that has seen most photos, if the first has seen fewer of them."""
        best = self._most_seen(packs)
        # A pack beside the first answers already.
        used = [pack.fingerprint for pack in self.packs]
        if best is None or best.fingerprint in used:
            self._stand_in = None
        else:
            self._stand_in = self._answering_of(best)
        # What nobody needs any more gives back its memory.
        self._before = {}

    def _most_seen(self, packs: Callable[[], Iterable[ModelPack]]) -> ModelPack | None:
        """None when no photo waits for the first."""
        first = self.first.pack
        with self._reading() as catalogue:
            if not catalogue.counts(catalogue.pack_id(first)).waiting:
                return None

            def seen(pack: ModelPack) -> int:
                return catalogue.counts(catalogue.pack_id(pack)).searchable

            # Of equals the first one in use.
            alike = [pack for pack in chain(self.packs, packs()) if pack.mode == first.mode]
            return max(alike, key=seen)

    def end_standing_in(self) -> None:
        self._stand_in = None

    def ask(self, query: str, *, limit: int, everything: bool, mode: Mode) -> Answer:
        """QueryError if no pack in use answers such questions."""
        asked = self._of(mode)
        if not asked:
            raise QueryError(_LACKING[mode])
        if mode == "scenes":
            return self._ask_for_scene(asked[0], query, limit)
        if parse(query).attributes:
            asked = [one for one in asked if one.pack.places]
            if not asked:
                raise QueryError(_LACKING_PLACES)
        if len(asked) == 1 and self._stand_in is None:
            return asked[0].ask(query, limit=limit, everything=everything)
        return self._without_excluded(
            query, limit, lambda most: self._ask_all(asked, query, most, everything)
        )

    def _answering_of(self, pack: ModelPack) -> Answering:
        before = self._before.get(pack.fingerprint)
        return before or Answering(self._folder, pack, self._reading, self._factory)

    def _of(self, mode: Mode) -> list[Answering]:
        return [one for one in self.in_use if one.pack.mode == mode]

    def _ask_all(
        self, asked: Sequence[Answering], query: str, limit: int, everything: bool
    ) -> Answer:
        if len(asked) == 1:
            return self._ask(asked[0], query, limit, everything)
        depth = max(limit, _DEPTH) if limit else 0
        answers = [self._ask(one, query, depth, everything) for one in asked]
        return replace(answers[0], hits=fuse([answer.hits for answer in answers]))

    def _ask(self, one: Answering, query: str, limit: int, everything: bool) -> Answer:
        stand_in = self._stand_in
        if one is not self.first or stand_in is None:
            return one.ask(query, limit=limit, everything=everything)
        answer = stand_in.ask(query, limit=limit, everything=everything)
        return replace(answer, hits=self._joined(stand_in, answer.hits, query, limit, everything))

    def _joined(
        self, stand_in: Answering, hits: list[Hit], query: str, limit: int, everything: bool
    ) -> list[Hit]:
        """Photos that only the first pack has seen are found by it already."""
        try:
            own = self.first.ask(query, limit=limit, everything=everything).hits
        except PackError as error:
            # It will say so again when it has taken over; until then there is an answer.
            _logger.info("%s", error)
            return hits
        with self._reading() as catalogue:
            pack_id = catalogue.pack_id(stand_in.pack)
            seen = catalogue.embedded_photos(pack_id, [hit.photo_id for hit in own])
        new = [hit for hit in own if hit.photo_id not in seen]
        return sorted([*hits, *new], key=lambda hit: (-hit.score, hit.path))[: limit or None]

    def _ask_for_scene(self, one: Answering, query: str, limit: int) -> Answer:
        asked, text = self._stand_in_of(one), sentence(query)
        return self._without_excluded(query, limit, lambda most: asked.ask(text, limit=most))

    def _stand_in_of(self, one: Answering) -> Answering:
        return self._stand_in or one if one is self.first else one

    def _without_excluded(self, query: str, limit: int, ask: Callable[[int], Answer]) -> Answer:
        """The best hits that show, as every pack that knows words sees it, nothing excluded.

        What one pack is sure to see must not come back because another does not see it. ``ask`` is
        asked for more until enough are left.
        """
        started = time.perf_counter()
        most = limit
        while True:
            answer = ask(most)
            excluded = self._excluded(query, {hit.photo_id for hit in answer.hits})
            hits = [hit for hit in answer.hits if hit.photo_id not in excluded]
            if not limit or len(hits) >= limit or len(answer.hits) < most:
                seconds = time.perf_counter() - started
                return replace(answer, query=query, hits=hits[: limit or None], seconds=seconds)
            most *= _DEEPER

    def _excluded(self, query: str, photo_ids: Collection[int]) -> set[int]:
        """Those of the photos that surely show, by a pack for words, what they are not to show."""
        return set().union(
            *(self._stand_in_of(one).excluded(query, photo_ids) for one in self._of("words"))
        )


_LACKING_PLACES = (
    "The chosen model pack sees photos as a whole, not how each word looks or where it stands; "
    "leave out the colours, sizes and places, or choose a pack for words beside it."
)
_LACKING: dict[Mode, str] = {
    "words": "The chosen model pack finds scenes, not words; choose one for words beside it.",
    "scenes": (
        "No model pack that finds scenes is in use; import one with "
        "“photolex-export import-clip” and choose it."
    ),
}
