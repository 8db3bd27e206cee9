"""Jars, bottles, cartons and what hangs on the fridge; a unit is ten centimetres."""

from __future__ import annotations

import numpy as np

from export.synth.samples import grounds
from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Colour, Picture, Sheet
from export.synth.samples.shots import CLOUDY, WINDOW_BACK, WINDOW_LEFT, Shot, shot
from export.synth.samples.surfaces import (
    Ball,
    Finish,
    Surface,
    Turned,
    box,
    disc,
    dome,
    lying,
    standing,
)
from export.synth.samples.table import WAX, cup, flat

GLASS = Finish(gloss=0.08, softness=0.7)
SATIN = Finish(gloss=0.03, softness=2.5)
TIN = Finish(gloss=0.35, softness=1.5)


def jar(at: tuple[float, float], label: Sheet, inside: Colour, lid: Colour, facing: float = 0,
        size: float = 1.0) -> list[Surface]:  # fmt: skip
    x, z = at
    s = size
    fill = grounds.noise(300, 200, 40, int(abs(x) * 100) + 5, 4)[:, :, None] * 9
    jam: Picture = np.clip(np.asarray(inside) + fill, 0, 255).astype(np.uint8)
    gingham = np.zeros((64, 512, 3), np.uint8)
    gingham[:] = lid
    gingham[:, ::16] = 245
    gingham[:, 1::16] = 245
    return [
        Turned((x, 0, z), 0.95 * s, (0.5 * s, 0.5 * s), jam, GLASS),
        *dome((x, 0.95 * s, z), 0.14 * s, (0.5 * s, 0.42 * s), jam, GLASS, steps=4),
        Turned((x, 1.07 * s, z), 0.22 * s, (0.45 * s, 0.45 * s), gingham, SATIN),
        disc((x, 1.29 * s, z), 0.45 * s, lid, SATIN),
        Turned((x, 0.16 * s, z), 0.66 * s, (0.505 * s, 0.505 * s), label.picture, SATIN, span=150,
               facing=facing),
    ]  # fmt: skip


def _jam_label(name: str, ink: Colour, year: str) -> Sheet:
    label = Sheet(900, 450, (252, 248, 236))
    label.box((16, 16, 884, 434), None, round_by=24, line=ink, thick=8)
    label.write(name, (450, 150), 130, "script", ink, widest=620)
    label.write("JAM", (450, 270), 96, "goudy", (60, 44, 40), apart=0.3)
    label.write(year, (450, 365), 66, "pen", (60, 44, 40), edge=(1, (60, 44, 40)))
    return label


def jam(seed: int) -> Shot:
    """Two jars of jam on a kitchen table."""
    berry = _jam_label("Strawberry", (186, 30, 50), "Homemade 2023")
    apricot = _jam_label("Apricot", (206, 112, 20), "July 2023")
    parts: list[Surface] = [
        lying((0, 0, 0), (14, 9), grounds.wood(1800, 1200, seed, (206, 178, 140), 6), WAX),
        *jar((-0.62, 0.1), berry, (128, 14, 26), (176, 40, 46), 2),
        *jar((0.66, -0.25), apricot, (206, 110, 24), (72, 112, 96), 8),
    ]
    for x, z in ((-1.5, 0.7), (-1.22, 0.95), (-0.3, 0.98), (0.28, 0.84), (1.5, 0.5)):
        parts.append(Ball((x, 0.14, z), 0.135, flat((176, 24, 36)), GLASS, flat=0.95))
    scene = Scene(
        parts, eye=(0.1, 1.35, 4.1), target=(0.05, 0.58, 0), size=(1280, 960), light=WINDOW_LEFT,
        backdrop=grounds.room(1280, 960, seed, (168, 150, 126), 4, 0.03), field_of_view=42,
        aperture=12,
    )  # fmt: skip
    return shot(scene, [berry, apricot])


