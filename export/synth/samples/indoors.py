"""Books, boards, a museum's wall, a shirt: things seen indoors; a unit is ten centimetres."""

from __future__ import annotations

import cv2
import numpy as np

from export.synth.samples import grounds
from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Colour, Picture, Sheet
from export.synth.samples.shots import LAMP, WINDOW_LEFT, Shot, shot
from export.synth.samples.surfaces import Finish, Surface, box, lying, standing
from export.synth.samples.table import WAX, cup, flat

CLOTHBOUND = Finish(gloss=0.02, softness=3.0)
LACQUER = Finish(gloss=0.06, softness=1.2)


def _spine(title: str, author: str, tone: Colour, ink: Colour, face: str, size: int) -> Sheet:
    """A spine, written along its length: (1300, 200) before it is turned upright."""
    sheet = Sheet(1300, 200, tone)
    sheet.box((0, 0, 26, 200), ink)
    sheet.box((1274, 0, 1300, 200), ink)
    sheet.write(title, (480, 102), size, face, ink, widest=760)
    sheet.write(author, (1080, 102), 66, "lato", ink, widest=330)
    shade = (1 - 0.35 * np.abs(np.linspace(-1, 1, 200)) ** 3)[:, None, None]
    sheet.paste(np.clip(sheet.picture * shade, 0, 255).astype(np.uint8), (0, 0))
    return sheet


def book_spines(seed: int) -> Shot:
    """A row of novels on a shelf."""
    books = [
        ("The Salt Road", "Harbour Press", (132, 30, 36), (246, 226, 180), "serif-bold", 130),
        ("WINTER MAPS", "Atlas Books", (26, 54, 84), (236, 240, 244), "poster", 150),
        ("Bread & Stars", "Easy Bakes", (232, 196, 96), (60, 40, 30), "script", 130),
        ("A Short History of Rain", "Weather Notes", (72, 108, 96), (244, 240, 220), "goudy", 120),
        ("NACHTZUG", "Ein Reisebuch", (24, 24, 28), (232, 88, 52), "spartan", 130),
        ("The Glass Orchard", "Stories", (226, 220, 206), (100, 40, 70), "old-bold", 120),
        ("Cooking for Two", "Recipes", (206, 92, 60), (255, 246, 230), "round", 120),
    ]
    parts: list[Surface] = [
        lying((0, 0, 0.2), (14, 4), grounds.wood(1800, 600, seed, (156, 112, 72), 1), WAX),
        standing((0, 3, -1.4), (16, 8), grounds.plaster(1200, 800, seed, (196, 204, 200), 0.5)),
    ]
    rng = np.random.default_rng(seed)
    sheets, x = [], -1.5
    for title, author, tone, ink, face, size in books:
        sheet = _spine(title, author, tone, ink, face, size)
        wide, high = float(rng.uniform(0.34, 0.5)), float(rng.uniform(2.1, 2.5))
        picture = np.ascontiguousarray(np.rot90(sheet.picture, -1))
        side = flat(tone)
        top = grounds.paper(60, 300, seed, (232, 224, 204))
        parts += box((x + wide / 2, 0, float(rng.uniform(-0.1, 0.05))), (wide, high, 1.6),
                     [picture, side, side, top], CLOTHBOUND)  # fmt: skip
        sheets.append(sheet)
        x += wide + 0.012
    parts += box((x + 0.3, 0, -0.1), (0.4, 0.4, 0.8), [flat((190, 160, 110))] * 4, WAX, turn=14)
    scene = Scene(
        parts, eye=(-0.7, 1.5, 5.3), target=(0.1, 1.2, 0.6), size=(1280, 960), light=WINDOW_LEFT,
        field_of_view=46, roll=1, exposure=0.05,
    )  # fmt: skip
    return shot(scene, sheets)


