"""An album of drawn photos, and a library that knows what is written on each."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from engine.errors import LibraryError, RootError
from engine.events import (
    Announcer,
    IndexingFinished,
    PhotosChanged,
    PhotoSkipped,
    Progress,
    ScanStarted,
)
from engine.library import PackStatus, Root, Status
from engine.packs import Mode, ModelPack
from engine.query import parse
from engine.regions import ScoreMap
from engine.rows import SkippedRow
from engine.search import Answer, Hit, MatchedRegion

Quad = list[tuple[float, float]]


@dataclass
class Drawn:
    """A photo and where its words stand on it."""

    photo_id: int
    path: Path
    width: int
    height: int
    words: list[tuple[str, Quad]]
    mtime_ns: int = 0


SIGNS: list[tuple[str, tuple[int, int], list[str]]] = [
    ("harbour.jpg", (900, 600), ["HARBOUR", "CAFE"]),
    ("menu.jpg", (600, 900), ["COFFEE", "TEA", "CAKE", "SOUP"]),
    ("corner shop.jpg", (1000, 640), ["COFFEE", "BREAD"]),
    ("ticket.png", (700, 300), ["PLATFORM", "9"]),
    ("poster.jpg", (640, 960), ["TOFFEE", "FAIR"]),
    ("station.jpg", (1200, 500), ["STATION", "EXIT"]),
    ("book.jpg", (500, 700), ["OFFICE", "STORIES"]),
    ("bakery.webp", (800, 800), ["BAKERY", "BREAD", "CAKE"]),
]
GROUNDS = ["#35506b", "#6b4f35", "#3f6b46", "#7a3b4a", "#4a3f7a", "#58656d", "#8a6d2f", "#2f6d70"]


def draw_album(folder: Path) -> Path:
    """Draw the signs into ``folder``; the album file beside each tells where its words are."""
    folder.mkdir(parents=True)
    for number, (name, size, words) in enumerate(SIGNS):
        draw_photo(folder / name, size, words, GROUNDS[number % len(GROUNDS)])
    return folder


def draw_photo(
    path: Path, size: tuple[int, int], words: list[str], ground: str
) -> list[tuple[str, Quad]]:
    """Draw ``words`` under each other and return their places."""
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    for band in range(0, size[1], 7):
        draw.line([(0, band), (size[0], band * 0.8)], fill="#ffffff18", width=1)
    places = lay_out(size, words)
    for word, quad in places:
        (left, top), (right, _), (_, bottom), _ = quad
        draw.rectangle([left - 14, top - 10, right + 14, bottom + 10], fill="#f2ead8")
        draw.text((left, top), word, fill="#22242a", font=_font(size, len(words)), anchor="lt")
    image.save(path)
    return places


def lay_out(size: tuple[int, int], words: list[str]) -> list[tuple[str, Quad]]:
    """Where ``draw_photo`` puts the words."""
    font = _font(size, len(words))
    places = []
    for number, word in enumerate(words):
        left, top, right, bottom = font.getbbox(word, anchor="lt")
        across = (size[0] - (right - left)) * (0.25 + 0.5 * (number % 2))
        down = size[1] * (number + 0.55) / (len(words) + 0.4)
        quad = [
            (across + left, down + top),
            (across + right, down + top),
            (across + right, down + bottom),
            (across + left, down + bottom),
        ]
        places.append((word, quad))
    return places


def _font(size: tuple[int, int], lines: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(min(size[0] / 9, size[1] / (lines + 1) / 2.2))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@dataclass
class AlbumLibrary:
    """What the window sees of a library: the same calls, answers from the album."""

    folder: Path
    announcer: Announcer = field(default_factory=Announcer)
    paused: bool = False
    photos: list[Drawn] = field(default_factory=list)
    watched: dict[Path, bool] = field(default_factory=dict)  # root: is it online
    missing: dict[Path, int] = field(default_factory=dict)  # of a root: so many photos
    waiting: list[Path] = field(default_factory=list)
    skipped_rows: list[SkippedRow] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    asked_modes: list[Mode] = field(default_factory=list)
    calls: list[tuple[str, object]] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None  # what the next question meets
    indexing: bool = False
    score_map: ScoreMap | None = None  # as of a pack that embeds whole photos
    shelf: list[PackStatus] = field(default_factory=lambda: [pack_status("album", place=0)])
    changing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answering.set()
        self.changing.set()

    # What a test makes happen.

    def hold(self, root: Path) -> None:
        """Know a folder as one that has been looked through."""
        self.watched[root] = True
        for name, size, words in SIGNS:
            if (root / name).exists():
                self.know(root / name, size, lay_out(size, words))

    def know(self, path: Path, size: tuple[int, int], words: list[tuple[str, Quad]]) -> None:
        number = len(self.photos) + 1
        changed = 1_700_000_000_000_000_000 + number * 86_400_000_000_000
        self.photos.append(Drawn(number, path, *size, words, changed))

    def index_in_background(self, root: Path, *, seconds_each: float = 0.01) -> threading.Thread:
        """Announce, on a thread as the engine does, that ``root`` is looked through."""

        def work() -> None:
            self.indexing = True
            self.announcer.announce(ScanStarted(root))
            names = [name for name in SIGNS if (root / name[0]).exists()]
            for done, (name, size, words) in enumerate(names, start=1):
                time.sleep(seconds_each)
                self.know(root / name, size, lay_out(size, words))
                left = (len(names) - done) * seconds_each
                self.announcer.announce(Progress(done, len(names), 12.5, left, name))
                self.announcer.announce(PhotosChanged(1, 0))
            for row in self.skipped_rows:
                self.announcer.announce(PhotoSkipped(row.path, row.reason))
            self.indexing = False
            finished = IndexingFinished(len(names), len(self.skipped_rows), False)
            self.announcer.announce(finished)

        thread = threading.Thread(target=work, name="indexing")
        thread.start()
        return thread

    def announce_from_a_thread(self, *events: object) -> None:
        """The engine never speaks on the GUI's thread."""

        def speak() -> None:
            for event in events:
                self.announcer.announce(event)  # type: ignore[arg-type]

        thread = threading.Thread(target=speak)
        thread.start()
        thread.join()

    # What the window calls.

    def start(self) -> None:
        self.calls.append(("start", None))

    def stop(self) -> None:
        self.calls.append(("stop", None))

    def close(self) -> None:
        self.calls.append(("close", None))

    def roots(self) -> list[Root]:
        def count(root: Path) -> int:
            return sum(root in photo.path.parents for photo in self.photos)

        return [
            Root(path, online, count(path), self.missing.get(path, 0))
            for path, online in self.watched.items()
        ]

    def add_root(self, path: Path) -> Root:
        if not os.path.isdir(path):  # noqa: PTH112
            raise RootError(f"{path} is a file; choose the folder that it is in.")
        if path in self.watched:
            raise RootError(f"{path.name} is already among your folders.")
        self.watched[path] = True
        self.index_in_background(path)
        return Root(path, True, 0)

    def remove_root(self, path: Path) -> None:
        del self.watched[path]
        self.photos = [photo for photo in self.photos if path not in photo.path.parents]
        self.announcer.announce(PhotosChanged(0, 1))

    def rescan(self, root: Path | None = None) -> None:
        self.calls.append(("rescan", root))

    def confirm_removal(self, root: Path) -> None:
        self.calls.append(("confirm_removal", root))
        del self.missing[root]

    def pause(self, reason: str = "paused by you") -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def status(self) -> Status:
        return Status(
            photos=len(self.photos),
            searchable=len(self.photos),
            skipped=len(self.skipped_rows),
            waiting=len(self.waiting),
            regions=sum(len(photo.words) for photo in self.photos),
            pack_name=self.packs()[0].name,
            indexing=self.indexing,
            paused=self.paused,
            index_ready=True,
        )

    def skipped(self) -> list[SkippedRow]:
        return self.skipped_rows

    def packs(self) -> list[PackStatus]:
        """Those that have nothing waiting have seen the whole album."""
        shelf = [
            one if one.waiting else replace(one, searchable=len(self.photos)) for one in self.shelf
        ]
        return sorted(shelf, key=lambda one: len(shelf) if one.place is None else one.place)

    def modes(self) -> tuple[Mode, ...]:
        wanted: tuple[Mode, ...] = ("words", "scenes")
        used = {one.mode for one in self.shelf if one.in_use}
        return tuple(mode for mode in wanted if mode in used)

    def installed(self, fingerprint: str) -> ModelPack:
        return cast(ModelPack, SimpleNamespace(fingerprint=fingerprint))

    def use(self, packs: Sequence[ModelPack]) -> None:
        self.changing.wait(10)
        self._fail_if_told()
        wanted = [pack.fingerprint for pack in packs]
        self.calls.append(("use", wanted))
        places = {fingerprint: place for place, fingerprint in enumerate(wanted)}
        self.shelf = [replace(one, place=places.get(one.fingerprint)) for one in self.shelf]
        self.announcer.announce(PhotosChanged(0, 0))

    def forget_pack(self, fingerprint: str) -> None:
        self._fail_if_told()
        self.shelf = [
            replace(one, searchable=0, waiting=len(self.photos))
            if one.fingerprint == fingerprint
            else one
            for one in self.shelf
            if one.installed or one.fingerprint != fingerprint
        ]

    def search(
        self, query: str, *, limit: int = 200, everything: bool = False, mode: Mode = "words"
    ) -> Answer:
        """Exact words are contained, one letter apart is probable, the first letter weak.

        Any photo is a scene, the earliest the likest.
        """
        self.asked.append(query)
        self.asked_modes.append(mode)
        self.answering.wait(10)
        self._fail_if_told()
        if mode == "scenes":
            likest = [self._likeness(photo, query) for photo in self.photos]
            return Answer(query, [query], likest[:limit], 0.01, "scenes")
        words = parse(query).words
        wanted = [word.upper() for word in words]
        hits = [hit for photo in self.photos if (hit := self._match(photo, wanted)) is not None]
        hits.sort(key=lambda hit: hit.score, reverse=True)
        return Answer(query=query, words=words, hits=hits[:limit], seconds=0.01)

    def thumbnail(self, photo_id: int, side: int = 256) -> Path | None:
        photo = next((photo for photo in self.photos if photo.photo_id == photo_id), None)
        if photo is None or not photo.path.exists():
            return None
        file = self.folder / f"{photo_id}-{photo.mtime_ns}-{side}.webp"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with Image.open(photo.path) as image:
                small = image.convert("RGB")
                small.thumbnail((side, side))
                small.save(file)
        return file

    def _fail_if_told(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    def _likeness(self, photo: Drawn, sentence: str) -> Hit:
        cosine = 0.3 - photo.photo_id / 100
        return Hit(
            path=str(photo.path),
            score=cosine,
            band="",
            regions=[MatchedRegion(_whole(photo), sentence, "", cosine, cosine)],
            photo_id=photo.photo_id,
            width=photo.width,
            height=photo.height,
            online=True,
            mtime_ns=photo.mtime_ns,
        )

    def _match(self, photo: Drawn, wanted: list[str]) -> Hit | None:
        regions = []
        score = 1.0
        for word in wanted:
            best = max(((likeness(word, shown), shown, quad) for shown, quad in photo.words))
            score = min(score, best[0])
            regions.append(
                MatchedRegion(
                    quad=best[2],
                    word=word.lower(),
                    reading=best[1].lower(),
                    similarity=best[0],
                    probability=best[0],
                )
            )
        if not regions or score < 0.2:
            return None
        if self.score_map is not None:
            whole = _whole(photo)
            regions = [replace(region, quad=whole, reading="") for region in regions]
        band = "contains" if score > 0.9 else "probably" if score > 0.5 else "weak"
        online = all(online for root, online in self.watched.items() if root in photo.path.parents)
        return Hit(
            path=str(photo.path),
            score=score,
            band=band,
            regions=regions,
            photo_id=photo.photo_id,
            width=photo.width,
            height=photo.height,
            online=online,
            mtime_ns=photo.mtime_ns,
            score_map=self.score_map,
        )


def pack_status(
    name: str,
    *,
    family: str = "compact",
    mode: Mode | None = "words",
    place: int | None = None,
    installed: bool = True,
    searchable: int = 0,
    waiting: int = 0,
) -> PackStatus:
    """A pack on the album's shelf, which has seen all photos unless some are waiting."""
    return PackStatus(
        name, f"of {name}", family, mode, place, installed, searchable, waiting, searchable
    )


def _whole(photo: Drawn) -> Quad:
    return [(0, 0), (photo.width, 0), (photo.width, photo.height), (0, photo.height)]


def likeness(word: str, shown: str) -> float:
    """1 for the same word, less for one letter apart, little for common letters."""
    if word == shown:
        return 0.97
    if len(word) == len(shown) and sum(a != b for a, b in zip(word, shown, strict=True)) == 1:
        return 0.7
    return 0.3 if len(set(word) & set(shown)) >= 3 else 0.0


class NotAnswered(LibraryError):
    """A question that the library refuses."""
