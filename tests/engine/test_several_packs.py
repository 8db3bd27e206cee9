"""Several packs in one library: they answer together, and no change of packs takes search away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine import candidates
from engine import library as library_module
from engine import writing as writing_module
from engine.embedding import Embedded, Skipped, TowersFactory, embed_here
from engine.errors import LibraryError, PackError, QueryError
from engine.events import Event, PhotosChanged, Progress
from engine.kept_index import index_file
from engine.library import Library
from engine.packs import ModelPack, read_pack
from engine.search import Hit
from engine.watcher import Watcher
from tests.colour_packs import colour_pack
from tests.packs import painted_pack, put, read_content, write_content

PATIENCE = 60.0
GREEN, BLUE = (0, 200, 0), (0, 0, 200)


class Desk:
    """Where photos are embedded in this process. ``seen``: the names of those that were."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def before(self, path: Path) -> None:
        """For a test to replace: called before a photo is embedded."""


class HereEmbedder:
    """What ``Embedder`` does in its child."""

    def __init__(self, desk: Desk, factory: TowersFactory, longest_side: int) -> None:
        self._desk = desk
        self._factory = factory
        self._longest_side = longest_side

    def embed(
        self, paths: Iterable[Path], cancel: threading.Event | None = None
    ) -> Iterator[Embedded | Skipped]:
        towers = self._factory()
        for path in paths:
            if cancel is not None and cancel.is_set():
                return
            self._desk.before(path)
            self._desk.seen.append(path.name)
            yield embed_here(towers, path, self._longest_side)

    def close(self) -> None:
        """There is nothing to end."""


def signs_pack(folder: Path) -> ModelPack:
    """The painted pack, sure of what it reads well."""
    painted_pack(folder, "signs")
    weights = {"similarity": 20.0, "exact": 0.0, "within": 0.0, "length": 0.0, "bias": -12.0}
    bands = {"contains": 0.9, "probably": 0.5}
    write_content(folder, read_content(folder) | {"calibration": weights | bands})
    return read_pack(folder)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.02)


def take(path: Path, ground: tuple[int, int, int], *signs: str) -> Path:
    """A photo of one colour with signs on it."""
    picture: NDArray[np.uint8] = np.full((400, 400, 3), ground, np.uint8)
    for row, word in enumerate(signs):
        put(picture, word, (200, 60 + 90 * row))
    path.parent.mkdir(parents=True, exist_ok=True)
    # All at once, for a library may be watching.
    Image.fromarray(picture).save(path.with_suffix(".part"), "PNG")
    return path.with_suffix(".part").rename(path)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def signs(tmp_path: Path) -> ModelPack:
    """Reads words."""
    return signs_pack(tmp_path / "packs" / "signs")


@pytest.fixture
def colours(tmp_path: Path) -> ModelPack:
    """Knows colours by their names."""
    return colour_pack(tmp_path / "packs" / "colours")