def book_cover(seed: int) -> Shot:
    """A novel left on a linen cloth with a cup of coffee."""
    cover = Sheet(900, 1300, (236, 226, 204))
    for at in range(7):
        tone = [(28, 70, 96), (46, 104, 124), (90, 146, 152), (160, 190, 178), (226, 190, 140),
                (224, 140, 98), (200, 90, 74)][6 - at]  # fmt: skip
        wave = [
            (float(x), 540 + 95 * at + 34 * np.sin(x / 120 + at * 1.3)) for x in range(0, 901, 20)
        ]
        cover.draw.polygon([*wave, (900, 1300), (0, 1300)], tone)
    cover.draw.ellipse((560, 330, 760, 530), (226, 108, 70))
    cover.write("TIDE", (80, 150), 190, "serif-black", (28, 54, 76), anchor="lm")
    cover.write("TABLES", (80, 310), 190, "serif-black", (28, 54, 76), anchor="lm")
    cover.write("a novel", (84, 430), 76, "serif-italic", (28, 54, 76), anchor="lm")
    cover.write("Coastal Stories", (450, 1200), 92, "lato-bold", (248, 240, 222))
    edge = np.full((40, 300, 3), (236, 230, 214), np.uint8)
    edge[::3] = (214, 206, 188)
    cloth = lying((0, 0, 0), (12, 9), grounds.cloth(2000, 1500, seed, (206, 200, 188), 8, 1.2))
    scene = Scene(
        [cloth, *box((-0.15, 0, 0.1), (1.3, 0.22, 1.88), [edge, edge, edge, cover.picture], LACQUER,
                     turn=13), *cup((1.35, -0.75), (96, 130, 140))],
        eye=(0.2, 3.4, 2.1), target=(0.2, 0.05, 0.02), size=(1200, 960), light=WINDOW_LEFT,
        field_of_view=42, aperture=14, roll=-2,
    )  # fmt: skip
    return shot(scene, [cover])


def library_stamp(seed: int) -> Shot:
    """The first page of a library's book, with its stamp and dates."""
    page = Sheet(950, 1300, grounds.paper(950, 1300, seed, (240, 230, 206)))
    blue, ink = (46, 60, 130), (70, 60, 54)
    page.draw.ellipse((250, 110, 700, 400), None, blue, 9)
    page.draw.ellipse((276, 132, 674, 378), None, blue, 4)
    page.write("CITY", (475, 210), 70, "slab", blue, apart=0.1)
    page.write("LIBRARY", (475, 290), 66, "slab", blue, apart=0.05)
    page.write("DATE DUE", (475, 500), 84, "type-bold", ink)
    for at in range(8):
        page.rule([(90, 570 + 84 * at), (860, 570 + 84 * at)], (150, 136, 120), 3)
    page.rule([(475, 570), (475, 1158)], (150, 136, 120), 3)
    dates = ("14 MAR 1998", "02 JUN 1998", "19 OCT 2001", "23 JAN 2004", "07 SEP 2011")
    rng = np.random.default_rng(seed)
    for at, date in enumerate(dates):
        column, row = at % 2, at // 2
        page.write(date, (280 + 385 * column, 612 + 84 * row * 1.0), 46, "type-bold",
                   ((150, 40, 60), blue)[at % 2], turn=float(rng.uniform(-4, 4)))  # fmt: skip
    page.worn(0.05, seed)
    stain = grounds.noise(950, 1300, 400, seed + 1, 4)[:, :, None] * np.asarray((3, 4, 8))
    old = np.clip(page.picture.astype(np.float32) + stain, 0, 255).astype(np.uint8)
    left = grounds.paper(950, 1300, seed + 3, (234, 222, 196))
    scene = Scene(
        [lying((0, 0, 0), (12, 9), grounds.wood(1700, 1300, seed, (108, 70, 44), 4), WAX),
         *box((0.75, 0, 0), (1.55, 0.16, 2.1), [flat((216, 206, 182))] * 3 + [old]),
         *box((-0.83, 0, 0), (1.55, 0.13, 2.1), [flat((216, 206, 182))] * 3 + [left])],
        eye=(0.5, 2.9, 1.9), target=(0.62, 0.1, 0.05), size=(960, 1200), light=LAMP,
        field_of_view=48, roll=-4, aperture=8,
    )  # fmt: skip
    return shot(scene, [page])


