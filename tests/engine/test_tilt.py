"""Photos held askew are levelled before Focus looks for words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.focus import Found
from engine.tilt import levelled, levelled_traces, moved, tilt


def word(degrees: float, aspect: float = 4.0, at: float = 0.0, confidence: float = 0.9) -> Found:
    """One of 20 pixels height that leans so many degrees clockwise."""
    turn = math.radians(degrees)
    along = np.array([math.cos(turn), math.sin(turn)]) * 20 * aspect
    down = np.array([-math.sin(turn), math.cos(turn)]) * 20
    start = np.array([at, at])
    quad = np.array([start, start + along, start + along + down, start + down], np.float32)
    return Found(quad, confidence, False)


@pytest.mark.parametrize(
    ("angles", "leans"),
    [
        ([12, 14, 11], 12),
        ([-20, -21], -20),
        ([100, 101, 98], 10),  # lettering that runs downwards on a photo that leans
        ([-78, -77, 14], 12),
        ([2, 3, -4], 0),  # held straight enough
        ([15], 0),  # a single word may be meant so
        ([15, 14, 0, 1, -1], 0),
        ([30, -30, 0, 12], 0),
        ([], 0),
    ],
)
def test_words_tell_how_a_photo_leans(angles: Sequence[float], leans: float) -> None:
    assert tilt([word(angle) for angle in angles]) == pytest.approx(leans, abs=1.5)


def test_words_that_run_down_lean_as_their_quads_do() -> None:
    """Focus's quads lie within 45 degrees of level, and those of such words are high."""
    high = [word(12, aspect=0.25, at=at) for at in (0, 90)]
    assert tilt(high) == pytest.approx(12, abs=0.1)
    assert tilt([word(12, aspect=0.6), word(12, aspect=0.7)]) == 0


def test_short_and_bent_words_tell_nothing() -> None:
    assert tilt([word(15, aspect=1.5), word(15, aspect=1.2)]) == 0
    strip = np.zeros((2, 5, 2), np.float32)
    assert tilt([replace(word(15), strip=strip)] * 3) == 0


def test_long_sure_words_count_more() -> None:
    small = [word(0, aspect=2, confidence=0.5) for _ in range(3)]
    assert tilt([word(15, aspect=8), word(14, aspect=9), *small]) == pytest.approx(14, abs=1.5)


def middle(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of what is white."""
    ys, xs = np.nonzero(photo.max(2) > 128)
    return np.array([xs.mean() + 0.5, ys.mean() + 0.5], np.float32)


@pytest.mark.parametrize("degrees", [-30, 9.5, 44])
def test_a_levelled_photo_is_whole_and_leads_back(degrees: float) -> None:
    photo = np.zeros((200, 300, 3), np.uint8)
    photo[:] = 40
    photo[8:18, 280:292] = 255
    turned, back = levelled(photo, degrees)
    assert turned.shape[0] > 200
    assert turned.shape[1] > 300
    place = middle(turned)
    quad = np.array([place + corner for corner in ([-4, -3], [4, -3], [4, 3], [-4, 3])], np.float32)
    found = Found(quad, 0.9, False, strip=quad.reshape(2, 2, 2))
    there = moved(found, back)
    np.testing.assert_allclose(there.quad.mean(0), middle(photo), atol=0.7)
    assert there.strip is not None
    np.testing.assert_allclose(there.strip.reshape(4, 2), there.quad, atol=1e-3)
    # What was seen in the photo, at a quarter of its size, goes the same way.
    maps = np.zeros((2, 56, 80), np.float32)
    maps[:, :50, :75] = photo[:, :, 0].reshape(50, 4, 75, 4).max((1, 3))
    traces = levelled_traces(maps, np.array([50.0, 75.0]), degrees)
    where = middle(np.repeat(traces[:, :, None], 3, 2).astype(np.uint8))
    np.testing.assert_allclose(where * 4, place, atol=3)
    # What leaned lies level: clockwise by as much as the photo was turned back.
    along = there.quad[1] - there.quad[0]
    assert math.degrees(math.atan2(along[1], along[0])) == pytest.approx(degrees, abs=0.1)
