from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.dates import changed_at
from engine.photos import digest, walk
from engine.thumbnails import Thumbnails
from tests import fakes


def stamp(photo: Path) -> tuple[int, int]:
    status = photo.stat()
    return status.st_size, status.st_mtime_ns


def get(thumbnails: Thumbnails, photo: Path, side: int) -> Path | None:
    """As of a photo that is known as it is."""
    return thumbnails.get(photo, digest(photo), stamp(photo), side)


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "cache")


def test_a_thumbnail_is_a_small_upright_webp(tmp_path: Path, thumbnails: Thumbnails) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee", size=(1600, 900), orientation=6)
    file = get(thumbnails, photo, 256)
    assert file is not None
    with Image.open(file) as picture:
        assert picture.format == "WEBP"
        assert picture.size == (256, 144)


def test_there_is_one_of_a_photo_with_a_date_far_in_the_future(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    os.utime(photo, ns=(0, 13_000_000_000 * 10**9))
    known = (photo.stat().st_size, changed_at(photo.stat()))
    assert thumbnails.get(photo, digest(photo), known, 64) is not None


def test_it_is_made_once(tmp_path: Path, thumbnails: Thumbnails) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    first = get(thumbnails, photo, 64)
    assert first is not None
    first.write_bytes(b"as it was")
    assert get(thumbnails, photo, 64) == first
    assert first.read_bytes() == b"as it was"
    assert get(thumbnails, photo, 32) != first


def test_a_photo_that_moved_or_whose_drive_is_away_keeps_it(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    content = digest(photo)
    file = get(thumbnails, photo, 64)
    photo.unlink()
    assert thumbnails.get(tmp_path / "elsewhere.jpg", content, (1, 1), 64) == file


def test_there_is_none_of_a_file_that_is_another_by_now(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    content, known = digest(photo), stamp(photo)
    fakes.photo(tmp_path / "b.jpg", "theatre").replace(photo)
    os.utime(photo, ns=(1, 1))
    assert thumbnails.get(photo, content, known, 64) is None
    assert thumbnails.get(photo, content, None, 64) is None
    # The right one can be made as soon as it is back.
    fakes.photo(photo, "coffee")
    os.utime(photo, ns=(known[1], known[1]))
    assert thumbnails.get(photo, content, known, 64) is not None


def test_there_is_none_of_a_photo_that_cannot_be_read(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    for name in ("a.jpg", "gone.jpg"):
        known = stamp(tmp_path / "a.jpg")
        assert thumbnails.get(tmp_path / name, bytes(16), known, 64) is None


def test_there_is_none_where_nothing_can_be_written(tmp_path: Path) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert get(Thumbnails(tmp_path / "cache"), photo, 64) is None


def test_a_picture_that_could_not_be_finished_leaves_nothing_behind(
    tmp_path: Path, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(picture: Image.Image, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    monkeypatch.setattr(Image.Image, "save", save)
    assert get(thumbnails, photo, 64) is None
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [
        "CACHEDIR.TAG"
    ]


def test_many_threads_may_ask_for_the_same_one(tmp_path: Path, thumbnails: Thumbnails) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee", size=(1600, 900))
    with ThreadPoolExecutor(8) as threads:
        files = set(threads.map(lambda _: get(thumbnails, photo, 256), range(32)))
    (file,) = files
    assert file is not None
    assert fakes.words_in(np.asarray(Image.open(file).convert("RGB"))) == ["coffee"]


def test_thumbnails_are_never_taken_for_photos(tmp_path: Path) -> None:
    photo = fakes.photo(tmp_path / "a.jpg", "coffee")
    thumbnails = Thumbnails(tmp_path / "library" / "thumbnails")
    assert get(thumbnails, photo, 64) is not None
    assert list(walk(tmp_path)) == [photo]


def test_trimming_deletes_the_oldest_first(tmp_path: Path, thumbnails: Thumbnails) -> None:
    files: list[Path] = []
    for number in range(4):
        photo = fakes.photo(tmp_path / "a.jpg", "coffee", variant=number)
        file = get(thumbnails, photo, 64)
        assert file is not None
        file.write_bytes(bytes(1000))
        os.utime(file, (number, number))
        files.append(file)
    thumbnails.trim(2500)
    assert [file.exists() for file in files] == [False, False, True, True]
    thumbnails.trim(0)
    assert not any(file.exists() for file in files)


def test_the_folder_does_not_grow_without_end(tmp_path: Path) -> None:
    photos = [fakes.photo(tmp_path / f"{n}.jpg", "coffee", variant=n) for n in range(12)]
    unbounded = Thumbnails(tmp_path / "all")
    sizes = []
    for photo in photos:
        file = get(unbounded, photo, 64)
        assert file is not None
        sizes.append(file.stat().st_size)
    most = sum(sizes[:4])
    # What an earlier run left behind counts too.
    for thumbnails, part in (
        (Thumbnails(tmp_path / "cache", most), photos[:6]),
        (Thumbnails(tmp_path / "cache", most), photos[6:]),
    ):
        made = [get(thumbnails, photo, 64) for photo in part]
        held = list((tmp_path / "cache").glob("*/*.webp"))
        assert made[-1] in held
        assert sum(file.stat().st_size for file in held) <= most + most // 20