def whiteboard(seed: int) -> Shot:
    """A whiteboard after a planning meeting."""
    board = Sheet(1900, 1200, (246, 248, 248))
    smear = np.clip(grounds.noise(1900, 1200, (500, 160), seed, 4), 0, 3)[:, :, None]
    board.paste(np.clip(np.asarray((246, 248, 248)) - smear * 3.5, 0, 255).astype(np.uint8), (0, 0))
    black, blue, red, green = (36, 38, 44), (30, 70, 170), (204, 40, 44), (26, 128, 72)
    board.write("Sprint plan", (110, 130), 150, "marker", blue, anchor="lm")
    board.rule([(90, 215), (860, 200), (940, 214)], blue, 9)
    todo = ("fix the login page", "write tests", "ask Nadia for a quote", "demo on Friday")
    for at, text in enumerate(todo):
        y = 330 + 140 * at
        board.box((100, y - 34, 164, y + 30), None, line=black, thick=7)
        board.write(text, (205, y), 88, "marker", black, anchor="lm")
        if at < 2:
            board.rule([(110, y - 10), (134, y + 20), (190, y - 62)], green, 10)
    board.draw.ellipse((1350, 150, 1790, 430), None, red, 9)
    board.write("users", (1570, 290), 110, "marker", red)
    board.rule([(1570, 440), (1570, 590)], black, 8)
    board.rule([(1530, 545), (1570, 595), (1612, 540)], black, 8)
    board.box((1370, 610, 1770, 810), None, line=blue, thick=9)
    board.write("server", (1570, 710), 110, "marker", blue)
    board.write("deadline 30 June!", (1180, 1020), 120, "marker", red, turn=2, anchor="mm")
    pens = [(206, 40, 44), (30, 70, 170), (36, 38, 44)]
    parts: list[Surface] = [
        standing((0, 0, -0.2), (40, 30), grounds.plaster(1200, 900, seed, (214, 216, 212), 0.4)),
        standing((0, 0, 0), (19, 12), board.picture, Finish(gloss=0.035, softness=6.0)),
        *box((0, -6.5, 0.1), (19.6, 0.5, 0.4), [flat((172, 176, 180))] * 4),
        *box((0, 6.0, 0.1), (19.6, 0.3, 0.4), [flat((172, 176, 180))] * 4),
        *box((-9.65, -6.2, 0.1), (0.3, 12.4, 0.4), [flat((172, 176, 180))] * 4),
        *box((9.65, -6.2, 0.1), (0.3, 12.4, 0.4), [flat((172, 176, 180))] * 4),
        *box((0, -6.6, 0.7), (8, 0.15, 1.0), [flat((172, 176, 180))] * 4),
    ]
    for at, tone in enumerate(pens):
        parts += box((-2 + 1.9 * at, -6.45, 0.8), (1.4, 0.25, 0.25), [flat(tone)] * 4, turn=3 * at)
    scene = Scene(
        parts, eye=(-5.5, 0.6, 19.5), target=(-0.3, -0.3, 0), size=(1280, 900), light=Light(
            (0.5, 1.0, 1.2), (0.7, 0.68, 0.62), 0.5, (0.85, 0.87, 0.9), (0.45, 0.43, 0.4),
            [((0.32, 0.3, 1.0), 0.16, 0.3, 5.0)]),
        field_of_view=56, roll=-1, grain=3,
    )  # fmt: skip
    return shot(scene, [board])


