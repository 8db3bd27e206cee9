"""The command line does all that the window does, and says in a sentence what went wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import cli, printing
from engine import library as library_module
from engine import writing as writing_module
from engine.errors import PackError
from engine.events import (
    EngineFailed,
    Event,
    PhotosChanged,
    PhotoSkipped,
    Progress,
    RootOffline,
    RootOnline,
)
from engine.library import Library
from engine.packs import ModelPack, PackCheck
from engine.progress import describe, duration
from engine.survey import Survey
from tests.fakes import FakeEmbedder, fake_towers, photo
from tests.fakes import fake_pack as named_pack
from tests.packs import painted_pack


@pytest.fixture(autouse=True)
def embedder(pack: ModelPack, monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    """Every library is opened with the fake pack and embeds in this process."""
    fake = FakeEmbedder()
    original = Library.open

    def opening(
        folder: Path | None,
        *,
        pack: ModelPack | None,
        beside: Sequence[ModelPack] = (),
        read_only: bool = False,
    ) -> Library:
        return original(
            folder,
            pack=pack or fake_pack,
            beside=beside,
            factory=fake_towers,
            read_only=read_only,
        )

    fake_pack = pack
    monkeypatch.setattr(writing_module, "Embedder", lambda factory, longest_side: fake)
    monkeypatch.setattr(Library, "open", opening)
    monkeypatch.setattr(cli, "find_packs", lambda: [fake_pack])
    return fake


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photo(photos / "bakery.jpg", "fresh", "bread")
    photo(photos / "trip" / "station.jpg", "exit")
    (photos / "text.jpg").write_text("no photo")
    return photos


Run = Callable[..., int]


@pytest.fixture
def photolex(tmp_path: Path) -> Run:
    """Runs a command on this test's library."""

    def run(*arguments: str | Path) -> int:
        return cli.main(["--library", str(tmp_path / "library"), *map(str, arguments)])

    return run


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_indexing_sums_up_in_json(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photolex("index", photos, "--json") == 0
    captured = capsys.readouterr()
    (summary,) = objects(captured.out)
    assert summary.keys() == {"photos", "embedded", "skipped", "seconds", "photos_per_second"}
    assert (summary["photos"], summary["embedded"], summary["skipped"]) == (3, 2, 1)
    assert captured.err == ""


def test_indexing_again_reads_only_what_is_new(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str], embedder: FakeEmbedder
) -> None:
    assert photolex("index", photos) == 0
    assert "2 of 3 can be searched, 1 cannot" in capsys.readouterr().out
    photo(photos / "trip" / "cafe.jpg", "coffee")
    assert photolex("index", photos / "trip") == 0
    assert capsys.readouterr().out.startswith("1 photo read in")
    assert photolex("index") == 0
    assert len(embedder.embedded) == 3


