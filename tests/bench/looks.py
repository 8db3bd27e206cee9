"""How well colours, sizes and places are known: `python -m tests.bench.looks --fonts fonts.json`.

Paints scenes in which the same few words stand in known colours, sizes and places, embeds them with
the pack that ships, and searches each word with and without an attribute.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.colours import NAMES, Colours, likeness
from engine.index import ExactIndex
from engine.packs import find_packs
from engine.readers import Readers
from engine.regions import Region
from engine.scoring import Scorer
from engine.search import Searcher
from engine.towers import Towers, open_towers
from export.synth.damage import degrade
from export.synth.fonts import find_fonts
from export.synth.lettering import Typesetter

WORDS = ("bakery", "coffee", "market", "music", "open", "sale")
WIDE, HIGH = 960, 720
# Hue in degrees, saturation and value in hundredths: what painters of signs call by these names.
# They were set down before any region was measured, and not from what the engine takes for them.
_PAINTS: dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    "black": ((0, 360), (0, 15), (0, 15)),
    "white": ((0, 360), (0, 5), (92, 100)),
    "grey": ((0, 360), (0, 7), (42, 65)),
    "red": ((-8, 8), (78, 100), (55, 95)),
    "orange": ((22, 36), (80, 100), (88, 100)),
    "yellow": ((48, 60), (60, 100), (88, 100)),
    "green": ((95, 150), (55, 100), (35, 80)),
    "blue": ((205, 240), (60, 100), (45, 95)),
    "purple": ((268, 290), (50, 90), (40, 75)),
    "pink": ((320, 345), (35, 75), (90, 100)),
    "brown": ((18, 30), (55, 80), (30, 50)),
}
_SIZES = {"small": (0.018, 0.022), "medium": (0.035, 0.06), "large": (0.1, 0.18)}
_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "middle", "right")
_LEAST_CONTRAST = 60  # of luminance, or nobody could read it


@dataclass(frozen=True, slots=True)
class Painted:
    """A word of a scene and how it was painted. ``box``: left, top, right, bottom in pixels."""

    text: str
    colour: str
    ground: str
    size: str
    place: str
    box: tuple[float, float, float, float]


class Painter:
    """Scenes of words on boards of one colour, in cells of a grid; the same seed, the same ones."""

    def __init__(self, families: dict[str, list[str]], seed: int) -> None:
        self._random = random.Random(seed)
        self._rng = np.random.default_rng(seed)
        self._typesetter = Typesetter(families, seed)

    def paint(self) -> tuple[NDArray[np.uint8], list[Painted]]:
        r = self._random
        scene = np.full((HIGH, WIDE, 3), self._paint(r.choice(NAMES)), np.float32)
        words = []
        cells = [(row, column) for row in range(3) for column in range(3)]
        for row, column in r.sample(cells, r.randint(2, 5)):
            word = self._word(scene, row, column)
            words += [word] if word else []
        return degrade(scene, self._rng, strength=0.45), words

    def _word(self, scene: NDArray[np.float32], row: int, column: int) -> Painted | None:
        r = self._random
        text, size = r.choice(WORDS), r.choice(list(_SIZES))
        drawn = self._typesetter.draw(r.choice((text, text.upper(), text.title())), 80, arcs=False)
        if drawn is None:
            return None
        high = max(12, round(r.uniform(*_SIZES[size]) * (WIDE * HIGH) ** 0.5))
        wide = round(drawn.mask.shape[1] * high / drawn.mask.shape[0])
        cell_wide, cell_high = WIDE // 3, HIGH // 3
        if wide > cell_wide - 24:
            return None
        how = cv2.INTER_AREA if high < drawn.mask.shape[0] else cv2.INTER_LINEAR
        ink = cv2.resize(drawn.mask, (wide, high), interpolation=how).astype(np.float32) / 255
        colour, ground, paint, board = self._pair()
        left = column * cell_wide + r.randint(12, cell_wide - wide - 12)
        top = row * cell_high + r.randint(12, cell_high - high - 12)
        edge = max(4, round(high * 0.35))
        scene[max(0, top - edge) : top + high + edge, max(0, left - edge) : left + wide + edge] = (
            board
        )
        part = scene[top : top + high, left : left + wide]
        part += ink[:, :, None] * (paint - part)
        place = f"{_ROWS[row]}-{_COLUMNS[column]}"
        box = (left, top, left + wide, top + high)
        return Painted(text, colour, ground, size, place, box)

    def _pair(self) -> tuple[str, str, NDArray[np.float32], NDArray[np.float32]]:
        while True:
            colour, ground = self._random.sample(NAMES, 2)
            paint, board = self._paint(colour), self._paint(ground)
            if abs(float((paint - board) @ (0.3, 0.59, 0.11))) > _LEAST_CONTRAST:
                return colour, ground, paint, board

    def _paint(self, name: str) -> NDArray[np.float32]:
        hue, saturation, value = (self._random.uniform(*ends) for ends in _PAINTS[name])
        rgb = colorsys.hsv_to_rgb(hue / 360 % 1, saturation / 100, value / 100)
        return np.array(rgb, np.float32) * 255


def called(colours: Colours, *, ground: bool) -> str:
    """The surest name."""
    pair = np.array([colours.lettering, colours.ground], np.uint8)
    own, beside = (pair[1:], pair[:1]) if ground else (pair[:1], pair[1:])
    return max(NAMES, key=lambda name: float(likeness(name, own, beside)[0]))


def names_right(seen: Sequence[tuple[Painted, Region]]) -> dict[str, float]:
    """Shares of found words whose colours have the right name, with the commonest confusions."""
    figures: dict[str, float] = {}
    known = [(painted, region.colours) for painted, region in seen if region.colours]
    figures["words found"] = len(seen)
    figures["of them, colours measured, %"] = 100 * len(known) / len(seen)
    for ground in (False, True):
        what = "ground" if ground else "lettering"
        pairs = [
            (painted.ground if ground else painted.colour, called(colours, ground=ground))
            for painted, colours in known
        ]
        right = np.mean([wanted == got for wanted, got in pairs])
        figures[f"{what} called rightly, %"] = 100 * float(right)
        wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
        for (wanted, got), count in wrong.most_common(5):
            figures[f"    {wanted} called {got}"] = count
    return figures


def seen_words(
    scenes: Sequence[list[Painted]], found: Sequence[list[Region]]
) -> list[tuple[Painted, Region]]:
    """Every painted word with the region that reads it there."""
    pairs = []
    for words, regions in zip(scenes, found, strict=True):
        for word in words:
            left, top, right, bottom = word.box
            for region in regions:
                x, y = region.quad.mean(0)
                if left < x < right and top < y < bottom and region.reading == word.text:
                    pairs.append((word, region))
                    break
    return pairs


def average_precision(ranked: Sequence[bool], wanted: int) -> float:
    """Of a ranking by whether each photo is right; ``wanted``: how many right ones there are."""
    hits = np.flatnonzero(ranked)
    return float(np.sum((np.arange(len(hits)) + 1) / (hits + 1)) / wanted)


def asked(scenes: Sequence[list[Painted]]) -> Iterator[tuple[str, str, str, set[int]]]:
    """Kind, word, attribute and the scenes that are right, for all that some scene shows."""
    kinds: dict[str, Callable[[Painted], list[str]]] = {
        "color": lambda word: [word.colour],
        "on": lambda word: [word.ground],
        "size": lambda word: [word.size],
        "at": lambda word: [word.place, *_single(word.place)],
    }
    for kind, values in kinds.items():
        right: dict[tuple[str, str], set[int]] = defaultdict(set)
        for at, words in enumerate(scenes):
            for word in words:
                for value in values(word):
                    right[word.text, value].add(at)
        for (text, value), places in sorted(right.items()):
            yield kind, text, f"{kind}:{value}", places


def _single(place: str) -> list[str]:
    """``top-left`` is at the top and at the left too; the middle of one axis has no name."""
    return [part for part in place.split("-") if part != "middle"]


def searched(searcher: Searcher, scenes: Sequence[list[Painted]]) -> dict[str, float]:
    """The mAP of the words with and without their attribute, by kind."""
    scores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for kind, text, attribute, right in asked(scenes):
        both = []
        for query in (text, f"{text} {attribute}"):
            hits = searcher.ask(query, limit=0, everything=True).hits
            ranked = [int(Path(hit.path).stem) in right for hit in hits]
            both.append(average_precision(ranked, len(right)))
        scores[kind].append((both[0], both[1]))
    figures: dict[str, float] = {}
    for kind, pairs in scores.items():
        without, with_it = np.mean(pairs, 0)
        figures[f"{kind}: queries"] = len(pairs)
        figures[f"{kind}: mAP of the word alone"] = 100 * float(without)
        figures[f"{kind}: mAP with the attribute"] = 100 * float(with_it)
    return figures


def alone(searcher: Searcher, scenes: Sequence[list[Painted]]) -> dict[str, float]:
    """The mAP of colours without a word."""
    found = []
    for name in NAMES:
        right = {at for at, words in enumerate(scenes) if any(w.colour == name for w in words)}
        if right:
            hits = searcher.ask(f"color:{name}", limit=0).hits
            ranked = [int(Path(hit.path).stem) in right for hit in hits]
            found.append(average_precision(ranked, len(right)))
    return {"color without a word: mAP": 100 * float(np.mean(found))}


def embedded(
    painter: Painter, towers: Towers, count: int
) -> tuple[list[list[Painted]], list[list[Region]]]:
    scenes, found = [], []
    for _ in range(count):
        picture, words = painter.paint()
        scenes.append(words)
        found.append(towers.embed_photo(picture))
    return scenes, found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.looks", description=__doc__)
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fonts", type=Path, help="a JSON file that remembers the fonts")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pack = next(pack for pack in find_packs() if pack.family == "compact")
    painter = Painter(find_fonts(arguments.fonts), arguments.seed)
    began = time.perf_counter()
    scenes, found = embedded(painter, open_towers(pack, threads=1), arguments.scenes)
    figures = {"scenes": float(len(scenes)), "seconds to embed": time.perf_counter() - began}
    figures |= names_right(seen_words(scenes, found))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalogue.sqlite"
        with Catalogue.open(file, write=True) as catalogue:
            root, pack_id = catalogue.add_root(Path(folder)), catalogue.pack_id(pack)
            for at, regions in enumerate(found):
                photo = catalogue.record_photo(root.root_id, Path(folder) / f"{at}.png", 1, 1)
                content = catalogue.content(at.to_bytes(16, "big"), 1, WIDE, HIGH)
                catalogue.store_regions(content, pack_id, regions)
                catalogue.settle_photo(photo, 1, 1, content)
            index = ExactIndex(lambda: catalogue.regions(pack_id))
            words = open_towers(pack, threads=1, parts="text").embed_words
            searcher = Searcher(Readers(file), lambda: index, words, Scorer(pack), pack)
            figures |= searched(searcher, scenes) | alone(searcher, scenes)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:<52} {figure:10.1f}")


if __name__ == "__main__":
    main()
