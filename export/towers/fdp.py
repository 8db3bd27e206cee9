"""FDP upon CLIP (Zeng et al., "Focus, Distinguish, and Prompt", ACM MM 2024): the model with its
published parameter names, and the two towers that a pack runs, folded.

Two of its heads fold without loss: the three 1x1 convolutions of the score map have nothing
non-linear between them and are one, and the cross-attention that probes text knowledge has a single
key, so that whatever the query its answer is one constant vector.

``faithful`` says to start and to train as the published code does where that looks unintended: the
positional embedding is stretched as if it were a picture, and kernels are sampled at one pixel of
each cell. A published checkpoint gives the same embeddings either way. Its code moreover gives the
attention shifts of a batch to the wrong photos; every photo here has its own, as there at batch 1.
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.towers.clip import (
    CLIP,
    END,
    PADDING,
    SIDE,
    START,
    STRIDE,
    AttentionPool2d,
    ends_of,
    normalised,
    resized_positions,
)

FUNCTION, CONTENT = 0, 1  # word kinds
KNOWLEDGE: Final = (START, 3562, 4160, END)  # "scene text"
FULL_STOP: Final = 269
CONTEXTS: Final = (2, 4)  # learned vectors before a function word, before a content word
_LONGEST: Final = max(CONTEXTS)


class KnowledgeProbing(nn.Module):
    """Cross-attention from image embeddings to text embeddings, eight heads as wide as these."""

    def __init__(self, size: int, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.w_qs = nn.Linear(size, heads * size, bias=False)
        self.w_ks = nn.Linear(size, heads * size, bias=False)
        self.w_vs = nn.Linear(size, heads * size, bias=False)
        self.fc = nn.Linear(heads * size, size, bias=False)
        self.dropout = nn.Dropout(0.1)
        self.layer_norm = nn.LayerNorm(size, eps=1e-6)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """Embeddings (B, d), each asking all of the texts (n, d), to (B, d)."""
        batch, size = image.shape
        q = self.w_qs(image).view(batch, self.heads, 1, size)
        k = self.w_ks(text).view(-1, self.heads, size).transpose(0, 1)
        v = self.w_vs(text).view(-1, self.heads, size).transpose(0, 1)
        weights = (q @ k.transpose(1, 2) / math.sqrt(size)).softmax(3)
        found = self.fc((weights @ v).reshape(batch, -1))
        return self.layer_norm(image + self.dropout(found))


class PromptLearner(nn.Module):
    """The context vectors that are learned for both kinds of words, as wide as the text tower."""

    def __init__(self, width: int) -> None:
        super().__init__()
        short, long = CONTEXTS
        self.ctx1 = nn.Parameter(torch.randn(short, width) * 0.02)
        self.ctx2 = nn.Parameter(torch.randn(long, width) * 0.02)

    def forward(self, kinds: Tensor) -> tuple[Tensor, Tensor]:
        """Kinds (B,) to contexts (B, 4, width), zeros after the last, and how many count (B,)."""
        short, long = CONTEXTS
        both = torch.stack((F.pad(self.ctx1, (0, 0, 0, long - short)), self.ctx2))
        return both[kinds], torch.where(kinds == CONTENT, long, short)


class FDP(nn.Module):
    """Focus, Distinguish and Prompt about a frozen CLIP, for square photos of one size.

    ``clip_model`` has its weights already, since the heads start from them. ``state_dict`` has the
    published names, less their aliases ``image_encoder`` and ``text_encoder``, and besides
    ``word_kinds`` (2, d): the centroids of function words and of content words, which the published
    code does not keep. They are zeros until ``fit_word_kinds``.
    """

    word_kinds: Tensor

    def __init__(self, clip_model: CLIP, side: int = SIDE, *, faithful: bool = False) -> None:
        super().__init__()
        if side % STRIDE:
            raise ValueError(f"the side of the photos must be a multiple of {STRIDE}, not {side}")
        config, pool = clip_model.config, clip_model.visual.attnpool
        self.side, self.faithful = side, faithful
        self.clip_model = clip_model.requires_grad_(False).eval()
        self.logit_scale = clip_model.logit_scale
        self.prompt_learner = PromptLearner(config.text_width)
        self.cross_attention_textquery = KnowledgeProbing(config.embedding_size)
        self.new_v_proj = _convolution(pool.v_proj)
        self.new_c_proj = _convolution(pool.c_proj)
        self.binarize = nn.Conv2d(config.embedding_size, 1, 1)
        cells, own = side // STRIDE, pool.positional_embedding.detach()
        self.new_positional_embedding = nn.Parameter(
            _stretched(own, cells**2 + 1)
            if faithful
            else resized_positions(own, cells, cells).clone()
        )
        self.register_buffer("word_kinds", torch.zeros(2, config.embedding_size))

    def train(self, mode: bool = True) -> FDP:
        """CLIP stays as it is: its batch statistics are frozen with its weights."""
        super().train(mode)
        self.clip_model.eval()
        return self

    def features(self, photo: Tensor) -> Tensor:
        """Photos (B, side, side, 3) uint8 to the trunk's features (B, C, h, w)."""
        return self.clip_model.trunk(photo)

    def score_logits(self, features: Tensor) -> Tensor:
        """Features to the score map's logits (B, h, w): where there is text."""
        return self.binarize(self.new_c_proj(self.new_v_proj(features))).squeeze(1)

    def embed_features(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features to embeddings (B, d), not normalised, and the score map's logits (B, h, w)."""
        logits = self.score_logits(features)
        shift = attention_shift(logits.sigmoid())
        pooled = self.clip_model.pool(features, self.new_positional_embedding, shift)
        return pooled + self.cross_attention_textquery(pooled, self.knowledge()), logits

    def encode_image(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Photos to embeddings (B, d), not normalised, and the score map's logits (B, h, w)."""
        return self.embed_features(self.features(photo))

    def knowledge(self) -> Tensor:
        """What CLIP makes of "scene text", (1, d)."""
        tokens = torch.tensor([KNOWLEDGE], device=self.word_kinds.device)
        return self.clip_model.encode_text(tokens)

    def kinds_of(self, tokens: Tensor) -> Tensor:
        """Words' tokens (B, L) to their kinds (B,): the centroid nearest to the plain embedding."""
        return nearest(self.clip_model.encode_text(tokens), self.word_kinds)

    def encode_words(self, tokens: Tensor, kinds: Tensor | None = None) -> Tensor:
        """Words' tokens (B, L), prompted by their kind, to embeddings (B, d), not normalised.

        ``kinds`` (B,) are found when they are not given; distractors take those of their word.
        """
        kinds = self.kinds_of(tokens) if kinds is None else kinds
        return encode_prompted(self.clip_model, self.prompt_learner, tokens, kinds)

    @torch.no_grad()
    def fit_word_kinds(self, tokens: Tensor, function: int, content: int, seed: int = 0) -> None:
        """Part frequent words' tokens (n, L) into two kinds and keep their centroids.

        ``function`` and ``content`` are the rows of one word of either kind ("the" and "office" in
        the published code): they only say which centroid is which.
        """
        embeddings = self.clip_model.encode_text(tokens)
        centroids = two_means(embeddings, seed)
        axis = centroids[1] - centroids[0]
        if (embeddings[content] - embeddings[function]) @ axis < 0:
            centroids = centroids.flip(0)
        self.word_kinds.copy_(centroids)

    def fold(self) -> tuple[ImageTower, QueryTower]:
        """The two towers of a pack; ValueError when the word kinds have not been fitted."""
        return ImageTower(self), QueryTower(self)


class ImageTower(nn.Module):
    """Photos (B, side, side, 3) uint8 to unit embeddings (B, d), score maps (B, h, w) in 0..1."""

    positions: Tensor
    probed: Tensor

    @torch.no_grad()
    def __init__(self, model: FDP) -> None:
        super().__init__()
        self.visual = model.clip_model.visual
        self.score = folded_score(model)
        self.norm = model.cross_attention_textquery.layer_norm
        self.register_buffer("positions", model.new_positional_embedding.detach())
        self.register_buffer("probed", folded_probe(model))

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        features = self.visual(normalised(photo))
        score_map = self.score(features).squeeze(1).sigmoid()
        pool: AttentionPool2d = self.visual.attnpool
        pooled = pool(features, self.positions, attention_shift(score_map))
        return F.normalize(pooled + self.norm(pooled + self.probed), dim=1), score_map


class QueryTower(nn.Module):
    """Words' tokens (B, L) to unit embeddings (B, d); their kind and prompt are chosen inside."""

    word_kinds: Tensor

    def __init__(self, model: FDP) -> None:
        super().__init__()
        if not model.word_kinds.any():
            raise ValueError("the word kinds have not been fitted: call fit_word_kinds first")
        self.clip_model = model.clip_model
        self.prompt_learner = model.prompt_learner
        self.register_buffer("word_kinds", model.word_kinds)

    def forward(self, tokens: Tensor) -> Tensor:
        kinds = nearest(self.clip_model.encode_text(tokens), self.word_kinds)
        words = encode_prompted(self.clip_model, self.prompt_learner, tokens, kinds)
        return F.normalize(words, dim=1)


def attention_shift(score_map: Tensor) -> Tensor:
    """Score maps (B, h, w) in 0..1 to what joins the attention pool's logits, (B, 1 + h w).

    The mean counts as text. A shift of at most 1 raises a cell over another by e at most.
    """
    return F.pad(score_map.flatten(1), (1, 0), value=1.0)


def encode_prompted(clip: CLIP, learner: PromptLearner, tokens: Tensor, kinds: Tensor) -> Tensor:
    """Words' tokens (B, L) of these kinds (B,) in their prompts to embeddings (B, d)."""
    room = min(_LONGEST + 1, clip.config.context_length - tokens.shape[1])
    contexts, counts = learner(kinds)
    tokens, ends = prompted(F.pad(tokens, (0, room), value=PADDING), counts)
    embedded = clip.token_embedding(tokens)
    places = torch.arange(_LONGEST, device=tokens.device)
    first, learned, rest = embedded.tensor_split([1, 1 + _LONGEST], 1)
    learned = torch.where((places < counts[:, None])[..., None], contexts, learned)
    return clip.encode_embedded(torch.cat((first, learned, rest), 1), ends)


def prompted(tokens: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """``START word END`` (B, L) to ``START context word . END`` (B, L), and where it ends (B,).

    The ``counts`` (B,) of places after ``START`` are for the learned contexts, whatever they hold.
    A word that is too long loses its last tokens.
    """
    length = tokens.shape[1]
    places = torch.arange(length, device=tokens.device)
    moved = tokens.gather(1, (places - counts[:, None]).clamp(min=0))
    ends = (ends_of(tokens) + counts + 1).clamp(max=length - 1)
    before = places - ends[:, None]
    moved = moved.where(before < -1, FULL_STOP).where(before < 0, END).where(before <= 0, PADDING)
    return moved, ends


def nearest(points: Tensor, centroids: Tensor) -> Tensor:
    """Which of the centroids (k, d) each of the points (n, d) is nearest to, (n,)."""
    return (points[:, None] - centroids).square().sum(2).argmin(1)


def two_means(points: Tensor, seed: int, starts: int = 10, rounds: int = 300) -> Tensor:
    """The two centroids (2, d) of points (n, d): Lloyd's k-means, best of several k-means++ starts.

    The same points and seed give the same centroids. ValueError when all points are the same.
    """
    exact = points.double().cpu()
    if (exact == exact[0]).all():
        raise ValueError("words that all have the same embedding cannot be parted into kinds")
    chance = torch.Generator().manual_seed(seed)
    best, least = exact[:2], math.inf
    for _ in range(starts):
        centroids = _lloyd(exact, _started(exact, chance), rounds)
        spread = float((exact - centroids[nearest(exact, centroids)]).square().sum())
        if spread < least:
            best, least = centroids, spread
    return best.to(points)


def _started(points: Tensor, chance: torch.Generator) -> Tensor:
    """Two of the points, the second likelier the farther it is from the first."""
    first = points[torch.randint(len(points), (1,), generator=chance)]
    second = torch.multinomial((points - first).square().sum(1), 1, generator=chance)
    return torch.cat((first, points[second]))


def _lloyd(points: Tensor, centroids: Tensor, rounds: int) -> Tensor:
    for _ in range(rounds):
        second = nearest(points, centroids).bool()
        moved = torch.stack((points[~second].mean(0), points[second].mean(0)))
        if moved.equal(centroids):
            break
        centroids = moved
    return centroids


@torch.no_grad()
def folded_score(model: FDP) -> nn.Conv2d:
    """The three convolutions of the score map as one, from the trunk's features to one channel."""
    weight, bias = _matrix(model.binarize)
    for layer in (model.new_c_proj, model.new_v_proj):
        inner, offset = _matrix(layer)
        weight, bias = weight @ inner, bias + weight @ offset
    folded = nn.Conv2d(weight.shape[1], 1, 1)
    folded.load_state_dict({"weight": weight[..., None, None], "bias": bias})
    return folded


@torch.no_grad()
def folded_probe(model: FDP) -> Tensor:
    """What the cross-attention finds in "scene text" (d,), whatever the photo."""
    probe = model.cross_attention_textquery
    return probe.fc(probe.w_vs(model.knowledge())).squeeze(0)


def kernel_targets(kernels: Tensor, cells: int, *, faithful: bool = False) -> Tensor:
    """Drawn kernels (B, S, S) in 0..1 to what the score map should show, (B, cells, cells).

    It is the share of each cell that they cover; with ``faithful`` the first pixel of each cell
    decides, which misses most words that are smaller than a cell.
    """
    if faithful:
        return F.interpolate(kernels[:, None].float(), (cells, cells), mode="nearest").squeeze(1)
    return F.adaptive_avg_pool2d(kernels[:, None].float(), cells).squeeze(1)


def _matrix(layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """A 1x1 convolution's weight (out, in) and bias (out,), in double precision."""
    return layer.weight.double().flatten(1), layer.get_parameter("bias").double()


def _convolution(layer: nn.Linear) -> nn.Conv2d:
    """A linear layer as a 1x1 convolution with weights of its own."""
    convolution = nn.Conv2d(layer.in_features, layer.out_features, 1)
    convolution.load_state_dict(
        {"weight": layer.weight[..., None, None].detach(), "bias": layer.bias.detach()}
    )
    return convolution


def _stretched(embedding: Tensor, length: int) -> Tensor:
    """Positions (1 + n², C) as a picture to (length, C), nearest neighbours, class row and all."""
    size = (length, embedding.shape[1])
    return F.interpolate(embedding[None, None], size, mode="nearest")[0, 0]
