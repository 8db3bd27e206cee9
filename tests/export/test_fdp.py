"""FDP: the published formulas, head by head; what folds; words, kinds and prompts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import Tensor

from export.towers import fdp
from export.towers.clip import CLIP, CONFIGS, END, START, ClipConfig, trimmed
from export.towers.fdp import CONTENT, FDP, FULL_STOP, FUNCTION, KNOWLEDGE
from tests.export.clip_reference import TINY, open_clip, photos, relative, scramble, texts

SIDE = 128
# The heads as wide as in FDP-S, upon a shallow trunk.
WIDE = ClipConfig((1, 1, 1, 1), 64, 1024, 224, 64, 1, text_layers=1)
WORDS = texts([518], [2077], [320], [3562, 4160], [1237], [27, 15, 26])


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def model_of(config: ClipConfig, side: int = SIDE, *, faithful: bool = False) -> FDP:
    """Every part with weights by chance, its positions as they start from CLIP's."""
    clip = CLIP(config)
    scramble(clip)
    model = FDP(clip, side, faithful=faithful).eval()
    heads = (
        model.prompt_learner,
        model.cross_attention_textquery,
        model.new_v_proj,
        model.new_c_proj,
        model.binarize,
    )
    for seed, head in enumerate(heads, 1):
        scramble(head, seed)
    return model


@pytest.fixture
def model() -> FDP:
    return model_of(TINY)


@pytest.fixture
def fitted(model: FDP) -> FDP:
    model.fit_word_kinds(WORDS, function=0, content=1)
    return model


