"""Packs: what is read from a folder, what is refused and with which sentence, the self-check."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine import packs
from engine.errors import PackError
from engine.packs import check_pack, find_packs, pack_folders, read_pack, verify
from tests.packs import painted_pack, read_content, write_content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    painted_pack(tmp_path / "painted")
    return tmp_path / "painted"


def change(folder: Path, **values: Any) -> None:
    write_content(folder, read_content(folder) | values)


def test_a_pack_is_read_as_its_file_describes_it(folder: Path) -> None:
    pack = read_pack(folder)
    assert (pack.name, pack.family, pack.licence) == ("painted", "compact", "CC0-1.0")
    assert (pack.embedding_size, pack.longest_side) == (576, 1024)
    assert pack.path("focus") == folder / "focus.onnx"
    assert pack.calibration["similarity"] == 8.0
    assert len(pack.fingerprint) == 16
    verify(pack)


def test_a_pack_has_no_tower_that_it_does_not_list(folder: Path) -> None:
    with pytest.raises(PackError, match="has no caption tower"):
        read_pack(folder).path("caption")


def test_another_tower_makes_another_fingerprint(folder: Path) -> None:
    before = read_pack(folder).fingerprint
    content = read_content(folder)
    content["files"]["image"]["sha256"] = "0" * 64
    write_content(folder, content)
    assert read_pack(folder).fingerprint != before


def test_other_crops_make_another_fingerprint(folder: Path) -> None:
    before = read_pack(folder).fingerprint
    content = read_content(folder)
    content["image"]["margin_along"] = 0.2
    write_content(folder, content)
    assert read_pack(folder).fingerprint != before


def test_another_way_to_use_the_towers_makes_another_fingerprint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_pack(folder).fingerprint
    monkeypatch.setattr(packs, "_MAKING", 1)
    assert read_pack(folder).fingerprint != before


def test_a_new_calibration_keeps_the_fingerprint_and_so_the_embeddings(folder: Path) -> None:
    before = read_pack(folder).fingerprint
    content = read_content(folder)
    content["calibration"]["bias"] = -9.0
    write_content(folder, content)
    assert read_pack(folder).fingerprint == before


def write(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "pack.json").write_text(text)


def without(key: str) -> Callable[[Path], object]:
    def drop(folder: Path) -> None:
        content = read_content(folder)
        del content[key]
        write_content(folder, content)

    return drop


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "pack.json").unlink(), "pack.json is missing"),
        (lambda folder: (folder / "image.onnx").unlink(), "lacks its image file image.onnx"),
        (write(""), "is damaged"),
        (write('{"format": 1'), "is damaged"),
        (write("[]"), "is damaged"),
        (write("7"), "is damaged"),
        (lambda folder: (folder / "pack.json").write_bytes(b"\xff\xfe\x00"), "is damaged"),
        (lambda folder: change(folder, embedding_size="many"), "is damaged"),
        (lambda folder: change(folder, longest_side=None), "is damaged"),
        (lambda folder: change(folder, files=["focus.onnx"]), "is damaged"),
        (lambda folder: change(folder, files={"focus": "focus.onnx"}), "is damaged"),
        (lambda folder: change(folder, files={"focus": {"name": "x"}}), "lacks “sha256”"),
        (without("format"), "lacks “format”"),
        (without("family"), "lacks “family”"),
        (without("files"), "lacks “files”"),
        (lambda folder: change(folder, format=2), "format 2, which this version"),
        (
            lambda folder: change(folder, files={"text": {"name": "../x.onnx", "sha256": ""}}),
            "outside its folder",
        ),
    ],
)
def test_a_damaged_pack_is_refused_in_one_sentence(
    folder: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    damage(folder)
    with pytest.raises(PackError, match=sentence) as refused:
        read_pack(folder)
    assert str(folder) in str(refused.value)
    assert str(refused.value).endswith((".", "may."))
    assert "\n" not in str(refused.value)


def test_a_pack_without_calibration_says_so_when_it_is_asked_for(folder: Path) -> None:
    without("calibration")(folder)
    with pytest.raises(PackError, match="no calibration"):
        _ = read_pack(folder).calibration


def test_a_file_that_differs_from_its_digest_is_named(folder: Path) -> None:
    pack = read_pack(folder)
    pack.path("text").write_bytes(pack.path("text").read_bytes() + b"\0")
    with pytest.raises(PackError, match=r"text\.onnx .* is damaged"):
        verify(pack)


def test_a_file_that_vanishes_is_named(folder: Path) -> None:
    pack = read_pack(folder)
    pack.path("text").unlink()
    with pytest.raises(PackError, match=r"text\.onnx .* cannot be read"):
        verify(pack)


@pytest.fixture
def nothing_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of packs that is the only one looked into."""
    place = tmp_path / "packs"
    place.mkdir()
    monkeypatch.setattr("engine.packs.pack_folders", lambda: [place])
    return place