@pytest.fixture
def scenes(tmp_path: Path) -> ModelPack:
    """Knows colours in sentences."""
    return colour_pack(tmp_path / "packs" / "scenes", "scenes", search="scenes", calibrated=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    take(folder / "both.png", GREEN, "green")
    take(folder / "colour.png", GREEN, "exit")
    take(folder / "word.png", BLUE, "green")
    take(folder / "neither.png", BLUE, "exit")
    return folder


Open = Callable[..., Library]


@pytest.fixture
def open_library(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("PHOTOLEX_PACKS", str(tmp_path / "packs"))
    monkeypatch.setattr(writing_module, "Embedder", partial(HereEmbedder, desk))
    hasty = partial(Watcher, settle=0.2, attend_seconds=0.1)
    monkeypatch.setattr(library_module, "Watcher", hasty)
    opened: list[Library] = []

    def opening(*packs: ModelPack, read_only: bool = False) -> Library:
        first, beside = (packs[0], packs[1:]) if packs else (None, ())
        library = Library.open(tmp_path / "library", pack=first, beside=beside, read_only=read_only)
        opened.append(library)
        return library

    yield opening
    for library in opened:
        library.close()


def index(library: Library, *roots: Path) -> None:
    for root in roots:
        library.add_root(root)
    library.index_now(threading.Event())


def names(hits: Sequence[Hit]) -> list[str]:
    return [Path(hit.path).name for hit in hits]


def counts(library: Library) -> list[tuple[str, int]]:
    """How many photos each pack in use has seen."""
    return [(one.name, one.searchable) for one in library.packs() if one.in_use]


def found(library: Library, query: str) -> list[str]:
    """The photos that surely or probably show it."""
    return names([hit for hit in library.search(query).hits if hit.band != "weak"])


def test_two_packs_answer_together(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(signs, colours)
    index(library, photos)
    assert counts(library) == [("signs", 4), ("colours", 4)]
    answer = library.search("green")
    first, *others = answer.hits
    assert Path(first.path).name == "both.png"
    assert (first.band, answer.mode) == ("contains", "words")
    # The word has its place, the whole photo has a map.
    assert len(first.regions) == 2
    assert first.score_map is not None
    assert set(names(others[:2])) == {"word.png", "colour.png"}
    assert {hit.band for hit in others[:2]} == {"contains"}
    assert 1 >= first.score > others[0].score


def test_what_one_pack_is_sure_to_see_is_left_out_of_all(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(signs, colours)
    index(library, photos)
    assert found(library, "green -exit") == ["both.png", "word.png"]
    assert found(library, "exit -blue") == ["colour.png"]


@pytest.fixture
def exits(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many more signs with one word that a search for it does not look at all of them."""
    for name in ("_FIRST", "_MOST", "_MOST_READ", "_COMPLETED"):
        monkeypatch.setattr(candidates, name, 2)
    for number in range(8):
        take(photos / f"a {number}.png", (0, 200, number), "exit")


@pytest.mark.usefixtures("exits")
def test_a_frequent_word_is_excluded_whichever_pack_sees_it(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(signs, colours)
    index(library, photos)
    assert found(library, "green -exit") == ["both.png", "word.png"]


@pytest.mark.usefixtures("exits")
def test_scenes_are_not_to_show_a_frequent_word(
    open_library: Open, signs: ModelPack, scenes: ModelPack, photos: Path
) -> None:
    library = open_library(signs, scenes)
    index(library, photos)
    assert names(library.search("green -exit", mode="scenes", limit=1).hits) == ["both.png"]


def test_more_photos_are_found_than_are_asked_for(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(signs, colours)
    index(library, photos)
    assert names(library.search("green", limit=1).hits) == ["both.png"]
    assert len(library.search("green", limit=0, everything=True).hits) == 4
    assert library.search("").hits == []


def test_scenes_are_a_mode_of_their_own(
    open_library: Open, signs: ModelPack, scenes: ModelPack, photos: Path
) -> None:
    library = open_library(signs, scenes)
    index(library, photos)
    assert library.modes() == ("words", "scenes")
    answer = library.search("a green wall", mode="scenes")
    assert (answer.mode, answer.words) == ("scenes", ["a green wall"])
    assert names(answer.hits[:2]) == ["both.png", "colour.png"]
    assert [hit.band for hit in answer.hits] == [""] * 4
    assert answer.hits[0].score == pytest.approx(answer.hits[0].regions[0].similarity)
    assert answer.hits[0].score_map is not None
    assert len(library.search("green", mode="scenes", limit=0).hits) == 4
    assert library.search("", mode="scenes").hits == []
    # Scenes are not mixed with words.
    assert set(found(library, "green")) == {"both.png", "word.png"}


def test_words_that_scenes_are_not_to_show(
    open_library: Open, signs: ModelPack, scenes: ModelPack, photos: Path
) -> None:
    library = open_library(signs, scenes)
    index(library, photos)
    answer = library.search("green -exit", mode="scenes", limit=1)
    assert (answer.query, answer.words) == ("green -exit", ["green"])
    assert names(answer.hits) == ["both.png"]
    assert names(library.search("blue -exit", mode="scenes").hits)[0] == "word.png"


def test_scenes_of_a_calibrated_pack_have_bands(
    open_library: Open, tmp_path: Path, photos: Path
) -> None:
    pack = colour_pack(tmp_path / "packs" / "calibrated", "calibrated", search="scenes")
    library = open_library(pack)
    index(library, photos)
    bands = {Path(hit.path).name: hit.band for hit in library.search("blue", mode="scenes").hits}
    assert (bands["neither.png"], bands["colour.png"]) == ("contains", "weak")


def test_how_words_look_is_asked_only_of_packs_that_see_words(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(colours, signs)
    index(library, photos)
    found = {Path(hit.path).name for hit in library.search("green").hits if hit.band != "weak"}
    assert found == {"both.png", "colour.png", "word.png"}
    hits = library.search("green at:top").hits
    assert {Path(hit.path).name for hit in hits if hit.band != "weak"} == {"both.png", "word.png"}
    library.use([colours])
    with pytest.raises(QueryError, match="sees photos as a whole"):
        library.search("green at:top")


def test_a_mode_that_no_pack_has_is_one_sentence(
    open_library: Open, signs: ModelPack, scenes: ModelPack, photos: Path
) -> None:
    library = open_library(signs)
    index(library, photos)
    assert library.modes() == ("words",)
    with pytest.raises(QueryError, match="No model pack that finds scenes is in use"):
        library.search("green", mode="scenes")
    library.use([scenes])
    assert library.modes() == ("scenes",)
    with pytest.raises(QueryError, match="finds scenes, not words"):
        library.search("green")


def test_while_another_pack_takes_over_nothing_is_lost_and_new_photos_are_found(
    open_library: Open,
    signs: ModelPack,
    colours: ModelPack,
    photos: Path,
    desk: Desk,
) -> None:
    library = open_library(signs)
    index(library, photos)
    library.start()
    wait_until(lambda: not library.status().indexing)
    held, go_on = threading.Event(), threading.Event()

    def hold(path: Path) -> None:
        if path.name == "neither.png":
            held.set()
            go_on.wait(PATIENCE)

    desk.before = hold  # type: ignore[method-assign]
    library.use([colours])
    take(photos / "aa new.png", GREEN, "green")
    assert held.wait(PATIENCE)
    # The old pack knows words; the new one has seen the new photo only.
    assert set(found(library, "green")) >= {"both.png", "word.png"}
    with pytest.raises(LibraryError, match="still answers"):
        library.forget_pack(signs.fingerprint)
    go_on.set()
    wait_until(lambda: library.status().waiting == 0 and library.status().photos == 5)
    wait_until(lambda: "word.png" not in found(library, "green"))
    wait_until(lambda: set(found(library, "green")) == {"both.png", "colour.png", "aa new.png"})


def test_switching_back_is_instant(
    open_library: Open,
    signs: ModelPack,
    colours: ModelPack,
    photos: Path,
    desk: Desk,
) -> None:
    library = open_library(signs)
    index(library, photos)
    library.use([colours])
    assert set(found(library, "green")) == {"both.png", "word.png"}, "the old pack answers"
    library.index_now(threading.Event())
    assert set(found(library, "green")) == {"both.png", "colour.png"}
    embedded = len(desk.seen)
    library.use([signs])
    assert (library.status().waiting, library.status().pack_name) == (0, "signs")
    assert set(found(library, "green")) == {"both.png", "word.png"}
    library.index_now(threading.Event())
    assert len(desk.seen) == embedded == 8


def test_photos_that_only_the_new_pack_has_seen_stand_beside_those_of_the_old(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path, desk: Desk
) -> None:
    library = open_library(signs)
    index(library, photos)
    library.use([colours])
    take(photos / "new.png", GREEN)
    cancel = threading.Event()

    def stop_after_the_new_one(path: Path) -> None:
        if path.name != "new.png":
            cancel.set()

    desk.before = stop_after_the_new_one  # type: ignore[method-assign]
    for photo in ("both.png", "colour.png", "word.png", "neither.png"):
        (photos / photo).touch()
    library.index_now(cancel)
    assert set(found(library, "green")) == {"both.png", "word.png", "new.png"}


def test_the_packs_in_use_are_remembered(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    first = open_library(signs, colours)
    index(first, photos)
    first.close()
    again = open_library()
    assert [one.name for one in again.packs() if one.in_use] == ["signs", "colours"]
    again.use([colours])
    again.close()
    reader = open_library(read_only=True)
    assert reader.pack.name == "colours"
    with pytest.raises(LibraryError, match="reading only"):
        reader.use([signs])
    reader.close()
    # What is chosen for one question only is not remembered.
    assert open_library(signs, read_only=True).pack.name == "signs"
    assert open_library().pack.name == "colours"


def test_a_new_version_of_a_pack_takes_over_while_the_old_one_answers(
    open_library: Open, signs: ModelPack, photos: Path, desk: Desk
) -> None:
    first = open_library(signs)
    index(first, photos)
    first.close()
    # An update writes its files over the old ones.
    content = read_content(signs.folder)
    write_content(signs.folder, content | {"text": content["text"] | {"longest_word": 23}})
    library = open_library()
    assert library.pack.name == "signs"
    assert library.pack.fingerprint != signs.fingerprint
    assert library.status().waiting == 4
    assert set(found(library, "green")) == {"both.png", "word.png"}, "the old version answers"
    library.index_now(threading.Event())
    assert len(desk.seen) == 8
    assert set(found(library, "green")) == {"both.png", "word.png"}
    old = next(one for one in library.packs() if one.fingerprint == signs.fingerprint)
    assert (old.in_use, old.installed, old.searchable) == (False, False, 4)
    assert library.forget_gone_packs() == ["signs"]
    assert signs.fingerprint not in [one.fingerprint for one in library.packs()]
    assert library.forget_gone_packs() == []


def test_a_pack_that_is_forgotten_leaves_nothing_behind(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path, tmp_path: Path
) -> None:
    library = open_library(colours, signs)
    index(library, photos)
    with pytest.raises(LibraryError, match="still answers"):
        library.forget_pack(signs.fingerprint)
    library.use([colours])
    library.forget_pack(signs.fingerprint)
    kept = {one.name: one for one in library.packs()}
    assert (kept["signs"].searchable, kept["signs"].regions) == (0, 0)
    assert kept["signs"].installed
    assert kept["colours"].searchable == 4
    assert not index_file(tmp_path / "library", signs).exists()
    assert not (tmp_path / "library" / "packs" / signs.fingerprint).exists()
    with pytest.raises(LibraryError, match="keeps nothing"):
        library.forget_pack(signs.fingerprint)
    library.use([library.installed(signs.fingerprint)])
    library.index_now(threading.Event())
    assert set(found(library, "green")) == {"both.png", "word.png"}
    with pytest.raises(PackError, match="no longer there"):
        library.installed("0123456789abcdef")


def test_a_pack_beside_the_first_follows_photos_that_come_and_go(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path
) -> None:
    library = open_library(signs, colours)
    events: list[Event] = []
    library.announcer.subscribe(events.append)
    library.start()
    library.add_root(photos)
    wait_until(lambda: counts(library) == [("signs", 4), ("colours", 4)])
    assert any(isinstance(event, Progress) and event.pack == "colours" for event in events)
    wait_until(lambda: PhotosChanged(added=0, removed=0) in events)
    take(photos / "more.png", GREEN, "exit")
    wait_until(lambda: "more.png" in found(library, "green"))
    (photos / "more.png").unlink()
    wait_until(lambda: "more.png" not in found(library, "green"))


def test_new_photos_go_before_what_another_pack_lacks(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path, desk: Desk
) -> None:
    for number in range(6):
        take(photos / f"more {number}.png", BLUE)
    library = open_library(signs)
    index(library, photos)
    desk.seen.clear()
    held, go_on = threading.Event(), threading.Event()

    def hold(path: Path) -> None:
        held.set()
        go_on.wait(PATIENCE)

    desk.before = hold  # type: ignore[method-assign]
    library.start()
    wait_until(lambda: not library.status().indexing)
    library.use([signs, colours])
    assert held.wait(PATIENCE)
    take(photos / "new.png", GREEN, "new")
    # The watcher wants a file to rest for a moment.
    time.sleep(1.0)
    go_on.set()
    wait_until(lambda: counts(library) == [("signs", 11), ("colours", 11)])
    assert desk.seen.index("new.png") <= 2
    assert desk.seen.count("new.png") == 2


def test_what_another_pack_fails_on_stays_searchable_by_the_first(
    open_library: Open,
    signs: ModelPack,
    colours: ModelPack,
    photos: Path,
    desk: Desk,
) -> None:
    library = open_library(signs)
    index(library, photos)
    library.use([signs, colours])

    def spoil(path: Path) -> None:
        if path.name == "both.png":
            path.write_bytes(b"no photo any more")

    desk.before = spoil  # type: ignore[method-assign]
    library.index_now(threading.Event())
    assert counts(library) == [("signs", 4), ("colours", 3)]
    assert library.skipped() == []
    assert "both.png" in found(library, "green")


def test_a_drive_that_was_away_is_caught_up_with(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path, desk: Desk
) -> None:
    library = open_library(signs)
    index(library, photos)
    away = photos.with_name("away")

    def unplug(path: Path) -> None:
        if photos.exists():
            photos.rename(away)

    desk.before = unplug  # type: ignore[method-assign]
    library.start()
    wait_until(lambda: not library.status().indexing)
    library.use([signs, colours])
    wait_until(lambda: not library.roots()[0].online and not library.status().indexing)
    assert counts(library) == [("signs", 4), ("colours", 0)]
    desk.before = lambda path: None  # type: ignore[method-assign]
    away.rename(photos)
    wait_until(lambda: counts(library) == [("signs", 4), ("colours", 4)])


def test_what_failed_for_a_passing_reason_waits_for_the_next_scan(
    open_library: Open, signs: ModelPack, colours: ModelPack, photos: Path, desk: Desk
) -> None:
    library = open_library(signs)
    index(library, photos)
    away = photos.with_name("away.png")

    def take_away(path: Path) -> None:
        if path.name == "both.png":
            path.rename(away)

    desk.before = take_away  # type: ignore[method-assign]
    library.use([signs, colours])
    cancel = threading.Event()
    writing = library._writing
    assert writing is not None
    assert writing.catch_up(cancel) == 3
    away.rename(photos / "both.png")
    desk.before = lambda path: None  # type: ignore[method-assign]
    assert writing.catch_up(cancel) == 0
    library.start()
    wait_until(lambda: counts(library) == [("signs", 4), ("colours", 4)])


def test_a_damaged_pack_is_not_taken_into_use(
    open_library: Open, signs: ModelPack, tmp_path: Path, photos: Path
) -> None:
    library = open_library(signs)
    index(library, photos)
    colour_pack(tmp_path / "packs" / "bad", "bad", calibrated=False)
    with pytest.raises(PackError, match="“bad” has no calibration"):
        library.use([read_pack(tmp_path / "packs" / "bad")])
    with pytest.raises(LibraryError, match="at least one"):
        library.use([])
    assert library.pack.name == "signs"
    assert set(found(library, "green")) == {"both.png", "word.png"}


def test_an_index_that_an_earlier_version_named_is_used_on(
    open_library: Open, signs: ModelPack, photos: Path, tmp_path: Path
) -> None:
    library = open_library(signs)
    index(library, photos)
    library.close()
    file = index_file(tmp_path / "library", signs)
    made = file.read_bytes()
    note = file.with_name(file.name + ".json")
    file.rename(file.with_name("signs.hnsw"))
    note.rename(note.with_name("signs.hnsw.json"))
    open_library(signs)
    assert file.read_bytes() == made
    assert not file.with_name("signs.hnsw").exists()
