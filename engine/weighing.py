"""What a photo scores by a query: how surely its words are there, and how they stand together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from engine.candidates import Candidates
from engine.catalogue import Catalogue
from engine.layout import nearness
from engine.matches import Match, Matches
from engine.query import Phrase, Query, Term
from engine.regions import ScoreMap

# Below this a photo is no answer, not even a weak one; only ``everything`` shows it.
LEAST_SCORE = 0.02
# Beside "bakery" a missing "the" counts so much of a missing word.
_FUNCTION_WEIGHT = 0.3
_NEVER = 1e-9
# Of a quoted phrase whose words stand apart, so much is left; on two lines, something between.
_APART = 0.4
# Unquoted words that stand together close so much of the gap to certainty, at most.
_TOGETHER = 0.5
# So many places of each word are tried for whether words stand together.
_LIKELY = 6
# More of them where one place at which they do is enough.
_PLACES_OF_PHRASE = 24
_LONGEST_JOINED = 24


class Weighing:
    """One query's candidates, and what each content scores by them.

    ``limit``: so many photos are asked for. ``places``: whether regions lie somewhere on a photo.
    """

    def __init__(
        self,
        query: Query,
        candidates: Candidates,
        catalogue: Catalogue,
        *,
        limit: int,
        everything: bool,
        places: bool,
    ) -> None:
        self.query = query
        self._places = places
        self._candidates = candidates
        self._catalogue = catalogue
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
        wanted, self._unwanted = (
            list(dict.fromkeys(one for term in terms for one in self._ones(term)))
            for terms in (self.terms, excluded)
        )
        # With several words it takes all candidates of each to know the best photos.
        enough = limit if len(query.words) == 1 and not query.excluded else 0
        self._found: dict[Term, Matches] = candidates.find(
            catalogue,
            list(dict.fromkeys([*wanted, *self._unwanted])),
            enough=enough,
            limit=limit,
            everything=everything,
        )
        if not everything:
            candidates.complete(catalogue, self._found, wanted, limit=limit)
        self.contents = self._possible()

    def score(self, content_id: int) -> float:
        """How surely all groups are there; words that stand together raise it."""
        best = [
            max((self.phrase(phrase, content_id), _is_function(phrase)) for phrase in group)
            for group in self.query.groups
        ]
        mean = _together(best)
        pairs = _plain_pairs(self.query) if self._places else []
        if pairs and mean > LEAST_SCORE:
            near = [self._nearness(first, second, content_id) for first, second in pairs]
            # In proportion to the belief in the words themselves: what is weak stays so.
            mean += mean * (1 - mean) * _TOGETHER * sum(near) / len(near)
        return mean

    def excluded(self, content_ids: Sequence[int]) -> set[int]:
        """Those of them that surely show what the query excludes.

        A frequent word has more candidates than are looked at: here they are, of these contents.
        """
        if not self.query.excluded:
            return set()
        self._candidates.look(self._catalogue, self._found, self._unwanted, content_ids)
        return {
            content_id
            for content_id in content_ids
            if any(self._shows(phrase, content_id, self._sure) for phrase in self.query.excluded)
        }

    def is_shown(self, content_id: int) -> bool:
        """Whether all groups are there by regions that are no guesses, however low they score."""
        return all(
            any(self._shows(phrase, content_id, self.shown) for phrase in group)
            for group in self._telling()
        )

    def shown(self, term: Term, content_id: int) -> list[Match]:
        """Of ``matches``, those that are no guesses."""
        found = (
            match
            for one in self._ones(term)
            for match in self._found[one].by_content.get(content_id, ())
            if self._candidates.is_shown(one, match)
        )
        return sorted(found, key=lambda match: match.order)

    def _sure(self, term: Term, content_id: int) -> list[Match]:
        return [
            match
            for match in self.matches(term, content_id)
            if self._candidates.is_sure(match.probability)
        ]

    def _shows(
        self,
        phrase: Phrase,
        content_id: int,
        regions: Callable[[Term, int], list[Match]],
    ) -> bool:
        """Whether such regions show every word of the phrase, each right after the one before."""
        before: list[Match] = []
        for place, term in enumerate(phrase.terms):
            sure = regions(term, content_id)
            if place and self._places:
                sure = [one for one in sure if any(_step(other, one) > 0 for other in before)]
            if not sure:
                return False
            before = sure[:_PLACES_OF_PHRASE]
        return True

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
        if len(phrase.terms) == 1 or mean <= LEAST_SCORE or not self._places:
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
        """Contents with a candidate for every group; without one, a score is next to nothing."""
        if not self.query.groups:
            return set()
        return set.intersection(
            *(
                {
                    content_id
                    for phrase in group
                    for term in phrase.terms
                    for one in self._ones(term)
                    for content_id in self._found[one].by_content
                }
                for group in self._telling()
            )
        )

    def _telling(self) -> Sequence[tuple[Phrase, ...]]:
        """The groups without those of function words, unless there are no others."""
        groups = [group for group in self.query.groups if not all(map(_is_function, group))]
        return groups or self.query.groups

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