class Formulas:
    """FDP as it is published, for one photo or one word, from nothing but the tensors."""

    def __init__(self, model: FDP, config: ClipConfig) -> None:
        self.state = {name: tensor.double() for name, tensor in model.state_dict().items()}
        self.config = config

    def linear(self, x: Tensor, name: str) -> Tensor:
        y = x @ self.state[f"{name}.weight"].flatten(1).T
        return y + self.state[f"{name}.bias"] if f"{name}.bias" in self.state else y

    def norm(self, x: Tensor, name: str, eps: float = 1e-5) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        unit = centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt()
        return unit * self.state[f"{name}.weight"] + self.state[f"{name}.bias"]

    def positions(self, cells: int) -> Tensor:
        """Nearest neighbours over the whole matrix of positions, the class row with the grid."""
        own = self.state["clip_model.visual.attnpool.positional_embedding"]
        return torch.stack([own[row * len(own) // (cells + 1)] for row in range(cells + 1)])

    def image(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The trunk's features (C, h, w) to the embedding (d,) and the score map's logits."""
        cells = features.double().flatten(1).T
        logits = cells
        for name in ("new_v_proj", "new_c_proj", "binarize"):
            logits = self.linear(logits, name)
        x = torch.cat((cells.mean(0, keepdim=True), cells)) + self.positions(len(cells))
        mask = torch.cat((torch.ones(1), logits[:, 0].sigmoid()))
        pooled = self.pooled(x, mask)
        return pooled + self.probed(pooled), logits.view(features.shape[1:])

    def pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        pool = "clip_model.visual.attnpool"
        query = self.linear(x[0], f"{pool}.q_proj")
        keys, values = self.linear(x, f"{pool}.k_proj"), self.linear(x, f"{pool}.v_proj")
        found = []
        for head in range(self.config.heads):
            part = slice(64 * head, 64 * (head + 1))
            weights = (keys[:, part] @ query[part] / 8 + mask).softmax(0)
            found.append(weights @ values[:, part])
        return self.linear(torch.cat(found), f"{pool}.c_proj")

    def probed(self, pooled: Tensor) -> Tensor:
        cross, size = "cross_attention_textquery", self.config.embedding_size
        text = self.text(self.embedded(list(KNOWLEDGE)), 3)[None]
        query = self.linear(pooled, f"{cross}.w_qs")
        keys, values = self.linear(text, f"{cross}.w_ks"), self.linear(text, f"{cross}.w_vs")
        found = []
        for head in range(8):
            part = slice(size * head, size * (head + 1))
            weights = (keys[:, part] @ query[part] / math.sqrt(size)).softmax(0)
            found.append(weights @ values[:, part])
        return self.norm(
            self.linear(torch.cat(found), f"{cross}.fc") + pooled, f"{cross}.layer_norm", 1e-6
        )

    def embedded(self, tokens: list[int]) -> Tensor:
        padded = tokens + [0] * (self.config.context_length - len(tokens))
        return self.state["clip_model.token_embedding.weight"][padded]

    def prompted(self, word: list[int], kind: int) -> Tensor:
        """Learned vectors in the place of every X of "X X word." or "X X X X word"."""
        contexts = self.state[f"prompt_learner.ctx{kind + 1}"]
        x = [343] * len(contexts)
        embedded = self.embedded([START, *x, *word, FULL_STOP, END])
        return self.text(
            torch.cat((embedded[:1], contexts, embedded[1 + len(x) :])), len(x) + len(word) + 2
        )

    def text(self, embedded: Tensor, end: int) -> Tensor:
        x = embedded + self.state["clip_model.positional_embedding"]
        for layer in range(self.config.text_layers):
            block = f"clip_model.transformer.resblocks.{layer}"
            x = x + self.attended(self.norm(x, f"{block}.ln_1"), f"{block}.attn")
            y = self.linear(self.norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc")
            x = x + self.linear(y * (1.702 * y).sigmoid(), f"{block}.mlp.c_proj")
        x = self.norm(x, "clip_model.ln_final")
        return x[end] @ self.state["clip_model.text_projection"]

    def attended(self, x: Tensor, name: str) -> Tensor:
        size = self.config.text_width // self.config.text_heads
        weight, bias = self.state[f"{name}.in_proj_weight"], self.state[f"{name}.in_proj_bias"]
        q, k, v = (x @ weight.T + bias).chunk(3, 1)
        right = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
        found = []
        for head in range(self.config.text_heads):
            part = slice(size * head, size * (head + 1))
            logits = q[:, part] @ k[:, part].T / math.sqrt(size)
            found.append(logits.masked_fill(right, -math.inf).softmax(1) @ v[:, part])
        return self.linear(torch.cat(found, 1), f"{name}.out_proj")


@torch.no_grad()
def test_faithful_photos_are_embedded_by_the_formulas_each_with_its_own_mask() -> None:
    model = model_of(TINY, faithful=True)
    features = model.features(photos(3, SIDE))
    model.binarize.weight.mul_(50)  # a map that goes from 0 to 1, and not from 0.2 to 0.25
    model.binarize.get_parameter("bias").sub_(model.score_logits(features).mean())
    formulas = Formulas(model, TINY)
    embeddings, logits = model.embed_features(features)
    for each in range(3):
        expected, score = formulas.image(features[each])
        assert relative(embeddings[each], expected) < 1e-4
        assert relative(logits[each], score) < 1e-4
    shift = fdp.attention_shift(logits.sigmoid())
    own, of_others = (
        model.clip_model.pool(features, model.new_positional_embedding, each)
        for each in (shift, shift.roll(1, 0))
    )
    assert relative(of_others, own) > 1e-2


@torch.no_grad()
def test_words_are_embedded_by_the_formulas(model: FDP) -> None:
    words = [[518], [3562, 4160], [27, 15, 26]]
    formulas = Formulas(model, TINY)
    for kind in (FUNCTION, CONTENT):
        embeddings = model.encode_words(texts(*words), torch.full((3,), kind))
        for word, embedding in zip(words, embeddings, strict=True):
            assert relative(embedding, formulas.prompted(word, kind)) < 1e-4


@pytest.mark.parametrize("config", [TINY, WIDE], ids=["tiny", "as wide as FDP-S"])
@torch.no_grad()
def test_the_folded_image_tower_loses_nothing(config: ClipConfig) -> None:
    model = model_of(config, 64)
    photo = photos(2, 64)
    embeddings, score_maps = fdp.ImageTower(model)(photo)
    expected, logits = model.encode_image(photo)
    torch.testing.assert_close(embeddings, F.normalize(expected, dim=1), atol=1e-5, rtol=0)
    torch.testing.assert_close(score_maps, logits.sigmoid(), atol=1e-5, rtol=0)
    assert score_maps.shape == (2, 2, 2)


@torch.no_grad()
def test_each_fold_equals_what_it_stands_for() -> None:
    model = model_of(replace(WIDE, layers=(1, 1, 1, 1), width=32), 64)
    features = torch.randn(2, model.clip_model.config.features, 3, 3)
    score = fdp.folded_score(model)
    assert sum(p.numel() for p in score.parameters()) == model.clip_model.config.features + 1
    assert relative(score(features).squeeze(1), model.score_logits(features)) < 1e-5
    pooled, probe = torch.randn(2, 1024), model.cross_attention_textquery
    folded = probe.layer_norm(pooled + fdp.folded_probe(model))
    assert relative(folded, probe(pooled, model.knowledge())) < 1e-5
    assert relative(probe.layer_norm(pooled), folded) > 0.1  # the constant is not nothing


def test_the_folded_query_tower_chooses_kind_and_prompt(fitted: FDP) -> None:
    _, tower = fitted.fold()
    with torch.no_grad():
        queries = tower(WORDS)
        kinds = fitted.kinds_of(WORDS)
        expected = fitted.encode_words(trimmed(WORDS), kinds)
        others = fitted.encode_words(WORDS, 1 - kinds)
    assert 0 < kinds.sum() < len(WORDS)
    assert relative(queries, F.normalize(expected, dim=1)) < 1e-5
    assert relative(queries, F.normalize(others, dim=1)) > 1e-2


def test_a_pack_is_not_made_before_the_word_kinds_are_known(model: FDP) -> None:
    with pytest.raises(ValueError, match="word kinds have not been fitted"):
        model.fold()


def test_the_names_and_shapes_are_the_published_ones() -> None:
    with torch.device("meta"):
        state = FDP(CLIP(CONFIGS["RN50"])).state_dict()
    shapes = {
        name: tuple(tensor.shape)
        for name, tensor in state.items()
        if not name.startswith("clip_model.")
    }
    assert len(state) - len(shapes) == 489
    assert shapes.pop("word_kinds") == (2, 1024)
    assert shapes == {
        "logit_scale": (),
        "new_positional_embedding": (401, 2048),
        "prompt_learner.ctx1": (2, 512),
        "prompt_learner.ctx2": (4, 512),
        "cross_attention_textquery.w_qs.weight": (8192, 1024),
        "cross_attention_textquery.w_ks.weight": (8192, 1024),
        "cross_attention_textquery.w_vs.weight": (8192, 1024),
        "cross_attention_textquery.fc.weight": (1024, 8192),
        "cross_attention_textquery.layer_norm.weight": (1024,),
        "cross_attention_textquery.layer_norm.bias": (1024,),
        "new_v_proj.weight": (2048, 2048, 1, 1),
        "new_v_proj.bias": (2048,),
        "new_c_proj.weight": (1024, 2048, 1, 1),
        "new_c_proj.bias": (1024,),
        "binarize.weight": (1, 1024, 1, 1),
        "binarize.bias": (1,),
    }


def test_faithful_only_says_how_to_start_and_to_train() -> None:
    default, faithful = model_of(TINY), model_of(TINY, faithful=True)
    own = default.clip_model.visual.attnpool.positional_embedding
    assert own.shape[0] == 5
    assert default.new_positional_embedding.shape == faithful.new_positional_embedding.shape
    # Four rows of the class, where the default has one of it and the corners of the grid.
    torch.testing.assert_close(faithful.new_positional_embedding[:4], own[:1].expand(4, -1))
    torch.testing.assert_close(default.new_positional_embedding[0], own[0])
    for row, corner in ((1, 1), (4, 2), (13, 3), (16, 4)):
        near = (default.new_positional_embedding[row] - own).square().sum(1)
        assert near.argmin() == corner
    faithful.load_state_dict(default.state_dict())
    photo = photos(1, SIDE)
    assert relative(faithful.encode_image(photo)[0], default.encode_image(photo)[0]) == 0


def test_small_kernels_count_by_their_area_unless_faithful() -> None:
    kernels = torch.zeros(2, 64, 64)
    kernels[0, 40:48, 36:52] = 1  # within the last cell, and not upon its first pixel
    kernels[1, :33, :32] = 1
    faithful = fdp.kernel_targets(kernels, 2, faithful=True)
    assert faithful.tolist() == [[[0, 0], [0, 0]], [[1, 0], [1, 0]]]
    shares = fdp.kernel_targets(kernels, 2)
    assert shares.tolist() == [[[0, 0], [0, 1 / 8]], [[1, 0], [1 / 32, 0]]]


def test_the_mean_counts_as_text() -> None:
    shift = fdp.attention_shift(torch.tensor([[[0.1, 0.2], [0.3, 0.4]]]))
    torch.testing.assert_close(shift, torch.tensor([[1.0, 0.1, 0.2, 0.3, 0.4]]))


def test_prompts_leave_room_after_the_start_and_end_in_a_full_stop() -> None:
    tokens, ends = fdp.prompted(texts([7, 8], [9], length=10), torch.tensor([2, 4]))
    assert ends.tolist() == [6, 7]
    assert tokens[0, [0, *range(3, 10)]].tolist() == [START, 7, 8, FULL_STOP, END, 0, 0, 0]
    assert tokens[1, [0, *range(5, 10)]].tolist() == [START, 9, FULL_STOP, END, 0, 0]


def test_a_word_too_long_for_its_prompt_loses_its_last_tokens() -> None:
    word = list(range(1, 76))
    tokens, ends = fdp.prompted(texts(word), torch.tensor([4]))
    assert ends.tolist() == [76]
    assert tokens[0, 5:].tolist() == [*range(1, 71), FULL_STOP, END]


@torch.no_grad()
def test_words_need_no_padding_of_their_own(model: FDP) -> None:
    kinds = torch.tensor([FUNCTION, CONTENT, CONTENT, FUNCTION, CONTENT, CONTENT])
    whole = model.encode_words(WORDS, kinds)
    assert relative(model.encode_words(trimmed(WORDS), kinds), whole) < 1e-5


def test_only_the_heads_learn_and_clip_stays_as_it_is(model: FDP) -> None:
    model.train()
    assert model.cross_attention_textquery.dropout.training
    assert not any(module.training for module in model.clip_model.modules())
    embeddings, logits = model.encode_image(photos(2, SIDE))
    words = model.encode_words(WORDS, torch.tensor([0, 1] * 3))
    ((embeddings @ words.T).square().sum() + logits.sum()).backward()
    learning = {
        name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())
    }
    # A single key leaves the softmax, and with it w_qs and w_ks, nothing to learn.
    assert learning == {
        "new_positional_embedding",
        "prompt_learner.ctx1",
        "prompt_learner.ctx2",
        "cross_attention_textquery.w_vs.weight",
        "cross_attention_textquery.fc.weight",
        "cross_attention_textquery.layer_norm.weight",
        "cross_attention_textquery.layer_norm.bias",
        "new_v_proj.weight",
        "new_v_proj.bias",
        "new_c_proj.weight",
        "new_c_proj.bias",
        "binarize.weight",
        "binarize.bias",
    }


def test_heads_start_from_clip_and_leave_it_alone() -> None:
    clip = CLIP(TINY)
    model = FDP(clip, SIDE)
    assert model.logit_scale is clip.logit_scale
    pool = clip.visual.attnpool
    torch.testing.assert_close(model.new_v_proj.weight[..., 0, 0], pool.v_proj.weight)
    torch.testing.assert_close(model.new_c_proj.bias, pool.c_proj.bias)
    with torch.no_grad():
        model.new_v_proj.weight.zero_()
    assert pool.v_proj.weight.any()


def test_photos_are_of_whole_cells() -> None:
    with torch.device("meta"), pytest.raises(ValueError, match="multiple of 32, not 100"):
        FDP(CLIP(TINY), 100)


def clouds() -> Tensor:
    """Thirty points about -3 and twenty about 3, of four numbers."""
    chance = torch.Generator().manual_seed(5)
    return torch.cat(
        (torch.randn(30, 4, generator=chance) - 3, torch.randn(20, 4, generator=chance) + 3)
    )


def test_two_means_are_those_of_the_two_clouds() -> None:
    points = clouds()
    centroids = fdp.two_means(points, seed=0)
    low, high = sorted(centroids, key=lambda centroid: float(centroid.sum()))
    torch.testing.assert_close(low, points[:30].mean(0))
    torch.testing.assert_close(high, points[30:].mean(0))


def test_the_best_of_several_starts_is_kept() -> None:
    """Of four corners of a box: a start from both ends of a short side parts them the worse way."""
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.5, 0.0], [1.5, 1.0]])
    for seed in range(20):
        centroids = fdp.two_means(corners, seed)
        assert sorted(centroids.tolist()) == [[0.0, 0.5], [1.5, 0.5]]


def test_the_same_seed_gives_the_same_kinds() -> None:
    points = torch.randn(60, 4)
    assert fdp.two_means(points, 3).equal(fdp.two_means(points, 3))


def test_words_without_any_difference_have_no_kinds() -> None:
    with pytest.raises(ValueError, match="cannot be parted"):
        fdp.two_means(torch.ones(5, 3), 0)


@torch.no_grad()
def test_the_example_words_say_which_kind_is_which(model: FDP) -> None:
    embeddings = model.clip_model.encode_text(WORDS)
    model.fit_word_kinds(WORDS, function=0, content=1)
    kinds = model.kinds_of(WORDS)
    one, other = int((kinds == FUNCTION).nonzero()[0]), int((kinds == CONTENT).nonzero()[0])
    torch.testing.assert_close(model.word_kinds[FUNCTION], embeddings[kinds == FUNCTION].mean(0))
    before = model.word_kinds.clone()
    model.fit_word_kinds(WORDS, function=other, content=one)
    assert model.kinds_of(WORDS).tolist() == (1 - kinds).tolist()
    torch.testing.assert_close(model.word_kinds, before.flip(0))


def test_the_tokens_of_its_own_are_clips() -> None:
    tokenizer = open_clip().SimpleTokenizer()
    assert (START, *tokenizer.encode("scene text"), END) == KNOWLEDGE
    assert tokenizer.encode(".") == [FULL_STOP]
