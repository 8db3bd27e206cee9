"""Things that lie on tables: receipts, tickets, cards, labels, post."""

from __future__ import annotations

import numpy as np

from export.synth.samples import grounds
from export.synth.samples.camera import Scene
from export.synth.samples.sheets import Sheet
from export.synth.samples.shots import WINDOW_BACK, WINDOW_LEFT, Shot, shot
from export.synth.samples.surfaces import (
    Finish,
    Picture,
    Surface,
    Turned,
    box,
    disc,
    dome,
    lying,
    standing,
)

WAX = Finish(gloss=0.03, softness=3.0)
GLAZE = Finish(gloss=0.06, softness=0.8)


def flat(colour: tuple[int, int, int]) -> Picture:
    return np.full((64, 64, 3), colour, np.uint8)


def cup(
    at: tuple[float, float], colour: tuple[int, int, int] = (236, 232, 224), drink: bool = True
) -> list[Surface]:
    """A cup of coffee on its saucer; a unit is ten centimetres."""
    x, z = at
    parts: list[Surface] = [
        disc((x, 0.02, z), 0.75, colour, GLAZE),
        Turned((x, 0.0, z), 0.06, (0.45, 0.75), flat(colour), GLAZE),
        *dome((x, 0.03, z), 0.62, (0.2, 0.43), flat(colour), GLAZE),
    ]
    if drink:
        parts.append(disc((x, 0.55, z), 0.423, (58, 32, 18), Finish(gloss=0.05, softness=1.0)))
    return parts


def receipt(seed: int) -> Shot:
    """A till receipt on a wooden table beside a cup."""
    slip = Sheet(620, 1180, grounds.paper(620, 1180, seed, (247, 246, 242)))
    ink = (52, 50, 58)
    slip.write("CAFÉ MIRABEL", (310, 90), 58, "till-bold", ink)
    slip.write("14 Harbour Street", (310, 150), 32, "till", ink)
    slip.write("Table 6     12/05/2024", (310, 230), 32, "till", ink)
    slip.rule([(40, 270), (580, 270)], ink, 3)
    rows = [("2 Coffee", "5.60"), ("1 Croissant", "2.40"), ("1 Orange juice", "3.50"),
            ("1 Omelette", "8.90"), ("1 Apple cake", "4.20")]  # fmt: skip
    for at, (name, price) in enumerate(rows):
        slip.write(name, (50, 330 + 58 * at), 36, "till", ink, anchor="lm")
        slip.write(price, (570, 330 + 58 * at), 36, "till", ink, anchor="rm")
    slip.rule([(40, 640), (580, 640)], ink, 3)
    slip.write("TOTAL", (50, 700), 62, "till-bold", ink, anchor="lm")
    slip.write("24.60", (570, 700), 62, "till-bold", ink, anchor="rm")
    slip.write("Card", (50, 776), 36, "till", ink, anchor="lm")
    slip.write("24.60", (570, 776), 36, "till", ink, anchor="rm")
    slip.write("Thank you!", (310, 900), 50, "till-bold", ink)
    slip.bars((110, 980, 510, 1090), seed)
    table = lying((0, 0, 0), (14, 10), grounds.wood(2200, 1500, seed, (146, 98, 60), 5), WAX)
    note = lying((-0.35, 0.012, 0.15), (1.25, 2.38), slip.picture, turn=9)
    scene = Scene(
        [table, note, *cup((1.35, -0.7))], eye=(-0.1, 3.6, 2.9), target=(0.2, 0, -0.05),
        size=(1280, 960), light=WINDOW_LEFT, aperture=16, field_of_view=42, roll=1.5,
    )  # fmt: skip
    return shot(scene, [slip])


def ticket(seed: int) -> Shot:
    """A train ticket on a map of squared paper."""
    face = Sheet(1300, 620, grounds.paper(1300, 620, seed, (250, 240, 214)))
    ink, red = (40, 44, 58), (196, 62, 44)
    face.box((0, 0, 1300, 120), red)
    face.write("NORDLAND RAIL", (50, 60), 64, "din", (255, 250, 240), anchor="lm")
    face.write("SINGLE TICKET", (1250, 60), 46, "din", (255, 250, 240), anchor="rm")
    for at, (name, value) in enumerate((("From", "Eastport"), ("To", "Silverbridge"))):
        face.write(name, (50, 190 + 130 * at), 34, "lato", (120, 110, 96), anchor="lm")
        face.write(value, (180, 190 + 130 * at), 84, "lato-black", ink, anchor="lm")
    details = [("Date", "14 JUN"), ("Time", "09:42"), ("Coach", "7"), ("Seat", "31A")]
    for at, (name, value) in enumerate(details):
        face.write(name, (60 + 200 * at, 440), 30, "lato", (120, 110, 96), anchor="lm")
        face.write(value, (60 + 200 * at, 495), 50, "type-bold", ink, anchor="lm")
    face.write("TOTAL", (900, 440), 30, "lato", (120, 110, 96), anchor="lm")
    face.write("38.50", (900, 495), 50, "type-bold", ink, anchor="lm")
    face.bars((1080, 160, 1250, 570), seed)
    face.draw.ellipse((1276, 280, 1324, 328), (0, 0, 0, 0))
    desk = lying((0, 0, 0), (12, 9), grounds.wood(1800, 1300, seed + 1, (196, 172, 140), 3, 0.8),
                 WAX)  # fmt: skip
    note = Sheet(900, 1200, grounds.paper(900, 1200, seed + 2, (238, 240, 236)))
    for at in range(0, 1200, 46):
        note.rule([(0, at), (900, at)], (190, 208, 222), 2)
        note.rule([(at, 0), (at, 1200)], (190, 208, 222), 2)
    pad = box(
        (-1.5, 0, -0.5), (2.6, 0.12, 3.6), [flat((70, 80, 90))] * 3 + [note.picture], turn=-14
    )
    card = lying((0.3, 0.135, 0.25), (2.6, 1.24), face.picture, turn=11)
    pen: list[Surface] = [
        *box((2.3, 0.0, -0.1), (0.11, 0.1, 1.9), [flat((26, 48, 92))] * 4, GLAZE, turn=-24)
    ]
    scene = Scene(
        [desk, *pad, card, *pen], eye=(0.3, 3.1, 2.2), target=(0.3, 0, 0.1), size=(1200, 900),
        light=WINDOW_BACK, aperture=14, field_of_view=48, roll=-3,
    )  # fmt: skip
    return shot(scene, [face])


