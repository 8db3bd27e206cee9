"""Towers taken back out of ONNX files, and Focus made narrower."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnxruntime
import torch
from torch import nn

from engine.errors import LibraryError
from engine.tokenizer import stretch
from export import restore
from export.onnx import export_focus, export_image, export_text
from export.quantize import quantize
from export.restore import restored_focus, restored_image_tower, restored_text_tower, scale_of
from export.towers.compact import FRAMES, Focus, ImageTower, TextTower
from export.training.narrow import narrowed
from tests.colour_packs import colour_pack
from tests.export.lively import enliven
from tests.packs import painted_pack

STRETCHED = stretch(["photo", "a"], FRAMES), np.array([5, 1])
WIDTHS, INNER, PYRAMID = (4, 8, 8, 12, 8), (8, 8, 12, 8), (8, 8, 8, 8)


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def made() -> Focus:
    torch.manual_seed(5)
    torch.set_num_threads(1)
    found = Focus(WIDTHS, INNER, PYRAMID)
    enliven(found)
    return found.eval()


@pytest.fixture
def model() -> Focus:
    """For tests that change it."""
    return made()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It as it is exported, in float32."""
    file = tmp_path_factory.mktemp("focus") / "focus.onnx"
    export_focus(made(), file, noise(64, 96, 3))
    return file


@torch.no_grad()
def answers(model: Focus, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = model(torch.from_numpy(photos)).numpy()
    return found


@pytest.mark.parametrize("sides", [(64, 96), (32, 160)])
def test_a_float_file_gives_back_what_was_exported(
    model: Focus, file: Path, sides: tuple[int, int]
) -> None:
    photos = noise(2, *sides, 3, seed=1)
    expected = answers(model, photos)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(answers(restored_focus(file), photos), expected, atol=1e-4)


def test_an_8_bit_file_gives_back_its_rounded_weights(
    model: Focus, file: Path, tmp_path: Path
) -> None:
    rounded = Path(shutil.copy(file, tmp_path))
    quantize(rounded, [noise(1, 64, 96, 3)], ["Conv", "Relu", "Add", "Resize"])
    found = restored_focus(rounded)
    photos = noise(2, 96, 64, 3, seed=1)
    np.testing.assert_allclose(answers(found, photos), answers(model, photos), atol=0.08)
    first, back = model.state_dict(), found.state_dict()
    norm = model.get_submodule("stem.0.1")
    assert isinstance(norm, nn.BatchNorm2d)
    scale = scale_of(norm).detach()
    folded = (first["stem.0.0.weight"] * scale[:, None, None, None]).numpy()
    step = np.abs(folded).max((1, 2, 3), keepdims=True) / 60
    assert (np.abs(back["stem.0.0.weight"].numpy() - folded) <= step).all()
    shift = first["stem.0.1.bias"] - first["stem.0.1.running_mean"] * scale
    np.testing.assert_allclose(back["stem.0.1.bias"], shift, atol=0.02)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageTower, TextTower, Path]:
    """The word towers, and the folder that they are exported to, the image tower in int8 as well.

    They are as large as those of packs.
    """
    torch.manual_seed(5)
    torch.set_num_threads(1)
    image, text = ImageTower(), TextTower()
    enliven(image)
    for tower in (image.eval(), text.eval()):
        for name, value in tower.named_parameters():
            if "norm." in name or name == "position":
                value.data += torch.randn_like(value) * 0.3
    folder = tmp_path_factory.mktemp("words")
    export_image(image, folder / "image.onnx", noise(3, 32, 128, 3))
    export_text(text, folder / "text.onnx", *STRETCHED)
    shutil.copy(folder / "image.onnx", folder / "int8.onnx")
    quantize(folder / "int8.onnx", [noise(16, 32, width, 3) for width in (128, 64)])
    return image, text, folder


@torch.no_grad()
def test_word_towers_are_given_back(words: tuple[ImageTower, TextTower, Path]) -> None:
    image, text, folder = words
    letters, lengths = (torch.from_numpy(one) for one in STRETCHED)
    found = restored_text_tower(folder / "text.onnx")(letters, lengths)
    torch.testing.assert_close(found, text(letters, lengths), atol=1e-5, rtol=0)
    for width in (128, 64):
        crops = torch.from_numpy(noise(4, 32, width, 3, seed=2))
        expected = image(crops)
        for one, other in zip(
            restored_image_tower(folder / "image.onnx")(crops), expected, strict=True
        ):
            torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
        embeddings, read = restored_image_tower(folder / "int8.onnx")(crops)
        assert (embeddings * expected[0]).sum(1).min() > 0.98
        assert (read.exp() - expected[1].exp()).abs().max() < 0.1


