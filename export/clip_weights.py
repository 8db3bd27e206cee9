"""Reads weights of CLIP and of FDP from the files in which they are published.

Known are OpenAI's TorchScript archives and plain state dicts, checkpoints of open_clip, and FDP's
checkpoints. Files are only ever read as tensors (``weights_only``); of a TorchScript archive the
state dict is taken and its program never run.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import LibraryError
from export.towers.clip import CLIP, CONFIGS, STRIDE, ClipConfig
from export.towers.fdp import FDP

State = dict[str, Tensor]
Sizes = Mapping[str, torch.Size]

_WRAPPERS = ("model_state_dict", "state_dict")  # FDP's, open_clip's
_ALIASES = ("image_encoder.", "text_encoder.")  # that FDP's checkpoints repeat CLIP's weights under
_CLIP_IN_FDP = "clip_model."
_OPTIONAL = "num_batches_tracked"  # of batch norms: counts, which no answer depends on
_OWN = "word_kinds"  # what our checkpoints have and published ones lack
# By the layers and the width of the ResNet, so that a file for another model is called by its name.
_RESNETS = {
    **{(config.layers, config.width): name for name, config in CONFIGS.items()},
    ((3, 4, 23, 3), 64): "RN101",
    ((3, 15, 36, 10), 128): "RN50x64",
}


class WeightsError(LibraryError):
    """A file of weights is missing, damaged, or for another model."""


def read_state(file: Path) -> State:
    """The tensors of a file by OpenAI's or FDP's names, floating ones in float32.

    What frameworks wrap about them is taken off: ``state_dict`` or ``model_state_dict``, the prefix
    ``module.`` of parallel training, and ``text.``, which some models of open_clip have.
    """
    content = _read(file)
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise WeightsError(f"{file} holds no weights but a {type(content).__name__}.")
    state = {
        re.sub(r"^(module\.)?(text\.)?", "", str(name)): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }
    if not state:
        raise WeightsError(f"{file} holds no weights.")
    return {
        name: value.detach().float() if value.is_floating_point() else value.detach()
        for name, value in state.items()
        if not name.startswith(_ALIASES)
    }


def load_clip(
    state: Mapping[str, Tensor], model: str, file: Path, config: ClipConfig | None = None
) -> CLIP:
    """CLIP of a size in ``CONFIGS`` with the weights of ``read_state``, ready to be asked.

    An FDP checkpoint serves as well, by the CLIP within it. ``config``: of a model of another size.
    ``file`` is only named in the ``WeightsError`` that says which weights are missing or unfit.
    """
    inner = {
        name.removeprefix(_CLIP_IN_FDP): value
        for name, value in state.items()
        if name.startswith(_CLIP_IN_FDP)
    }
    found = inner or dict(state)
    with torch.device("meta"):
        clip = CLIP(config or CONFIGS[model])
    sizes = {name: value.shape for name, value in clip.state_dict().items()}
    for name in sizes:
        if name.endswith(_OPTIONAL):
            found.setdefault(name, torch.tensor(0))
    other = _resnet_of(found)
    if other is not None and other != model:
        raise WeightsError(f"{file} holds CLIP {other}, where {model} was asked for.")
    _check(found, sizes, f"CLIP {model}", file)
    clip.load_state_dict({name: found[name] for name in sizes}, assign=True)
    return clip.eval()


def holds_clip(state: Mapping[str, Tensor]) -> bool:
    """Whether an FDP checkpoint brings the CLIP that it was trained on, as published ones do."""
    return any(name.startswith(_CLIP_IN_FDP) for name in state)


def load_fdp(
    state: Mapping[str, Tensor], clip: CLIP, side: int, file: Path, *, faithful: bool = False
) -> FDP:
    """FDP about ``clip`` with the heads of a checkpoint, for photos of ``side`` pixels.

    The word kinds are those of the checkpoint where it has them, else not fitted yet.
    ``file`` is only named in the ``WeightsError``.
    """
    model = FDP(clip, side, faithful=faithful)
    sizes = {
        name: value.shape
        for name, value in model.state_dict().items()
        if not name.startswith((_CLIP_IN_FDP, _OWN)) and name != "logit_scale"
    }
    positions = state.get("new_positional_embedding")
    if positions is not None and len(positions) != (side // STRIDE) ** 2 + 1:
        raise WeightsError(
            f"{file} was trained on photos of {STRIDE * round((len(positions) - 1) ** 0.5)} "
            f"pixels, where {side} were asked for."
        )
    _check(state, sizes, "FDP's heads on this CLIP", file)
    heads = {name: state[name] for name in (*sizes, _OWN) if name in state}
    if _OWN in heads:
        _check(heads, {_OWN: model.word_kinds.shape}, "FDP's word kinds", file)
    model.load_state_dict(heads, strict=False)
    return model.eval()


def queries_and_keys(model: FDP) -> tuple[float, float]:
    """Root mean squares of the weights ``w_qs`` and ``w_ks``.

    With a single key they get no gradient, and weight decay drives them to nothing: in a checkpoint
    that was trained they are far below the 0.01 or more that they started at.
    """
    probe = model.cross_attention_textquery
    queries, keys = (layer.weight.detach().square().mean() for layer in (probe.w_qs, probe.w_ks))
    return float(queries.sqrt()), float(keys.sqrt())


def _read(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            start = opened.read(512)
        if _is_torchscript(file):
            with warnings.catch_warnings():
                # OpenAI published its weights so; reading them stays necessary.
                warnings.filterwarnings("ignore", r"`torch\.jit\.load`", DeprecationWarning)
                return torch.jit.load(str(file), map_location="cpu").state_dict()
        return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"There is no file {file}.") from None
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror or error}.") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{file} {_why_not(start, str(error))}.") from error
    except (RuntimeError, EOFError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{file} is damaged or was not fetched to its end: its weights cannot be read."
        ) from error


def _is_torchscript(file: Path) -> bool:
    """Whether the file is a whole zip with code in it; a torn one is left for torch to judge."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def _why_not(start: bytes, error: str) -> str:
    if start.lstrip()[:1] == b"<":
        return "is a web page and no weights: fetch the file behind it"
    if start.startswith(b"version https://git-lfs"):
        return "only says where Git LFS keeps the weights: fetch the file itself"
    unknown = re.search(r"(?:GLOBAL|global) ([\w.]+)", error)
    if unknown:
        return (
            f"holds more than weights ({unknown[1]}) and is not opened, because such a file can "
            "run programs"
        )
    return "is damaged, or no file of weights"


