"""The towers of a pack behind plain calls: photos to regions, words to embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine import lattice, strips
from engine.colours import Colours, measured
from engine.crops import alike
from engine.directions import (
    Rows,
    Way,
    first_ways,
    is_plain,
    read_ways,
    runs_across,
    sureness,
    tried_first,
    tried_next,
)
from engine.doubles import stands_in, without_doubles, worth_reading_too
from engine.errors import PackError
from engine.fdp_towers import FdpTowers
from engine.focus import FocusSettings, Found, find_words
from engine.looks import FAR, STRIDE, look
from engine.neighbours import box_about, joined
from engine.packs import ModelPack, read_pack
from engine.parts import end_to_end, shares, strings_in_parts
from engine.pieces import Piece, pieces_of
from engine.preprocess import Pyramid, grown
from engine.regions import Region
from engine.sessions import Parts, TowerFile
from engine.tilt import levelled, levelled_traces, moved, tilt
from engine.tokenizer import stretch


class Towers(Protocol):
    """What the engine needs of a pack's towers."""

    @property
    def embedding_size(self) -> int: ...

    @property
    def longest_side(self) -> int:
        """Photos are decoded so that their longer side has at most this many pixels."""

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        """The regions of an upright photo (H, W, 3) RGB, their quads in its pixels."""

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Folded words to unit rows (n, d)."""


def open_towers(pack: ModelPack, *, threads: int = 0, parts: Parts = "all") -> Towers:
    """Load a pack's towers; ``parts="text"`` loads only what a query needs.

    ``threads``: 0 lets ONNX Runtime take every core. PackError when a file cannot be loaded.
    """
    if pack.family == "compact":
        return CompactTowers(pack, threads, parts)
    if pack.family == "fdp":
        return FdpTowers(pack, threads, parts)
    raise PackError(f"The model pack “{pack.name}” is of a family not known: {pack.family}.")


def open_towers_of_folder(folder: str, threads: int = 0) -> Towers:
    """As ``open_towers``, by a pack's folder: a call that another process can be given."""
    return open_towers(read_pack(Path(folder)), threads=threads)


@dataclass(frozen=True, slots=True)
class _Read:
    """Words as the image tower read them: of which of those found each is (``owners``, n), its way
    and crop, ``embeddings`` (n, d) and ``letters`` (n, columns, classes).
    """

    owners: Rows
    ways: list[Way]
    crops: list[NDArray[np.uint8]]
    embeddings: NDArray[np.float32]
    letters: NDArray[np.float32]

    def only(self, rows: Rows) -> _Read:
        """Some of them, in this order."""
        ways, crops = ([of[row] for row in rows.tolist()] for of in (self.ways, self.crops))
        return _Read(self.owners[rows], ways, crops, self.embeddings[rows], self.letters[rows])

    def and_also(self, more: _Read) -> _Read:
        """Both, in this order."""
        return _Read(
            np.concatenate([self.owners, more.owners]),
            self.ways + more.ways,
            self.crops + more.crops,
            np.concatenate([self.embeddings, more.embeddings]),
            np.concatenate([self.letters, more.letters]),
        )


