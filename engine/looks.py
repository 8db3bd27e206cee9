"""At which scales and where Focus looks at a photo: most of most photos shows no text at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.preprocess import Image, Pyramid, View

Maps = NDArray[np.float32]  # (2, h, w)
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom

STRIDE = 4  # pixels of Focus's input a map cell
_WHOLE = 900  # pixels: longer pictures are looked at where the look before it saw something
FAR = 480  # pixels: longer ones are glanced at before, where the pack has a tower for that
_CELL = 32  # pixels: boxes of a closer look begin at multiples of it
_BESIDE = 2  # such cells on either side of what is worth the closest look: most words lie level
_ENLARGED = 2.0  # times as large as the photo: more is for small print
_LARGE = 9  # cells of the look before it
_ALIKE = 1.2  # two scales of which one is hardly larger show the same


def look(
    network: Callable[[Image], Maps],
    pyramid: Pyramid,
    sides: Sequence[int],
    most_enlarged: float,
    trace: float,
    glance: Callable[[Image], Mask] | None = None,
    before: tuple[NDArray[np.float32], float] | None = None,
) -> Iterator[tuple[Maps, float]]:
    """Focus's maps of a photo at several scales, coarsest first, with map cells per photo pixel.

    ``sides``: of the scales, largest first. A close look goes only where the last one before it has
    seen a ``trace`` of text; elsewhere its maps are 0, and where there is none it is left out. One
    that enlarges the photo much goes to small print only: large words gain too little for its time.

    ``glance``: tells of a picture (H, W, 3) in which of its cells (h, w) there may be text. But for
    large words, which the look before has seen, Focus leaves out the rest (as AutoFocus, ICCV 2019,
    which looks closer only at what a part of its network has chosen).

    ``before``: what an earlier look at the same photo saw (h, w), with map cells per photo pixel;
    of a look that is hardly closer it tells the same.
    """
    views: list[View] = []
    for side in sides:
        view = View.fitting(pyramid, side, most_enlarged)
        if not views or views[-1].scale > _ALIKE * view.scale:
            views.append(view)
    seen: tuple[Maps, float] | None = None
    for view in reversed(views):
        high, wide = view.padded
        last = [] if seen is None else [(seen[0].max(0) > trace, view.scale / seen[1])]
        boxes = [(0, 0, wide, high)]
        close = bool(last) and max(high, wide) > _WHOLE
        if close:
            if view.scale > _ENLARGED:
                last = [(of_small_print(traces), ratio) for traces, ratio in last]
            boxes = worth_a_look(last, high, wide, _BESIDE)
            if not boxes:
                continue
        picture = view.of(pyramid)
        near = None
        if not close and max(high, wide) > FAR:
            if before is not None and _ALIKE * STRIDE * before[1] >= view.scale:
                near = before[0] > trace, view.scale / before[1]
            elif glance is not None:
                near_text = glance(picture)
                near = near_text, high / len(near_text)
        if near is not None:
            large = [(of_large_print(traces), ratio) for traces, ratio in last]
            boxes = worth_a_look([near, *large], high, wide)
        maps = np.zeros((2, high // STRIDE, wide // STRIDE), np.float32)
        for left, top, right, bottom in boxes:
            part = np.ascontiguousarray(picture[top:bottom, left:right])
            place = np.s_[top // STRIDE : bottom // STRIDE, left // STRIDE : right // STRIDE]
            maps[:, *place] = network(part)
        seen = maps, view.scale / STRIDE
        yield seen


def of_large_print(traces: Mask) -> Mask:
    """Traces of text (h, w) of words that are ``_LARGE`` cells high, and a little about them."""
    cells = traces.astype(np.uint8)
    large = cv2.morphologyEx(cells, cv2.MORPH_OPEN, np.ones((_LARGE, _LARGE), np.uint8))
    answer: Mask = cv2.dilate(large, np.ones((5, 5), np.uint8)) > 0
    return answer


def of_small_print(traces: Mask) -> Mask:
    """Traces of text (h, w) of other words."""
    rest = (traces & ~of_large_print(traces)).astype(np.uint8)
    # Without the specks that are left about large words. OpenCV's own opening moves by a cell what
    # it opens with a square of even sides.
    two = np.ones((2, 2), np.uint8)
    answer: Mask = cv2.dilate(cv2.erode(rest, two), two, anchor=(0, 0)) > 0
    return answer


def worth_a_look(
    seen: Iterable[tuple[Mask, float]], high: int, wide: int, beside: int = 1
) -> list[Box]:
    """Boxes in a picture of (high, wide) pixels about all traces of text, with room about them.

    ``seen``: masks (h, w) of where there are traces, each with the picture's pixels per cell.
    ``beside``: cells of ``_CELL`` pixels on their left and right; there is one above and below.
    """
    rows, columns = -(-high // _CELL), -(-wide // _CELL)
    near = np.zeros((rows, columns), np.uint8)
    for traces, ratio in seen:
        ys, xs = np.nonzero(traces)
        row, column = (((places + 0.5) * ratio).astype(int) // _CELL for places in (ys, xs))
        near[row.clip(0, rows - 1), column.clip(0, columns - 1)] = 1
    near = np.asarray(cv2.dilate(near, np.ones((3, 2 * beside + 1), np.uint8)), np.uint8)
    return [
        (left * _CELL, top * _CELL, min(right * _CELL, wide), min(bottom * _CELL, high))
        for left, top, right, bottom in _boxes(near)
    ]


def _boxes(cells: NDArray[np.uint8]) -> list[Box]:
    """Boxes about the connected parts; two become one where that looks at little more."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    boxes: list[Box] = []
    for left, top, wide, high in stats[1:, :4].tolist():
        box = (left, top, left + wide, top + high)
        merged = True
        while merged:
            merged = False
            for other in boxes:
                both = _about(box, other)
                if _area(both) <= _area(box) + _area(other) + 2:
                    boxes.remove(other)
                    box, merged = both, True
                    break
        boxes.append(box)
    return boxes


def _about(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]),
    )  # fmt: skip


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
