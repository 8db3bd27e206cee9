"""Search: a query becomes words, words become candidate regions, regions become ranked hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.candidates import Candidates, WordScorer
from engine.catalogue import Catalogue
from engine.index import VectorIndex
from engine.layout import nearness, same_place
from engine.matches import Match, Matches
from engine.packs import Mode
from engine.query import Phrase, Query, Term, parse
from engine.regions import ScoreMap
from engine.rows import PackIdentity, PhotoRow

# Beside "bakery" a missing "the" counts so much of a missing word.
_FUNCTION_WEIGHT = 0.3
# Below this a photo is no answer, not even a weak one; only ``everything`` shows it.
_LEAST_SCORE = 0.02
_NEVER = 1e-9
# Of a quoted phrase whose words stand apart, so much is left; on two lines, something between.
_APART = 0.4
# Unquoted words that stand together close so much of the gap to certainty, at most.
_TOGETHER = 0.5
_MOST_REGIONS_A_WORD = 12
# So many places of each word are tried for whether words stand together.
_LIKELY = 6
_LONGEST_JOINED = 24


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
                # With several words it takes all candidates of each to know the best photos.
                enough = limit if len(query.words) == 1 and not query.excluded else 0
                weighing = _Weighing(
                    query, self._candidates, catalogue, enough, everything, self._places
                )
                scores = self._scores(weighing, 0.0 if everything else _LEAST_SCORE)
                hits = self._hits(weighing, scores, catalogue, limit)
        return Answer(text, query.words, hits, time.perf_counter() - started)

    def _scores(self, weighing: _Weighing, least: float) -> dict[int, float]:
        scores: dict[int, float] = {}
        for content_id in weighing.contents:
            score = weighing.score(content_id)
            if score >= least and not self._is_excluded(weighing, content_id):
                scores[content_id] = score
        return scores

    def _hits(
        self, weighing: _Weighing, scores: dict[int, float], catalogue: Catalogue, limit: int
    ) -> list[Hit]:
        """Every photo of the best contents; one content may be shown by several photos."""
        ordered = sorted(scores, key=lambda content_id: -scores[content_id])
        if 0 < limit <= len(ordered):
            # All that equal the last, for among equals the path decides.
            last = scores[ordered[limit - 1]]
            ordered = [content_id for content_id in ordered if scores[content_id] >= last]
        found = catalogue.photos_of(ordered)
        ranked = sorted(
            ((content_id, row) for content_id, rows in found.items() for row in rows),
            key=lambda one: (-scores[one[0]], str(one[1].path)),
        )
        return [
            self._hit(weighing, scores[content_id], row, content_id)
            for content_id, row in ranked[: limit or None]
        ]

    def _is_excluded(self, weighing: _Weighing, content_id: int) -> bool:
        return any(
            self._scorer.band(weighing.phrase(phrase, content_id)) != "weak"
            for phrase in weighing.query.excluded
        )

    def _hit(self, weighing: _Weighing, score: float, row: PhotoRow, content_id: int) -> Hit:
        return Hit(
            path=str(row.path),
            score=score,
            band=self._scorer.band(score),
            regions=self._regions(weighing, content_id),
            photo_id=row.photo_id,
            width=row.width,
            height=row.height,
            online=row.root_online and not row.missing,
            mtime_ns=row.mtime_ns,
            score_map=None if self._places else weighing.score_map(content_id),
        )

    def _regions(self, weighing: _Weighing, content_id: int) -> list[MatchedRegion]:
        """The regions that show the words; of a word that none surely shows, the likeliest one.

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
            for match in matches:
                is_weak = self._scorer.band(match.probability) == "weak"
                if is_weak or len(sure) == _MOST_REGIONS_A_WORD:
                    break
                place = match.evidence.quad
                if not any(same_place(place, other.evidence.quad) for other in sure):
                    sure.append(match)
            if not sure and term in chosen and not term.function:
                sure = [match for match in matches[:1] if match.probability >= _LEAST_SCORE]
            for match in sure:
                shown.setdefault((match.evidence.region_id, match.word), _matched(match))
        if not shown and guesses:
            return [_matched(min(guesses, key=lambda match: match.order))]
        return sorted(shown.values(), key=lambda region: -region.probability)


def _matched(match: Match) -> MatchedRegion:
    return MatchedRegion(
        quad=[(float(x), float(y)) for x, y in match.evidence.quad],
        word=match.word,
        reading=match.evidence.reading,
        similarity=match.similarity,
        probability=match.probability,
    )


