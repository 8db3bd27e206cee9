"""Training of the word towers: distractors, losses, resuming."""

from __future__ import annotations

import argparse
import json
import random
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from engine import lattice
from engine.errors import LibraryError
from engine.preprocess import Pyramid
from engine.tokenizer import ALPHABET
from export import cli, restore
from export.data.words import Cut
from export.onnx import export_image, export_text
from export.synth.bank import Bank
from export.towers.compact import FRAMES, LONGEST_WORD, ImageTower, TextTower
from export.training import word
from export.training.replay import Replay
from export.training.run import load
from export.training.word import (
    Crops,
    Share,
    WordTowers,
    distract,
    greedy,
    halved,
    sharpest,
    tokens,
    validate,
)
from tests.colour_packs import colour_pack
from tests.export.lively import enliven

CPU = torch.device("cpu")
SMALL_IMAGE = partial(ImageTower, (8, 8, 16, 16, 24))
SMALL_TEXT = partial(TextTower, 24)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Towers of a few weights, and the same ones in every run."""
    monkeypatch.setattr(word, "ImageTower", SMALL_IMAGE)
    monkeypatch.setattr(word, "TextTower", SMALL_TEXT)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random.seed(0)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A bank of words whose letters are bars of a width of their own: no font is needed."""
    folder = tmp_path / "bank"
    folder.mkdir()
    shapes, texts = [], ["ii", "iii", "iiiii", "i1", "1i1"]
    with (folder / "ink.u8").open("wb") as ink:
        for text in texts:
            mask = np.zeros((30, 20 * len(text)), np.uint8)
            for at, letter in enumerate(text):
                mask[:, 20 * at + 2 : 20 * at + (6 if letter == "i" else 15)] = 255
            ink.write(mask.tobytes())
            shapes.append(mask.shape)
    np.save(folder / "shapes.npy", np.array(shapes, np.int32))
    (folder / "texts.json").write_text(json.dumps(texts))
    return folder


def drawn(bank: Path, count: int, *shares: Share) -> tuple[Tensor, list[str]]:
    return next(iter(Crops(bank, None, count, list(shares))))


def edits(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@pytest.mark.parametrize("text", ["a", "ab", "photolex", "aaaa", "z" * LONGEST_WORD])
def test_a_distractor_is_one_edit_away(text: str) -> None:
    for _ in range(300):
        other = distract(text)
        assert edits(text, other) == 1
        assert 1 <= len(other) <= LONGEST_WORD
        assert set(other) <= set(ALPHABET)


def test_tokens_are_what_the_text_tower_takes() -> None:
    letters, lengths = tokens(["ab", "photolex"], torch.device("cpu"))
    assert letters.shape == (2, FRAMES, len(ALPHABET))
    assert lengths.tolist() == [2, 8]


def test_the_greedy_reading_is_the_engines() -> None:
    letters = torch.log_softmax(3 * torch.randn(20, 32, 37), 2)
    assert [greedy(one) for one in letters] == lattice.readings(letters.numpy())


def test_batches_mix_drawn_and_real_crops(bank: Path) -> None:
    blue = Cut(np.full((72, 120, 3), (0, 0, 255), np.uint8), "Blue!")
    crops, words = drawn(bank, 16, Share([blue], 8), Share([], 5))
    assert crops.shape == (24, 32, 128, 3)
    assert crops.dtype == torch.uint8
    assert set(words) <= {"blue", *Bank(bank).texts}
    assert words.index("blue") == 16
    assert words[16:] == ["blue"] * 8


class Answers(nn.Module):
    """A tower that answers what it was given, as much of it as it is asked for."""

    def __init__(self, *answers: Tensor) -> None:
        super().__init__()
        self.answers = answers

    def forward(self, asked: Tensor, *_: Tensor) -> Tensor | tuple[Tensor, ...]:
        answers = tuple(answer[: len(asked)] for answer in self.answers)
        return answers[0] if len(answers) == 1 else answers


def test_equal_words_in_a_batch_are_no_negatives_of_each_other() -> None:
    towers = WordTowers()
    shown, other = torch.eye(2)
    letters = torch.log_softmax(torch.zeros(3, 32, 37), 2)
    towers.image = Answers(torch.stack([shown] * 3), letters)  # type: ignore[assignment]
    texts = torch.stack([shown] * 3 + [other] * 3)  # the words, then a distractor of each
    towers.text = Answers(texts)  # type: ignore[assignment]
    losses, _ = towers.losses(torch.zeros(3, 32, 128, 3, dtype=torch.uint8), ["same"] * 3)
    assert losses["to_text"].item() == pytest.approx(0.0, abs=1e-4)
    assert losses["to_image"].item() == pytest.approx(0.5 * np.log(3), abs=1e-4)


def test_a_distractor_nearer_than_the_word_costs_much() -> None:
    towers = WordTowers()
    shown, other = torch.eye(2)
    letters = torch.log_softmax(torch.zeros(1, 32, 37), 2)
    towers.image = Answers(shown[None], letters)  # type: ignore[assignment]
    towers.text = Answers(torch.stack([other, shown]))  # type: ignore[assignment]
    losses, _ = towers.losses(torch.zeros(1, 32, 128, 3, dtype=torch.uint8), ["word"])
    assert losses["to_text"].item() == pytest.approx(np.exp(3.0), rel=0.01)


def test_a_word_that_columns_cannot_hold_does_no_harm(bank: Path) -> None:
    crops, _ = drawn(bank, 2)
    losses, _ = WordTowers().losses(crops, ["a" * LONGEST_WORD, "b"])  # needs 47 of 32 columns
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)


def test_a_few_steps_make_every_loss_smaller(bank: Path) -> None:
    towers = WordTowers()
    crops, words = drawn(bank, 16)
    optimizer = torch.optim.AdamW(towers.parameters(), lr=3e-3)
    history = []
    for _ in range(15):
        random.seed(1)  # the same distractors
        losses, _ = towers.losses(crops, words)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        history.append({name: loss.item() for name, loss in losses.items()})
    for name in ("to_text", "ctc"):
        assert history[-1][name] < 0.8 * history[0][name], name


def test_a_word_that_is_not_read_surprises() -> None:
    towers = WordTowers()
    sure = torch.full((1, 32, 37), -20.0)
    sure[:, :, 0] = 0.0
    sure[:, 3], sure[:, 3, 1] = -20.0, 0.0  # an "a" and blanks
    towers.image = Answers(torch.eye(2)[:1], sure)  # type: ignore[assignment]
    towers.text = Answers(torch.eye(2))  # type: ignore[assignment]
    picture = torch.zeros(1, 32, 128, 3, dtype=torch.uint8)
    assert towers.losses(picture, ["a"])[1].tolist() == pytest.approx([0.0], abs=1e-4)
    assert towers.losses(picture, ["b"])[1].item() > 15


def test_crops_at_half_the_width_are_those_that_the_engine_cuts() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (16, 64, 3)).astype(np.uint8)
    photo = photo.repeat(2, 0).repeat(2, 1)
    quad = np.array([[0, 0], [128, 0], [128, 32], [0, 32]], np.float32)
    wide, narrow = (Pyramid(photo).crop(quad, width, 32) for width in (128, 64))
    assert np.array_equal(wide, photo)
    assert np.array_equal(halved(torch.from_numpy(wide)[None])[0].numpy(), narrow)


class Watched(nn.Module):
    """A tower that embeds a crop as its first pixel, one of eight, and its width."""

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        width = torch.full((len(crops), 1), float(crops.shape[2]))
        shown = torch.eye(8)[crops[:, 0, 0, 0].long()]
        return torch.cat([shown, width], 1), torch.zeros(len(crops), 32, 37).log_softmax(2)


def test_of_a_batch_two_fifths_are_seen_at_half_the_width_short_words_first() -> None:
    towers = WordTowers()
    towers.image = Watched()  # type: ignore[assignment]
    words = ["abcdefgh", "ab", "abcdefghi", "abc", "abcd", "abcdefghijk", "abcdefg", "abcde"]
    seen: set[tuple[int, ...]] = set()
    for _ in range(40):
        embeddings, letters = towers._seen(shades(8), words)
        assert embeddings[:, :8].argmax(1).tolist() == list(range(8))
        assert letters.shape == (8, 32, 37)
        narrow = tuple(np.flatnonzero(embeddings[:, 8].numpy() == 64).tolist())
        assert len(narrow) == 3
        seen.add(narrow)
    assert len(seen) > 5
    assert {at for some in seen for at in some} == {1, 3, 4, 6, 7}


def test_a_temperature_is_found_for_towers_without_one() -> None:
    towers = WordTowers()
    towers.image = Watched()  # type: ignore[assignment]
    shown = torch.eye(8, 9)
    crops, words = shades(8), list("abcdefgh")
    for nearest, scale in ((shown, 100), (shown.roll(1, 0), 10)):  # all right, and all wrong
        towers.text = Answers(torch.cat([0.1 * nearest, -shown]))  # type: ignore[assignment]
        assert sharpest(towers, crops, words).exp().item() == pytest.approx(scale)


def shades(count: int) -> Tensor:
    """Crops of one level each, up to 50."""
    return (torch.arange(count) % 50).byte()[:, None, None, None].expand(-1, 32, 128, 3)


def test_validation_counts_what_is_read_and_found() -> None:
    cuts = [Cut(np.full((72, 100, 3), level, np.uint8), "Same") for level in (0, 100, 255)]
    figures = validate(WordTowers(), cuts, torch.device("cpu"))
    # One word cannot be mistaken for another.
    assert figures == {
        "words": 1, "exact": 0.0, "top1": 1.0, "narrow_exact": 0.0, "narrow_top1": 1.0,
    }  # fmt: skip