class CompactTowers:
    """Focus, the image tower and the text tower of a compact pack."""

    def __init__(self, pack: ModelPack, threads: int = 0, parts: Parts = "all") -> None:
        self.embedding_size, self.longest_side = pack.embedding_size, pack.longest_side
        try:
            focus, image, text = (pack.settings[key] for key in ("focus", "image", "text"))
            self._sides = [int(side) for side in focus["longest_sides"]]
            self.most_enlarged = float(focus["most_enlarged"])
            self.finding = FocusSettings(**focus["finding"])
            glance = pack.settings.get("glance")
            self._worth = float(glance["threshold"]) if glance else 0.0
            self._wide, self._high = int(image["width"]), int(image["height"])
            self._batch = max(1, int(image["batch"]))
            self._margin = _margins(image)
            narrow = image.get("narrow")
            self._narrow = int(narrow["width"]) if narrow else self._wide
            self._most_narrow = float(narrow["most_aspect"]) if narrow else 0.0
            self._page = int(narrow["least_words"]) if narrow else 0
            large = image.get("large")
            self._large = float(large["least_height"]) if large else np.inf
            self._wide_margin = _margins(large or image)
            self._frames, self._longest_word = int(text["frames"]), int(text["longest_word"])
        except (KeyError, TypeError, ValueError) as error:
            raise PackError(
                f"The pack.json of “{pack.name}” does not say what its towers need: {error}."
            ) from error
        self._text = TowerFile(pack, "text", threads)
        photos = parts == "all"
        self._focus = TowerFile(pack, "focus", threads) if photos else None
        self._image = TowerFile(pack, "image", threads) if photos else None
        self._glance = TowerFile(pack, "glance", threads) if photos and glance else None

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        if not words:
            return np.zeros((0, self.embedding_size), np.float32)
        cut = [word[: self._longest_word] for word in words]
        letters, lengths = (
            stretch(cut, self._frames),
            np.array([len(word) for word in cut], np.int64),
        )
        inputs: dict[str, NDArray[Any]] = {"letters": letters, "lengths": lengths}
        (embeddings,) = self._text.run(["query_embedding"], inputs)
        return self._sized(embeddings)

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        pyramid = Pyramid(pixels)
        found = self.find(pyramid)
        if not found:
            return []
        read = self._read(pyramid, found)
        if large := self._large_rows(read, self._pieces(pyramid)[0].end):
            read = read.and_also(self._read_widely(pyramid, read, large))
        lattices, readings = lattice.pack(read.letters), lattice.readings(read.letters)
        colours = measured(read.crops)
        regions = [
            Region(
                way.quad,
                read.embeddings[row].astype(np.float16),
                lattices[row],
                readings[row],
                found[at].confidence,
                colours=colours[row],
            )
            for row, (at, way) in enumerate(zip(read.owners.tolist(), read.ways, strict=True))
        ]
        return regions + self._in_parts(found, read, readings, colours)

    def _in_parts(
        self,
        found: Sequence[Found],
        read: _Read,
        readings: Sequence[str],
        colours: Sequence[Colours | None],
    ) -> list[Region]:
        """Strings whose parts were found as words: made of what was read of those."""
        # Each word once, as it was read first; neither bent ones nor what was joined already.
        rows: dict[int, int] = {}
        for row, at in enumerate(read.owners.tolist()):
            if read.ways[row].strip is None and not (found[at].joined or found[at].double):
                rows.setdefault(at, row)
        words = list(rows.values())
        places = np.stack([way.quad for way in read.ways])
        lines = [
            [words[at] for at in line]
            for line in strings_in_parts(places[words], [readings[row] for row in words])
        ]
        counted = [shares(places[parts]) for parts in lines]
        columns = read.letters.shape[1]
        wholes = [
            lattice.end_to_end(_shared(read.letters[parts], part_of), columns)
            for parts, part_of in zip(lines, counted, strict=True)
        ]
        texts, lattices = lattice.readings(wholes), lattice.pack(wholes)
        known = set(readings)
        strings: dict[str, Region] = {}
        for row, (parts, text) in enumerate(zip(lines, texts, strict=True)):
            if not text or text in known:
                continue
            letters = [len(readings[part]) for part in parts]
            embedding = end_to_end(read.embeddings[parts], counted[row], letters, self._frames)
            strings[text] = Region(
                box_about(places[parts]),
                embedding.astype(np.float16),
                lattices[row],
                text,
                min(found[one].confidence for one in read.owners[parts].tolist()),
                colours=colours[parts[0]],
            )
        return list(strings.values())

    def _read(self, pyramid: Pyramid, found: Sequence[Found]) -> _Read:
        """Words as they are surest read. What is not plain at once is read again: in doubt from its
        other end, and as another look saw it.
        """
        count = len(found)
        across = runs_across(found)
        ways = first_ways(found, across)
        page = count >= self._page
        # Of each word as it is read first, then of each from its other end.
        sure = np.full(2 * count, np.nan, np.float32)
        first, back = sure[:count], sure[count:]
        rounds: list[Rows] = []
        parts: list[_Read] = []

        def read(rows: Rows) -> None:
            if not len(rows):
                return
            tried = [ways[at] if at < count else ways[at - count].back() for at in rows.tolist()]
            crops = self.cut(pyramid, tried, page=page)
            parts.append(_Read(rows % count, tried, crops, *self._embed_crops(crops)))
            rounds.append(rows)
            sure[rows] = sureness(parts[-1].letters)

        doubles = np.array([one.double for one in found], bool)
        tried = tried_first(found, across)
        read(np.concatenate([np.flatnonzero(~doubles), count + tried[~doubles[tried]]]))
        again = doubles.copy()
        if again.any():  # none on pages, of whose many words each would be compared with each
            again &= ~stands_in(found, is_plain(first))
        read(np.concatenate([np.flatnonzero(again), count + tried[again[tried]]]))
        read(count + tried_next(first, back, across))
        rows, read_so = np.concatenate(rounds), reduce(_Read.and_also, parts)
        kept = np.flatnonzero(np.concatenate(read_ways(first, back, across))[rows])
        return read_so.only(kept[np.argsort(read_so.owners[kept], kind="stable")])

    def _large_rows(self, read: _Read, longest: int) -> list[int]:
        """Which words are large on a photo whose longer side is ``longest``, and not plain."""
        plain = is_plain(sureness(read.letters))
        least = self._large * longest
        return [row for row, way in enumerate(read.ways) if way.height >= least and not plain[row]]

    def _read_widely(self, pyramid: Pyramid, read: _Read, rows: list[int]) -> _Read:
        """Some words once more with wider margins.

        Titles and logos lean, bend and swing out of the quads that Focus finds for them.
        """
        ways = [read.ways[row] for row in rows]
        crops = self.cut(pyramid, ways, wide=True)
        return _Read(read.owners[rows], ways, crops, *self._embed_crops(crops))

    def cut(
        self, pyramid: Pyramid, ways: Sequence[Way], *, wide: bool = False, page: bool = False
    ) -> list[NDArray[np.uint8]]:
        """The image tower's crops of words, read in these ways.

        ``wide``: with margins as of large ones. ``page``: they are many, as on receipts, and in
        plain print, so that half the width will do for short ones.
        """
        margins = self._wide_margin if wide else self._margin
        crops = []
        for way in ways:
            width = self._narrow if page and way.aspect <= self._most_narrow else self._wide
            crops.append(
                pyramid.crop(grown(way.quad, *margins), width, self._high)
                if way.strip is None
                else pyramid.crop_strip(strips.grown(way.strip, *margins), width, self._high)
            )
        return crops

    def find(self, pyramid: Pyramid) -> list[Found]:
        """What Focus takes for words, at every scale of the pack; quads in the photo's pixels."""
        pieces = self._pieces(pyramid)
        if len(pieces) == 1:
            return self._find(pyramid)
        found: list[Found] = []
        for piece in pieces:
            seen = self._find(Pyramid(piece.of(pyramid.photo)))
            words = [moved(one, piece.warp) for one in seen]
            found += [one for one in words if piece.owns(one.quad)]
        return sorted(found, key=lambda one: (one.double, one.joined, -one.confidence))

    def _pieces(self, pyramid: Pyramid) -> list[Piece]:
        return pieces_of(pyramid.photo.shape, self.longest_side)

    def _find(self, pyramid: Pyramid) -> list[Found]:
        looks: list[list[Found]] = []
        for maps, scale in self._looks(pyramid):
            looks.append(words_of_look(maps, scale, self.finding))
            # A title may lean on a poster on which all else lies level, and from afar nothing else
            # is seen.
            far = max(maps.shape) * STRIDE <= FAR
            if not far and (degrees := tilt(looks[-1])):
                photo, back = levelled(pyramid.photo, degrees)
                traces = levelled_traces(maps, np.multiply(pyramid.photo.shape[:2], scale), degrees)
                seen = self._looks(Pyramid(photo), before=(traces, scale))
                looks = [words_of_look(*one, self.finding) for one in seen]
                return [moved(one, back) for one in self._together(looks)]
        return self._together(looks)

    def _together(self, looks: list[list[Found]]) -> list[Found]:
        """What several looks found, in a single list."""
        found = without_doubles(looks)
        again = worth_reading_too(looks, found)
        return found + joined(found, self.finding.gap) + again

    def focus_maps(
        self, pyramid: Pyramid, *, everywhere: bool = False
    ) -> list[tuple[NDArray[np.float32], float]]:
        """Focus's maps (2, h, w) at every scale of the pack, with map cells per photo pixel.

        ``everywhere``: without a glance before.
        """
        return list(self._looks(pyramid, everywhere=everywhere))

    def _looks(
        self,
        pyramid: Pyramid,
        *,
        everywhere: bool = False,
        before: tuple[NDArray[np.float32], float] | None = None,
    ) -> Iterator[tuple[NDArray[np.float32], float]]:
        glance = None if self._glance is None or everywhere else self._near_text
        trace = self.finding.trace
        return look(self._maps, pyramid, self._sides, self.most_enlarged, trace, glance, before)

    def _near_text(self, picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
        assert self._glance is not None
        (chances,) = self._glance.run(["chances"], {"photo": picture[None]})
        answer: NDArray[np.bool_] = chances[0] > self._worth
        return answer

    def _maps(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._focus is None:
            raise RuntimeError("these towers were opened for words only")
        (maps,) = self._focus.run(["maps"], {"photo": picture[None]})
        answer: NDArray[np.float32] = maps[0]
        return answer

    def _embed_crops(
        self, crops: list[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._image is None:
            raise RuntimeError("these towers were opened for words only")
        if not crops:
            return np.zeros((0, self.embedding_size), np.float32), np.zeros((0, 1, 1), np.float32)
        rows: list[int] = []
        embeddings: list[NDArray[np.float32]] = []
        letters: list[NDArray[np.float32]] = []
        for some, batch in alike(crops, self._batch):
            embedding, letter = self._image.run(["embedding", "letters"], {"crops": batch})
            rows += some
            embeddings.append(embedding)
            letters.append(letter)
        back = np.argsort(rows)
        return self._sized(np.concatenate(embeddings)[back]), np.concatenate(letters)[back]

    def _sized(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        if embeddings.shape[1] != self.embedding_size:
            raise PackError(
                f"A tower answers embeddings of {embeddings.shape[1]} numbers, where its "
                f"pack.json says {self.embedding_size}."
            )
        return embeddings


def _shared(letters: NDArray[np.float32], parts: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Of the columns of words (n, columns, classes) those within ``parts`` (n, 2) of the width."""
    ends = np.rint(parts * letters.shape[1]).astype(int).tolist()
    return [columns[first:last] for columns, (first, last) in zip(letters, ends, strict=True)]


def _margins(of: Mapping[str, Any]) -> tuple[float, float]:
    """Along the text and across it, in parts of its height."""
    return float(of["margin_along"]), float(of["margin_across"])


def words_of_look(maps: NDArray[np.float32], scale: float, settings: FocusSettings) -> list[Found]:
    """The words in the maps of a look at a photo; quads in the photo's pixels."""
    return [one.in_photo(scale) for one in find_words(maps, settings)]
