from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine import photos
from engine.errors import PhotoError
from engine.photos import digest, is_entered, is_photo_name, is_watched, read_photo, walk
from tests import fakes

EVERY_FORMAT = ["jpg", "png", "webp", "tiff", "bmp", "gif", "heic", "avif", "mpo"]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def names(root: Path, **options: object) -> list[str]:
    found = walk(root, **options)  # type: ignore[arg-type]
    return [path.relative_to(root).as_posix() for path in found]


class TestNames:
    @pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "b.HeIc", "c.d.png", "x.tif", "ü.webp"])
    def test_a_picture_suffix_makes_a_photo(self, name: str) -> None:
        assert is_photo_name(name)

    @pytest.mark.parametrize("name", ["a.txt", "jpg", "a.jpg.part", ".jpg", "._a.jpg", "a.svg", ""])
    def test_anything_else_does_not(self, name: str) -> None:
        assert not is_photo_name(name)


class TestWalk:
    def test_it_comes_to_photos_in_all_folders_in_the_same_order_every_time(
        self, tmp_path: Path
    ) -> None:
        for name in ("b/2.jpg", "b/1.png", "a/deep/er/3.webp", "top.gif", "b/notes.txt"):
            touch(tmp_path / name)
        assert names(tmp_path) == ["top.gif", "a/deep/er/3.webp", "b/1.png", "b/2.jpg"]

    def test_it_leaves_out_hidden_and_system_folders(self, tmp_path: Path) -> None:
        for name in (
            ".cache/a.jpg",
            "@eaDir/b.jpg",
            "$RECYCLE.BIN/c.jpg",
            "ok/._d.jpg",
            "ok/e.jpg",
        ):
            touch(tmp_path / name)
        assert names(tmp_path) == ["ok/e.jpg"]

    @pytest.mark.parametrize("marker", [".nomedia", "CACHEDIR.TAG"])
    def test_it_leaves_out_folders_that_are_marked_as_no_photos(
        self, tmp_path: Path, marker: str
    ) -> None:
        touch(tmp_path / "thumbnails" / marker)
        touch(tmp_path / "thumbnails" / "aa" / "a.webp")
        touch(tmp_path / "b.jpg")
        assert names(tmp_path) == ["b.jpg"]

    def test_a_root_that_is_asked_for_is_walked_although_it_is_hidden(self, tmp_path: Path) -> None:
        touch(tmp_path / ".photos" / "a.jpg")
        assert names(tmp_path / ".photos") == ["a.jpg"]

    @pytest.mark.parametrize("pattern", ["private", "2020/private", "*/private", "[p]rivate"])
    def test_it_leaves_out_what_a_pattern_excludes(self, tmp_path: Path, pattern: str) -> None:
        touch(tmp_path / "2020" / "private" / "a.jpg")
        touch(tmp_path / "2020" / "b.jpg")
        assert names(tmp_path, exclude=[pattern]) == ["2020/b.jpg"]

    def test_it_leaves_out_a_folder_named_by_its_whole_path(self, tmp_path: Path) -> None:
        touch(tmp_path / "library" / "a.jpg")
        assert names(tmp_path, exclude=[str(tmp_path / "library")]) == []

    def test_below_a_folder_it_comes_to_that_folder_alone(self, tmp_path: Path) -> None:
        touch(tmp_path / "a" / "1.jpg")
        touch(tmp_path / "b" / "2.jpg")
        assert names(tmp_path, below=tmp_path / "b") == ["b/2.jpg"]

    def test_links_that_lead_in_circles_end(self, tmp_path: Path) -> None:
        touch(tmp_path / "a" / "1.jpg")
        (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
        (tmp_path / "a" / "top").symlink_to(tmp_path)
        (tmp_path / "b").symlink_to(tmp_path / "c")
        (tmp_path / "c").symlink_to(tmp_path / "b")
        assert names(tmp_path) == ["a/1.jpg"]

    def test_a_link_to_a_folder_above_the_root_is_not_followed(self, tmp_path: Path) -> None:
        touch(tmp_path / "elsewhere.jpg")
        touch(tmp_path / "root" / "1.jpg")
        (tmp_path / "root" / "up").symlink_to(tmp_path)
        (tmp_path / "root" / "everything").symlink_to("/")
        assert names(tmp_path / "root") == ["1.jpg"]

    def test_a_linked_folder_elsewhere_is_followed_once(self, tmp_path: Path) -> None:
        touch(tmp_path / "elsewhere" / "1.jpg")
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "first").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "root" / "second").symlink_to(tmp_path / "elsewhere")
        assert names(tmp_path / "root") == ["first/1.jpg"]

    def test_links_and_pipes_named_like_photos_are_come_to(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        (tmp_path / "broken.jpg").symlink_to(tmp_path / "nothing")
        (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
        assert names(tmp_path) == ["broken.jpg", "loop.jpg", "pipe.jpg"]

    def test_a_folder_that_cannot_be_listed_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(tmp_path / "closed" / "a.jpg")
        touch(tmp_path / "open" / "b.jpg")
        really_scan = os.scandir

        def scan(folder: Path) -> object:
            if folder.name == "closed":
                raise PermissionError(13, "Permission denied")
            return really_scan(folder)

        monkeypatch.setattr(os, "scandir", scan)
        unreadable: list[Path] = []
        found = names(tmp_path, unreadable=lambda folder, _: unreadable.append(folder))
        assert found == ["open/b.jpg"]
        assert unreadable == [tmp_path / "closed"]

    def test_a_link_that_leads_nowhere_is_reported_for_it_may_lead_to_an_unplugged_drive(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "drive").symlink_to(tmp_path / "unplugged")
        touch(tmp_path / "a.jpg")
        touch(tmp_path / "notes.txt")
        (tmp_path / "link.txt").symlink_to(tmp_path / "notes.txt")
        unreadable: list[Path] = []
        found = names(tmp_path, unreadable=lambda path, _: unreadable.append(path))
        assert (found, unreadable) == (["a.jpg"], [tmp_path / "drive"])

    def test_below_a_folder_links_into_the_root_are_left_to_a_walk_of_it_all(
        self, tmp_path: Path
    ) -> None:
        root = tmp_path / "root"
        touch(root / "2023" / "1.jpg")
        touch(tmp_path / "elsewhere" / "2.jpg")
        (root / "album").mkdir()
        (root / "album" / "best").symlink_to(root / "2023")
        (root / "album" / "up").symlink_to("..")
        (root / "album" / "other").symlink_to(tmp_path / "elsewhere")
        unreadable: list[Path] = []
        found = names(
            root, below=root / "album", unreadable=lambda path, _: unreadable.append(path)
        )
        assert found == ["album/other/2.jpg"]
        assert unreadable == [root / "album" / "best", root / "album" / "up"]
        assert names(root, below=root) == names(root) == ["2023/1.jpg", "album/other/2.jpg"]

    def test_it_can_be_stopped_at_every_folder(self, tmp_path: Path) -> None:
        touch(tmp_path / "a" / "1.jpg")
        touch(tmp_path / "b" / "2.jpg")
        answers = iter([False, False, True])
        assert names(tmp_path, stopped=lambda: next(answers)) == ["a/1.jpg"]

    def test_a_single_path_is_watched_exactly_if_the_walk_comes_to_it(self, tmp_path: Path) -> None:
        every = ["a.jpg", "b/c.jpg", ".d/e.jpg", "@eaDir/f.jpg", "g/h.jpg", "x/i.jpg"]
        for name in every:
            touch(tmp_path / name)
        touch(tmp_path / "g" / ".nomedia")
        watched = [name for name in every if is_watched(tmp_path, tmp_path / name, exclude=["x"])]
        assert watched == names(tmp_path, exclude=["x"]) == ["a.jpg", "b/c.jpg"]
        assert is_watched(tmp_path, tmp_path)
        assert not is_watched(tmp_path / "b", tmp_path / "a.jpg")
        folders = ["", "b", ".d", "@eaDir", "g", "x"]
        entered = [name for name in folders if is_entered(tmp_path, tmp_path / name)]
        assert entered == ["", "b", "x"]


class TestReading:
    @pytest.mark.parametrize("suffix", EVERY_FORMAT)
    def test_every_format_is_read(self, tmp_path: Path, suffix: str) -> None:
        path = fakes.photo(tmp_path / f"photo.{suffix}", "coffee", "10am", size=(640, 360))
        photo = read_photo(path, 640)
        assert fakes.words_in(photo.pixels) == ["coffee", "10am"]
        assert photo.pixels.dtype == np.uint8
        assert (photo.width, photo.height) == (640, 360)

    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "heic", "avif"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_upright_whichever_way_the_camera_was_held(
        self, tmp_path: Path, suffix: str, orientation: int
    ) -> None:
        path = fakes.photo(
            tmp_path / f"photo.{suffix}", "coffee", size=(640, 360), orientation=orientation
        )
        photo = read_photo(path, 320)
        assert fakes.words_in(photo.pixels) == ["coffee"]
        assert photo.pixels.shape == (180, 320, 3)
        assert (photo.width, photo.height) == (640, 360)

    @pytest.mark.parametrize("suffix", ["png", "webp", "heic"])
    @pytest.mark.parametrize("exif", [b"garbage, no TIFF", b"II*\0", b"II+\0\x08\0\0\0"])
    def test_what_should_be_exif_and_is_not_leaves_it_as_it_is(
        self, tmp_path: Path, suffix: str, exif: bytes
    ) -> None:
        path = tmp_path / f"photo.{suffix}"
        fakes.picture("coffee").save(path, exif=b"Exif\0\0" + exif)
        assert fakes.words_in(read_photo(path, 640).pixels) == ["coffee"]

    def test_nor_does_a_png_text_that_should_be_exif(self, tmp_path: Path) -> None:
        info = PngInfo()
        info.add_text("Raw profile type exif", "\nexif\n  4\nnot hexadecimal")
        fakes.picture("coffee").save(tmp_path / "photo.png", pnginfo=info)
        assert fakes.words_in(read_photo(tmp_path / "photo.png", 640).pixels) == ["coffee"]

    @pytest.mark.parametrize("suffix", EVERY_FORMAT)
    def test_a_large_photo_is_shrunk_to_the_longest_side(self, tmp_path: Path, suffix: str) -> None:
        path = fakes.photo(tmp_path / f"photo.{suffix}", "coffee", size=(1500, 2000))
        photo = read_photo(path, 700)
        assert photo.pixels.shape == (700, 525, 3)
        assert (photo.width, photo.height) == (1500, 2000)
        assert fakes.words_in(photo.pixels) == ["coffee"]

    def test_a_small_photo_is_never_enlarged(self, tmp_path: Path) -> None:
        Image.new("RGB", (3, 5), "red").save(tmp_path / "small.png")
        assert read_photo(tmp_path / "small.png", 1000).pixels.shape == (5, 3, 3)

    def test_a_very_long_photo_keeps_at_least_one_pixel(self, tmp_path: Path) -> None:
        Image.new("RGB", (5000, 2), "red").save(tmp_path / "line.png")
        assert read_photo(tmp_path / "line.png", 100).pixels.shape == (1, 100, 3)

    def test_the_name_does_not_decide_how_a_file_is_decoded(self, tmp_path: Path) -> None:
        fakes.photo(tmp_path / "really.png", "coffee").rename(tmp_path / "called.jpg")
        assert fakes.words_in(read_photo(tmp_path / "called.jpg", 640).pixels) == ["coffee"]

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "YCbCr"])
    def test_colours_of_every_kind_become_rgb(self, tmp_path: Path, mode: str) -> None:
        suffix = "tiff" if mode in ("CMYK", "YCbCr") else "png"
        colour = "white" if mode == "1" else (204, 0, 0)
        picture = Image.new("RGB", (20, 10), colour).convert(mode)
        picture.save(tmp_path / f"photo.{suffix}")
        pixels = read_photo(tmp_path / f"photo.{suffix}", 100).pixels
        expected = np.asarray(picture.convert("RGB"))
        assert pixels.shape == (10, 20, 3)
        assert np.abs(pixels.astype(int) - expected).max() < 12

    def test_what_is_transparent_lies_on_white(self, tmp_path: Path) -> None:
        picture = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
        picture.putpixel((0, 0), (10, 20, 30, 255))
        picture.save(tmp_path / "photo.png")
        pixels = read_photo(tmp_path / "photo.png", 100).pixels
        assert pixels[3, 3].tolist() == [255, 255, 255]
        assert pixels[0, 0].tolist() == [10, 20, 30]

    def test_a_transparent_colour_of_a_palette_lies_on_white_too(self, tmp_path: Path) -> None:
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([9, 9, 9, 200, 0, 0])
        picture.save(tmp_path / "photo.gif", transparency=1)
        assert read_photo(tmp_path / "photo.gif", 100).pixels[0, 0].tolist() == [255, 255, 255]

    @pytest.mark.parametrize("suffix", ["png", "tiff"])
    def test_16_bit_grey_keeps_its_shades(self, tmp_path: Path, suffix: str) -> None:
        shades = np.array([[0, 32768, 65535]], dtype=np.uint16)
        Image.fromarray(shades).save(tmp_path / f"photo.{suffix}")
        pixels = read_photo(tmp_path / f"photo.{suffix}", 100).pixels
        assert pixels[0, :, 0].tolist() == [0, 127, 255]

    @pytest.mark.parametrize("shades", [[0.0, 0.5, 1.0], [0.0, 127.5, 255.0], [-4.0, 0.0, 4.0]])
    def test_grey_in_floats_keeps_its_shades(self, tmp_path: Path, shades: list[float]) -> None:
        Image.fromarray(np.array([shades], dtype=np.float32)).save(tmp_path / "photo.tiff")
        pixels = read_photo(tmp_path / "photo.tiff", 100).pixels
        assert pixels[0, :, 0].tolist() == [0, 127, 255]

    @pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
    def test_of_an_animation_the_first_picture_is_read(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"photo.{suffix}"
        fakes.picture("first").save(
            path, save_all=True, append_images=[fakes.picture("second")], duration=100
        )
        assert fakes.words_in(read_photo(path, 640).pixels) == ["first"]

    def test_a_panorama_within_the_limit_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = fakes.photo(tmp_path / "panorama.jpg", "coffee", size=(2000, 1000))
        monkeypatch.setattr(photos, "OTHER_PIXELS", 1)
        assert fakes.words_in(read_photo(path, 500).pixels) == ["coffee"]

    def test_a_jpeg_of_100_megapixels_is_read(self, tmp_path: Path) -> None:
        Image.new("L", (12_500, 8_000), 77).save(tmp_path / "large.jpg", quality=10)
        photo = read_photo(tmp_path / "large.jpg", 250)
        assert photo.pixels.shape == (160, 250, 3)
        assert (photo.width, photo.height) == (12_500, 8_000)


class TestDigest:
    def test_it_is_of_the_content_alone(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_bytes(b"the same")
        (tmp_path / "b.png").write_bytes(b"the same")
        (tmp_path / "c.jpg").write_bytes(b"another")
        assert digest(tmp_path / "a.jpg") == digest(tmp_path / "b.png")
        assert digest(tmp_path / "a.jpg") != digest(tmp_path / "c.jpg")
        assert len(digest(tmp_path / "a.jpg")) == 16

    def test_it_sees_a_byte_in_the_middle_of_a_large_file(self, tmp_path: Path) -> None:
        content = bytearray(3_000_000)
        (tmp_path / "a.jpg").write_bytes(content)
        before = digest(tmp_path / "a.jpg")
        content[1_500_000] = 1
        (tmp_path / "a.jpg").write_bytes(content)
        assert digest(tmp_path / "a.jpg") != before

    def test_a_file_that_is_not_there_has_none(self, tmp_path: Path) -> None:
        with pytest.raises(PhotoError, match="not there any more"):
            digest(tmp_path / "gone.jpg")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=400), st.sampled_from(["", "jpg", "png", "gif", "webp"]))
def test_no_content_whatever_raises_anything_but_a_reason(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, kind: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = noise
    if kind:
        whole = fakes.photo(folder / f"whole.{kind}", "coffee").read_bytes()
        middle = len(whole) // 2
        content = whole[:middle] + noise + whole[middle:]
    (folder / "noise.jpg").write_bytes(content)
    with suppress(PhotoError):
        read_photo(folder / "noise.jpg", 100)
