"""Titles: large lettering with its words' quads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.synth.corpus import Corpus
from export.synth.lettering import Typesetter
from export.synth.textures import Textures
from export.synth.titles import Title, TitlePainter
from tests.typography import some_families, some_words


@pytest.fixture(autouse=True)
def _words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_words(tmp_path / "dict", monkeypatch)


def painted(seed: int, count: int) -> list[Title]:
    painter = TitlePainter(
        Corpus(seed, ()), Typesetter(some_families(), seed), Textures([], seed), seed
    )
    titles = [painter.paint() for _ in range(count)]
    return [title for title in titles if title is not None]


def test_titles_are_lettered_within_their_quads() -> None:
    titles = painted(1, 25)
    assert len(titles) > 20
    for title in titles:
        high, wide = title.layer.shape[:2]
        assert title.layer.shape == (high, wide, 4)
        assert title.layer.min() >= 0
        assert title.layer[:, :, 3].max() == pytest.approx(255)
        assert title.words
        for quad, text in title.words:
            assert text
            low, most = quad.min(0), quad.max(0)
            assert (low > 0).all()
            assert (most < (wide, high)).all()
            x0, y0, x1, y1 = (int(v) for v in (*low, *most))
            inside = title.layer[y0:y1, x0:x1]
            assert inside[:, :, 3].mean() > 4  # something is painted where the word is said to be
            assert inside[:, :, :3].std() > 2


def test_half_of_the_titles_stand_on_a_badge() -> None:
    cover = [float((title.layer[:, :, 3] > 127).mean()) for title in painted(2, 30)]
    assert sum(part > 0.5 for part in cover) > 5
    assert sum(part < 0.4 for part in cover) > 5


def test_the_same_seed_paints_the_same_titles() -> None:
    for one, other in zip(painted(3, 4), painted(3, 4), strict=True):
        np.testing.assert_array_equal(one.layer, other.layer)
