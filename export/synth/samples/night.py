"""Light in the dark: neon, boards of lamps, an exit."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from export.synth.samples import grounds
from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Colour, Picture, Sheet, font
from export.synth.samples.shots import Shot, shot
from export.synth.samples.surfaces import Finish, Surface, box, lying, standing
from export.synth.samples.table import flat

DARK = Light(
    towards=(0.2, 1, 0.6), sun=(0.02, 0.02, 0.03), spread=0.5,
    above=(0.035, 0.04, 0.06), below=(0.02, 0.02, 0.025),
)  # fmt: skip
"""A street at night."""
GLOW = Finish(glow=1.0)


class Neon(Sheet):
    """Tubes on a wall: what is written glows and lights the wall about it."""

    def __init__(self, ground: Picture) -> None:
        high, wide = ground.shape[:2]
        super().__init__(wide, high)
        self.ground = ground.astype(np.float32) / 255
        self.light = np.zeros((high, wide, 3), np.float32)
        self.tubes = np.zeros((high, wide, 3), np.float32)

    def tube(self, drawing: Image.Image, colour: Colour) -> None:
        """Light up a drawing (mode L) in a colour, white-hot in the middle."""
        mask = np.asarray(drawing, np.float32) / 255
        tone = (np.asarray(colour, np.float32) / 255) ** 2.2
        core = cv2.erode(mask, np.ones((3, 3), np.uint8), iterations=max(1, self.high // 500))
        core = cv2.GaussianBlur(core, (0, 0), 1.5)[:, :, None]
        self.tubes += mask[:, :, None] * tone * 1.3 + core * (0.25 + 0.55 * tone)
        for sigma, power in ((0.008, 0.8), (0.03, 0.9), (0.10, 1.4)):
            blur = cv2.GaussianBlur(mask, (0, 0), sigma * self.wide)[:, :, None]
            self.light += blur * tone * np.float32(power)

    def letters(self, text: str, at: tuple[int, int], size: int, face: str, colour: Colour,
                turn: float = 0) -> None:  # fmt: skip
        self.note(text)
        drawing = Image.new("L", (self.wide, self.high))
        ImageDraw.Draw(drawing).text(at, text, 255, font(face, size), "mm")
        if turn:
            drawing = drawing.rotate(turn, Image.Resampling.BICUBIC, center=at)
        self.tube(drawing, colour)

    def line(self, points: list[tuple[float, float]], thick: int, colour: Colour) -> None:
        drawing = Image.new("L", (self.wide, self.high))
        ImageDraw.Draw(drawing).line(points, 255, thick, joint="curve")
        self.tube(drawing.resize(drawing.size), colour)

    @property
    def picture(self) -> Picture:
        wall = self.ground**2.2 * (0.03 + self.light)
        # Wall sockets and shadows of the tubes keep them off the wall.
        total = np.where(self.tubes > 0.02, self.tubes + wall * 0.4, wall)
        return np.asarray(np.clip(total / 1.6, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def neon_coffee(seed: int) -> Shot:
    """A café's neon sign on bricks."""
    sign = Neon(grounds.brick(1800, 1320, seed, (150, 104, 92), 26))
    sign.letters("Night Owl", (900, 420), 210, "script", (255, 150, 60), 4)
    sign.letters("COFFEE", (900, 690), 230, "tube-bold", (70, 200, 255))
    sign.letters("24 hours", (900, 910), 120, "tube-bold", (255, 70, 130))
    curve = [(480 + 14 * k, 1020 + 14 * np.sin(k / 4)) for k in range(60)]
    sign.line([(float(x), float(y)) for x, y in curve], 11, (70, 200, 255))
    scene = Scene(
        [standing((0, 1.5, 0), (3.6, 2.64), sign.picture, GLOW)],
        eye=(0.75, 1.05, 2.9), target=(0.0, 1.48, 0), size=(1280, 960), light=DARK,
        field_of_view=46, roll=-2, bloom=0.16, grain=5, vignette=0.5, exposure=0.15,
    )  # fmt: skip
    return shot(scene, [sign])


