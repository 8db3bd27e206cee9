"""Whole scenes with the quad of every word: signs, labels, posters, receipts, screens, packages."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from export.synth.corpus import Corpus
from export.synth.damage import degrade
from export.synth.lettering import Lettering, Typesetter, space_between
from export.synth.textures import Textures
from export.synth.titles import TitlePainter

LEAST_CONTRAST = 35.0  # levels of 255: lettering without a ground may meet one of its own colour

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]


@dataclass(slots=True)
class Word:
    """A word in a scene: its quad (4, 2), clockwise from the first letter, and what it says.

    It says "" where it cannot be read.
    """

    quad: Quad
    text: str


@dataclass(slots=True)
class Scene:
    """``picture`` (H, W, 3) uint8 RGB and every word in it."""

    picture: Image
    words: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class _Panel:
    """A scene or a part of one in the making: (H, W, 3 or 4) float32 0..255, alpha the fourth."""

    picture: NDArray[np.float32]
    words: list[Word] = field(default_factory=list)


class ScenePainter:
    """Paints scenes; the same seed paints the same ones."""

    def __init__(
        self, families: dict[str, list[str]], textures: Textures, seed: int, extra: tuple[str, ...]
    ) -> None:
        self.random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.corpus = Corpus(seed, extra)
        self.typesetter = Typesetter(families, seed)
        self.textures = textures
        self.titles = TitlePainter(self.corpus, self.typesetter, textures, seed)

    def paint(self, wide: int = 640, high: int = 640) -> Scene:
        """One scene of a random kind."""
        r = self.random
        ground = self.textures.patch(wide, high, plain=0.25)
        scene = _Panel(ground.astype(np.float32))
        taken = np.zeros((high // 4, wide // 4), np.uint8)
        self._clutter(scene.picture, r.randint(0, 6))
        kind = r.random()
        if kind < 0.22:  # a page: a receipt, a document, a screen
            self._place(scene, taken, self._page(), r.uniform(0.75, 1.1), tilt=3, calm=True)
        elif kind < 0.92:
            for _ in range(r.choice((0, 0, 1, 1, 1, 2))):
                self._place(scene, taken, self._title(), r.uniform(0.3, 1.1), tilt=14)
            for _ in range(r.choice((1, 2, 3, 4, 5, 7))):
                panel = self._plate() if r.random() < 0.06 else self._panel()
                if panel is not None:
                    self._place(scene, taken, panel, r.uniform(0.12, 0.95))
        self._clutter(scene.picture, r.randint(0, 2))
        picture = degrade(np.clip(scene.picture, 0, 255), self.rng, strength=0.45)
        return Scene(picture, scene.words)

    def _panel(self) -> _Panel | None:
        """A sign, a label, a title: a few lines on a ground of their own or on none."""
        r = self.random
        file = self.typesetter.face()
        lines = r.choice((1, 1, 1, 2, 2, 3, 4, 6))
        return self._lines(
            [[self.corpus.string() for _ in range(r.choice((1, 1, 2, 2, 3, 4)))]
             for _ in range(lines)],
            [file if r.random() < 0.75 else self.typesetter.face() for _ in range(lines)],
            [int(40 * r.choice((0.6, 0.8, 1, 1, 1.5, 2.2))) for _ in range(lines)],
            align=r.choice(("left", "centre", "centre", "right")),
            opaque=r.random() < 0.6,
        )  # fmt: skip

    def _plate(self) -> _Panel | None:
        """A number plate: blocks of letters and digits, each a word."""
        return self._lines(
            [self.corpus.plate()], [self.typesetter.face()], [48], align="centre", opaque=True
        )

    def _title(self) -> _Panel | None:
        """Lettering that is most of the picture."""
        title = self.titles.paint()
        if title is None:
            return None
        return _Panel(title.layer, [Word(quad, text) for quad, text in title.words])

    def _page(self) -> _Panel | None:
        """Dense print in columns."""
        r = self.random
        file = self.typesetter.face()
        count = r.randint(8, 34)
        size = r.choice((14, 16, 20, 24))
        rows = []
        for _ in range(count):
            row = [self.corpus.string() for _ in range(r.randint(1, 6))]
            rows.append(row)
        sizes = [size if r.random() < 0.88 else int(size * r.uniform(1.2, 2.2)) for _ in rows]
        return self._lines(
            rows, [file] * count, sizes, align=r.choice(("left", "left", "centre", "both")),
            opaque=True, paper=r.random() < 0.8,
        )  # fmt: skip

    def _lines(
        self,
        rows: list[list[str]],
        files: list[str],
        sizes: list[int],
        *,
        align: str,
        opaque: bool,
        paper: bool = False,
    ) -> _Panel | None:
        """Lay rows of words out and paint them."""
        r = self.random
        gap, lead = r.uniform(0.22, 0.6), r.uniform(0.12, 0.8)
        drawn: list[list[Lettering]] = []
        for row, file, size in zip(rows, files, sizes, strict=True):
            words = [self.typesetter.draw(text, size, file, arcs=False) for text in row]
            fitting = [word for word in words if word is not None and word.mask.shape[0] < 300]
            if fitting:
                drawn.append(fitting)
        if not drawn:
            return None
        space = [space_between(row, gap) + 2 for row in drawn]
        widths = [
            sum(word.mask.shape[1] for word in row) + s * (len(row) - 1)
            for row, s in zip(drawn, space, strict=True)
        ]
        heights = [max(word.mask.shape[0] for word in row) for row in drawn]
        edge = int(np.mean(heights) * r.uniform(0.3, 1.2))
        wide = int(max(widths)) + 2 * edge
        high = int(sum(heights) + sum(h * lead for h in heights)) + 2 * edge
        if wide > 3000 or high > 3000:
            return None
        if paper:
            ground = np.full((high, wide, 3), r.uniform(200, 255), np.float32)
        else:
            ground = self.textures.patch(wide, high, plain=0.8).astype(np.float32)
        paint = self.textures.lettering(np.clip(ground, 0, 255).astype(np.uint8), wide, high)
        if paper:
            paint[:] = r.uniform(0, 90)
        ink = np.zeros((high, wide), np.uint8)
        words_out = []
        y = float(edge)
        for line, width, height, between in zip(drawn, widths, heights, space, strict=True):
            x = {"left": edge, "right": wide - edge - width}.get(align, (wide - width) / 2)
            if align == "both" and len(line) > 1:
                x, between = edge, between + (wide - 2 * edge - width) / (len(line) - 1)
            for word in line:
                h, w = word.mask.shape
                top = int(y + (height - h) * 0.8)  # about the baseline, with words of any height
                left = int(x)
                part = ink[top : top + h, left : left + w]
                np.maximum(part, word.mask[: part.shape[0], : part.shape[1]], out=part)
                room = 0.06 * h
                quad = [
                    [left - room, top - room],
                    [left + w + room, top - room],
                    [left + w + room, top + h + room],
                    [left - room, top + h + room],
                ]
                words_out.append(Word(np.array(quad, np.float32), word.text))
                x += w + between
            y += height * (1 + lead)
        if r.random() < 0.25:
            self._rules(ground, ink, edge)
        alpha = ink.astype(np.float32)[:, :, None] / 255
        if r.random() < 0.2:  # a shadow or an outline keeps letters apart from the ground
            around = cv2.dilate(ink, np.ones((3, 3), np.uint8), iterations=r.randint(1, 3))
            shade = np.roll(around, (r.randint(-3, 3), r.randint(-3, 3)), (0, 1))
            dark = shade.astype(np.float32)[:, :, None] / 255
            ground += dark * (255 - paint.mean() - ground) * r.uniform(0.4, 1)
            alpha = np.maximum(alpha, dark * (0.0 if opaque else 0.7))
            colour = ground + ink.astype(np.float32)[:, :, None] / 255 * (paint - ground)
        else:
            colour = ground + alpha * (paint - ground)
        cover = np.ones_like(alpha) if opaque else alpha
        return _Panel(np.concatenate([colour, cover * 255], 2), words_out)

    def _rules(self, ground: NDArray[np.float32], ink: Image, edge: int) -> None:
        """Frames and ruled lines, which are no words."""
        r = self.random
        high, wide = ink.shape
        colour = [float(c) for c in self.textures.colour()]
        if r.random() < 0.6:
            at = max(1, edge // 3)
            cv2.rectangle(ground, (at, at), (wide - at, high - at), colour, r.randint(1, 4))
        else:
            for level in range(edge // 2, high, max(20, high // r.randint(2, 8))):
                cv2.line(ground, (0, level), (wide, level), colour, r.randint(1, 2))

    def _place(
        self,
        scene: _Panel,
        taken: Image,
        panel: _Panel | None,
        share: float,
        *,
        tilt: float = 8,
        calm: bool = False,
    ) -> None:
        """Warp a panel into a free part of the scene, as a plane seen from somewhere.

        ``share`` of the scene's sides, turned by ``tilt`` degrees (one sigma); ``calm``: held in
        the middle and nearly flat.
        """
        if panel is None:
            return
        r = self.random
        high, wide = scene.picture.shape[:2]
        ph, pw = panel.picture.shape[:2]
        scale = share * min(wide / pw, high / ph)
        if not panel.words:
            return
        least = min(float(w.quad[3, 1] - w.quad[0, 1]) for w in panel.words) * scale
        if least < 7:  # smaller than anybody can read
            scale *= 7 / least
        w, h = pw * scale, ph * scale
        bend = 0.03 if calm else 0.14
        corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]], np.float32) / 2
        corners *= 1 + self.rng.uniform(-bend, bend, (4, 2)).astype(np.float32)
        turn = r.gauss(0, tilt)
        if r.random() < 0.06:
            turn += r.choice((90, -90, 45, -45))
        angle = np.radians(turn)
        spin = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32
        )
        corners = corners @ spin
        for _ in range(8):
            centre = np.array([r.uniform(0.05, 0.95) * wide, r.uniform(0.05, 0.95) * high], "f4")
            if calm:
                centre = np.array([wide / 2, high / 2], "f4") + self.rng.normal(0, 20, 2)
            elif share > 0.4:  # what is large is seldom cut off in a photo
                reach = np.minimum(np.abs(corners).max(0), (0.5 * wide, 0.5 * high))
                centre = np.clip(centre, reach, (wide, high) - reach)
            target = (corners + centre).astype(np.float32)
            area = np.zeros_like(taken)
            cv2.fillConvexPoly(area, (target / 4).astype(np.int32), 1)
            if not (area & taken).any():
                break
        else:
            return
        taken |= np.asarray(cv2.dilate(area, np.ones((5, 5), np.uint8)), np.uint8)
        source = np.array([[0, 0], [pw, 0], [pw, ph], [0, ph]], np.float32)
        warp = cv2.getPerspectiveTransform(source, target)
        layer = panel.picture.copy()
        layer[:, :, :3] *= layer[:, :, 3:] / 255  # colours weigh by their cover in every average
        if scale < 0.6:  # area-average before the warp, or thin strokes break up
            size = (max(1, int(w)), max(1, int(h)))
            reduced = cv2.resize(layer, size, interpolation=cv2.INTER_AREA)
            layer = np.asarray(reduced, np.float32)
            warp_layer = warp @ np.diag([pw / size[0], ph / size[1], 1.0])
        else:
            warp_layer = warp
        warped = np.asarray(cv2.warpPerspective(layer, warp_layer, (wide, high)), np.float32)
        strength = r.uniform(0.8, 1.0)
        before = scene.picture.copy()
        scene.picture *= 1 - warped[:, :, 3:] * np.float32(strength / 255)
        scene.picture += warped[:, :, :3] * np.float32(strength)
        change = np.abs(scene.picture - before).max(2)
        for word in panel.words:
            quad = cv2.perspectiveTransform(word.quad[None], warp)[0]
            inside = ((quad > 0) & (quad < (wide, high))).all()
            if inside:
                (left, top), (right, bottom) = quad.min(0).astype(int), quad.max(0).astype(int)
                seen = change[top : bottom + 1, left : right + 1].max() > LEAST_CONTRAST
                scene.words.append(Word(quad.astype(np.float32), word.text if seen else ""))
            elif ((quad > -10).all(1) & (quad < (wide + 10, high + 10)).all(1)).any():
                scene.words.append(Word(quad.astype(np.float32), ""))  # cut off

    def _clutter(self, picture: NDArray[np.float32], count: int) -> None:
        """Emblems, arrows, bars, grids and dots: what Focus must not take for words."""
        r = self.random
        high, wide = picture.shape[:2]
        for _ in range(count):
            colour = [float(c) for c in self.textures.colour()]
            x, y, size = r.randrange(wide), r.randrange(high), r.randint(6, 90)
            thick = r.choice((-1, 1, 2, 4))
            kind = r.randrange(7)
            if kind == 0:
                cv2.circle(picture, (x, y), size, colour, thick)
            elif kind == 1:
                cv2.rectangle(picture, (x, y), (x + size, y + r.randint(5, 90)), colour, thick)
            elif kind == 2:
                around = self.rng.integers(-size, size + 1, (r.randint(3, 9), 2))
                cv2.fillPoly(picture, [(around + np.array([x, y])).astype(np.int32)], colour)
            elif kind == 3:  # a bar code
                at = x
                while at < x + 2 * size:
                    bar = r.randint(1, 4)
                    cv2.rectangle(picture, (at, y), (at + bar, y + size), (20, 20, 20), -1)
                    at += bar + r.randint(1, 5)
            elif kind == 4:  # railings, windows, tiles
                step = r.randint(6, 30)
                for row in range(r.randint(1, 4)):
                    for column in range(r.randint(2, 8)):
                        a = (x + column * step, y + row * step)
                        b = (a[0] + step // 2, a[1] + int(step * 0.7))
                        cv2.rectangle(picture, a, b, colour, thick)
            elif kind == 5:
                box = (r.randint(3, size + 3), r.randint(3, size + 3))
                cv2.ellipse(picture, (x, y), box, r.randint(0, 180), 0, 360, colour, thick)
            else:
                end = (x + r.randint(-200, 200), y + r.randint(-200, 200))
                cv2.line(picture, (x, y), end, colour, abs(thick))