def test_packs_are_found_with_the_default_first(nothing_ships: Path) -> None:
    for name in ("another", "compact", "big"):
        painted_pack(nothing_ships / name, name)
    (nothing_ships / "not a pack").mkdir()
    assert [pack.name for pack in find_packs()] == ["compact", "another", "big"]


def test_no_pack_at_all_is_an_error_in_one_sentence(nothing_ships: Path) -> None:
    with pytest.raises(PackError, match="No model pack was found"):
        find_packs()


def test_the_only_pack_being_damaged_is_what_is_said(nothing_ships: Path) -> None:
    painted_pack(nothing_ships / "painted")
    (nothing_ships / "painted" / "focus.onnx").unlink()
    with pytest.raises(PackError, match="lacks its focus file"):
        find_packs()


@pytest.mark.usefixtures("expected_warnings")
def test_a_damaged_pack_beside_a_good_one_is_passed_over_with_a_warning(
    nothing_ships: Path, caplog: pytest.LogCaptureFixture
) -> None:
    painted_pack(nothing_ships / "painted")
    painted_pack(nothing_ships / "torn")
    (nothing_ships / "torn" / "focus.onnx").unlink()
    assert [pack.name for pack in find_packs()] == ["painted"]
    assert "lacks its focus file" in caplog.text


def test_a_users_folder_of_packs_comes_before_what_ships(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHOTOLEX_PACKS", f"{tmp_path}{os.pathsep}{tmp_path / 'missing'}")
    assert pack_folders()[0] == tmp_path
    assert tmp_path / "missing" not in pack_folders()


def test_a_sound_pack_passes_its_self_check(folder: Path) -> None:
    check = check_pack(read_pack(folder))
    assert check.passed, check.sentence
    assert "is sound" in check.sentence
    assert "Check" in check.sentence


def test_a_pack_that_computes_something_else_fails_its_self_check(folder: Path) -> None:
    content = read_content(folder)
    content["check"]["similarity"] = 0.1
    write_content(folder, content)
    check = check_pack(read_pack(folder))
    assert not check.passed
    assert "does not compute as it should" in check.sentence


@pytest.mark.parametrize(("expected", "passed"), [(1, True), (2, False), (0, False)])
def test_a_pack_that_finds_other_regions_fails_its_self_check(
    folder: Path, expected: int, passed: bool
) -> None:
    content = read_content(folder)
    content["check"]["regions"] = expected
    write_content(folder, content)
    check = check_pack(read_pack(folder))
    assert check.passed == passed
    assert passed or f"found in its photo: 1, expected: {expected}." in check.sentence


def test_a_pack_that_computes_no_numbers_fails_its_self_check(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_a_number(towers: object, words: list[str]) -> Any:
        return np.full((len(words), 576), np.nan, np.float32)

    monkeypatch.setattr("engine.towers.CompactTowers.embed_words", not_a_number)
    assert not check_pack(read_pack(folder)).passed


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without("check"), "brings no self-check"),
        (lambda folder: change(folder, check={"photo": "check.png"}), "brings no self-check"),
        (lambda folder: change(folder, family="other"), "family not known"),
        (lambda folder: (folder / "text.onnx").write_bytes(b"torn"), "is damaged"),
        (lambda folder: (folder / "check.png").unlink(), ""),
        (lambda folder: (folder / "check.png").write_bytes(b"torn"), ""),
    ],
)
def test_what_hinders_the_self_check_is_its_outcome(
    folder: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    damage(folder)
    check = check_pack(read_pack(folder))
    assert not check.passed
    assert sentence in check.sentence
