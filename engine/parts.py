"""Strings that Focus finds in parts: on number plates, in dates, in addresses of pages and mail.

Groups of a code, letters that stand far apart, and words held together by marks and not by spaces
follow each other on a line; some plates have two. What they say together is one region as well,
made of what was read of them: a crop of the whole would show its letters smaller than their own
crops do, and take its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.layout import SAME_PLACE, same_place
from engine.neighbours import LEAST_HIGH, Quads, about, following, sides

# Of the higher neighbour's height: so far apart parts stand at most, for a plate may have a seal
# between them, and so far aside, for of a short word Focus cannot tell how it slopes.
_GAP, _ASIDE = 1.2, 0.6
_LEAST_LETTERS, _MOST_LETTERS = 4, 16
# Ordinary words are left alone. Groups of a code have a digit or at most so many letters,
_LONGEST_GROUP = 3
# and a letter that stands apart takes up so many heights. It is at least as high as this part of
# the one beside it: a small letter by a capital.
_LEAST_WIDE, _LEAST_HIGH_OF_LETTERS = 0.8, 0.5
# Words between which there is no space stand at most so far apart and aside, in heights, and by so
# much closer than to the words before and after. Short ones are found as neighbours are.
_CLOSE, _CLOSE_ASIDE, _CLOSER = 0.5, 0.4, 0.15
_LEAST_CLOSE, _MOST_CLOSE = 8, 24  # letters
_MOST_WIDE = 1.3  # heights a letter: what is wider was not read
# Of two rows, as parts of the higher or the wider one: how far apart they stand, how far their
# middles are aside, and how much smaller the other may be. A photo of many words is of a page,
# where numbers stand below each other in columns.
_BETWEEN, _OFF_MIDDLE, _ALIKE_HIGH, _ALIKE_WIDE = (-0.3, 0.7), 0.25, 0.45, 0.25
_ALONG = 0.95  # cosine between their directions
_FEW_WORDS = 40
_LEAST_STACKED, _MOST_STACKED = 5, 10  # letters
_STEPS = 16  # that a frame of an embedding is divided into


def strings_in_parts(quads: Quads, readings: Sequence[str]) -> list[tuple[int, ...]]:
    """Which words are parts of one string, string by string, in reading order.

    ``quads`` (n, 4, 2): from the first letter of each word on, surest words first.
    """
    if len(readings) < 2:
        return []
    _, _, wide, high = sides(quads)
    groups, spaced, read = [], [], []
    # What was found whole and in pieces is tried as either: with long words first, and last, and of
    # letters apart with the surest first.
    for at in sorted(range(len(readings)), key=lambda at: len(readings[at])):
        text = readings[at]
        if 0 < len(text) <= _LONGEST_GROUP or _has_digit(text):
            groups.append(at)
        if len(text) == 1 or (text.isalpha() and wide[at] >= _LEAST_WIDE * high[at] * len(text)):
            spaced.append(at)
        if wide[at] <= _MOST_WIDE * high[at] * len(text):
            read.append(at)
    doubles = _doubles(quads, sorted({*groups, *spaced, *read}), wide * high)
    codes = [
        line
        for order in (groups[::-1], groups)
        for line in _lines(quads, _without(doubles, order))
        if any(_has_digit(readings[at]) for at in line)
    ]
    # Surest first: a far look may have taken both rows for one word.
    rows = _without(doubles, sorted(groups))
    stacked = [
        line
        for line in (_stacked(quads, rows) if len(readings) <= _FEW_WORDS else ())
        if any(_has_digit(readings[at]) for at in line)
    ]
    words = [
        line
        for order in (spaced[::-1], spaced, sorted(spaced))
        for line in _lines(quads, _without(doubles, order), least_high=_LEAST_HIGH_OF_LETTERS)
    ]
    pieces = _without(doubles, sorted(read, key=lambda at: float(wide[at])))
    close = [
        part
        for line in _lines(quads, pieces, _CLOSE, _CLOSE_ASIDE)
        for part in _closer(quads, line)
    ]
    found = [(line, _LEAST_LETTERS, _MOST_LETTERS) for line in codes + words]
    found += [(line, _LEAST_STACKED, _MOST_STACKED) for line in stacked]
    found += [(line, _LEAST_CLOSE, _MOST_CLOSE) for line in close]
    return list(
        dict.fromkeys(
            line
            for line, least, most in found
            if least <= sum(len(readings[at]) for at in line) <= most
        )
    )


def shares(quads: Quads) -> NDArray[np.float32]:
    """From where to where each of the words of a line counts, (n, 2) in parts of its width.

    Two that overlap, since both were found with the letter between them, count up to the middle of
    what they share. ``quads`` (n, 4, 2), in reading order, also of two rows.
    """
    right, down, _, high = sides(quads)
    along = quads @ right[0]
    left, end = along.min(1), along.max(1)
    middle = (end[:-1] + left[1:]) / 2
    aside = np.abs(np.diff(quads.mean(1) @ down[0]))
    overlap = (left[1:] < end[:-1]) & (aside < _ASIDE * np.maximum(high[1:], high[:-1]))
    first, last = left.copy(), end.copy()
    first[1:][overlap] = middle[overlap]
    last[:-1][overlap] = middle[overlap]
    wide = np.maximum(end - left, 1e-6)
    parts = np.stack([(first - left) / wide, (last - left) / wide], 1)
    return np.asarray(parts.clip(0, 1), np.float32)


def end_to_end(
    embeddings: NDArray[np.float32],
    counted: NDArray[np.float32],
    letters: Sequence[int],
    frames: int,
) -> NDArray[np.float32]:
    """The embedding (d,) of a string, of those of its words (n, d): numbers by channel and frame.

    ``counted`` (n, 2): from where to where each word counts. ``letters``: how many it has; each has
    as much of the string's frames as any other.
    """
    part_of = counted[:, 1] - counted[:, 0]
    wide = part_of * letters
    wide /= wide.sum()
    ends = np.cumsum(wide)
    steps = (np.arange(frames * _STEPS) + 0.5) / (frames * _STEPS)
    owner = np.searchsorted(ends[:-1], steps)
    within = 1 - (ends[owner] - steps) / wide[owner]
    frame = ((counted[owner, 0] + part_of[owner] * within) * frames).astype(int)
    words = embeddings.reshape(len(embeddings), -1, frames)
    seen = words[owner, :, frame.clip(0, frames - 1)]
    whole = seen.reshape(frames, _STEPS, -1).mean(1).T.ravel()
    answer: NDArray[np.float32] = (whole / np.linalg.norm(whole)).astype(np.float32)
    return answer


def _closer(quads: Quads, line: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Those stretches of a line whose words stand closer to each other than to the rest of it."""
    right, _, wide, high = sides(quads[list(line)])
    centres = quads[list(line)].mean(1)
    along = np.einsum("nk,nk->n", np.diff(centres, axis=0), right[:-1])
    gaps = (along - (wide[:-1] + wide[1:]) / 2) / np.maximum(high[:-1], high[1:])
    answer = []
    waiting = [(0, len(line) - 1, np.inf)]
    while waiting:
        first, last, around = waiting.pop()
        if first == last:
            continue
        widest = float(gaps[first:last].max())
        if around - widest >= _CLOSER:
            answer.append(line[first : last + 1])
        at = first + int(gaps[first:last].argmax())
        waiting += [(first, at, widest), (at + 1, last, widest)]
    return answer


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _lines(
    quads: Quads,
    words: Sequence[int],
    gap: float = _GAP,
    aside: float = _ASIDE,
    least_high: float = LEAST_HIGH,
) -> list[tuple[int, ...]]:
    """Words that follow each other, at least two."""
    if len(words) < 2:
        return []
    places = quads[words]
    first, second = following(places, gap, aside, least_high)
    ends = (places[first, 1] + places[first, 2]) / 2
    starts = (places[second, 0] + places[second, 3]) / 2
    after: dict[int, int] = {}
    known: set[int] = set()
    # Where two words are followed by the same one, the nearer is.
    for at in np.argsort(np.linalg.norm(starts - ends, axis=1), kind="stable").tolist():
        if (then := int(second[at])) not in known:
            after[int(first[at])] = then
            known.add(then)
    lines = []
    for start in after.keys() - known:
        line = [start]
        while (at := after.get(line[-1])) is not None:
            line.append(at)
        lines.append(tuple(words[at] for at in line))
    return lines


