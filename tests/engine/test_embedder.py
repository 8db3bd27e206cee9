from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import numpy as np
import pytest

from engine import photos
from engine.embedder import Embedded, Embedder, Skipped
from engine.embedding import LANES, embed_here
from engine.errors import PackError
from engine.photos import Photo, digest
from engine.regions import Region
from tests import fakes


def no_towers() -> fakes.FakeTowers:
    raise PackError("The pack is damaged.")


def broken_towers() -> fakes.FakeTowers:
    raise ZeroDivisionError("a mistake of ours")


def dying_towers() -> fakes.FakeTowers:
    os._exit(1)


def crash_always(pixels: np.ndarray) -> list[object]:
    os._exit(3)


def towers_that_always_crash() -> fakes.FakeTowers:
    towers = fakes.FakeTowers()
    towers.embed_photo = crash_always  # type: ignore[method-assign, assignment]
    return towers


def towers_that_die_once(marker: Path) -> fakes.FakeTowers:
    """The first process crashes at its first photo, later ones do not."""
    if marker.exists():
        return fakes.FakeTowers()
    marker.touch()
    return towers_that_always_crash()


def towers_that_wait_for_company() -> fakes.FakeTowers:
    """They embed no photo before another one is being embedded."""
    towers, company = fakes.FakeTowers(), threading.Barrier(2)
    embed = towers.embed_photo

    def embed_photo(pixels: np.ndarray) -> list[Region]:
        company.wait(30)
        return embed(pixels)

    towers.embed_photo = embed_photo  # type: ignore[method-assign]
    return towers


def readings(result: Embedded | Skipped) -> list[str]:
    assert isinstance(result, Embedded)
    return [region.reading for region in result.regions]


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    with Embedder(fakes.fragile_towers, longest_side=640, seconds=60) as embedder:
        yield embedder


