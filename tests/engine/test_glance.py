"""A glance before the look of most pixels: Focus sees only what shows text, and misses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import PackError
from engine.packs import ModelPack, read_pack
from engine.preprocess import Pyramid
from engine.towers import CompactTowers, open_towers
from tests.engine.test_looks import SIDES, Eye, Image, look, photo
from tests.packs import painted_pack, put, read_content, write_content


class Glancing:
    """Finds red in cells of 16 pixels, and remembers the pictures that it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []

    def __call__(self, picture: Image) -> NDArray[np.bool_]:
        high, wide = picture.shape[:2]
        self.shown.append((wide, high))
        answer: NDArray[np.bool_] = (
            picture[:, :, 0].reshape(high // 16, 16, wide // 16, 16).max((1, 3)) > 0
        )
        return answer


def test_focus_sees_of_the_whole_photo_only_what_the_glance_found() -> None:
    eye, glancing = Eye(), Glancing()
    pixels = photo(1600, 1216, (300, 200))
    seen = look(eye, Pyramid(pixels), SIDES, 2.0, 0.1, glancing)
    # From afar a photo is looked at as a whole, and closest only where the look before saw text.
    assert glancing.shown == [(800, 608)]
    assert eye.shown == [(416, 320), (96, 96), (160, 96)]
    without = look(Eye(), Pyramid(pixels), SIDES, 2.0, 0.1)
    for (maps, scale), (expected, same) in zip(seen, without, strict=True):
        np.testing.assert_array_equal(maps, expected)
        assert scale == same


def test_where_the_glance_found_nothing_focus_is_spared() -> None:
    eye = Eye()
    seen = look(
        eye, Pyramid(photo(1600, 1216, (300, 200))), SIDES, 2.0, 0.1,
        lambda picture: np.zeros((picture.shape[0] // 16, picture.shape[1] // 16), bool),
    )  # fmt: skip
    assert eye.shown == [(416, 320)]
    assert [maps.max() for maps, _ in seen] == [1.0, 0.0]


def test_large_words_that_a_look_from_afar_saw_are_looked_at_again() -> None:
    eye = Eye()
    pixels = photo(1600, 1216)
    pixels[400:800, 400:1200, 0] = 255
    look(
        eye, Pyramid(pixels), SIDES[1:], 2.0, 0.1,
        lambda picture: np.zeros((picture.shape[0] // 16, picture.shape[1] // 16), bool),
    )  # fmt: skip
    assert eye.shown == [(416, 320), (544, 320)]


def test_small_pictures_are_not_worth_a_glance() -> None:
    eye, glancing = Eye(), Glancing()
    look(eye, Pyramid(photo(300, 200)), (450, 200), 2.0, 0.1, glancing)
    assert glancing.shown == []
    assert eye.shown == [(224, 160), (480, 320)]


@pytest.mark.parametrize("finest", [150, 500])
def test_what_was_looked_at_before_as_closely_needs_no_glance(finest: int) -> None:
    eye, glancing = Eye(), Glancing()
    pixels = photo(1600, 1216, (300, 200))
    first = look(Eye(), Pyramid(pixels), (finest * 8 // 5,), 2.0, 0.1)[0]
    before = first[0].max(0), first[1]
    seen = look(eye, Pyramid(pixels), SIDES, 2.0, 0.1, glancing, before)
    assert glancing.shown == ([(800, 608)] if finest == 150 else [])
    assert eye.shown == [(416, 320), (96, 96), (160, 96)]
    for (maps, _), (expected, _) in zip(
        seen, look(Eye(), Pyramid(pixels), SIDES, 2.0, 0.1), strict=True
    ):
        np.testing.assert_array_equal(maps, expected)


@pytest.fixture
def glancing(tmp_path: Path) -> ModelPack:
    """The painted pack, with a glance."""
    painted_pack(tmp_path, threshold=0.2)
    content = read_content(tmp_path)
    content["focus"]["longest_sides"] = [800]
    write_content(tmp_path, content)
    return read_pack(tmp_path)


class Counted(CompactTowers):
    """Counts the pixels that Focus sees."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.pixels = 0

    def _maps(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.pixels += picture.shape[0] * picture.shape[1]
        return super()._maps(picture)


@pytest.fixture
def signs() -> Image:
    pixels = np.zeros((608, 800, 3), np.uint8)
    put(pixels, "harbor", (200, 150), 10)
    put(pixels, "bakery", (550, 450), -15)
    return pixels


def test_towers_find_the_same_words_with_a_glance(glancing: ModelPack, signs: Image) -> None:
    towers = Counted(glancing, threads=1)
    found = sorted(region.reading for region in towers.embed_photo(signs))
    assert set(found) == {"harbor", "bakery"}
    assert towers.pixels < 0.6 * 800 * 608
    towers.pixels = 0
    towers.focus_maps(Pyramid(signs), everywhere=True)
    assert towers.pixels == 800 * 608
    settings = {key: value for key, value in glancing.settings.items() if key != "glance"}
    without = Counted(replace(glancing, settings=settings), threads=1)
    assert sorted(region.reading for region in without.embed_photo(signs)) == found
    assert without.pixels == 800 * 608


def test_only_what_is_surer_than_the_threshold_is_worth_a_look(
    glancing: ModelPack, signs: Image
) -> None:
    strict = replace(glancing, settings={**glancing.settings, "glance": {"threshold": 1.5}})
    assert open_towers(strict, threads=1).embed_photo(signs) == []


def test_other_thresholds_make_other_embeddings(glancing: ModelPack) -> None:
    other = replace(glancing, settings={**glancing.settings, "glance": {"threshold": 0.4}})
    assert other.fingerprint != glancing.fingerprint
    plain = {key: value for key, value in glancing.settings.items() if key != "glance"}
    assert replace(glancing, settings=plain).fingerprint != glancing.fingerprint


@pytest.mark.parametrize("settings", [{"trace": 1}, {"threshold": "much"}, [1]])
def test_a_glance_without_a_threshold_is_a_damaged_pack(
    glancing: ModelPack, settings: object
) -> None:
    damaged = replace(glancing, settings={**glancing.settings, "glance": settings})
    with pytest.raises(PackError, match="does not say what its towers need"):
        open_towers(damaged)


def test_a_glance_without_its_file_is_a_damaged_pack(glancing: ModelPack) -> None:
    files = {part: file for part, file in glancing.files.items() if part != "glance"}
    with pytest.raises(PackError, match="has no glance tower"):
        open_towers(replace(glancing, files=files))
