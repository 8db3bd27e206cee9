"""The towers of a pack behind plain calls: photos to regions, words to embeddings."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine import lattice
from engine.errors import PackError
from engine.focus import FocusSettings, Found, find_words
from engine.packs import ModelPack, read_pack
from engine.preprocess import Pyramid, for_focus, grown
from engine.regions import Region
from engine.tokenizer import stretch

Parts = Literal["all", "text"]
_STRIDE = 4  # pixels of Focus's input a map cell


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
    if pack.family != "compact":
        raise PackError(f"The model pack “{pack.name}” is of a family not known: {pack.family}.")
    return CompactTowers(pack, threads, parts)


def open_towers_of_folder(folder: str, threads: int = 0) -> Towers:
    """As ``open_towers``, by a pack's folder: a call that another process can be given."""
    return open_towers(read_pack(Path(folder)), threads=threads)


class CompactTowers:
    """Focus, the image tower and the text tower of a compact pack."""

    def __init__(self, pack: ModelPack, threads: int = 0, parts: Parts = "all") -> None:
        self.embedding_size, self.longest_side = pack.embedding_size, pack.longest_side
        try:
            focus, image, text = (pack.settings[key] for key in ("focus", "image", "text"))
            self._sides = [int(side) for side in focus["longest_sides"]]
            self._most_enlarged = float(focus["most_enlarged"])
            self._finding = FocusSettings(**focus["finding"])
            self._wide, self._high = int(image["width"]), int(image["height"])
            self._batch = max(1, int(image["batch"]))
            self._margin = (float(image["margin_along"]), float(image["margin_across"]))
            self._frames, self._longest_word = int(text["frames"]), int(text["longest_word"])
        except (KeyError, TypeError, ValueError) as error:
            raise PackError(
                f"The pack.json of “{pack.name}” does not say what its towers need: {error}."
            ) from error
        self._text = _Tower(pack, "text", threads)
        self._focus = _Tower(pack, "focus", threads) if parts == "all" else None
        self._image = _Tower(pack, "image", threads) if parts == "all" else None

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
        found = self.find(pixels)
        quads, owners, crops = self.cut(pixels, found)
        embeddings, letters = self._embed_crops(crops)
        # A word that runs upwards is also cut running downwards; the surer reading stays.
        sureness = letters.max(2).mean(1) if len(letters) else np.zeros(0)
        chosen: dict[int, int] = {}
        for index, owner in enumerate(owners):
            if owner not in chosen or sureness[index] > sureness[chosen[owner]]:
                chosen[owner] = index
        kept = list(chosen.values())
        if not kept:
            return []
        lattices, readings = lattice.pack(letters[kept]), lattice.readings(letters[kept])
        return [
            Region(
                quads[index],
                embeddings[index].astype(np.float16),
                lattices[at],
                readings[at],
                found[owners[index]].confidence,
            )
            for at, index in enumerate(kept)
        ]

    def cut(
        self, pixels: NDArray[np.uint8], found: Sequence[Found]
    ) -> tuple[list[NDArray[np.float32]], list[int], list[NDArray[np.uint8]]]:
        """Quads, the index of what was found that each belongs to, and the image tower's crops."""
        pyramid = Pyramid(pixels)
        quads, owners = [], []
        for at, one in enumerate(found):
            for quad in [one.quad] if one.upright else [_turned(one.quad, 1), _turned(one.quad, 3)]:
                quads.append(quad)
                owners.append(at)
        crops = [pyramid.crop(grown(quad, *self._margin), self._wide, self._high) for quad in quads]
        return quads, owners, crops

    def find(self, pixels: NDArray[np.uint8]) -> list[Found]:
        """What Focus takes for words, at every scale of the pack; quads in the photo's pixels."""
        return words_of_maps(self.focus_maps(pixels), self._finding)

    def focus_maps(self, pixels: NDArray[np.uint8]) -> list[tuple[NDArray[np.float32], float]]:
        """Focus's maps (2, h, w) at every scale of the pack, with map cells per photo pixel."""
        if self._focus is None:
            raise RuntimeError("these towers were opened for words only")
        seen: list[tuple[NDArray[np.float32], float]] = []
        for side in self._sides:
            picture, scale = for_focus(pixels, side, self._most_enlarged)
            if any(abs(scale / (known * _STRIDE) - 1) < 0.2 for _, known in seen):
                continue  # a small photo, already seen about as large
            (maps,) = self._focus.run(["maps"], {"photo": picture[None]})
            seen.append((maps[0], scale / _STRIDE))
        return seen

    def _embed_crops(
        self, crops: list[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._image is None:
            raise RuntimeError("these towers were opened for words only")
        embeddings: list[NDArray[np.float32]] = []
        letters: list[NDArray[np.float32]] = []
        for start in range(0, len(crops), self._batch):
            batch = np.stack(crops[start : start + self._batch])
            embedding, letter = self._image.run(["embedding", "letters"], {"crops": batch})
            embeddings.append(embedding)
            letters.append(letter)
        if not crops:
            return np.zeros((0, self.embedding_size), np.float32), np.zeros((0, 1, 1), np.float32)
        return self._sized(np.concatenate(embeddings)), np.concatenate(letters)

    def _sized(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        if embeddings.shape[1] != self.embedding_size:
            raise PackError(
                f"A tower answers embeddings of {embeddings.shape[1]} numbers, where its "
                f"pack.json says {self.embedding_size}."
            )
        return embeddings


def words_of_maps(
    seen: Sequence[tuple[NDArray[np.float32], float]], settings: FocusSettings
) -> list[Found]:
    """The words in maps of one photo at several scales; quads in the photo's pixels."""
    found = [
        Found((one.quad / scale).astype(np.float32), one.confidence, one.upright)
        for maps, scale in seen
        for one in find_words(maps, settings)
    ]
    return found if len(seen) == 1 else _without_doubles(found)


def _turned(quad: NDArray[np.float32], quarters: int) -> NDArray[np.float32]:
    """The quad read in another direction: its first corner is another one."""
    return np.roll(quad, -quarters, 0)


def _without_doubles(found: list[Found]) -> list[Found]:
    """Of what was found at several scales, the surer where two boxes share half of their union."""
    boxes = np.array([(*one.quad.min(0), *one.quad.max(0)) for one in found], np.float32)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) if len(boxes) else np.zeros(0)
    kept: list[int] = []
    for at in sorted(range(len(found)), key=lambda index: -found[index].confidence):
        if kept:
            others = boxes[kept]
            low = np.maximum(others[:, :2], boxes[at, :2])
            high = np.minimum(others[:, 2:], boxes[at, 2:])
            shared = np.prod(np.clip(high - low, 0, None), axis=1)
            if (shared / (areas[kept] + areas[at] - shared) > 0.5).any():
                continue
        kept.append(at)
    return [found[at] for at in kept]


class _Tower:
    """One file of a pack in ONNX Runtime, whose errors become PackErrors."""

    def __init__(self, pack: ModelPack, part: str, threads: int) -> None:
        self._called = f"The {part} tower of “{pack.name}”"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Photos come in many shapes and now and then: plans for one shape and threads that wait
        # busily for the next photo cost more than they save.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is raised, and need not be printed too
        file = str(pack.path(part))
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=_providers())
        except Exception as error:  # onnxruntime has no base class for its errors
            raise PackError(f"{self._called} cannot be loaded: {error}") from error

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            answers: list[NDArray[Any]] = self._session.run(outputs, inputs)
        except Exception as error:
            raise PackError(f"{self._called} failed: {error}") from error
        return answers


def _providers() -> list[str]:
    """CUDA where its driver is there at all, else the CPU; asking in vain prints long warnings."""
    wanted = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers() and _has_cuda():
        wanted.insert(0, "CUDAExecutionProvider")
    return wanted


def _has_cuda() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True
