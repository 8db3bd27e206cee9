"""Scenes: the whole query is one sentence, and photos that look like it come first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from engine.candidates import WordScorer
from engine.catalogue import Catalogue
from engine.index import VectorIndex
from engine.regions import ScoreMap
from engine.rows import Evidence, PackIdentity, PhotoRow
from engine.search import Answer, Hit, MatchedRegion


class SceneSearcher:
    """Ranks the photos of one pack by their cosine with a sentence, from any thread.

    ``reading``, ``index`` and ``embed``: as for ``Searcher``. Without a ``scorer`` nothing says
    where likeness ends: a score is the cosine, and a band is empty.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Catalogue]],
        index: Callable[[], VectorIndex],
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        scorer: WordScorer | None,
        pack: PackIdentity,
    ) -> None:
        self._reading = reading
        self._index = index
        self._embed = embed
        self._scorer = scorer
        self._pack = pack

    def ask(self, sentence: str, *, limit: int = 200) -> Answer:
        """The likest ``limit`` photos, equals by path; all of them when it is 0."""
        started = time.perf_counter()
        hits: list[Hit] = []
        if sentence:
            vector = self._embed([sentence])[0]
            with self._reading() as catalogue:
                ids, cosines = self._nearest(catalogue, vector, limit)
                hits = self._hits(catalogue, sentence, ids, cosines)
        seconds = time.perf_counter() - started
        words = [sentence] if sentence else []
        return Answer(sentence, words, hits[: limit or None], seconds, "scenes")

    def _nearest(
        self, catalogue: Catalogue, vector: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if limit:
            ids, cosines = self._index().search(vector[None], limit)
            return ids[0], cosines[0]
        rows = list(catalogue.all_regions(catalogue.pack_id(self._pack)))
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return (
            np.concatenate([row.ids for row in rows]),
            np.concatenate([row.embeddings.astype(np.float32) @ vector for row in rows]),
        )

    def _hits(
        self,
        catalogue: Catalogue,
        sentence: str,
        ids: NDArray[np.int64],
        cosines: NDArray[np.float32],
    ) -> list[Hit]:
        near = dict(zip(ids.tolist(), cosines.tolist(), strict=True))
        evidence = catalogue.evidence(ids)
        photos = catalogue.photos_of([one.content_id for one in evidence])
        hits = [
            self._hit(sentence, near[one.region_id], one, row)
            for one in evidence
            for row in photos.get(one.content_id, ())
        ]
        return sorted(hits, key=lambda hit: (-hit.regions[0].similarity, hit.path))

    def _hit(self, sentence: str, cosine: float, evidence: Evidence, row: PhotoRow) -> Hit:
        score, band = min(max(cosine, 0.0), 1.0), ""
        if self._scorer is not None:
            near = np.array([cosine], np.float32)
            score = float(self._scorer.probabilities(sentence, near, [evidence])[0])
            band = self._scorer.band(score)
        quad = [(float(x), float(y)) for x, y in evidence.quad]
        return Hit(
            path=str(row.path),
            score=score,
            band=band,
            regions=[MatchedRegion(quad, sentence, evidence.reading, cosine, score)],
            photo_id=row.photo_id,
            width=row.width,
            height=row.height,
            online=row.root_online and not row.missing,
            mtime_ns=row.mtime_ns,
            score_map=ScoreMap.read(evidence.score_map),
        )
