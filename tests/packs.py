"""A pack whose towers are written out by hand: it finds and reads signs painted in its own code.

A sign's letters are upright stripes: green says which letter, and blue in the upper half says that
there is one. The kernel of the sign, shrunk as for training, is red, and red is what Focus finds.
So all that lies between a photo and its regions is real, and turned or mirrored crops read nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx.parser
from numpy.typing import NDArray

from engine.packs import ModelPack, read_pack
from engine.tokenizer import ALPHABET

FRAMES = 16
_CLASSES = len(ALPHABET) + 1
_LEVEL = 6  # of green, a class
_SHRINK = 0.5

_LEVELS = ", ".join(f"{_LEVEL * label}.0" for label in range(_CLASSES))

_HEADER = '<ir_version: 9, opset_import: ["" : 17]>'


def _red(cell: int) -> str:
    """How red the cells of a photo are, 0 to 1."""
    return f"""<float scale = {{255.0}}>
{{
    values = Cast<to = 1>(photo)
    planes = Transpose<perm = [0, 3, 1, 2]>(values)
    cells = AveragePool<kernel_shape = [{cell}, {cell}], strides = [{cell}, {cell}]>(planes)
    levels = Div(cells, scale)
    first = Constant<value = int64[1] {{0}}>()
    second = Constant<value = int64[1] {{1}}>()
    red = Slice(levels, first, second, second)"""


_FOCUS = f"""
focus (uint8[n, h, w, 3] photo) => (float[n, 2, a, b] maps)
{_red(4)}
    maps = Concat<axis = 1>(red, red)
}}
"""

_GLANCE = f"""
glance (uint8[n, h, w, 3] photo) => (float[n, a, b] chances)
{_red(16)}
    chances = Squeeze(red, second)
}}
"""

_IMAGE = f"""
image (uint8[n, 32, w, 3] crops) => (float[n, 576] embedding, float[n, 32, 37] letters)
<float low = {{200.0}}, float span = {{50.0}}, float zero = {{0.0}}, float one = {{1.0}},
 float width = {{-8.0}}, float sure = {{3.0}}>
{{
    i0 = Constant<value = int64[1] {{0}}>()
    i1 = Constant<value = int64[1] {{1}}>()
    i2 = Constant<value = int64[1] {{2}}>()
    i3 = Constant<value = int64[1] {{3}}>()
    far = Constant<value = int64[1] {{{_CLASSES}}}>()
    axis2 = Constant<value = int64[1] {{2}}>()
    levels = Constant<value = float[1, 37, 1] {{{_LEVELS}}}>()
    blank = Constant<value = float[1, 37, 1] {{1.0, {", ".join(["0.0"] * (_CLASSES - 1))}}}>()
    values = Cast<to = 1>(crops)
    planes = Transpose<perm = [0, 3, 1, 2]>(values)
    cells = AveragePool<kernel_shape = [8, 4], strides = [8, 4]>(planes)
    row = Slice(cells, i1, i2, axis2)
    seen = Squeeze(row, axis2)
    shape = Shape(seen)
    some = Slice(shape, i0, i2)
    thirty_two = Constant<value = int64[1] {{32}}>()
    sizes = Concat<axis = 0>(some, thirty_two)
    columns = Resize<mode = "nearest", nearest_mode = "floor",
        coordinate_transformation_mode = "asymmetric">(seen, , , sizes)
    green = Slice(columns, i1, i2, i1)
    blue = Slice(columns, i2, i3, i1)
    over = Sub(blue, low)
    part = Div(over, span)
    present = Clip(part, zero, one)
    off = Sub(green, levels)
    square = Mul(off, off)
    fit = Div(square, width)
    told = Mul(fit, present)
    absent = Sub(one, present)
    nothing = Mul(absent, sure)
    untold = Mul(nothing, blank)
    scores = Add(told, untold)
    logs = LogSoftmax<axis = 1>(scores)
    letters = Transpose<perm = [0, 2, 1]>(logs)
    chances = Softmax<axis = 1>(scores)
    named = Slice(chances, i1, far, i1)
    shown = Mul(named, present)
    frames = AveragePool<kernel_shape = [2], strides = [2]>(shown)
    flat = Flatten<axis = 1>(frames)
    embedding = LpNormalization<axis = 1, p = 2>(flat)
}}
"""

_TEXT = """
text (float[n, 16, 36] letters, int64[n] lengths) => (float[n, 576] query_embedding)
{
    by_letter = Transpose<perm = [0, 2, 1]>(letters)
    flat = Flatten<axis = 1>(by_letter)
    query_embedding = LpNormalization<axis = 1, p = 2>(flat)
}
"""

CALIBRATION = {
    "similarity": 8.0, "exact": 1.0, "within": 1.0, "length": 0.0, "bias": -2.0,
    "contains": 0.9, "probably": 0.5,
}  # fmt: skip


def sign(word: str, wide: int = 256, high: int = 64) -> NDArray[np.uint8]:
    """The sign of a folded word: (high, wide, 3) RGB."""
    picture = np.zeros((high, wide, 3), np.uint8)
    edges = np.linspace(0, wide, len(word) + 1)
    for letter, left, right in zip(word, edges[:-1], edges[1:], strict=True):
        rim = 0.22 * (right - left)
        picture[:, round(left) : round(right), 1] = _LEVEL * (ALPHABET.index(letter) + 1)
        picture[: high // 2, round(left + rim) : round(right - rim), 2] = 255
    inset = round(wide * high * (1 - _SHRINK**2) / (2 * (wide + high)))
    picture[inset : high - inset, inset : wide - inset, 0] = 255
    return picture


def put(
    photo: NDArray[np.uint8],
    word: str,
    centre: tuple[float, float],
    angle: float = 0.0,
    size: tuple[int, int] = (256, 64),
) -> NDArray[np.float32]:
    """Puts a sign into a photo (H, W, 3), turned clockwise by ``angle`` degrees; its quad."""
    wide, high = size
    turn = np.radians(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    quad = (corners @ spin + centre).astype(np.float32)
    source = np.array([[0, 0], [wide, 0], [wide, high]], np.float32) - 0.5
    warp = cv2.getAffineTransform(source, quad[:3] - np.float32(0.5))
    cover = np.full((high, wide), 255, np.uint8)
    shape = (photo.shape[1], photo.shape[0])
    inside = cv2.warpAffine(cover, warp, shape) > 127
    photo[inside] = cv2.warpAffine(sign(word, wide, high), warp, shape)[inside]
    return quad


def write_content(folder: Path, content: dict[str, Any]) -> None:
    """Writes pack.json."""
    (folder / "pack.json").write_text(json.dumps(content), "utf-8")


def read_content(folder: Path) -> dict[str, Any]:
    """Reads pack.json."""
    content: dict[str, Any] = json.loads((folder / "pack.json").read_text("utf-8"))
    return content


def painted_pack(
    folder: Path, name: str = "painted", *, threshold: float | None = None
) -> ModelPack:
    """Writes the pack, its self-check included, and reads it; with a ``threshold`` it glances."""
    folder.mkdir(parents=True, exist_ok=True)
    parts, files = {"focus": _FOCUS, "image": _IMAGE, "text": _TEXT}, {}
    if threshold is not None:
        parts["glance"] = _GLANCE
    for part, text in parts.items():
        model = onnx.parser.parse_model(_HEADER + text)
        onnx.checker.check_model(model)
        data = model.SerializeToString()
        (folder / f"{part}.onnx").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        files[part] = {"name": f"{part}.onnx", "sha256": digest}
    photo = np.zeros((128, 320, 3), np.uint8)
    put(photo, "check", (160, 64))
    cv2.imwrite(str(folder / "check.png"), photo[:, :, ::-1])
    content: dict[str, Any] = {
        "format": 1,
        "name": name,
        "family": "compact",
        "licence": "CC0-1.0",
        "embedding_size": FRAMES * len(ALPHABET),
        "longest_side": 1024,
        "files": files,
        "focus": {
            "longest_sides": [512],
            "most_enlarged": 2.0,
            "finding": {"threshold": 0.5, "shrink": _SHRINK},
        },
        "image": {
            "width": 128, "height": 32, "batch": 3, "margin_along": 0.0, "margin_across": 0.0,
        },
        "text": {"frames": FRAMES, "longest_word": 24},
        "calibration": CALIBRATION,
        "check": {
            "photo": "check.png", "query": "Check", "similarity": 0.786, "tolerance": 0.02,
        },
    }  # fmt: skip
    if threshold is not None:
        content["glance"] = {"threshold": threshold}
    write_content(folder, content)
    return read_pack(folder)
