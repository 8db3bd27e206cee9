"""A pack takes its place only once it is whole."""

from pathlib import Path

import pytest

from engine.errors import LibraryError
from export.replacing import in_the_place_of


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    parts = {"pack_json": "old", "image_onnx": "old", "image_data": "old", "check_png": "old"}
    return write(tmp_path / "pack", CARD_md="card", **parts)


def test_a_new_pack_replaces_the_old_one_and_keeps_its_card(old: Path) -> None:
    with in_the_place_of(old) as folder:
        write(folder, pack_json="new", image_onnx="new", check_jpg="new")
        assert contents(old)["pack.json"] == "old"
    new = {"pack.json": "new", "image.onnx": "new", "check.jpg": "new"}
    assert contents(old) == new | {"CARD.md": "card"}
    assert [path.name for path in old.parent.iterdir()] == ["pack"]


def test_what_fails_changes_nothing(old: Path) -> None:
    before = contents(old)
    with pytest.raises(KeyboardInterrupt), in_the_place_of(old) as folder:
        write(folder, pack_json="new")
        raise KeyboardInterrupt
    assert contents(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["pack"]


def test_half_a_pack_does_not_lie_where_packs_are_looked_for(tmp_path: Path) -> None:
    with in_the_place_of(tmp_path / "pack") as folder:
        write(folder, pack_json="new")
        assert not list(tmp_path.glob("*/pack.json"))
    assert list(tmp_path.glob("*/pack.json"))


def test_the_folder_itself_may_be_named_by_a_link_or_a_dot(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(old)
    with in_the_place_of(Path()) as folder:
        write(folder, pack_json="new")
    assert contents(old)["pack.json"] == "new"


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "pack", letter_txt="dear")
    with (
        pytest.raises(LibraryError, match="something else than a model pack"),
        in_the_place_of(tmp_path / "pack"),
    ):
        pass
    assert contents(tmp_path / "pack") == {"letter.txt": "dear"}
