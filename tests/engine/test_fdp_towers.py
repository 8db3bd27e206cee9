"""Towers that embed whole photos: one region, a score map, and queries by a tokenizer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine.errors import PackError
from engine.fdp_towers import FdpTowers
from engine.letterbox import letterbox, on_photo
from engine.packs import ModelPack, check_pack, read_pack
from engine.regions import ScoreMap
from engine.towers import open_towers
from tests.colour_packs import CONTEXT, colour_pack, coloured
from tests.packs import read_content, write_content


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    return colour_pack(tmp_path_factory.mktemp("packs") / "colours")


@pytest.fixture(scope="module")
def towers(pack: ModelPack) -> FdpTowers:
    towers = open_towers(pack, threads=1)
    assert isinstance(towers, FdpTowers)
    return towers


def test_a_photo_is_one_region_with_the_photos_own_corners(towers: FdpTowers) -> None:
    (region,) = towers.embed_photo(coloured(0, 200, 0, (320, 240)))
    assert region.quad.tolist() == [[0, 0], [320, 0], [320, 240], [0, 240]]
    assert (region.lattice, region.reading) == (b"", "")
    assert region.embedding.dtype == np.float16
    words = towers.embed_words(["green", "red"])
    similarities = region.embedding.astype(np.float32) @ words.T
    assert similarities == pytest.approx([1, 0], abs=0.02)


def test_the_score_map_lies_on_the_photo_and_not_on_the_padding(towers: FdpTowers) -> None:
    photo = coloured(0, 0, 0, (400, 200))
    photo[:, 300:, 0] = 255
    (region,) = towers.embed_photo(photo)
    assert region.score_map is not None
    assert (region.score_map.rows, region.score_map.columns) == (2, 4)
    cells = np.frombuffer(region.score_map.cells, np.uint8).reshape(2, 4)
    assert cells.tolist() == [[0, 0, 0, 255]] * 2
    assert region.confidence == 1.0


def test_a_tower_without_a_map_is_as_good(tmp_path: Path) -> None:
    towers = open_towers(colour_pack(tmp_path, score_map=False))
    (region,) = towers.embed_photo(coloured(0, 0, 200))
    assert (region.score_map, region.confidence) == (None, 1.0)


def test_texts_are_cut_to_what_the_tower_takes_and_keep_their_end(towers: FdpTowers) -> None:
    assert towers.embed_words([]).shape == (0, 3)
    long = towers.embed_words([" ".join(["red"] * (CONTEXT - 2) + ["blue"] * 20)])
    assert long == pytest.approx(towers.embed_words(["red"]), abs=0.01)
    many = towers.embed_words(["red", "green", "blue"] * 20)
    assert many.shape == (60, 3)
    assert np.linalg.norm(many, axis=1) == pytest.approx(np.ones(60), abs=1e-5)


def test_opened_for_words_only_they_embed_no_photo(pack: ModelPack) -> None:
    towers = open_towers(pack, threads=1, parts="text")
    assert towers.embed_words(["red"]).shape == (1, 3)
    with pytest.raises(RuntimeError, match="words only"):
        towers.embed_photo(coloured(1, 2, 3))


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (640, 31), (5, 5), (2000, 2000)])
def test_a_letterboxed_photo_keeps_its_shape_in_the_middle(size: tuple[int, int]) -> None:
    boxed = letterbox(coloured(10, 20, 30, size), 128, (200, 0, 0))
    assert boxed.picture.shape == (128, 128, 3)
    assert max(boxed.width, boxed.height) == 128
    assert boxed.width / boxed.height == pytest.approx(size[0] / size[1], rel=0.2)
    inside = np.zeros((128, 128), bool)
    inside[boxed.top : boxed.top + boxed.height, boxed.left : boxed.left + boxed.width] = True
    assert (boxed.picture[inside] == (10, 20, 30)).all()
    assert (boxed.picture[~inside] == (200, 0, 0)).all()
    assert abs(boxed.left - (128 - boxed.left - boxed.width)) <= 1


def test_a_map_of_the_square_is_moved_by_parts_of_a_cell() -> None:
    # 4:3 in a square of 8 cells: the photo begins in the middle of the second row of cells.
    boxed = letterbox(coloured(0, 0, 0, (400, 250)), 256, (0, 0, 0))
    assert (boxed.top, boxed.height) == (48, 160)
    scores = np.repeat(np.arange(8, dtype=np.float32)[:, None], 8, axis=1)
    # Row r of the photo is centred at 48 + 32 r + 16 pixels, which is row r + 1.5 of the map.
    assert on_photo(boxed, scores)[:, 0] == pytest.approx([1.5, 2.5, 3.5, 4.5, 5.5])
    assert on_photo(boxed, scores).shape == (5, 8)


def test_a_score_map_becomes_bytes_and_comes_back() -> None:
    made = ScoreMap.of(np.array([[0, 0.5, 1], [2, -1, np.nan]], np.float32))
    assert made == ScoreMap(2, 3, bytes([0, 128, 255, 255, 0, 0]))
    assert ScoreMap.read(made.to_bytes()) == made
    assert ScoreMap.read(b"") is None
    assert ScoreMap.read(made.to_bytes()[:-1]) is None


def test_the_pack_checks_itself_with_a_word_and_with_a_sentence(tmp_path: Path) -> None:
    from PIL import Image

    for search, query in (("words", "Green"), ("scenes", "a green wall")):
        folder = tmp_path / search
        colour_pack(folder, search=search)
        Image.fromarray(coloured(0, 255, 0)).save(folder / "check.png")
        check = {"photo": "check.png", "query": query, "similarity": 1.0, "tolerance": 0.05}
        write_content(folder, read_content(folder) | {"check": check})
        outcome = check_pack(read_pack(folder))
        assert outcome.passed, outcome.sentence


def damaged(folder: Path, **changes: Any) -> ModelPack:
    colour_pack(folder)
    write_content(folder, read_content(folder) | changes)
    return read_pack(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image": {"side": 128}}, "does not say what its towers need: 'padding'"),
        ({"image": {"side": 128, "padding": [0, 0]}}, "does not say what its towers need"),
        ({"text": {}}, "does not say what its towers need: 'context_length'"),
        ({"embedding_size": 5}, "embeddings of shape"),
        ({"text": {"context_length": 9}}, "The text tower of “colours” failed"),
    ],
)
def test_what_pack_json_says_wrong_is_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PackError, match=sentence):
        open_towers(damaged(tmp_path, **changes)).embed_words(["red"])


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("tokenizer.json", "The tokenizer of “colours” cannot be loaded"),
        ("text.onnx", "The text tower of “colours” cannot be loaded"),
        ("image.onnx", "The image tower of “colours” cannot be loaded"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, file: str, sentence: str) -> None:
    pack = colour_pack(tmp_path)
    (tmp_path / file).write_bytes(b"damaged")
    with pytest.raises(PackError, match=sentence):
        open_towers(pack).embed_words(["red"])


def test_a_part_that_is_not_named_is_one_sentence(pack: ModelPack) -> None:
    files = {part: entry for part, entry in pack.files.items() if part != "tokenizer"}
    with pytest.raises(PackError, match="has no tokenizer"):
        open_towers(replace(pack, files=files), parts="text")


def test_a_way_of_searching_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="searches in a way that is not known: colours"):
        damaged(tmp_path, search="colours")