class TestEmbedding:
    def test_results_come_in_order_with_all_that_is_known(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        paths = [fakes.photo(tmp_path / f"{n}.jpg", f"word{n}", variant=n) for n in range(9)]
        results = list(embedder.embed(paths))
        assert [result.path for result in results] == paths
        assert [readings(result) for result in results] == [[f"word{n}"] for n in range(9)]
        first = results[0]
        assert isinstance(first, Embedded)
        assert first.digest == digest(paths[0])
        status = paths[0].stat()
        assert (first.size, first.mtime_ns) == (status.st_size, status.st_mtime_ns)

    def test_quads_are_in_pixels_of_the_full_photo(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee", size=(1600, 900), orientation=6)
        (result,) = embedder.embed([path])
        assert isinstance(result, Embedded)
        assert (result.width, result.height) == (1600, 900)
        assert np.allclose(
            result.regions[0].quad, [(0, 100), (600, 100), (600, 200), (0, 200)], atol=1
        )

    def test_paths_are_asked_for_only_a_little_ahead(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        asked = 0

        def paths() -> Iterator[Path]:
            nonlocal asked
            for _ in range(20):
                asked += 1
                yield path

        results = embedder.embed(paths())
        next(results)
        assert asked <= Embedder.AHEAD
        assert len(list(results)) == 19

    @pytest.mark.skipif(LANES == 1, reason="with one core photos wait for each other")
    def test_photos_are_embedded_side_by_side(self, tmp_path: Path) -> None:
        paths = [fakes.photo(tmp_path / f"{n}.jpg", f"word{n}", variant=n) for n in range(4)]
        with Embedder(towers_that_wait_for_company, longest_side=640) as embedder:
            results = list(embedder.embed(paths))
        assert [readings(result) for result in results] == [[f"word{n}"] for n in range(4)]

    def test_nothing_to_embed_starts_no_process(self) -> None:
        with Embedder(dying_towers, longest_side=640) as embedder:
            assert list(embedder.embed([])) == []


class TestBadPhotos:
    def test_a_photo_that_cannot_be_read_is_skipped_and_the_rest_goes_on(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        good = fakes.photo(tmp_path / "good.jpg", "coffee")
        (tmp_path / "bad.jpg").write_text("no picture")
        bad, gone, result = embedder.embed([tmp_path / "bad.jpg", tmp_path / "gone.jpg", good])
        assert isinstance(bad, Skipped)
        assert "no picture in the file" in bad.reason
        assert not bad.passing
        assert isinstance(gone, Skipped)
        assert gone.passing
        assert readings(result) == ["coffee"]

    def test_only_the_photo_that_crashes_the_process_is_skipped(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        words = ["one", "two", "crash", "three", "four", "five"]
        paths = [fakes.photo(tmp_path / f"{word}.jpg", word) for word in words]
        results = list(embedder.embed(paths))
        assert [result.path for result in results] == paths
        skipped = [result for result in results if isinstance(result, Skipped)]
        assert [result.path.stem for result in skipped] == ["crash"]
        assert "makes the program fail" in skipped[0].reason
        assert readings(results[-1]) == ["five"]

    def test_a_photo_that_takes_for_ever_is_given_up(self, tmp_path: Path) -> None:
        hang = fakes.photo(tmp_path / "hang.jpg", "hang")
        good = fakes.photo(tmp_path / "good.jpg", "coffee")
        with Embedder(fakes.fragile_towers, longest_side=640, seconds=1.5) as embedder:
            before, given_up = embedder.embed([good, hang])
            (after,) = embedder.embed([good])
        assert readings(before) == readings(after) == ["coffee"]
        assert isinstance(given_up, Skipped)
        assert "takes longer than" in given_up.reason

    @pytest.mark.usefixtures("expected_warnings")
    def test_a_photo_that_the_model_fails_on_is_logged_and_tried_again_some_day(
        self, embedder: Embedder, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        paths = [fakes.photo(tmp_path / f"{word}.jpg", word) for word in ("fail", "coffee")]
        failed, good = embedder.embed(paths)
        assert failed == Skipped(paths[0], "The model failed on this photo.", passing=True)
        assert readings(good) == ["coffee"]
        assert "too much for the model" in caplog.text

    def test_a_file_that_is_written_to_while_it_is_read_is_not_judged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")

        def decode(
            file: BufferedReader, suffix: str, longest_side: int, *, legible: bool = False
        ) -> Photo:
            photo = photos.decode(file, suffix, longest_side, legible=legible)
            with path.open("ab") as writer:
                writer.write(b"more")
            return photo

        monkeypatch.setattr("engine.embedding.decode", decode)
        result = embed_here(fakes.FakeTowers(), path, 640)
        assert isinstance(result, Skipped)
        assert result.changing


class TestTheProcess:
    def test_it_is_started_again_when_it_died_with_nothing_to_do(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        list(embedder.embed([path]))
        (process,) = multiprocessing.active_children()
        process.kill()
        process.join()
        assert [readings(result) for result in embedder.embed([path])] == [["coffee"]]

    def test_photos_are_not_blamed_for_a_death_that_does_not_come_again(
        self, tmp_path: Path
    ) -> None:
        paths = [fakes.photo(tmp_path / f"{n}.jpg", f"word{n}") for n in range(3)]
        factory = functools.partial(towers_that_die_once, tmp_path / "died")
        with Embedder(factory, longest_side=640) as embedder:
            assert [readings(r) for r in embedder.embed(paths)] == [["word0"], ["word1"], ["word2"]]

    def test_a_model_that_fails_on_everything_is_stopped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Embedder, "LOSSES", 2)
        paths = [fakes.photo(tmp_path / f"{n}.jpg", f"word{n}") for n in range(3)]
        with (
            Embedder(towers_that_always_crash, longest_side=640) as embedder,
            pytest.raises(PackError, match="one after another"),
        ):
            list(embedder.embed(paths))

    def test_ctrl_c_in_the_terminal_does_not_end_it(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        results = embedder.embed([path, path])
        assert readings(next(results)) == ["coffee"]
        (process,) = multiprocessing.active_children()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        assert readings(next(results)) == ["coffee"]
        assert multiprocessing.active_children() == [process]

    def test_closing_ends_it_and_embedding_starts_it_again(self, tmp_path: Path) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        before = set(multiprocessing.active_children())
        embedder = Embedder(fakes.fake_towers, longest_side=640)
        for _ in range(2):
            assert [readings(result) for result in embedder.embed([path])] == [["coffee"]]
            assert set(multiprocessing.active_children()) > before
            embedder.close()
            assert set(multiprocessing.active_children()) == before

    def test_a_cancelled_run_ends_early_and_the_next_gets_its_own_answers(
        self, embedder: Embedder, tmp_path: Path, cancel: threading.Event
    ) -> None:
        paths = [fakes.photo(tmp_path / f"{n}.jpg", f"word{n}") for n in range(8)]
        results = embedder.embed(paths, cancel)
        assert readings(next(results)) == ["word0"]
        cancel.set()
        assert list(results) == []
        assert [readings(result) for result in embedder.embed(paths[6:])] == [["word6"], ["word7"]]

    def test_a_hanging_photo_does_not_hold_up_cancelling(
        self, tmp_path: Path, cancel: threading.Event
    ) -> None:
        paths = [fakes.photo(tmp_path / f"{word}.jpg", word) for word in ("coffee", "hang")]
        with Embedder(fakes.fragile_towers, longest_side=640) as embedder:
            results = embedder.embed(paths, cancel)
            next(results)
            threading.Timer(0.2, cancel.set).start()
            assert list(results) == []


class TestStarting:
    def test_what_is_wrong_with_the_pack_is_said(self, tmp_path: Path) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        with (
            Embedder(no_towers, longest_side=640) as embedder,
            pytest.raises(PackError, match="The pack is damaged"),
        ):
            list(embedder.embed([path]))

    def test_a_mistake_of_ours_comes_with_its_traceback(self, tmp_path: Path) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        with (
            Embedder(broken_towers, longest_side=640) as embedder,
            pytest.raises(RuntimeError, match="ZeroDivisionError: a mistake of ours"),
        ):
            list(embedder.embed([path]))

    def test_a_process_that_dies_at_once_is_said(self, tmp_path: Path) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        with (
            Embedder(dying_towers, longest_side=640) as embedder,
            pytest.raises(PackError, match="could not be started"),
        ):
            list(embedder.embed([path]))

    def test_it_can_be_cancelled(self, tmp_path: Path, cancel: threading.Event) -> None:
        path = fakes.photo(tmp_path / "a.jpg", "coffee")
        with Embedder(fakes.fake_towers, longest_side=640) as embedder:
            threading.Timer(0.05, cancel.set).start()
            assert list(embedder.embed([path], cancel)) == []