def museum(seed: int) -> Shot:
    """An abstract painting and its label."""
    rng = np.random.default_rng(seed)
    canvas = np.empty((900, 1200, 3), np.float32)
    canvas[:] = (222, 204, 170)
    for tone in ((34, 70, 110), (206, 96, 54), (238, 186, 80), (52, 110, 96), (120, 40, 60),
                 (236, 226, 204), (24, 40, 60)):  # fmt: skip
        layer = np.zeros((900, 1200), np.uint8)
        middle = rng.uniform((200, 150), (1000, 750))
        angle = np.sort(rng.uniform(0, 6.28, 6))
        reach = rng.uniform(120, 380, 6)
        points = middle + np.stack([np.cos(angle), np.sin(angle)], 1) * reach[:, None]
        cv2.fillPoly(layer, [points.astype(np.int32)], 255)
        share = cv2.GaussianBlur(layer, (0, 0), 2).astype(np.float32)[:, :, None] / 255
        canvas += share * 0.92 * (np.asarray(tone, np.float32) - canvas)
    strokes = grounds.noise(1200, 900, (90, 7), seed, 4)[:, :, None] * 8
    art: Picture = np.clip(canvas + strokes, 0, 255).astype(np.uint8)
    label = Sheet(800, 560, (250, 250, 247))
    label.write("Harbour in March", (60, 100), 78, "serif-italic", (30, 30, 32), anchor="ls")
    label.write("Unknown painter", (60, 190), 58, "sans-bold", (30, 30, 32), anchor="ls")
    label.write("1964", (60, 270), 54, "sans", (80, 80, 84), anchor="ls")
    label.write("Oil on canvas", (60, 345), 54, "sans", (80, 80, 84), anchor="ls")
    label.write("Museum collection, room 4", (60, 475), 50, "sans", (80, 80, 84), anchor="ls")
    way_out = Sheet(620, 240, (22, 122, 74))
    way_out.write("EXIT", (240, 122), 150, "sans-bold", (248, 252, 248))
    way_out.rule([(430, 120), (570, 120)], (248, 252, 248), 20)
    way_out.draw.polygon([(600, 120), (545, 75), (545, 165)], (248, 252, 248))
    gold = grounds.wood(800, 60, seed, (176, 138, 74), 1, 0.7)
    parts: list[Surface] = [
        standing((0, 0, -0.3), (40, 26), grounds.plaster(1600, 1000, seed, (228, 228, 222), 0.35)),
        *box((-2.4, -2.5, -0.05), (7.4, 5.8, 0.4), [gold] * 4),
        standing((-2.4, 0.4, 0.16), (6.8, 5.1), art),
        *box((3.55, -2.1, -0.2), (2.6, 1.82, 0.12), [label.picture, *[flat((236, 236, 232))] * 3]),
        standing((4.1, 2.05, 0.0), (1.9, 0.735), way_out.picture, Finish(glow=0.5)),
        lying((0, -6.5, 5), (40, 12), grounds.wood(1600, 600, seed, (150, 108, 70), 8), WAX),
    ]
    scene = Scene(
        parts, eye=(3.8, -0.6, 9.4), target=(1.25, -0.2, 0), size=(1280, 900), light=Light(
            (0.2, 1.0, 0.9), (1.0, 0.94, 0.84), 0.22, (0.6, 0.6, 0.6), (0.3, 0.28, 0.26)),
        field_of_view=50, roll=0.5,
    )  # fmt: skip
    return shot(scene, [label, way_out])


