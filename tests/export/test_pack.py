"""Export to ONNX and the writing of packs, with towers of a few weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
import onnxruntime
import torch

from engine.packs import check_pack, read_pack, verify
from engine.tokenizer import stretch
from engine.towers import open_towers
from export import onnx as exporting
from export import pack
from export import quantize as quantizing
from export.cli import main
from export.quantize import quantize
from export.towers.compact import FRAMES, MEAN, STD, Focus, Glance, ImageTower, TextTower
from export.training import word
from export.training.run import save
from tests.packs import painted_pack, put, read_content, write_content

SMALL_FOCUS = partial(Focus, (4, 4, 8, 8, 8))
SMALL_IMAGE = partial(ImageTower, (4, 4, 8, 8, 8))
SMALL_TEXT = partial(TextTower, 8)


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


class Written:
    """A pack that was exported from towers with weights by chance."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(3)
        torch.set_num_threads(1)
        self.run, self.out = folder / "run", folder / "pack"
        self.words, self.focus = word.WordTowers().eval(), SMALL_FOCUS().eval()
        save(self.run / "word.pt", {"average": self.words.state_dict(), "crops": 512})
        save(self.run / "focus.pt", {"average": self.focus.state_dict(), "patches": 64})
        self.photo = folder / "photo.jpg"
        cv2.imwrite(str(self.photo), noise(90, 120, 3))
        self.status = main(self.arguments(self.run, self.out))

    def arguments(self, run: Path, out: Path) -> list[str]:
        check = ["--check-photo", str(self.photo), "--check-query", "Photo-Lex"]
        return ["pack", "--run-folder", str(run), "--out", str(out), "--name", "small", *check]

    def answers(self, part: str, **feeds: NDArray[Any]) -> list[NDArray[Any]]:
        session = onnxruntime.InferenceSession(
            str(self.out / f"{part}.onnx"), providers=["CPUExecutionProvider"]
        )
        found: list[NDArray[Any]] = session.run(None, feeds)
        return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(word, "ImageTower", SMALL_IMAGE)
        patched.setattr(word, "TextTower", SMALL_TEXT)
        return Written(tmp_path_factory.mktemp("export"))


def test_a_written_pack_is_sound(written: Written) -> None:
    assert written.status == 0
    found = read_pack(written.out)
    verify(found)
    assert check_pack(found).passed
    assert (found.name, found.family, found.embedding_size) == ("small", "compact", 192)
    assert found.settings["training"] == {"crops": 512, "patches": 64}
    assert {path.name for path in written.out.iterdir()} == {
        "pack.json", "check.jpg", "focus.onnx", "image.onnx", "text.onnx",
    }  # fmt: skip


def test_nothing_of_the_computer_that_exported_is_left_in_a_pack(written: Written) -> None:
    here = str(Path(pack.__file__).parent).encode()
    assert not [file.name for file in written.out.iterdir() if here in file.read_bytes()]


@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 256, 32), (3, 64, 96), (2, 640, 448)])
def test_focus_takes_photos_of_all_sizes_and_numbers(
    written: Written, shape: tuple[int, int, int]
) -> None:
    photos = noise(*shape, 3)
    (maps,) = written.answers("focus", photo=photos)
    with torch.no_grad():
        expected = written.focus(torch.from_numpy(photos)).numpy()
    np.testing.assert_allclose(maps, expected, atol=1e-4)


@pytest.mark.parametrize(("count", "wide"), [(1, 128), (2, 64), (7, 128), (33, 64)])
def test_the_image_tower_takes_any_number_of_crops_of_two_widths(
    written: Written, count: int, wide: int
) -> None:
    crops = noise(count, 32, wide, 3)
    found = written.answers("image", crops=crops)
    with torch.no_grad():
        expected = written.words.image(torch.from_numpy(crops))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-4)


@pytest.mark.parametrize("words", [["a"], ["photolex", "x" * 24], list("abcdefghijk")])
def test_the_text_tower_takes_any_number_of_words(written: Written, words: list[str]) -> None:
    letters, lengths = stretch(words, FRAMES), np.array([len(one) for one in words], np.int64)
    (found,) = written.answers("text", letters=letters, lengths=lengths)
    with torch.no_grad():
        expected = written.words.text(torch.from_numpy(letters), torch.from_numpy(lengths))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(found, open_towers(read_pack(written.out)).embed_words(words),
                               atol=1e-5)  # fmt: skip


def test_the_engine_embeds_photos_with_it(written: Written) -> None:
    towers = open_towers(read_pack(written.out), threads=1)
    for region in towers.embed_photo(noise(200, 300, 3)):
        assert np.linalg.norm(region.embedding.astype(np.float32)) == pytest.approx(1, abs=1e-2)


