"""Signs, shop fronts, plates and posters out of doors; a unit is a metre."""

from __future__ import annotations

import cv2
import numpy as np

from export.synth.samples import grounds
from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Colour, Sheet
from export.synth.samples.shots import CLOUDY, NOON, Shot, shot
from export.synth.samples.surfaces import (
    Ball,
    Finish,
    Picture,
    Plane,
    Surface,
    Turned,
    box,
    lying,
    standing,
)
from export.synth.samples.table import flat

GLASS = Finish(gloss=0.10, softness=0.7)
ENAMEL = Finish(gloss=0.05, softness=2.0)
STEEL = Finish(gloss=0.15, softness=1.5)


def wall(picture: Picture, wide: float = 12, high: float = 8, z: float = 0.0) -> Plane:
    return standing((0, high / 2, z), (wide, high), picture)


def pavement(seed: int, deep: float = 8) -> Plane:
    return lying((0, 0, deep / 2), (16, deep), grounds.concrete(1600, 900, seed, (164, 160, 154)))


def pole(at: tuple[float, float], high: float, thick: float = 0.04) -> Turned:
    return Turned((at[0], 0, at[1]), high, (thick, thick), flat((150, 153, 156)), STEEL)


def plate(sheet: Sheet, centre: tuple[float, float, float], wide: float, *, thick: float = 0.03,
          turn: float = 0, edge: Colour = (120, 122, 124), finish: Finish = ENAMEL,
          lean: float = 0) -> list[Surface]:  # fmt: skip
    """A flat sign with some thickness, so that it throws a shadow on what is behind it."""
    high = wide * sheet.high / sheet.wide
    front = standing(centre, (wide, high), sheet.picture, finish, turn=turn, lean=lean)
    if sheet.picture.shape[2] == 4 or lean:
        return [front]
    low = (centre[0], centre[1] - high / 2, centre[2] - thick / 2 - 0.002)
    body = box(low, (wide, high, thick), [flat(edge)] * 4, finish, turn=turn)
    return [front, *body]


def street_name(seed: int) -> Shot:
    """A blue enamel plate with a French street's name on a brick wall."""
    sign = Sheet(1200, 560, (24, 60, 120))
    sign.box((14, 14, 1186, 546), None, round_by=10, line=(240, 240, 236), thick=12)
    sign.write("RUE DES", (600, 180), 150, "din", (248, 248, 244), apart=0.06)
    sign.write("LILAS", (600, 370), 210, "din", (248, 248, 244), apart=0.06)
    sign.worn(0.07, seed)
    for x, y in ((60, 60), (1140, 60), (60, 500), (1140, 500)):
        sign.draw.ellipse((x - 12, y - 12, x + 12, y + 12), (170, 172, 170))
    house = Sheet(300, 300, (24, 60, 120))
    house.box((10, 10, 290, 290), None, round_by=8, line=(240, 240, 236), thick=8)
    house.write("17", (150, 146), 170, "din", (248, 248, 244))
    bricks = grounds.brick(2400, 1600, seed, (172, 96, 70), 22)
    scene = Scene(
        [wall(bricks, 4.4, 3.0), *plate(sign, (-0.1, 1.62, 0.03), 0.95),
         *plate(house, (0.72, 1.5, 0.03), 0.26)],
        eye=(0.85, 1.35, 2.0), target=(0.18, 1.57, 0), size=(1280, 860), light=NOON,
        aperture=6, field_of_view=46, roll=-2, exposure=-0.1,
    )  # fmt: skip
    return shot(scene, [sign, house])


def arrow(sheet: Sheet, at: tuple[float, float], size: float, ink: Colour, turn: float = 0) -> None:
    """An arrow that points up, turned anticlockwise."""
    points = np.array(
        [(-0.08, 0.5), (-0.08, -0.15), (-0.3, 0.08), (-0.3, -0.14), (0, -0.5), (0.3, -0.14),
         (0.3, 0.08), (0.08, -0.15), (0.08, 0.5)]
    )  # fmt: skip
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned = points @ np.array([[c, -s], [s, c]]) * size + at
    sheet.draw.polygon([tuple(p) for p in turned], ink)


def direction_sign(seed: int) -> Shot:
    """A motorway sign before a summer sky."""
    white, green = (250, 250, 250), (16, 98, 68)
    sign = Sheet(1500, 900, green)
    sign.box((16, 16, 1484, 884), None, round_by=40, line=white, thick=12)
    sign.write("Silverbridge", (110, 190), 150, "road-wide", white, anchor="lm")
    sign.write("Harbour", (110, 400), 150, "road-wide", white, anchor="lm")
    sign.write("Airport", (110, 610), 150, "road-wide", white, anchor="lm")
    arrow(sign, (1290, 320), 330, white)
    arrow(sign, (1270, 640), 230, white, turn=-45)
    sign.rule([(60, 735), (1440, 735)], white, 8)
    sign.write("A 14", (110, 815), 100, "road-wide", white, anchor="lm")
    exit_ = Sheet(520, 190, green)
    exit_.box((8, 8, 512, 182), None, round_by=24, line=white, thick=8)
    exit_.write("EXIT 23", (260, 97), 120, "road-wide", white)
    scene = Scene(
        [*plate(sign, (0, 5.6, 0), 5.0, thick=0.08), *plate(exit_, (1.6, 7.46, 0), 1.75),
         pole((-1.6, -0.15), 7.4, 0.11), pole((1.6, -0.15), 7.4, 0.11)],
        eye=(-2.6, 1.7, 9.5), target=(0.1, 5.3, 0), size=(1280, 960), light=NOON,
        backdrop=grounds.sky(1280, 960, seed, clouds=0.52), field_of_view=42,
        roll=1, vignette=0.35, exposure=0.05,
    )  # fmt: skip
    return shot(scene, [sign, exit_])


def crossing(seed: int) -> Shot:
    """A stop sign with the name of an avenue under it, trees behind."""
    red = (186, 28, 36)
    sign = Sheet(900, 900)
    turn = np.radians(np.arange(8) * 45 + 22.5)
    for radius, ink in ((446, (246, 246, 246)), (420, red)):
        corners = [(450 + radius * np.cos(a), 450 + radius * np.sin(a)) for a in turn]
        sign.draw.polygon(corners, (*ink, 255))
    sign.write("STOP", (450, 456), 330, "road", (250, 250, 250))
    name = Sheet(1300, 260, (20, 92, 70))
    name.box((10, 10, 1290, 250), None, round_by=14, line=(246, 246, 246), thick=7)
    name.write("Maple Avenue", (650, 132), 160, "road-wide", (250, 250, 250))
    scene = Scene(
        [standing((0, 2.45, 0), (0.8, 0.8), sign.picture, ENAMEL, turn=-6),
         *plate(name, (0, 3.06, 0), 1.15, turn=-14), pole((0, -0.06), 3.2, 0.035)],
        eye=(0.55, 1.65, 3.1), target=(0.05, 2.6, 0), size=(960, 1280), light=NOON,
        backdrop=grounds.leaves(960, 1280, seed, (58, 84, 46), (190, 204, 150)),
        field_of_view=40, roll=-2, exposure=-0.35, contrast=1.05,
    )  # fmt: skip
    return shot(scene, [sign, name])


