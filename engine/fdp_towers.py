"""The towers of packs of the family ``fdp``: one embedding a photo, in CLIP's manner.

The models of Zeng et al., "Focus, Distinguish, and Prompt" (ACM MM 2024), and plain CLIP beside
them. What distinguishes words and prompts them lies inside the text tower's graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import PackError
from engine.letterbox import Letterboxed, letterbox, on_photo
from engine.packs import ModelPack
from engine.regions import Region, ScoreMap
from engine.sessions import Parts, TowerFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# So many queries go through the text tower at once; more would only take more memory.
_TEXTS = 16


class FdpTowers:
    """The image tower, the tokenizer and the text tower of an ``fdp`` pack."""

    def __init__(self, pack: ModelPack, threads: int = 0, parts: Parts = "all") -> None:
        """PackError when a file cannot be loaded or pack.json lacks what the towers need.

        With ``parts="all"`` the text tower, often the largest, is loaded by the first words.
        """
        self.embedding_size, self.longest_side = pack.embedding_size, pack.longest_side
        self._name = pack.name
        try:
            image = pack.settings["image"]
            self._side = int(image["side"])
            self._padding = _colour(image)
            context = int(pack.settings["text"]["context_length"])
        except (KeyError, TypeError, ValueError) as error:
            raise PackError(
                f"The pack.json of “{pack.name}” does not say what its towers need: {error}."
            ) from error
        self._open_texts = partial(_Texts, pack, threads, context)
        self._texts = self._open_texts() if parts == "text" else None
        self._image = TowerFile(pack, "image", threads) if parts == "all" else None

    def embed_photo(self, pixels: NDArray[np.uint8]) -> list[Region]:
        """One region, the whole photo (H, W, 3)."""
        if self._image is None:
            raise RuntimeError("these towers were opened for words only")
        boxed = letterbox(pixels, self._side, self._padding)
        # Plain CLIP may have no map.
        wanted = ["embedding", *({"score_map"} & set(self._image.outputs))]
        answers = self._image.run(wanted, {"photo": boxed.picture[None]})
        found = dict(zip(wanted, answers, strict=True))
        score_map = _score_map(boxed, found["score_map"][0]) if "score_map" in found else None
        high, wide = pixels.shape[:2]
        return [
            Region(
                quad=np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32),
                embedding=self._sized(found["embedding"])[0].astype(np.float16),
                lattice=b"",
                reading="",
                confidence=max(score_map.cells) / 255 if score_map else 1.0,
                score_map=score_map,
            )
        ]

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Words, or whole sentences, to unit rows (n, d)."""
        if not words:
            return np.zeros((0, self.embedding_size), np.float32)
        if self._texts is None:
            self._texts = self._open_texts()
        return self._sized(self._texts.embed(words))

    def _sized(self, embeddings: NDArray[Any]) -> NDArray[np.float32]:
        if embeddings.ndim != 2 or embeddings.shape[1] != self.embedding_size:
            raise PackError(
                f"A tower of “{self._name}” answers embeddings of shape {embeddings.shape}, where "
                f"its pack.json says {self.embedding_size} numbers."
            )
        return embeddings.astype(np.float32, copy=False)


class _Texts:
    """The tokenizer and the text tower."""

    def __init__(self, pack: ModelPack, threads: int, context: int) -> None:
        self._context = context
        self._tokenizer = _open_tokenizer(pack)
        self._tower = TowerFile(pack, "text", threads)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) of n texts, at least one."""
        tokens = np.stack([self._tokens(text) for text in texts])
        rows = [
            self._tower.run(["query_embedding"], {"tokens": tokens[start : start + _TEXTS]})[0]
            for start in range(0, len(tokens), _TEXTS)
        ]
        return np.concatenate(rows)

    def _tokens(self, text: str) -> NDArray[np.int64]:
        """(context length,): the start, the text as far as there is room, the end, zeros."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) > self._context:
            ids = [*ids[: self._context - 1], ids[-1]]
        row = np.zeros(self._context, np.int64)
        row[: len(ids)] = ids
        return row


def _score_map(boxed: Letterboxed, scores: NDArray[np.float32]) -> ScoreMap:
    return ScoreMap.of(on_photo(boxed, scores))


def _colour(image: Mapping[str, Any]) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in image["padding"])
    return red, green, blue


def _open_tokenizer(pack: ModelPack) -> Tokenizer:
    # Here, because only these packs need it.
    from tokenizers import Tokenizer

    file = pack.path("tokenizer")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers has no base class for its errors
        raise PackError(f"The tokenizer of “{pack.name}” cannot be loaded: {error}") from error
