"""Screenshots: a chat, an error message, a map."""

from __future__ import annotations

import numpy as np

from export.synth.samples import grounds
from export.synth.samples.sheets import Colour, Sheet, font
from export.synth.samples.shots import Shot


def _finished(sheet: Sheet) -> Shot:
    return Shot(sheet.words, screen=sheet.picture)


def _cross(sheet: Sheet, at: tuple[float, float], size: float, ink: Colour, thick: int = 2) -> None:
    x, y = at
    sheet.rule([(x - size, y - size), (x + size, y + size)], ink, thick)
    sheet.rule([(x - size, y + size), (x + size, y - size)], ink, thick)


def chat(seed: int) -> Shot:
    """A conversation on a telephone."""
    del seed
    sheet = Sheet(720, 1280, (236, 239, 243))
    ink, grey = (28, 30, 36), (120, 126, 136)
    sheet.box((0, 0, 720, 170), (250, 251, 252))
    sheet.write("14:32", (40, 36), 30, "ui-bold", ink, anchor="lm")
    sheet.box((620, 24, 672, 48), None, round_by=6, line=ink, thick=3)
    sheet.box((625, 29, 656, 43), ink, round_by=3)
    sheet.rule([(52, 92), (32, 112), (52, 132)], (30, 120, 220), 5)
    sheet.draw.ellipse((84, 76, 156, 148), (232, 140, 100))
    sheet.write("P", (120, 112), 38, "ui-bold", (255, 255, 255), read=False)
    sheet.write("Paula", (180, 96), 36, "ui-bold", ink, anchor="lm")
    sheet.write("online", (180, 134), 26, "ui", grey, anchor="lm")
    sheet.rule([(0, 170), (720, 170)], (222, 226, 230), 2)
    sheet.write("Today", (360, 215), 26, "ui-medium", grey)
    talk = [
        (False, "Are you still coming tonight?", "14:20"),
        (True, "Yes! The train leaves at 17:05", "14:22"),
        (False, "Great, I booked a table at the Anchor", "14:24"),
        (False, "No, but don't forget your passport", "14:29"),
        (True, "Already packed. See you soon", "14:31"),
    ]
    y = 248.0
    face = font("ui", 32)
    for mine, text, hour in talk:
        lines, line = [], ""
        for word in text.split():
            if face.getlength(f"{line} {word}") > 440:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        lines.append(line)
        wide = max(face.getlength(part) for part in lines) + 56
        wide = max(wide, 180)
        high = 44 * len(lines) + 56
        left = 720 - 32 - wide if mine else 32
        tone, pen = ((28, 126, 236), (255, 255, 255)) if mine else ((255, 255, 255), ink)
        sheet.box((left, y, left + wide, y + high), tone, round_by=30)
        for at, part in enumerate(lines):
            sheet.write(part, (left + 28, y + 38 + 44 * at), 32, "ui", pen, anchor="lm")
        sheet.write(hour, (left + wide - 26, y + high - 22), 20, "ui",
                    (206, 226, 250) if mine else grey, anchor="rm")  # fmt: skip
        y += high + 12
    sheet.box((0, 1170, 720, 1280), (250, 251, 252))
    sheet.box((32, 1190, 590, 1256), (236, 239, 243), round_by=33)
    sheet.write("Message", (62, 1223), 30, "ui", grey, anchor="lm")
    sheet.draw.ellipse((616, 1188, 686, 1258), (28, 126, 236))
    sheet.draw.polygon([(640, 1204), (672, 1223), (640, 1242), (647, 1223)], (255, 255, 255))
    return _finished(sheet)


def error(seed: int) -> Shot:
    """A program that could not save its file."""
    back = grounds.sky(1280, 800, seed, (44, 58, 110), (196, 130, 150), 0.35)
    sheet = Sheet(1280, 800, back)
    ink = (36, 38, 44)
    sheet.box((120, 60, 1160, 700), (246, 246, 248), round_by=14)
    sheet.box((120, 60, 1160, 112), (228, 230, 234), round_by=14)
    sheet.box((120, 96, 1160, 112), (228, 230, 234))
    for at, tone in enumerate(((236, 106, 94), (244, 190, 80), (98, 196, 84))):
        sheet.draw.ellipse((144 + 30 * at, 78, 162 + 30 * at, 96), tone)
    sheet.write("report.txt", (640, 87), 24, "ui-medium", (90, 94, 100))
    for at, name in enumerate(("File", "Edit", "View", "Help")):
        sheet.write(name, (152 + 82 * at, 138), 23, "ui", ink, anchor="lm")
    for at in range(13):
        wide = 700 + 200 * np.sin(at * 2.7)
        sheet.box((152, 190 + 36 * at, 152 + wide, 200 + 36 * at), (214, 216, 222), round_by=5)
    for at in range(18, 0, -1):
        shade = Sheet(1280, 800)
        shade.box((360 - at, 262 - at, 940 + at, 566 + at), (0, 0, 0), round_by=22)
        layer = np.asarray(shade.image).copy()
        layer[:, :, 3] = layer[:, :, 3] // 44
        sheet.paste(layer, (0, 6))
    sheet.box((360, 256, 940, 560), (255, 255, 255), round_by=16)
    sheet.draw.ellipse((400, 300, 464, 364), (218, 54, 54))
    _cross(sheet, (432, 332), 14, (255, 255, 255), 6)
    sheet.write("Error 1208", (490, 318), 34, "ui-bold", ink, anchor="lm")
    sheet.write("The file could not be saved.", (490, 362), 25, "ui", ink, anchor="lm")
    sheet.write(
        "The disk is full or write protected.", (490, 400), 25, "ui", (96, 100, 108), anchor="lm"
    )
    for x, text, tone, pen in ((560, "Retry", (28, 112, 224), (255, 255, 255)),
                               (752, "Exit", (232, 234, 238), ink)):  # fmt: skip
        sheet.box((x, 476, x + 164, 528), tone, round_by=10)
        sheet.write(text, (x + 82, 502), 26, "ui-medium", pen)
    sheet.box((0, 744, 1280, 800), (28, 30, 40))
    for at, tone in enumerate(((86, 156, 240), (244, 176, 70), (120, 200, 130), (226, 100, 120))):
        sheet.box((30 + 62 * at, 754, 66 + 62 * at, 790), tone, round_by=9)
    sheet.write("16:48", (1240, 773), 24, "ui-medium", (236, 238, 242), anchor="rm")
    return _finished(sheet)