def neon_open(seed: int) -> Shot:
    """An OPEN sign in a window, the street's lights behind."""
    sign = Neon(np.full((620, 1100, 3), 14, np.uint8))
    sign.letters("OPEN", (550, 270), 270, "tube-bold", (255, 60, 50))
    sign.letters("till late", (550, 455), 100, "tube-bold", (255, 190, 90))
    drawing = Image.new("L", (1100, 620))
    ImageDraw.Draw(drawing).rounded_rectangle((70, 70, 1030, 550), 120, None, 255, 13)
    sign.tube(drawing, (60, 120, 255))
    back = grounds.city(1280, 900, seed + 3, night=True, blur=0.01)
    glow = np.zeros((900, 1280, 3), np.float32)
    scale = (810, 456)
    lit = cv2.resize(sign.picture, scale)
    glow[205 : 205 + scale[1], 235 : 235 + scale[0]] = lit
    halo = cv2.GaussianBlur(glow, (0, 0), 60) * 0.9
    mask = (sign.tubes.max(2) > 0.02).astype(np.uint8) * 255
    tubes = np.concatenate([sign.picture, mask[:, :, None]], 2)
    back = np.clip(back + halo, 0, 255).astype(np.uint8)
    scene = Scene(
        [standing((0, 1.5, 0), (1.9, 1.07), tubes, GLOW)],
        eye=(-0.35, 1.35, 2.5), target=(0, 1.5, 0), size=(1280, 900), light=DARK, backdrop=back,
        backdrop_gain=0.4, field_of_view=46, roll=1.5, bloom=0.2, grain=5, exposure=0.25,
    )  # fmt: skip
    return shot(scene, [sign])


def cinema(seed: int) -> Shot:
    """A cinema's lit board with its programme."""
    sign = Sheet(1600, 820, (250, 244, 226))
    for y in (270, 470, 670):
        sign.rule([(40, y + 60), (1560, y + 60)], (150, 140, 120), 5)
    red, black = (190, 30, 34), (26, 24, 24)
    sign.write("CINEMA PALACE", (800, 105), 140, "spartan", red, apart=0.05)
    sign.write("THE LAST FERRY 18:30", (800, 270), 130, "narrow", black, apart=0.08)
    sign.write("ROBOT SUMMER 20:15", (800, 470), 130, "narrow", black, apart=0.08)
    sign.write("TICKETS 7.50", (800, 670), 130, "narrow", red, apart=0.08)
    lamps = np.full((120, 1720, 3), (60, 18, 18), np.uint8)
    for at in range(22):
        cv2.circle(lamps, (40 + at * 78, 60), 24, (255, 226, 160), -1)
    frame = box((0, 2.55, -0.1), (3.72, 2.1, 0.18), [flat((60, 18, 18))] * 4)
    scene = Scene(
        [standing((0, 3.6, 0.0), (3.44, 1.76), sign.picture, Finish(glow=0.75)),
         *frame,
         standing((0, 4.55, 0.01), (3.72, 0.2), lamps, Finish(glow=2.2)),
         standing((0, 2.65, 0.01), (3.72, 0.2), lamps, Finish(glow=2.2)),
         standing((0, 3.5, -0.4), (16, 9), grounds.plaster(1200, 900, seed, (120, 96, 90), 1.4))],
        eye=(-1.5, 1.7, 4.6), target=(0, 3.5, 0), size=(1280, 960),
        light=Light((0.1, 1, 0.8), (0.05, 0.05, 0.08), 0.5, (0.06, 0.07, 0.13), (0.1, 0.07, 0.05)),
        field_of_view=48, roll=2, bloom=0.12, grain=4, exposure=0.1,
    )  # fmt: skip
    return shot(scene, [sign])