def _resnet_of(state: Mapping[str, Tensor]) -> str | None:
    """Which CLIP the weights are of, by the layers that are there; None where that is unclear."""
    if "visual.class_embedding" in state:
        return "with a Vision Transformer"
    blocks = {
        (int(layer), int(block))
        for layer, block in re.findall(
            r"^visual\.layer([1-4])\.(\d+)\.conv1\.weight$", "\n".join(state), re.MULTILINE
        )
    }
    first = state.get("visual.layer1.0.conv1.weight")
    if first is None:
        return None
    counts = [sum(layer == one for layer, _ in blocks) for one in (1, 2, 3, 4)]
    return _RESNETS.get(((counts[0], counts[1], counts[2], counts[3]), len(first)))


def _check(state: Mapping[str, Tensor], sizes: Sizes, called: str, file: Path) -> None:
    """WeightsError unless all are there, of these sizes and finite."""
    missing = [name for name in sizes if name not in state]
    if missing:
        raise WeightsError(
            f"{file} lacks {len(missing)} of the {len(sizes)} weights of {called}, "
            f"the first of them {missing[0]}."
        )
    unfit = [name for name, size in sizes.items() if state[name].shape != size]
    if unfit:
        raise WeightsError(
            f"{file} does not fit {called}: {len(unfit)} weights have another size, the first of "
            f"them {unfit[0]} with {tuple(state[unfit[0]].shape)} instead of "
            f"{tuple(sizes[unfit[0]])}."
        )
    for name in sizes:
        if not state[name].isfinite().all():
            raise WeightsError(f"{file} is damaged: {name} holds what is not a number.")
