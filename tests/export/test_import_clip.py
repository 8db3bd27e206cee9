"""``import-clip``: weights of CLIP and FDP checkpoints become packs that the engine opens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tokenizers")

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from engine.demo import read_words, samples_folder
from engine.errors import LibraryError
from engine.letterbox import letterbox
from engine.packs import ModelPack, check_pack, read_pack, verify
from engine.photos import read_photo
from engine.towers import open_towers
from export import fdp_pack
from export.cli import main
from export.clip_tokenizer import find_vocabulary, make_tokenizer
from export.clip_weights import load_clip, load_fdp, read_state
from export.fdp_pack import LONGEST_SIDE, PADDING, check_parity, halve
from export.towers import clip as plain
from export.towers.clip import CLIP, CONFIGS
from export.training.fdp_start import MODELS
from export.word_kinds import fit_kinds, frequent_words, tokens_of
from tests.export.clip_files import TINY, clip_by_chance, write_fdp

SIDE = 96
FEW = ["coffee-board.jpg", "garage.jpg", "screenshot-chat.png", "surf-shirt.jpg", "town-map.webp"]


def write_samples(folder: Path) -> Path:
    """Five of the sample photos, since to embed all of them takes its time."""
    folder.mkdir()
    words = read_words(samples_folder())
    for name in FEW:
        shutil.copy(samples_folder() / name, folder / name)
    (folder / "samples.json").write_text(json.dumps({name: words[name] for name in FEW}))
    return folder


class Imported:
    """A folder with weights of a tiny CLIP, an FDP checkpoint about it, and packs made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clip, self.fdp = folder / "clip.pt", write_fdp(folder / "fdp.pt", _clip(), SIDE)
        torch.save(_clip().state_dict(), self.clip)
        self.words = folder / "words.txt"
        self.words.write_text("the office of and 12 coffee Hotel")

    def run(self, *arguments: str, name: str) -> int:
        """The exit status of ``import-clip`` to a pack ``name``."""
        size = ["--model", "tiny", "--resolution", str(SIDE), "--out", str(self.folder / name)]
        return main(["import-clip", *size, *arguments])

    def pack(self, name: str) -> ModelPack:
        return read_pack(self.folder / name)


def _clip() -> CLIP:
    return clip_by_chance(TINY, seed=4)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    try:
        find_vocabulary()
    except LibraryError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("import")
    samples = write_samples(folder / "samples")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(MODELS, "tiny", TINY)
        patched.setattr(fdp_pack, "samples_folder", lambda: samples)
        found = Imported(folder)
        fdp, words = ("--fdp", str(found.fdp)), ("--words", str(found.words))
        assert found.run(*fdp, *words, "--precision", "fp16", name="fdp-t") == 0
        # In the place of another pack, and with its weights in a file of their own.
        shutil.copytree(found.folder / "fdp-t", found.folder / "clip-t")
        patched.setattr(fdp_pack, "EXTERNAL_ABOVE", 5_000_000)
        assert found.run("--weights", str(found.clip), name="clip-t") == 0
        yield found


@pytest.mark.parametrize("name", ["fdp-t", "clip-t"])
def test_an_imported_pack_is_sound(imported: Imported, name: str) -> None:
    pack = imported.pack(name)
    verify(pack)
    assert check_pack(pack).passed
    assert (pack.name, pack.family, pack.embedding_size) == (name, "fdp", TINY.embedding_size)
    assert pack.settings["check"]["similarity"] > 0.01
    files = {"pack.json", "tokenizer.json", "image.onnx", "text.onnx"}
    beside = {"text.data"} if name == "clip-t" else set()
    assert {path.name for path in pack.folder.iterdir()} == {
        *files, *beside, pack.settings["check"]["photo"],
    }  # fmt: skip


