"""Bent words: the middle line of a bent kernel, and the strip of picture that follows it.

A strip (2, n, 2) is the upper and the lower edge of a word, n points each from its first letter to
its last. Words on badges, bottles and cups have one; straight words need only their quad.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Quad = NDArray[np.float32]
Strip = NDArray[np.float32]

POINTS = 33  # of each edge: between them an arc of 300 degrees leaves its chords by 0.4 % of R
_MOST_TURN = 0.92 * np.pi  # each way from the middle; what turns further is a closed ring
# Of the kernel's thickness, and in cells: what bends less is read as well from its quad.
_LEAST_SAGITTA = 0.4
_LEAST_HIGH = 1.5
# In cells and in thicknesses: the kernels of short straight words are bent by their ragged rims.
_LEAST_LENGTH = 14.0
_LEAST_SLIM = 4.5
_MOST_THICK = 0.8  # of the radius: the whole word's inner edge must not reach the centre
_LEAST_FILLED = 0.78  # of the band by its cells: a ragged blob is no arc
_LEVEL = 0.5  # sine of the angle at which an arc's middle must lie to be read left to right


@dataclass(frozen=True, slots=True)
class Bend:
    """The middle line of a bent kernel, in polar coordinates about the centre of its arc.

    ``middle``: where on the arc its middle lies, in radians, clockwise from the right. ``turn``:
    how far the arc goes each way from there. ``line``: the line's distance from the centre, a
    polynomial of the part of ``turn`` -1..1, lowest power first. ``length`` and ``thickness``: of
    the kernel. All lengths are in the units of the points that it was fitted to.
    """

    centre: tuple[float, float]
    middle: float
    turn: float
    line: NDArray[np.float64]
    length: float
    thickness: float

    @property
    def upright(self) -> bool:
        """Whether the word runs left to right; else it runs up or down a side of the arc."""
        return abs(float(np.sin(self.middle))) > _LEVEL

    def strip(self, grow: float) -> Strip:
        """The strip of the whole word, whose kernel was ``grow`` smaller on every side.

        An arc that is highest in its middle is read clockwise, its letters standing outwards; one
        that is lowest there is read the other way, its letters standing inwards.
        """
        # Where the line goes on beyond the kernel it is not known: a circle is taken there.
        reach = self.turn * (1 + 2 * grow / self.length)
        turns = np.linspace(-reach, reach, 4 * POINTS)
        if np.sin(self.middle) > 0:
            turns = turns[::-1]
        away = _value(self.line, np.clip(turns / self.turn, -1, 1))
        angles = self.middle + turns
        middle = away[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1) + self.centre
        middle = _evenly(middle)
        along = np.gradient(middle, axis=0, edge_order=2)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        half = (self.thickness / 2 + grow) * np.stack([-along[:, 1], along[:, 0]], 1)
        strip: Strip = np.stack([middle - half, middle + half]).astype(np.float32)
        return strip


def bend_of(cells: Points) -> Bend | None:
    """The bend of a kernel by its cells (n, 2); None where they make no clear open arc."""
    centre = _centre(cells)
    if centre is None:
        return None
    x, y = (cells - centre).T
    angles, away = np.arctan2(y, x), np.hypot(x, y)
    # The arc lies opposite the widest gap that its cells leave about the centre.
    order = np.sort(angles)
    gaps = np.diff(order, append=order[0] + 2 * np.pi)
    widest = int(gaps.argmax())
    turn = float(np.pi - gaps[widest] / 2)
    if not 1e-3 < turn < _MOST_TURN:
        return None
    radius = float(away.mean())
    length = 2 * turn * radius + 1  # the points are the centres of cells
    sagitta = radius * (1 - np.cos(turn))
    # Most shapes are told here; what follows takes longer.
    least = max(_LEAST_SAGITTA * len(cells) / length, _LEAST_HIGH)
    if length < _LEAST_LENGTH or sagitta < least:
        return None
    middle = float(order[widest] + gaps[widest] / 2 + np.pi)
    parts = ((angles - middle + np.pi) % (2 * np.pi) - np.pi) / turn
    powers = parts[:, None] ** np.arange(4 if turn < 1 else 5)
    line = np.linalg.lstsq(powers, away, rcond=None)[0]
    low, high = np.quantile(away - powers @ line, (0.02, 0.98))
    thickness = float(high - low) / 0.96
    filled = len(cells) / (length * max(thickness, 1.0))
    slim = thickness < min(length / _LEAST_SLIM, _MOST_THICK * radius)
    if sagitta < _LEAST_SAGITTA * thickness or not slim or filled < _LEAST_FILLED:
        return None
    x, y = (float(value) for value in centre)
    return Bend((x, y), middle, turn, line, length, thickness)


def _centre(cells: Points) -> NDArray[np.float64] | None:
    """The centre of the circle nearest to points, by Taubin's algebraic fit (PAMI 1991).

    Unlike the plain algebraic fit it does not shrink short thick arcs. None for straight ones.
    """
    mean = cells.mean(0, dtype=np.float64)
    moved = cells - mean
    squares = (moved**2).sum(1)
    size = float(squares.mean())
    if size == 0:
        return None
    scale = 2 * np.sqrt(size)
    rows = np.column_stack([(squares - size) / scale, moved])
    _, vectors = np.linalg.eigh(rows.T @ rows)
    least = vectors[:, 0]
    if abs(least[0]) < 1e-9:
        return None
    centre: NDArray[np.float64] = mean - least[1:] * scale / (2 * least[0])
    return centre


def _value(line: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    value: NDArray[np.float64] = at[:, None] ** np.arange(len(line)) @ line
    return value


def grown(strip: Strip, along: float, across: float) -> Strip:
    """``strip`` grown on every side by parts of its height: ``along`` the text, ``across`` it."""
    middle, half = (strip[0] + strip[1]) / 2, (strip[1] - strip[0]) / 2
    high = 2 * float(np.linalg.norm(half, axis=1).mean())
    before, after = middle[0] - middle[1], middle[-1] - middle[-2]
    before, after = (
        end / max(float(np.linalg.norm(end)), 1e-6) * high * along for end in (before, after)
    )
    middle = np.concatenate([middle[:1] + before, middle, middle[-1:] + after])
    half = np.concatenate([half[:1], half, half[-1:]]) * (1 + 2 * across)
    even = _evenly(np.concatenate([middle, half], 1))
    answer: Strip = np.stack([even[:, :2] - even[:, 2:], even[:, :2] + even[:, 2:]])
    return answer.astype(np.float32)


def turned(strip: Strip) -> Strip:
    """The strip read from its other end, upside down."""
    return strip[::-1, ::-1]


def about(strip: Strip) -> Quad:
    """The quad about a strip, level with its middle, from the corner at its first letter."""
    middle = strip.mean(0)
    at = len(middle) // 2
    right = middle[at + 1] - middle[at - 1]
    right = right / max(float(np.linalg.norm(right)), 1e-6)
    axes = np.array([right, [-right[1], right[0]]])
    places = strip.reshape(-1, 2) @ axes.T
    (left, top), (far, bottom) = places.min(0), places.max(0)
    corners = np.array([[left, top], [far, top], [far, bottom], [left, bottom]])
    quad: Quad = (corners @ axes).astype(np.float32)
    return quad


def _evenly(line: NDArray[np.floating]) -> NDArray[np.float64]:
    """``POINTS`` rows evenly along a line (m, k) of x, y and whatever else goes with them."""
    steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
    passed = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, passed[-1], POINTS)
    return np.stack([np.interp(wanted, passed, column) for column in line.T], 1)
