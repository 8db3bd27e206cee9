"""Small CLIPs by chance, and files of weights as OpenAI, open_clip and FDP publish theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from export.towers.clip import CLIP, CONFIGS, ClipConfig

TINY = ClipConfig((1, 1, 1, 1), 8, 32, 64, 32, 2, text_layers=2)
_TEXT = ("transformer.", "positional_embedding", "ln_final.", "text_projection")


def clip_by_chance(config: ClipConfig = TINY, seed: int = 0) -> CLIP:
    """CLIP with weights by chance that keep features of a usable size, ready to be asked."""
    torch.manual_seed(seed)
    clip = CLIP(config).eval()
    for name, value in clip.named_buffers():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif name.endswith("running_mean"):
            value.normal_(0, 0.1)
    return clip


def published_fdp(clip: CLIP, side: int, seed: int = 1) -> dict[str, Tensor]:
    """``model_state_dict`` of an FDP checkpoint by chance: the published names, aliases among them.

    The sizes are written out here from the published ones: 992 tensors for RN50 at 640.
    """
    config, chance = clip.config, torch.Generator().manual_seed(seed)
    size, features, width = config.embedding_size, config.features, config.text_width

    def drawn(*shape: int, scale: float = 0.02) -> Tensor:
        return torch.randn(shape, generator=chance) * scale

    inner = {name: value.clone() for name, value in clip.state_dict().items()}
    visual = {
        name.removeprefix("visual."): value
        for name, value in inner.items()
        if name.startswith("visual.")
    }
    text = {name: value for name, value in inner.items() if name.startswith(_TEXT)}
    probe = {f"cross_attention_textquery.{one}.weight": drawn(8 * size, size)
             for one in ("w_qs", "w_ks", "w_vs")}  # fmt: skip
    return {
        "logit_scale": inner["logit_scale"],
        "new_positional_embedding": drawn((side // 32) ** 2 + 1, features),
        "prompt_learner.ctx1": drawn(2, width),
        "prompt_learner.ctx2": drawn(4, width),
        **probe,
        "cross_attention_textquery.fc.weight": drawn(size, 8 * size),
        "cross_attention_textquery.layer_norm.weight": 1 + drawn(size),
        "cross_attention_textquery.layer_norm.bias": drawn(size),
        "new_v_proj.weight": drawn(features, features, 1, 1),
        "new_v_proj.bias": drawn(features),
        "new_c_proj.weight": drawn(size, features, 1, 1),
        "new_c_proj.bias": drawn(size),
        "binarize.weight": drawn(1, size, 1, 1),
        "binarize.bias": drawn(1),
        **{f"clip_model.{name}": value for name, value in inner.items()},
        **{f"image_encoder.{name}": value for name, value in visual.items()},
        **{f"text_encoder.{name}": value for name, value in text.items()},
    }


def write_fdp(file: Path, clip: CLIP, side: int) -> Path:
    """An FDP checkpoint with what else its training saves."""
    content: dict[str, Any] = {
        "epoch": 8,
        "model_state_dict": published_fdp(clip, side),
        "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 2e-3, "params": [0]}]},
        "loss": 1.25,
    }
    torch.save(content, file)
    return file


def meta_state(model: str) -> dict[str, Tensor]:
    """The weights of a model by name and size, without any values."""
    with torch.device("meta"):
        return dict(CLIP(CONFIGS[model]).state_dict())
