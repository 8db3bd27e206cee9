"""Takes the picture: casts rays, gathers light, blurs what is out of focus, develops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.samples.surfaces import Floats, Picture, Surface, linear, vector

Vector = tuple[float, float, float]


@dataclass(slots=True)
class Light:
    """A sun or a lamp far away, the light of the sky above and of the ground below.

    ``windows`` are bright rectangles far away that glossy things mirror: (direction, half width,
    half height, brightness).
    """

    towards: Vector = (-0.5, 1.0, 0.6)
    sun: Vector = (2.2, 2.1, 1.9)
    spread: float = 0.18  # radius of the lamp seen from the scene; big is soft
    above: Vector = (0.75, 0.8, 0.9)
    below: Vector = (0.3, 0.27, 0.24)
    windows: Sequence[tuple[Vector, float, float, float]] = ()

    def sky(self, way: Floats, *, mirrored: bool = False) -> Floats:
        """(n, 3) light that comes from the directions ``way``; the windows only where mirrored."""
        up = (way[:, 1:2] * np.float32(0.5) + np.float32(0.5)).clip(0, 1)
        light = vector(self.below) + up * (vector(self.above) - vector(self.below))
        for direction, half_wide, half_high, power in self.windows if mirrored else ():
            axis = vector(direction)
            axis = axis / np.linalg.norm(axis)
            side = np.cross(axis, (0, 1, 0))
            side = vector(side / max(float(np.linalg.norm(side)), 1e-6))
            upward = vector(np.cross(side, axis))
            ahead = way @ axis
            with np.errstate(divide="ignore", invalid="ignore"):
                x, y = way @ side / ahead, way @ upward / ahead
                seen = (ahead > 0) & (np.abs(x) < half_wide) & (np.abs(y) < half_high)
                # Glazing bars make a mirrored window look like one.
                seen &= (np.abs(x) > half_wide * 0.04) & (np.abs(y) > half_high * 0.03)
            light[seen] += np.float32(power)
        return light


@dataclass(slots=True)
class Scene:
    """Surfaces, light, and where the camera stands; ``backdrop`` (h, w, 3) is behind it all."""

    surfaces: list[Surface]
    eye: Vector
    target: Vector
    size: tuple[int, int] = (1280, 960)  # wide, high
    field_of_view: float = 40.0  # degrees across the longer side
    roll: float = 0.0
    light: Light = field(default_factory=Light)
    backdrop: Picture | None = None
    backdrop_gain: float = 1.0
    focus: float | None = None  # distance; None is where the target is
    aperture: float = 0.0  # blur in pixels of what is infinitely far away
    exposure: float = 0.0  # stops on top of the automatic exposure
    warmth: float = 0.0
    contrast: float = 1.15
    vignette: float = 0.25
    grain: float = 1.6
    bloom: float = 0.06


def nearest(
    surfaces: Sequence[Surface], origin: Floats, way: Floats
) -> tuple[Floats, NDArray[np.int16], Floats, Floats]:
    """Distance, number, u and v of the first surface on every ray; number -1 for the sky."""
    t = np.full(len(way), np.inf, np.float32)
    which = np.full(len(way), -1, np.int16)
    u, v = np.zeros_like(t), np.zeros_like(t)
    for at, surface in enumerate(surfaces):
        far, a, b = surface.meet(origin, way)
        closer = far < t
        t[closer], which[closer], u[closer], v[closer] = far[closer], at, a[closer], b[closer]
    return t, which, u, v


def blocked(surfaces: Sequence[Surface], origin: Floats, way: Floats) -> NDArray[np.bool_]:
    """Whether anything that casts a shadow stands in the way."""
    hit = np.zeros(len(way), np.bool_)
    for surface in surfaces:
        if surface.finish.casts:
            hit |= np.isfinite(surface.meet(origin, way)[0])
    return hit


class Camera:
    """Takes one scene; the same seed takes the same picture."""

    def __init__(self, scene: Scene, seed: int, *, sharpness: int = 2, scale: float = 1.0) -> None:
        self.scene, self.rng = scene, np.random.default_rng(seed)
        self.sharpness = sharpness  # rays a pixel, along each side
        self.wide, self.high = (int(side * scale) for side in scene.size)
        self.scale = scale

    def take(self) -> Picture:
        """(high, wide, 3) uint8 RGB."""
        scene, n = self.scene, self.sharpness
        self.ways = self._ways(self.wide * n, self.high * n)
        self._cast()
        colour = self._shade()
        size = (self.wide, self.high)
        colour = np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.float32)
        if scene.aperture:
            depth = cv2.resize(self.depth, size, interpolation=cv2.INTER_NEAREST)
            colour = self._unfocus(colour, np.asarray(depth, np.float32))
        return develop(colour, self.rng, scene)

    def _ways(self, wide: int, high: int) -> Floats:
        """(high, wide, 3) unit directions through the middle of every pixel."""
        scene = self.scene
        ahead = vector(scene.target) - vector(scene.eye)
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, (0, 1, 0))
        right /= np.linalg.norm(right)
        up = np.cross(right, ahead)
        c, s = np.cos(np.radians(scene.roll)), np.sin(np.radians(scene.roll))
        self.axes = np.stack([c * right + s * up, c * up - s * right, ahead]).astype(np.float32)
        self.focal = max(wide, high) / 2 / np.tan(np.radians(scene.field_of_view) / 2)
        x = (np.arange(wide, dtype=np.float32) + 0.5 - wide / 2) / np.float32(self.focal)
        y = (high / 2 - np.arange(high, dtype=np.float32) - 0.5) / np.float32(self.focal)
        ways = np.empty((high, wide, 3), np.float32)
        ways[:] = self.axes[2] + x[None, :, None] * self.axes[0] + y[:, None, None] * self.axes[1]
        ways /= np.sqrt((ways * ways).sum(2, keepdims=True))
        return ways

    def _frame(self, surface: Surface) -> tuple[slice, slice]:
        """Rows and columns where a surface can be seen; the whole picture when it is too near."""
        high, wide = self.ways.shape[:2]
        seen = (surface.corners() - vector(self.scene.eye)) @ self.axes.T
        if (seen[:, 2] < 0.05).any():
            return slice(0, high), slice(0, wide)
        x = seen[:, 0] / seen[:, 2] * self.focal + wide / 2
        y = high / 2 - seen[:, 1] / seen[:, 2] * self.focal
        rows = slice(int(np.clip(y.min() - 2, 0, high)), int(np.clip(y.max() + 3, 0, high)))
        return rows, slice(int(np.clip(x.min() - 2, 0, wide)), int(np.clip(x.max() + 3, 0, wide)))

    def _cast(self) -> None:
        shape = self.ways.shape[:2]
        eye = vector(self.scene.eye)
        self.depth = np.full(shape, np.inf, np.float32)
        self.which = np.full(shape, -1, np.int16)
        self.u, self.v = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for at, surface in enumerate(self.scene.surfaces):
            place = self._frame(surface)
            ways = self.ways[place]
            if ways.size == 0:
                continue
            t, u, v = (part.reshape(ways.shape[:2]) for part in
                       surface.meet(eye, ways.reshape(-1, 3)))  # fmt: skip
            closer = t < self.depth[place]
            for whole, part in ((self.depth, t), (self.u, u), (self.v, v)):
                whole[place][closer] = part[closer]
            self.which[place][closer] = at
        self.depth[~np.isfinite(self.depth)] = 1e4

    def _shade(self) -> Floats:
        scene = self.scene
        high, wide = self.ways.shape[:2]
        colour = np.zeros((high, wide, 3), np.float32)
        if scene.backdrop is not None:
            back = cv2.resize(scene.backdrop, (wide, high), interpolation=cv2.INTER_CUBIC)
            colour[:] = linear(np.asarray(back, np.uint8)) * np.float32(scene.backdrop_gain)
        else:
            colour[:] = scene.light.sky(self.ways.reshape(-1, 3)).reshape(colour.shape)
        step = 3 * self.sharpness
        direct, light, mirror = self._gather(step)
        for at, surface in enumerate(scene.surfaces):
            mask = self.which == at
            if not mask.any():
                continue
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            own = mask[place]
            paint = surface.colours(self.u[place], self.v[place])
            low = (self.which[::step, ::step] == at).astype(np.float32)
            shade = _spread(light, low, 3.0, place, step) + _spread(direct, low, 0.9, place, step)
            out = paint * shade
            if surface.finish.gloss:
                soft = _spread(mirror, low, surface.finish.softness, place, step)
                points = vector(scene.eye) + self.ways[place] * self.depth[place][:, :, None]
                n = surface.normal(points.reshape(-1, 3)).reshape(paint.shape)
                facing = np.abs((n * self.ways[place]).sum(2))
                gloss = np.float32(surface.finish.gloss)
                share = gloss + (1 - gloss) * (1 - facing).clip(0, 1) ** 5
                out = out * (1 - share[:, :, None]) + soft * share[:, :, None]
            if surface.finish.glow:
                out = out + paint * np.float32(surface.finish.glow)
            colour[place][own] = out[own]
        return colour

    def _gather(self, step: int) -> list[Floats]:
        """Direct light, light from all about, and mirrored light of every ``step``-th pixel."""
        scene, rng = self.scene, self.rng
        which = self.which[::step, ::step]
        shape = which.shape
        seen = which.reshape(-1) >= 0
        ways = self.ways[::step, ::step].reshape(-1, 3)[seen]
        points = vector(scene.eye) + ways * self.depth[::step, ::step].reshape(-1, 1)[seen]
        normals, number = np.zeros_like(points), which.reshape(-1)[seen]
        for at, surface in enumerate(scene.surfaces):
            own = number == at
            if own.any():
                normals[own] = surface.normal(points[own])
        normals *= np.where((normals * ways).sum(1) > 0, -1, 1)[:, None].astype(np.float32)
        points = points + normals * np.float32(2e-3)
        sun = vector(scene.light.towards)
        sun /= np.linalg.norm(sun)
        count = 16 if scene.light.spread > 0.02 else 4
        lit = np.zeros(len(points), np.float32)
        for at in range(count):
            towards = _disc(sun, scene.light.spread, len(points), rng, at, count)
            lit += ~blocked(scene.surfaces, points, towards)
        level = (normals @ sun).clip(0, None) * lit / np.float32(count)
        direct = level[:, None] * vector(scene.light.sun)
        light = np.zeros_like(points)
        means = np.stack([s.mean * (0.35 + s.finish.glow) for s in scene.surfaces] + [np.zeros(3)])
        rays = 20
        for at in range(rays):
            towards = _hemisphere(normals, rng, at, rays)
            _, met, _, _ = nearest(scene.surfaces, points, towards)
            light += np.where(
                (met < 0)[:, None], scene.light.sky(towards), means[met].astype(np.float32)
            ) / np.float32(rays)
        mirror = np.zeros_like(points)
        glossy = np.array([s.finish.gloss > 0 for s in scene.surfaces])[number]
        if glossy.any():
            n, w = normals[glossy], ways[glossy]
            towards = (w - 2 * (n * w).sum(1, keepdims=True) * n).astype(np.float32)
            _, met, _, _ = nearest(scene.surfaces, points[glossy], towards)
            mirror[glossy] = np.where(
                (met < 0)[:, None],
                scene.light.sky(towards, mirrored=True),
                means[met].astype(np.float32) * 1.6,
            )
        maps = []
        for part in (direct, light, mirror):
            whole = np.zeros((seen.size, 3), np.float32)
            whole[seen] = part
            maps.append(whole.reshape(*shape, 3))
        return maps

    def _unfocus(self, colour: Floats, depth: Floats) -> Floats:
        """Blur by distance from the plane in focus, with a round aperture."""
        scene = self.scene
        focus = scene.focus or float(np.linalg.norm(vector(scene.target) - vector(scene.eye)))
        size = np.float32(scene.aperture * self.scale) * np.abs(1 - np.float32(focus) / depth)
        size = np.minimum(np.asarray(cv2.blur(size, (5, 5)), np.float32), 60)
        levels = [0.0, 1.5, 3.0, 6.0, 12.0, 24.0, 48.0]
        out, total = np.zeros_like(colour), np.zeros(depth.shape, np.float32)
        for at, level in enumerate(levels):
            below = levels[at - 1] if at else -1.0
            above = levels[at + 1] if at + 1 < len(levels) else 1e9
            weight = np.interp(size, [below, level, above], [0, 1, 0]).astype(np.float32)
            if not weight.any():
                continue
            blurred = colour
            if level:
                # What is sharp must not bleed into the blur behind it.
                apart = (size > level * 0.4).astype(np.float32) + np.float32(1e-4)
                kernel = _aperture(level)
                kept = cv2.filter2D(apart, -1, kernel, borderType=cv2.BORDER_REFLECT)
                mixed = cv2.filter2D(
                    colour * apart[:, :, None], -1, kernel, borderType=cv2.BORDER_REFLECT
                )
                blurred = np.asarray(mixed, np.float32) / np.asarray(kept)[:, :, None]
            out += weight[:, :, None] * blurred
            total += weight
        return out / total[:, :, None]


def _aperture(radius: float) -> Floats:
    side = int(np.ceil(radius))
    y, x = np.mgrid[-side : side + 1, -side : side + 1]
    kernel = np.clip(radius + 0.5 - np.sqrt(x * x + y * y), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _disc(
    sun: Floats, spread: float, size: int, rng: np.random.Generator, at: int, count: int
) -> Floats:
    """One direction a row towards some place of a round lamp; ``at`` of ``count`` strata."""
    radius = spread * np.sqrt((at + rng.random(size)) / count)
    turn = rng.random(size) * 2 * np.pi
    side = np.cross(sun, (0.0, 0.0, 1.0) if abs(sun[2]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    other = np.cross(sun, side)
    way = sun + (radius * np.cos(turn))[:, None] * side + (radius * np.sin(turn))[:, None] * other
    return np.asarray(way / np.linalg.norm(way, axis=1, keepdims=True), np.float32)


def _hemisphere(normals: Floats, rng: np.random.Generator, at: int, count: int) -> Floats:
    """One direction a row about the normals, as light counts there; ``at`` of ``count`` strata."""
    size = len(normals)
    radius = np.sqrt((at + rng.random(size)) / count)
    turn = rng.random(size) * 2 * np.pi + at * 2.399963
    side = np.cross(normals, np.where(np.abs(normals[:, 1:2]) > 0.9, (1, 0, 0), (0, 1, 0)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(normals, side)
    way = (
        (radius * np.cos(turn))[:, None] * side
        + (radius * np.sin(turn))[:, None] * other
        + np.sqrt(1 - radius**2)[:, None] * normals
    )
    return np.asarray(way, np.float32)


def _spread(
    light: Floats,
    own: Floats,
    sigma: float,
    place: tuple[slice, slice],
    step: int,
) -> Floats:
    """Smooth noisy light within one surface and bring it to the rays' resolution."""
    rows, columns = place
    pad = int(3 * sigma) + 2
    top, left = max(0, rows.start // step - pad), max(0, columns.start // step - pad)
    low = slice(top, rows.stop // step + pad), slice(left, columns.stop // step + pad)
    mask = own[low]
    if mask.sum() == 0:  # too thin for any sample: the mean of what is about it
        mask = np.ones_like(mask)
    value = cv2.GaussianBlur(light[low] * mask[:, :, None], (0, 0), sigma)
    weight = cv2.GaussianBlur(mask, (0, 0), sigma)
    far_value = cv2.GaussianBlur(light[low] * mask[:, :, None], (0, 0), sigma * 5)
    far_weight = cv2.GaussianBlur(mask, (0, 0), sigma * 5)
    even = (value + far_value * 1e-3) / (weight + far_weight * 1e-3 + 1e-9)[:, :, None]
    move = np.array([[step, 0, left * step - columns.start], [0, step, top * step - rows.start]])
    return np.asarray(
        cv2.warpAffine(
            np.asarray(even, np.float32), move.astype(np.float64),
            (columns.stop - columns.start, rows.stop - rows.start),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )  # fmt: skip


def develop(colour: Floats, rng: np.random.Generator, scene: Scene) -> Picture:
    """Linear light to a finished picture: exposure, bloom, tone, warmth, vignette, grain."""
    high, wide = colour.shape[:2]
    luma = colour @ vector((0.25, 0.62, 0.13))
    bright = float(np.percentile(luma, 96))
    colour = np.asarray(
        colour * np.float32(0.85 / max(bright, 1e-3) * 2**scene.exposure), np.float32
    )
    if scene.bloom:
        glare = cv2.resize(np.maximum(colour - 0.9, 0).clip(0, 8), (wide // 4, high // 4),
                           interpolation=cv2.INTER_AREA)  # fmt: skip
        for part in (0.006, 0.02, 0.06):
            halo = cv2.GaussianBlur(glare, (0, 0), part * max(wide, high) / 4)
            colour = colour + scene.bloom * np.asarray(cv2.resize(halo, (wide, high)), np.float32)
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    reach = ((x / wide - 0.5) ** 2 + (y / high - 0.5) ** 2) * 2
    colour = colour * (1 - np.float32(scene.vignette) * reach)[:, :, None]
    colour = colour * vector((1 + scene.warmth, 1, 1 - scene.warmth))
    knee = np.float32(0.7)  # highlights roll off as on film
    over = np.maximum(colour - knee, 0)
    colour = np.minimum(colour, knee) + (1 - knee) * (1 - np.exp(-over / (1 - knee)))
    tone = np.clip(colour, 0, 1) ** np.float32(1 / 2.2)
    tone = tone + np.float32(scene.contrast - 1) * (tone - 0.5) * (1 - np.abs(2 * tone - 1))
    grain = rng.normal(0, scene.grain, (high, wide, 1)).astype(np.float32)
    grain = grain + rng.normal(0, scene.grain * 0.5, (high, wide, 3)).astype(np.float32)
    fine = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6), np.float32)
    return np.asarray(np.clip(tone * 255 + fine, 0, 255), np.uint8)
