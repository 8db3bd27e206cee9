"""The compact towers as torch modules: shapes, norms, and what the engine assumes of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from engine import tokenizer
from export.towers import compact
from export.towers.compact import Focus, ImageTower, TextTower

SMALL = (4, 4, 8, 8, 8)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def crops(count: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 32, 128, 3), dtype=torch.uint8)


def test_towers_and_engine_spell_with_the_same_letters() -> None:
    assert compact.ALPHABET == tokenizer.ALPHABET
    assert compact.BLANK == 0


def test_the_image_tower_embeds_and_reads() -> None:
    embeddings, letters = ImageTower(SMALL).eval()(crops(3))
    assert embeddings.shape == (3, compact.FRAMES * compact.FRAME_SIZE)
    assert letters.shape == (3, compact.COLUMNS, len(compact.ALPHABET) + 1)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(letters.exp().sum(2), torch.ones(3, compact.COLUMNS))


def test_of_a_narrow_crop_every_column_is_answered_twice() -> None:
    with torch.no_grad():
        embeddings, letters = ImageTower(SMALL).eval()(crops(3)[:, :, : compact.NARROW])
    assert embeddings.shape == (3, compact.FRAMES * compact.FRAME_SIZE)
    assert letters.shape == (3, compact.COLUMNS, len(compact.ALPHABET) + 1)
    torch.testing.assert_close(letters[:, ::2], letters[:, 1::2], atol=0, rtol=0)
    assert (letters[:, 2::2] != letters[:, :-2:2]).any()


def test_a_crop_is_embedded_the_same_alone_and_among_others() -> None:
    tower = ImageTower(SMALL).eval()
    some = crops(4)
    with torch.no_grad():
        together, alone = tower(some)[0], tower(some[2:3])[0]
    torch.testing.assert_close(together[2:3], alone, atol=1e-5, rtol=0)


def test_both_towers_answer_the_same_space() -> None:
    image, text = ImageTower(SMALL).eval(), TextTower(8).eval()
    words = ["a", "photolex", "x" * compact.LONGEST_WORD]
    stretched = torch.from_numpy(tokenizer.stretch(words, compact.FRAMES))
    queries = text(stretched, torch.tensor([len(word) for word in words]))
    assert queries.shape[1] == image(crops(1))[0].shape[1]
    torch.testing.assert_close(queries.norm(dim=1), torch.ones(3))


def test_words_that_stretch_alike_are_told_apart_by_their_length() -> None:
    text = TextTower(8).eval()
    stretched = torch.from_numpy(tokenizer.stretch(["a", "aa"], compact.FRAMES))
    torch.testing.assert_close(stretched[0], stretched[1])
    one, two = text(stretched, torch.tensor([1, 2]))
    assert not torch.allclose(one, two)


@pytest.mark.parametrize(("high", "wide"), [(32, 32), (64, 160), (96, 32)])
def test_focus_answers_two_maps_at_a_quarter_of_the_size(high: int, wide: int) -> None:
    focus = Focus(SMALL).eval()
    photo = torch.randint(0, 256, (2, high, wide, 3), dtype=torch.uint8)
    maps = focus(photo)
    assert maps.shape == (2, 2, high // 4, wide // 4)
    assert ((maps >= 0) & (maps <= 1)).all()
    torch.testing.assert_close(maps, torch.sigmoid(focus.forward_logits(photo)))


def test_padding_below_changes_focus_only_near_the_padding() -> None:
    focus = Focus(SMALL).eval()
    photo = torch.randint(0, 256, (1, 256, 64, 3), dtype=torch.uint8)
    padded = torch.cat([photo, torch.zeros(1, 32, 64, 3, dtype=torch.uint8)], 1)
    with torch.no_grad():
        difference = (focus(photo) - focus(padded)[:, :, :64]).abs()
    assert difference[:, :, :8].max() < 1e-5
