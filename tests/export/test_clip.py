"""CLIP's towers: the same as open_clip's with the same weights, at any resolution."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from export.towers import clip
from export.towers.clip import CLIP, CONFIGS, MEAN, STD, resized_positions, trimmed
from tests.export.clip_reference import TINY, open_clip, photos, relative, scramble, texts


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture
def tiny() -> CLIP:
    model = CLIP(TINY).eval()
    scramble(model)
    return model


def both(name: str, resolution: int) -> tuple[Any, CLIP]:
    """open_clip's model and ours upon the same tensors."""
    logging.disable(logging.WARNING)  # of weights that were not asked for
    try:
        theirs = open_clip().create_model(f"{name}-quickgelu", force_image_size=resolution).eval()
    finally:
        logging.disable(logging.NOTSET)
    scramble(theirs)
    with torch.device("meta"):
        ours = CLIP(replace(CONFIGS[name], resolution=resolution))
    ours.load_state_dict(theirs.state_dict(), assign=True)
    return theirs, ours.eval()


def features_of(visual: Any, photo: Tensor) -> Tensor:
    """open_clip's stem and stages."""
    x = (photo.permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[
        :, None, None
    ]
    x = visual.stem(x)
    for stage in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
        x = stage(x)
    return x


@pytest.mark.slow
@pytest.mark.parametrize("name", ["RN50", "RN50x4"])
@torch.no_grad()
def test_it_is_open_clip_with_the_same_weights(name: str) -> None:
    theirs, ours = both(name, 224)
    photo = photos(2, 224)
    expected = features_of(theirs.visual, photo)
    features = ours.trunk(photo)
    assert relative(features, expected) < 1e-4
    pooled = theirs.visual.attnpool(expected)
    assert relative(ours.pool(features), pooled) < 1e-4
    assert relative(ours.encode_image(photo), pooled) < 1e-4
    tokens = texts([320], [3562, 4160], [1125] * 75)
    assert relative(ours.encode_text(tokens), theirs.encode_text(tokens)) < 1e-4


def test_the_published_number_of_tensors_and_no_other() -> None:
    with torch.device("meta"):
        names = set(CLIP(CONFIGS["RN50"]).state_dict())
    assert len(names) == 489
    assert sum(name.startswith("visual.") for name in names) == 339
    assert {
        "visual.conv1.weight",
        "visual.layer1.0.downsample.0.weight",
        "visual.layer4.2.bn3.running_var",
        "visual.attnpool.positional_embedding",
        "visual.attnpool.c_proj.bias",
        "transformer.resblocks.11.attn.in_proj_bias",
        "transformer.resblocks.0.mlp.c_fc.weight",
        "token_embedding.weight",
        "positional_embedding",
        "ln_final.bias",
        "text_projection",
        "logit_scale",
    } <= names


@pytest.mark.parametrize(
    ("name", "features", "grid", "heads", "millions"),
    [("RN50", 2048, 7, 32, 102), ("RN50x4", 2560, 9, 40, 178), ("RN50x16", 3072, 12, 48, 291)],
)
def test_the_sizes_of_the_three(
    name: str, features: int, grid: int, heads: int, millions: int
) -> None:
    config = CONFIGS[name]
    with torch.device("meta"):
        model = CLIP(config)
    assert (config.features, config.grid, config.heads) == (features, grid, heads)
    assert model.visual.attnpool.positional_embedding.shape == (grid**2 + 1, features)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6) == millions


@torch.no_grad()
def test_pooling_is_attention_from_the_mean(tiny: CLIP) -> None:
    """With every key and value made, as CLIP has it, and at another size than it was trained at."""
    features = 4 * tiny.trunk(photos(2, 96))
    pool = tiny.visual.attnpool
    cells = features.flatten(2).transpose(1, 2)
    x = torch.cat((cells.mean(1, keepdim=True), cells), 1)
    x = x + resized_positions(pool.positional_embedding, 3, 3)
    split = (2, -1, TINY.heads, 64)
    q, k, v = (
        layer(y).view(split).transpose(1, 2)
        for layer, y in ((pool.q_proj, x[:, :1]), (pool.k_proj, x), (pool.v_proj, x))
    )
    weights = (q @ k.transpose(2, 3) / 8).softmax(3)
    expected = pool.c_proj((weights @ v).transpose(1, 2).flatten(1))
    assert weights.max() > 3 * weights.mean()
    assert relative(tiny.pool(features), expected) < 1e-5