def shirt(seed: int) -> Shot:
    """A printed T-shirt laid out on floorboards."""
    sheet = Sheet(1500, 1500)
    outline = [(520, 90), (330, 150), (60, 420), (240, 620), (370, 520), (370, 1420), (1130, 1420),
               (1130, 520), (1260, 620), (1440, 420), (1170, 150), (980, 90), (900, 170),
               (750, 205), (600, 170)]  # fmt: skip
    points = np.asarray(outline, np.float32)
    smooth = cv2.GaussianBlur(
        cv2.fillPoly(np.zeros((1500, 1500), np.uint8), [points.astype(np.int32)], 255), (0, 0), 9
    )
    mask = np.where(smooth > 127, 255, 0).astype(np.uint8)
    wool = np.asarray(grounds.cloth(1500, 1500, seed, (38, 66, 104), 6, 0.6), np.float32)
    print_ = Sheet(1500, 1500)
    cream = (246, 232, 200)
    print_.draw.ellipse((530, 400, 970, 840), (240, 150, 70))
    for at in range(4):
        y = 660 + 50 * at
        wave = [(float(x), y + 18 * np.sin(x / 38 + at)) for x in range(520, 981, 10)]
        print_.rule(wave, (38, 66, 104), 18)
    print_.write("SANDBAR", (750, 940), 150, "poster", cream, apart=0.08)
    print_.write("Surf Club", (750, 1060), 130, "script", cream)
    print_.write("since 1987", (750, 1165), 60, "lato-bold", cream, apart=0.1)
    ink = np.asarray(print_.image, np.float32)
    share = ink[:, :, 3:] / 255 * 0.94
    wool += share * (ink[:, :, :3] - wool)
    fold = grounds.noise(1500, 1500, (700, 240), seed + 2, 3, 0.45)
    ridge = np.exp(-np.abs(grounds.noise(1500, 1500, (900, 320), seed + 4, 2)) * 5)
    light = 1 + 0.07 * fold + 0.10 * np.gradient(cv2.GaussianBlur(ridge, (0, 0), 8), axis=0) * 60
    edge = cv2.GaussianBlur(mask, (0, 0), 16).astype(np.float32) / 255
    wool *= (light * (0.72 + 0.28 * np.clip(edge * 2 - 1, 0, 1)))[:, :, None]
    for level in (165, 195):
        neck = [(float(a), level + 36 * (1 - ((a - 750) / 170) ** 2)) for a in range(585, 916, 15)]
        cv2.polylines(wool, [np.asarray(neck, np.int32)], False, (24, 44, 72), 4, cv2.LINE_AA)
    cut = np.concatenate([np.clip(wool, 0, 255).astype(np.uint8), mask[:, :, None]], 2)
    sheet.paste(cut, (0, 0))
    sheet.words = print_.words
    scene = Scene(
        [lying((0, 0, 0), (14, 14), grounds.wood(2200, 2200, seed, (206, 176, 138), 13), WAX),
         lying((0, 0.09, 0), (6, 6), sheet.picture, turn=5),
         lying((0.02, 0.045, 0.02), (5.95, 5.95), sheet.picture, turn=5)],
        eye=(0.3, 9.4, 3.6), target=(0.05, 0, 0.1), size=(1080, 1200), light=WINDOW_LEFT,
        field_of_view=42, roll=-1,
    )  # fmt: skip
    return shot(scene, [sheet])