def test_a_pack_of_fdp_finds_words_and_one_of_clip_scenes(imported: Imported) -> None:
    fdp, clip = imported.pack("fdp-t"), imported.pack("clip-t")
    assert (fdp.mode, clip.mode) == ("words", "scenes")
    assert fdp.settings["image"]["score_map"]
    assert not clip.settings["image"]["score_map"]
    assert set(fdp.calibration) == {"similarity", "bias", "contains", "probably"}
    assert "calibration" not in clip.settings
    kinds = fdp.settings["text"]["word_kinds"]
    assert all(kinds[role] for role in ("function", "content"))
    assert sorted(kinds["function"] + kinds["content"]) == sorted(frequent_words(imported.words))


def test_a_pack_says_what_it_was_made_of(imported: Imported) -> None:
    origin = imported.pack("fdp-t").settings["origin"]
    assert (origin["model"], origin["checkpoint"]["name"]) == ("tiny", "fdp.pt")
    assert imported.pack("clip-t").settings["origin"]["weights"]["name"] == "clip.pt"
    assert imported.pack("clip-t").licence.startswith("unknown")


def test_nothing_of_the_computer_that_imported_is_left_in_a_pack(imported: Imported) -> None:
    here = [str(Path(fdp_pack.__file__).parent).encode(), str(imported.folder).encode()]
    for name in ("fdp-t", "clip-t"):
        for file in (imported.folder / name).iterdir():
            assert not [place for place in here if place in file.read_bytes()], file.name


def _by_torch(imported: Imported, name: str) -> tuple[nn.Module, nn.Module]:
    if name == "clip-t":
        clip = load_clip(read_state(imported.clip), "tiny", imported.clip, TINY)
        return plain.ImageTower(clip, SIDE).eval(), plain.QueryTower(clip).eval()
    state = read_state(imported.fdp)
    model = load_fdp(state, load_clip(state, "tiny", imported.fdp, TINY), SIDE, imported.fdp)
    fit_kinds(model, make_tokenizer(find_vocabulary()), frequent_words(imported.words))
    return model.fold()


@pytest.mark.parametrize(("name", "least"), [("fdp-t", 0.999), ("clip-t", 0.9999)])
@torch.no_grad()
def test_the_engine_embeds_as_torch_does(imported: Imported, name: str, least: float) -> None:
    image, text = _by_torch(imported, name)
    towers = open_towers(imported.pack(name), threads=1)
    pixels = read_photo(samples_folder() / FEW[0], LONGEST_SIDE).pixels
    (region,) = towers.embed_photo(pixels)
    answer = image(torch.from_numpy(letterbox(pixels, SIDE, PADDING).picture[None]))
    expected = answer[0] if isinstance(answer, tuple) else answer
    assert float(region.embedding.astype(np.float32) @ expected[0].numpy()) > least
    assert (region.score_map is not None) == (name == "fdp-t")
    words = ["coffee", "12", "the"]
    expected = text(tokens_of(make_tokenizer(find_vocabulary()), words))
    found = towers.embed_words(words)
    assert float((found * expected.numpy()).sum(1).min()) > least


def test_half_precision_halves_the_files(imported: Imported) -> None:
    halved = imported.pack("fdp-t").path("text").stat().st_size
    whole = imported.pack("clip-t").path("text_data").stat().st_size
    assert halved < 0.6 * whole
    graph = onnx.load(imported.pack("fdp-t").path("text"))
    stored = {one.data_type for one in graph.graph.initializer if np.prod(one.dims) > 100_000}
    assert stored == {onnx.TensorProto.FLOAT16}
    asked = {one.type.tensor_type.elem_type for one in (*graph.graph.input, *graph.graph.output)}
    assert asked == {onnx.TensorProto.INT64, onnx.TensorProto.FLOAT}


def test_what_would_overflow_stays_as_it_is() -> None:
    weights = [
        numpy_helper.from_array(np.full((64, 64), value, np.float32), name)
        for name, value in (("usual", 0.1), ("huge", 1e6))
    ]
    graph = onnx.helper.make_model(onnx.helper.make_graph([], "weights", [], [], weights))
    halve(graph)
    types = {one.name: one.data_type for one in graph.graph.initializer}
    assert types == {"usual_half": onnx.TensorProto.FLOAT16, "huge": onnx.TensorProto.FLOAT}
    assert [node.output[0] for node in graph.graph.node] == ["usual"]


