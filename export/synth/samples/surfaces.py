"""Textured planes and turned shapes that rays meet: what the sample photos are built of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
NEAR = np.float32(1e-3)


@dataclass(frozen=True, slots=True)
class Finish:
    """How a surface answers light: ``gloss`` is what it mirrors head-on, ``glow`` what it emits."""

    gloss: float = 0.0
    softness: float = 1.5  # how blurred mirrored things are, in pixels of the light pass
    glow: float = 0.0
    casts: bool = True  # glows and grounds need not darken what is near them


def vector(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def linear(picture: Picture) -> Floats:
    """SRGB bytes as linear light 0..1."""
    table = (np.arange(256) / 255.0) ** 2.2
    return np.asarray(table.astype(np.float32)[picture], np.float32)


def _filled(picture: Picture) -> Picture:
    """(H, W, 3): what is transparent takes the colours beside it, so that edges do not darken."""
    colour = np.ascontiguousarray(picture[:, :, :3])
    if picture.shape[2] == 3:
        return colour
    cover = (picture[:, :, 3:] > 127).astype(np.float32)
    spread = cv2.GaussianBlur(np.concatenate([colour * cover, cover], 2), (0, 0), 6)
    beside = spread[:, :, :3] / np.maximum(spread[:, :, 3:], 1e-3)
    return np.where(cover > 0, colour, np.clip(beside, 0, 255)).astype(np.uint8)


class Surface:
    """Something with a picture on it. ``meet`` takes rays one a row; (n,) inf where they miss."""

    def __init__(self, picture: Picture, finish: Finish | None = None) -> None:
        self.finish = finish or Finish()
        self.cover = picture[:, :, 3] > 127 if picture.shape[2] == 4 else None
        self.layers = [linear(_filled(picture))]
        while min(self.layers[-1].shape[:2]) > 8 and len(self.layers) < 6:
            self.layers.append(np.asarray(cv2.pyrDown(self.layers[-1]), np.float32))
        self.mean = self.layers[-1].mean((0, 1))

    def meet(self, origin: Floats, way: Floats) -> tuple[Floats, Floats, Floats]:
        """Distance, u, v of every ray; u and v are 0..1 across and down the picture."""
        raise NotImplementedError

    def normal(self, points: Floats) -> Floats:
        raise NotImplementedError

    def corners(self) -> Floats:
        """(k, 3) points whose hull holds the surface."""
        raise NotImplementedError

    def holes(self, t: Floats, u: Floats, v: Floats) -> Floats:
        """``t`` with inf where the picture is transparent."""
        if self.cover is None:
            return t
        high, wide = self.cover.shape
        ok = np.isfinite(t)
        column = np.clip(np.where(ok, u, 0) * wide, 0, wide - 1).astype(np.int32)
        row = np.clip(np.where(ok, v, 0) * high, 0, high - 1).astype(np.int32)
        return np.where(ok & self.cover[row, column], t, np.float32(np.inf))

    def colours(self, u: Floats, v: Floats) -> Floats:
        """(h, w, 3) linear colours for maps of u and v, averaged over each pixel's footprint."""
        high, wide = self.layers[0].shape[:2]
        steps = np.zeros(u.shape, np.float32)
        for axis in (0, 1):
            for part, size in ((u, wide), (v, high)):
                step = np.abs(np.diff(part, axis=axis, append=np.take(part, [-1], axis)))
                steps = np.maximum(steps, np.where(step < 0.5, step, 0) * np.float32(size))
        even = np.asarray(cv2.blur(steps, (9, 9)), np.float32)
        level = np.clip(np.log2(np.maximum(even, 1e-6)) - 0.3, 0, len(self.layers) - 1)
        floor = np.floor(level)
        colour = np.zeros((*u.shape, 3), np.float32)
        for at, layer in enumerate(self.layers):
            weight = np.clip(1 - np.abs(level - at), 0, 1)
            if not (weight > 0).any() and not (floor == at).any():
                continue
            h, w = layer.shape[:2]
            seen = cv2.remap(
                layer, u * w - 0.5, v * h - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            colour += weight[:, :, None] * seen
        return colour


class Plane(Surface):
    """A parallelogram: its top-left corner, the way across and the way down its picture."""

    def __init__(
        self,
        corner: ArrayLike,
        across: ArrayLike,
        down: ArrayLike,
        picture: Picture,
        finish: Finish | None = None,
    ) -> None:
        super().__init__(picture, finish)
        self.corner, self.across, self.down = vector(corner), vector(across), vector(down)
        face = np.cross(self.down, self.across)
        self.face = vector(face / np.linalg.norm(face))
        basis = np.stack([self.across, self.down, self.face], 1)
        self.into = np.linalg.inv(basis.astype(np.float64))[:2].T.astype(np.float32)

    def meet(self, origin: Floats, way: Floats) -> tuple[Floats, Floats, Floats]:
        slope = way @ self.face
        with np.errstate(divide="ignore", invalid="ignore"):
            t = ((self.corner - origin) @ self.face) / slope
            start, along = (origin - self.corner) @ self.into, way @ self.into
            u = np.asarray(start[..., 0] + t * along[:, 0], np.float32)
            v = np.asarray(start[..., 1] + t * along[:, 1], np.float32)
            inside = (t > NEAR) & (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        t = np.asarray(np.where(inside, t, np.inf), np.float32)
        return self.holes(t, u, v), u, v

    def normal(self, points: Floats) -> Floats:
        return np.broadcast_to(self.face, points.shape)

    def corners(self) -> Floats:
        a, b = self.across, self.down
        return np.stack([self.corner, self.corner + a, self.corner + b, self.corner + a + b])


class Turned(Surface):
    """A truncated cone about an upright axis: cups, jars, the shoulders of bottles.

    ``span`` is the part of the turn, in degrees, that the picture covers, its middle at ``facing``
    (0 looks along +z, 90 along +x); the rest is missing. ``bend`` are the slopes, in radius to
    height, that light sees at the foot and at the top: cones on one another then look round.
    """

    def __init__(
        self,
        foot: ArrayLike,
        height: float,
        radii: tuple[float, float],
        picture: Picture,
        finish: Finish | None = None,
        *,
        span: float = 360,
        facing: float = 0,
        bend: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(picture, finish)
        self.foot, self.height, self.radii = vector(foot), np.float32(height), radii
        self.slope = np.float32((radii[1] - radii[0]) / height)
        self.bend = bend or (float(self.slope), float(self.slope))
        self.span, self.facing = np.radians(span), np.radians(facing)

    def meet(self, origin: Floats, way: Floats) -> tuple[Floats, Floats, Floats]:
        best = np.full(len(way), np.inf, np.float32)
        best_u, best_v = np.zeros_like(best), np.zeros_like(best)
        o = np.broadcast_to(origin - self.foot, way.shape)
        k, r0 = self.slope, np.float32(self.radii[0])
        rim = r0 + k * o[:, 1]
        a = way[:, 0] ** 2 + way[:, 2] ** 2 - (k * way[:, 1]) ** 2
        b = o[:, 0] * way[:, 0] + o[:, 2] * way[:, 2] - k * way[:, 1] * rim
        c = o[:, 0] ** 2 + o[:, 2] ** 2 - rim**2
        near = np.flatnonzero((b * b >= a * c) & (np.abs(a) > 1e-9))
        if not len(near):
            return best, best_u, best_v
        o, way, a, b, c = o[near], way[near], a[near], b[near], c[near]
        root = np.sqrt(b * b - a * c)
        for sign in (-1, 1):
            t = (-b + sign * root) / a
            y = o[:, 1] + t * way[:, 1]
            x, z = o[:, 0] + t * way[:, 0], o[:, 2] + t * way[:, 2]
            turn = np.arctan2(x, z) - np.float32(self.facing)
            turn = (turn + np.pi) % (2 * np.pi) - np.pi
            u = np.asarray(turn / np.float32(self.span) + np.float32(0.5), np.float32)
            v = np.asarray(1 - y / self.height, np.float32)
            inside = (t > NEAR) & (y >= 0) & (y <= self.height) & (u >= 0) & (u <= 1)
            t = self.holes(np.asarray(np.where(inside, t, np.inf), np.float32), u, v)
            nearer = t < best[near]
            own = near[nearer]
            best[own], best_u[own], best_v[own] = t[nearer], u[nearer], v[nearer]
        return best, best_u, best_v

    def normal(self, points: Floats) -> Floats:
        flat = points - self.foot
        rise = (flat[:, 1] / self.height).clip(0, 1)
        flat[:, 1] = 0
        flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
        flat[:, 1] = -(self.bend[0] + rise * (self.bend[1] - self.bend[0]))
        return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), np.float32)

    def corners(self) -> Floats:
        r, top = max(self.radii), float(self.height)
        return np.stack(
            [self.foot + vector((x, y, z)) for x in (-r, r) for y in (0, top) for z in (-r, r)]
        )  # fmt: skip


class Ball(Surface):
    """A sphere, possibly flattened, with its picture wrapped about it: fruit, bulbs."""

    def __init__(
        self, centre: ArrayLike, radius: float, picture: Picture, finish: Finish | None = None,
        *, flat: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(picture, finish)
        self.centre, self.radius = vector(centre), np.float32(radius)
        self.scale = vector((1, 1 / flat, 1))

    def meet(self, origin: Floats, way: Floats) -> tuple[Floats, Floats, Floats]:
        best = np.full(len(way), np.inf, np.float32)
        u, v = np.zeros_like(best), np.zeros_like(best)
        d = way * self.scale
        o = np.broadcast_to((origin - self.centre) * self.scale, d.shape)
        a = np.einsum("ij,ij->i", d, d)
        b = np.einsum("ij,ij->i", o, d)
        c = np.einsum("ij,ij->i", o, o) - self.radius**2
        near = np.flatnonzero((b * b >= a * c) & (b < 0))
        if not len(near):
            return best, u, v
        a, b, c = a[near], b[near], c[near]
        t = (-b - np.sqrt(b * b - a * c)) / a
        best[near] = np.where(t > NEAR, t, np.inf)
        p = o[near] + t[:, None] * d[near]
        u[near] = np.arctan2(p[:, 0], p[:, 2]) / np.float32(2 * np.pi) + np.float32(0.5)
        v[near] = np.arccos(np.clip(p[:, 1] / self.radius, -1, 1)) / np.float32(np.pi)
        return best, u, v

    def normal(self, points: Floats) -> Floats:
        n = (points - self.centre) * self.scale**2
        return np.asarray(n / np.linalg.norm(n, axis=1, keepdims=True), np.float32)

    def corners(self) -> Floats:
        r = self.radius
        return np.stack(
            [self.centre + vector((x, y, z)) for x in (-r, r) for y in (-r, r) for z in (-r, r)]
        )


def dome(
    foot: ArrayLike,
    height: float,
    radii: tuple[float, float],
    picture: Picture,
    finish: Finish | None = None,
    *,
    steps: int = 9,
) -> list[Surface]:
    """A quarter of an ellipse turned about an upright axis: a shoulder, or a bowl that widens."""
    low, high = radii
    ways = np.linspace(0, np.pi / 2, steps + 1)
    if low > high:
        r, y = high + (low - high) * np.cos(ways), height * np.sin(ways)
    else:
        r, y = low + (high - low) * np.sin(ways), height * (1 - np.cos(ways))
    slopes = np.diff(r) / np.diff(y)
    ends = np.concatenate([slopes[:1], (slopes[:-1] + slopes[1:]) / 2, slopes[-1:]])
    base = vector(foot)
    return [
        Turned(
            base + vector((0, float(y[at]), 0)), float(y[at + 1] - y[at]),
            (float(r[at]), float(r[at + 1])), picture, finish,
            bend=(float(ends[at]), float(ends[at + 1])),
        )
        for at in range(steps)
    ]  # fmt: skip


def turned_by(degrees: float) -> Floats:
    """(3, 3) rotation about the upright axis, to be multiplied from the left."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def box(
    centre: ArrayLike,
    size: tuple[float, float, float],
    pictures: Sequence[Picture],
    finish: Finish | None = None,
    *,
    turn: float = 0,
) -> list[Surface]:
    """A box standing on ``centre``: pictures of its front, its right, its left side and its top."""
    w, h, d = (float(v) for v in size)
    spin, foot = turned_by(turn), vector(centre)

    def plane(corner: ArrayLike, across: ArrayLike, down: ArrayLike, picture: Picture) -> Plane:
        return Plane(
            foot + spin @ vector(corner), spin @ vector(across), spin @ vector(down),
            picture, finish,
        )  # fmt: skip

    front, right, left, top = pictures
    x, z = w / 2, d / 2
    return [
        plane((-x, h, z), (w, 0, 0), (0, -h, 0), front),
        plane((x, h, z), (0, 0, -d), (0, -h, 0), right),
        plane((-x, h, -z), (0, 0, d), (0, -h, 0), left),
        plane((-x, h, -z), (w, 0, 0), (0, 0, d), top),
        plane((x, h, -z), (-w, 0, 0), (0, -h, 0), left),
    ]


def lying(
    centre: ArrayLike,
    size: tuple[float, float],
    picture: Picture,
    finish: Finish | None = None,
    *,
    turn: float = 0,
) -> Plane:
    """A sheet that lies on a table, its top edge away from the viewer."""
    spin = turned_by(turn)
    w, h = size
    return Plane(
        vector(centre) + spin @ vector((-w / 2, 0, -h / 2)),
        spin @ vector((w, 0, 0)), spin @ vector((0, 0, h)), picture, finish,
    )  # fmt: skip


def standing(
    centre: ArrayLike,
    size: tuple[float, float],
    picture: Picture,
    finish: Finish | None = None,
    *,
    turn: float = 0,
    lean: float = 0,
) -> Plane:
    """An upright sheet about ``centre``; ``lean`` degrees backwards."""
    spin = turned_by(turn)
    w, h = size
    c, s = np.cos(np.radians(lean)), np.sin(np.radians(lean))
    down = spin @ vector((0, -h * c, h * s))
    across = spin @ vector((w, 0, 0))
    return Plane(vector(centre) - across / 2 - down / 2, across, down, picture, finish)


def disc(
    centre: ArrayLike, radius: float, colour: tuple[int, int, int], finish: Finish | None = None
) -> Plane:
    """A level disc: lids, the coffee in a cup."""
    picture = np.zeros((1024, 1024, 4), np.uint8)
    picture[:, :, :3] = colour
    cv2.circle(picture, (512, 512), 511, (*colour, 255), -1)
    return lying(centre, (2 * radius, 2 * radius), picture, finish)
