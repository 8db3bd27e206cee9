"""CLIP's tokenizer: the ids of CLIP, from the vocabulary of open_clip_torch."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the towers that the tokenizer serves need it")
pytest.importorskip("tokenizers")

from tokenizers import Tokenizer

from engine.errors import LibraryError
from export import clip_tokenizer
from export.clip_tokenizer import CONTEXT, find_vocabulary, make_tokenizer

TEXTS = [
    "a photo of a cat", "", "   ", "Coffee", "SALE -50% OFF!!", "it's  they'LL don't I'm", "18:30",
    "hello@quillmere.example", "naïve café", "nai\u0308ve cafe\u0301", "“Crème‐Brûlée”", "‘rue’",
    "straße", "日本語", "👍 €5", "word " * 100, "x" * 500, "line\nand\ttab", "İstanbul ½ ²",
    "<|endoftext|>", "the, per, via, 2016", "Đorđe Łódź Þór",
]  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    try:
        vocabulary = find_vocabulary()
    except LibraryError as error:
        pytest.skip(str(error))
    return make_tokenizer(vocabulary)


def test_the_ids_are_clips(tokenizer: Tokenizer) -> None:
    known = {
        "a photo of a cat": [320, 1125, 539, 320, 2368],
        "scene text": [3562, 4160],
    }
    for text, ids in known.items():
        found = tokenizer.encode(text).ids
        assert found == [49406, *ids, 49407] + [0] * (CONTEXT - 2 - len(ids))


def test_every_text_has_one_start_and_one_end_in_77_ids(tokenizer: Tokenizer) -> None:
    for encoded in tokenizer.encode_batch(TEXTS):
        ids = encoded.ids
        assert len(ids) == CONTEXT
        assert (ids[0], ids.count(49406), ids.count(49407)) == (49406, 1, 1)
        assert not any(ids[ids.index(49407) + 1 :])


def test_a_tokenizer_survives_its_file(tokenizer: Tokenizer, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    tokenizer.save(str(file))
    again = Tokenizer.from_file(str(file))
    assert [one.ids for one in again.encode_batch(TEXTS)] == [
        one.ids for one in tokenizer.encode_batch(TEXTS)
    ]


def open_clips_tokenizer(vocabulary: Path) -> Any:
    """``SimpleTokenizer`` from its own file: the package around it wants torchvision."""
    spec = importlib.util.spec_from_file_location(
        "open_clip_tokenizer", vocabulary.with_name("tokenizer.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimpleTokenizer()


def test_the_ids_are_those_of_open_clip(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ftfy", reason="open_clip's tokenizer needs it")
    pytest.importorskip("regex", reason="open_clip's tokenizer needs it")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")  # which its import sets
    theirs = open_clips_tokenizer(find_vocabulary())
    # Of a capital I with a dot, the two lower-case to different letters.
    texts = [text for text in TEXTS if "İ" not in text]
    expected = theirs(texts).tolist()
    for text, encoded, ids in zip(texts, tokenizer.encode_batch(texts), expected, strict=True):
        assert encoded.ids == ids, text


def test_without_open_clip_torch_one_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clip_tokenizer, "find_spec", lambda name: None)
    with pytest.raises(LibraryError, match="install the package open_clip_torch"):
        find_vocabulary()


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"version\na b\n"), gzip.compress(b"a b\n" * 60000)[:99]]
)
def test_a_damaged_vocabulary_is_told_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vocabulary.txt.gz"
    file.write_bytes(content)
    with pytest.raises(LibraryError, match="vocabulary"):
        make_tokenizer(file)