def business_card(seed: int) -> Shot:
    """A business card on marble, another one face down."""
    face = Sheet(1020, 640, grounds.paper(1020, 640, seed, (250, 249, 245)))
    ink = (32, 58, 60)
    face.draw.ellipse((70, 80, 190, 200), (222, 120, 84))
    face.draw.ellipse((120, 80, 240, 200), (62, 128, 122))
    face.write("Studio Quillmere", (280, 140), 74, "serif-bold", ink, anchor="lm")
    face.write("Drawing Office", (80, 360), 62, "lato-bold", ink, anchor="lm")
    face.write("Architect", (80, 425), 44, "lato", (92, 104, 106), anchor="lm")
    face.write("27 Orchard Lane, Westbury", (80, 510), 38, "lato", (92, 104, 106), anchor="lm")
    face.write("hello@quillmere.example", (80, 565), 38, "lato", (92, 104, 106), anchor="lm")
    back = np.full((400, 640, 3), (36, 74, 76), np.uint8)
    table = lying((0, 0, 0), (10, 7.5), grounds.marble(1800, 1350, seed),
                  Finish(gloss=0.07, softness=2.0))  # fmt: skip
    stack = box((0.1, 0, 0.1), (1.7, 0.04, 1.06), [flat((235, 235, 230))] * 3 + [face.picture],
                turn=-8)  # fmt: skip
    other = lying((-1.35, 0.012, -0.75), (1.7, 1.06), back, turn=22)
    plant = [Turned((1.7, 0, -1.3), 0.7, (0.42, 0.5), flat((206, 132, 98))),
             disc((1.7, 0.62, -1.3), 0.47, (62, 48, 38))]  # fmt: skip
    scene = Scene(
        [table, *stack, other, *plant], eye=(-0.4, 2.2, 1.9), target=(0.05, 0, 0.0),
        size=(1200, 800), light=WINDOW_LEFT, aperture=20, field_of_view=46, roll=2,
    )  # fmt: skip
    return shot(scene, [face])


def parcel(seed: int) -> Shot:
    """A parcel with its label and a sticker that says what is in it."""
    top = Sheet(1500, 1100, grounds.cardboard(1500, 1100, seed))
    top.draw.rectangle((675, 0, 825, 1100), (206, 172, 122))
    label = Sheet(640, 780, (250, 250, 248))
    label.box((6, 6, 634, 774), None, line=(20, 20, 20), thick=5)
    label.write("EXPRESS", (40, 75), 74, "lato-black", (20, 20, 20), anchor="lm")
    label.rule([(0, 140), (640, 140)], (20, 20, 20), 5)
    label.write("To:", (40, 190), 34, "lato", anchor="lm")
    for at, line in enumerate(("Front Desk", "8 Mill Street", "4021 Linz", "AUSTRIA")):
        label.write(line, (40, 250 + 62 * at), 52, "lato-bold", anchor="lm")
    label.rule([(0, 500), (640, 500)], (20, 20, 20), 5)
    label.bars((60, 530, 580, 680), seed)
    label.write("7730 1946 5528", (320, 725), 40, "ocr")
    top.paste(label, (60, 170), 2)
    frail = Sheet(520, 360, (214, 46, 40))
    frail.write("FRAGILE", (260, 130), 118, "poster", (255, 255, 255))
    frail.write("Handle with care", (260, 260), 56, "lato-bold", (255, 255, 255))
    top.paste(frail, (900, 560), -4)
    side = grounds.cardboard(1200, 600, seed + 4, (172, 132, 90))
    floor = lying((0, 0, -1), (16, 12), grounds.wood(2400, 1800, seed + 5, (176, 134, 92), 9), WAX)
    wall = grounds.plaster(1200, 700, seed, (214, 218, 212), 0.4)
    back = standing((0, 3, -5), (20, 6), wall)
    parts = box((0, 0, 0), (3.2, 1.3, 2.35), [side, side, side, top.picture], turn=-17)
    scene = Scene(
        [floor, back, *parts], eye=(-0.2, 4.6, 3.4), target=(0, 1.0, 0), size=(1200, 960),
        light=WINDOW_LEFT, aperture=10, field_of_view=46,
    )  # fmt: skip
    return shot(scene, [top])