def bottle(at: tuple[float, float], glass: Colour, foil: Colour, label: Sheet | None,
           facing: float = 0) -> list[Surface]:  # fmt: skip
    x, z = at
    body = flat(glass)
    parts: list[Surface] = [
        Turned((x, 0, z), 1.85, (0.38, 0.38), body, GLASS),
        *dome((x, 1.85, z), 0.42, (0.38, 0.15), body, GLASS),
        Turned((x, 2.27, z), 0.2, (0.15, 0.14), body, GLASS),
        Turned((x, 2.4, z), 0.62, (0.148, 0.148), flat(foil), Finish(gloss=0.12, softness=1.5)),
        disc((x, 3.02, z), 0.148, foil, SATIN),
    ]
    if label is not None:
        wide = label.wide / label.high * 1.1
        span = float(np.degrees(wide / 0.383))
        parts.append(Turned((x, 0.42, z), 1.1, (0.383, 0.383), label.picture, SATIN, span=span,
                            facing=facing))  # fmt: skip
    return parts


def wine(seed: int) -> Shot:
    """A bottle of red wine in the evening."""
    label = Sheet(720, 960, grounds.paper(720, 960, seed, (244, 238, 222)))
    ink, gold = (54, 32, 34), (160, 120, 52)
    label.box((20, 20, 700, 940), None, line=gold, thick=5)
    for at in range(5):
        label.draw.arc(
            (210 + 20 * at, 90 + 14 * at, 510 - 20 * at, 330 - 14 * at), 180, 360, gold, 7
        )
    label.rule([(210, 210), (510, 210)], gold, 7)
    label.write("Château", (360, 340), 100, "dancing", ink)
    label.write("MIRECOURT", (360, 450), 104, "old-bold", ink, widest=580)
    label.write("GRAND VIN ROUGE", (360, 560), 60, "goudy", ink, widest=540)
    label.write("2019", (360, 690), 120, "old-bold", (140, 30, 40))
    label.write("13% vol  75 cl", (360, 830), 48, "goudy", ink)
    glass: list[Surface] = [
        disc((0.95, 0.01, 0.3), 0.34, (204, 206, 208), GLASS),
        Turned((0.95, 0.01, 0.3), 0.8, (0.03, 0.03), flat((204, 206, 208)), GLASS),
        *dome((0.95, 0.8, 0.3), 0.45, (0.04, 0.4), flat((92, 10, 24)), GLASS),
        disc((0.95, 1.22, 0.3), 0.395, (110, 16, 30), GLASS),
        Turned((0.95, 1.25, 0.3), 0.22, (0.4, 0.37), flat((150, 140, 136)), GLASS),
    ]
    light = Light(
        (-0.9, 0.9, 0.6),
        (1.6, 1.35, 1.0),
        0.3,
        (0.42, 0.38, 0.34),
        (0.22, 0.17, 0.13),
        [((-1.0, 0.35, 0.75), 0.12, 0.7, 3.0), ((1.0, 0.4, -0.1), 0.1, 0.6, 1.5)],
    )
    scene = Scene(
        [lying((0, 0, 0), (14, 9), grounds.wood(1800, 1200, seed, (112, 74, 48), 5), WAX),
         *bottle((-0.1, 0), (22, 34, 24), (110, 20, 32), label, 4), *glass],
        eye=(0.2, 1.35, 4.3), target=(0.1, 1.12, 0), size=(960, 1280), light=light,
        backdrop=grounds.room(960, 1280, seed, (112, 76, 52), 12, 0.025), field_of_view=38,
        aperture=10, warmth=0.05, bloom=0.1, exposure=-0.1,
    )  # fmt: skip
    return shot(scene, [label])


