"""Files that mean harm, or came to it, each in a folder with good photos."""

from __future__ import annotations

import os
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from engine import photos
from engine.catalogue import Catalogue
from engine.embedder import Embedder
from engine.errors import PhotoError
from engine.indexer import Indexer, ScanResult
from engine.photos import digest, open_photo, read_photo
from tests import fakes

TOO_LARGE = "The photo is too large: 30,000 × 30,000 pixels, more than 200 megapixels."
REASONS = {
    "truncated.jpg": "The photo is incomplete: the end of the file is missing.",
    "truncated.png": "The photo is incomplete: the end of the file is missing.",
    "text.jpg": "The name ends in .jpg, but there is no picture in the file that can be read.",
    "html.png": "The name ends in .png, but there is no picture in the file that can be read.",
    "script.gif": "The name ends in .gif, but there is no picture in the file that can be read.",
    "empty.jpg": "The file is empty.",
    "zeros.jpg": "The name ends in .jpg, but there is no picture in the file that can be read.",
    "giant.png": TOO_LARGE,
    "giant.tiff": "The photo is too large: 60,000 × 60,000 pixels, more than 200 megapixels.",
    "pipe.jpg": "This is a named pipe, not a file with a photo in it.",
    "socket.jpg": "This is a socket, not a file with a photo in it.",
    "null.jpg": "This is a device, not a file with a photo in it.",
    "broken_link.jpg": "This is a link to a file that is not there.",
    "circle.jpg": "This is a link that leads back to itself.",
}
GOOD = ["first.jpg", "folder/second.png", "third.heic"]


def write_giant_png(path: Path, side: int) -> None:
    """A whole and valid PNG of one colour: 100 kilobytes that decode to gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    row = bytes(1 + (side + 7) // 8)
    compressor = zlib.compressobj(1)
    rows = b"".join(compressor.compress(row * 100) for _ in range(side // 100))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", rows + compressor.flush())
        + chunk(b"IEND", b"")
    )


def write_giant_tiff(path: Path, side: int) -> None:
    """Claims a size that nothing in the file bears out."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1)]
    entries += [(273, 4, 8), (277, 3, 1), (278, 4, side), (279, 4, side)]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, n) for tag, kind, n in entries)
    count = struct.pack("<H", len(entries))
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + count + directory + bytes(4))


def fill(folder: Path) -> None:
    for number, name in enumerate(GOOD):
        fakes.photo(folder / name, "coffee", f"good{number}")
    for suffix in ("jpg", "png"):
        whole = fakes.photo(folder / f"truncated.{suffix}", "theatre", size=(1600, 900))
        content = whole.read_bytes()
        whole.write_bytes(content[: len(content) // 2])
    (folder / "text.jpg").write_text("Dear diary, this is no photo.\n" * 20)
    (folder / "html.png").write_text("<html><body>404 Not Found</body></html>")
    # What EPS readers are known to run.
    (folder / "script.gif").write_text("%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n")
    (folder / "empty.jpg").touch()
    (folder / "zeros.jpg").write_bytes(bytes(5000))
    write_giant_png(folder / "giant.png", 30_000)
    write_giant_tiff(folder / "giant.tiff", 60_000)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "null.jpg").symlink_to("/dev/null")
    (folder / "broken_link.jpg").symlink_to(folder / "nothing.jpg")
    (folder / "circle.jpg").symlink_to(folder / "circle.jpg")
    (folder / "folder" / "up").symlink_to(folder)
    (folder / "folder" / "everything").symlink_to("/")
    (folder / "named_like_a_photo.jpg").mkdir()
    # The path of a socket may not be longer than 107 bytes; this one is made where it is short.
    with socket.socket(socket.AF_UNIX) as server, _inside(folder):
        server.bind("socket.jpg")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Catalogue]]:
    """A folder of good and bad files after one scan, with the real embedder."""
    folder = tmp_path_factory.mktemp("hostile")
    fill(folder)
    file = tmp_path_factory.mktemp("library") / "catalogue.sqlite"
    with (
        Catalogue.open(file, write=True) as catalogue,
        Embedder(fakes.fake_towers, longest_side=fakes.LONGEST_SIDE) as embedder,
    ):
        catalogue.add_root(folder)
        indexer = Indexer(
            catalogue,
            embedder,
            fakes.fake_pack(folder),
            lambda _: None,
            lambda *_: None,
            lambda _: None,
        )
        result = indexer.scan([folder], threading.Event())
        assert result == ScanResult(
            added=len(GOOD) + len(REASONS),
            searchable=len(GOOD),
            embedded=len(GOOD),
            skipped=len(REASONS),
        )
        yield folder, catalogue


