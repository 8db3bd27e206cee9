"""From a typed word to what the text tower takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
# Letters that Unicode does not take apart into a base letter and an accent.
_WHOLE = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}
)
_MARKS = str.maketrans("", "", "™℠")  # Unicode would take them for letters of the word


def fold(text: str) -> str:
    """``text`` in lower case, accents folded to ASCII, all but a-z and 0-9 dropped.

    Photos and queries are matched in this form: ``"Crème-Brûlée"`` becomes ``"cremebrulee"``.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_MARKS))
    return "".join(letter for letter in plain.lower().translate(_WHOLE) if letter in ALPHABET)


def stretch(words: Sequence[str], frames: int) -> NDArray[np.float32]:
    """Folded words laid over the frames: (n, frames, 36), how much of each frame is which letter.

    The letters of a word share the frames evenly, as a crop stretched to one width shows them.
    """
    stretched = np.zeros((len(words), frames, len(ALPHABET)), np.float32)
    for row, word in enumerate(words):
        if not word:
            raise ValueError("an empty word cannot be embedded")
        edges = np.linspace(0, frames, len(word) + 1)
        for at, letter in enumerate(word):
            first, last = edges[at], edges[at + 1]
            cells = np.arange(int(first), min(frames, int(np.ceil(last))))
            shares = np.minimum(cells + 1, last) - np.maximum(cells, first)
            stretched[row, cells, ALPHABET.index(letter)] += shares.astype(np.float32)
    return stretched
