"""CLIP's tokenizer as a ``tokenizer.json``, made of the vocabulary that open_clip_torch brings.

open_clip itself is not imported: it asks for torchvision, whose wheels on PyPI do not fit every
build of PyTorch. The rules are those of CLIP's own tokenizer (github.com/openai/CLIP): byte pairs
that know where a word ends, on text in lower case. Of what it repairs in damaged text beforehand
(``ftfy``), composed accents and straight quotes are kept up; that is all that a typed query needs.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from engine.errors import LibraryError
from export.towers.clip import END, PADDING, START

CONTEXT = 77  # tokens of a text, ``START`` and ``END`` among them
_FILE = "bpe_simple_vocab_16e6.txt.gz"
_MERGES = 49152 - 256 - 2  # that CLIP uses of the many more in the file
_START, _END = "<|startoftext|>", "<|endoftext|>"
_PIECES = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"


def find_vocabulary() -> Path:
    """The file of byte pairs; LibraryError where open_clip_torch is not installed."""
    found = find_spec("open_clip")
    for folder in (found.submodule_search_locations if found else None) or ():
        file = Path(folder) / _FILE
        if file.is_file():
            return file
    raise LibraryError(
        "CLIP's vocabulary is missing: install the package open_clip_torch, which brings it."
    )


def make_tokenizer(vocabulary: Path) -> Tokenizer:
    """The tokenizer of a file of byte pairs, cutting and padding every text to ``CONTEXT`` ids.

    LibraryError when the file is damaged or holds another vocabulary.
    """
    merges = _merges(vocabulary)
    letters = _byte_letters()
    # The order gives the ids: bytes, bytes that end a word, what pairs are merged to.
    names = [*letters, *(f"{one}</w>" for one in letters), *map("".join, merges), _START, _END]
    ids = {name: at for at, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(ids, merges, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[ʼ‘-‛]"), "'"),
            normalizers.Replace(Regex("[“-‟]"), '"'),
            normalizers.NFC(),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    # The marks stay no added tokens, or who types one would get it.
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A {_END}", special_tokens=[(_START, START), (_END, END)]
    )
    tokenizer.enable_truncation(CONTEXT)
    tokenizer.enable_padding(length=CONTEXT, pad_id=PADDING, pad_token=names[PADDING])
    return tokenizer


def _merges(vocabulary: Path) -> list[tuple[str, str]]:
    try:
        text = gzip.decompress(vocabulary.read_bytes()).decode()
    except (OSError, EOFError, ValueError) as error:
        raise LibraryError(f"CLIP's vocabulary {vocabulary} cannot be read: {error}.") from error
    merges = []
    for line in text.split("\n")[1 : _MERGES + 1]:
        first, _, second = line.partition(" ")
        merges.append((first, second.strip()))
    if len(merges) != _MERGES or not all(first and second for first, second in merges):
        raise LibraryError(f"{vocabulary} does not hold CLIP's vocabulary of {_MERGES} pairs.")
    return merges


def _byte_letters() -> list[str]:
    """A printable letter for each byte, those that print as themselves first: CLIP's order."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    kept += range(ord("®"), ord("ÿ") + 1)
    return [chr(one) for one in kept] + [chr(256 + at) for at in range(256 - len(kept))]