def test_everything_good_is_searchable_all_the_same(library: tuple[Path, Catalogue]) -> None:
    folder, catalogue = library
    pack_id = catalogue.pack_id(fakes.fake_pack(folder))
    assert catalogue.counts(pack_id).searchable == len(GOOD)
    assert catalogue.counts(pack_id).waiting == 0


@pytest.mark.parametrize("name", REASONS)
def test_each_bad_file_is_listed_with_its_reason(
    library: tuple[Path, Catalogue], name: str
) -> None:
    folder, catalogue = library
    reasons = {row.path: row.reason for row in catalogue.skipped()}
    assert reasons[folder / name] == REASONS[name]


def test_nothing_else_is_listed(library: tuple[Path, Catalogue]) -> None:
    folder, catalogue = library
    assert {row.path for row in catalogue.skipped()} == {folder / name for name in REASONS}


def test_a_giant_is_refused_before_anything_of_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_giant_png(tmp_path / "giant.png", 30_000)
    assert (tmp_path / "giant.png").stat().st_size < 600_000

    def load(image: ImageFile.ImageFile) -> None:
        pytest.fail("it was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(PhotoError, match="30,000 × 30,000"):
        read_photo(tmp_path / "giant.png", 640)


def test_a_giant_is_refused_in_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "JPEG_PIXELS", 10_000)
    monkeypatch.setattr(photos, "OTHER_PIXELS", 10_000)
    for suffix in ("jpg", "png", "webp", "tiff", "bmp", "gif", "heic", "avif"):
        path = fakes.photo(tmp_path / f"giant.{suffix}", "coffee")
        with pytest.raises(PhotoError, match="too large: 320 × 180"):
            read_photo(path, 640)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may read everything, so the test steps down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission_is_refused_and_may_be_tried_again(tmp_path: Path) -> None:
    open_to_all = fakes.photo(tmp_path / "open.png", "coffee")
    closed = fakes.photo(tmp_path / "closed.png", "coffee")
    closed.chmod(0o000)
    # pytest's folders are closed to others all the way up; from inside, they need not be passed.
    tmp_path.chmod(0o755)
    with _inside(tmp_path), _as_nobody():
        open_photo(Path(open_to_all.name)).close()
        with pytest.raises(PhotoError, match="no permission to read") as caught:
            digest(Path(closed.name))
    assert caught.value.passing


def test_a_file_without_permission_is_skipped_until_it_is_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fakes.photo(tmp_path / "photos" / "closed.png", "coffee")
    really_open = os.open

    def refuse(name: Path, *arguments: int) -> int:
        if name == path:
            raise PermissionError(13, "Permission denied")
        return really_open(name, *arguments)

    with Catalogue.open(tmp_path / "catalogue.sqlite", write=True) as catalogue:
        catalogue.add_root(path.parent)
        pack = fakes.fake_pack(tmp_path)
        indexer = Indexer(
            catalogue,
            fakes.FakeEmbedder(),
            pack,
            lambda _: None,
            lambda *_: None,
            lambda _: None,
        )
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", refuse)
            indexer.scan([path.parent], threading.Event())
        assert [row.reason for row in catalogue.skipped()] == [
            "You have no permission to read this file."
        ]
        indexer.scan([path.parent], threading.Event())
        assert catalogue.skipped() == []
        assert catalogue.counts(catalogue.pack_id(pack)).searchable == 1


def test_a_disk_that_fails_is_said_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fakes.photo(tmp_path / "a.jpg", "coffee")

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    for broken in ("hashlib.file_digest", "PIL.Image.open"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, fail)
            with pytest.raises(PhotoError, match="could not be read from the disk") as caught:
                digest(path) if "digest" in broken else read_photo(path, 640)
        assert caught.value.passing


def test_too_little_memory_is_said_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fakes.photo(tmp_path / "a.png", "coffee")

    def fail(image: Image.Image, *_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(PhotoError, match="not enough memory") as caught:
        read_photo(path, 640)
    assert caught.value.passing


def test_a_pipe_that_takes_the_place_of_a_photo_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fakes.photo(tmp_path / "a.jpg", "coffee")
    really_open = os.open

    def swap(name: Path, *arguments: int) -> int:
        with suppress(FileNotFoundError):
            path.unlink()
        os.mkfifo(path)
        return really_open(name, *arguments)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(PhotoError, match="named pipe"):
        open_photo(path)
