"""A page for people: every query that lost, the photos that ranked too low, and why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from engine.errors import LibraryError
from engine.tokenizer import fold
from export.evaluation import drawing
from export.evaluation.detection import Quad, cover
from export.evaluation.drawing import Picture, Pictures
from export.evaluation.losses import MEANINGS, Cause, Loss, LostQuery, Rival, Seen, Verdict, tally
from export.evaluation.run import Examined
from export.evaluation.stylesheet import STYLE

PAGE = "index.html"
MOST_PHOTOS = 6
"""Shown of one query; the others are named."""
_OPEN = 8
"""So many queries of a set are open from the start."""
_NEAREST = 6


def make_folder(folder: Path) -> None:
    """Makes sure that a page can be written there; ``LibraryError`` when it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _not_written(folder, error) from error


def write_page(folder: Path, examined: Sequence[Examined]) -> Path:
    """Writes ``index.html`` and ``photos/`` into a folder, which may exist; the page's path.

    ``LibraryError`` when that cannot be done.
    """
    try:
        pictures = Pictures(folder)
        parts = [
            part
            for number, one in enumerate(examined, 1)
            for part in _Section(one, pictures, number).html()
        ]
        head = _head(tally(query for one in examined for query in one.lost))
        (folder / PAGE).write_text("\n".join([head, *parts, "</body></html>\n"]), "utf-8")
    except OSError as error:
        raise _not_written(folder, error) from error
    return folder / PAGE


def _not_written(folder: Path, error: OSError) -> LibraryError:
    return LibraryError(f"The report cannot be written to {folder}: {error.strerror or error}.")


