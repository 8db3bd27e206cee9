"""What is kept of a pack, so that its embeddings can be searched when its files are gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine import kept_packs
from engine.kept_packs import drop, find_kept, keep
from engine.packs import ModelPack
from engine.towers import open_towers
from tests.colour_packs import colour_pack
from tests.fakes import fake_pack


@pytest.fixture
def pack(tmp_path: Path) -> ModelPack:
    return colour_pack(tmp_path / "packs" / "colours")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_what_is_kept_embeds_words_when_the_pack_is_gone(pack: ModelPack, library: Path) -> None:
    expected = open_towers(pack).embed_words(["red"])
    keep(pack, library)
    keep(pack, library)
    shutil.rmtree(pack.folder)
    (kept,) = find_kept(library)
    assert (kept.name, kept.fingerprint) == (pack.name, pack.fingerprint)
    assert sorted(file.name for file in kept.folder.iterdir()) == [
        "pack.json",
        "text.onnx",
        "tokenizer.json",
    ]
    towers = open_towers(kept, parts="text")
    assert (towers.embed_words(["red"]) == expected).all()
    assert find_kept(library, but=[pack.fingerprint]) == []
    drop(pack.fingerprint, library)
    assert find_kept(library) == []


def test_large_files_are_linked(
    pack: ModelPack, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_packs, "_LARGE", 1)
    keep(pack, library)
    (kept,) = find_kept(library)
    assert kept.path("text").samefile(pack.path("text"))


def test_a_kept_file_that_changed_is_not_trusted(pack: ModelPack, library: Path) -> None:
    keep(pack, library)
    (kept,) = find_kept(library)
    kept.path("text").write_bytes(b"another model")
    assert find_kept(library) == []


def test_without_room_a_pack_is_used_all_the_same(
    pack: ModelPack, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Path, to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fail)
    keep(pack, library)
    assert find_kept(library) == []
    assert list((library / "packs").iterdir()) == []


def test_a_pack_without_files_keeps_nothing(tmp_path: Path, library: Path) -> None:
    keep(fake_pack(tmp_path), library)
    assert not library.exists()