def medicine(seed: int) -> Shot:
    """A carton of tablets and a blister on a bedside table."""
    front = Sheet(1300, 620, (250, 250, 250))
    blue, orange = (18, 74, 140), (240, 134, 30)
    front.draw.polygon([(0, 470), (1300, 360), (1300, 620), (0, 620)], blue)
    front.draw.polygon([(0, 440), (1300, 330), (1300, 362), (0, 472)], orange)
    front.write("Velanorin", (70, 150), 170, "lato-black", blue, anchor="lm")
    front.write("400 mg", (70, 300), 110, "lato-bold", orange, anchor="lm")
    front.write("20 tablets", (1230, 150), 76, "lato", (50, 56, 64), anchor="rm")
    front.write("Fast pain relief", (70, 545), 84, "lato-bold", (255, 255, 255), anchor="lm")
    side = Sheet(400, 620, blue)
    top = Sheet(1300, 420, (250, 250, 250))
    top.write("Velanorin", (70, 150), 150, "lato-black", blue, anchor="lm")
    top.write("Keep away from children", (70, 310), 72, "lato", (50, 56, 64), anchor="lm")
    foil = np.full((500, 900, 3), (206, 210, 214), np.uint8)
    parts: list[Surface] = [
        lying((0, 0, 0), (12, 9), grounds.wood(1700, 1200, seed, (224, 212, 194), 2, 0.6), WAX),
        *box(
            (0, 0, -0.1),
            (2.6, 1.24, 0.84),
            [front.picture, side.picture, side.picture, top.picture],
            SATIN,
            turn=-16,
        ),
        *box((0.75, 0, 1.15), (1.6, 0.03, 0.8), [foil] * 4, TIN, turn=14),
    ]
    spin = np.radians(14)
    for row in range(2):
        for column in range(5):
            x, z = -0.6 + 0.3 * column, -0.18 + 0.36 * row
            at = (0.75 + x * np.cos(spin) + z * np.sin(spin), 0.03,
                  1.15 - x * np.sin(spin) + z * np.cos(spin))  # fmt: skip
            parts.append(Ball(at, 0.11, flat((244, 244, 240)), GLASS, flat=0.6))
    water: list[Surface] = [
        Turned((-1.9, 0, -0.9), 1.5, (0.36, 0.44), flat((196, 210, 214)), GLASS),
        disc((-1.9, 1.3, -0.9), 0.42, (176, 196, 204), GLASS),
    ]
    scene = Scene(
        [*parts, *water], eye=(-0.5, 3.2, 3.8), target=(0.05, 0.5, 0.15), size=(1280, 960),
        light=WINDOW_LEFT, backdrop=grounds.room(1280, 960, seed, (170, 164, 158), 3, 0.03),
        field_of_view=42, aperture=14, roll=-1,
    )  # fmt: skip
    return shot(scene, [front, top])


def tea(seed: int) -> Shot:
    """A box of tea and a packet of coffee on a shelf."""
    front = Sheet(800, 1000, (38, 86, 66))
    cream = (246, 236, 206)
    front.box((40, 40, 760, 960), None, round_by=30, line=cream, thick=7)
    for at in range(8):
        turn = np.radians(at * 45 + 10)
        x, y = 400 + 100 * np.cos(turn), 265 + 100 * np.sin(turn)
        front.draw.ellipse((x - 52, y - 52, x + 52, y + 52), (196, 212, 130))
    front.draw.ellipse((345, 210, 455, 320), (244, 206, 96))
    front.write("BRINDLEWICK", (400, 480), 100, "serif-bold", cream, widest=620)
    front.write("Green Tea", (400, 620), 140, "script", (226, 232, 150))
    front.write("40 bags", (400, 755), 84, "lato-bold", cream)
    front.write("organic", (400, 845), 66, "dancing", cream)
    bag = Sheet(700, 1000, (60, 44, 38))
    bag.box((0, 0, 700, 120), (44, 32, 28))
    bag.box((90, 260, 610, 760), (232, 218, 192), round_by=20)
    bag.write("TAMAROW", (350, 350), 90, "spartan", (60, 44, 38), widest=460)
    bag.write("COFFEE", (350, 500), 150, "poster", (166, 70, 40), apart=0.05)
    bag.write("dark roast", (350, 605), 80, "dancing", (60, 44, 38))
    bag.write("500 g", (350, 700), 64, "lato-bold", (60, 44, 38))
    side = flat((28, 68, 52))
    parts: list[Surface] = [
        lying((0, 0, 0.4), (14, 3.2), grounds.wood(1800, 500, seed, (176, 128, 84), 2), WAX),
        standing((0, 3, -1.2), (16, 8), grounds.tiles(1800, 900, seed, (224, 232, 228), 22, 14),
                 Finish(gloss=0.06, softness=1.0)),
        *box((-0.85, 0, 0), (1.4, 1.75, 0.7), [front.picture, side, side, side], SATIN, turn=9),
        *box((0.9, 0, -0.1), (1.25, 1.8, 0.7), [bag.picture] + [flat((48, 35, 30))] * 3, SATIN,
             turn=-12),
        *cup((0.22, 1.3), (228, 190, 90), drink=True),
    ]  # fmt: skip
    scene = Scene(
        parts, eye=(-0.15, 1.9, 4.8), target=(0.02, 0.85, 0), size=(1200, 960), light=WINDOW_LEFT,
        field_of_view=42, aperture=9,
    )  # fmt: skip
    return shot(scene, [front, bag])


