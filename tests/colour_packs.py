"""Packs of the family ``fdp`` that are written out by hand: they know colours and their names.

The image tower answers a photo's mean colour, and for a score map how red each cell is; the text
tower adds up the colours that a text names.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx.parser
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from engine.packs import ModelPack, read_pack
from tests.packs import write_content

SIDE = 128
CELL = 32
CONTEXT = 8
CALIBRATION = {"similarity": 20.0, "bias": -16.0, "contains": 0.9, "probably": 0.3}

_WORDS = ["<pad>", "<start>", "<end>", "<unknown>", "red", "green", "blue"]
_HEADER = '<ir_version: 9, opset_import: ["" : 17]>'

_IMAGE = f"""
image (uint8[n, {SIDE}, {SIDE}, 3] photo) => (float[n, 3] embedding, float[n, a, b] score_map)
<float scale = {{255.0}}, float little = {{0.001}}>
{{
    i0 = Constant<value = int64[1] {{0}}>()
    i1 = Constant<value = int64[1] {{1}}>()
    values = Cast<to = 1>(photo)
    planes = Transpose<perm = [0, 3, 1, 2]>(values)
    parts = Div(planes, scale)
    means = GlobalAveragePool(parts)
    flat = Flatten<axis = 1>(means)
    lifted = Add(flat, little)
    embedding = LpNormalization<axis = 1, p = 2>(lifted)
    cells = AveragePool<kernel_shape = [{CELL}, {CELL}], strides = [{CELL}, {CELL}]>(parts)
    red = Slice(cells, i0, i1, i1)
    score_map = Squeeze(red, i1)
}}
"""

_TEXT = f"""
text (int64[n, {CONTEXT}] tokens) => (float[n, 3] query_embedding)
<float little = {{0.001}}>
{{
    i1 = Constant<value = int64[1] {{1}}>()
    colours = Constant<value = float[7, 3] {{
        0.0, 0.0, 0.0,  0.0, 0.0, 0.0,  0.0, 0.0, 0.0,  0.0, 0.0, 0.0,
        1.0, 0.0, 0.0,  0.0, 1.0, 0.0,  0.0, 0.0, 1.0
    }}>()
    named = Gather<axis = 0>(colours, tokens)
    total = ReduceSum<keepdims = 0>(named, i1)
    lifted = Add(total, little)
    query_embedding = LpNormalization<axis = 1, p = 2>(lifted)
}}
"""


def coloured(
    red: int, green: int, blue: int, size: tuple[int, int] = (320, 240)
) -> NDArray[np.uint8]:
    """A photo (H, W, 3) of one colour; ``size``: width and height."""
    return np.full((size[1], size[0], 3), (red, green, blue), np.uint8)


def colour_pack(
    folder: Path,
    name: str = "colours",
    *,
    search: str = "words",
    calibrated: bool = True,
    score_map: bool = True,
) -> ModelPack:
    """Writes the pack and reads it. ``search``, ``score_map``: as in pack.json and the graph."""
    folder.mkdir(parents=True, exist_ok=True)
    image = _IMAGE
    if not score_map:
        image = image.replace(", float[n, a, b] score_map", "").replace("score_map =", "unused =")
    for part, text in (("image", image), ("text", _TEXT)):
        model = onnx.parser.parse_model(_HEADER + text)
        onnx.checker.check_model(model)
        (folder / f"{part}.onnx").write_bytes(model.SerializeToString())
    _tokenizer().save(str(folder / "tokenizer.json"))
    parts = {"image": "image.onnx", "text": "text.onnx", "tokenizer": "tokenizer.json"}
    content: dict[str, Any] = {
        "format": 1,
        "name": name,
        "family": "fdp",
        "licence": "CC0-1.0",
        "embedding_size": 3,
        "longest_side": 256,
        "files": {
            part: {"name": file, "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest()}
            for part, file in parts.items()
        },
        "image": {"side": SIDE, "fit": "letterbox", "padding": [0, 0, 0]},
        "text": {"context_length": CONTEXT},
        "search": search,
    }
    if calibrated:
        content["calibration"] = CALIBRATION
    write_content(folder, content)
    return read_pack(folder)


def _tokenizer() -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate(_WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return tokenizer