def test_the_pack_that_ships_can_be_trained_on() -> None:
    folder = Path(restore.__file__).parents[1] / "onnx_models/compact"
    crops = noise(4, 32, 128, 3)
    session = onnxruntime.InferenceSession(
        str(folder / "image.onnx"), providers=["CPUExecutionProvider"]
    )
    with torch.no_grad():
        found, _ = restored_image_tower(folder / "image.onnx")(torch.from_numpy(crops))
    assert (found.numpy() * session.run(["embedding"], {"crops": crops})[0]).sum(1).min() > 0.9
    restored_text_tower(folder / "text.onnx")
    restored_focus(folder / "focus.onnx")


@pytest.mark.parametrize(
    ("restored", "called"),
    [
        (restored_focus, "Focus"),
        (restored_image_tower, "image tower"),
        (restored_text_tower, "text tower"),
    ],
)
def test_another_network_is_refused(
    tmp_path: Path, restored: Callable[[Path], nn.Module], called: str
) -> None:
    shipped = Path(restore.__file__).parents[1] / "onnx_models/compact"
    part = "text" if called != "text tower" else "image"
    other = colour_pack(tmp_path / "colours")
    for file in (
        painted_pack(tmp_path).path("focus"),
        shipped / f"{part}.onnx",
        *(other.path(one) for one in ("image", "text")),
    ):
        with pytest.raises(LibraryError, match=rf"is not the {called} of a compact pack\.$"):
            restored(file)


def double(model: Focus) -> None:
    """Let the second half of the channels that are to go be copies of the first."""
    makers = {
        "stem.0.0": "stem.0.1",
        "stem.2.first.0": "stem.2.first.1", "stage16.2.first.0": "stage16.2.first.1",
        "smooth8.0": "smooth8.1", "lateral4": None, "smooth4.0": "smooth4.1",
    }  # fmt: skip
    for name, norm in makers.items():
        for part in filter(None, (name, norm)):
            module = model.get_submodule(part)
            for value in (*module.parameters(), *module.buffers()):
                if value.ndim:
                    half = len(value) // 2
                    value.data[half:] = value.data[:half]


def test_channels_that_repeat_others_go_without_a_loss(model: Focus) -> None:
    double(model)
    photos = [torch.from_numpy(noise(1, 64, 96, 3, seed=seed)) for seed in range(4)]
    held = noise(2, 96, 64, 3, seed=9)
    expected = answers(model, held)
    found = narrowed(model, photos, stem=2, inner=(4, 8, 12, 8), pyramid=(8, 8, 4, 4))
    state = found.state_dict()
    assert state["stem.1.0.weight"].shape[:2] == (8, 2)
    assert state["stem.2.first.0.weight"].shape[:2] == (4, 8)
    assert state["smooth8.0.weight"].shape[:2] == (4, 8)
    assert state["head.weight"].shape[:2] == (2, 4)
    np.testing.assert_allclose(answers(found, held), expected, atol=0.01)


def test_the_channels_that_are_left_make_up_for_those_that_went(model: Focus) -> None:
    photos = [torch.from_numpy(noise(1, 64, 96, 3, seed=seed)) for seed in range(8)]
    held = noise(2, 96, 64, 3, seed=9)
    expected = answers(model, held)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = narrowed(model, photos, inner=(8, 8, 8, 8), pyramid=PYRAMID)
    cut = {
        name: value[:8] if "stage16" in name and ".first." in name and value.ndim else value
        for name, value in state.items()
    }
    for block in ("stage16.1", "stage16.2"):
        cut[f"{block}.second.weight"] = state[f"{block}.second.weight"][:, :8]
    beheaded = Focus.of(cut).eval()
    lost = np.abs(answers(found, held) - expected).mean()
    assert 0 < lost < 0.6 * np.abs(answers(beheaded, held) - expected).mean()
