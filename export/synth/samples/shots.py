"""What a sample is before it is taken: a scene or a finished screen, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.synth.samples.camera import Light, Scene
from export.synth.samples.sheets import Sheet

Picture = NDArray[np.uint8]


@dataclass(slots=True)
class Shot:
    """``scene`` is rendered; ``screen`` (H, W, 3) is already what is stored."""

    words: list[str]
    scene: Scene | None = None
    screen: Picture | None = None


def shot(scene: Scene, sheets: Sequence[Sheet]) -> Shot:
    return Shot([word for sheet in sheets for word in sheet.words], scene)


WINDOW_LEFT = Light(
    towards=(-1.0, 0.9, 0.35), sun=(1.5, 1.5, 1.45), spread=0.3,
    above=(0.62, 0.64, 0.68), below=(0.32, 0.28, 0.24),
    windows=[((-1.0, 0.8, -0.5), 0.35, 0.5, 4.0)],
)  # fmt: skip
"""Daylight from a window on the left."""

WINDOW_BACK = Light(
    towards=(0.5, 1.0, -0.8), sun=(1.4, 1.36, 1.25), spread=0.35,
    above=(0.66, 0.66, 0.66), below=(0.3, 0.27, 0.25),
    windows=[((0.4, 0.5, -1.0), 0.6, 0.4, 3.0)],
)  # fmt: skip
"""Daylight from a window behind the table."""

LAMP = Light(
    towards=(0.35, 1.2, 0.25), sun=(1.9, 1.5, 1.0), spread=0.2,
    above=(0.36, 0.31, 0.26), below=(0.2, 0.16, 0.12),
    windows=[((0.3, 1.0, -0.3), 0.1, 0.1, 2.5)],
)  # fmt: skip
"""A warm lamp over the table in the evening."""

NOON = Light(
    towards=(-0.5, 1.0, 0.75), sun=(2.6, 2.5, 2.3), spread=0.012,
    above=(0.5, 0.62, 0.82), below=(0.34, 0.32, 0.3),
)  # fmt: skip
"""Sun from the left, behind the photographer."""

CLOUDY = Light(
    towards=(0.2, 1.0, 0.5), sun=(0.45, 0.45, 0.45), spread=0.5,
    above=(0.95, 0.98, 1.02), below=(0.4, 0.4, 0.4),
)  # fmt: skip
"""A grey day without shadows to speak of."""