def test_without_a_folder_there_is_nothing_to_index(
    photolex: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photolex("index") == 1
    assert capsys.readouterr().err == "No folder is watched yet: photolex index FOLDER.\n"


def test_what_is_wrong_is_one_sentence(
    photolex: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photolex("index", tmp_path / "nowhere") == 1
    assert capsys.readouterr().err == f"There is no folder {tmp_path / 'nowhere'}.\n"


def test_a_terminal_sees_how_far_it_is(
    photolex: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert photolex("index", photos) == 0
    shown = terminal.getvalue()
    assert "photos/s" in shown
    assert shown.endswith("\r\x1b[K")


def test_progress_says_how_much_how_fast_and_how_long() -> None:
    line = describe(Progress(25, 100, 12.34, 200.0, "/photos/bakery.jpg"))
    assert "25%  25/100  12.3 photos/s, 3 min 20 s left  bakery.jpg" in line
    assert "left" not in describe(Progress(1, 100, 0.0, None, ""))
    assert describe(Progress(1, 2, 1.0, None, "/a/b.jpg", "fdp-s")).endswith("b.jpg for fdp-s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (3.21, "3.2 s"), (42, "42 s"), (260, "4 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_ctrl_c_keeps_what_is_done(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str], embedder: FakeEmbedder
) -> None:
    def interrupt(path: Path) -> None:
        if embedder.embedded:
            os.kill(os.getpid(), signal.SIGINT)

    embedder.before = interrupt  # type: ignore[method-assign]
    before = signal.getsignal(signal.SIGINT)
    assert photolex("index", photos, "--json") == 130
    captured = capsys.readouterr()
    assert objects(captured.out)[0]["embedded"] >= 1
    assert captured.err.startswith("Stopped. What is done is kept; ")
    assert signal.getsignal(signal.SIGINT) == before
    embedder.before = lambda path: None  # type: ignore[method-assign]
    assert photolex("index") == 0
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 2


def test_ctrl_c_before_any_photo_was_counted_promises_no_number(
    photolex: Run,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really_look = Survey.look_into

    def look(survey: Survey, *arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        really_look(survey, *arguments)

    monkeypatch.setattr(Survey, "look_into", look)
    assert photolex("index", photos) == 130
    assert capsys.readouterr().err == "Stopped. What is done is kept.\n"


def test_a_folder_that_its_watched_parent_leaves_out_is_refused(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(photos / ".private" / "a.jpg", "secret")
    assert photolex("index", photos) == 0
    capsys.readouterr()
    assert photolex("index", photos / ".private") == 1
    assert f"{photos / '.private'} cannot be watched" in capsys.readouterr().err


def test_a_name_that_is_no_valid_text_is_printed_as_it_is(
    photolex: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [os.fsdecode(b"caf\xe9.jpg"), os.fsdecode(b"text\xe9.jpg")]
    try:
        (photos / "bakery.jpg").rename(photos / names[0])
    except OSError:
        pytest.skip("This file system has no such names.")
    (photos / "text.jpg").rename(photos / names[1])
    photolex("index", photos)
    for command, name in ((("search", "bread"), names[0]), (("skipped",), names[1])):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "utf-8", errors="strict"))
        assert photolex(*command) == 0
        assert os.fsencode(photos / name) in written.getvalue()


def test_a_second_ctrl_c_ends_at_once(photolex: Run, photos: Path, embedder: FakeEmbedder) -> None:
    def interrupt_twice(path: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    embedder.before = interrupt_twice  # type: ignore[method-assign]
    assert photolex("index", photos) == 130


def test_a_search_shows_rank_band_score_path_and_words(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photolex("index", photos)
    capsys.readouterr()
    assert photolex("search", "fresh bread") == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.split()[:2] == ["1", "contains"]
    assert line.endswith(f"{photos / 'bakery.jpg'}  [fresh, bread]")
    assert photolex("search", "zebra") == 0
    assert capsys.readouterr().out == "No photo shows that.\n"
    assert photolex("search", "...") == 0
    assert capsys.readouterr().out.startswith("Nothing to search for")


def test_a_search_in_json_tells_where_the_words_are(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photolex("index", photos)
    capsys.readouterr()
    assert photolex("search", "bread", "--json", "--limit", "1") == 0
    (answer,) = objects(capsys.readouterr().out)
    assert answer["query"] == "bread"
    (hit,) = answer["hits"]
    assert hit.keys() == {"path", "score", "band", "regions"}
    assert hit["path"] == str(photos / "bakery.jpg")
    assert hit["band"] == "contains"
    (region,) = hit["regions"]
    assert region.keys() == {"quad", "word", "reading", "similarity"}
    assert len(region["quad"]) == 4
    assert (region["word"], region["reading"]) == ("bread", "bread")


@pytest.mark.parametrize("from_stdin", [False, True])
def test_many_queries_are_answered_line_by_line(
    photolex: Run,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    from_stdin: bool,
) -> None:
    photolex("index", photos)
    capsys.readouterr()
    file = tmp_path / "queries.txt"
    file.write_text("bread\n\nexit\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(file.read_text()))
    source = "-" if from_stdin else file
    assert photolex("search", "--queries", source, "--json", "--limit", "0") == 0
    answers = objects(capsys.readouterr().out)
    assert [answer["query"] for answer in answers] == ["bread", "", "exit"]
    # Every photo that has a region is ranked.
    assert [len(answer["hits"]) for answer in answers] == [2, 0, 2]
    assert photolex("search", "--queries", file) == 0
    assert "exit:\n" in capsys.readouterr().out


def test_queries_that_cannot_be_read_are_an_error(
    photolex: Run,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photolex("index", photos)
    capsys.readouterr()
    assert photolex("search", "--queries", tmp_path / "none.txt") == 1
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa")
    assert photolex("search", "--queries", tmp_path / "binary") == 1
    assert "not text in UTF-8" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\xfa"), "utf-8"))
    assert photolex("search", "--queries", "-") == 1
    assert capsys.readouterr().err == "The standard input is not text in UTF-8.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["search"],
        ["search", "bread", "--queries", "file"],
        ["search", "bread", "--limit", "-1"],
        ["search", "bread", "--limit", "many"],
    ],
)
def test_what_is_not_understood_is_explained(
    photolex: Run, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        photolex(*arguments)
    assert ended.value.code == 2
    assert "usage: photolex" in capsys.readouterr().err


def test_searching_before_indexing_says_what_to_do(
    photolex: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["search", "bread"], ["status"], ["skipped"]):
        assert photolex(*command) == 1
        assert "index a folder first" in capsys.readouterr().err


def test_status_and_skipped_say_what_the_library_holds(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photolex("index", photos)
    capsys.readouterr()
    assert photolex("status") == 0
    shown = capsys.readouterr().out
    assert str(photos) in shown
    assert "2 can be searched, 1 cannot, 0 wait" in shown
    assert photolex("status", "--json") == 0
    (status,) = objects(capsys.readouterr().out)
    assert (status["searchable"], status["pack_name"]) == (2, "fake")
    assert status["roots"] == [{"path": str(photos), "online": True}]
    assert photolex("skipped") == 0
    assert capsys.readouterr().out.startswith(f"{photos / 'text.jpg'}: The name ends in .jpg")
    assert photolex("skipped", "--json") == 0
    (skipped,) = objects(capsys.readouterr().out)
    assert skipped["path"] == str(photos / "text.jpg")


def test_the_library_may_be_named_after_the_command(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["index", "--library", str(tmp_path / "other"), str(photos)]) == 0
    assert (tmp_path / "other" / "catalogue.sqlite").exists()


@pytest.fixture
def until_told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Presses Ctrl-C once all these kinds of events have been told."""
    told = printing.tell

    def setting(*kinds: type[Event]) -> None:
        awaited = set(kinds)

        def tell(event: Event) -> None:
            told(event)
            if type(event) in awaited:
                awaited.remove(type(event))
                if not awaited:
                    os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(cli, "tell", tell)

    return setting


def test_watching_tells_what_comes_and_ends_with_ctrl_c(
    photolex: Run,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    until_told: Callable[..., None],
) -> None:
    until_told(PhotosChanged, PhotoSkipped)
    assert photolex("watch", photos) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Watching")
    assert " came, 0 went" in shown
    assert "text.jpg: The name ends in .jpg" in shown


def test_watching_does_not_tell_that_nothing_came(capsys: pytest.CaptureFixture[str]) -> None:
    printing.tell(PhotosChanged(added=0, removed=0))
    assert capsys.readouterr().out == ""


def test_watching_is_silent_where_nothing_came_or_went(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A second pack says so whenever it has seen some more photos.
    printing.tell(PhotosChanged(added=0, removed=0))
    assert capsys.readouterr().out == ""
    printing.tell(PhotosChanged(added=0, removed=1))
    assert capsys.readouterr().out == "0 photos came, 1 went\n"


def test_watching_says_why_it_cannot_go_on(
    photolex: Run,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    embedder: FakeEmbedder,
    until_told: Callable[..., None],
) -> None:
    def fail(path: Path) -> None:
        raise PackError("The model is broken.")

    embedder.before = fail  # type: ignore[method-assign]
    until_told(EngineFailed)
    assert photolex("watch", photos) == 0
    assert capsys.readouterr().err == "The model is broken.\n"


def test_indexing_says_which_folders_are_not_there(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photolex("index", photos) == 0
    photos.rename(photos.with_name("away"))
    capsys.readouterr()
    # Every time, not only when it went.
    for _ in range(2):
        assert photolex("index") == 0
        assert capsys.readouterr().err == printing.offline(photos) + "\n"


def test_watching_says_which_folders_are_not_there_and_which_come_back(
    photolex: Run,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    until_told: Callable[..., None],
) -> None:
    assert photolex("index", photos) == 0
    away = photos.with_name("away")
    photos.rename(away)
    until_told(RootOffline)
    assert photolex("watch") == 0
    assert printing.offline(photos) in capsys.readouterr().out
    away.rename(photos)
    until_told(RootOnline)
    assert photolex("watch") == 0
    captured = capsys.readouterr()
    assert captured.err == printing.offline(photos) + "\n"
    assert f"{photos} is there again." in captured.out


def test_a_mass_disappearance_is_said_once(
    photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(25):
        photo(photos / f"{number}.jpg", f"word{number}")
    photolex("index", photos)
    for number in range(25):
        (photos / f"{number}.jpg").unlink()
    capsys.readouterr()
    assert photolex("index") == 0
    assert "25 of 28 photos are no longer in" in capsys.readouterr().err


def test_packs_check_themselves(
    photolex: Run,
    pack: ModelPack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for passed in (True, False):
        check = PackCheck(passed, f"The check said {passed}.")
        monkeypatch.setattr(cli, "check_pack", lambda pack, check=check: check)
        assert photolex("check") == (0 if passed else 1)
        assert capsys.readouterr().out == f"The check said {passed}.\n"
    assert photolex("check", "--pack", "fake") == 1
    assert photolex("check", "--pack", "none") == 1
    assert capsys.readouterr().err == "There is no model pack none; there is: fake.\n"
    assert photolex("check", "--pack", pack.folder) == 1
    assert "pack.json is missing" in capsys.readouterr().err


def test_the_demonstration_is_run_on_the_library_with_the_packs_that_are_named(
    photolex: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def run(
        folder: Path, say: Callable[[str], None], *, open_library: Callable[[Path], Library]
    ) -> None:
        with closing(open_library(folder)) as library:
            assert library.folder == tmp_path / "library"
            ran.append([pack.name for pack in library.packs() if pack.in_use])

    monkeypatch.setattr("engine.demo.run", run)
    assert photolex("demo") == 0
    painted = painted_pack(tmp_path / "pack").folder
    assert photolex("demo", "--pack", painted) == 0
    assert photolex("demo", "--pack", painted, "--pack", "fake") == 0
    assert ran == [["fake"], ["painted"], ["painted", "fake"]]


def test_a_reader_that_has_seen_enough_is_no_error(
    photolex: Run, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photolex("index", photos)

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return spare

    with (tmp_path / "spare").open("w") as file:
        spare = file.fileno()
        monkeypatch.setattr(sys, "stdout", Closed())
        assert photolex("search", "bread") == 0


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("photolex ")


def test_ctrl_c_outside_of_indexing_ends_quietly(
    photolex: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_open", interrupt)
    assert photolex("search", "bread") == 130


class TestSeveralPacks:
    @pytest.fixture(autouse=True)
    def other(self, tmp_path: Path, pack: ModelPack, monkeypatch: pytest.MonkeyPatch) -> ModelPack:
        other = named_pack(tmp_path, name="other")
        monkeypatch.setattr(cli, "find_packs", lambda: [pack, other])
        monkeypatch.setattr(library_module, "installed_packs", lambda: [pack, other])
        return other

    def test_the_second_pack_answers_beside_the_first(
        self,
        photolex: Run,
        photos: Path,
        capsys: pytest.CaptureFixture[str],
        embedder: FakeEmbedder,
    ) -> None:
        both = ("--pack", "fake", "--pack", "other")
        assert photolex("index", photos, *both) == 0
        assert len(embedder.embedded) == 4
        capsys.readouterr()
        assert photolex("search", "bread", *both, "--json") == 0
        (answer,) = objects(capsys.readouterr().out)
        (hit,) = [hit for hit in answer["hits"] if hit["band"] == "contains"]
        assert len(hit["regions"]) == 2
        assert photolex("index", "--pack", "fake", "--pack", "nothing") == 1
        assert capsys.readouterr().err == (
            "There is no model pack nothing; there is: fake, other.\n"
        )

    def test_status_says_how_far_each_pack_is(
        self, photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert photolex("index", photos) == 0
        capsys.readouterr()
        assert photolex("status", "--pack", "other") == 0
        lines = capsys.readouterr().out.splitlines()
        assert "Pack      other  0 of 2 photos, 0 regions, finds words; in use" in lines
        assert "Pack      fake  2 of 2 photos, 3 regions, finds words; not in use" in lines
        assert photolex("status", "--json") == 0
        (status,) = objects(capsys.readouterr().out)
        first, second = status["packs"]
        assert (first["name"], first["place"], first["searchable"]) == ("fake", 0, 2)
        assert (second["name"], second["place"], second["waiting"]) == ("other", None, 2)

    def test_a_pack_is_forgotten_by_its_name(
        self, photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert photolex("index", photos, "--pack", "other") == 0
        assert photolex("index") == 0
        capsys.readouterr()
        assert photolex("forget", "other") == 0
        assert capsys.readouterr().out == "Forgotten: other.\n"
        assert photolex("forget", "other") == 1
        assert capsys.readouterr().err == "The library keeps nothing of a model pack other.\n"
        assert photolex("forget", "fake") == 1
        assert "still answers" in capsys.readouterr().err

    def test_packs_whose_files_are_gone_are_forgotten_when_asked(
        self,
        photolex: Run,
        photos: Path,
        pack: ModelPack,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert photolex("index", photos, "--pack", "other") == 0
        assert photolex("index") == 0
        capsys.readouterr()
        assert photolex("forget", "--gone") == 0
        assert capsys.readouterr().out.startswith("There is nothing to forget")
        monkeypatch.setattr(library_module, "installed_packs", lambda: [pack])
        assert photolex("status") == 0
        assert "2 of 2 photos, 3 regions, kept; its files are gone" in capsys.readouterr().out
        assert photolex("forget", "--gone") == 0
        assert capsys.readouterr().out == "Forgotten: other.\n"

    def test_of_packs_that_share_a_name_one_must_be_meant(
        self,
        photolex: Run,
        photos: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        versions = [
            replace(named_pack(tmp_path, name="other"), settings={**pack_settings, "text": version})
            for version in (1, 2)
            for pack_settings in [named_pack(tmp_path, name="other").settings]
        ]
        for version in versions:
            monkeypatch.setattr(cli, "find_packs", lambda version=version: [version])
            assert photolex("index", photos, "--pack", "other") == 0
        monkeypatch.setattr(cli, "find_packs", list)
        assert photolex("index") == 0
        capsys.readouterr()
        assert photolex("forget", "other") == 1
        error = capsys.readouterr().err
        assert error.startswith("Several model packs are named other; say which: ")
        assert all(version.fingerprint in error for version in versions)
        assert photolex("forget", versions[0].fingerprint[:10], versions[1].fingerprint) == 0
        assert capsys.readouterr().out == "Forgotten: other, other.\n"

    @pytest.mark.parametrize("arguments", [(), ("other", "--gone")])
    def test_forgetting_wants_to_know_what(
        self, photolex: Run, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            photolex("forget", *arguments)
        assert ended.value.code == 2
        assert "either names of PACKs or --gone" in capsys.readouterr().err

    def test_scenes_need_a_pack_that_finds_them(
        self, photolex: Run, photos: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert photolex("index", photos) == 0
        capsys.readouterr()
        assert photolex("search", "--mode", "scenes", "a dog on a beach") == 1
        assert capsys.readouterr().err == (
            "No model pack that finds scenes is in use; import one with "
            "“photolex-export import-clip” and choose it.\n"
        )

    def test_scenes_are_named_and_have_no_bands(
        self,
        photolex: Run,
        photos: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        words = named_pack(tmp_path, name="scenes")
        settings = {**words.settings, "search": "scenes"}
        settings.pop("calibration")
        scenes = replace(words, settings=settings)
        monkeypatch.setattr(cli, "find_packs", lambda: [scenes])
        assert photolex("search", "--mode", "scenes", "exit", "--pack", "scenes") == 1
        capsys.readouterr()
        assert photolex("index", photos, "--pack", "scenes") == 0
        capsys.readouterr()
        assert photolex("search", "--mode", "scenes", "exit", "--pack", "scenes") == 0
        title, first, *_ = capsys.readouterr().out.splitlines()
        assert title == "Scenes, the likest first:"
        assert first.split() == ["1", "1.00", str(photos / "trip" / "station.jpg")]
        assert photolex("search", "--mode", "scenes", "", "--pack", "scenes") == 0
        assert capsys.readouterr().out.startswith("Nothing to search for")
        assert photolex("search", "exit", "--pack", "scenes") == 1
        assert "finds scenes, not words" in capsys.readouterr().err
