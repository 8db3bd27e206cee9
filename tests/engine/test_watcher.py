"""The watcher says which photos came, changed and went, once and not too early."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from engine import watcher as watcher_module
from engine.watcher import Watcher, _Pending

SETTLE = 0.2
PATIENCE = 60.0


class Posts:
    """What the watcher posted, in order."""

    def __init__(self) -> None:
        self.sets: list[set[Path]] = []
        self._news = threading.Condition()

    def __call__(self, paths: set[Path]) -> None:
        with self._news:
            self.sets.append(paths)
            self._news.notify_all()

    @property
    def paths(self) -> set[Path]:
        return set().union(*self.sets)

    def wait(self, *paths: Path) -> None:
        with self._news:
            came = self._news.wait_for(lambda: set(paths) <= self.paths, PATIENCE)
        assert came, f"{paths} were not posted, only {self.paths}"

    def forget(self) -> None:
        with self._news:
            self.sets.clear()


Start = Callable[..., Watcher]


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def start(posts: Posts, root: Path) -> Iterator[Start]:
    watchers: list[Watcher] = []

    def starting(ignored: tuple[Path, ...] = ()) -> Watcher:
        watcher = Watcher(
            posts, settle=SETTLE, polling_seconds=0.1, attend_seconds=0.1, ignored=ignored
        )
        watchers.append(watcher)
        watcher.start()
        watcher.watch(root)
        posts.wait(root)
        posts.forget()
        return watcher

    yield starting
    for watcher in watchers:
        watcher.stop()


@pytest.fixture(params=["native", "polled"])
def watching(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, start: Start) -> bool:
    """A started watcher, of both kinds in turn."""
    polled: bool = request.param == "polled"
    monkeypatch.setattr(watcher_module, "on_network", lambda path: polled)
    start()
    return polled


@pytest.mark.usefixtures("watching")
def test_a_new_photo_is_posted(root: Path, posts: Posts) -> None:
    (root / "a.jpg").write_bytes(b"photo")
    (root / "notes.txt").write_bytes(b"text")
    (root / ".hidden.jpg").write_bytes(b"hidden")
    posts.wait(root / "a.jpg")
    assert posts.paths == {root / "a.jpg"}


@pytest.mark.usefixtures("watching")
def test_changed_moved_and_deleted_photos_are_posted(root: Path, posts: Posts) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (root / name).write_bytes(b"photo")
    posts.wait(root / "a.jpg", root / "b.jpg", root / "c.jpg")
    posts.forget()
    (root / "a.jpg").write_bytes(b"another photo")
    (root / "b.jpg").rename(root / "d.jpg")
    (root / "c.jpg").unlink()
    posts.wait(*(root / name for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")))


@pytest.mark.usefixtures("watching")
def test_photos_in_new_folders_are_posted(root: Path, posts: Posts, tmp_path: Path) -> None:
    made = root / "trip" / "day 1"
    made.mkdir(parents=True)
    (made / "a.jpg").write_bytes(b"photo")
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "b.jpg").write_bytes(b"photo")
    shutil.move(outside, root / "moved in")
    posts.wait(made / "a.jpg", root / "moved in" / "inner" / "b.jpg")
    posts.forget()
    (made / "c.jpg").write_bytes(b"photo")
    (root / "moved in" / "inner" / "d.jpg").write_bytes(b"photo")
    posts.wait(made / "c.jpg", root / "moved in" / "inner" / "d.jpg")


@pytest.mark.usefixtures("watching")
def test_a_renamed_folder_is_posted_with_its_photos(root: Path, posts: Posts) -> None:
    (root / "old").mkdir()
    (root / "old" / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "old" / "a.jpg")
    posts.forget()
    (root / "old").rename(root / "new")
    posts.wait(root / "old", root / "new" / "a.jpg")


@pytest.mark.usefixtures("watching")
def test_a_deleted_folder_is_posted(root: Path, posts: Posts, tmp_path: Path) -> None:
    for name in ("deleted", "moved out"):
        (root / name).mkdir()
        (root / name / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "deleted" / "a.jpg", root / "moved out" / "a.jpg")
    posts.forget()
    shutil.rmtree(root / "deleted")
    (root / "moved out").rename(tmp_path / "elsewhere")
    posts.wait(root / "deleted", root / "moved out")


def test_a_photo_is_posted_only_when_it_is_whole(start: Start, root: Path, posts: Posts) -> None:
    start()
    written = [time.monotonic()]
    with (root / "slow.jpg").open("wb", buffering=0) as file:
        for _ in range(10):
            file.write(b"x" * 1000)
            time.sleep(SETTLE / 4)
            written.append(time.monotonic())
        early = len(posts.sets)
    # On a busy computer this test may itself have paused for so long that the file looked whole.
    paused = max(after - before for before, after in pairwise(written)) > SETTLE / 2
    assert not early or paused
    posts.wait(root / "slow.jpg")


def test_a_photo_that_grows_without_an_event_gets_more_time(
    start: Start, root: Path, posts: Posts
) -> None:
    watcher = start()
    photo = root / "grown.jpg"
    photo.write_bytes(b"half")
    posts.wait(photo)
    posts.forget()
    begun = time.monotonic()
    # As if it had been looked at before the last bytes came.
    watcher._pending[photo] = _Pending((1, 1), begun)
    watcher._touched.set()
    posts.wait(photo)
    assert time.monotonic() - begun >= 2 * SETTLE


def test_what_comes_at_once_is_posted_together(start: Start, root: Path, posts: Posts) -> None:
    start()
    photos = [root / f"{number}.jpg" for number in range(50)]
    for photo in photos:
        photo.write_bytes(b"photo")
    posts.wait(*photos)
    assert len(posts.sets) < 50


def test_hidden_and_ignored_folders_are_left_alone(start: Start, root: Path, posts: Posts) -> None:
    for name in (".thumbnails", "@eaDir", "library"):
        (root / name).mkdir()
    start(ignored=(root / "library",))
    for name in (".thumbnails", "@eaDir", "library"):
        (root / name / "a.jpg").write_bytes(b"photo")
        (root / name / "deep").mkdir()
        (root / name / "deep" / "b.jpg").write_bytes(b"photo")
    (root / "z.jpg").write_bytes(b"photo")
    posts.wait(root / "z.jpg")
    assert posts.paths == {root / "z.jpg"}


@pytest.mark.usefixtures("watching")
def test_a_root_that_goes_and_comes_back_is_posted_and_watched(root: Path, posts: Posts) -> None:
    away = root.with_name("away")
    root.rename(away)
    posts.wait(root)
    posts.forget()
    away.rename(root)
    posts.wait(root)
    (root / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "a.jpg")


def test_a_root_that_is_made_again_in_the_same_place_is_watched(
    start: Start, root: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_there = threading.Event()
    is_there.set()

    def place(root: Path) -> tuple[int, int]:
        # As where the new folder has the number of the old one, and nobody looked in between.
        is_there.wait(PATIENCE)
        return 1, 1

    monkeypatch.setattr(watcher_module, "_place", place)
    start()
    is_there.clear()
    shutil.rmtree(root)
    root.mkdir()
    is_there.set()
    posts.wait(root)
    (root / "b.jpg").write_bytes(b"photo")
    posts.wait(root / "b.jpg")


def test_a_root_that_is_not_there_yet_is_watched_when_it_comes(
    start: Start, tmp_path: Path, posts: Posts
) -> None:
    late = tmp_path / "late"
    watcher = start()
    watcher.watch(late)
    posts.wait(late)
    posts.forget()
    late.mkdir()
    posts.wait(late)
    (late / "a.jpg").write_bytes(b"photo")
    posts.wait(late / "a.jpg")


def test_roots_whose_watching_begins_together_are_posted_together(
    start: Start, tmp_path: Path, posts: Posts
) -> None:
    roots = {tmp_path / "one", tmp_path / "two"}
    for root in roots:
        root.mkdir()
    start().watch(*roots)
    posts.wait(*roots)
    assert posts.sets == [roots]


def test_nothing_is_posted_of_a_root_that_is_no_longer_watched(
    start: Start, root: Path, tmp_path: Path, posts: Posts
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    watcher = start()
    watcher.watch(other)
    posts.wait(other)
    (root / "before.jpg").write_bytes(b"photo")
    watcher.unwatch(root)
    watcher.unwatch(root)
    (root / "after.jpg").write_bytes(b"photo")
    (other / "b.jpg").write_bytes(b"photo")
    posts.wait(other / "b.jpg")
    assert not {root / "before.jpg", root / "after.jpg"} & posts.paths


def test_too_many_changes_are_posted_as_the_root(
    start: Start, root: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_MOST_PENDING", 5)
    start()
    for number in range(20):
        (root / f"{number}.jpg").write_bytes(b"photo")
    posts.wait(root)


@pytest.mark.usefixtures("expected_warnings")
@pytest.mark.parametrize("limit", [errno.ENOSPC, errno.EMFILE])
def test_without_watches_left_a_root_is_polled(
    start: Start, root: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    def no_watch_left(root: Path) -> None:
        raise OSError(limit, "inotify limit reached")

    monkeypatch.setattr(watcher_module, "_probe", no_watch_left)
    watcher = start()
    assert watcher.is_polled(root)
    (root / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "a.jpg")


def test_a_linked_root_is_posted_under_its_own_name(
    root: Path, tmp_path: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    for polled in (False, True):
        monkeypatch.setattr(watcher_module, "on_network", lambda path, polled=polled: polled)
        watcher = Watcher(posts, settle=SETTLE, polling_seconds=0.1)
        watcher.start()
        watcher.watch(link)
        posts.wait(link)
        (root / f"{polled}.jpg").write_bytes(b"photo")
        posts.wait(link / f"{polled}.jpg")
        watcher.stop()
        posts.forget()


def test_a_folder_linked_into_itself_does_not_hang_the_watcher(
    root: Path, start: Start, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "loop").symlink_to(root)
    monkeypatch.setattr(watcher_module, "on_network", lambda path: True)
    start()
    (root / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "a.jpg")


@pytest.fixture
def failing(root: Path, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Folders that cannot be listed, in a root that is polled; the root's name is looked at too."""
    failing: set[Path] = set()
    really_scan = os.scandir

    def scan(folder: str) -> object:
        if Path(folder) in failing:
            raise OSError(errno.EIO, "Input/output error")
        return really_scan(folder)

    monkeypatch.setattr(watcher_module, "on_network", lambda path: True)
    monkeypatch.setattr(os, "scandir", scan)
    return failing


