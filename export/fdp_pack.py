"""Writes packs of the family ``fdp``: FDP upon CLIP, or plain CLIP, as ONNX with its tokenizer.

A pack is made in a folder of its own and takes its place only once it is right: when the exported
graphs have answered as PyTorch does on real photos, and the pack has passed its self-check.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import nn

from engine.demo import read_words, samples_folder
from engine.errors import LibraryError
from engine.letterbox import letterbox
from engine.packs import FORMAT, check_pack, read_pack
from engine.photos import read_photo
from engine.tokenizer import fold
from engine.towers import Towers, open_towers
from export.calibration import fit_cosines
from export.clip_tokenizer import CONTEXT
from export.onnx import ParityError, traced
from export.published import digest
from export.replacing import in_the_place_of
from export.towers import clip as plain
from export.towers.clip import CLIP, MEAN, SIDE, STD
from export.towers.fdp import FDP
from export.word_kinds import tokens_of

Precision = Literal["fp32", "fp16"]
Feeds = dict[str, NDArray[Any]]

LONGEST_SIDE = 2 * SIDE  # that photos are decoded to
PADDING: Final = (0, 0, 0)  # about a photo that is no square
LEAST_COSINE: Final[dict[Precision, float]] = {"fp32": 0.9999, "fp16": 0.999}
# A file of protocol buffers ends at 2 GB, and ONNX Runtime needs twice the room to read one, where
# it only maps the weights that lie in a file beside.
EXTERNAL_ABOVE = 256 * 2**20
_SMALL = 1024  # numbers of a tensor that stays as it is
_TOLERANCE = 0.02  # of the self-check: other processors, and GPUs, round otherwise
_PARITY_PHOTOS, _PARITY_WORDS = 3, 16


@dataclass(frozen=True)
class PackSettings:
    """What a pack says of itself, and how it is written.

    ``origin`` says what it was made of; ``word_kinds`` shows people what FDP distinguishes.
    """

    name: str
    licence: str
    side: int = SIDE
    precision: Precision = "fp32"
    origin: Mapping[str, Any] = field(default_factory=dict)
    word_kinds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Samples:
    """Photos with the folded words that they show, of three letters and more."""

    photos: list[Path]
    words: list[set[str]]

    @classmethod
    def read(cls, folder: Path | None = None) -> Samples:
        """Those of a folder with ``samples.json``, the sample library's without one."""
        folder = folder or samples_folder()
        found = sorted(read_words(folder).items())
        words = [{fold(word) for word in shown if len(fold(word)) >= 3} for _, shown in found]
        return cls([folder / name for name, _ in found], words)

    @property
    def queries(self) -> list[str]:
        """Every word that a photo shows, in order."""
        return sorted(set().union(*self.words))


def write_pack(
    model: FDP | CLIP,
    tokenizer: Tokenizer,
    out: Path,
    settings: PackSettings,
    samples: Samples | None = None,
) -> str:
    """Export a model as a pack to ``out``, a new folder or one of a pack; what its self-check says.

    ParityError or LibraryError when the result would not be right; ``out`` is as before then.
    """
    samples = samples or Samples.read()
    image, text = _towers(model, settings.side)
    with in_the_place_of(out) as folder:
        tokenizer.save(str(folder / "tokenizer.json"))
        _export_image(image, folder, settings, samples)
        words = samples.queries[:: len(samples.queries) // _PARITY_WORDS + 1]
        _export_text(text, folder, settings, tokens_of(tokenizer, words))
        content = _described(model, folder, settings)
        _save(folder, content)
        cosines, truths = _compared(open_towers(read_pack(folder)), samples)
        if isinstance(model, FDP):
            content["calibration"] = fit_cosines(cosines, truths)
        content["check"] = _check_of(folder, samples, cosines, truths)
        _save(folder, content)
        outcome = check_pack(read_pack(folder))
        if not outcome.passed:
            raise LibraryError(outcome.sentence)
    return outcome.sentence


def _towers(model: FDP | CLIP, side: int) -> tuple[nn.Module, nn.Module]:
    if isinstance(model, FDP):
        image, text = model.fold()
        return image.eval(), text.eval()
    return plain.ImageTower(model, side).eval(), plain.QueryTower(model).eval()


def _export_image(tower: nn.Module, folder: Path, settings: PackSettings, samples: Samples) -> None:
    side = settings.side
    photos = np.stack(
        [
            letterbox(read_photo(photo, LONGEST_SIDE).pixels, side, PADDING).picture
            for photo in _spread(samples.photos, _PARITY_PHOTOS)
        ]
    )
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    outputs = ["embedding", "score_map"] if _has_map(tower) else ["embedding"]
    batch = {0: torch.export.Dim("batch", min=1, max=4096)}
    graph = traced(tower, (example,), (["photo"], outputs), (batch,))
    file = save_graph(graph, folder / "image.onnx", settings.precision)
    # One alone and the others together: the batch may have any size.
    for feed in ({"photo": photos[:1]}, {"photo": photos[1:]}):
        check_parity(tower, file, feed, settings.precision)


def _export_text(
    tower: nn.Module, folder: Path, settings: PackSettings, tokens: torch.Tensor
) -> None:
    example = torch.zeros(2, CONTEXT, dtype=torch.int64)
    batch = {0: torch.export.Dim("batch", min=1, max=65536)}
    graph = traced(tower, (example,), (["tokens"], ["query_embedding"]), (batch,))
    file = save_graph(graph, folder / "text.onnx", settings.precision)
    for rows in (tokens[:1], tokens[1:]):
        check_parity(tower, file, {"tokens": rows.numpy()}, settings.precision)


def save_graph(graph: onnx.ModelProto, file: Path, precision: Precision) -> Path:
    """Write a graph, its large weights halved for fp16, and beside it where they are many."""
    if precision == "fp16":
        halve(graph)
    beside = sum(len(one.raw_data) for one in graph.graph.initializer) > EXTERNAL_ABOVE
    onnx.save_model(
        graph,
        str(file),
        save_as_external_data=beside,
        location=f"{file.stem}.data",
        size_threshold=_SMALL,
    )
    return file


def halve(graph: onnx.ModelProto) -> None:
    """Keep the weights of convolutions and products in float16, and compute in float32.

    ONNX Runtime turns them back when it loads the graph, so that it runs everywhere, as fast and
    nearly as exactly as before. OpenAI published CLIP's weights in float16: they lose nothing.
    """
    casts, kept = [], []
    for weight in graph.graph.initializer:
        values = numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):
            halved = values.astype(np.float16)
        large = values.dtype == np.float32 and values.ndim > 1 and values.size >= _SMALL
        if not large or not np.isfinite(halved).all():
            kept.append(weight)
            continue
        name = f"{weight.name}_half"
        kept.append(numpy_helper.from_array(halved, name))
        cast = onnx.helper.make_node("Cast", [name], [weight.name], to=onnx.TensorProto.FLOAT)
        casts.append(cast)
    nodes = [*casts, *graph.graph.node]
    del graph.graph.initializer[:], graph.graph.node[:]
    graph.graph.initializer.extend(kept)
    graph.graph.node.extend(nodes)


