"""The sample library: what is drawn, what is recorded, and what ships."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.demo import choose_queries, read_words, samples_folder
from engine.errors import LibraryError
from engine.photos import is_photo_name
from engine.tokenizer import fold
from export.synth import samples
from export.synth.samples import sheets
from export.synth.samples.camera import Camera, Light, Scene
from export.synth.samples.sheets import MissingFont, Sheet
from export.synth.samples.surfaces import Ball, Floats, Plane, Turned, lying, standing, vector

GREY = np.full((8, 8, 3), 128, np.uint8)


def has_fonts() -> bool:
    try:
        for face in sheets.FACES:
            sheets.font(face, 20)
    except MissingFont:
        return False
    return True


wants_fonts = pytest.mark.skipif(not has_fonts(), reason="wants the fonts of `make fonts`")


def rays(*ways: tuple[float, float, float]) -> Floats:
    return vector(ways)


def test_a_plane_is_met_at_its_distance_and_place() -> None:
    plane = Plane((-1, 1, 0), (2, 0, 0), (0, -2, 0), GREY)
    t, u, v = plane.meet(vector((0, 0, 5)), rays((0, 0, -1), (0.1, 0.1, -1), (1, 0, 0)))
    assert t[:2] == pytest.approx(5)
    assert (u[1], v[1]) == pytest.approx((0.75, 0.25))
    assert np.isinf(t[2])


def test_a_ray_goes_through_the_transparent_part_of_a_picture() -> None:
    half = np.full((8, 8, 4), 255, np.uint8)
    half[:, :4, 3] = 0
    plane = Plane((-1, 1, 0), (2, 0, 0), (0, -2, 0), half)
    t, _, _ = plane.meet(vector((0, 0, 5)), rays((-0.1, 0, -1), (0.1, 0, -1)))
    assert np.isinf(t[0])
    assert t[1] == pytest.approx(5)


def test_a_label_covers_only_its_part_of_the_turn() -> None:
    label = Turned((0, 0, 0), 2, (1, 1), GREY, span=90)
    front, _, _ = label.meet(vector((0, 1, 5)), rays((0, 0, -1)))
    back, _, _ = label.meet(vector((0, 1, -5)), rays((0, 0, 1)))
    assert front[0] == pytest.approx(4)
    assert back[0] == pytest.approx(6)  # through the open back onto the label's inside


def test_a_ball_is_met_on_the_near_side() -> None:
    t, _, _ = Ball((0, 0, 0), 1, GREY).meet(vector((0, 0, 3)), rays((0, 0, -1), (0, 1, 0)))
    assert t[0] == pytest.approx(2)
    assert np.isinf(t[1])


def test_what_stands_in_the_sun_darkens_the_ground_behind_it() -> None:
    white = np.full((8, 8, 3), 230, np.uint8)
    light = Light(towards=(0, 1, 1), spread=0.01, above=(0.3,) * 3, below=(0.3,) * 3)
    parts = [lying((0, 0, 0), (20, 20), white), standing((0, 0.5, 0), (1, 1), white)]
    scene = Scene(
        [*parts], eye=(0, 6, 0.01), target=(0, 0, 0), size=(120, 120), light=light, grain=0,
        vignette=0,
    )  # fmt: skip
    picture = Camera(scene, 1, sharpness=1).take().mean(2)
    assert picture[48, 60] < picture[72, 60] - 20


@wants_fonts
def test_the_words_of_a_sheet_are_those_that_can_be_read() -> None:
    sheet = Sheet(400, 200)
    sheet.write("Tea & Cake, 2.80", (200, 60), 30)
    sheet.write("far away", (200, 120), 8, read=False)
    assert sheet.words == ["Tea", "Cake,", "2.80"]


def test_a_font_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sheets.FACES, "absent", "NoSuchFace.ttf")
    with pytest.raises(MissingFont, match=r"NoSuchFace\.ttf"):
        sheets.font("absent", 20)


def test_a_turned_sample_is_upright_once_its_orientation_is_applied() -> None:
    picture = np.zeros((60, 40, 3), np.uint8)
    picture[:20, :, 0] = 255
    sample = samples.Sample("turned.jpg", samples.street.garage, 6)
    stored = Image.open(io.BytesIO(samples.encode(sample, picture)))
    assert stored.size == (60, 40)
    upright = np.asarray(ImageOps.exif_transpose(stored))
    assert upright.shape == (60, 40, 3)
    assert upright[:15, :, 0].mean() > 200
    assert upright[30:, :, 0].mean() < 40


@wants_fonts
def test_the_same_seed_draws_the_same_file() -> None:
    job = ("rue-des-lilas.jpg", samples.SEED, 0.1, 1)
    assert samples.paint(job) == samples.paint(job)


@wants_fonts
def test_one_sample_is_redrawn_and_the_others_kept(tmp_path: Path) -> None:
    (tmp_path / "samples.json").write_text('{"other.jpg": ["KEPT"]}')
    samples.write_samples(tmp_path, only=["screenshot-error.png"])
    words = json.loads((tmp_path / "samples.json").read_text(encoding="utf-8"))
    assert words["other.jpg"] == ["KEPT"]
    assert "Retry" in words["screenshot-error.png"]
    with Image.open(tmp_path / "screenshot-error.png") as picture:
        assert picture.size == (1280, 800)


def test_an_unknown_sample_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "samples"
    with pytest.raises(LibraryError, match=r"^There is no sample nothing\.jpg\.$"):
        samples.write_samples(out, only=["nothing.jpg"])
    assert not out.exists()


def test_what_ships_is_what_the_album_lists() -> None:
    folder = samples_folder()
    names = {sample.name for sample in samples.ALBUM}
    assert set(read_words(folder)) == names
    assert {file.name for file in folder.iterdir() if is_photo_name(file.name)} == names
    assert sum((folder / name).stat().st_size for name in names) < 3_500_000


def test_every_sample_has_two_to_forty_words() -> None:
    for name, words in read_words(samples_folder()).items():
        assert all(fold(word) for word in words), name
        assert 2 <= len(words) <= 40, name


def test_the_demonstration_asks_for_words_that_several_samples_show() -> None:
    assert choose_queries(read_words(samples_folder())) == ["coffee", "open", "exit"]
