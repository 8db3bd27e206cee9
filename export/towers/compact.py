"""The compact FDP towers: a glance tells where words may be, Focus finds them, the image tower
embeds and reads them, the text tower embeds the query in the same space.

All convolutions are plain 3x3: depthwise ones and attention are many times slower to train on a
CPU. The embedding keeps the order of the letters (as TDSL's frames, CVPR 2021): both towers answer
``FRAMES`` frames of ``FRAME_SIZE`` numbers, flattened and L2-normalised.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
BLANK = 0  # CTC's class 0; letter i of the alphabet is class i + 1
FRAMES, FRAME_SIZE = 16, 12
LONGEST_WORD = 24
CROP_HEIGHT, CROP_WIDTH, COLUMNS = 32, 128, 32
NARROW = 64  # pixels: the width of short words' crops
MEAN, STD = 127.5, 64.0


def _conv(
    inside: int, outside: int, stride: int | tuple[int, int] = 1, dilation: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions about a shortcut, with ``inner`` channels between them."""

    def __init__(self, width: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or width
        self.first = _conv(width, inner)
        self.second = nn.Conv2d(inner, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class SequenceBlock(nn.Module):
    """A residual block over columns or frames, (B, 1, T, C) to the same.

    Channels stand last, and convolutions are 2-D: so ONNX Runtime goes through without transposing.
    """

    def __init__(self, width: int, kernel: int = 5) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.first = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.second = nn.Conv1d(width, width, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        size, norm = x.shape[1:], self.norm
        y = F.layer_norm(x, size, norm.weight.expand(size), norm.bias.expand(size), norm.eps)
        return x + _along(F.gelu(_along(y, self.first)), self.second)


def _along(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A convolution along T of (B, 1, T, C)."""
    weight, padding = conv.weight[:, :, None], (0, conv.kernel_size[0] // 2)
    return F.conv2d(x.permute(0, 3, 1, 2), weight, conv.bias, padding=padding).permute(0, 2, 3, 1)


def _places(position: Tensor) -> Tensor:
    """What is added to (B, 1, T, C) by place, of a parameter (1, C, T)."""
    return position.transpose(1, 2)[:, None]


class ImageTower(nn.Module):
    """(B, 32, W, 3) uint8 crops to embeddings (B, 192) and log-probabilities (B, 32, 37).

    W is 128, or 64 for short words, whose letters need no more. Those have half as many columns,
    each of which is answered twice.
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = (24, 48, 96, 128, 160)) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.trunk = nn.Sequential(
            _conv(3, a, 2),
            ResidualBlock(a),
            _conv(a, b, 2),
            ResidualBlock(b),
            _conv(b, c, (2, 1)),
            ResidualBlock(c),
            ResidualBlock(c),
            _conv(c, d, (2, 1)),
            ResidualBlock(d),
            ResidualBlock(d),
        )
        self.collapse = nn.Conv2d(d, e, (2, 1))
        self.position = nn.Parameter(torch.zeros(1, e, COLUMNS))
        self.columns = nn.Sequential(*(SequenceBlock(e) for _ in range(4)))
        self.classify = nn.Conv1d(e, len(ALPHABET) + 1, 1)
        self.frames = SequenceBlock(e)
        self.project = nn.Conv1d(e, FRAME_SIZE, 1)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        x = (crops.permute(0, 3, 1, 2).float() - MEAN) / STD
        x = self.collapse(self.trunk(x)).permute(0, 2, 3, 1)
        columns = x.shape[2]
        times = COLUMNS // columns
        every = torch.arange(columns, device=x.device) * times
        x = self.columns(x + _places(self.position).index_select(2, every))
        x = x.index_select(2, torch.arange(COLUMNS, device=x.device) // times)
        letters = F.log_softmax(_along(x, self.classify).float(), 3)[:, 0]
        frames = x.unflatten(2, (FRAMES, COLUMNS // FRAMES)).mean(3)
        return _embedding(_along(self.frames(frames), self.project)), letters


class TextTower(nn.Module):
    """Letters stretched over the frames (B, 16, 36) and lengths (B,) to embeddings (B, 192)."""

    def __init__(self, width: int = 192) -> None:
        super().__init__()
        self.letters = nn.Linear(len(ALPHABET), width)
        self.lengths = nn.Embedding(LONGEST_WORD + 1, width)
        self.position = nn.Parameter(torch.zeros(1, width, FRAMES))
        self.frames = nn.Sequential(SequenceBlock(width, 3), SequenceBlock(width, 3))
        self.project = nn.Conv1d(width, FRAME_SIZE, 1)

    def forward(self, stretched: Tensor, lengths: Tensor) -> Tensor:
        x = (self.letters(stretched) + self.lengths(lengths)[:, None])[:, None]
        return _embedding(_along(self.frames(x + _places(self.position)), self.project))


def _embedding(frames: Tensor) -> Tensor:
    """Frames (B, 1, T, C) as unit rows (B, C * T): one channel after the other."""
    return F.normalize(frames.float().squeeze(1).transpose(1, 2).flatten(1), dim=1)


class Focus(nn.Module):
    """(B, H, W, 3) uint8, sides multiples of 32, to maps (B, 2, H/4, W/4) of probabilities.

    Channel 0 are kernels (each word shrunk, so that neighbours stay apart), channel 1 whole words.
    A feature pyramid over five stages as in DBNet; ``forward_logits`` is what training uses.
    ``inner`` are the channels inside the residual blocks of four strides, by default as many as
    about them; ``pyramid`` those that the three smoothing convolutions take, and that the last one
    answers; ``stem`` those of the first convolution, if not ``widths[0]``.
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 128, 160),
        inner: Sequence[int] | None = None,
        pyramid: Sequence[int] = (48, 48, 48, 48),
        stem: int | None = None,
    ) -> None:
        super().__init__()
        a, b, c, d, e = widths
        a = stem or a
        at4, at8, at16, at32 = inner or widths[1:]
        self.stem = nn.Sequential(_conv(3, a, 2), _conv(a, b, 2), ResidualBlock(b, at4))
        self.stage8 = _stage(b, c, at8)
        self.stage16 = _stage(c, d, at16)
        self.stage32 = _stage(d, e, at32)
        low, middle, high, last = pyramid
        self.lateral32, self.lateral16 = nn.Conv2d(e, low, 1), nn.Conv2d(d, low, 1)
        self.lateral8, self.lateral4 = nn.Conv2d(c, middle, 1), nn.Conv2d(b, high, 1)
        self.smooth16, self.smooth8 = _conv(low, middle), _conv(middle, high)
        self.smooth4 = _conv(high, last)
        self.head = nn.Conv2d(last, 2, 1)

    @classmethod
    def of(cls, state: dict[str, Tensor]) -> Focus:
        """The Focus of these weights, in whatever widths they have."""

        def widths(axis: int, *names: str) -> list[int]:
            return [state[f"{name}.weight"].shape[axis] for name in names]

        stages = ("stage8", "stage16", "stage32")
        blocks = ("stem.2", *(f"{stage}.1" for stage in stages))
        model = cls(
            widths(0, "stem.0.0", "stem.1.0", *(f"{stage}.0.0" for stage in stages)),
            widths(0, *(f"{block}.first.0" for block in blocks)),
            widths(1, "smooth16.0", "smooth8.0", "smooth4.0", "head"),
        )
        model.load_state_dict(state)
        return model

    def forward_logits(self, photo: Tensor) -> Tensor:
        x4 = self.stem((photo.permute(0, 3, 1, 2).float() - MEAN) / STD)
        x8 = self.stage8(x4)
        x16 = self.stage16(x8)
        y = self.lateral32(self.stage32(x16))
        y = self.smooth16(_twice(y) + self.lateral16(x16))
        y = self.smooth8(_twice(y) + self.lateral8(x8))
        y = self.smooth4(_twice(y) + self.lateral4(x4))
        logits: Tensor = self.head(y)
        return logits

    def forward(self, photo: Tensor) -> Tensor:
        return torch.sigmoid(self.forward_logits(photo).float())


def _stage(inside: int, width: int, inner: int) -> nn.Sequential:
    blocks = (ResidualBlock(width, inner) for _ in range(2))
    return nn.Sequential(_conv(inside, width, 2), *blocks)


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Glance(nn.Module):
    """(B, H, W, 3) uint8, sides multiples of 32, to (B, H/16, W/16): is a word in that cell?

    A tenth of Focus's products, for the large part of most photos that shows no text. ``stem`` are
    Focus's first two convolutions, narrower and with their batch normalisation; it is not trained.
    """

    def __init__(self, stem: Sequence[int] = (8, 32), inner: Sequence[int] = (32, 48)) -> None:
        super().__init__()
        a, b = stem
        near, deep = inner
        self.stem = nn.Sequential(
            nn.Conv2d(3, a, 3, 2, 1), nn.ReLU(), nn.Conv2d(a, b, 3, 2, 1), nn.ReLU()
        )
        self.near = nn.Sequential(_conv(b, near, 2), _conv(near, near))
        self.deep = nn.Sequential(
            _conv(near, deep, 2),
            _conv(deep, deep, dilation=2),
            _conv(deep, deep, dilation=3),
            _conv(deep, deep),
        )
        self.out = nn.Conv2d(deep, 1, 1)
        self.finer = nn.Conv2d(near, 1, 1)  # for training alone: of cells of 8 pixels

    @classmethod
    def of(cls, state: dict[str, Tensor]) -> Glance:
        """The glance of these weights, in whatever widths they have."""
        a, b, near, deep = (
            len(state[f"{name}.weight"]) for name in ("stem.0", "stem.2", "near.0.0", "deep.0.0")
        )
        model = cls((a, b), (near, deep))
        model.load_state_dict(state)
        return model

    def forward_logits(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Of cells of 16 pixels, and of 8."""
        with torch.no_grad():
            x = self.stem((photo.permute(0, 3, 1, 2).float() - MEAN) / STD)
        x = self.near(x)
        return self.out(self.deep(x))[:, 0], self.finer(x)[:, 0]

    def forward(self, photo: Tensor) -> Tensor:
        return torch.sigmoid(self.forward_logits(photo)[0].float())