def test_many_weights_lie_in_a_file_beside(imported: Imported, tmp_path: Path) -> None:
    pack = imported.pack("clip-t")
    assert pack.files["text_data"]["name"] == "text.data"
    assert pack.path("text").stat().st_size < 500_000 < pack.path("text_data").stat().st_size
    damaged = read_pack(Path(shutil.copytree(pack.folder, tmp_path / "damaged")))
    damaged.path("text_data").write_bytes(b"damaged")
    assert "text.data" in check_pack(damaged).sentence


class Wrong(nn.Module):
    """Answers what no exported file answers."""

    def forward(self, photo: Tensor) -> Tensor:
        return -torch.ones(len(photo), TINY.embedding_size) / TINY.embedding_size**0.5


def test_a_pack_that_computes_otherwise_is_not_kept(
    imported: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def turned(tower: nn.Module, file: Path, feed: Any, precision: Any) -> None:
        check_parity(Wrong(), file, feed, precision)

    monkeypatch.setattr(fdp_pack, "check_parity", turned)
    before = {path: path.read_bytes() for path in (imported.folder / "clip-t").iterdir()}
    assert imported.run("--weights", str(imported.clip), name="clip-t") == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert "image.onnx does not compute what the PyTorch model computes" in told
    assert {path: path.read_bytes() for path in (imported.folder / "clip-t").iterdir()} == before
    assert not list(imported.folder.glob(".*"))


def test_a_folder_of_other_things_is_left_alone(
    imported: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    other = imported.folder / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    assert imported.run("--weights", str(imported.clip), name="other") == 1
    assert "holds something else than a model pack" in capsys.readouterr().err
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name CLIP's weights with --weights FILE"),
        (["--weights", "clip.pt", "--faithful"], "--faithful is about FDP's heads"),
        (["--weights", "clip.pt", "--resolution", "100"], "must be a multiple of 32 pixels"),
        (["--fdp", "heads.pt"], "holds FDP's heads alone: name CLIP's weights too"),
        (["--fdp", "clip.pt", "--weights", "clip.pt"], "of FDP's heads on this CLIP"),
        (["--weights", "openai"], "OpenAI has published no weights for tiny"),
        (["--weights", "nowhere.pt"], "There is no file"),
        (["--fdp", "fdp.pt", "--words", "few.txt"], "lack “office”, which names the content"),
        (["--fdp", "fdp.pt", "--words", "none.txt"], "cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence(
    imported: Imported, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = {n: v for n, v in read_state(imported.fdp).items() if not n.startswith("clip_model.")}
    torch.save({"model_state_dict": heads}, imported.folder / "heads.pt")
    (imported.folder / "few.txt").write_text("the of and")
    placed = [str(imported.folder / one) if "." in one else one for one in arguments]
    assert imported.run(*placed, name="none") == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert sentence in told
    assert not (imported.folder / "none").exists()


def test_the_word_kinds_of_our_list_have_both_roles() -> None:
    words = frequent_words()
    assert len(words) == len(set(words)) > 500
    assert {"the", "office"} < set(words)


@pytest.mark.slow
def test_fdp_s_in_its_published_sizes_becomes_a_pack(imported: Imported, tmp_path: Path) -> None:
    side = 640
    clip = clip_by_chance(CONFIGS["RN50"])
    file = write_fdp(tmp_path / "fdp-8th.pt", clip, side)
    del clip
    arguments = ["--model", "RN50", "--fdp", str(file), "--words", str(imported.words)]
    assert main(["import-clip", *arguments, "--out", str(tmp_path / "fdp-s")]) == 0
    pack = read_pack(tmp_path / "fdp-s")
    assert (pack.embedding_size, pack.settings["image"]["side"]) == (1024, side)
    (region,) = open_towers(pack).embed_photo(np.zeros((300, 400, 3), np.uint8))
    assert region.score_map is not None
    assert region.embedding.shape == (1024,)
