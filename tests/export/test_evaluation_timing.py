"""Where a photo's time goes, and how much memory its embedder takes."""

import multiprocessing
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.packs import ModelPack
from export.evaluation import memory, timing
from tests.packs import painted_pack, put


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    return painted_pack(tmp_path_factory.mktemp("pack"))


def signs(folder: Path, count: int) -> list[Path]:
    paths = []
    for number in range(count):
        pixels = np.zeros((240, 320, 3), np.uint8)
        put(pixels, "exit", (160, 120))
        paths.append(folder / f"{number}.png")
        cv2.imwrite(str(paths[-1]), pixels[:, :, ::-1])
    return paths


def test_every_stage_of_a_photo_is_timed(painted: ModelPack, tmp_path: Path) -> None:
    stages = timing.time_stages(painted, signs(tmp_path, 3))
    assert stages is not None
    assert stages.photos == 3
    assert min(stages.decode, stages.focus, stages.image_tower, stages.rest) > 0


def test_timed_towers_see_what_towers_see(painted: ModelPack) -> None:
    pixels = np.zeros((240, 320, 3), np.uint8)
    put(pixels, "exit", (160, 120))
    towers = timing.TimedTowers(painted)
    assert [region.reading for region in towers.embed_photo(pixels)] == ["exit"]
    assert towers.total >= towers.focus + towers.image_tower


def test_photos_that_cannot_be_read_are_not_timed(painted: ModelPack, tmp_path: Path) -> None:
    good = signs(tmp_path, 1)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no photo")
    stages = timing.time_stages(painted, [bad, *good])
    assert stages is not None
    assert stages.photos == 1
    assert timing.time_stages(painted, [bad]) is None


def test_other_families_of_packs_are_not_timed(pack: ModelPack, tmp_path: Path) -> None:
    assert timing.time_stages(pack, signs(tmp_path, 1)) is None


def test_of_many_photos_some_are_timed_evenly_apart(
    painted: ModelPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "MOST_PHOTOS", 2)
    paths = signs(tmp_path, 4)
    for odd in paths[1::2]:
        odd.unlink()
    stages = timing.time_stages(painted, paths)
    assert stages is not None
    assert stages.photos == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_peak_of_a_child_process_is_known_while_it_lives() -> None:
    before = memory.children()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.map(abs, [1])
        (child,) = memory.children() - before
        peak = memory.peak_megabytes({child})
        pool.close()
        pool.join()
    assert peak is not None
    assert 1 < peak < 10_000
    assert memory.peak_megabytes({child}) is None
