"""A photo that was taken with the camera turned is upright wherever it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import full_photos
from engine import photos
from engine.search import Hit
from tests.desktop.album import AlbumLibrary
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait


def draw_turned(path: Path, orientation: int) -> None:
    """Every corner differs, so that no two ways to turn it look alike."""
    image = Image.new("RGB", (64, 48), "#202020")
    image.paste("#ff0000", (0, 0, 32, 16))
    image.paste("#00ff00", (48, 0, 64, 32))
    image.paste("#0000ff", (0, 40, 16, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    # Heeded by WebP alone: there, colours would run into each other.
    image.save(path, exif=exif, lossless=True)


def read(path: Path) -> QImage:
    hit = Hit(str(path), 0.9, "contains", [], 77, 64, 48, True, 1)
    image = full_photos.read_photo(hit, lambda *_: None)
    assert image is not None
    return image


def pixels(image: QImage) -> NDArray[np.int16]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return rows[:, : image.width(), 2::-1].astype(np.int16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_turned_photo_is_shown_as_the_engine_sees_it(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    path = tmp_path / f"turned{suffix}"
    draw_turned(path, orientation)

    shown = pixels(read(path))

    seen = photos.read_photo(path, 64).pixels.astype(np.int16)
    assert shown.shape == seen.shape
    # Two decoders of JPEG differ a little.
    assert np.abs(shown - seen).mean() < (8 if suffix == ".jpg" else 0.1)


def test_what_is_no_orientation_turns_nothing(tmp_path: Path) -> None:
    path = tmp_path / "odd.png"
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n 4\nzzzz")
    Image.new("RGB", (64, 48)).save(path, pnginfo=text)

    assert photos.orientation(path) == 1
    assert photos.orientation(tmp_path / "gone.png") == 1
    assert (read(path).width(), read(path).height()) == (64, 48)


def test_the_image_that_is_copied_is_upright(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    ticket = library.photos[3].path
    draw_turned(ticket, 6)
    program = open_window(library)
    type_and_wait(qtbot, program, "platform")
    assert names(program) == ["ticket.png"]
    program.window.browse.grid.go_to(0)
    program.window.deeds.refresh()
    QApplication.clipboard().clear()

    program.window.deeds.copy_image.trigger()

    qtbot.waitUntil(lambda: not QApplication.clipboard().image().isNull())
    copied = QApplication.clipboard().image()
    assert (copied.width(), copied.height()) == (48, 64)