def lamps(rows: list[tuple[str, int]], columns: int, colour: Colour, sheet_words: Sheet,
          pitch: int = 8) -> Picture:  # fmt: skip
    """A board of round lamps, 16 to a row of text, that shows the rows of ``(text, column)``."""
    high = len(rows) * 18 + 2
    mask = Image.new("1", (columns, high))
    pen = ImageDraw.Draw(mask)
    pen.fontmode = "1"
    for at, (text, column) in enumerate(rows):
        pen.text((column, 2 + at * 18), text, 1, font("lamps", 16))
        sheet_words.note(text)
    on = np.asarray(mask)
    board = np.full((high * pitch, columns * pitch, 3), 10, np.uint8)
    for y, x in np.ndindex(*on.shape):
        tone = colour if on[y, x] else (26, 22, 20)
        middle = (x * pitch + pitch // 2, y * pitch + pitch // 2)
        cv2.circle(board, middle, pitch // 2 - 1, tone, -1, cv2.LINE_AA)
    return board


def departures(seed: int) -> Shot:
    """The board of a station, under its roof."""
    words = Sheet(8, 8)
    rows = [("09:12 Silverbridge    4", 3), ("09:26 Eastport        7", 3),
            ("09:31 Lakeside   delay", 3), ("09:45 Airport        2", 3)]  # fmt: skip
    board = lamps(rows, 190, (255, 176, 40), words)
    head = Sheet(1520, 150, (24, 44, 84))
    head.write("DEPARTURES", (50, 78), 96, "lato-bold", (250, 250, 250), anchor="lm")
    head.write("Platform", (1470, 78), 66, "lato", (250, 250, 250), anchor="rm")
    high = 3.0 * board.shape[0] / board.shape[1]
    parts: list[Surface] = [
        standing((0, 3.4, 0), (3.0, high), board, Finish(glow=0.9, gloss=0.03)),
        standing((0, 3.4 + high / 2 + 0.148, 0.001), (3.0, 0.296), head.picture, Finish(glow=0.25)),
        *box((0, 3.4 - high / 2 - 0.08, -0.16), (3.14, high + 0.46, 0.3), [flat((34, 36, 40))] * 4),
        *box((-1.2, 4.4, -0.16), (0.06, 1.5, 0.06), [flat((60, 62, 66))] * 4),
        *box((1.2, 4.4, -0.16), (0.06, 1.5, 0.06), [flat((60, 62, 66))] * 4),
    ]
    hall = grounds.room(1280, 860, seed, (112, 116, 122), 12, 0.03)
    scene = Scene(
        parts, eye=(0.9, 1.7, 3.9), target=(0, 3.3, 0), size=(1280, 860), backdrop=hall,
        light=Light((0.2, 1, 0.6), (0.3, 0.3, 0.3), 0.4, (0.4, 0.42, 0.45), (0.25, 0.25, 0.25)),
        field_of_view=44, roll=-1.5, bloom=0.12, grain=4, exposure=-0.1,
    )  # fmt: skip
    return shot(scene, [head, words])


def scoreboard(seed: int) -> Shot:
    """A scoreboard at a sports ground at dusk."""
    sign = Sheet(1500, 860, (22, 44, 36))
    sign.box((14, 14, 1486, 846), None, line=(230, 230, 224), thick=8)
    white, amber = (244, 244, 238), (255, 190, 60)
    sign.write("RIVERSIDE PARK", (750, 110), 110, "slab", white, apart=0.1)
    for x, name, score in ((350, "HOME", "3"), (1150, "GUEST", "2")):
        sign.write(name, (x, 270), 120, "poster", white, apart=0.08)
        sign.box((x - 150, 360, x + 150, 680), (8, 10, 10), line=(90, 100, 96), thick=5)
        sign.write(score, (x, 520), 250, "digits", amber, read=True)
    sign.box((560, 400, 940, 580), (8, 10, 10), line=(90, 100, 96), thick=5)
    sign.write("78:24", (750, 490), 110, "digits", (255, 84, 60))
    sign.write("SECOND HALF", (750, 760), 90, "poster", white, apart=0.1)
    back = grounds.sky(1280, 900, seed, (58, 74, 122), (246, 178, 130), 0.42)
    dusk = np.where(
        np.arange(900)[:, None, None] > 720 - grounds.noise(1280, 2, (160, 2), seed, 5)[0][
            None, :, None] * 26, np.asarray((34, 44, 40), np.uint8), back)  # fmt: skip
    back = np.asarray(cv2.GaussianBlur(dusk.astype(np.uint8), (0, 0), 4), np.uint8)
    scene = Scene(
        [standing((0, 4.0, 0), (4.4, 2.52), sign.picture, Finish(glow=0.5)),
         *box((-1.5, 0, -0.2), (0.2, 3, 0.2), [flat((70, 72, 74))] * 4),
         *box((1.5, 0, -0.2), (0.2, 3, 0.2), [flat((70, 72, 74))] * 4),
         lying((0, 0, 0), (60, 60), grounds.grass(1200, 1200, seed))],
        eye=(-1.4, 1.7, 6.6), target=(0, 3.6, 0), size=(1280, 900), light=Light(
            (-0.8, 0.35, 0.5), (0.9, 0.62, 0.42), 0.1, (0.42, 0.44, 0.56), (0.2, 0.18, 0.16)),
        backdrop=back, field_of_view=46, roll=1, bloom=0.1, grain=3.5,
    )  # fmt: skip
    return shot(scene, [sign])


def exit_door(seed: int) -> Shot:
    """A lit exit sign at the end of a corridor."""
    sign = Sheet(1000, 420, (14, 132, 76))
    sign.write("EXIT", (640, 212), 260, "sans-bold", (246, 255, 248), apart=0.04)
    pale = (246, 255, 248)
    sign.box((60, 60, 300, 360), pale)
    sign.draw.ellipse((170, 90, 218, 138), (14, 132, 76))
    for points in ([(190, 145), (160, 225)], [(160, 225), (205, 265), (190, 325)],
                   [(160, 225), (135, 275), (95, 285)], [(185, 160), (235, 195)],
                   [(185, 160), (135, 175), (118, 212)]):  # fmt: skip
        sign.rule([(float(x), float(y)) for x, y in points], (14, 132, 76), 24)
    door = Sheet(900, 1800, (126, 138, 142))
    door.box((440, 0, 460, 1800), (84, 92, 96))
    for x in (60, 500):
        door.box((x, 820, x + 340, 900), (190, 194, 196), round_by=20)
        door.box((x + 110, 180, x + 230, 620), (196, 212, 214), round_by=14)
    note = Sheet(620, 200, (244, 246, 244))
    note.write("Fire door keep shut", (310, 100), 74, "sans-bold", (14, 110, 64), widest=560)
    door.paste(note, (140, 940))
    sides = grounds.plaster(1400, 700, seed, (222, 220, 208), 0.5)
    floor = grounds.tiles(1200, 1800, seed, (150, 156, 160), 6, 14)
    scene = Scene(
        [standing((0, 1.5, 0), (3, 3.2), sides),
         standing((0, 1.12, 0.02), (1.3, 2.24), door.picture),
         *box((0, 2.38, 0.06), (0.92, 0.42, 0.1), [flat((50, 52, 52))] * 4),
         standing((0, 2.59, 0.12), (0.88, 0.37), sign.picture, Finish(glow=1.1)),
         lying((0, 0, 3), (3, 6.2), floor, Finish(gloss=0.10, softness=2.5)),
         standing((-1.4, 1.5, 3), (6.2, 3.2), sides, turn=90),
         standing((1.4, 1.5, 3), (6.2, 3.2), sides, turn=-90)],
        eye=(0.35, 1.65, 3.6), target=(-0.02, 1.86, 0), size=(960, 1280), light=Light(
            (0.1, 1.0, 0.8), (0.5, 0.48, 0.42), 0.4, (0.5, 0.5, 0.46), (0.3, 0.3, 0.28)),
        field_of_view=50, roll=1, bloom=0.12, grain=4, exposure=-0.15,
    )  # fmt: skip
    return shot(scene, [sign, note])