def fridge(seed: int) -> Shot:
    """Notes and magnets on a fridge's door."""
    rng = np.random.default_rng(seed)
    door = grounds.metal(1400, 1800, seed, (208, 212, 214))
    notes = [
        ("Buy milk", "& eggs", (252, 232, 110), (-0.85, 1.1), -4),
        ("Call the", "dentist!", (250, 170, 186), (0.75, 1.35), 5),
        ("Dinner with", "Rosa 7 pm", (160, 220, 236), (-0.7, -0.75), 3),
        ("coffee", "filters", (186, 228, 150), (0.85, -0.35), -6),
    ]
    parts: list[Surface] = [
        standing((0, 0, 0), (7, 9), door, Finish(gloss=0.08, softness=5.0)),
    ]
    sheets = []
    for first, second, tone, (x, y), turn in notes:
        note = Sheet(520, 520, tone)
        shade = np.linspace(1.03, 0.93, 520, dtype=np.float32)[:, None, None]
        note.paste(
            np.clip(np.asarray(note.image)[:, :, :3] * shade, 0, 255).astype(np.uint8), (0, 0)
        )
        note.write(
            first, (260, 190), 110, "marker", (30, 40, 90), widest=440, edge=(2, (30, 40, 90))
        )
        note.write(
            second, (260, 330), 110, "marker", (30, 40, 90), widest=440, edge=(2, (30, 40, 90))
        )
        plane = standing((x, y, 0.02), (1.35, 1.35), note.picture, lean=-2)
        angle = np.radians(turn)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        spun = [np.array([v[0] * c - v[1] * s, v[0] * s + v[1] * c, v[2]], np.float32)
                for v in (plane.across, plane.down)]  # fmt: skip
        middle = plane.corner + plane.across / 2 + plane.down / 2
        parts.append(type(plane)(middle - spun[0] / 2 - spun[1] / 2, spun[0], spun[1],
                                 note.picture))  # fmt: skip
        tone2 = [(206, 52, 48), (40, 110, 180), (60, 140, 80), (240, 170, 40)]
        colour = tone2[int(rng.integers(4))]
        parts.append(Ball((x, y + 0.52, 0.05), 0.15, flat(colour), GLASS))
        sheets.append(note)
    parts += box((-2.35, -1.6, 0.15), (0.16, 4.2, 0.16), [flat((170, 173, 176))] * 4, TIN)
    scene = Scene(
        parts, eye=(0.7, 0.5, 5.2), target=(0.0, 0.28, 0), size=(1000, 1280), light=WINDOW_LEFT,
        field_of_view=44, roll=2,
    )  # fmt: skip
    return shot(scene, sheets)


