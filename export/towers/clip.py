"""CLIP's modified ResNets RN50, RN50x4 and RN50x16 (Radford et al., ICML 2021) at any resolution.

The parameters carry OpenAI's names, so that their state dicts load strictly. All of these models
were trained with ``x * sigmoid(1.702 x)`` in the place of GELU. The insides are open because FDP
works between the trunk and the attention pool, and between the token embedding and the transformer.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN: Final = (0.48145466, 0.4578275, 0.40821073)  # of RGB in 0..1
STD: Final = (0.26862954, 0.26130258, 0.27577711)
STRIDE: Final = 32  # pixels of the photo for each cell of the trunk's features
SIDE: Final = 640  # of the photo, where nothing else is said
START, END, PADDING = 49406, 49407, 0  # token ids
_EXPANSION: Final = 4  # a bottleneck answers four times its width
_HEAD: Final = 64  # channels of one attention head


@dataclass(frozen=True)
class ClipConfig:
    """The sizes of one CLIP model; ``layers`` and ``width`` are of the ResNet."""

    layers: tuple[int, int, int, int]
    width: int
    embedding_size: int
    resolution: int  # that it was trained at: the positional embedding has (resolution / 32)² cells
    text_width: int
    text_heads: int
    text_layers: int = 12
    context_length: int = 77
    vocabulary: int = 49408

    @property
    def features(self) -> int:
        """Channels that the trunk answers."""
        return self.width * STRIDE

    @property
    def heads(self) -> int:
        """Heads of the attention pool."""
        return self.features // _HEAD

    @property
    def grid(self) -> int:
        """Cells on a side of the positional embedding."""
        return self.resolution // STRIDE


CONFIGS: Final[dict[str, ClipConfig]] = {
    "RN50": ClipConfig((3, 4, 6, 3), 64, 1024, 224, 512, 8),
    "RN50x4": ClipConfig((4, 6, 10, 6), 80, 640, 288, 640, 10),
    "RN50x16": ClipConfig((6, 8, 18, 8), 96, 768, 384, 768, 12),
}


class Bottleneck(nn.Module):
    """A residual block that pools before its last convolution instead of striding."""

    def __init__(self, inside: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outside = width * _EXPANSION
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inside != outside:
            self.downsample = nn.Sequential(
                OrderedDict[str, nn.Module](
                    {
                        "-1": nn.AvgPool2d(stride),
                        "0": nn.Conv2d(inside, outside, 1, bias=False),
                        "1": nn.BatchNorm2d(outside),
                    }
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.avgpool(F.relu(self.bn2(self.conv2(y))))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class AttentionPool2d(nn.Module):
    """Pools features into one embedding by attention whose only query is their mean."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        size = config.features
        self.heads = config.heads
        self.positional_embedding = nn.Parameter(
            torch.randn(config.grid**2 + 1, size) / math.sqrt(size)
        )
        self.q_proj = nn.Linear(size, size)
        self.k_proj = nn.Linear(size, size)
        self.v_proj = nn.Linear(size, size)
        self.c_proj = nn.Linear(size, config.embedding_size)

    def forward(self, features: Tensor, positions: Tensor, shift: Tensor | None = None) -> Tensor:
        """(B, C, h, w) to (B, d) at positions (1 + h w, C), ``shift`` (B, 1 + h w) upon the logits.

        With a single query neither keys nor values have to be made for every cell: the query goes
        through the keys' weights, and what it gathers through the values'. The keys' bias adds the
        same to all logits and drops out.
        """
        cells = features.flatten(2).transpose(1, 2)
        x = torch.cat((cells.mean(1, keepdim=True), cells), 1) + positions
        batch, _, size = x.shape
        query = self.q_proj(x[:, 0]) / math.sqrt(size // self.heads)
        query = query.view(batch, self.heads, -1).transpose(0, 1)
        seeks = (query @ self.k_proj.weight.view(self.heads, -1, size)).transpose(0, 1)
        logits = seeks @ x.transpose(1, 2)
        if shift is not None:
            logits = logits + shift[:, None]
        gathered = (logits.softmax(2) @ x).transpose(0, 1)
        values = gathered @ self.v_proj.weight.view(self.heads, -1, size).transpose(1, 2)
        return self.c_proj(values.transpose(0, 1).reshape(batch, size) + self.v_proj.bias)


class ModifiedResNet(nn.Module):
    """CLIP's ResNet: three convolutions as stem, bottlenecks that pool, an attention pool."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        width = config.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        first, second, third, fourth = config.layers
        self.layer1 = _stage(width, width, first, 1)
        self.layer2 = _stage(width * 4, width * 2, second, 2)
        self.layer3 = _stage(width * 8, width * 4, third, 2)
        self.layer4 = _stage(width * 16, width * 8, fourth, 2)
        self.attnpool = AttentionPool2d(config)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised (B, 3, H, W) to features (B, C, H/32, W/32); pooling is the caller's."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


def _stage(inside: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (Bottleneck(width * _EXPANSION, width) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(inside, width, stride), *rest)


class QuickGELU(nn.Module):
    """The approximation of GELU that OpenAI trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class CausalAttention(nn.Module):
    """Multi-head self-attention to the left, with the names of ``nn.MultiheadAttention``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) / math.sqrt(width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = parts.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind()
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(y.transpose(1, 2).reshape(batch, length, width))


class ResidualAttentionBlock(nn.Module):
    """One pre-norm layer of the text transformer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = CausalAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            OrderedDict[str, nn.Module](
                {
                    "c_fc": nn.Linear(width, width * 4),
                    "gelu": QuickGELU(),
                    "c_proj": nn.Linear(width * 4, width),
                }
            )
        )
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    """The text transformer's layers, (B, L, width) to the same."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        width, heads = config.text_width, config.text_heads
        self.resblocks = nn.Sequential(
            *(ResidualAttentionBlock(width, heads) for _ in range(config.text_layers))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.resblocks(x)


class CLIP(nn.Module):
    """Photos and texts to embeddings in one space; those that it answers are not normalised.

    Photos are (B, H, W, 3) uint8 RGB with sides that are multiples of 32; tokens are (B, L) int64
    with L up to the context length, ``START … END`` and then zeros.
    """

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        self.visual = ModifiedResNet(config)
        self.transformer = Transformer(config)
        self.token_embedding = nn.Embedding(config.vocabulary, config.text_width)
        self.positional_embedding = nn.Parameter(
            torch.randn(config.context_length, config.text_width) * 0.01
        )
        self.ln_final = nn.LayerNorm(config.text_width)
        self.text_projection = nn.Parameter(
            torch.randn(config.text_width, config.embedding_size) / math.sqrt(config.text_width)
        )
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def trunk(self, photo: Tensor) -> Tensor:
        """Photos to the features of the last stage (B, C, H/32, W/32)."""
        height, width = photo.shape[1:3]
        if height % STRIDE or width % STRIDE:
            raise ValueError(f"a photo's sides must be multiples of {STRIDE}, not {height}×{width}")
        return self.visual(normalised(photo))

    def pool(
        self, features: Tensor, positions: Tensor | None = None, shift: Tensor | None = None
    ) -> Tensor:
        """Features (B, C, h, w) to embeddings (B, d) by the attention pool.

        ``positions`` (1 + h w, C) stand in for CLIP's own, which are resized otherwise; ``shift``
        (B, 1 + h w) is added to the logits of all heads.
        """
        if positions is None:
            rows, columns = features.shape[2:]
            positions = resized_positions(self.visual.attnpool.positional_embedding, rows, columns)
        return self.visual.attnpool(features, positions, shift)

    def encode_image(self, photo: Tensor) -> Tensor:
        """Photos to embeddings (B, d)."""
        return self.pool(self.trunk(photo))

    def encode_embedded(self, embedded: Tensor, ends: Tensor) -> Tensor:
        """Token embeddings (B, L, width), without positions, to (B, d).

        ``ends`` (B,) is where each text has its ``END``, whose feature stands for the text.
        """
        x = self.transformer(embedded + self.positional_embedding[: embedded.shape[1]])
        index = ends[:, None, None].expand(-1, 1, x.shape[2])
        return self.ln_final(x.gather(1, index).squeeze(1)) @ self.text_projection

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Tokens to embeddings (B, d)."""
        return self.encode_embedded(self.token_embedding(tokens), ends_of(tokens))


