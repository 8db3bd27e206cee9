"""Shop fronts of a small town; a unit is a metre."""

from __future__ import annotations

import cv2
import numpy as np

from export.synth.samples import grounds
from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Colour, Sheet
from export.synth.samples.shots import CLOUDY, NOON, Shot, shot
from export.synth.samples.street import GLASS, pavement, plate, wall
from export.synth.samples.surfaces import Picture, Plane, Surface, box, standing
from export.synth.samples.table import flat


def _awning(z: float, y: float, wide: float, stripes: tuple[Colour, Colour]) -> list[Surface]:
    picture = np.zeros((300, 1200, 3), np.uint8)
    for at in range(12):
        picture[:, at * 100 : at * 100 + 100] = stripes[at % 2]
    valance = np.zeros((100, 1200, 4), np.uint8)
    for at in range(12):
        tone = (*(int(c * 0.9) for c in stripes[at % 2]), 255)
        cv2.rectangle(valance, (at * 100, 0), (at * 100 + 99, 50), tone, -1)
        cv2.ellipse(valance, (at * 100 + 50, 50), (49, 45), 0, 0, 180, tone, -1)
    return [
        Plane((-wide / 2, y, z), (wide, 0, 0), (0, -0.55, 0.9), picture),
        Plane((-wide / 2, y - 0.55, z + 0.9), (wide, 0, 0), (0, -0.2, 0.0), valance),
    ]


def _shop_window(seed: int, wide: int, high: int, goods: tuple[Colour, ...]) -> Sheet:
    """Glass with a dim shop and some goods behind it, to letter on."""
    dim = grounds.room(wide, high, seed, (104, 82, 62), 6, 0.012)
    dim = np.asarray(dim * 0.62, np.uint8)
    rng = np.random.default_rng(seed)
    for _ in range(16):
        at = (int(rng.uniform(0.05, 0.95) * wide), int(rng.uniform(0.8, 0.96) * high))
        axes = (int(rng.uniform(0.03, 0.06) * wide), int(rng.uniform(0.02, 0.05) * wide))
        tone = np.asarray(goods[int(rng.integers(len(goods)))]) * rng.uniform(0.6, 1.0)
        cv2.ellipse(dim, at, axes, float(rng.uniform(-20, 20)), 0, 360, tone.tolist(), -1)
    soft = cv2.GaussianBlur(dim, (0, 0), wide * 0.004)
    return Sheet(wide, high, np.asarray(soft, np.uint8))


def _card(text: str, ground: Colour, ink: Colour, face: str = "slab") -> Sheet:
    sign = Sheet(460, 260, ground)
    sign.box((10, 10, 450, 250), None, round_by=10, line=ink, thick=6)
    sign.write(text, (230, 132), 130, face, ink, widest=390)
    return sign


def shop(
    seed: int, name: Sheet, window: Sheet, door: Sheet, paint: Colour, bricks: Picture,
    awning: tuple[Colour, Colour] | None,
) -> list[Surface]:  # fmt: skip
    """The front of a shop: fascia, window, door; 5 m wide, its middle at x = 0."""
    wood = flat(paint)
    dark = flat((int(paint[0] * 0.7), int(paint[1] * 0.7), int(paint[2] * 0.7)))
    parts: list[Surface] = [wall(bricks, 14, 7), pavement(seed)]
    parts += plate(name, (0, 3.05, 0.14), 4.9, thick=0.12, edge=paint)
    parts += box((0, 3.42, 0.12), (5.1, 0.1, 0.34), [wood] * 4)
    parts.append(standing((-0.75, 1.62, 0.03), (3.2, 2.06), window.picture, GLASS))
    parts.append(standing((1.75, 1.32, 0.03), (1.0, 2.64), door.picture, GLASS))
    for x, w in ((-2.42, 0.18), (1.05, 0.44), (2.38, 0.3)):
        parts += box((x, 0, 0.08), (w, 2.7, 0.14), [wood] * 4)
    parts += box((0, 2.62, 0.06), (5.0, 0.2, 0.12), [wood] * 4)
    parts += box((-0.75, 0, 0.06), (3.3, 0.58, 0.2), [dark, wood, wood, wood])
    parts += box((-0.75, 0.58, 0.08), (3.4, 0.06, 0.3), [wood] * 4)
    parts += box((1.75, 0, 0.05), (1.0, 0.5, 0.06), [dark] * 4)
    if awning:
        parts += _awning(0.16, 2.72, 3.4, awning)
    return parts


