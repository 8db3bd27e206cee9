"""FDP's distracted queries: words of the dictionary that differ from a word by a letter or two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from engine.errors import LibraryError
from export.synth.corpus import Corpus

COUNT: Final = 5  # texts that a photo chooses among, its word the first of them
SHORTEST: Final = 3  # letters of a word that is trained on
_NOTHING = "###"  # fills up where too few words are near
_SHORT, _FAR, _NEAR = 5, 2, 1  # up to so many letters a distractor is near, else it may be far
_SOFT = 0.1  # added to a distance before it is turned over


@dataclass(frozen=True, slots=True)
class Distracted:
    """``texts``: a word and its distractors, five in all; ``truth`` (5,): what each deserves."""

    texts: tuple[str, ...]
    truth: NDArray[np.float32]


def spelling(text: str) -> str:
    """How a label is looked up: in lower case, without the marks about it."""
    first, last = 0, len(text)
    while first < last and not text[first].isalnum():
        first += 1
    while last > first and not text[last - 1].isalnum():
        last -= 1
    return text[first:last].lower()


def dictionary(file: Path | None = None) -> frozenset[str]:
    """The words of a file, split at white space; of all word lists installed without one.

    LibraryError when it cannot be read, or no list is installed.
    """
    try:
        if file is not None:
            found: Iterable[str] = file.read_text("utf-8").split()
        else:
            found = (word for words in Corpus(0).words for word in words)
        words = frozenset(word for word in map(spelling, found) if _is_word(word))
    except FileNotFoundError as error:
        lacking = f"{file} is not there" if file is not None else error
        raise LibraryError(f"There is no dictionary to train with: {lacking}.") from error
    except OSError as error:
        why = error.strerror or error
        raise LibraryError(f"The dictionary {file} cannot be read: {why}.") from error
    except ValueError as error:
        raise LibraryError(f"The dictionary {file} is no text in UTF-8.") from error
    if not words:
        raise LibraryError(f"The dictionary {file} has no words of {SHORTEST} letters or more.")
    return words


def _is_word(text: str) -> bool:
    return len(text) >= SHORTEST and text.isalpha()


def distract(words: Sequence[str], known: Iterable[str]) -> list[Distracted]:
    """The distractors of every word among the ``known`` ones: the nearest, then by the alphabet.

    Up to five letters they are one edit away, beyond that up to two.
    """
    by_length: dict[int, list[str]] = defaultdict(list)
    for word in sorted(known):
        by_length[len(word)].append(word)
    asked: dict[int, list[str]] = defaultdict(list)
    for word in words:
        asked[len(word)].append(word)
    letters_of = {length: _letters(alike) for length, alike in by_length.items()}
    answers: dict[str, Distracted] = {}
    for length, alike in asked.items():
        reach = _FAR if length > _SHORT else _NEAR
        lengths = [n for n in range(length - reach, length + reach + 1) if n in by_length]
        near = [word for n in lengths for word in by_length[n]]
        none = np.zeros(0, np.uint32)
        letters = np.concatenate([none, *(letters_of[n] for n in lengths)])
        for word, of_word in zip(alike, _letters(alike), strict=True):
            # An edit takes a letter away, adds one, or both: most words are told apart by that.
            places = np.flatnonzero(np.bitwise_count(letters ^ of_word) <= 2 * reach)
            answers[word] = _chosen(word, [near[at] for at in places], reach)
    return [answers[word] for word in words]


def _letters(words: Sequence[str]) -> NDArray[np.uint32]:
    """Which letters each of the words has, a bit for each of 32 kinds, (n,)."""
    kinds = (sum(1 << kind for kind in {ord(letter) % 32 for letter in word}) for word in words)
    return np.fromiter(kinds, np.uint32, len(words))


def _chosen(word: str, candidates: Sequence[str], reach: int) -> Distracted:
    distances = (
        (Levenshtein.distance(word, other, score_cutoff=reach), other) for other in candidates
    )
    near = sorted(pair for pair in distances if 0 < pair[0] <= reach)
    chosen = [(0, word), *near[: COUNT - 1]]
    chosen += [(Levenshtein.distance(word, _NOTHING), _NOTHING)] * (COUNT - len(chosen))
    # Nearly all of it falls to the word itself: a distance of 0 counts 10, one of 1 below 1.
    soft = np.exp([1 / (distance + _SOFT) for distance, _ in chosen])
    return Distracted(tuple(text for _, text in chosen), (soft / soft.sum()).astype(np.float32))