def poster(seed: int) -> Shot:
    """A concert poster pasted on concrete, a torn one beside it."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(900, 1300, (244, 214, 170))
    for at in range(9):
        r = 396 - at * 43
        tone = [(226, 92, 60), (246, 178, 84), (34, 70, 92)][at % 3]
        sheet.draw.ellipse((450 - r, 620 - r, 450 + r, 620 + r), tone)
    sheet.draw.polygon([(0, 760), (240, 620), (430, 740), (640, 590), (900, 760), (900, 1300),
                        (0, 1300)], (26, 44, 62))  # fmt: skip
    cream = (250, 236, 208)
    sheet.write("THE PAPER MOONS", (450, 130), 150, "poster", (26, 44, 62))
    sheet.write("LIVE", (450, 880), 230, "poster", (246, 178, 84))
    sheet.write("with Velvet Harbour", (450, 1010), 64, "brush", cream)
    sheet.write("SATURDAY 21 SEPTEMBER", (450, 1105), 84, "poster", cream)
    sheet.write("Old Brewery Hall · doors open 19:30", (450, 1190), 42, "lato-bold", cream)
    sheet.words = [word for word in sheet.words if word != "·"]
    sheet.worn(0.06, seed)
    folds = grounds.noise(900, 1300, 300, seed, 3)[:, :, None] * 5
    paper = np.clip(sheet.picture[:, :, :3] + folds, 0, 255).astype(np.uint8)
    torn = np.full((700, 500, 4), (90, 150, 150, 255), np.uint8)
    torn[:, :, :3] = grounds.paper(500, 700, seed, (98, 150, 146))
    for _ in range(6):
        cv2.circle(torn, (int(rng.uniform(0, 500)), int(rng.uniform(550, 760))), 110, (0,) * 4, -1)
    scene = Scene(
        [wall(grounds.concrete(2000, 1400, seed, (164, 160, 154)), 5, 3.5),
         standing((0, 1.62, 0.006), (0.9, 1.3), paper, turn=0),
         standing((0.95, 1.9, 0.004), (0.7, 0.98), torn),
         standing((-0.98, 1.5, 0.004), (0.8, 1.1), grounds.paper(400, 500, seed, (206, 120, 96)))],
        eye=(-0.5, 1.55, 2.2), target=(0.02, 1.62, 0), size=(960, 1280), light=CLOUDY,
        field_of_view=44, roll=1,
    )  # fmt: skip
    return shot(scene, [sheet])


def chalk_board(seed: int) -> Shot:
    """A board on the pavement before a café."""
    board = Sheet(800, 1100, grounds.slate(800, 1100, seed))
    chalk, pink, yellow = (236, 236, 228), (240, 168, 170), (244, 222, 140)
    board.write("Today", (400, 140), 150, "script", yellow)
    board.write("COFFEE", (400, 340), 190, "chalk", chalk)
    board.write("& carrot cake", (400, 500), 100, "hand-bold", pink)
    board.rule([(160, 590), (640, 590)], chalk, 6)
    board.write("only 4.50", (400, 690), 130, "hand-bold", chalk)
    board.write("Come on in!", (400, 900), 110, "brush", yellow)
    board.worn(0.16, seed)
    frame = flat((122, 82, 50))
    parts: list[Surface] = [
        lying((0, 0, -2), (20, 14), grounds.concrete(2400, 1600, seed, (150, 146, 140))),
    ]
    lean = 12.0
    slab = standing((0, 0.62, 0), (0.72, 1.0), board.picture, turn=-12, lean=lean)
    rim = standing((0.0, 0.615, -0.012), (0.8, 1.12), frame, turn=-12, lean=lean)
    rear = standing((0.0, 0.6, -0.42), (0.8, 1.12), frame, turn=-12, lean=-lean)
    parts += [slab, rim, rear]
    scene = Scene(
        parts, eye=(0.35, 1.1, 2.2), target=(0, 0.66, 0), size=(960, 1200), light=Light(
            (-0.8, 0.9, 0.7), (2.3, 2.0, 1.6), 0.02, (0.5, 0.56, 0.7), (0.34, 0.32, 0.3)),
        backdrop=grounds.city(960, 1200, seed + 4, blur=0.028), field_of_view=44, aperture=18,
        warmth=0.03, roll=-1,
    )  # fmt: skip
    return shot(scene, [board])


def trail(seed: int) -> Shot:
    """Wooden arrows at a fork of a mountain path."""
    boards = []
    texts = [("SUMMIT  2.4 km", 1), ("WATERFALL", -1), ("Lake Hut  40 min", 1)]
    for at, (text, way) in enumerate(texts):
        grain = grounds.wood(1100, 210, seed + at, (168, 124, 78), 1, 1.3)
        sign = Sheet(1100, 210)
        tip = [(0, 0), (960, 0), (1100, 105), (960, 210), (0, 210)]
        if way < 0:
            tip = [(1100 - x, y) for x, y in tip]
        sign.draw.polygon(tip, (255, 255, 255, 255))
        mask = np.asarray(sign.image)[:, :, 3:]
        sign.paste(np.concatenate([grain, mask], 2), (0, 0))
        sign.write(text, (520 if way > 0 else 590, 108), 120, "park", (250, 240, 214))
        boards.append(sign)
    post = Turned((0, 0, -0.09), 2.7, (0.08, 0.075), grounds.wood(400, 900, seed, (120, 88, 58), 1))
    parts: list[Surface] = [post]
    for at, (sign, turn) in enumerate(zip(boards, (-9, 8, -4), strict=True)):
        parts.append(standing((0.1 * (1, -1, 1)[at], 2.36 - 0.34 * at, 0.01), (1.45, 0.277),
                              sign.picture, turn=turn))  # fmt: skip
    high = 960
    back = grounds.sky(1280, high, seed, (96, 150, 210), (206, 222, 236), 0.45).astype(np.float32)
    x = np.arange(1280)
    for at, (level, tone) in enumerate(
        ((0.52, (126, 146, 172)), (0.62, (94, 118, 126)), (0.76, (84, 116, 66)))
    ):
        ridge = level * high - grounds.noise(1280, 2, (400 - 90 * at, 2), seed + at, 6, 0.5)[0] * (
            70 - 22 * at
        )
        mask = np.arange(high)[:, None] > ridge[None, x]
        texture = grounds.noise(1280, high, 60, seed + at, 5)[:, :, None] * (7 + 3 * at)
        back = np.where(mask[:, :, None], np.asarray(tone) + texture, back)
    view = np.asarray(cv2.GaussianBlur(np.clip(back, 0, 255), (0, 0), 5), np.uint8)
    scene = Scene(
        parts, eye=(-0.5, 1.85, 3.0), target=(0, 2.0, 0), size=(1280, 960), light=NOON,
        backdrop=view, backdrop_gain=0.95, field_of_view=40, roll=1,
    )  # fmt: skip
    return shot(scene, boards)


def garage(seed: int) -> Shot:
    """A notice in German on a garage door."""
    sign = Sheet(1000, 700, (248, 248, 244))
    sign.box((12, 12, 988, 688), None, round_by=20, line=(196, 30, 36), thick=26)
    sign.write("Ausfahrt", (500, 180), 170, "sans-bold", (24, 24, 26))
    sign.write("freihalten", (500, 360), 170, "sans-bold", (24, 24, 26))
    sign.write("Tag und Nacht", (500, 550), 110, "sans", (196, 30, 36))
    sign.worn(0.04, seed)
    door = np.empty((1200, 1600, 3), np.float32)
    door[:] = (106, 130, 116)
    ribs = np.abs(((np.arange(1200) % 100) - 50) / 50.0)[:, None, None]
    door += (ribs**4) * -46 + grounds.noise(1600, 1200, 500, seed)[:, :, None] * 4
    scene = Scene(
        [wall(np.clip(door, 0, 255).astype(np.uint8), 4, 3), *plate(sign, (0.1, 1.6, 0.02), 0.9)],
        eye=(-0.7, 1.5, 1.9), target=(0.05, 1.58, 0), size=(1200, 900), light=NOON,
        field_of_view=46, roll=-1.5, exposure=-0.05,
    )  # fmt: skip
    return shot(scene, [sign])


def number_plate(seed: int) -> Shot:
    """The rear of a red car."""
    plate_ = Sheet(1040, 220, (250, 250, 246))
    plate_.box((4, 4, 1036, 216), None, round_by=16, line=(20, 20, 20), thick=6)
    plate_.draw.rectangle((8, 8, 90, 212), (28, 70, 160))
    plate_.write("NL", (49, 165), 56, "sans-bold", (250, 250, 250))
    plate_.write("KX 482 BT", (566, 112), 200, "din", (18, 18, 20), widest=880)
    rise = np.linspace(0, 1, 1000)[:, None]
    crease = 0.16 * np.exp(-(((rise - 0.3) / 0.02) ** 2)) - 0.2 * np.exp(
        -(((rise - 0.34) / 0.03) ** 2)
    )
    tone = (1.06 - 0.42 * rise + crease)[:, :, None] * np.asarray((150, 22, 28))
    sheen = grounds.noise(1800, 1000, 900, seed, 2)[:, :, None] * 3
    paint = Sheet(
        1800, 1000, np.clip(tone + sheen + np.zeros((1000, 1800, 3)), 0, 255).astype("u1")
    )
    for x, way in ((-60, 1), (1500, -1)):
        paint.box((x, 120, x + 360, 420), (60, 6, 10), round_by=60)
        paint.box((x + 16, 136, x + 344, 300), (214, 24, 30), round_by=50)
        paint.box((x + 16, 310, x + 344, 404), (226, 150, 90), round_by=30)
        for ridge in range(x + 40, x + 330, 16):
            paint.rule([(ridge, 146), (ridge + 6 * way, 292)], (236, 70, 66), 3)
    paint.box((470, 400, 1330, 740), (92, 12, 18), round_by=44)
    paint.box((480, 420, 1320, 730), (108, 15, 21), round_by=40)
    paint.box((700, 382, 1100, 424), (196, 200, 204), round_by=20)
    paint.write("MARLO", (900, 300), 70, "spartan", (226, 228, 230), apart=0.5)
    paint.rule([(0, 860), (1800, 860)], (50, 8, 10), 8)
    rubber = grounds.concrete(900, 200, seed, (46, 48, 50))
    scene = Scene(
        [lying((0, 0, 0), (16, 16), grounds.asphalt(1800, 1800, seed)),
         standing((0, 0.9, 0), (1.8, 1.0), paint.picture, Finish(gloss=0.06, softness=1.0), lean=6),
         *box((0, 0.24, -0.02), (1.9, 0.26, 0.4), [rubber] * 4, Finish(gloss=0.04, softness=2.0)),
         *plate(plate_, (0, 0.83, 0.035), 0.6, thick=0.02)],
        eye=(-0.42, 1.02, 1.12), target=(0.02, 0.83, 0), size=(1280, 860), light=Light(
            (-0.5, 1, 0.6), (1.3, 1.25, 1.15), 0.2, (0.8, 0.86, 0.94), (0.3, 0.3, 0.3),
            [((0.5, 0.5, 1.0), 0.5, 0.10, 2.0)]),
        field_of_view=58, roll=1.5, aperture=6,
    )  # fmt: skip
    return shot(scene, [plate_, paint])


def for_rent(seed: int) -> Shot:
    """A Spanish notice on a balcony's railing."""
    sign = Sheet(1200, 620, (250, 214, 40))
    sign.write("SE ALQUILA", (600, 200), 220, "poster", (196, 28, 30))
    sign.write("piso 3 dormitorios", (600, 370), 100, "lato-bold", (24, 24, 30))
    sign.write("612 555 018", (600, 500), 130, "lato-black", (24, 24, 30))
    sign.worn(0.04, seed)
    bars: list[Surface] = []
    for at in range(17):
        bars += box((-1.6 + 0.2 * at, 0.05, 0), (0.025, 1.0, 0.025), [flat((32, 34, 36))] * 4)
    rail = box((0, 1.05, 0), (3.5, 0.05, 0.06), [flat((32, 34, 36))] * 4)
    door = Sheet(600, 900, (96, 134, 148))
    for y in range(40, 880, 26):
        door.draw.rectangle((40, y, 285, y + 15), (72, 106, 120))
        door.draw.rectangle((315, y, 560, y + 15), (72, 106, 120))
    pots: list[Surface] = []
    rng = np.random.default_rng(seed)
    for x in (-1.2, 1.25):
        pots.append(Turned((x, 0.06, -0.35), 0.3, (0.13, 0.18), flat((188, 104, 70))))
        for _ in range(9):
            centre = (
                x + rng.normal(0, 0.1),
                0.45 + rng.uniform(0, 0.22),
                -0.35 + rng.normal(0, 0.08),
            )
            tone = (206, 48, 66) if rng.random() < 0.4 else (76, 116, 58)
            pots.append(Ball(centre, float(rng.uniform(0.06, 0.1)), flat(tone)))
    scene = Scene(
        [wall(grounds.plaster(1600, 1200, seed, (232, 200, 150), 1.5), 6, 4.6, -1.0),
         standing((0.0, 1.05, -0.98), (1.5, 2.2), door.picture),
         *box((0, -0.1, -0.5), (3.6, 0.14, 1.1), [flat((196, 186, 170))] * 4),
         *bars, *rail, *pots, standing((-0.1, 0.6, 0.03), (1.15, 0.594), sign.picture, turn=1)],
        eye=(0.7, -0.5, 3.3), target=(0, 0.72, -0.2), size=(1280, 960), light=NOON,
        field_of_view=46, roll=-1,
    )  # fmt: skip
    return shot(scene, [sign])