class _Weighing:
    """One query's candidates, and what each content scores by them."""

    def __init__(
        self,
        query: Query,
        candidates: Candidates,
        catalogue: Catalogue,
        enough: int,
        everything: bool,
        places: bool,
    ) -> None:
        self.query = query
        self._places = places
        positive = [phrase for group in query.groups for phrase in group]
        self.terms = list(dict.fromkeys(term for phrase in positive for term in phrase.terms))
        excluded = [term for phrase in query.excluded for term in phrase.terms]
        # Two words that follow each other may be one region: "coca cola" on the can is one word.
        self._joined: dict[Term, list[Term]] = {}
        for first, second in _neighbours(query):
            one = replace(first, text=first.text + second.text, whole=False)
            if len(one.text) <= _LONGEST_JOINED and not first.prefix and not second.prefix:
                self._joined.setdefault(first, []).append(one)
                self._joined.setdefault(second, []).append(one)
        joined = [one for ones in self._joined.values() for one in ones]
        wanted = list(dict.fromkeys([*self.terms, *excluded, *joined]))
        self._found: dict[Term, Matches] = candidates.find(
            catalogue, wanted, enough=enough, everything=everything
        )
        if not everything:
            candidates.complete(catalogue, self._found, wanted)
        self.contents = self._possible()

    def score(self, content_id: int) -> float:
        """How surely all groups are there; words that stand together raise it."""
        best = [
            max((self.phrase(phrase, content_id), _is_function(phrase)) for phrase in group)
            for group in self.query.groups
        ]
        mean = _together(best)
        pairs = _plain_pairs(self.query) if self._places else []
        if pairs and mean > _LEAST_SCORE:
            near = [self._nearness(first, second, content_id) for first, second in pairs]
            # In proportion to the belief in the words themselves: what is weak stays so.
            mean += mean * (1 - mean) * _TOGETHER * sum(near) / len(near)
        return mean

    def chosen(self, content_id: int) -> set[Term]:
        """The words of those phrases, one of every group, that the content shows most surely."""
        return {
            term for group in self.query.groups for term in self._surest(group, content_id).terms
        }

    def _surest(self, group: Sequence[Phrase], content_id: int) -> Phrase:
        if len(group) == 1:  # as nearly always: weighing a phrase takes its time
            return group[0]
        return max(group, key=lambda phrase: self.phrase(phrase, content_id))

    def phrase(self, phrase: Phrase, content_id: int) -> float:
        """How surely the phrase is there, its words side by side."""
        mean = _together([(self._best(term, content_id), term.function) for term in phrase.terms])
        if len(phrase.terms) == 1 or mean <= _LEAST_SCORE or not self._places:
            return mean
        steps = [
            self._nearness(first, second, content_id) for first, second in pairwise(phrase.terms)
        ]
        return mean * (_APART + (1 - _APART) * min(steps))

    def matches(self, term: Term, content_id: int) -> list[Match]:
        """The content's regions that may show the word, or it and a neighbour; best first."""
        ones = [self._found[one].by_content.get(content_id, []) for one in self._ones(term)]
        if len(ones) == 1:
            return ones[0]
        return sorted((match for found in ones for match in found), key=lambda match: match.order)

    def score_map(self, content_id: int) -> ScoreMap | None:
        """Where on the photo there is text, if any of its regions tells."""
        for term in self.terms:
            for match in self.matches(term, content_id):
                if match.evidence.score_map:
                    return ScoreMap.read(match.evidence.score_map)
        return None

    def _possible(self) -> set[int]:
        """Contents with a candidate for every group; without one, a score is next to nothing.

        Function words are let off, unless there are no others.
        """
        groups = [group for group in self.query.groups if not all(map(_is_function, group))]
        return set.intersection(
            *(
                {
                    content_id
                    for phrase in group
                    for term in phrase.terms
                    for one in self._ones(term)
                    for content_id in self._found[one].by_content
                }
                for group in groups or self.query.groups
            )
        )

    def _ones(self, term: Term) -> tuple[Term, ...]:
        return (term, *self._joined.get(term, ()))

    def _best(self, term: Term, content_id: int) -> float:
        best = self._found[term].unseen
        for one in self._ones(term):
            matches = self._found[one].by_content.get(content_id)
            if matches:
                best = max(best, matches[0].probability)
        return best

    def _nearness(self, first: Term, second: Term, content_id: int) -> float:
        """How surely the two words stand together in reading order: 1 on a line, 0 apart."""
        before = self.matches(first, content_id)[:_LIKELY]
        after = self.matches(second, content_id)[:_LIKELY]
        if not before or not after:
            return 0.0
        # The likeliest pair need not be the nearest: "open" may stand on a photo twice.
        most = min(before[0].probability, after[0].probability)
        return max(
            _step(a, b) * min(a.probability, b.probability, most) for a in before for b in after
        ) / max(most, _NEVER)


def _step(first: Match, second: Match) -> float:
    """How surely one word is read right after the other; of one region, where it holds both so."""
    if first.evidence.region_id == second.evidence.region_id:
        return float(first.word == second.word)
    return nearness(first.evidence.quad, second.evidence.quad)


def _neighbours(query: Query) -> Iterable[tuple[Term, Term]]:
    """Terms that follow each other, inside phrases and as plain words."""
    yield from _plain_pairs(query)
    for group in query.groups:
        for phrase in group:
            yield from pairwise(phrase.terms)
    for phrase in query.excluded:
        yield from pairwise(phrase.terms)


def _plain_pairs(query: Query) -> list[tuple[Term, Term]]:
    """Words that were typed one after the other, without quotes and choices."""
    plain = [
        group[0].terms[0] if len(group) == 1 and len(group[0].terms) == 1 else None
        for group in query.groups
    ]
    return [(a, b) for a, b in pairwise(plain) if a is not None and b is not None]


def _is_function(phrase: Phrase) -> bool:
    return all(term.function for term in phrase.terms)


def _together(scored: Sequence[tuple[float, bool]]) -> float:
    """The harmonic mean of scores, which is low where one of them is; True: a function word's."""
    if len(scored) == 1:
        return scored[0][0]
    content = any(not function for _, function in scored)
    beliefs = [
        1 - _FUNCTION_WEIGHT * (1 - score) if function and content else score
        for score, function in scored
    ]
    return len(beliefs) / sum(1 / max(belief, _NEVER) for belief in beliefs)
