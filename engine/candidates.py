"""The regions that may show a word: found by their embeddings and readings, then scored."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Letterings
from engine.catalogue import Catalogue
from engine.index import VectorIndex
from engine.lookups import RegionRows
from engine.matches import Match, Matches
from engine.query import Term
from engine.rows import Evidence, PackIdentity
from engine.scoring import Scorable

Vector = NDArray[np.float32]

_FIRST = 512
_MOST = 4096
_MOST_READ = 1024
# Of a photo that is no candidate for a word, so much is believed at most.
_UNSEEN = 1e-3
# Ranking everything scores every region while there are no more than this, and then so many of all
# and of each content. Measured on 60 receipts with 6,000 words: mAP 88.3, and 87.3 with 16 of each.
_SCORED_ALL = 10_000
_BEST_OF_ALL = 2048
_BEST_OF_EACH = 16
# A query with a frequent word looks for it in so many photos that show another of its words.
_COMPLETED = 512
_BEST_OF_COMPLETED = 4
# For so many photos these bounds are; for more they rise in proportion.
_USUAL_LIMIT = 1000
_ALL = 2**62
_REMEMBERED_WORDS = 512
# Where attributes are asked for, the word may stand in another colour on most photos that show it.
_MOST_LOOKING = 4 * _MOST
_BEST_OF_LOOKING = 16
# Lettering that may say anything: so sure must Focus be of it, and so many letters be read.
_SURE_LETTERING = 0.7
_LEAST_LETTERS = 2
# A word that stands in a longer reading is less probable than by itself. It must be no guess if it
# were so many times as probable. Measured on the sample photos: of weak hits of that kind 62 of 98
# are right above this border, and 4 of 49 below.
_READ = 1.5


class WordScorer(Protocol):
    """What of ``scoring.Scorer`` a search needs."""

    def probabilities(
        self,
        word: str,
        similarities: NDArray[np.float32],
        regions: Sequence[Scorable],
        *,
        prefix: bool = False,
        whole: bool = False,
    ) -> NDArray[np.float32]: ...

    def band(self, probability: float) -> str: ...


class Candidates:
    """Finds and scores regions; ``index`` gives whichever index answers now."""

    def __init__(
        self,
        index: Callable[[], VectorIndex],
        embed_words: Callable[[Sequence[str]], Vector],
        scorer: WordScorer,
        pack: PackIdentity,
    ) -> None:
        self._index = index
        self._embed_words = embed_words
        self._scorer = scorer
        self._pack = pack
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Vector] = OrderedDict()
        self._everything: tuple[object, RegionRows] | None = None

    def is_sure(self, probability: float) -> bool:
        """Whether it is that of more than a weak guess."""
        return self._scorer.band(probability) != "weak"

    def is_shown(self, term: Term, match: Match) -> bool:
        """Whether the region is no guess: it surely shows the word, or is read as holding it."""
        return self.is_sure(match.probability) or (
            term.is_part(match.evidence.reading) and self.is_sure(_READ * match.probability)
        )

    def find(
        self,
        catalogue: Catalogue,
        terms: Sequence[Term],
        *,
        enough: int,
        limit: int,
        everything: bool,
    ) -> dict[Term, Matches]:
        """The candidates of each word; with ``everything``, some of every content that has any.

        ``enough``: so many contents that surely show a word will do; 0: all that may show it.
        ``limit``: so many photos are asked for; of a frequent word more are looked at for more of
        them, and all for 0.
        """
        pack_id = catalogue.pack_id(self._pack)
        words = [term for term in terms if term.text]
        found = {
            term: self._lettering(catalogue, pack_id, term, enough)
            for term in terms
            if not term.text
        }
        if not words:
            return found
        vectors = self._embed([term.text for term in words])
        if everything:
            regions = self._all_regions(catalogue, pack_id)
            return found | {
                term: self._ranked(catalogue, pack_id, regions, term, vector)
                for term, vector in zip(words, vectors, strict=True)
            }
        ids, similarities = self._index().search(vectors, _FIRST)
        return found | {
            term: self._nearest(
                catalogue, pack_id, term, vectors[row], ids[row], similarities[row], enough, limit
            )
            for row, term in enumerate(words)
        }

    def complete(
        self,
        catalogue: Catalogue,
        found: dict[Term, Matches],
        terms: Sequence[Term],
        *,
        limit: int,
    ) -> None:
        """Looks for words with too many candidates in the photos that surely show another word."""
        cut = [term for term in terms if found[term].is_cut]
        if not cut:
            return
        surest: dict[int, float] = {}
        for term in terms:
            for content_id, matches in found[term].by_content.items():
                best = matches[0].probability
                if self.is_sure(best) and best > surest.get(content_id, 0.0):
                    surest[content_id] = best
        chosen = sorted(surest, key=lambda content_id: (-surest[content_id], content_id))
        lacking = {
            term: [content for content in chosen if content not in found[term].by_content]
            for term in cut
        }
        most = _at_limit(_COMPLETED, limit)
        self._look_in(
            catalogue, found, {term: contents[:most] for term, contents in lacking.items()}
        )

    def look(
        self,
        catalogue: Catalogue,
        found: dict[Term, Matches],
        terms: Iterable[Term],
        content_ids: Sequence[int],
    ) -> None:
        """Looks for words with too many candidates in these contents, where nobody has yet."""
        lacking = {
            term: [content for content in content_ids if content not in found[term].by_content]
            for term in terms
            if found[term].is_cut
        }
        self._look_in(catalogue, found, lacking)

    def _look_in(
        self, catalogue: Catalogue, found: dict[Term, Matches], lacking: dict[Term, list[int]]
    ) -> None:
        """Adds the likeliest regions of these contents; of many together, memory would be short."""
        wanted = sorted(set().union(*lacking.values()))
        if not wanted:
            return
        pack_id = catalogue.pack_id(self._pack)
        vectors = self._embed([term.text for term in lacking])
        for start in range(0, len(wanted), _COMPLETED):
            piece = wanted[start : start + _COMPLETED]
            regions = catalogue.regions_of(pack_id, piece)
            for (term, contents), vector in zip(lacking.items(), vectors, strict=True):
                place = np.flatnonzero(np.isin(regions.contents, contents))
                # A folder may have been taken out since the words were found in it.
                if not len(place):
                    continue
                similarities = regions.embeddings[place].astype(np.float32) @ vector
                most = _BEST_OF_LOOKING if term.attributes else _BEST_OF_COMPLETED
                likely = _best_of_each(regions.contents[place], similarities, most)
                ids = regions.ids[place]
                at_least = _BEST_OF_COMPLETED * len(piece)
                read = _read_so(catalogue, pack_id, term, max(_most_read(term), at_least), piece)
                likely = np.union1d(likely, np.flatnonzero(np.isin(ids, read.ids)))
                found[term].add(self._scored(catalogue, term, ids[likely], similarities[likely]))

    def _nearest(
        self,
        catalogue: Catalogue,
        pack_id: int,
        term: Term,
        vector: Vector,
        ids: NDArray[np.int64],
        similarities: NDArray[np.float32],
        enough: int,
        limit: int,
    ) -> Matches:
        """More and more of the nearest regions, until the last of them no longer matter."""
        found = Matches(unseen=_UNSEEN)
        seen: NDArray[np.int64] = np.empty(0, np.int64)
        k, most = _FIRST, _at_limit(_MOST_LOOKING if term.attributes else _MOST, limit)
        while True:
            new = ~np.isin(ids, seen)
            matches = self._scored(catalogue, term, ids[new], similarities[new])
            found.add(matches)
            seen = np.union1d(seen, ids)
            last = {int(one) for one in ids[-max(1, len(ids) // 4) :]}
            # Not how they look: behind words of another colour come words of the right one.
            tail = [match.shown for match in matches if match.evidence.region_id in last]
            found.unseen = min([_UNSEEN, *tail])
            if len(ids) < k or not any(map(self.is_sure, tail)):
                break
            if enough and found.better_than(max(tail, default=0.0)) >= enough:
                break
            if k >= most:
                found.is_cut = True
                break
            k = min(4 * k, most)
            rows, near = self._index().search(vector[None], k)
            ids, similarities = rows[0], near[0]
        # What is read as the word, or holds it, may lie farther off than all of these.
        most = _at_limit(_most_read(term), limit)
        read = _read_so(catalogue, pack_id, term, most)
        found.is_cut |= len(read.ids) >= most
        new = ~np.isin(read.ids, seen)
        if new.any():
            similarities = read.embeddings[new].astype(np.float32) @ vector
            found.add(self._scored(catalogue, term, read.ids[new], similarities))
        return found

    def _ranked(
        self,
        catalogue: Catalogue,
        pack_id: int,
        regions: RegionRows,
        term: Term,
        vector: Vector,
    ) -> Matches:
        found = Matches()
        if not len(regions.ids):
            return found
        similarities = np.concatenate(
            [
                regions.embeddings[start : start + _MOST].astype(np.float32) @ vector
                for start in range(0, len(regions.ids), _MOST)
            ]
        )
        chosen = np.arange(len(similarities))
        if len(similarities) > _SCORED_ALL:
            near = np.union1d(
                np.argsort(-similarities, kind="stable")[:_BEST_OF_ALL],
                _best_of_each(regions.contents, similarities, _BEST_OF_EACH),
            )
            read = _read_so(catalogue, pack_id, term, _most_read(term)).ids
            chosen = np.union1d(near, np.flatnonzero(np.isin(regions.ids, read)))
        found.add(self._scored(catalogue, term, regions.ids[chosen], similarities[chosen]))
        return found

    def _scored(
        self,
        catalogue: Catalogue,
        term: Term,
        ids: NDArray[np.int64],
        similarities: NDArray[np.float32],
    ) -> list[Match]:
        """In the order of the ids; without those that are gone."""
        by_id = dict(zip(ids.tolist(), similarities.tolist(), strict=True))
        evidence = catalogue.evidence(ids)
        if not evidence:
            return []
        near = np.array([by_id[one.region_id] for one in evidence], np.float32)
        shown = self._scorer.probabilities(
            term.text, near, evidence, prefix=term.prefix, whole=term.alone
        )
        looking = shown
        if term.attributes:
            looking = shown * term.attributes.fits(_letterings(catalogue, evidence))
        return [
            Match(term.text, *one)
            for one in zip(evidence, near.tolist(), looking.tolist(), shown.tolist(), strict=True)
        ]

    def _lettering(self, catalogue: Catalogue, pack_id: int, term: Term, enough: int) -> Matches:
        """Sure lettering that looks as was asked, whatever it says; as sure as Focus is of it."""
        parts = [
            (rows.ids, rows.contents, rows.confidences, term.attributes.fits(rows.looks))
            for rows in catalogue.letterings(pack_id, _SURE_LETTERING, _LEAST_LETTERS)
        ]
        found = Matches()
        if not parts:
            return found
        ids, contents, sure, fits = (np.concatenate(part) for part in zip(*parts, strict=True))
        scores = sure * fits
        chosen = _best_of_each(contents, scores, _BEST_OF_LOOKING)
        best = np.sort(scores[_best_of_each(contents, scores, 1)])
        # Of equals the path decides, so that the last one's equals are needed too.
        least = best[-enough] if 0 < enough <= len(best) else 0.0
        chosen = chosen[(scores[chosen] >= least) & (scores[chosen] > 0)]
        place = dict(zip(ids[chosen].tolist(), chosen.tolist(), strict=True))
        found.add(
            Match(one.reading, one, float(fits[at]), float(scores[at]), one.confidence)
            for one in catalogue.evidence(ids[chosen])
            for at in [place[one.region_id]]
        )
        return found

    def _embed(self, words: Sequence[str]) -> Vector:
        """Unit rows (n, d); words of late queries are remembered, since people type on."""
        with self._lock:
            lacking = [word for word in dict.fromkeys(words) if word not in self._remembered]
            if lacking:
                rows = self._embed_words(lacking).astype(np.float32)
                self._remembered.update(zip(lacking, rows, strict=True))
            for word in words:
                self._remembered.move_to_end(word)
            answer = np.stack([self._remembered[word] for word in words])
            while len(self._remembered) > _REMEMBERED_WORDS:
                self._remembered.popitem(last=False)
            return answer

    def _all_regions(self, catalogue: Catalogue, pack_id: int) -> RegionRows:
        """Held in memory until a region comes or goes: whoever asks for everything asks often."""
        with self._lock:
            state = (pack_id, catalogue.region_state(pack_id))
            if self._everything is None or self._everything[0] != state:
                chunks = list(catalogue.all_regions(pack_id))
                if not chunks:
                    nothing = np.empty(0, np.int64)
                    return RegionRows(nothing, nothing, np.empty((0, 0), np.float16))
                rows = RegionRows(*(np.concatenate(part) for part in zip(*chunks, strict=True)))
                self._everything = (state, rows)
            return self._everything[1]


def _read_so(
    catalogue: Catalogue,
    pack_id: int,
    term: Term,
    most: int,
    among: Sequence[int] | None = None,
) -> RegionRows:
    """At most ``most`` regions by their readings alone; ``among``: of these contents."""
    return catalogue.regions_reading(
        pack_id,
        term.text,
        prefix=term.prefix,
        whole=term.alone,
        most=most,
        among=among,
    )


def _at_limit(most: int, limit: int) -> int:
    """``most`` as it is for so many photos; 0 asks for all of them."""
    return most * max(1, -(-limit // _USUAL_LIMIT)) if limit else _ALL


def _most_read(term: Term) -> int:
    return _MOST_LOOKING if term.attributes else _MOST_READ


def _letterings(catalogue: Catalogue, evidence: Sequence[Evidence]) -> Letterings:
    return Letterings(
        [one.colours for one in evidence],
        np.stack([one.quad for one in evidence]),
        catalogue.photo_sizes(one.content_id for one in evidence),
    )


def _best_of_each(
    contents: NDArray[np.int64], similarities: NDArray[np.float32], most: int
) -> NDArray[np.int64]:
    """Places of the ``most`` nearest regions of every content."""
    order = np.lexsort((-similarities, contents))
    ordered = contents[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(np.append(begins, len(ordered)))
    rank = np.arange(len(ordered)) - np.repeat(begins, counts)
    best: NDArray[np.int64] = order[rank < most]
    return best
