"""Words drawn letter by letter, and the bank that keeps them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.tokenizer import fold
from export.synth import bank
from export.synth.bank import Bank, build_bank
from export.synth.lettering import Lettering, Typesetter, space_between
from tests.typography import some_families, some_words


def test_words_are_trimmed_to_their_ink() -> None:
    typesetter = Typesetter(some_families(), 1)
    drawn = [typesetter.draw("Photolex", 40) for _ in range(60)]
    assert sum(one is not None for one in drawn) > 50
    for one in drawn:
        if one is not None:
            assert one.text == "Photolex"
            assert one.mask.dtype == np.uint8
            assert one.mask.shape[0] > 10
            assert one.mask.shape[1] > one.mask.shape[0] / 2
            for edge in (one.mask[0], one.mask[-1]):
                assert edge.max() > 40


def test_the_same_seed_draws_the_same_masks() -> None:
    families = some_families()
    first, second = (Typesetter(families, 4).draw("amber") for _ in range(2))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.mask, second.mask)


def test_longer_words_are_wider_in_the_same_face() -> None:
    families = some_families()
    face = next(iter(families.values()))[0]
    widths = []
    for word in ("ab", "abababababab"):
        masks = [Typesetter(families, seed).draw(word, 40, face) for seed in range(8)]
        widths.append(np.median([one.mask.shape[1] for one in masks if one is not None]))
    assert widths[1] > 3 * widths[0]


def test_what_the_face_cannot_draw_is_left_out_of_the_text_too() -> None:
    families = some_families()
    typesetter = Typesetter(families, 2)
    drawn = [typesetter.draw("cafe\N{CJK UNIFIED IDEOGRAPH-65E5}", 40) for _ in range(10)]
    for one in drawn:
        if one is not None:
            assert fold(one.text) == "cafe"
    assert typesetter.draw("\uffff") is None
    assert typesetter.draw("") is None


def test_without_fonts_the_remedy_is_said() -> None:
    with pytest.raises(FileNotFoundError, match="make fonts"):
        Typesetter({}, 0)


def test_a_bank_gives_back_what_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    families = some_families()
    some_words(tmp_path / "dict", monkeypatch)
    monkeypatch.setattr(bank, "find_fonts", lambda cache: families)
    monkeypatch.setattr(bank, "ProcessPoolExecutor", ThreadPoolExecutor)
    built = build_bank(tmp_path / "bank", 12, processes=1, height=24, seed=9, extra=("zyzzyva",))
    assert len(built) == 12
    again = Bank(tmp_path / "bank")
    expected = bank._draw((families, 900_000, 12, 24, ("zyzzyva",)))
    for at, lettering in enumerate(expected):
        mask, text = again[at]
        assert text == lettering.text
        np.testing.assert_array_equal(mask, lettering.mask)
    assert again[11][0].max() > 60


def test_words_stand_farther_apart_than_the_letters_in_them() -> None:
    close, wide = (
        Lettering(np.zeros((40, 100), np.uint8), "one", "a.ttf", spacing) for spacing in (0.0, 30.0)
    )
    assert space_between([close, close], 0.25) == pytest.approx(10)
    assert space_between([close, wide], 0.25) > 60


def test_letters_that_are_set_apart_say_so() -> None:
    typesetter = Typesetter(some_families(), 3)
    drawn = [typesetter.draw("mmmm", 40) for _ in range(200)]
    spaced = [one.spacing > 0 for one in drawn if one is not None]
    assert 0.03 < sum(spaced) / len(spaced) < 0.3
