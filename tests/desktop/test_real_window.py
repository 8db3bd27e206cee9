"""The window on a real display: Xvfb, with Qt's own X11 platform."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from desktop.theme import LIGHT

SCRIPT = Path(__file__).with_name("real_window.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def display() -> Iterator[str]:
    """The name of an X display that nobody else uses."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("Xvfb is not installed: there is no display to open a real window on")
    reads, writes = os.pipe()
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(writes), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[writes],
        stderr=subprocess.DEVNULL,
    )
    os.close(writes)
    with os.fdopen(reads) as pipe:
        number = pipe.readline().strip()
    try:
        if not number:
            pytest.skip("Xvfb does not start here: there is no display to open a real window on")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def test_a_person_adds_a_folder_searches_and_views_a_photo_in_a_real_window(
    display: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "PYTHONPATH": str(ROOT),
    }

    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
    )

    if "Could not load the Qt platform plugin" in ended.stderr:
        pytest.skip("Qt's X11 platform needs libraries that are not installed here")
    assert ended.returncode == 0, ended.stderr
    assert lit(tmp_path / "grid.png") > 200
    assert lit(tmp_path / "viewer.png") > 200


def lit(picture: Path) -> int:
    """How many pixels have the colour that outlines matched words."""
    image, wanted = QImage(str(picture)), QColor(LIGHT.lit).rgb()
    return sum(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )
