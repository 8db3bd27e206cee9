"""Weights of CLIP and FDP from every kind of file, and sentences for those that are wrong."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("torch")

import platformdirs
import torch
from torch import Tensor, nn

from export import published
from export.clip_weights import (
    WeightsError,
    holds_clip,
    load_clip,
    load_fdp,
    queries_and_keys,
    read_state,
)
from export.published import fetch
from export.towers.clip import CLIP, CONFIGS
from tests.export.clip_files import TINY, clip_by_chance, meta_state, published_fdp, write_fdp

FILE = Path("weights.pt")
SIDE = 96
State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONFIGS, "tiny", TINY)


@pytest.fixture(scope="module")
def clip() -> CLIP:
    return clip_by_chance()


class Archived(nn.Module):
    """A stand-in for OpenAI's archives: tensors by name in a TorchScript program, half of them."""

    def __init__(self, state: State) -> None:
        super().__init__()
        for name, value in state.items():
            *path, last = name.split(".")
            place: nn.Module = self
            for step in path:
                if not hasattr(place, step):
                    place.add_module(step, nn.Module())
                place = getattr(place, step)
            place.register_buffer(last, value.half() if value.is_floating_point() else value)
        self.register_buffer("input_resolution", torch.tensor(TINY.resolution))

    def forward(self, x: Tensor) -> Tensor:
        return x


def openai_archive(file: Path, state: State) -> None:
    archived = Archived({n: v for n, v in state.items() if not n.endswith("num_batches_tracked")})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
        torch.jit.save(torch.jit.script(archived), str(file))


def open_clip_checkpoint(file: Path, state: State) -> None:
    wrapped = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 3, "name": "run", "state_dict": wrapped, "optimizer": {}}, file)


def with_text_apart(file: Path, state: State) -> None:
    named = {
        name if name.startswith(("visual.", "logit_scale")) else f"text.{name}": value
        for name, value in state.items()
    }
    torch.save({"state_dict": named}, file)


@pytest.mark.parametrize(
    ("write", "tolerance"),
    [
        (lambda file, state: torch.save(state, file), 0.0),
        (
            lambda file, state: torch.save(state, file, _use_new_zipfile_serialization=False),
            0.0,
        ),
        (openai_archive, 1e-2),
        (open_clip_checkpoint, 0.0),
        (with_text_apart, 0.0),
    ],
    ids=["plain", "before-zip", "torchscript", "open_clip", "text-apart"],
)
def test_clip_is_the_same_from_every_kind_of_file(
    tmp_path: Path, clip: CLIP, write: Callable[[Path, State], None], tolerance: float
) -> None:
    write(tmp_path / "file.pt", dict(clip.state_dict()))
    read = load_clip(read_state(tmp_path / "file.pt"), "tiny", tmp_path / "file.pt")
    assert not read.training
    for name, value in read.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, clip.state_dict()[name], atol=tolerance, rtol=0)


def test_an_fdp_checkpoint_brings_its_heads_and_its_clip(tmp_path: Path, clip: CLIP) -> None:
    state = read_state(write_fdp(tmp_path / "fdp.pt", clip, SIDE))
    assert holds_clip(state)
    assert not [name for name in state if name.startswith(("image_encoder.", "text_encoder."))]
    model = load_fdp(state, load_clip(state, "tiny", FILE), SIDE, FILE)
    expected = published_fdp(clip, SIDE)
    for name, value in model.state_dict().items():
        if name != "word_kinds":
            torch.testing.assert_close(value, expected[name], atol=0, rtol=0)
    assert not model.word_kinds.any()


def test_the_published_names_are_992_for_fdp_s() -> None:
    with torch.device("meta"):
        whole = CLIP(CONFIGS["RN50"])
    assert len(published_fdp(whole, 640)) == 992


def test_our_own_checkpoints_bring_their_word_kinds(clip: CLIP) -> None:
    kinds = torch.randn(2, TINY.embedding_size)
    state = published_fdp(clip, SIDE) | {"word_kinds": kinds}
    model = load_fdp(state, clip, SIDE, FILE)
    assert model.word_kinds.equal(kinds)


def test_dead_queries_and_keys_are_seen(clip: CLIP) -> None:
    state = published_fdp(clip, SIDE)
    state["cross_attention_textquery.w_qs.weight"] *= 1e-9
    queries, keys = queries_and_keys(load_fdp(state, clip, SIDE, FILE))
    assert queries < 1e-10
    assert keys == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(
    ("found", "asked"), [("RN50", "RN50x4"), ("RN50x4", "RN50"), ("RN50x16", "RN50x4")]
)
def test_weights_of_another_size_are_called_by_their_name(found: str, asked: str) -> None:
    with pytest.raises(WeightsError, match=f"^{FILE} holds CLIP {found}, where {asked} was asked"):
        load_clip(meta_state(found), asked, FILE)


def test_a_vision_transformer_is_recognised() -> None:
    state = {"visual.class_embedding": torch.zeros(768), "visual.proj": torch.zeros(768, 512)}
    with pytest.raises(WeightsError, match="holds CLIP with a Vision Transformer, where RN50 was"):
        load_clip(state, "RN50", FILE)


def test_missing_weights_are_counted_and_the_first_is_named(clip: CLIP) -> None:
    state = dict(clip.state_dict())
    del state["visual.layer2.0.conv1.weight"], state["ln_final.bias"]
    total = len(clip.state_dict())
    sentence = f"lacks 2 of the {total} weights of CLIP tiny, .* visual.layer2.0.conv1.weight.$"
    with pytest.raises(WeightsError, match=sentence):
        load_clip(state, "tiny", FILE)


def test_missing_counts_of_batches_do_not_matter(clip: CLIP) -> None:
    state = {n: v for n, v in clip.state_dict().items() if not n.endswith("num_batches_tracked")}
    assert load_clip(state, "tiny", FILE).visual.bn1.num_batches_tracked == 0


def test_a_weight_of_another_size_is_named(clip: CLIP) -> None:
    state = dict(clip.state_dict()) | {"text_projection": torch.zeros(32, 7)}
    with pytest.raises(
        WeightsError, match=r"1 weights .* text_projection with \(32, 7\) instead of \(32, 32\)"
    ):
        load_clip(state, "tiny", FILE)


def test_weights_that_are_no_numbers_are_refused(clip: CLIP) -> None:
    state = dict(clip.state_dict())
    state["ln_final.bias"] = torch.full_like(state["ln_final.bias"], torch.nan)
    with pytest.raises(WeightsError, match=r"damaged: ln_final\.bias holds what is not a number"):
        load_clip(state, "tiny", FILE)


def test_missing_heads_are_named(clip: CLIP) -> None:
    state = published_fdp(clip, SIDE)
    del state["binarize.bias"]
    with pytest.raises(WeightsError, match=r"lacks 1 of the 15 weights of FDP's heads .* binarize"):
        load_fdp(state, clip, SIDE, FILE)


def test_heads_of_another_side_say_which(clip: CLIP) -> None:
    state = published_fdp(clip, SIDE)
    with pytest.raises(WeightsError, match="on photos of 96 pixels, where 128 were asked for"):
        load_fdp(state, clip, 128, FILE)


def test_heads_of_another_clip_do_not_fit(clip: CLIP) -> None:
    state = published_fdp(clip, SIDE) | {"prompt_learner.ctx1": torch.zeros(2, 33)}
    with pytest.raises(WeightsError, match=r"ctx1 with \(2, 33\) instead of \(2, 32\)"):
        load_fdp(state, clip, SIDE, FILE)


class Stranger:
    """What no file of weights may bring."""


def _written(file: Path, content: object) -> bytes:
    torch.save(content, file)
    return file.read_bytes()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is damaged or was not fetched to its end"),
        (b"<!DOCTYPE html><html>", "is a web page and no weights"),
        (b"version https://git-lfs.github.com/spec/v1\n", "only says where Git LFS keeps"),
        (b"not weights at all, by any means", "is damaged"),
        ([1, 2], "holds no weights but a list"),
        ({"epoch": 3}, "holds no weights"),
        ({"model": Stranger()}, r"holds more than weights \(.*Stranger\) and is not opened"),
    ],
)
def test_wrong_files_get_one_sentence(tmp_path: Path, content: object, sentence: str) -> None:
    file = tmp_path / "wrong.pt"
    file.write_bytes(content if isinstance(content, bytes) else _written(file, content))
    with pytest.raises(WeightsError, match=sentence) as raised:
        read_state(file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("write", [torch.save, lambda s, f: openai_archive(f, s)])
def test_a_torn_file_gets_one_sentence(
    tmp_path: Path, clip: CLIP, write: Callable[[State, Path], None], part: float
) -> None:
    file = tmp_path / "torn.pt"
    write(dict(clip.state_dict()), file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(WeightsError, match="is damaged or was not fetched to its end"):
        read_state(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"There is no file .*nowhere\.pt"):
        read_state(tmp_path / "nowhere.pt")
    with pytest.raises(WeightsError, match="cannot be read: Is a directory"):
        read_state(tmp_path)


CONTENT = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves ``content``, ``most`` bytes of it an answer; keeps the ranges asked for."""

    def __init__(self) -> None:
        self.most = len(CONTENT)
        self.content = CONTENT
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                outer.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                if start >= len(outer.content):
                    self.send_error(416)
                    return
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(outer.content) - start))
                self.end_headers()
                self.wfile.write(outer.content[start : start + outer.most])

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/RN50.pt"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.close()


def test_a_file_is_fetched_whole_and_checked(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "clip" / "RN50.pt"
    fetch(server.address, SHA256, target)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["RN50.pt"]


def test_a_torn_fetch_says_so_and_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "RN50.pt"
    server.most = 3_000_000
    with pytest.raises(WeightsError, match=r"ended before all of RN50\.pt was there"):
        fetch(server.address, SHA256, target)
    assert not target.exists()
    fetch(server.address, SHA256, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=3000000-"]


def test_a_fetch_that_lacked_only_its_last_step_is_ended(server: Server, tmp_path: Path) -> None:
    (tmp_path / "RN50.partial").write_bytes(CONTENT)
    fetch(server.address, SHA256, tmp_path / "RN50.pt")
    assert (tmp_path / "RN50.pt").read_bytes() == CONTENT


def test_another_file_than_the_published_one_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[::-1]
    with pytest.raises(WeightsError, match=r"not the published file: .* fetch http"):
        fetch(server.address, SHA256, tmp_path / "RN50.pt")
    assert not list(tmp_path.iterdir())


def test_without_the_network_one_is_told_what_to_put_where(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.close()
    target = tmp_path / "photolex" / "clip" / "RN50.pt"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *a, **k: tmp_path / "photolex")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(published, "ADDRESS", server.address + "?{sha256}{model}")
    with pytest.raises(WeightsError) as raised:
        published.published("RN50")
    told = str(raised.value)
    assert server.address in told
    assert published.SHA256["RN50"] in told
    assert str(target) in told
    assert "\n" not in told


def test_what_openais_own_package_has_fetched_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / ".cache" / "clip" / "RN50.pt"
    there.parent.mkdir(parents=True)
    there.write_bytes(CONTENT)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *a, **k: tmp_path / "own")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setitem(published.SHA256, "RN50", SHA256)
    assert published.published("RN50") == there


def test_a_model_that_openai_has_not_published_needs_a_file() -> None:
    with pytest.raises(WeightsError, match="no weights for tiny: name a file"):
        published.published("tiny")