@torch.no_grad()
def test_a_shift_draws_attention_to_its_cells(tiny: CLIP) -> None:
    features = tiny.trunk(photos(2, 64))
    positions = tiny.visual.attnpool.positional_embedding
    shift = torch.zeros(2, 5)
    assert relative(tiny.pool(features, shift=shift + 7), tiny.pool(features)) < 1e-5
    shift[1, 3] = 50
    pooled = tiny.pool(features, shift=shift)
    assert relative(pooled[:1], tiny.pool(features[:1])) < 1e-5
    chosen = features[1].flatten(1)[:, 2] + positions[3]
    pool = tiny.visual.attnpool
    assert relative(pooled[1], pool.c_proj(pool.v_proj(chosen))) < 1e-5


@torch.no_grad()
def test_a_photo_is_embedded_the_same_alone_and_among_others(tiny: CLIP) -> None:
    photo = photos(3, 128)
    assert relative(tiny.encode_image(photo)[1:2], tiny.encode_image(photo[1:2])) < 1e-5


def test_photos_need_not_be_square_but_in_whole_cells(tiny: CLIP) -> None:
    photo = photos(1, 128)
    assert tiny.trunk(photo[:, :96]).shape == (1, TINY.features, 3, 4)
    assert tiny.encode_image(photo[:, :96]).shape == (1, TINY.embedding_size)
    with pytest.raises(ValueError, match="multiples of 32, not 100×128"):
        tiny.trunk(photo[:, :100])


def test_positions_are_resized_in_two_dimensions_and_the_first_row_is_kept() -> None:
    rows, columns = torch.meshgrid(torch.arange(7.0), torch.arange(7.0), indexing="ij")
    embedding = torch.cat(
        (torch.tensor([[50.0, 60.0]]), torch.stack((rows, columns), 2).flatten(0, 1))
    )
    assert resized_positions(embedding, 7, 7) is embedding
    resized = resized_positions(embedding, 20, 10)
    torch.testing.assert_close(resized[0], embedding[0])
    grid = resized[1:].view(20, 10, 2)
    # Within the outermost cells a ramp stays a ramp, whatever the other axis.
    down = (torch.arange(20) + 0.5) * 7 / 20 - 0.5
    across = (torch.arange(10) + 0.5) * 7 / 10 - 0.5
    torch.testing.assert_close(grid[5:15, :, 0], down[5:15, None].expand(10, 10))
    torch.testing.assert_close(grid[:, 3:7, 1], across[None, 3:7].expand(20, 4))


@torch.no_grad()
def test_a_text_is_what_stands_before_its_end(tiny: CLIP) -> None:
    tokens = texts([320], [3562, 4160, 7])
    embeddings = tiny.encode_text(tokens)
    assert trimmed(tokens).shape == (2, 5)
    assert trimmed(tokens, 3).shape == (2, 8)
    assert relative(tiny.encode_text(trimmed(tokens)), embeddings) < 1e-5
    assert relative(tiny.encode_text(trimmed(tokens[:1])), embeddings[:1]) < 1e-5
    assert relative(embeddings[:1], embeddings[1:]) > 0.1


@torch.no_grad()
def test_the_towers_of_a_pack_answer_unit_embeddings(tiny: CLIP) -> None:
    photo, tokens = photos(2, 128), texts([320], [3562])
    embeddings, queries = clip.ImageTower(tiny, 128)(photo), clip.QueryTower(tiny)(tokens)
    for unit, raw in ((embeddings, tiny.encode_image(photo)), (queries, tiny.encode_text(tokens))):
        torch.testing.assert_close(unit.norm(dim=1), torch.ones(2))
        assert relative(unit, raw / raw.norm(dim=1, keepdim=True)) < 1e-5
        assert not math.isclose(float(raw[0].norm()), 1, rel_tol=1e-3)