def street_map(seed: int) -> Shot:
    """A town's map with a way drawn through it."""
    sheet = Sheet(1200, 900, (240, 237, 229))
    rng = np.random.default_rng(seed)
    for _ in range(170):
        x, y = rng.uniform(0, 1200), rng.uniform(0, 900)
        w, h = rng.uniform(24, 70, 2)
        sheet.box((x, y, x + w, y + h), (228, 222, 212), line=(216, 208, 196), thick=1)
    river = [
        (-20.0, 640.0),
        (200, 600),
        (420, 640),
        (640, 720),
        (860, 700),
        (1040, 760),
        (1220, 730),
    ]
    sheet.rule(river, (160, 204, 228), 92)
    for x, y in river:
        sheet.draw.ellipse((x - 46, y - 46, x + 46, y + 46), (160, 204, 228))
    sheet.draw.polygon(
        [(760, 60), (1060, 40), (1120, 250), (900, 320), (740, 230)], (196, 224, 176)
    )
    for _ in range(40):
        x, y = rng.uniform(790, 1060), rng.uniform(80, 260)
        sheet.draw.ellipse((x - 9, y - 9, x + 9, y + 9), (172, 208, 152))
    roads = [
        ([(-10, 180), (420, 230), (700, 380), (1210, 420)], 30, (252, 214, 120)),
        ([(300, -10), (360, 300), (330, 560), (380, 910)], 26, (255, 255, 255)),
        ([(-10, 420), (340, 440), (680, 540), (1210, 560)], 22, (255, 255, 255)),
        ([(700, -10), (690, 380), (760, 910)], 22, (255, 255, 255)),
        ([(980, 330), (960, 910)], 20, (255, 255, 255)),
        ([(120, -10), (100, 910)], 18, (255, 255, 255)),
        ([(380, 820), (960, 850), (1210, 830)], 20, (255, 255, 255)),
        ([(520, 0), (540, 280)], 16, (255, 255, 255)),
    ]
    for points, thick, _tone in roads:
        sheet.rule([(float(x), float(y)) for x, y in points], (206, 198, 186), thick + 5)
    for points, thick, tone in roads:
        sheet.rule([(float(x), float(y)) for x, y in points], tone, thick)
    way = [(352.0, 240.0), (420, 232), (690, 372), (697, 545), (728, 716), (745, 838), (960, 850)]
    sheet.rule(way, (255, 255, 255), 20)
    sheet.rule(way, (40, 110, 230), 13)
    for (x, y), tone in ((way[0], (40, 110, 230)), (way[-1], (220, 50, 50))):
        sheet.draw.ellipse((x - 19, y - 19, x + 19, y + 19), (255, 255, 255))
        sheet.draw.ellipse((x - 13, y - 13, x + 13, y + 13), tone)
    grey, halo = (84, 80, 76), (3, (255, 255, 255))
    for text, at, size, ink, turn in (
        ("High Street", (190, 206), 25, grey, -6), ("Mill Lane", (500, 486), 24, grey, -16),
        ("Church Road", (850, 552), 24, grey, -2),
        ("River Wend", (230, 604), 29, (58, 116, 160), 4),
        ("Botanical Garden", (925, 175), 30, (62, 112, 52), 0),
        ("Station", (960, 800), 28, grey, 0), ("Museum", (300, 330), 28, (150, 80, 50), 0),
        ("Hospital", (560, 780), 28, (176, 50, 60), 0),
        ("Old Town", (540, 400), 34, (110, 104, 98), 0),
    ):  # fmt: skip
        sheet.write(text, at, size, "sans-bold", ink, turn=turn, edge=halo)
    sheet.box((28, 28, 470, 108), (255, 255, 255), round_by=40, line=(210, 210, 210), thick=2)
    sheet.draw.ellipse((56, 52, 82, 78), None, (110, 114, 120), 4)
    sheet.rule([(79, 75), (92, 88)], (110, 114, 120), 5)
    sheet.write("Station", (112, 68), 31, "ui", (40, 42, 46), anchor="lm")
    sheet.box((840, 620, 1168, 724), (255, 255, 255), round_by=18, line=(206, 206, 206), thick=2)
    sheet.write("18 min walk", (866, 654), 31, "ui-bold", (30, 34, 40), anchor="lm")
    sheet.write("1.4 km via Mill Lane", (866, 694), 24, "ui", (104, 108, 114), anchor="lm")
    return _finished(sheet)