def _stacked(quads: Quads, words: Sequence[int]) -> list[tuple[int, ...]]:
    """Two rows of such words, one closely below the other, and no third one by them."""
    rows = _lines(quads, words)
    rows += [(at,) for at in sorted(set(words).difference(*rows))]
    if len(rows) < 2:
        return []
    places = np.concatenate([about(quads[[row[0]]], quads[[row[-1]]]) for row in rows])
    right, down, wide, high = sides(places)
    centres = places.mean(1)
    apart = centres[None] - centres[:, None]  # of each to each, (n, n, 2)
    higher, wider = np.maximum(high[:, None], high), np.maximum(wide[:, None], wide)
    between = np.einsum("ijk,ik->ij", apart, down) - (high[:, None] + high) / 2
    fits = (
        (between > _BETWEEN[0] * higher)
        & (between < _BETWEEN[1] * higher)
        & (np.abs(np.einsum("ijk,ik->ij", apart, right)) < _OFF_MIDDLE * wider)
        & (np.minimum(high[:, None], high) > _ALIKE_HIGH * higher)
        & (np.minimum(wide[:, None], wide) > _ALIKE_WIDE * wider)
        & (right @ right.T > _ALONG)
    )
    np.fill_diagonal(fits, False)
    beside = fits.sum(0) + fits.sum(1)
    return [
        rows[above] + rows[below]
        for above, below in np.argwhere(fits).tolist()
        if beside[above] == beside[below] == 1
    ]


def _doubles(quads: Quads, words: Sequence[int], areas: NDArray[np.float32]) -> dict[int, set[int]]:
    """Which of these words stand in the same place as which others."""
    places, areas = quads[words], areas[words]
    low, high = places.min(1), places.max(1)
    size = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    # Most do not touch, or not by enough: only of the others the quads are worth comparing.
    close = size.clip(0).prod(2) > SAME_PLACE * np.minimum(areas[:, None], areas)
    doubles: dict[int, set[int]] = {}
    for one, other in np.argwhere(np.triu(close, 1)).tolist():
        if same_place(places[one], places[other]):
            doubles.setdefault(words[one], set()).add(words[other])
            doubles.setdefault(words[other], set()).add(words[one])
    return doubles


def _without(doubles: Mapping[int, set[int]], words: Iterable[int]) -> list[int]:
    """The words; of those that stand in the same place, the first."""
    answer: list[int] = []
    dropped: set[int] = set()
    for at in words:
        if at not in dropped:
            answer.append(at)
            dropped |= doubles.get(at, set())
    return answer
