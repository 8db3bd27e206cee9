"""Towers: photos to regions and words to embeddings, by a pack that reads painted signs."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine import lattice
from engine import towers as towers_module
from engine.colours import Colours
from engine.directions import Way
from engine.errors import PackError
from engine.focus import Found
from engine.packs import ModelPack
from engine.preprocess import Pyramid
from engine.regions import Region
from engine.sessions import providers
from engine.tilt import levelled
from engine.tokenizer import stretch
from engine.towers import CompactTowers, Towers, open_towers, open_towers_of_folder
from tests.packs import painted_pack, put


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    return painted_pack(tmp_path_factory.mktemp("packs") / "painted")


@pytest.fixture(scope="module")
def towers(painted: ModelPack) -> Towers:
    return open_towers(painted, threads=1)


def blank(wide: int = 512, high: int = 512) -> NDArray[np.uint8]:
    return np.zeros((high, wide, 3), np.uint8)


def settled(pack: ModelPack, part: str, **values: Any) -> ModelPack:
    """The pack with other settings of a part."""
    settings = dict(pack.settings)
    return replace(pack, settings=settings | {part: {**settings[part], **values}})


def off(region: Region, quad: NDArray[np.float32]) -> float:
    """Pixels between the corners of a region and of a quad, corner by corner, at most."""
    return float(np.linalg.norm(region.quad - quad, axis=1).max())


def test_an_empty_photo_has_no_regions(towers: Towers) -> None:
    assert towers.embed_photo(blank()) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (7, 5)])
def test_photos_too_small_for_words_have_no_regions(towers: Towers, shape: tuple[int, int]) -> None:
    assert towers.embed_photo(np.zeros((*shape, 3), np.uint8)) == []


def test_a_sign_becomes_a_region_that_says_its_word(towers: Towers) -> None:
    photo = blank()
    quad = put(photo, "photolex", (250, 200))
    (region,) = towers.embed_photo(photo)
    assert region.reading == "photolex"
    assert off(region, quad) < 6
    assert 0.5 < region.confidence <= 1
    assert region.embedding.dtype == np.float16
    assert region.embedding.shape == (towers.embedding_size,)
    assert np.linalg.norm(region.embedding.astype(np.float32)) == pytest.approx(1, abs=1e-3)
    assert len(region.lattice) == 32 * 4 * 2


def test_a_region_knows_the_colours_of_its_crop(
    towers: Towers, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = blank()
    put(photo, "alpha", (256, 100))
    put(photo, "bravo", (256, 350))
    crops: list[NDArray[np.uint8]] = []

    def seen(some: Sequence[NDArray[np.uint8]]) -> list[Colours]:
        crops.extend(some)
        return [Colours((place, 0, 0), (0, 0, 0)) for place in range(1, len(some) + 1)]

    monkeypatch.setattr(towers_module, "measured", seen)
    regions = towers.embed_photo(photo)
    assert [region.colours for region in regions] == [
        Colours((place, 0, 0), (0, 0, 0)) for place in range(1, len(regions) + 1)
    ]
    assert len(regions) >= 2
    pyramid = Pyramid(photo)
    assert isinstance(towers, CompactTowers)
    for region, crop in zip(regions, crops, strict=True):
        (again,) = towers.cut(pyramid, [Way(region.quad)])
        assert np.array_equal(again, crop)


def test_a_plate_of_several_groups_is_one_region_as_well(towers: Towers) -> None:
    photo = blank()
    for word, left, wide in (("kn", 40, 60), ("a45", 130, 90), ("0908", 250, 120)):
        put(photo, word, (left + wide / 2, 200), size=(wide, 40))
    regions = {region.reading: region for region in towers.embed_photo(photo)}
    assert set(regions) == {"kn", "a45", "0908", "kna450908"}
    whole = regions["kna450908"]
    left, top = whole.quad.min(0)
    right, bottom = whole.quad.max(0)
    assert (left, right) == pytest.approx((40, 370), abs=6)
    assert (top, bottom) == pytest.approx((180, 220), abs=6)
    assert whole.confidence == min(region.confidence for region in regions.values())
    assert whole.colours == regions["kn"].colours
    seen = lattice.unpack([whole.lattice])
    right, *wrong = (
        lattice.log_likelihood(seen, text)[0]
        for text in ("kna450908", "kna450903", "kna45908", "0908kna45", "kn")
    )
    assert right > max(wrong) + 1
    right, *wrong = towers.embed_words(
        ["kna450908", "kna450903", "kna45908", "0908kna45", "kn"]
    ) @ whole.embedding.astype(np.float32)
    assert right > max(wrong)
    assert np.linalg.norm(whole.embedding.astype(np.float32)) == pytest.approx(1, abs=1e-3)


def test_of_each_part_of_a_string_its_share_counts(
    towers: Towers, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = blank()
    for word, left, wide in (("kn", 40, 60), ("a45", 130, 90), ("0908", 250, 120)):
        put(photo, word, (left + wide / 2, 200), size=(wide, 40))
    some = np.array([(0, 1), (0, 0), (0, 1)], np.float32)
    monkeypatch.setattr(towers_module, "shares", lambda quads: some)
    readings = {region.reading for region in towers.embed_photo(photo)}
    assert readings == {"kn", "a45", "0908", "kn0908"}


def test_large_words_are_read_once_more(painted: ModelPack) -> None:
    photo = blank()
    put(photo, "large", (256, 150), size=(400, 100))
    put(photo, "small", (256, 400), size=(160, 40))
    large = {"least_height": 0.15, "margin_along": 0.0, "margin_across": 0.0}
    towers = open_towers(settled(painted, "image", large=large), threads=1)
    first, second, again = sorted(towers.embed_photo(photo), key=lambda region: region.reading)[:3]
    assert [first.reading, second.reading, again.reading] == ["large", "large", "small"]
    assert np.array_equal(first.quad, second.quad)
    assert len(towers.embed_photo(blank())) == 0


@pytest.mark.parametrize(("sure", "crops"), [(-9.0, [2 + 2]), (0.0, [2 + 2, 1 + 1, 1])])
def test_what_is_read_plainly_is_not_read_again(
    painted: ModelPack, monkeypatch: pytest.MonkeyPatch, sure: float, crops: list[int]
) -> None:
    """Neither as another look saw it nor with wider margins."""
    photo = blank()
    put(photo, "large", (256, 150), size=(400, 100))
    put(photo, "small", (256, 400), size=(160, 40))
    large = {"least_height": 0.15, "margin_along": 0.0, "margin_across": 0.0}
    towers = open_towers(settled(painted, "image", large=large), threads=1)
    assert isinstance(towers, CompactTowers)
    find, counts = CompactTowers.find, []

    def found(self: CompactTowers, pyramid: Pyramid) -> list[Found]:
        words = find(self, pyramid)
        small = min(words, key=lambda one: np.ptp(one.quad[:, 1]))
        return [*words, replace(small, double=True)]

    def counted(self: CompactTowers, pyramid: Pyramid, ways: Sequence[Way], **how: bool) -> Any:
        counts.append(len(ways))
        return cut(self, pyramid, ways, **how)

    cut = CompactTowers.cut
    monkeypatch.setattr(CompactTowers, "find", found)
    monkeypatch.setattr(CompactTowers, "cut", counted)
    monkeypatch.setattr(towers_module, "is_plain", lambda values: values > sure)
    regions = towers.embed_photo(photo)
    assert counts == crops
    assert len(regions) == 2 + len(crops) - 1


def test_large_words_have_margins_of_their_own(painted: ModelPack) -> None:
    photo = blank()
    photo[200:300, 100:400] = 255
    large = {"least_height": 0.1, "margin_along": 1.0, "margin_across": 0.5}
    towers = open_towers(settled(painted, "image", large=large), threads=1)
    assert isinstance(towers, CompactTowers)
    quad = np.array([(100, 200), (400, 200), (400, 300), (100, 300)], np.float32)
    (close,) = towers.cut(Pyramid(photo), [Way(quad)])
    (wide,) = towers.cut(Pyramid(photo), [Way(quad)], wide=True)
    assert close.mean() > 250
    # The word's 300 x 100 pixels in the middle of 500 x 200.
    assert wide.mean() / 255 == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("angle", [-44, -30, -15, -3, 0, 3, 15, 30, 44])
def test_a_tilted_sign_is_read_upright_and_outlined_from_its_first_letter(
    towers: Towers, angle: float
) -> None:
    photo = blank()
    quad = put(photo, "amber7", (256, 256), angle)
    (region,) = towers.embed_photo(photo)
    assert region.reading == "amber7"
    assert off(region, quad) < 12


@pytest.mark.parametrize("angle", [90, -90, 80, -80, 100, -100])
def test_a_sign_that_runs_up_or_down_is_read_in_its_own_direction(
    towers: Towers, angle: float
) -> None:
    photo = blank()
    quad = put(photo, "amber7", (256, 256), angle)
    (region,) = towers.embed_photo(photo)
    assert region.reading == "amber7"
    assert off(region, quad) < 12


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_photo_on_its_side_or_head_is_read(towers: Towers, quarters: int) -> None:
    words = ["alpha", "bravo", "delta", "golf", "hotel", "india", "kilo"]
    photo = blank()
    for at, word in enumerate(words):
        put(photo, word, (256, 40 + 70 * at), size=(192, 48))
    turned = np.ascontiguousarray(np.rot90(photo, quarters))
    assert sorted(region.reading for region in towers.embed_photo(turned)) == words


def test_one_sign_on_its_head_is_read_among_upright_ones(towers: Towers) -> None:
    photo = blank()
    put(photo, "alpha", (256, 100))
    put(photo, "bravo", (256, 250))
    quad = put(photo, "delta", (256, 400), 180)
    regions = {region.reading: region for region in towers.embed_photo(photo)}
    assert {"alpha", "bravo", "delta"} <= set(regions)  # and perhaps delta as it looks upright
    assert len(regions) <= 4
    assert off(regions["delta"], quad) < 6


def test_few_crops_are_cut_twice_in_an_upright_photo(
    painted: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    towers = open_towers(painted, threads=1)
    assert isinstance(towers, CompactTowers)
    cut = CompactTowers.cut
    counts = []

    def counted(self: CompactTowers, pyramid: Pyramid, ways: Sequence[Way], **how: bool) -> Any:
        counts.append(len(ways))
        return cut(self, pyramid, ways, **how)

    monkeypatch.setattr(CompactTowers, "cut", counted)
    photo = blank()
    for at in range(7):
        put(photo, "alpha", (256, 40 + 70 * at), size=(192, 48))
    towers.embed_photo(photo)
    assert counts == [7 + 4]  # at once
    counts.clear()
    towers.embed_photo(np.ascontiguousarray(photo[::-1, ::-1]))
    assert counts == [7 + 4, 3]


def bent(straight: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """The picture with its middle row on the top of a circle, or on the bottom of one if < 0."""
    high, wide = straight.shape[:2]
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    x, y, side = x - wide / 2 + 0.5, radius + high / 2 - 0.5 - y, np.sign(radius)
    along = (np.arctan2(x * side, y * side) * radius + wide / 2 - 0.5).astype(np.float32)
    down = (radius - side * np.hypot(x, y) + high / 2 - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(straight, along, down, cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize("radius", [90, 120, 200, -90, -120, -200])
def test_a_bent_sign_is_read_along_its_arc(towers: Towers, radius: float) -> None:
    photo = blank()
    put(photo, "amber7", (256, 256), size=(256, 48))
    (region,) = towers.embed_photo(bent(photo, radius))
    assert region.reading == "amber7"
    assert region.quad[0, 0] < region.quad[1, 0]
    assert region.quad[0, 1] < region.quad[3, 1]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_bent_sign_on_its_side_or_head_is_read(towers: Towers, quarters: int) -> None:
    photo = blank()
    put(photo, "amber7", (256, 256), size=(256, 48))
    turned = np.ascontiguousarray(np.rot90(bent(photo, 120), quarters))
    regions = towers.embed_photo(turned)
    assert "amber7" in [region.reading for region in regions]
    assert len(regions) <= 2  # one word alone on its head is kept both ways


@pytest.mark.parametrize(("angle", "levels"), [(5, 0), (14, 1), (-20, 1)])
def test_a_photo_held_askew_is_levelled_once(
    towers: Towers, monkeypatch: pytest.MonkeyPatch, angle: float, levels: int
) -> None:
    turned: list[float] = []

    def counted(photo: NDArray[np.uint8], degrees: float) -> Any:
        turned.append(degrees)
        return levelled(photo, degrees)

    monkeypatch.setattr(towers_module, "levelled", counted)
    photo = blank()
    quads = {word: put(photo, word, place, angle, size=(160, 40))
             for word, place in (("amber", (180, 160)), ("bravo", (300, 330)))}  # fmt: skip
    regions = {region.reading: region for region in towers.embed_photo(photo)}
    assert sorted(regions) == ["amber", "bravo"]
    assert all(off(regions[word], quad) < 6 for word, quad in quads.items())
    assert turned == pytest.approx([angle] * levels, abs=2)


def test_a_leaning_title_seen_from_afar_turns_no_photo(
    painted: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(towers_module, "levelled", None)
    towers = open_towers(settled(painted, "focus", longest_sides=[320]), threads=1)
    photo = blank()
    for word, place in (("amber", (180, 160)), ("bravo", (300, 330))):
        put(photo, word, place, 14, size=(160, 40))
    assert {"amber", "bravo"} <= {region.reading for region in towers.embed_photo(photo)}


@pytest.mark.parametrize("down", [True, False])
def test_a_long_page_is_read_in_pieces(towers: Towers, down: bool) -> None:
    words = ["alpha", "bravo", "delta", "golf", "hotel", "india", "kilo", "lima"]
    photo = blank(300, 3000) if down else blank(3000, 300)
    for at, word in enumerate(words):
        along = 190 + 370 * at
        put(photo, word, (150, along) if down else (along, 150), size=(192, 48))
    regions = {region.reading: region for region in towers.embed_photo(photo)}
    assert sorted(regions) == words
    for at, word in enumerate(words):
        assert regions[word].quad.mean(0)[int(down)] == pytest.approx(190 + 370 * at, abs=4)


def test_a_mirrored_sign_is_not_read(towers: Towers) -> None:
    photo = blank()
    put(photo, "abcd", (256, 256))
    for mirrored in (photo[:, ::-1], photo[::-1]):
        regions = towers.embed_photo(np.ascontiguousarray(mirrored))
        readings = [region.reading for region in regions]
        assert "dcba" in readings
        assert "abcd" not in readings


def test_a_large_photo_is_searched_small_but_cut_out_large(painted: ModelPack) -> None:
    towers = open_towers(settled(painted, "focus", longest_sides=[256]), threads=1)
    photo = blank(1024, 1024)
    quad = put(photo, "abcdefgh", (600, 500), 10, size=(360, 90))
    (region,) = towers.embed_photo(photo)
    assert region.reading == "abcdefgh"
    assert off(region, quad) < 40  # a cell of Focus is 16 pixels here


def test_a_small_photo_is_enlarged_for_focus(towers: Towers) -> None:
    photo = blank(160, 60)
    quad = put(photo, "abc", (80, 30), size=(128, 32))
    (region,) = towers.embed_photo(photo)
    assert region.reading == "abc"
    assert off(region, quad) < 5


def test_every_sign_of_a_photo_is_its_own_region(towers: Towers) -> None:
    photo = blank()
    words = ["alpha", "bravo", "delta", "golf", "hotel", "india", "kilo"]  # batches of three crops
    quads = {word: put(photo, word, (256, 40 + 70 * at), size=(192, 48))
             for at, word in enumerate(words)}  # fmt: skip
    regions = {region.reading: region for region in towers.embed_photo(photo)}
    assert sorted(regions) == words
    for word, quad in quads.items():
        assert off(regions[word], quad) < 6


@pytest.mark.parametrize("least_words", [7, 8])
def test_short_words_of_pages_are_read_from_narrow_crops(
    painted: ModelPack, monkeypatch: pytest.MonkeyPatch, least_words: int
) -> None:
    narrow = {"width": 64, "most_aspect": 2.5, "least_words": least_words}
    towers = open_towers(settled(painted, "image", narrow=narrow), threads=1)
    assert isinstance(towers, CompactTowers)
    photo = blank()
    words = ["ab", "photolex", "cd", "engine", "ef", "gh", "ij"]
    for at, word in enumerate(words):
        put(photo, word, (256, 40 + 70 * at), size=(48 * len(word), 48))
    widths: list[int] = []

    def seen(some: Sequence[NDArray[np.uint8]]) -> list[Colours]:
        widths.extend(crop.shape[1] for crop in some)
        return [Colours((0, 0, 0), (9, 9, 9))] * len(some)

    monkeypatch.setattr(towers_module, "measured", seen)
    regions = towers.embed_photo(photo)
    assert sorted(region.reading for region in regions) == sorted(words)
    short = {one.reading for one, wide in zip(regions, widths, strict=True) if wide == 64}
    assert short == ({"ab", "cd", "ef", "gh", "ij"} if least_words == 7 else set())
    for region in regions:
        assert region.embedding.astype(np.float32) @ towers.embed_words([region.reading])[0] > 0.7
        assert abs(region.quad.mean(0)[1] - (40 + 70 * words.index(region.reading))) < 3


def test_a_sign_is_nearest_to_its_own_word(towers: Towers) -> None:
    photo = blank()
    put(photo, "harbor", (256, 256), 20)
    (region,) = towers.embed_photo(photo)
    words = ["harbor", "harbour", "barhor", "arbor", "zzz"]
    similarities = towers.embed_words(words) @ region.embedding.astype(np.float32)
    assert words[int(similarities.argmax())] == "harbor"


def test_the_same_place_at_two_scales_is_read_twice_while_words_are_few(
    painted: ModelPack,
) -> None:
    towers = open_towers(settled(painted, "focus", longest_sides=[512, 256]), threads=1)
    photo = blank()
    put(photo, "alpha", (256, 100), 5)
    put(photo, "bravo", (256, 400), -5)
    regions = towers.embed_photo(photo)
    assert sorted(region.reading for region in regions) == ["alpha", "alpha", "bravo", "bravo"]
    first, second = (region.quad for region in regions if region.reading == "alpha")
    assert 0 < np.abs(first - second).max() < 12


def test_the_same_place_at_two_scales_is_one_region_among_many(painted: ModelPack) -> None:
    towers = open_towers(settled(painted, "focus", longest_sides=[1024, 512]), threads=1)
    photo = blank(1024, 1024)
    for at in range(24):
        put(photo, f"word{at:02}", (180 + 330 * (at % 3), 60 + 125 * (at // 3)), size=(160, 48))
    readings = [region.reading for region in towers.embed_photo(photo)]
    assert sorted(filter(None, readings)) == [f"word{at:02}" for at in range(24)]


def test_a_photo_too_small_for_two_scales_is_seen_once(painted: ModelPack) -> None:
    towers = open_towers(settled(painted, "focus", longest_sides=[512, 256]), threads=1)
    assert isinstance(towers, CompactTowers)
    photo = blank(128, 128)
    put(photo, "ab", (64, 64), size=(96, 32))
    assert len(towers.find(Pyramid(photo))) == 1


def test_words_become_unit_rows(towers: Towers) -> None:
    rows = towers.embed_words(["a", "photolex", "2026"])
    assert rows.shape == (3, towers.embedding_size)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_word_is_embedded_the_same_alone_and_among_others(towers: Towers) -> None:
    together = towers.embed_words(["one", "twenty", "three"])
    np.testing.assert_allclose(together[1:2], towers.embed_words(["twenty"]), atol=1e-6)


def test_no_words_have_no_rows(towers: Towers) -> None:
    assert towers.embed_words([]).shape == (0, towers.embedding_size)


def test_an_overlong_word_is_cut_to_what_the_tower_knows(towers: Towers) -> None:
    np.testing.assert_array_equal(
        towers.embed_words(["a" * 20 + "bcdefgh"]), towers.embed_words(["a" * 20 + "bcde"])
    )
    assert stretch(["a" * 24], 16).shape == (1, 16, 36)


def test_towers_for_words_only_load_nothing_else(painted: ModelPack) -> None:
    missing = replace(painted, files={"text": painted.files["text"]})
    towers = open_towers(missing, threads=1, parts="text")
    assert towers.embed_words(["photo"]).shape == (1, 576)
    with pytest.raises(RuntimeError, match="opened for words only"):
        towers.embed_photo(blank())


def test_towers_are_opened_by_a_call_that_another_process_can_be_given(painted: ModelPack) -> None:
    factory = pickle.loads(pickle.dumps(partial(open_towers_of_folder, str(painted.folder), 1)))
    assert factory().embed_words(["photo"]).shape == (1, 576)


def test_another_family_is_refused(painted: ModelPack) -> None:
    with pytest.raises(PackError, match="of a family not known: imagined"):
        open_towers(replace(painted, family="imagined"))


def without_margin(pack: ModelPack) -> ModelPack:
    image = {key: value for key, value in pack.settings["image"].items() if key != "margin_along"}
    return replace(pack, settings={**pack.settings, "image": image})


@pytest.mark.parametrize(
    "spoil",
    [
        without_margin,
        lambda pack: replace(pack, settings={}),
        lambda pack: settled(pack, "focus", longest_sides=5),
        lambda pack: settled(pack, "focus", finding={"unheard": 1}),
        lambda pack: settled(pack, "image", width="wide"),
        lambda pack: settled(pack, "image", narrow={"width": 64}),
        lambda pack: settled(pack, "text", frames=None),
    ],
)
def test_settings_that_are_missing_or_make_no_sense_are_a_packs_fault(
    painted: ModelPack, spoil: Callable[[ModelPack], ModelPack]
) -> None:
    with pytest.raises(PackError, match="does not say what its towers need"):
        open_towers(spoil(painted), threads=1)


def test_a_tower_that_the_pack_lacks_is_named(painted: ModelPack) -> None:
    files = {part: entry for part, entry in painted.files.items() if part != "image"}
    with pytest.raises(PackError, match="has no image tower"):
        open_towers(replace(painted, files=files), threads=1)


def test_a_torn_file_is_an_error_that_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pack = painted_pack(tmp_path)
    whole = pack.path("image").read_bytes()
    pack.path("image").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackError, match="The image tower of “painted” cannot be loaded"):
        open_towers(pack, threads=1)
    assert capfd.readouterr() == ("", "")


def test_towers_that_answer_another_size_than_promised_are_a_packs_fault(
    painted: ModelPack,
) -> None:
    towers = open_towers(replace(painted, embedding_size=128), threads=1)
    with pytest.raises(PackError, match=r"576 numbers, where its pack\.json says 128"):
        towers.embed_words(["photo"])
    photo = blank()
    put(photo, "photo", (256, 256))
    with pytest.raises(PackError, match="576 numbers"):
        towers.embed_photo(photo)


def test_towers_that_do_not_take_what_the_pack_says_are_a_packs_fault(
    painted: ModelPack, capfd: pytest.CaptureFixture[str]
) -> None:
    towers = open_towers(settled(painted, "text", frames=12), threads=1)
    with pytest.raises(PackError, match="The text tower of “painted” failed"):
        towers.embed_words(["photo"])
    assert capfd.readouterr() == ("", "")


def test_opening_towers_prints_nothing(painted: ModelPack) -> None:
    """A driver that is half there must not spoil what the command line prints for programs."""
    program = (
        "import sys; from engine.towers import open_towers_of_folder;"
        "open_towers_of_folder(sys.argv[1], 1).embed_words(['photo'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(painted.folder)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(
    ("built_with", "driver", "hidden", "expected"),
    [
        (["CUDAExecutionProvider", "CPUExecutionProvider"], True, False, "CUDA, CPU"),
        (["CUDAExecutionProvider", "CPUExecutionProvider"], False, False, "CPU"),
        (["CUDAExecutionProvider", "CPUExecutionProvider"], True, True, "CPU"),
        (["CPUExecutionProvider"], True, False, "CPU"),
    ],
)
def test_cuda_is_asked_for_only_where_a_driver_is(
    monkeypatch: pytest.MonkeyPatch,
    built_with: list[str],
    driver: bool,
    hidden: bool,
    expected: str,
) -> None:
    def load(name: str) -> object:
        if not driver:
            raise OSError(name)
        return object()

    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: built_with)
    monkeypatch.setattr("ctypes.CDLL", load)
    if hidden:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    else:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    names = [name.removesuffix("ExecutionProvider") for name in providers()]
    assert ", ".join(names) == expected