def menu(seed: int) -> Shot:
    """The blackboard over a café's counter."""
    board = Sheet(1700, 1150, grounds.slate(1700, 1150, seed))
    chalk, yellow, pink = (238, 238, 230), (246, 224, 140), (242, 176, 170)
    board.write("MENU", (850, 130), 170, "chalk", yellow)
    left = (("Coffee", "2.80"), ("Cappuccino", "3.40"), ("Flat white", "3.50"),
            ("Hot chocolate", "3.90"), ("Mint tea", "2.60"))  # fmt: skip
    right = (("Bagel", "4.20"), ("Quiche", "6.50"), ("Soup", "5.80"), ("Brownie", "3.20"),
             ("Lemon tart", "3.80"))  # fmt: skip
    for x, rows in ((90, left), (950, right)):
        for at, (name, price) in enumerate(rows):
            y = 340 + 118 * at
            board.write(name, (x, y), 82, "pen", chalk, anchor="lm", edge=(2, chalk))
            board.write(price, (x + 670, y), 82, "pen", pink, anchor="rm", edge=(2, pink))
    board.rule([(850, 270), (850, 880)], (150, 150, 146), 4)
    board.write("Ask for our cake of the day", (850, 1020), 110, "brush", yellow, widest=1300)
    board.worn(0.14, seed)
    frame = grounds.wood(900, 40, seed, (150, 104, 64), 1)
    parts: list[Surface] = [
        standing(
            (0, 0, -0.25),
            (50, 30),
            grounds.tiles(2600, 1600, seed, (226, 230, 224), 34, 36),
            Finish(gloss=0.05, softness=1.0),
        ),
        *box((0, -6.2, -0.1), (18.2, 12.6, 0.3), [frame] * 4),
        standing((0, 0.1, 0.1), (17, 11.5), board.picture),
        *box(
            (0, -9.4, 2), (40, 1.0, 4), [grounds.wood(1600, 60, seed, (150, 108, 70), 1)] * 4, WAX
        ),
    ]
    for lamp in (-5.0, 0.0, 5.0):
        parts += box((lamp, 7.4, 2.4), (0.9, 1.0, 0.9), [flat((40, 40, 42))] * 4)
    scene = Scene(
        parts, eye=(4.5, -3.0, 17), target=(0.2, -0.4, 0), size=(1280, 960), light=Light(
            (0.1, 1.2, 1.0), (1.3, 1.1, 0.82), 0.3, (0.5, 0.48, 0.44), (0.3, 0.26, 0.22)),
        field_of_view=56, roll=-1, warmth=0.02, exposure=-0.1,
    )  # fmt: skip
    return shot(scene, [board])


def postcard(seed: int) -> Shot:
    """A holiday postcard on a beach towel."""
    card = Sheet(1300, 900, grounds.paper(1300, 900, seed, (250, 248, 240)))
    scene_ = grounds.sky(1220, 820, seed, (66, 150, 214), (200, 230, 240), 0.3).astype(np.float32)
    scene_[430:620] = np.asarray((30, 130, 160)) + grounds.noise(1220, 190, (120, 6), seed, 4)[
        :, :, None] * 12  # fmt: skip
    scene_[620:] = (
        np.asarray((236, 212, 164)) + grounds.noise(1220, 200, 8, seed, 3)[:, :, None] * 5
    )
    for x, top in ((180, 300), (320, 250), (930, 330)):
        cv2.rectangle(scene_, (x, top), (x + 100, 440), (244, 240, 230), -1)
        cv2.fillPoly(scene_, [np.asarray([(x - 8, top), (x + 50, top - 60), (x + 108, top)])],
                     (206, 98, 70))  # fmt: skip
    card.paste(np.clip(scene_, 0, 255).astype(np.uint8), (40, 40))
    card.write("Greetings from", (650, 190), 130, "brush", (255, 255, 255), edge=(5, (30, 70, 110)))
    card.write("PORTO VELA", (650, 730), 210, "poster", (230, 70, 60), edge=(8, (255, 255, 255)),
               apart=0.02)  # fmt: skip
    towel = np.zeros((1200, 1600, 3), np.uint8)
    for at in range(16):
        towel[:, at * 100 : at * 100 + 100] = ((238, 236, 228), (64, 150, 170))[at % 2]
    pile = grounds.noise(1600, 1200, 5, seed, 2, 0.9)[:, :, None] * 12
    wool = np.clip(towel + pile, 0, 255).astype(np.uint8)
    scene = Scene(
        [lying((0, 0, 0), (12, 9), wool), lying((0.05, 0.03, 0.05), (2.2, 1.52), card.picture,
               LACQUER, turn=-12)],
        eye=(0.2, 2.7, 1.9), target=(0.05, 0, 0.05), size=(1200, 900), light=Light(
            (-0.6, 1.0, 0.3), (2.4, 2.2, 1.9), 0.02, (0.55, 0.64, 0.8), (0.3, 0.3, 0.3)),
        field_of_view=50, roll=2,
    )  # fmt: skip
    return shot(scene, [card])