class ImageTower(nn.Module):
    """What a pack of plain CLIP runs: photos (B, side, side, 3) to unit embeddings (B, d)."""

    positions: Tensor

    def __init__(self, model: CLIP, side: int = SIDE) -> None:
        super().__init__()
        self.visual = model.visual
        own = model.visual.attnpool.positional_embedding.detach()
        self.register_buffer("positions", resized_positions(own, side // STRIDE, side // STRIDE))

    def forward(self, photo: Tensor) -> Tensor:
        features = self.visual(normalised(photo))
        return F.normalize(self.visual.attnpool(features, self.positions), dim=1)


class QueryTower(nn.Module):
    """What a pack of plain CLIP runs: tokens (B, L) to unit embeddings (B, d)."""

    def __init__(self, model: CLIP) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return F.normalize(self.model.encode_text(tokens), dim=1)


def normalised(photo: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 RGB to what the trunk takes, (B, 3, H, W) float32."""
    mean = torch.tensor(MEAN, device=photo.device) * 255
    std = torch.tensor(STD, device=photo.device) * 255
    return ((photo.float() - mean) / std).permute(0, 3, 1, 2)


def ends_of(tokens: Tensor) -> Tensor:
    """Where each of the texts (B, L) has its ``END``, (B,): it is the greatest id there is."""
    return tokens.argmax(1)


def trimmed(tokens: Tensor, spare: int = 0) -> Tensor:
    """Tokens (B, L) without the padding that all of them have beyond ``spare`` places.

    Attention goes to the left only, so that no embedding changes and much work is saved.
    """
    return tokens[:, : int(ends_of(tokens).max()) + 1 + spare]


def resized_positions(embedding: Tensor, rows: int, columns: int) -> Tensor:
    """The attention pool's positions (1 + n², C) for a grid of another size, (1 + rows columns, C).

    The first row belongs to the mean and is kept; the grid is interpolated in two dimensions, by
    the cubic that keeps ramps (a = -0.5, PyTorch's where it is antialiased).
    """
    side = math.isqrt(len(embedding) - 1)
    if (rows, columns) == (side, side):
        return embedding
    grid = embedding[1:].T.reshape(1, -1, side, side)
    grid = F.interpolate(grid, (rows, columns), mode="bicubic", antialias=True)
    return torch.cat((embedding[:1], grid.flatten(2)[0].T))