def bakery(seed: int) -> Shot:
    """A bakery in the morning sun."""
    gold = (244, 214, 150)
    name = Sheet(2000, 250, (42, 62, 54))
    name.write("WHEATFIELD BAKERY", (1000, 128), 138, "serif-black", gold, apart=0.06)
    window = _shop_window(seed, 1400, 900, ((206, 150, 84), (178, 116, 58), (226, 186, 120)))
    window.write("Fresh Bread", (700, 300), 190, "script", (250, 244, 228))
    window.write("Cakes & Pastries", (700, 470), 110, "dancing", (250, 244, 228))
    door = _shop_window(seed + 1, 440, 1160, ((120, 90, 60),))
    open_ = _card("OPEN", (246, 242, 230), (160, 40, 34))
    scene = Scene(
        [*shop(seed, name, window, door, (52, 76, 66), grounds.brick(2600, 1300, seed,
         (184, 148, 118), 34), None),
         *plate(open_, (1.75, 1.75, 0.06), 0.62)],
        eye=(1.5, 1.6, 6.3), target=(-0.1, 1.95, 0), size=(1280, 960), light=Light(
            (-0.75, 1.0, 0.9), (2.5, 2.3, 1.95), 0.012, (0.5, 0.6, 0.78), (0.34, 0.32, 0.3)),
        field_of_view=50, warmth=0.03, roll=0.5,
    )  # fmt: skip
    return shot(scene, [name, window, open_])


def bookshop(seed: int) -> Shot:
    """A bookshop on a grey afternoon, its lights on."""
    name = Sheet(2000, 250, (28, 48, 84))
    name.write("The Lantern Bookshop", (1000, 128), 150, "serif-bold", (240, 226, 190))
    window = _shop_window(seed, 1400, 900, ((150, 60, 50), (60, 90, 120), (200, 170, 110)))
    window.write("NEW & SECOND-HAND", (700, 150), 96, "goudy", (248, 240, 214), apart=0.05)
    rng = np.random.default_rng(seed)
    x = 60.0
    while x < 1320:
        w, h = int(rng.integers(26, 64)), int(rng.integers(190, 300))
        tone = tuple(int(v) for v in rng.uniform(50, 200, 3))
        window.draw.rectangle((x, 860 - h, x + w, 860), tone)
        window.draw.rectangle((x, 860 - h + 20, x + w, 860 - h + 28),
                              tuple(int(v * 0.7) for v in tone))  # fmt: skip
        x += w + 3
    door = _shop_window(seed + 1, 440, 1160, ((120, 90, 60),))
    open_ = _card("OPEN", (34, 92, 66), (246, 242, 230))
    scene = Scene(
        [*shop(seed, name, window, door, (30, 52, 92), grounds.plaster(1600, 900, seed,
         (220, 208, 186), 1.2), None),
         *plate(open_, (1.75, 1.72, 0.06), 0.6)],
        eye=(-1.7, 1.7, 5.9), target=(0.1, 1.9, 0), size=(1280, 900), light=CLOUDY,
        field_of_view=52, roll=-1,
    )  # fmt: skip
    return shot(scene, [name, window, open_])


def optician(seed: int) -> Shot:
    """An optician's round hanging sign and its fascia from below."""
    name = Sheet(2000, 250, (238, 240, 240))
    name.write("OPTICIAN", (1000, 128), 170, "spartan", (30, 84, 110), apart=0.3)
    window = _shop_window(seed, 1400, 900, ((210, 214, 216), (150, 170, 180)))
    window.write("Eye tests", (420, 260), 130, "round", (246, 250, 250))
    window.write("Sunglasses -30%", (820, 420), 130, "round", (250, 226, 120), widest=900)
    door = _shop_window(seed + 1, 440, 1160, ((120, 130, 140),))
    hours = Sheet(420, 420, (246, 248, 248))
    hours.write("OPEN", (210, 80), 92, "spartan", (30, 84, 110))
    for at, line in enumerate(("Mon – Fri", "9 – 18", "Sat 9 – 13")):
        hours.write(line, (210, 180 + 76 * at), 62, "lato-bold", (40, 50, 56))
    scene = Scene(
        [*shop(seed, name, window, door, (214, 218, 218), grounds.plaster(1600, 900, seed,
         (190, 120, 96), 1.3), None),
         *plate(hours, (1.75, 1.75, 0.06), 0.62)],
        eye=(2.2, 1.5, 5.4), target=(0.2, 1.95, 0), size=(1280, 960), light=NOON,
        field_of_view=52, roll=1.5, exposure=0.1,
    )  # fmt: skip
    return shot(scene, [name, window, hours])