def market(seed: int) -> Shot:
    """Fruit with price tags at a market."""
    rng = np.random.default_rng(seed)
    parts: list[Surface] = []
    sheets = []
    parts.append(lying((0, 0, 0.6), (9, 3.4), grounds.wood(1600, 600, seed, (120, 92, 66), 4)))
    kinds = (
        ("Tomatoes", "2.40 kg", (196, 36, 30), -1.75),
        ("Oranges", "1.90 kg", (240, 138, 30), 0.0),
        ("Limes", "0.35 each", (120, 164, 50), 1.75),
    )
    for name, price, tone, x in kinds:
        side = grounds.wood(500, 160, seed, (190, 150, 104), 1)
        parts += box((x, 0, 1.05), (1.7, 0.5, 0.08), [side] * 4)
        parts += box((x - 0.82, 0, -0.2), (0.07, 0.5, 2.5), [side] * 4)
        parts.append(lying((x, 0.3, -0.2), (1.66, 2.5), flat((70, 50, 36))))
        for row in range(5):
            for column in range(3):
                skin = grounds.noise(120, 60, 30, int(rng.integers(1_000_000)), 3)[:, :, None]
                picture = np.clip(np.asarray(tone) + skin * 12 + rng.normal(0, 6), 0, 255)
                centre = (
                    x - 0.5 + 0.5 * column + rng.normal(0, 0.03),
                    0.5 + 0.05 * (row % 2) + rng.normal(0, 0.03),
                    0.75 - 0.5 * row + rng.normal(0, 0.03),
                )
                parts.append(Ball(centre, 0.27 + rng.normal(0, 0.01), picture.astype(np.uint8),
                                  Finish(gloss=0.05, softness=1.2), flat=0.94))  # fmt: skip
        tag = Sheet(640, 400, (30, 36, 34))
        tag.box((8, 8, 632, 392), None, round_by=12, line=(200, 170, 110), thick=12)
        tag.write(name, (320, 140), 140, "brush", (248, 244, 228), widest=560)
        tag.write(price, (320, 285), 120, "marker", (250, 224, 110), widest=560)
        parts.append(
            standing((x + 0.05, 1.22, -0.5), (1.4, 0.875), tag.picture, turn=-3 * x, lean=8)
        )
        parts += box((x + 0.05, 0.4, -0.54), (0.05, 0.5, 0.03), [flat((190, 160, 110))] * 4)
        sheets.append(tag)
    scene = Scene(
        parts, eye=(0.3, 2.55, 5.2), target=(0.0, 0.78, -0.2), size=(1280, 860), light=CLOUDY,
        backdrop=grounds.room(1280, 960, seed, (130, 134, 120), 5, 0.03), field_of_view=48,
        aperture=10, roll=-1,
    )  # fmt: skip
    return shot(scene, sheets)


def paper_cup(seed: int) -> Shot:
    """A coffee to go on a bench in the park."""
    sleeve = Sheet(1500, 420, grounds.cardboard(1500, 420, seed, (170, 122, 78)))
    dark = (56, 34, 24)
    sleeve.write("Pilgrim Street", (750, 110), 92, "brush", dark)
    sleeve.write("COFFEE", (750, 240), 140, "poster", dark, apart=0.08)
    sleeve.write("handle hot", (750, 350), 54, "lato", dark)
    parts: list[Surface] = [
        lying((0, 0, 0), (12, 4.2), grounds.wood(1800, 700, seed, (132, 106, 82), 4, 1.4)),
        Turned((0, 0, 0), 1.15, (0.3, 0.44), flat((246, 244, 240)), SATIN),
        Turned((0, 0.32, 0), 0.55, (0.345, 0.412), sleeve.picture, span=235, facing=4),
        Turned((0, 1.13, 0), 0.1, (0.47, 0.44), flat((40, 38, 38)), GLASS),
        disc((0, 1.2, 0), 0.44, (36, 34, 34), GLASS),
    ]
    scene = Scene(
        parts, eye=(0.3, 1.2, 3.0), target=(0.02, 0.66, 0), size=(960, 1200), light=WINDOW_BACK,
        backdrop=grounds.leaves(960, 1200, seed, (96, 120, 58), blur=0.022), field_of_view=38,
        aperture=22, exposure=0.1,
    )  # fmt: skip
    return shot(scene, [sleeve])