def check_parity(module: nn.Module, file: Path, feed: Feeds, precision: Precision) -> None:
    """Ask both runtimes the same and tell how near they are; ParityError where that is too far."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    answers = session.run(None, feed)
    with torch.no_grad():
        expected = module(*(torch.from_numpy(one) for one in feed.values()))
    wanted = [one.numpy() for one in (expected if isinstance(expected, tuple) else (expected,))]
    # NumPy's minimum, unlike Python's, does not lose a NaN.
    least = float(np.min((answers[0] * wanted[0]).sum(1)))
    if not least > LEAST_COSINE[precision]:
        raise ParityError(
            f"{file.name} does not compute what the PyTorch model computes (cosine {least:.5f}), "
            "so no pack was written."
        )
    for answer, want in zip(answers[1:], wanted[1:], strict=True):
        most = float(np.abs(answer - want).max())
        if not most < 10 * (1 - LEAST_COSINE[precision]):
            raise ParityError(
                f"The score map of {file.name} differs from the PyTorch model's by {most:.4f}, "
                "so no pack was written."
            )
    print(f"{file.name}: torch and ONNX Runtime agree to a cosine of {least:.6f}", flush=True)


def _has_map(tower: nn.Module) -> bool:
    return not isinstance(tower, plain.ImageTower)


def _spread(photos: Sequence[Path], count: int) -> list[Path]:
    return [photos[at * len(photos) // count] for at in range(count)]


def _described(model: FDP | CLIP, folder: Path, settings: PackSettings) -> dict[str, Any]:
    """What ``pack.json`` says before the pack was asked anything."""
    clip = model.clip_model if isinstance(model, FDP) else model
    names = ["image.onnx", "image.data", "text.onnx", "text.data", "tokenizer.json"]
    parts = ["image", "image_data", "text", "text_data", "tokenizer"]
    files = {
        part: {"name": name, "sha256": digest(folder / name)}
        for part, name in zip(parts, names, strict=True)
        if (folder / name).is_file()
    }
    words = isinstance(model, FDP)
    return {
        "format": FORMAT,
        "name": settings.name,
        "family": "fdp",
        "search": "words" if words else "scenes",
        "licence": settings.licence,
        "embedding_size": clip.config.embedding_size,
        "longest_side": max(LONGEST_SIDE, settings.side),
        "precision": settings.precision,
        "origin": dict(settings.origin),
        "files": files,
        "image": {
            "side": settings.side,
            "fit": "letterbox",
            "padding": list(PADDING),
            "mean": list(MEAN),
            "std": list(STD),
            "score_map": words,
        },
        "text": {"context_length": CONTEXT}
        | ({"word_kinds": dict(settings.word_kinds)} if words else {}),
    }


def _compared(towers: Towers, samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cosines of all words and photos (queries, photos), and whether the photo shows the word."""
    photos = [
        towers.embed_photo(read_photo(photo, towers.longest_side).pixels)[0].embedding
        for photo in samples.photos
    ]
    queries = samples.queries
    cosines = towers.embed_words(queries) @ np.stack(photos).astype(np.float32).T
    truths = np.array([[query in shown for shown in samples.words] for query in queries])
    return cosines, truths


def _check_of(
    folder: Path, samples: Samples, cosines: NDArray[np.float32], truths: NDArray[np.bool_]
) -> dict[str, Any]:
    """The self-check: of all words in the samples the one that lies nearest to its photo."""
    shown = np.where(truths, cosines, -np.inf)
    query, photo = np.unravel_index(int(shown.argmax()), shown.shape)
    chosen = samples.photos[photo]
    shutil.copyfile(chosen, folder / f"check{chosen.suffix}")
    return {
        "photo": f"check{chosen.suffix}",
        "query": samples.queries[query],
        "similarity": round(max(0.0, float(shown[query, photo])), 4),
        "tolerance": _TOLERANCE,
    }


def _save(folder: Path, content: dict[str, Any]) -> None:
    (folder / "pack.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