def _head(counts: Mapping[Cause, int]) -> str:
    rules = "".join(
        f"body:has(#only-{cause.name}:checked) .loss:not(.{cause.name}),"
        f"body:has(#only-{cause.name}:checked) .query:not(:has(.{cause.name})) {{display:none}}"
        for cause in Cause
    )
    choices = "".join(
        f'<label><input type="radio" name="only" id="only-{cause.name}"> {cause}</label>'
        for cause, count in counts.items()
        if count
    )
    keys = "".join(
        f'<span><span class="key" style="border-color:var(--{name})"></span>{meaning}</span>'
        for name, meaning in (
            ("region", "found by Focus"),
            ("place", "where the word stands"),
            ("best", "the region nearest to it"),
            ("rival", "what matched in a photo above"),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Queries that lost</title><style>{STYLE}{rules}</style></head><body>"
        "<h1>Queries that lost</h1>"
        "<p>Each query below ranked at least one photo that shows it beneath one that does not. "
        "Photos are sorted out by what went wrong first: finding the word, cutting it from the "
        "photo, reading it, or ranking the photo.</p>"
        f'<p class="keys quiet">{keys}</p><nav>'
        '<label><input type="radio" name="only" checked> all causes</label>'
        f"{choices}</nav>"
    )


class _Section:
    """The part of one pack on one set."""

    def __init__(self, examined: Examined, pictures: Pictures, number: int) -> None:
        self._examined = examined
        self._pictures = pictures
        self._number = number
        self._drawn: dict[str, Picture] = {}

    def html(self) -> list[str]:
        one = self._examined
        figures = one.measurement.quality
        worst_first = sorted(one.lost, key=lambda query: query.average_precision)
        queries = [self._query(query, at < _OPEN) for at, query in enumerate(worst_first)]
        head = (
            f"<section><h2>{escape(one.labelled.name)}</h2><p>{len(one.labelled.photos)} photos, "
            f"{figures.queries} queries, of which {len(one.lost)} lost. mAP "
            f"{100 * figures.mean_average_precision:.1f}, top-1 {100 * figures.top1:.1f}, hit@10 "
            f"{100 * figures.hit10:.1f}; {escape(one.measurement.program)}.</p>"
        )
        return [
            head,
            _tally(one.lost),
            *queries,
            *self._photos(),
            "</section>",
        ]

    def _query(self, query: LostQuery, is_open: bool) -> str:
        causes = {loss.cause for loss in query.losses}
        badges = " ".join(_badge(cause) for cause in Cause if cause in causes)
        cards = [self._loss(query, loss) for loss in query.losses[:MOST_PHOTOS]]
        others = ", ".join(
            f"{escape(loss.photo)} (rank {loss.rank}, {loss.cause})"
            for loss in query.losses[MOST_PHOTOS:]
        )
        more = f"<p><small>Also too low: {others}.</small></p>" if others else ""
        # What is only named must not keep its query from being chosen by its cause.
        hidden = "".join(
            f'<i class="loss {cause.name}" hidden></i>'
            for cause in sorted({loss.cause for loss in query.losses[MOST_PHOTOS:]})
        )
        return (
            f'<details class="query"{" open" if is_open else ""}><summary>'
            f'<q class="word">{escape(query.query)}</q> average precision '
            f"{query.average_precision:.2f}; {len(query.losses)} of {query.relevant} "
            f"{'photo' if query.relevant == 1 else 'photos'} too low {badges}</summary>"
            f"{''.join(cards)}{hidden}{more}</details>"
        )

    def _loss(self, query: LostQuery, loss: Loss) -> str:
        picture = self._picture(loss.photo)
        marks = [mark for verdict in loss.verdicts for mark in _marks(verdict)]
        drawn = drawing.photo(picture, marks) if picture else "<p>No picture.</p>"
        close = drawing.close_up(picture, marks) if picture and marks else ""
        total = len(self._examined.labelled.photos)
        score = "no score" if loss.score is None else f"score {loss.score:.2g}"
        seen = self._examined.shown.seen.get(loss.photo, ())
        said = "".join(self._verdict(loss.photo, verdict, seen) for verdict in loss.verdicts)
        link = f'<a href="#photo-{picture.key}">{len(seen)} regions</a>' if picture else ""
        rivals = "".join(self._rival(rival) for rival in query.above(loss))
        return (
            f'<div class="loss {loss.cause.name}"><figure>{drawn}'
            f"<figcaption>{escape(loss.photo)} {link}</figcaption></figure><div>"
            f"<p>{_badge(loss.cause)} rank {loss.rank} of {total}, {score}</p>{close}{said}"
            f'<p class="quiet">Above it:</p><div class="rivals">{rivals}</div></div></div>'
        )

    def _verdict(self, photo: str, verdict: Verdict, seen: Sequence[Seen]) -> str:
        word = f"<q>{escape(verdict.word)}</q>"
        if verdict.cause is Cause.NOT_OPENED:
            reason = self._examined.shown.skipped.get(photo, "")
            return f"<p>{word}: the photo was skipped. {escape(reason)}</p>"
        facts = []
        if verdict.region is not None and verdict.region.reads:
            facts.append(f"read as {_quoted(verdict.region.reading)}")
        if verdict.distance is not None:
            facts.append(f"{100 * verdict.distance:.0f} % wrong")
        if verdict.place is None:
            facts.append("its place is not known")
        elif verdict.region is not None and verdict.overlap is not None:
            held = cover(verdict.place, verdict.region.quad)
            other = 1 - cover(verdict.region.quad, verdict.place)
            facts.append(
                f"overlap {verdict.overlap:.2f} (the region holds {100 * held:.0f} % of the word, "
                f"and {100 * other:.0f} % of the region is something else)"
            )
        near = ", ".join(escape(reading) for reading in _nearest(verdict.word, seen))
        nearest = f' <span class="quiet">Nearest readings: {near}.</span>' if near else ""
        said = "; ".join(facts) or "no region there"
        return f'<p class="readings">{word}: {said}.{nearest}</p>'

    def _rival(self, rival: Rival) -> str:
        picture = self._picture(rival.photo)
        close, reading = "", ""
        if rival.region is not None:
            quad = np.asarray(rival.region.quad, np.float32)
            close = drawing.close_up(picture, [("rival", quad)]) if picture else ""
            reading = f" reads {_quoted(rival.region.reading)},"
        return (
            f"<figure>{close}<figcaption>rank {rival.rank}:{reading} score {rival.score:.2g}, "
            f"{escape(rival.photo)}</figcaption></figure>"
        )

    def _picture(self, photo: str) -> Picture | None:
        picture = self._pictures.get(self._examined.labelled.images / photo)
        if picture is None:
            return None
        # Another pack finds other regions in the same photo.
        self._drawn[photo] = replace(picture, key=f"{self._number}-{picture.key}")
        return self._drawn[photo]

    def _photos(self) -> Iterator[str]:
        """Every photo that was shown, with all that was found and read in it."""
        if not self._drawn:
            return
        seen = self._examined.shown.seen
        regions = "".join(
            drawing.regions(picture, seen.get(photo, ())) for photo, picture in self._drawn.items()
        )
        yield f'<svg width="0" height="0" style="position:absolute"><defs>{regions}</defs></svg>'
        yield '<h3>The photos, and all that was read in them</h3><div class="photos">'
        for photo, picture in sorted(self._drawn.items()):
            readings = " · ".join(escape(one.reading) or "–" for one in seen.get(photo, ()))
            yield (
                f'<figure id="photo-{picture.key}">{drawing.photo(picture)}'
                f"<figcaption>{escape(photo)}: {len(seen.get(photo, ()))} regions</figcaption>"
                f'<p class="readings quiet">{readings}</p></figure>'
            )
        yield "</div>"


def _tally(queries: Sequence[LostQuery]) -> str:
    counts = tally(queries)
    total = max(1, sum(counts.values()))
    rows = "".join(
        f'<tr><td>{cause}</td><td class="number">{count}</td>'
        f'<td class="number">{100 * count / total:.0f} %</td><td>{MEANINGS[cause]}</td></tr>'
        for cause, count in counts.items()
        if count
    )
    if not rows:
        return "<p>Every query ranked all of its photos first.</p>"
    return (
        '<table><tr><th>what went wrong</th><th class="number">photos lost</th>'
        f'<th class="number">share</th><th></th></tr>{rows}</table>'
    )


def _quoted(reading: str) -> str:
    return f"<q>{escape(reading)}</q>" if reading else "nothing"


def _badge(cause: Cause) -> str:
    return f'<span class="badge">{cause}</span>'


def _marks(verdict: Verdict) -> list[tuple[str, Quad]]:
    marks = [] if verdict.place is None else [("place", verdict.place)]
    return marks if verdict.region is None else [*marks, ("best", verdict.region.quad)]


def _nearest(word: str, seen: Sequence[Seen]) -> list[str]:
    """The readings of a photo that are most like the word, the likest first."""
    readings = {one.reading for one in seen if one.reading}
    return sorted(
        readings, key=lambda text: (Levenshtein.normalized_distance(fold(text), word), text)
    )[:_NEAREST]