def test_a_polled_root_posts_a_new_photo_and_not_all_beside_it(
    root: Path, start: Start, posts: Posts, failing: set[Path]
) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "a.jpg").write_bytes(b"photo")
    start()
    (root / "folder" / "b.jpg").write_bytes(b"photo")
    posts.wait(root / "folder" / "b.jpg")
    time.sleep(2 * SETTLE)
    assert posts.paths == {root / "folder" / "b.jpg"}


def test_a_polled_root_is_watched_although_a_folder_in_it_cannot_be_listed(
    root: Path, start: Start, posts: Posts, failing: set[Path]
) -> None:
    (root / "bad").mkdir()
    failing.add(root / "bad")
    assert start().is_polled(root)
    (root / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "a.jpg")
    assert posts.paths == {root / "a.jpg"}


def test_a_root_that_cannot_be_listed_is_posted_again_when_it_can(
    root: Path, start: Start, posts: Posts, failing: set[Path]
) -> None:
    failing.add(root)
    start()
    time.sleep(1.0)
    assert posts.sets == []
    failing.clear()
    posts.wait(root)
    (root / "a.jpg").write_bytes(b"photo")
    posts.wait(root / "a.jpg")


def test_stopping_ends_every_thread(start: Start, root: Path) -> None:
    before = threading.active_count()
    watcher = start()
    watcher.stop()
    assert threading.active_count() <= before
    (root / "a.jpg").write_bytes(b"photo")
