"""Search: a query becomes words, words become candidate regions, regions become ranked hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.candidates import Candidates, WordScorer
from engine.catalogue import Catalogue
from engine.index import VectorIndex
from engine.layout import same_place
from engine.matches import Match
from engine.packs import Mode
from engine.query import Query, parse
from engine.regions import ScoreMap
from engine.rows import PackIdentity, PhotoRow
from engine.scoring import Band
from engine.weighing import LEAST_SCORE, Weighing

_MOST_REGIONS_A_WORD = 12
# So many photos at once are searched for what is excluded.
_CHECKED = 512


@dataclass(frozen=True, slots=True)
class MatchedRegion:
    """Where in a photo a word was found. ``quad``: 4 corners in pixels of the upright photo.

    ``word``: folded, as asked for (``cocacola`` when two words were found as one); where only
    attributes were asked for, as it is read. ``probability``: that it shows the word and looks so.
    """

    quad: list[tuple[float, float]]
    word: str
    reading: str
    similarity: float
    probability: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo with its evidence. ``score``: 0..1. ``online``: the file is there to be opened.

    ``band``: empty where a pack cannot say how sure it is. ``score_map``: where the text is, by a
    pack that embeds whole photos.
    """

    path: str
    score: float
    band: str
    regions: list[MatchedRegion]
    photo_id: int
    width: int
    height: int
    online: bool
    mtime_ns: int
    score_map: ScoreMap | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """``words``: the folded words that were searched, none if the query holds nothing to find.

    Of scenes they are the sentence that was searched, of attributes alone the query's text.
    """

    query: str
    words: list[str]
    hits: list[Hit]
    seconds: float
    mode: Mode = "words"


class Searcher:
    """Answers queries about one pack's regions; may be called from several threads.

    ``reading`` lends a connection to the catalogue, ``index`` gives whichever index answers now,
    ``embed_words`` unit embeddings (n, d). ``places``: whether regions lie somewhere on a photo,
    so that it means something how they stand to each other; whole photos do not.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Catalogue]],
        index: Callable[[], VectorIndex],
        embed_words: Callable[[Sequence[str]], NDArray[np.float32]],
        scorer: WordScorer,
        pack: PackIdentity,
        *,
        places: bool = True,
    ) -> None:
        self._reading = reading
        self._scorer = scorer
        self._places = places
        self._candidates = Candidates(index, embed_words, scorer, pack)

    def ask(self, text: str, *, limit: int = 200, everything: bool = False) -> Answer:
        """The best ``limit`` photos, best first, equals by path; all of them when it is 0.

        ``everything`` ranks every photo that has a region, however improbable.
        """
        started = time.perf_counter()
        query = parse(text)
        hits: list[Hit] = []
        # Of a whole photo nobody knows how each of its words looks.
        if query.groups and (self._places or not query.attributes):
            with self._reading() as catalogue:
                weighing = self._weighing(query, catalogue, limit, everything)
                least = 0.0 if everything else LEAST_SCORE
                scores = {content: weighing.score(content) for content in weighing.contents}
                scores = {content: score for content, score in scores.items() if score >= least}
                hits = self._hits(weighing, scores, catalogue, limit)
        return Answer(text, query.words, hits, time.perf_counter() - started)

    def excluded(self, text: str, photo_ids: Collection[int]) -> set[int]:
        """Those of these photos that surely show what the query excludes."""
        query = replace(parse(text), groups=())
        if not query.excluded or not photo_ids:
            return set()
        with self._reading() as catalogue:
            shown = catalogue.contents_of(photo_ids)
            weighing = self._weighing(query, catalogue, len(photo_ids), everything=False)
            excluded = weighing.excluded(sorted(set(shown.values())))
        return {photo_id for photo_id, content_id in shown.items() if content_id in excluded}

    def _weighing(
        self, query: Query, catalogue: Catalogue, limit: int, everything: bool
    ) -> Weighing:
        return Weighing(
            query,
            self._candidates,
            catalogue,
            limit=limit,
            everything=everything,
            places=self._places,
        )

    def _hits(
        self, weighing: Weighing, scores: dict[int, float], catalogue: Catalogue, limit: int
    ) -> list[Hit]:
        """Every photo of the best contents; one content may be shown by several photos."""
        found = catalogue.photos_of(_best(weighing, scores, limit))
        ranked = sorted(
            ((content_id, row) for content_id, rows in found.items() for row in rows),
            key=lambda one: (-scores[one[0]], str(one[1].path)),
        )
        return [
            self._hit(weighing, scores[content_id], row, content_id)
            for content_id, row in ranked[: limit or None]
        ]

    def _hit(self, weighing: Weighing, score: float, row: PhotoRow, content_id: int) -> Hit:
        band = self._scorer.band(score)
        if band == Band.WEAK and weighing.is_shown(content_id):
            band = Band.PROBABLY
        return Hit(
            path=str(row.path),
            score=score,
            band=band,
            regions=self._regions(weighing, content_id),
            photo_id=row.photo_id,
            width=row.width,
            height=row.height,
            online=row.root_online and not row.missing,
            mtime_ns=row.mtime_ns,
            score_map=None if self._places else weighing.score_map(content_id),
        )

    def _regions(self, weighing: Weighing, content_id: int) -> list[MatchedRegion]:
        """The regions that show the words; of a word that none shows, the likeliest one.

        Not so of function words and of what the photo was not chosen for: of a choice it need show
        one only. A word that was read alone and together with its neighbour is shown once, as it
        fits best.
        """
        shown: dict[tuple[int, str], MatchedRegion] = {}
        chosen = weighing.chosen(content_id)
        guesses: list[Match] = []
        for term in weighing.terms:
            matches = weighing.matches(term, content_id)
            guesses += matches[:1]
            sure: list[Match] = []
            for match in weighing.shown(term, content_id):
                if len(sure) == _MOST_REGIONS_A_WORD:
                    break
                place = match.evidence.quad
                if not any(same_place(place, other.evidence.quad) for other in sure):
                    sure.append(match)
            if not sure and term in chosen and not term.function:
                sure = [match for match in matches[:1] if match.probability >= LEAST_SCORE]
            for match in sure:
                shown.setdefault((match.evidence.region_id, match.word), _matched(match))
        if not shown and guesses:
            return [_matched(min(guesses, key=lambda match: match.order))]
        return sorted(shown.values(), key=lambda region: -region.probability)


def _best(weighing: Weighing, scores: dict[int, float], limit: int) -> list[int]:
    """The best ``limit`` contents that show nothing excluded, and all that equal the last of them.

    Among equals the path decides. What is excluded is looked for in the best ones first, and in
    others only until there are enough.
    """
    ordered = sorted(scores, key=lambda content_id: -scores[content_id])
    kept: list[int] = []
    last = 0.0
    for start in range(0, len(ordered), _CHECKED):
        some = ordered[start : start + _CHECKED]
        if scores[some[0]] < last:
            break
        excluded = weighing.excluded(some)
        kept += [content_id for content_id in some if content_id not in excluded]
        if 0 < limit <= len(kept):
            last = scores[kept[limit - 1]]
    return [content_id for content_id in kept if scores[content_id] >= last]


def _matched(match: Match) -> MatchedRegion:
    return MatchedRegion(
        quad=[(float(x), float(y)) for x, y in match.evidence.quad],
        word=match.word,
        reading=match.evidence.reading,
        similarity=match.similarity,
        probability=match.probability,
    )
