"""The colours of lettering are measured on a crop and called by the names that people use."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from engine.colours import NAMES, Colours, likeness, measured, pairs_of

Rgb = tuple[int, int, int]


def crop(
    lettering: Rgb, ground: Rgb, text: str = "Bakery", blur: float = 0, *, size: int = 26
) -> NDArray[np.uint8]:
    image = Image.new("RGB", (128, 32), ground)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(image).text((64, 16), text, lettering, font, anchor="mm")
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)))


def surest(colour: Rgb, beside: Rgb | None = None) -> str:
    own = np.array([colour], np.uint8)
    other = own if beside is None else np.array([beside], np.uint8)
    return max(NAMES, key=lambda name: float(likeness(name, own, other)[0]))


PAIRS = [
    ((200, 20, 30), (240, 220, 60)),
    ((240, 220, 60), (200, 20, 30)),
    ((255, 255, 255), (20, 60, 160)),
    ((10, 10, 10), (250, 250, 250)),
    ((250, 250, 250), (10, 10, 10)),
    ((200, 30, 30), (40, 110, 30)),  # of one luminance
]


@pytest.mark.parametrize(("lettering", "ground"), PAIRS)
@pytest.mark.parametrize("text", ["Bakery", "WWMMWW", "il"])
def test_lettering_is_told_from_its_ground(lettering: Rgb, ground: Rgb, text: str) -> None:
    (found,) = measured([crop(lettering, ground, text)])
    assert found is not None
    assert np.abs(np.subtract(found.lettering, lettering)).max() < 25
    assert np.abs(np.subtract(found.ground, ground)).max() < 10


@pytest.mark.parametrize(("lettering", "ground"), PAIRS)
def test_blurred_lettering_keeps_its_name(lettering: Rgb, ground: Rgb) -> None:
    (found,) = measured([crop(lettering, ground, blur=0.6)])
    assert found is not None
    assert surest(found.lettering, found.ground) == surest(lettering, ground)
    assert surest(found.ground, found.lettering) == surest(ground, lettering)


def test_where_two_colours_cannot_be_told_apart_none_is_known() -> None:
    plain, faint = np.full((32, 128, 3), 128, np.uint8), crop((120, 120, 120), (128, 128, 128))
    assert measured([plain, faint]) == [None, None]
    assert measured([]) == []


def test_each_of_many_crops_is_measured_by_itself() -> None:
    """Narrow ones among them."""
    crops = [crop(*pair) for pair in PAIRS] + [np.full((32, 128, 3), 128, np.uint8)]
    crops[1::2] = [one[:, ::2] for one in crops[1::2]]
    assert measured(crops) == [measured([one])[0] for one in crops]


def test_colours_are_kept_in_six_bytes() -> None:
    one, other = Colours((1, 2, 3), (250, 251, 252)), Colours((9, 8, 7), (6, 5, 4))
    assert len(one.to_bytes()) == 6
    pairs = pairs_of([one.to_bytes(), b"", other.to_bytes()])
    assert pairs.tolist() == [[[1, 2, 3], [250, 251, 252]], [[9, 8, 7], [6, 5, 4]]]
    assert pairs_of([b""]).shape == (0, 2, 3)


CALLED = {
    "black": "black #1a1a1a #101820",
    "white": "white whitesmoke ivory snow",
    "grey": "gray dimgray darkgray",
    "red": "red crimson firebrick darkred maroon",
    "orange": "orange darkorange",
    "yellow": "yellow gold khaki",
    "green": "green lime forestgreen darkgreen seagreen lightgreen olivedrab",
    "blue": "blue navy royalblue dodgerblue skyblue steelblue cornflowerblue",
    "purple": "purple indigo darkviolet blueviolet rebeccapurple mediumpurple",
    "pink": "pink hotpink deeppink lightpink",
    "brown": "saddlebrown sienna peru",
}


@pytest.mark.parametrize("name", NAMES)
def test_colours_of_the_web_are_called_by_their_plain_names(name: str) -> None:
    for web in CALLED[name].split():
        red, green, blue, *_ = ImageColor.getrgb(web)
        assert surest((red, green, blue)) == name, web


def test_between_two_names_a_colour_is_somewhat_of_both() -> None:
    coral = np.array([ImageColor.getrgb("coral")], np.uint8)
    for name in ("red", "orange"):
        assert 0.2 < likeness(name, coral, coral)[0] < 0.8
    for name in ("blue", "green", "white", "black"):
        assert likeness(name, coral, coral)[0] == 0


def test_in_the_shade_white_on_black_and_black_on_white_keep_their_names() -> None:
    shade, dark, glare = (150, 150, 148), (12, 12, 12), (95, 95, 95)
    assert surest(shade) == "grey" == surest(glare)
    assert surest(shade, dark) == "white"
    assert surest(glare, (250, 250, 250)) == "black"


def test_of_no_colours_there_is_no_likeness() -> None:
    none = np.zeros((0, 3), np.uint8)
    assert likeness("red", none, none).shape == (0,)
