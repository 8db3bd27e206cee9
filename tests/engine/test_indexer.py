from __future__ import annotations

import math
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import intake, photos
from engine.catalogue import Catalogue
from engine.embedding import Embedded, Skipped
from engine.errors import PhotoError, RootError
from engine.events import (
    Event,
    IndexingFinished,
    MassDisappearance,
    PhotosChanged,
    PhotoSkipped,
    Progress,
    RootOffline,
    RootOnline,
    ScanStarted,
)
from engine.indexer import Indexer, ScanResult
from engine.intake import Intake
from engine.packs import ModelPack
from engine.rows import Counts, SkippedRow
from tests import fakes


class Bench:
    """An indexer with everything around it, and what it said and did."""

    def __init__(self, folder: Path, pack: ModelPack) -> None:
        self.photos = folder / "photos"
        self.photos.mkdir(exist_ok=True)
        self.catalogue = Catalogue.open(folder / "library" / "catalogue.sqlite", write=True)
        self.pack = pack
        self.cancel = threading.Event()
        self.events: list[Event] = []
        # What an index would hold.
        self.index: dict[int, NDArray[np.float16]] = {}
        self.catalogue.add_root(self.photos)
        self.restart()

    def restart(self, *, pack: ModelPack | None = None, grace: float = 60) -> None:
        self.pack = pack or self.pack
        self.embedder = fakes.FakeEmbedder()
        self.indexer = Indexer(
            self.catalogue,
            self.embedder,
            self.pack,
            self.events.append,
            self._added,
            self._removed,
            exclude=["excluded"],
            grace=grace,
        )

    def _added(self, ids: NDArray[np.int64], embeddings: NDArray[np.float16]) -> None:
        assert len(ids) == len(embeddings)
        self.index.update(zip(ids.tolist(), embeddings, strict=True))

    def _removed(self, ids: NDArray[np.int64]) -> None:
        for region_id in ids.tolist():
            self.index.pop(region_id, None)

    def photo(self, name: str, *words: str, variant: int = 0) -> Path:
        return fakes.photo(self.photos / name, *words, variant=variant)

    def many(self, folder: str, count: int, *, variant: int = 0) -> list[Path]:
        return [self.photo(f"{folder}/{n}.png", f"word{n}", variant=variant) for n in range(count)]

    def scan(self) -> ScanResult:
        return self.indexer.scan([root.path for root in self.catalogue.roots()], self.cancel)

    def update(self, *paths: Path) -> ScanResult:
        return self.indexer.update(paths, self.cancel)

    def embedded(self) -> list[str]:
        """Names of the photos that went through the model since this was last asked."""
        names = [path.name for path in self.embedder.embedded]
        self.embedder.embedded.clear()
        return names

    def found(self) -> dict[str, list[str]]:
        """Word -> names of the photos that show it, through what the index holds."""
        evidence = self.catalogue.evidence(np.array(sorted(self.index), dtype=np.int64))
        rows = self.catalogue.photos_of({item.content_id for item in evidence})
        found: dict[str, list[str]] = {}
        for item in evidence:
            for row in rows[item.content_id]:
                found.setdefault(item.reading, []).append(
                    row.path.relative_to(self.photos).as_posix()
                )
        return found

    def counts(self) -> Counts:
        return self.catalogue.counts(self.catalogue.pack_id(self.pack))

    def told(self, kind: type[Event]) -> list[Event]:
        told = [event for event in self.events if isinstance(event, kind)]
        self.events[:] = [event for event in self.events if not isinstance(event, kind)]
        return told