def arguments(bank: Path, out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    word.add_arguments(parser)
    plain = ["--batch", "4", "--threads", "1", "--workers", "0", "--device", "cpu"]
    return parser.parse_args(["--bank", str(bank), "--out", str(out), *plain, *more])


def test_training_goes_on_where_it_stopped(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    word.train(arguments(bank, tmp_path / "out", "--steps", "2"))
    first = load(tmp_path / "out" / "word.pt")
    word.train(arguments(bank, tmp_path / "out", "--steps", "5"))
    second = load(tmp_path / "out" / "word.pt")
    assert first is not None
    assert second is not None
    assert (first["step"], first["crops"]) == (2, 8)
    assert (second["step"], second["crops"]) == (5, 20)
    assert second["seconds"] > first["seconds"] > 0
    moments = second["optimizer"]["state"]
    assert {float(state["step"]) for state in moments.values()} == {5.0}
    assert "0 real crops" in capsys.readouterr().out
    assert first["model"].keys() == second["average"].keys() == WordTowers().state_dict().keys()


def test_a_pack_without_word_towers_is_refused(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--base", str(colour_pack(tmp_path / "colours").folder), "--device", "cpu"]
    out = ["--bank", str(bank), "--out", str(tmp_path / "out"), "--minutes", "1"]
    assert cli.main(["train", "word", *out, *base]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.endswith("image.onnx is not the image tower of a compact pack.")


def test_training_goes_on_with_the_towers_of_a_pack(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with what stands for batch normalisation as it is: in a pack that only adds."""
    first = WordTowers()
    enliven(first.image)
    first.eval()
    pack = SimpleNamespace(
        path=lambda part: tmp_path / f"{part}.onnx",
        settings={"training": {"crops": 1000}},
        name="first",
        fingerprint="0123",
    )
    crops = torch.randint(0, 256, (2, 32, 128, 3), dtype=torch.uint8)
    export_image(first.image, pack.path("image"), crops.numpy())
    export_text(first.text, pack.path("text"), *(one.numpy() for one in tokens(["ab"], CPU)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(word, "read_pack", lambda _: pack)
        patched.setattr(restore, "ImageTower", SMALL_IMAGE)
        patched.setattr(restore, "TextTower", SMALL_TEXT)
        for steps in ("1", "3"):
            more = ("--base", str(tmp_path), "--rate", "1e-6", "--steps", steps)
            word.train(arguments(bank, tmp_path / "out", *more))
        with pytest.raises(LibraryError, match="begun with base first 0123, not none"):
            word.train(arguments(bank, tmp_path / "out", "--steps", "4"))
        pack.fingerprint = "4567"
        with pytest.raises(LibraryError, match="begun with base first 0123, not first 4567"):
            word.train(arguments(bank, tmp_path / "out", *more))
        plain = ("--base", str(tmp_path), "--minutes", "1e6", "--steps", "1")
        word.train(arguments(bank, tmp_path / "plain", *plain))
    begun = load(tmp_path / "plain" / "word.pt")
    assert begun is not None
    # A twentieth of the rate for packs, to begin with.
    assert begun["optimizer"]["param_groups"][0]["lr"] == pytest.approx(1e-5, rel=0.01)
    state = load(tmp_path / "out" / "word.pt")
    assert state is not None
    assert state["still"]
    assert state["crops"] == 1000 + 3 * 4
    found = WordTowers()
    found.load_state_dict(state["model"])
    norms = [one for one in found.image.modules() if isinstance(one, nn.BatchNorm2d)]
    assert norms
    for norm in norms:
        assert norm.running_mean is not None
        assert not norm.running_mean.any()
    with torch.no_grad():
        for one, other in zip(found.eval().image(crops), first.image(crops), strict=True):
            torch.testing.assert_close(one, other, atol=2e-3, rtol=0)


def test_time_that_is_used_up_ends_training_after_a_step(bank: Path, tmp_path: Path) -> None:
    word.train(arguments(bank, tmp_path, "--minutes", "0.0001"))
    state = load(tmp_path / "word.pt")
    assert state is not None
    assert state["step"] <= 2


def test_parts_that_leave_no_room_for_drawn_crops_are_refused(bank: Path, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="lower one"):
        word.train(arguments(bank, tmp_path, "--steps", "1", "--replayed", "1.0"))


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[str, str]:
    """Three photos of a word and of what is none, and their labels."""
    labels = {}
    for at in range(3):
        picture = np.full((60, 160, 3), 90 * at, np.uint8)
        cv2.imwrite(str(tmp_path / f"{at}.png"), picture)
        quad = [[20, 15], [140, 15], [140, 45], [20, 45]]
        labels[f"{at}.png"] = [{"text": "Word", "quad": quad}, {"text": "...", "quad": quad}]
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    return str(tmp_path), str(tmp_path / "labels.json")


def test_any_part_of_a_batch_may_be_nothing(
    bank: Path, tmp_path: Path, labelled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replay, "LEAST", 0)
    monkeypatch.setattr(Replay, "EASY", 0.0)
    sets = ("--real", *labelled, "--scenes", *labelled)
    none = ("--replayed", "0", "--real-part", "0", "--scenes-part", "0")
    word.train(arguments(bank, tmp_path / "out", "--steps", "3", *sets, *none))
    state = load(tmp_path / "out" / "word.pt")
    assert state is not None
    assert state["step"] == 3


def test_drawing_in_the_training_process_leaves_it_its_threads(bank: Path) -> None:
    torch.set_num_threads(2)
    drawn(bank, 2)
    assert torch.get_num_threads() == 2


def test_sets_without_a_photo_that_can_be_read_are_refused(
    bank: Path, tmp_path: Path, labelled: tuple[str, str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = ("--real", str(tmp_path / "elsewhere"), labelled[1])
    with pytest.raises(LibraryError, match="None of the photos to train on"):
        word.train(arguments(bank, tmp_path / "out", "--steps", "1", *real))


def test_every_twentieth_labelled_photo_is_held_out(
    bank: Path,
    tmp_path: Path,
    labelled: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    word.train(arguments(bank, tmp_path / "out", "--steps", "1", "--real", *labelled))
    told = capsys.readouterr().out
    assert "2 real crops to train on, 1 held out" in told
    assert "held out: {'words': 1, 'exact'" in told
