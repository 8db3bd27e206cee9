"""Distinguish: which words FDP takes for function words and which for content words.

The published code clusters the 500 most frequent words of its training data anew at every start and
keeps nothing of it. Here the kinds are fitted once, with a seed, and kept with the model. Our list
is our own, of the same mixture: articles and prepositions of several languages, numbers, and what
signs say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from engine.errors import LibraryError
from export.towers.clip import trimmed
from export.towers.fdp import CONTENT, FDP, FUNCTION

SEED = 0
_LIST = Path(__file__).parent / "data" / "frequent_words.txt"
_ROLES = {"function": "the", "content": "office"}  # as in the published code
_EXAMPLES = 20


def frequent_words(file: Path | None = None) -> list[str]:
    """The words of a file, split at white space and in lower case; our own list without one.

    LibraryError when it cannot be read or lacks one of the two words that name the kinds.
    """
    try:
        text = (file or _LIST).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise LibraryError(f"The words in {file} cannot be read: {error}.") from error
    words = list(dict.fromkeys(text.lower().split()))
    for role, word in _ROLES.items():
        if word not in words:
            raise LibraryError(f"The words in {file} lack “{word}”, which names the {role} words.")
    return words


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """Texts to token ids (n, 77)."""
    return torch.tensor([encoded.ids for encoded in tokenizer.encode_batch(list(texts))])


def fit_kinds(model: FDP, tokenizer: Tokenizer, words: Sequence[str], seed: int = SEED) -> bool:
    """Fit the model's word kinds to ``words``, which come from ``frequent_words``.

    Whether the two words that name the kinds came to be of different ones. The published code stops
    where they do not; here the nearer of the two names each kind all the same.
    """
    function, content = (words.index(_ROLES[role]) for role in ("function", "content"))
    tokens = trimmed(tokens_of(tokenizer, words))
    model.fit_word_kinds(tokens, function, content, seed)
    with torch.no_grad():
        found = model.kinds_of(tokens[[function, content]])
    return found.tolist() == [FUNCTION, CONTENT]


@torch.no_grad()
def example_words(model: FDP, tokenizer: Tokenizer, words: Sequence[str]) -> dict[str, list[str]]:
    """The first words of either kind, for people to see what a model distinguishes."""
    kinds = model.kinds_of(trimmed(tokens_of(tokenizer, words))).tolist()
    return {
        role: [word for word, found in zip(words, kinds, strict=True) if found == kind][:_EXAMPLES]
        for role, kind in (("function", FUNCTION), ("content", CONTENT))
    }
