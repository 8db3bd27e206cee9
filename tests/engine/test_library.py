"""A library indexes, watches and answers, all at once."""

from __future__ import annotations

import errno
import multiprocessing
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from sqlite3 import ProgrammingError
from unittest.mock import Mock

import numpy as np
import pytest

from engine import library as library_module
from engine import writing as writing_module
from engine.answering import Answering
from engine.errors import LibraryError, PackError, PhotoError, RootError
from engine.events import (
    EngineFailed,
    Event,
    IndexingFinished,
    IndexingPaused,
    MassDisappearance,
    PhotosChanged,
    RootOffline,
    RootOnline,
)
from engine.index import Freshness, HnswIndex
from engine.interrupts import interrupting
from engine.kept_index import KeptIndex, index_file
from engine.library import Library
from engine.packs import ModelPack
from engine.readers import Readers
from engine.watcher import Watcher
from tests.fakes import EMBEDDING_SIZE, FakeEmbedder, fake_pack, fake_towers, photo

PATIENCE = 60.0
INDEX = index_file(Path(), fake_pack(Path())).name


def until(condition: Callable[[], bool], what: str = "") -> None:
    """Waits for what happens in another thread."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what or condition}"
        time.sleep(0.02)


def names(library: Library, query: str) -> list[str]:
    """The photos that surely show the words."""
    hits = library.search(query).hits
    return [Path(hit.path).name for hit in hits if hit.band == "contains"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photo(photos / "bakery.jpg", "fresh", "bread")
    photo(photos / "trip" / "station.jpg", "exit")
    return photos


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    """Embeds in this process, so that a test need not wait for another one to start."""
    fake = FakeEmbedder()
    monkeypatch.setattr(writing_module, "Embedder", lambda factory, longest_side: fake)
    return fake


Open = Callable[..., Library]


@pytest.fixture
def open_library(folder: Path, pack: ModelPack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    hasty = partial(Watcher, settle=0.2, attend_seconds=0.1)
    monkeypatch.setattr(library_module, "Watcher", hasty)
    opened: list[Library] = []

    def opening(*, pack: ModelPack = pack, read_only: bool = False) -> Library:
        library = Library.open(folder, pack=pack, factory=fake_towers, read_only=read_only)
        opened.append(library)
        return library

    yield opening
    for library in opened:
        library.close()


@pytest.fixture
def library(open_library: Open, embedder: FakeEmbedder) -> Library:
    return open_library()


@pytest.fixture
def events(library: Library) -> list[Event]:
    events: list[Event] = []
    library.announcer.subscribe(events.append)
    return events


def index(library: Library, *roots: Path) -> None:
    for root in roots:
        library.add_root(root)
    library.index_now(threading.Event())


def test_photos_are_indexed_and_found(library: Library, photos: Path) -> None:
    root = library.add_root(photos)
    assert (root.path, root.online, root.photos, root.polled) == (photos, True, 0, False)
    result = library.index_now(threading.Event())
    assert (result.embedded, result.cancelled) == (2, False)
    assert names(library, "bread") == ["bakery.jpg"]
    status = library.status()
    assert (status.photos, status.searchable, status.skipped, status.waiting) == (2, 2, 0, 0)
    assert (status.regions, status.pack_name) == (3, "fake")
    assert (status.indexing, status.paused, status.index_ready) == (False, False, True)
    assert [root.photos for root in library.roots()] == [2]


def test_with_the_real_embedder_and_a_photo_that_cannot_be_opened(
    open_library: Open, photos: Path
) -> None:
    (photos / "text.jpg").write_text("no photo")
    library = open_library()
    index(library, photos)
    assert names(library, "exit") == ["station.jpg"]
    (skipped,) = library.skipped()
    assert skipped.path == photos / "text.jpg"
    assert skipped.reason.endswith(".")


def test_a_library_that_is_opened_again_still_knows_everything(
    open_library: Open, embedder: FakeEmbedder, photos: Path, folder: Path
) -> None:
    first = open_library()
    index(first, photos)
    first.close()
    first.close()
    assert (folder / INDEX).exists()
    second = open_library()
    assert names(second, "bread") == ["bakery.jpg"]
    index(second)
    assert len(embedder.embedded) == 2
    assert second.status().index_ready


def test_a_stale_or_lost_index_file_loses_no_photo(
    open_library: Open, embedder: FakeEmbedder, photos: Path, folder: Path
) -> None:
    first = open_library()
    index(first, photos)
    first.close()
    stale = {name: (folder / name).read_bytes() for name in (INDEX, f"{INDEX}.json")}
    second = open_library()
    photo(photos / "cafe.jpg", "coffee")
    (photos / "bakery.jpg").unlink()
    index(second)
    second.close()
    for name, content in stale.items():
        (folder / name).write_bytes(content)
    third = open_library()
    index(third)
    assert [names(third, word) for word in ("coffee", "bread", "exit")] == [
        ["cafe.jpg"],
        [],
        ["station.jpg"],
    ]
    third.close()
    (folder / INDEX).unlink()
    fourth = open_library()
    index(fourth)
    assert names(fourth, "coffee") == ["cafe.jpg"]


def test_one_program_at_a_time_indexes_and_others_may_search(
    open_library: Open, embedder: FakeEmbedder, photos: Path
) -> None:
    with pytest.raises(LibraryError, match="There is no library"):
        open_library(read_only=True)
    writer = open_library()
    index(writer, photos)
    with pytest.raises(LibraryError, match="Another Photolex is using the library"):
        open_library()
    reader = open_library(read_only=True)
    assert names(reader, "bread") == ["bakery.jpg"]
    photo(photos / "cafe.jpg", "coffee")
    index(writer)
    assert names(reader, "coffee") == ["cafe.jpg"]
    with pytest.raises(LibraryError, match="reading only"):
        reader.add_root(photos)
    assert not reader.paused
    reader.stop()
    writer.close()
    open_library()


def test_a_reader_uses_the_index_file_when_that_is_worth_it(
    open_library: Open,
    embedder: FakeEmbedder,
    photos: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.kept_index._WORTH_LOADING", 0)
    writer = open_library()
    index(writer, photos)
    reader = open_library(read_only=True)
    assert reader.status().index_ready
    assert names(reader, "bread") == ["bakery.jpg"]
    saved = (folder / INDEX).read_bytes(), (folder / f"{INDEX}.json").read_bytes()
    photo(photos / "cafe.jpg", "coffee")
    index(writer)
    (folder / INDEX).write_bytes(saved[0])
    (folder / f"{INDEX}.json").write_bytes(saved[1])
    topped_up = open_library(read_only=True)
    assert topped_up.status().index_ready
    assert names(topped_up, "coffee") == ["cafe.jpg"]
    monkeypatch.setattr("engine.kept_index._WORTH_ADDING", 0)
    assert not open_library(read_only=True).status().index_ready
    (folder / INDEX).unlink()
    assert names(open_library(read_only=True), "coffee") == ["cafe.jpg"]


def test_folders_that_cannot_be_watched_are_refused(
    library: Library, photos: Path, tmp_path: Path, folder: Path
) -> None:
    library.add_root(photos)
    link = tmp_path / "link"
    link.symlink_to(photos / "trip")
    photo(photos / ".private" / "a.jpg", "secret")
    photo(photos / "covers" / "a.jpg", "album")
    (photos / "covers" / ".nomedia").touch()
    refused = {
        tmp_path / "nowhere": "There is no folder",
        photos / "bakery.jpg": "is a file",
        photos / "trip": "already watched as a part of",
        photos / ".private": "of which folders are left out that are hidden",
        photos / "covers": "of which folders are left out that are hidden",
        link: "which is already watched",
        folder: "belongs to Photolex itself",
        folder / "thumbnails": "belongs to Photolex itself",
    }
    for path, sentence in refused.items():
        with pytest.raises(RootError, match=sentence):
            library.add_root(path)
    with pytest.raises(RootError, match="not one of the watched folders"):
        library.remove_root(photos / "trip")
    assert [root.path for root in library.roots()] == [photos]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(PermissionError(), "no permission"), (OSError(errno.EIO, "I/O error"), "I/O error")],
)
def test_an_unreadable_folder_is_refused(
    library: Library,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    sentence: str,
) -> None:
    def refuse(path: Path) -> None:
        raise error

    monkeypatch.setattr("engine.roots.os.scandir", refuse)
    with pytest.raises(RootError, match=sentence):
        library.add_root(photos)


def test_a_folder_may_be_added_again_or_take_in_another(library: Library, photos: Path) -> None:
    inner = library.add_root(photos / "trip")
    assert library.add_root(photos / "trip") == inner
    index(library)
    outer = library.add_root(photos)
    assert [root.path for root in library.roots()] == [outer.path]
    index(library)
    assert names(library, "exit") == ["station.jpg"]
    assert names(library, "bread") == ["bakery.jpg"]


def test_a_folder_around_one_that_is_away_is_refused(library: Library, photos: Path) -> None:
    index(library, photos / "trip")
    away = photos.with_name("away")
    (photos / "trip").rename(away)
    index(library)
    with pytest.raises(RootError, match="is watched already and not connected"):
        library.add_root(photos)
    assert names(library, "exit") == ["station.jpg"]
    away.rename(photos / "trip")
    index(library)
    library.add_root(photos)
    assert [root.path for root in library.roots()] == [photos]


def test_the_library_may_lie_inside_a_watched_folder(
    library: Library, photos: Path, folder: Path
) -> None:
    index(library, photos)
    hit = library.search("bread").hits[0]
    assert library.thumbnail(hit.photo_id) is not None
    photo(folder / "not a photo.jpg", "bread")
    index(library, folder.parent)
    assert names(library, "bread") == ["bakery.jpg"]


def test_a_removed_folder_takes_its_photos_along(
    library: Library, photos: Path, tmp_path: Path, events: list[Event]
) -> None:
    photo(tmp_path / "more" / "cafe.jpg", "coffee", "bread")
    index(library, photos, tmp_path / "more")
    library.remove_root(photos)
    assert names(library, "bread") == ["cafe.jpg"]
    assert library.status().photos == 1
    assert PhotosChanged(added=0, removed=2) in events
    assert (photos / "bakery.jpg").exists()


def test_thumbnails_are_made_on_demand(library: Library, photos: Path) -> None:
    index(library, photos)
    hit = library.search("bread").hits[0]
    small, large = library.thumbnail(hit.photo_id), library.thumbnail(hit.photo_id, 512)
    assert small is not None
    assert large is not None
    assert small != large
    assert small.suffix == ".webp"
    assert library.thumbnail(12345) is None


def test_no_thumbnail_is_made_of_a_photo_that_took_the_others_place(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bakery, station = photos / "bakery.jpg", photos / "trip" / "station.jpg"
    index(library, photos)
    bread, exit_ = library.search("bread").hits[0], library.search("exit").hits[0]
    bakery.rename(photos / "between.jpg")
    station.rename(bakery)
    (photos / "between.jpg").rename(station)
    assert library.thumbnail(bread.photo_id) is None
    assert library.thumbnail(exit_.photo_id) is None
    refused = PhotoError("You have no permission to read this file.", passing=True)
    with monkeypatch.context() as patch:
        patch.setattr("engine.intake.open_photo", Mock(side_effect=refused))
        index(library)
    assert len(library.skipped()) == 2
    assert library.thumbnail(bread.photo_id) is None
    index(library)
    assert library.thumbnail(bread.photo_id) is not None


def test_cancelling_keeps_what_is_done(
    library: Library, photos: Path, embedder: FakeEmbedder
) -> None:
    cancel = threading.Event()
    embedder.before = lambda path: cancel.set() if embedder.embedded else None  # type: ignore[method-assign]
    library.add_root(photos)
    result = library.index_now(cancel)
    assert result.cancelled
    assert 0 < library.status().searchable <= 2
    index(library)
    assert library.status().searchable == 2


# In the background


def test_changes_are_found_while_it_runs(
    library: Library, photos: Path, events: list[Event]
) -> None:
    library.start()
    library.start()
    library.add_root(photos)
    until(lambda: names(library, "bread") == ["bakery.jpg"])
    photo(photos / "new" / "cafe.jpg", "coffee")
    until(lambda: names(library, "coffee") == ["cafe.jpg"])
    (photos / "bakery.jpg").rename(photos / "baker.jpg")
    until(lambda: names(library, "bread") == ["baker.jpg"])
    shutil.rmtree(photos / "new")
    until(lambda: names(library, "coffee") == [])
    until(lambda: library.status().index_ready)
    assert any(isinstance(event, IndexingFinished) for event in events)
    assert not any(isinstance(event, EngineFailed) for event in events)


def test_a_folder_that_gets_another_name_while_it_runs_loses_and_doubles_nothing(
    library: Library, photos: Path, events: list[Event], embedder: FakeEmbedder
) -> None:
    for number in range(30):
        photo(photos / "old" / f"{number}.jpg", f"word{number}")
    library.start()
    library.add_root(photos)
    until(lambda: library.status().searchable == 32)
    (photos / "old").rename(photos / "new")
    until(lambda: library.search("word7").hits[0].path == str(photos / "new" / "7.jpg"))
    until(lambda: library.status().photos == 32 and not library.status().waiting)
    assert not any(isinstance(event, MassDisappearance) for event in events)
    assert len(embedder.embedded) == 32


def test_it_finds_at_the_start_what_changed_while_it_was_off(
    library: Library, photos: Path
) -> None:
    index(library, photos)
    photo(photos / "cafe.jpg", "coffee")
    library.start()
    until(lambda: names(library, "coffee") == ["cafe.jpg"])
    library.stop()
    photo(photos / "bar.jpg", "beer")
    assert names(library, "coffee") == ["cafe.jpg"]
    library.start()
    until(lambda: names(library, "beer") == ["bar.jpg"])


def test_live_changes_go_before_the_photos_that_wait(
    library: Library, photos: Path, embedder: FakeEmbedder
) -> None:
    for number in range(30):
        photo(photos / f"{number:02}.jpg", f"word{number}")
    started, go_on = threading.Event(), threading.Event()

    def wait(path: Path) -> None:
        started.set()
        go_on.wait(PATIENCE)

    embedder.before = wait  # type: ignore[method-assign]
    library.start()
    library.add_root(photos)
    assert started.wait(PATIENCE)
    photo(photos / "urgent.jpg", "urgent")
    library._on_changed({photos / "urgent.jpg"})
    go_on.set()
    until(lambda: library.status().waiting == 0 and library.status().photos == 33)
    order = [path.name for path in embedder.embedded]
    assert order.index("urgent.jpg") < 5


def test_pausing_puts_indexing_off(
    library: Library, photos: Path, events: list[Event], embedder: FakeEmbedder
) -> None:
    library.pause()
    library.start()
    library.add_root(photos)
    assert library.paused
    assert library.status().paused
    assert not library.status().indexing
    assert IndexingPaused("paused by you") in events
    assert library.search("bread").hits == []
    library.resume()
    until(lambda: names(library, "bread") == ["bakery.jpg"])
    assert not library.paused


def test_pausing_and_stopping_interrupt_a_scan(
    library: Library, photos: Path, events: list[Event], embedder: FakeEmbedder
) -> None:
    for number in range(40):
        photo(photos / f"{number:02}.jpg", f"word{number}")
    embedder.before = lambda path: time.sleep(0.25)  # type: ignore[method-assign]
    library.start()
    library.add_root(photos)
    until(lambda: len(embedder.embedded) > 1)
    library.pause("on battery")
    until(lambda: any(isinstance(event, IndexingFinished) for event in events))
    done = len(embedder.embedded)
    assert done < 42
    library.resume()
    until(lambda: len(embedder.embedded) > done)
    library.stop()
    assert len(embedder.embedded) < 42
    assert embedder.closed
    embedder.before = lambda path: None  # type: ignore[method-assign]
    library.start()
    until(lambda: library.status().waiting == 0 and not library.status().indexing)
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 42


def test_changes_in_other_folders_outlive_a_scan_that_is_interrupted(
    library: Library, photos: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    more = tmp_path / "more"
    photo(more / "cafe.jpg", "coffee")
    index(library, photos, more)
    photo(photos / "late.jpg", "late")
    live = {photo(more / f"{number}.jpg", f"live{number}") for number in range(3)}

    def notice(path: Path) -> None:
        embedder.before = pause  # type: ignore[method-assign]
        library._on_changed(live)

    def pause(path: Path) -> None:
        embedder.before = lambda path: None  # type: ignore[method-assign]
        library.pause()

    embedder.before = notice  # type: ignore[method-assign]
    # Without the watcher, which would post everything once more.
    library._may_write().background.start()
    library.rescan(photos)
    until(lambda: library.paused)
    library.resume()
    until(lambda: not library.status().indexing)
    assert (library.status().searchable, library.status().waiting) == (7, 0)


def test_looking_for_changes_tries_skipped_photos_again(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = photo(photos / "bad.png", "bad")
    with monkeypatch.context() as patch:
        patch.setattr("engine.photos.OTHER_PIXELS", 10)
        index(library, photos)
    index(library)
    assert [row.path for row in library.skipped()] == [bad]
    library.start()
    library.rescan(photos)
    until(lambda: names(library, "bad") == ["bad.png"])


def test_photos_that_moved_between_folders_while_it_was_off_are_followed(
    library: Library,
    photos: Path,
    tmp_path: Path,
    embedder: FakeEmbedder,
    events: list[Event],
) -> None:
    for number in range(30):
        photo(photos / "many" / f"{number}.jpg", f"word{number}")
    archive = tmp_path / "archive"
    photo(archive / "cafe.jpg", "coffee")
    index(library, photos, archive)
    embedder.embedded.clear()
    shutil.move(photos / "many", archive / "many")
    library.start()
    until(lambda: sorted(root.photos for root in library.roots()) == [2, 31])
    assert embedder.embedded == []
    assert not any(isinstance(event, MassDisappearance) for event in events)


def test_folders_come_and_go_while_a_scan_runs(
    library: Library, photos: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    for number in range(20):
        photo(photos / f"{number:02}.jpg", f"word{number}")
    more = tmp_path / "more"
    photo(more / "cafe.jpg", "coffee")
    embedder.before = lambda path: time.sleep(0.02)  # type: ignore[method-assign]
    library.start()
    library.add_root(photos)
    until(lambda: len(embedder.embedded) > 1)
    library.add_root(more)
    library.remove_root(photos)
    until(lambda: names(library, "coffee") == ["cafe.jpg"])
    assert library.status().photos == 1
    photo(photos / "late.jpg", "late")
    library.rescan()
    library.rescan(more)
    until(lambda: not library.status().indexing)
    assert names(library, "late") == []


def test_a_folder_that_goes_offline_stays_searchable(
    library: Library, photos: Path, events: list[Event]
) -> None:
    library.start()
    library.add_root(photos)
    until(lambda: names(library, "bread") == ["bakery.jpg"])
    away = photos.with_name("away")
    photos.rename(away)
    until(lambda: RootOffline(photos) in events)
    (hit,) = library.search("bread", limit=1).hits
    assert not hit.online
    away.rename(photos)
    until(lambda: RootOnline(photos) in events)
    until(lambda: library.search("bread", limit=1).hits[0].online)


def test_photos_that_vanish_all_at_once_are_kept_until_confirmed(
    library: Library, photos: Path
) -> None:
    for number in range(30):
        photo(photos / "many" / f"{number:02}.jpg", f"word{number}")
    index(library, photos)
    shutil.rmtree(photos / "many")
    library.start()
    until(lambda: not library.search("word7").hits[0].online)
    assert [root.missing for root in library.roots()] == [30]
    library.confirm_removal(photos)
    until(lambda: names(library, "word7") == [])
    assert library.status().photos == 2


def test_a_failing_model_is_announced_and_does_not_end_the_program(
    library: Library,
    photos: Path,
    events: list[Event],
    embedder: FakeEmbedder,
    expected_warnings: None,
) -> None:
    failures: list[Exception] = [PackError("The model is broken."), ValueError("a mistake")]

    def fail(path: Path) -> None:
        if failures:
            raise failures.pop(0)

    embedder.before = fail  # type: ignore[method-assign]
    library.start()
    library.add_root(photos)
    until(lambda: len(failures) == 1)
    library.rescan()
    until(lambda: not failures)
    library.rescan()
    until(lambda: names(library, "bread") == ["bakery.jpg"])
    failed = [str(event.error) for event in events if isinstance(event, EngineFailed)]
    assert failed == ["The model is broken.", "a mistake"]


def test_another_pack_takes_over_when_it_has_seen_every_photo(
    open_library: Open,
    embedder: FakeEmbedder,
    photos: Path,
    pack: ModelPack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = open_library()
    index(first, photos)
    first.close()
    other = fake_pack(tmp_path, name="other")
    monkeypatch.setattr(library_module, "installed_packs", lambda: [other, pack])
    second = open_library(pack=other)
    assert second.status().searchable == 0
    assert second.status().waiting == 2
    assert names(second, "bread") == ["bakery.jpg"]
    events: list[Event] = []
    second.announcer.subscribe(events.append)
    second.start()
    until(lambda: second.status().searchable == 2)
    until(lambda: PhotosChanged(added=0, removed=0) in events)
    assert names(second, "bread") == ["bakery.jpg"]
    assert second.status().pack_name == "other"


def test_without_the_files_of_the_last_pack_the_new_one_starts_from_nothing(
    open_library: Open,
    embedder: FakeEmbedder,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library_module, "installed_packs", list)
    first = open_library()
    index(first, photos)
    first.close()
    second = open_library(pack=fake_pack(tmp_path, name="other"))
    assert second.search("bread").hits == []
    index(second)
    assert names(second, "bread") == ["bakery.jpg"]


def test_an_index_that_disagrees_with_the_catalogue_is_made_again(
    open_library: Open, embedder: FakeEmbedder, photos: Path, folder: Path
) -> None:
    first = open_library()
    index(first, photos)
    first.close()
    # As if the file had been written before the first photos came.
    readers = Readers(folder / "catalogue.sqlite")
    kept = KeptIndex(folder / INDEX, first.pack, readers)
    graph = HnswIndex(EMBEDDING_SIZE)
    graph.fill(lambda after: [(np.array([3]), np.ones((1, EMBEDDING_SIZE), np.float16))][after:])
    graph.save(folder / INDEX, Freshness(first.pack.fingerprint, 1, 3))
    kept.bring_up()
    assert len(kept.current()) == 3
    kept.bring_up()
    assert kept.ready
    readers.close()


def test_an_index_that_cannot_be_saved_costs_only_time(
    library: Library, photos: Path, folder: Path, expected_warnings: None
) -> None:
    (folder / f"{INDEX}.new").mkdir()
    index(library, photos)
    assert names(library, "bread") == ["bakery.jpg"]
    assert not (folder / INDEX).exists()


@pytest.mark.parametrize("error", [PackError("The text tower is damaged."), ValueError("ours")])
def test_a_text_tower_that_cannot_be_loaded_is_announced(
    library: Library,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected_warnings: None,
) -> None:
    def fail(self: Answering) -> None:
        raise error

    monkeypatch.setattr(Answering, "open_words", fail)
    library.start()
    until(lambda: EngineFailed(error) in events)


def test_a_pack_without_towers_is_refused_by_the_first_search(
    folder: Path, pack: ModelPack
) -> None:
    library = Library.open(folder, pack=pack)
    with pytest.raises(PackError, match="not known"):
        library.search("bread")
    library.close()


def test_a_connection_that_is_lent_is_closed_when_it_comes_back(
    library: Library, photos: Path, folder: Path
) -> None:
    readers = Readers(folder / "catalogue.sqlite")
    with readers() as first, readers() as second:
        assert first is not second
        readers.close()
    with pytest.raises(ProgrammingError):
        first.roots()


def test_ctrl_c_while_it_stops_leaves_nothing_that_the_program_waits_for(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add_root(photos)
    library.start()
    until(lambda: library.status().searchable == 2)
    original = Watcher.stop

    def stop(watcher: Watcher) -> None:
        original(watcher)
        raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "stop", stop)
    with pytest.raises(KeyboardInterrupt):
        library.stop()

    def at_work() -> set[str]:
        return {one.name for one in threading.enumerate() if one.name.startswith("photolex-")}

    until(lambda: not at_work(), "its threads end")


def test_without_the_main_thread_there_is_no_ctrl_c() -> None:
    seen: list[bool] = []

    def run() -> None:
        with interrupting() as wish:
            seen.append(wish.is_set())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [False]


def test_the_persons_own_library_lies_where_the_platform_wants_it(
    tmp_path: Path, pack: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "cache"):
        monkeypatch.setattr(
            f"engine.library.platformdirs.user_{name}_path",
            lambda *_, name=name, **__: tmp_path / name,
        )
    library = Library.open(pack=pack, factory=fake_towers)
    assert library.folder == tmp_path / "data"
    library.close()
    assert (tmp_path / "data" / "catalogue.sqlite").exists()


def test_a_library_folder_that_cannot_be_made_is_refused(tmp_path: Path, pack: ModelPack) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be used"):
        Library.open(tmp_path / "file" / "library", pack=pack, factory=fake_towers)


def test_a_damaged_catalogue_leaves_no_lock_behind(tmp_path: Path, pack: ModelPack) -> None:
    (tmp_path / "catalogue.sqlite").write_text("this is no database, only words" * 100)
    for _ in range(2):
        with pytest.raises(LibraryError, match="damaged"):
            Library.open(tmp_path, pack=pack, factory=fake_towers)


def _hold(folder: Path, pack: ModelPack, ready: threading.Event, done: threading.Event) -> None:
    library = Library.open(folder, pack=pack, factory=fake_towers)
    ready.set()
    done.wait(PATIENCE)
    library.close()


def test_another_process_is_kept_out_and_let_in_afterwards(folder: Path, pack: ModelPack) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(folder, pack, ready, done))
    process.start()
    assert ready.wait(PATIENCE)
    with pytest.raises(LibraryError, match="Another Photolex"):
        Library.open(folder, pack=pack, factory=fake_towers)
    done.set()
    process.join(PATIENCE)
    assert process.exitcode == 0
    Library.open(folder, pack=pack, factory=fake_towers).close()
