"""Rendered crops and the grounds that they are written on."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from export.synth.bank import Bank
from export.synth.chance import Chance
from export.synth.crops import HEIGHT, WIDTH, CropRenderer
from export.synth.damage import degrade, degrade_crops
from export.synth.textures import Textures, load_backgrounds


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Words whose letters are bars, so that no font is needed."""
    shapes, texts = [], []
    with (tmp_path / "ink.u8").open("wb") as ink:
        for count in (1, 3, 8):
            mask = np.zeros((30, 24 * count), np.uint8)
            for at in range(count):
                mask[:, 24 * at + 4 : 24 * at + 12] = 255
            ink.write(mask.tobytes())
            shapes.append(mask.shape)
            texts.append("i" * count)
    np.save(tmp_path / "shapes.npy", np.array(shapes, np.int32))
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    return Bank(tmp_path)


def test_a_bank_tells_its_words_apart(bank: Bank) -> None:
    assert len(bank) == 3
    mask, text = bank[1]
    assert (mask.shape, text) == ((30, 72), "iii")
    assert mask[:, 4:12].min() == 255
    assert mask[:, 12:28].max() == 0


def test_every_crop_is_a_picture_that_the_tower_takes(bank: Bank) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 140, 3)).astype(np.uint8)
    crops, texts = CropRenderer(bank, Textures([photo], 1), 2).render(150)
    assert crops.shape == (150, HEIGHT, WIDTH, 3)
    assert crops.dtype == np.uint8
    assert set(texts) == set(bank.texts)
    assert np.median(crops.astype(np.float32).std((1, 2, 3))) > 20
    assert len({crop.tobytes() for crop in crops}) == len(crops)


def test_undamaged_crops_show_their_own_word(bank: Bank) -> None:
    """A word of n bars changes from ground to lettering n times along its middle row."""
    crops, texts = CropRenderer(bank, Textures([], 1), 3).paint(400)
    right = 0
    for crop, text in zip(crops, texts, strict=True):
        row = crop[:, HEIGHT // 2].mean(0)
        bright = row > (row.min() + row.max()) / 2
        rises = int((bright[1:] != bright[:-1]).sum()) / 2
        right += abs(rises - len(text)) <= 0.5
    assert right > 250  # the others have stripes, outlines or neighbours


def test_the_same_seeds_render_the_same_crops(bank: Bank) -> None:
    first, second = (CropRenderer(bank, Textures([], 5), 6) for _ in range(2))
    for _ in range(3):
        np.testing.assert_array_equal(first.render(9)[0], second.render(9)[0])


def test_crops_can_be_left_unspoiled() -> None:
    crops = torch.rand(64, 3, HEIGHT, WIDTH) * 255
    crops[:] = crops.mean(1, keepdim=True)  # a grey one stays what it is
    plain = degrade_crops(crops, torch.zeros(64), Chance(0))
    np.testing.assert_allclose(plain, crops.permute(0, 2, 3, 1), atol=1)
    spoiled = degrade_crops(crops, torch.ones(64), Chance(0))
    different = np.abs(spoiled.astype(np.float32) - plain).max((1, 2, 3)) > 3
    assert different.sum() > 50


@pytest.mark.parametrize(("high", "wide"), [(HEIGHT, WIDTH), (64, 64), (7, 200), (640, 40)])
@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_damage_keeps_size_and_kind(high: int, wide: int, strength: float) -> None:
    picture = np.random.default_rng(1).uniform(0, 255, (high, wide, 3)).astype(np.float32)
    for seed in range(15):
        spoiled = degrade(picture, np.random.default_rng(seed), strength)
        assert spoiled.shape == picture.shape
        assert spoiled.dtype == np.uint8


def test_damage_leaves_the_picture_recognisable() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    picture[:, WIDTH // 2 :] = 255
    likeness = [
        np.corrcoef(degrade(picture, np.random.default_rng(seed), 1.0).ravel(), picture.ravel())
        for seed in range(40)
    ]
    assert min(matrix[0, 1] for matrix in likeness) > 0.7


@pytest.mark.parametrize(("wide", "high"), [(128, 32), (640, 640), (3, 3), (1, 50), (700, 9)])
def test_grounds_have_the_size_asked_for(wide: int, high: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    for photos in ([], [photo]):
        textures = Textures(photos, 3)
        for _ in range(25):
            patch = textures.patch(wide, high)
            assert patch.shape == (high, wide, 3)
            assert patch.dtype == np.uint8


def test_lettering_stands_out_from_its_ground() -> None:
    textures = Textures([], 7)
    for level in (0, 60, 127, 128, 200, 255):
        ground = np.full((20, 50, 3), level, np.uint8)
        for _ in range(20):
            paint = textures.lettering(ground, 50, 20)
            assert paint.shape == (20, 50, 3)
            luminance = float(paint.mean((0, 1)) @ (0.3, 0.59, 0.11))
            assert abs(luminance - level) > 20


def test_backgrounds_are_chosen_evenly_and_read_as_rgb(tmp_path: Path) -> None:
    for at in range(9):
        picture = np.full((10, 12, 3), (0, 0, 20 * at + 10), np.uint8)  # BGR
        cv2.imwrite(str(tmp_path / f"{at}.png"), picture)
    (tmp_path / "z.txt").write_text("no picture")
    pictures = load_backgrounds(tmp_path, 4)
    assert [picture[0, 0, 0] for picture in pictures] == [10, 70, 130]
    assert all(picture[0, 0, 2] == 0 for picture in pictures)
    assert len(load_backgrounds(tmp_path)) == 9


def test_an_empty_folder_has_no_backgrounds(tmp_path: Path) -> None:
    assert load_backgrounds(tmp_path) == []