def text_feeds(*words: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return stretch(words, FRAMES), np.array([len(one) for one in words], np.int64)


def test_other_weights_than_the_modules_fail_parity(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = onnx.load(written.out / "text.onnx")
    monkeypatch.setattr(exporting, "traced", lambda *_: stale)
    same = exporting.export_text(written.words.text, tmp_path / "text.onnx", *text_feeds("photo"))
    assert same < exporting.TOLERANCE
    torch.manual_seed(99)
    with pytest.raises(exporting.ParityError, match=r"text\.onnx differs from the torch module"):
        exporting.export_text(SMALL_TEXT().eval(), tmp_path / "text.onnx", *text_feeds("photo"))


def test_an_answer_that_is_no_number_fails_parity(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is the second answer, after one that agrees."""

    class Broken(torch.nn.Module):
        def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            embedding, letters = written.words.image(crops)
            return embedding, letters * float("nan")

    finished = onnx.load(written.out / "image.onnx")
    monkeypatch.setattr(exporting, "traced", lambda *_: finished)
    with pytest.raises(exporting.ParityError):
        exporting.export_image(Broken(), tmp_path / "image.onnx", noise(2, 32, 128, 3))  # type: ignore[arg-type]


def test_without_checkpoints_it_is_said_what_is_missing(
    written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(written.arguments(tmp_path, tmp_path / "out")) == 1
    assert "word.pt: train first" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_was_not_trained_is_taken_over_from_another_pack(
    written: Written, tmp_path: Path
) -> None:
    content = read_content(written.out)
    content["calibration"]["bias"] = -1.25
    content["focus"]["finding"]["growth"] = 0.45
    base = Path(shutil.copytree(written.out, tmp_path / "base"))
    write_content(base, content)
    torch.manual_seed(8)
    other = Focus((4, 4, 8, 8, 8), (4, 4, 4, 4)).eval()
    save(tmp_path / "run" / "focus.pt", {"average": other.state_dict(), "patches": 96})
    arguments = written.arguments(tmp_path / "run", tmp_path / "out")
    assert main([*arguments, "--base", str(base)]) == 0
    found = read_pack(tmp_path / "out")
    verify(found)
    assert found.settings["training"] == {"crops": 512, "patches": 96}
    assert found.calibration == content["calibration"]
    assert found.settings["focus"] == content["focus"]
    for part in ("image", "text"):
        assert found.path(part).read_bytes() == (base / f"{part}.onnx").read_bytes()
    photo = noise(1, 64, 96, 3)
    session = onnxruntime.InferenceSession(
        str(found.path("focus")), providers=["CPUExecutionProvider"]
    )
    with torch.no_grad():
        expected = other(torch.from_numpy(photo)).numpy()
    np.testing.assert_allclose(session.run(None, {"photo": photo})[0], expected, atol=1e-4)


def test_a_glance_is_exported_where_one_was_trained_and_taken_over_then(
    written: Written, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    model = Glance((4, 8), (8, 8)).eval()
    run, first, second = (tmp_path / name for name in ("run", "first", "second"))
    save(run / "glance.pt", {"average": model.state_dict(), "pieces": 32})
    assert main([*written.arguments(run, first), "--base", str(written.out)]) == 0
    found = read_pack(first)
    verify(found)
    assert found.settings["training"] == {"crops": 512, "patches": 64, "pieces": 32}
    assert found.settings["glance"] == {"threshold": pack.WORTH_A_LOOK}
    assert found.path("focus").read_bytes() == (written.out / "focus.onnx").read_bytes()
    quantize(found.path("glance"), [noise(1, 64, 96, 3)], ["Conv", "Relu"])
    session = onnxruntime.InferenceSession(
        str(found.path("glance")), providers=["CPUExecutionProvider"]
    )
    for size in ((1, 32, 64, 3), (2, 96, 32, 3)):
        photos = noise(*size, seed=7)
        with torch.no_grad():
            expected = model(torch.from_numpy(photos)).numpy()
        np.testing.assert_allclose(session.run(None, {"photo": photos})[0], expected, atol=0.05)
    content = read_content(first)
    content["glance"]["threshold"] = 0.35
    content["files"]["glance"]["sha256"] = sha256(found.path("glance").read_bytes()).hexdigest()
    write_content(first, content)
    assert main([*written.arguments(tmp_path / "none", second), "--base", str(first)]) == 0
    assert read_pack(second).settings["glance"] == {"threshold": 0.35}
    assert read_pack(second).path("glance").read_bytes() == found.path("glance").read_bytes()


def test_towers_are_taken_over_from_compact_packs_only(
    written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = Path(shutil.copytree(written.out, tmp_path / "base"))
    write_content(base, read_content(base) | {"family": "fdp"})
    arguments = written.arguments(tmp_path / "run", tmp_path / "out")
    assert main([*arguments, "--base", str(base)]) == 1
    assert "is not a compact one" in capsys.readouterr().err


@pytest.mark.parametrize("operators", [["Conv", "Relu"], ["Conv", "Relu", "Add", "Resize"]])
def test_a_quantised_focus_answers_nearly_the_same(
    written: Written, tmp_path: Path, operators: list[str]
) -> None:
    file = tmp_path / "focus.onnx"
    shutil.copy(written.out / "focus.onnx", file)
    photos = [noise(1, 64, 96, 3, seed=seed) for seed in range(3)]
    quantize(file, photos, operators)
    assert [path.name for path in tmp_path.iterdir()] == ["focus.onnx"]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for photo in (photos[0], noise(1, 32, 160, 3, seed=9)):
        (maps,) = session.run(None, {"photo": photo})
        (expected,) = written.answers("focus", photo=photo)
        assert np.abs(maps - expected).max() < 0.05


def largest_sums(file: Path) -> list[int]:
    """Of each convolution the most that two 8-bit weights of a channel add up to, of one sign."""
    sums = []
    for one in onnx.load(str(file)).graph.initializer:
        if one.data_type == onnx.TensorProto.INT8 and len(one.dims) == 4:
            weights = onnx.numpy_helper.to_array(one).astype(int)
            rows = np.sort(weights.reshape(len(weights), -1), axis=1)
            two = rows[:, -2:].clip(0).sum(1), -rows[:, :2].clip(max=0).sum(1)
            sums.append(int(np.max(two)))
    return sums


def test_no_two_weights_overflow_where_products_are_added_by_twos(
    written: Written, tmp_path: Path
) -> None:
    file = tmp_path / "focus.onnx"
    shutil.copy(written.out / "focus.onnx", file)
    quantize(file, [noise(1, 64, 96, 3)])
    sums = largest_sums(file)
    assert len(sums) > 20
    assert 120 <= min(sums) <= max(sums) <= 128
    # The loudest photo there is, by both ways that ONNX Runtime has where it must choose.
    photo = np.where(noise(1, 64, 96, 3) < 128, 0, 255).astype(np.uint8)
    answers = []
    for careful in "0", "1":
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.x64quantprecision", careful)
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        answers.append(session.run(None, {"photo": photo})[0])
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-3)


@pytest.mark.parametrize("part", ["glance", "focus", "image"])
def test_the_pack_that_ships_computes_the_same_on_every_processor(part: str) -> None:
    sums = largest_sums(
        read_pack(Path(pack.__file__).parents[1] / "onnx_models/compact").path(part)
    )
    assert len(sums) >= (8 if part == "glance" else 20)
    assert max(sums) <= 128


def test_a_quantised_tower_takes_the_bytes_as_they_are(tmp_path: Path, written: Written) -> None:
    file = tmp_path / "focus.onnx"
    shutil.copy(written.out / "focus.onnx", file)
    quantize(file, [noise(1, 64, 96, 3)])
    nodes = onnx.load(str(file)).graph.node
    assert {"Cast", "Sub", "Div"}.isdisjoint(node.op_type for node in nodes)
    plain = np.full((1, 64, 64, 3), 200, np.uint8)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (maps,) = session.run(None, {"photo": plain})
    assert maps == pytest.approx(written.answers("focus", photo=plain)[0], abs=0.05)


def test_only_towers_that_scale_bytes_are_quantised(tmp_path: Path, written: Written) -> None:
    file = tmp_path / "text.onnx"
    shutil.copy(written.out / "text.onnx", file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="does not scale the bytes"):
        quantize(file, [noise(1, 16, 36)])
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["text.onnx"]


@pytest.mark.parametrize("part", ["focus", "image"])
def test_quantised_towers_are_rewritten_without_another_number(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    name, sizes = {
        "focus": ("photo", [(1, 64, 96, 3), (2, 32, 32, 3), (1, 96, 352, 3)]),
        "image": ("crops", [(1, 32, 128, 3), (5, 32, 128, 3), (3, 32, 64, 3)]),
    }[part]
    files = [tmp_path / "plain.onnx", tmp_path / "rewritten.onnx"]
    for file in files:
        shutil.copy(written.out / f"{part}.onnx", file)
        with monkeypatch.context() as patched:
            if file == files[0]:
                patched.setattr(quantizing, "first_by_groups", lambda _: None)
                patched.setattr(quantizing, "doubled_by_copies", lambda _: None)
            quantize(file, [noise(*sizes[0])], ["Conv", "Relu", "Add", "Resize"])
    kinds = [[node.op_type for node in onnx.load(str(file)).graph.node] for file in files]
    assert kinds[0].count("Resize") == (3 if part == "focus" else 0)
    assert "Resize" not in kinds[1]
    # The columns of the picture by groups, and those of the first answers apart again.
    assert kinds[1].count("Reshape") == kinds[0].count("Reshape") + kinds[0].count("Resize") + 2
    plain, rewritten = (
        onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        for file in files
    )
    for size in sizes:
        feed = {name: noise(*size, seed=size[0])}
        for one, other in zip(plain.run(None, feed), rewritten.run(None, feed), strict=True):
            assert np.ptp(one) > 0
            np.testing.assert_array_equal(one, other)


def test_only_towers_that_begin_by_steps_of_two_are_quantised(tmp_path: Path) -> None:
    class Other(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, 1, 1)

        def forward(self, photo: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.conv((photo.permute(0, 3, 1, 2).float() - MEAN) / STD)
            return answer

    file, example = tmp_path / "other.onnx", torch.zeros(2, 32, 64, 3, dtype=torch.uint8)
    onnx.save(exporting.traced(Other(), (example,), (["photo"], ["maps"]), ({},)), str(file))
    before = file.read_bytes()
    with pytest.raises(ValueError, match="does not begin with a 3 x 3 convolution by steps of 2"):
        quantize(file, [noise(2, 32, 64, 3)])
    assert file.read_bytes() == before


def test_labelled_photos_tune_and_calibrate_the_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With hand-written towers in place of exported ones, so that there is something to find."""
    words = ["amber", "bridge", "coffee", "garden", "harbour", "island", "jacket", "kitchen"]
    labels: dict[str, list[dict[str, Any]]] = {f"{at:03}.png": [] for at in range(21)}
    for name, shown in (("000.png", words[:4]), ("020.png", words[4:])):
        photo = np.zeros((512, 512, 3), np.uint8)
        for at, text in enumerate(shown):
            quad = put(photo, text, (256, 60 + 100 * at))
            labels[name].append({"text": text.upper(), "quad": quad.tolist()})
        labels[name].append({"text": "Doubtful", "quad": [[0, 0]] * 4, "score": 0.5})
        labels[name].append({"text": "Unlocated", "quad": None})
        cv2.imwrite(str(tmp_path / name), photo[:, :, ::-1])
    (tmp_path / "gt.json").write_text(json.dumps(labels))
    check = np.zeros((128, 320, 3), np.uint8)
    put(check, "check", (160, 64))
    whole_colour = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    cv2.imwrite(str(tmp_path / "check.jpg"), check[:, :, ::-1], whole_colour)
    for name in ("word", "focus"):
        save(tmp_path / f"{name}.pt", {"average": {}, "crops": 1, "patches": 1})

    def paint(word: object, focus: object, glance: object, photo: object, out: Path) -> list[str]:
        painted_pack(out)
        return ["focus", "image", "text"]

    quantised: list[Sequence[NDArray[np.uint8]]] = []
    monkeypatch.setattr(pack, "export_towers", paint)
    monkeypatch.setattr(pack, "quantize", lambda file, inputs, *_: quantised.append(inputs))
    monkeypatch.setattr(pack, "FRAME_SIZE", 36)
    monkeypatch.setattr(pack, "dictionary", lambda: [f"zz{at}zz" for at in range(400)])
    arguments = [
        "pack", "--run-folder", str(tmp_path), "--out", str(tmp_path / "pack"),
        "--check-photo", str(tmp_path / "check.jpg"), "--check-query", "Check",
        "--labelled", str(tmp_path), str(tmp_path / "gt.json"), "--sides", "512",
    ]  # fmt: skip
    status = main(arguments)
    told = capsys.readouterr().out
    assert status == 0, told
    assert "2 held-out photos: words covered 0." in told
    assert [len(inputs) for inputs in quantised] == [1, 1]
    content = read_content(tmp_path / "pack")
    assert content["calibration"] != pack.UNFITTED
    assert content["check"]["similarity"] > 0.5
    assert content["focus"]["finding"]["growth"] in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
    towers = open_towers(read_pack(tmp_path / "pack"), threads=1)
    photo = np.zeros((512, 512, 3), np.uint8)
    put(photo, "lantern", (256, 200), 5)
    # It is large, and so it is read twice.
    assert [region.reading for region in towers.embed_photo(photo)] == ["lantern", "lantern"]
    # With another pack's ways of finding words and its calibration nothing is fitted.
    content["focus"]["finding"]["growth"], content["calibration"]["bias"] = 0.25, -1.25
    base = Path(shutil.copytree(tmp_path / "pack", tmp_path / "base"))
    write_content(base, content)
    (tmp_path / "focus.pt").unlink()
    assert main([*arguments, "--base", str(base)]) == 0
    found = read_content(tmp_path / "pack")
    assert (found["focus"], found["calibration"]) == (content["focus"], content["calibration"])