class Listing:
    """Folders of these ``names`` cannot be listed, ``most`` times at most."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError, *, most: float = math.inf
    ) -> None:
        self.names: set[str] = set()
        self._error = error
        self._left = most
        self._really_scan = os.scandir
        monkeypatch.setattr(os, "scandir", self._scan)

    def _scan(self, folder: Path) -> object:
        if Path(folder).name in self.names and self._left:
            self._left -= 1
            raise self._error
        return self._really_scan(folder)


@pytest.fixture
def bench(tmp_path: Path, pack: ModelPack) -> Iterator[Bench]:
    bench = Bench(tmp_path, pack)
    yield bench
    # Whatever happened, the index holds what the catalogue holds.
    stored = bench.catalogue.regions(bench.catalogue.pack_id(bench.pack))
    ids = {region_id for ids, _ in stored for region_id in ids.tolist()}
    assert set(bench.index) >= ids
    assert bench.catalogue.find_damage() is None
    bench.catalogue.close()


class TestScanning:
    def test_every_photo_becomes_searchable(self, bench: Bench) -> None:
        bench.photo("a.jpg", "coffee", "shop")
        bench.photo("deep/er/b.png", "theatre")
        result = bench.scan()
        assert result == ScanResult(added=2, searchable=2, embedded=2)
        assert bench.found() == {
            "coffee": ["a.jpg"],
            "shop": ["a.jpg"],
            "theatre": ["deep/er/b.png"],
        }
        assert bench.counts() == Counts(2, 2, 0, 0, 3)

    def test_a_second_scan_finds_nothing_to_do(self, bench: Bench) -> None:
        bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        bench.events.clear()
        assert bench.scan() == ScanResult()
        assert bench.embedded() == []
        assert bench.told(PhotosChanged) == []

    def test_a_photo_without_any_words_is_searchable_all_the_same(self, bench: Bench) -> None:
        bench.photo("a.jpg")
        bench.scan()
        assert bench.counts() == Counts(1, 1, 0, 0, 0)
        bench.embedded()
        bench.scan()
        assert bench.embedded() == []

    def test_new_changed_and_deleted_photos_are_noticed(self, bench: Bench) -> None:
        bench.photo("stays.jpg", "coffee")
        bench.photo("changes.jpg", "theatre")
        gone = bench.photo("goes.jpg", "bakery")
        bench.scan()
        bench.embedded()
        gone.unlink()
        bench.photo("changes.jpg", "museum")
        bench.photo("comes.jpg", "library")
        result = bench.scan()
        assert (result.added, result.removed, result.searchable) == (1, 1, 2)
        assert sorted(bench.embedded()) == ["changes.jpg", "comes.jpg"]
        assert bench.found() == {
            "coffee": ["stays.jpg"],
            "museum": ["changes.jpg"],
            "library": ["comes.jpg"],
        }
        assert len(bench.index) == 3

    def test_a_touched_photo_is_not_embedded_again(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        os.utime(path, ns=(1, 1))
        bench.scan()
        assert bench.embedded() == []
        assert bench.found() == {"coffee": ["a.jpg"]}
        assert bench.scan() == ScanResult()

    def test_a_date_that_the_catalogue_cannot_hold_stops_nothing(self, bench: Bench) -> None:
        bench.photo("a.jpg", "coffee")
        for name, seconds in (("future.jpg", 13_000_000_000), ("past.jpg", -13_000_000_000)):
            path = bench.photo(name, name.removesuffix(".jpg"))
            os.utime(path, ns=(0, seconds * 10**9))
        assert bench.scan().searchable == 3
        assert bench.scan() == ScanResult()

    def test_folders_without_photos_can_be_interrupted(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(30):
            (bench.photos / str(number)).mkdir()
        listed: list[Path] = []
        really_scan = os.scandir

        def scan(folder: Path) -> object:
            listed.append(folder)
            if len(listed) == 5:
                bench.cancel.set()
            return really_scan(folder)

        monkeypatch.setattr(os, "scandir", scan)
        assert bench.scan().cancelled
        assert len(listed) == 5

    def test_what_is_excluded_is_not_looked_at(self, bench: Bench) -> None:
        path = bench.photo("excluded/a.jpg", "coffee")
        bench.scan()
        bench.update(path, path.parent)
        assert bench.counts().photos == 0

    def test_a_folder_that_is_no_root_is_refused(self, bench: Bench, tmp_path: Path) -> None:
        with pytest.raises(RootError):
            bench.indexer.scan([tmp_path / "elsewhere"], bench.cancel)

    def test_it_says_what_it_does(self, bench: Bench) -> None:
        bench.many("a", 3)
        (bench.photos / "bad.jpg").write_text("no picture")
        bench.scan()
        assert bench.events[0] == ScanStarted(bench.photos)
        assert bench.events[-1] == IndexingFinished(done=3, skipped=1, cancelled=False)
        last = bench.told(Progress)[-1]
        assert isinstance(last, Progress)
        assert (last.done, last.total, last.seconds_left) in ((4, 4, 0), (4, 4, None))
        changed = bench.told(PhotosChanged)
        assert sum(event.added for event in changed if isinstance(event, PhotosChanged)) == 3
        (skipped,) = bench.told(PhotoSkipped)
        assert isinstance(skipped, PhotoSkipped)
        assert skipped.path == bench.photos / "bad.jpg"

    def test_a_batch_is_in_the_catalogue_before_it_is_announced(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Intake, "BATCH", 2)
        bench.many("a", 6)
        searchable: list[int] = []

        def announce(event: Event) -> None:
            if isinstance(event, PhotosChanged):
                searchable.append(bench.counts().searchable)

        bench.indexer._announce = announce
        bench.scan()
        assert searchable == [2, 4, 6]


class TestCopiesAndMoves:
    def test_copies_are_embedded_once(self, bench: Bench) -> None:
        original = bench.photo("a.jpg", "coffee")
        for name in ("b.jpg", "c/d.jpg"):
            (bench.photos / name).parent.mkdir(exist_ok=True)
            shutil.copy(original, bench.photos / name)
        result = bench.scan()
        assert result.searchable == 3
        assert len(bench.embedded()) == 1
        assert sorted(bench.found()["coffee"]) == ["a.jpg", "b.jpg", "c/d.jpg"]

    def test_a_copy_that_comes_later_is_not_embedded(self, bench: Bench) -> None:
        original = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        shutil.copy(original, bench.photos / "b.jpg")
        bench.scan()
        assert bench.embedded() == []
        assert sorted(bench.found()["coffee"]) == ["a.jpg", "b.jpg"]

    def test_photos_of_the_same_size_are_told_apart(self, bench: Bench) -> None:
        for name, word in (("a.bmp", "coffee"), ("b.bmp", "theatre")):
            bench.photo(name, word)
        bench.scan()
        assert bench.found() == {"coffee": ["a.bmp"], "theatre": ["b.bmp"]}

    def test_a_moved_photo_is_not_embedded_again_and_stays_the_same_photo(
        self, bench: Bench
    ) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        before = list(bench.index)
        (bench.photos / "new").mkdir()
        path.rename(bench.photos / "new" / "name.jpg")
        result = bench.scan()
        assert (result.moved, result.added, result.removed) == (1, 0, 0)
        assert bench.embedded() == []
        assert bench.found() == {"coffee": ["new/name.jpg"]}
        assert list(bench.index) == before
        row = bench.catalogue.photo(1)
        assert row is not None
        assert row.path == bench.photos / "new" / "name.jpg"

    def test_a_photo_that_moved_under_a_name_that_was_taken_is_told_by_its_content(
        self, bench: Bench
    ) -> None:
        bench.photo("a/1.bmp", "coffee")
        bench.photo("b/1.bmp", "theatre")
        bench.scan()
        bench.embedded()
        (bench.photos / "a").rename(bench.photos / "c")
        (bench.photos / "b").rename(bench.photos / "a")
        for name in ("a/1.bmp", "c/1.bmp"):
            os.utime(bench.photos / name, ns=(7, 7))
        bench.scan()
        assert bench.embedded() == []
        assert bench.found() == {"coffee": ["c/1.bmp"], "theatre": ["a/1.bmp"]}

    def test_a_folder_with_another_name_is_not_read_through(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.many("old", 3)
        bench.scan()

        def digest(path: Path) -> bytes:
            pytest.fail(f"{path} was read")

        monkeypatch.setattr("engine.survey.digest", digest)
        (bench.photos / "old").rename(bench.photos / "new")
        assert bench.scan().moved == 3

    def test_cancelled_while_it_matches_moves_it_takes_nothing_for_gone(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for path in bench.many("a", 3):
            path.rename(path.with_name(f"renamed {path.name}"))
        bench.scan()
        for path in (bench.photos / "a").iterdir():
            path.rename(path.with_name(path.name.removeprefix("renamed ")))

        def digest(path: Path) -> bytes:
            bench.cancel.set()
            return bytes(16)

        with monkeypatch.context() as patch:
            patch.setattr("engine.survey.digest", digest)
            assert bench.scan().cancelled
        assert bench.counts().searchable == 3
        bench.cancel.clear()
        bench.embedded()
        assert bench.scan().moved == 3
        assert bench.embedded() == []

    def test_a_whole_folder_that_moved_is_no_mass_disappearance(self, bench: Bench) -> None:
        bench.many("old", 30)
        bench.scan()
        bench.embedded()
        (bench.photos / "old").rename(bench.photos / "new")
        result = bench.scan()
        assert result.moved == 30
        assert bench.embedded() == []
        assert bench.told(MassDisappearance) == []
        assert bench.found()["word7"] == ["new/7.png"]

    def test_a_folder_whose_new_name_is_told_first_is_no_mass_disappearance(
        self, bench: Bench
    ) -> None:
        bench.many("old", 30)
        bench.scan()
        bench.embedded()
        (bench.photos / "old").rename(bench.photos / "new")
        assert bench.update(*(bench.photos / "new").iterdir()).added == 30
        assert bench.update(bench.photos / "old").removed == 30
        assert bench.told(MassDisappearance) == []
        assert bench.embedded() == []
        assert bench.counts() == Counts(30, 30, 0, 0, 30)
        assert bench.found()["word7"] == ["new/7.png"]

    @pytest.mark.parametrize("renamed", ["", "holiday "])
    def test_nor_is_one_whose_photos_have_not_all_been_read_again(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, renamed: str
    ) -> None:
        bench.many("old", 30)
        bench.scan()
        bench.embedded()
        (bench.photos / "old").rename(bench.photos / "new")
        new = [
            path.rename(path.with_name(renamed + path.name))
            for path in list((bench.photos / "new").iterdir())
        ]

        def digest_of(file: BufferedReader) -> bytes:
            bench.indexer.notice(bench.photos / "old")
            return photos.digest_of(file)

        monkeypatch.setattr(intake, "digest_of", digest_of)
        assert bench.update(*new).removed == 30
        assert bench.told(MassDisappearance) == []
        assert bench.embedded() == []
        assert bench.counts() == Counts(30, 30, 0, 0, 30)
        assert bench.found()["word7"] == [f"new/{renamed}7.png"]

    def test_missing_photos_that_lie_elsewhere_are_forgotten_by_the_next_scan(
        self, bench: Bench
    ) -> None:
        bench.many("old", 30)
        bench.scan()
        (bench.photos / "old").rename(bench.photos / "new")
        bench.update(bench.photos / "old")
        bench.update(bench.photos / "new")
        assert bench.counts().photos == 60
        assert bench.scan().removed == 30
        assert bench.found()["word7"] == ["new/7.png"]

    def test_copies_that_went_as_well_are_not_elsewhere(self, bench: Bench) -> None:
        bench.many("a", 20)
        shutil.copytree(bench.photos / "a", bench.photos / "b")
        bench.scan()
        for folder in ("a", "b"):
            shutil.rmtree(bench.photos / folder)
        assert bench.scan().removed == 0
        assert bench.told(MassDisappearance) == [MassDisappearance(bench.photos, 40, 40)]

    def test_photos_that_changed_places_keep_their_words(self, bench: Bench) -> None:
        a, b = bench.photo("a.jpg", "coffee"), bench.photo("b.jpg", "theatre", "ticket")
        bench.scan()
        bench.embedded()
        a.rename(bench.photos / "c.jpg")
        b.rename(a)
        (bench.photos / "c.jpg").rename(b)
        bench.scan()
        assert bench.embedded() == []
        assert bench.found()["coffee"] == ["b.jpg"]
        assert bench.found()["theatre"] == ["a.jpg"]

    def test_a_move_to_another_root_is_followed(self, bench: Bench, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        bench.catalogue.add_root(other)
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        path.rename(other / "a.jpg")
        assert bench.scan().moved == 1
        assert bench.embedded() == []
        assert [root.photos for root in bench.catalogue.roots()] == [1, 0]

    def test_nor_is_it_lost_when_the_roots_are_looked_at_one_by_one(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        bench.catalogue.add_root(other)
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        path.rename(other / "a.jpg")
        assert bench.indexer.scan([bench.photos], bench.cancel).removed == 1
        assert bench.indexer.scan([other], bench.cancel).added == 1
        assert bench.embedded() == []

    def test_a_copy_of_a_damaged_photo_is_skipped_with_it(self, bench: Bench) -> None:
        whole = bench.photo("a.jpg", "coffee").read_bytes()
        for name in ("a.jpg", "b.jpg"):
            (bench.photos / name).write_bytes(whole[: len(whole) // 2])
        bench.scan()
        assert [row.path.name for row in bench.catalogue.skipped()] == ["a.jpg", "b.jpg"]
        assert bench.counts() == Counts(2, 0, 2, 0, 0)


class TestSkipping:
    def test_a_skipped_photo_is_tried_again_when_it_changes(self, bench: Bench) -> None:
        (bench.photos / "a.jpg").write_text("no picture")
        bench.scan()
        assert bench.counts().skipped == 1
        assert bench.scan().skipped == 0
        bench.photo("a.jpg", "coffee")
        bench.scan()
        assert bench.found() == {"coffee": ["a.jpg"]}
        assert bench.counts().skipped == 0

    def test_a_skipped_photo_is_tried_once_more_when_the_person_asks(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.photo("a.png", "coffee")
        with monkeypatch.context() as patch:
            patch.setattr(photos, "OTHER_PIXELS", 10)
            bench.scan()
            bench.catalogue.try_again([bench.photos])
            assert bench.scan().skipped == 1
            assert bench.scan().skipped == 0
        assert len(bench.told(PhotoSkipped)) == 1
        bench.scan()
        assert bench.counts().skipped == 1
        bench.catalogue.try_again([bench.photos])
        bench.scan()
        assert bench.found() == {"coffee": ["a.png"]}

    @pytest.mark.parametrize("other", ["pack", "program"])
    def test_and_by_another_pack_or_program(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
    ) -> None:
        bench.photo("a.png", "coffee")
        with monkeypatch.context() as patch:
            patch.setattr(photos, "OTHER_PIXELS", 10)
            bench.scan()
        bench.restart()
        bench.scan()
        assert bench.counts().skipped == 1
        if other == "program":
            monkeypatch.setattr("engine.indexer.version", lambda: "the next")
        bench.restart(pack=fakes.fake_pack(tmp_path, name="better") if other == "pack" else None)
        bench.scan()
        assert bench.found() == {"coffee": ["a.png"]}

    def test_what_is_tried_again_waits_for_what_was_never_tried(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.photo("a.png", "coffee")
        with monkeypatch.context() as patch:
            patch.setattr(photos, "OTHER_PIXELS", 10)
            bench.scan()
        bench.photo("b.png", "theatre")
        bench.catalogue.try_again([bench.photos])
        bench.scan()
        assert bench.embedded() == ["b.png", "a.png"]

    def test_a_photo_that_became_damaged_is_no_longer_found(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        path.write_text("no picture")
        bench.scan()
        assert bench.found() == {}
        assert bench.index == {}

    def test_a_reason_that_may_pass_is_tried_again_but_told_once(self, bench: Bench) -> None:
        link = bench.photos / "a.jpg"
        link.symlink_to(bench.photos.parent / "target")
        bench.scan()
        bench.scan()
        assert len(bench.told(PhotoSkipped)) == 1
        fakes.photo(bench.photos.parent / "target.png", "coffee").rename(link.readlink())
        bench.scan()
        assert bench.found() == {"coffee": ["a.jpg"]}

    def test_a_photo_that_changed_and_could_not_be_read_gets_its_new_words(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.photo("a.jpg", "theatre", "ticket")
        with monkeypatch.context() as patch:
            refused = PhotoError("You have no permission to read this file.", passing=True)
            patch.setattr(intake, "open_photo", Mock(side_effect=refused))
            bench.scan()
        assert bench.counts().skipped == 1
        bench.scan()
        assert bench.found() == {"theatre": ["a.jpg"], "ticket": ["a.jpg"]}
        assert bench.counts().skipped == 0
        # It may have moved in between.
        bench.photo("a.jpg", "coffee")
        with monkeypatch.context() as patch:
            patch.setattr(intake, "open_photo", Mock(side_effect=refused))
            bench.scan()
        path.rename(bench.photos / "b.jpg")
        bench.scan()
        assert bench.found() == {"coffee": ["b.jpg"]}


class TestChangesWhileWorking:
    def test_a_photo_that_keeps_changing_is_left_for_later(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.photo("b.jpg", "theatre")

        really_embed = bench.embedder.embed

        def embed(
            paths: Iterable[Path], cancel: threading.Event | None = None
        ) -> Iterator[Embedded | Skipped]:
            for result in really_embed(paths, cancel):
                if result.path == path:
                    yield Skipped(path, "The photo is still being written.", changing=True)
                else:
                    yield result

        bench.embedder.embed = embed  # type: ignore[method-assign]
        result = bench.scan()
        assert result.unsettled == (path,)
        assert bench.counts() == Counts(2, 1, 0, 1, 1)
        bench.restart()
        bench.scan()
        assert bench.found() == {"coffee": ["a.jpg"], "theatre": ["b.jpg"]}

    def test_a_photo_that_changed_may_have_a_date_that_the_catalogue_cannot_hold(
        self, bench: Bench
    ) -> None:
        path = bench.photo("a.jpg", "coffee")
        really_embed = bench.embedder.embed

        def embed(
            paths: Iterable[Path], cancel: threading.Event | None = None
        ) -> Iterator[Embedded | Skipped]:
            bench.embedder.embed = really_embed  # type: ignore[method-assign]
            for changing in paths:
                path.write_text("no picture")
                os.utime(path, ns=(0, 13_000_000_000 * 10**9))
                yield Skipped(changing, "The photo is still being written.", changing=True)

        bench.embedder.embed = embed  # type: ignore[method-assign]
        assert bench.scan().skipped == 1
        assert bench.scan() == ScanResult()

    def test_what_is_recorded_is_what_was_embedded(self, bench: Bench) -> None:
        bench.photo("a.jpg", "coffee")

        def rewrite(path: Path) -> None:
            fakes.photo(path, "theatre", "ticket")

        bench.embedder.before = rewrite  # type: ignore[method-assign]
        bench.scan()
        assert bench.found() == {"theatre": ["a.jpg"], "ticket": ["a.jpg"]}
        assert bench.scan() == ScanResult()

    def test_a_copy_does_not_get_the_words_of_an_original_that_changed(self, bench: Bench) -> None:
        shutil.copy(bench.photo("a.jpg", "coffee"), bench.photos / "b.jpg")

        def rewrite(path: Path) -> None:
            if path.name == "a.jpg":
                bench.photo("a.jpg", "theatre")

        bench.embedder.before = rewrite  # type: ignore[method-assign]
        bench.scan()
        assert bench.found() == {"theatre": ["a.jpg"], "coffee": ["b.jpg"]}

    def test_a_copy_is_embedded_when_the_original_went(self, bench: Bench) -> None:
        shutil.copy(bench.photo("a.jpg", "coffee"), bench.photos / "b.jpg")
        bench.embedder.before = lambda path: (  # type: ignore[method-assign]
            path.unlink() if path.name == "a.jpg" else None
        )
        bench.scan()
        assert bench.found() == {"coffee": ["b.jpg"]}
        assert bench.scan().removed == 1

    def test_a_drive_that_is_pulled_out_loses_nothing(self, bench: Bench) -> None:
        bench.many("a", 5)
        away = bench.photos.parent / "away"

        def pull(path: Path) -> None:
            if path.name == "2.png":
                bench.photos.rename(away)

        bench.embedder.before = pull  # type: ignore[method-assign]
        bench.scan()
        assert bench.counts() == Counts(5, 2, 0, 3, 2)
        assert bench.scan() == ScanResult(unsettled=(bench.photos,))
        assert bench.told(RootOffline) == [RootOffline(bench.photos)]
        away.rename(bench.photos)
        bench.restart()
        bench.scan()
        assert bench.counts().searchable == 5
        assert len(bench.embedded()) == 3


class TestCancelling:
    def test_what_is_done_is_kept_and_the_rest_comes_next_time(self, bench: Bench) -> None:
        bench.many("a", 6)
        bench.embedder.before = lambda path: (  # type: ignore[method-assign]
            bench.cancel.set() if path.name == "3.png" else None
        )
        result = bench.scan()
        assert result.cancelled
        done = bench.embedded()
        assert bench.counts().searchable == len(done) == result.searchable
        assert 3 <= len(done) < 6
        assert bench.events[-1] == IndexingFinished(len(done), 0, cancelled=True)
        bench.cancel.clear()
        bench.scan()
        assert len(bench.embedded()) == 6 - len(done)
        assert bench.counts() == Counts(6, 6, 0, 0, 6)

    def test_cancelled_before_it_began_it_takes_nothing_for_gone(self, bench: Bench) -> None:
        bench.many("a", 3)
        bench.scan()
        bench.cancel.set()
        assert bench.scan().cancelled
        assert bench.update(bench.photos).cancelled
        assert bench.counts().searchable == 3

    def test_an_interrupted_program_keeps_what_is_done(self, bench: Bench) -> None:
        bench.many("a", 6)

        def interrupt(path: Path) -> None:
            if path.name == "3.png":
                raise KeyboardInterrupt

        bench.embedder.before = interrupt  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            bench.scan()
        assert bench.counts() == Counts(6, 3, 0, 3, 3)


class TestUpdating:
    def test_only_what_is_named_is_looked_at(self, bench: Bench) -> None:
        named = bench.photo("a.jpg", "coffee")
        bench.photo("b.jpg", "theatre")
        assert bench.update(named).added == 1
        assert bench.found() == {"coffee": ["a.jpg"]}

    def test_a_new_folder_comes_with_everything_in_it(self, bench: Bench) -> None:
        bench.many("new/deep", 3)
        bench.update(bench.photos / "new")
        assert bench.counts().searchable == 3

    def test_a_deleted_photo_goes_at_once_and_its_regions_with_the_next_scan(
        self, bench: Bench
    ) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        path.unlink()
        assert bench.update(path).removed == 1
        assert bench.found() == {}
        assert PhotosChanged(added=0, removed=1) in bench.events
        bench.scan()
        assert bench.index == {}

    def test_a_deleted_folder_takes_its_photos_with_it(self, bench: Bench) -> None:
        bench.many("a", 3)
        bench.photo("ab.png", "stays")
        bench.scan()
        shutil.rmtree(bench.photos / "a")
        assert bench.update(bench.photos / "a").removed == 3
        assert bench.found() == {"stays": ["ab.png"]}

    def test_a_move_told_in_one_piece_embeds_nothing(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        path.rename(bench.photos / "b.jpg")
        assert bench.update(path, bench.photos / "b.jpg").moved == 1
        assert bench.embedded() == []
        assert bench.found() == {"coffee": ["b.jpg"]}

    def test_a_move_told_in_two_pieces_embeds_nothing_either(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.embedded()
        path.rename(bench.photos / "b.jpg")
        assert bench.update(path).removed == 1
        assert bench.update(bench.photos / "b.jpg").added == 1
        assert bench.embedded() == []
        assert bench.found() == {"coffee": ["b.jpg"]}

    def test_after_the_time_of_grace_nothing_is_kept(self, bench: Bench) -> None:
        bench.restart(grace=0)
        path = bench.photo("a.jpg", "coffee")
        bench.update(path)
        path.unlink()
        bench.update(path)
        assert bench.index == {}
        assert bench.counts().regions == 0

    def test_paths_outside_of_the_roots_and_hidden_ones_are_ignored(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        outside = fakes.photo(tmp_path / "outside.jpg", "coffee")
        hidden = bench.photo(".hidden/a.jpg", "coffee")
        (bench.photos / "notes.txt").write_text("no photo")
        assert bench.update(outside, hidden, bench.photos / "notes.txt") == ScanResult()
        assert bench.events == []

    def test_a_link_to_a_folder_is_left_to_the_next_scan(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        bench.photo("a/1.jpg", "coffee")
        bench.scan()
        (bench.photos / "again").symlink_to(bench.photos / "a")
        bench.update(bench.photos / "again")
        assert bench.found() == {"coffee": ["a/1.jpg"]}

    def test_a_new_folder_with_a_link_into_the_root_doubles_nothing(self, bench: Bench) -> None:
        bench.photo("2023/1.jpg", "coffee")
        bench.scan()
        (bench.photos / "album").mkdir()
        (bench.photos / "album" / "best").symlink_to(bench.photos / "2023")
        bench.update(bench.photos / "album")
        assert bench.found() == {"coffee": ["2023/1.jpg"]}

    def test_photos_behind_a_link_into_the_root_stay_when_its_folder_is_looked_at(
        self, bench: Bench
    ) -> None:
        # Of a hidden folder, only the link's name is walked.
        bench.photo(".hidden/1.jpg", "coffee")
        (bench.photos / "album").mkdir()
        (bench.photos / "album" / "best").symlink_to(bench.photos / ".hidden")
        bench.scan()
        bench.update(bench.photos / "album")
        assert bench.found() == {"coffee": ["album/best/1.jpg"]}

    def test_what_is_noticed_during_a_scan_goes_before_what_waits(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        bench.many("a", 6)

        def notice(path: Path) -> None:
            if path.name == "1.png":
                bench.indexer.notice(bench.photo("live.jpg", "coffee"))

        bench.embedder.before = notice  # type: ignore[method-assign]
        bench.scan()
        names = bench.embedded()
        assert names.index("live.jpg") == 2
        assert len(names) == 7

    def test_a_photo_that_changes_while_it_waits_is_embedded_once(self, bench: Bench) -> None:
        bench.many("a", 4)

        def change(path: Path) -> None:
            if path.name == "0.png":
                bench.indexer.notice(bench.photo("a/3.png", "changed"))

        bench.embedder.before = change  # type: ignore[method-assign]
        bench.scan()
        assert sorted(bench.embedded()) == ["0.png", "1.png", "2.png", "3.png"]
        assert bench.found()["changed"] == ["a/3.png"]
        assert "word3" not in bench.found()


class TestRootsThatGo:
    def test_an_unplugged_root_keeps_its_photos(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        bench.photos.rename(bench.photos.parent / "away")
        # It may be back before anybody notices that it went, so it is looked at again, once.
        assert bench.scan() == ScanResult(unsettled=(bench.photos,))
        assert bench.update(path) == ScanResult()
        assert bench.told(RootOffline) == [RootOffline(bench.photos)]
        row = bench.catalogue.photo(1)
        assert row is not None
        assert not row.root_online
        assert bench.found() == {"coffee": ["a.jpg"]}
        (bench.photos.parent / "away").rename(bench.photos)
        bench.scan()
        assert bench.told(RootOnline) == [RootOnline(bench.photos)]

    def test_the_empty_folder_of_an_unmounted_drive_is_offline(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        root = bench.catalogue.root(bench.photos)
        bench.catalogue.set_root_state(root.root_id, online=True, device="another drive")
        path.unlink()
        bench.scan()
        assert bench.told(RootOffline) == [RootOffline(bench.photos)]
        assert bench.counts().searchable == 1

    def test_the_last_photo_of_a_folder_may_be_deleted(self, bench: Bench) -> None:
        path = bench.photo("a.jpg", "coffee")
        bench.scan()
        path.unlink()
        bench.scan()
        assert bench.counts().photos == 0

    def test_a_mass_disappearance_waits_for_the_person(self, bench: Bench) -> None:
        bench.many("a", 20)
        bench.many("b", 20, variant=1)
        bench.scan()
        shutil.rmtree(bench.photos / "a")
        assert bench.scan().removed == 0
        assert bench.told(MassDisappearance) == [MassDisappearance(bench.photos, 20, 40)]
        assert bench.counts().searchable == 40
        bench.scan()
        assert bench.told(MassDisappearance) == []
        root = bench.catalogue.root(bench.photos)
        assert (root.photos, root.missing) == (40, 20)
        assert bench.indexer.confirm_removal(bench.photos) == 20
        root = bench.catalogue.root(bench.photos)
        assert (root.photos, root.missing) == (20, 0)
        assert bench.counts() == Counts(20, 20, 0, 0, 20)
        assert bench.indexer.confirm_removal(bench.photos) == 0

    def test_missing_photos_that_come_back_are_missing_no_more(self, bench: Bench) -> None:
        bench.many("a", 20)
        bench.scan()
        bench.embedded()
        away = bench.photos.parent / "away"
        (bench.photos / "a").rename(away)
        bench.scan()
        row = bench.catalogue.photo(1)
        assert row is not None
        assert row.missing
        away.rename(bench.photos / "a")
        bench.told(PhotosChanged)
        bench.update(bench.photos / "a")
        assert bench.told(PhotosChanged) == [PhotosChanged(added=0, removed=0)]
        assert bench.catalogue.root(bench.photos).missing == 0
        assert bench.indexer.confirm_removal(bench.photos) == 0
        assert bench.embedded() == []
        assert bench.counts().searchable == 20

    def test_a_few_of_many_are_simply_gone(self, bench: Bench) -> None:
        paths = bench.many("a", 40)
        bench.scan()
        for path in paths[:7]:
            path.unlink()
        assert bench.scan().removed == 7

    def test_photos_behind_a_link_to_an_unplugged_drive_are_not_gone(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        drive = tmp_path / "drive"
        fakes.photo(drive / "1.jpg", "coffee")
        (bench.photos / "drive").symlink_to(drive)
        bench.photo("a.jpg", "theatre")
        bench.scan()
        drive.rename(tmp_path / "unplugged")
        assert bench.scan() == ScanResult()
        assert bench.found() == {"theatre": ["a.jpg"], "coffee": ["drive/1.jpg"]}
        (bench.photos / "drive").unlink()
        assert bench.scan().removed == 1

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (PermissionError(13, ""), "You have no permission to look into this folder."),
            (OSError(5, ""), "This folder cannot be looked into (Input/output error)."),
        ],
    )
    def test_a_folder_that_cannot_be_listed_is_skipped_and_its_photos_are_not_gone(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
    ) -> None:
        bench.many("a", 30)
        bench.scan()
        refused = Listing(monkeypatch, error)
        refused.names.add("a")
        for _ in range(2):
            bench.scan()
            assert bench.found()["word7"] == ["a/7.png"]
            assert bench.catalogue.skipped() == [SkippedRow(bench.photos / "a", reason)]
        assert bench.told(PhotoSkipped) == [PhotoSkipped(bench.photos / "a", reason)]
        refused.names.clear()
        bench.scan()
        assert bench.counts() == Counts(30, 30, 0, 0, 30)

    def test_many_folders_that_can_be_listed_again_are_no_mass_disappearance(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused = Listing(monkeypatch, PermissionError(13, ""))
        for number in range(20):
            bench.photo(f"{number}/a.png", f"word{number}")
            refused.names.add(str(number))
        bench.scan()
        assert bench.counts() == Counts(20, 0, 20, 0, 0)
        refused.names.clear()
        bench.scan()
        assert bench.counts() == Counts(20, 20, 0, 0, 20)
        assert bench.told(MassDisappearance) == []

    def test_a_folder_that_can_be_listed_a_moment_later_is_to_be_looked_at_again(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.photo("a/1.jpg", "coffee")
        Listing(monkeypatch, PermissionError(13, ""), most=1).names.add("a")
        assert bench.scan().unsettled == (bench.photos / "a",)
        bench.update(bench.photos / "a")
        assert bench.counts() == Counts(1, 1, 0, 0, 1)


class TestOtherPacks:
    def test_a_new_pack_embeds_everything_and_takes_nothing_away(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        bench.many("a", 3)
        bench.scan()
        old = bench.catalogue.pack_id(bench.pack)
        bench.restart(pack=fakes.fake_pack(tmp_path, name="better"))
        bench.index.clear()
        assert bench.counts() == Counts(3, 0, 0, 3, 0)
        assert bench.scan().embedded == 3
        assert bench.counts() == Counts(3, 3, 0, 0, 3)
        assert bench.catalogue.counts(old).regions == 3
