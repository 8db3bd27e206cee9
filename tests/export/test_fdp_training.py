"""Training of FDP: photos and their maps, samples, losses; it learns and resumes exactly."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from engine.errors import LibraryError
from engine.tokenizer import fold
from export import cli
from export.clip_tokenizer import find_vocabulary, make_tokenizer
from export.clip_weights import load_fdp, read_state
from export.evaluation.sets import SetError, Word
from export.towers.fdp import FDP
from export.training import fdp_start
from export.training.fdp_losses import contrast, distraction, focus
from export.training.fdp_photos import LabelledPhoto, Store, maps_of, open_photos, squares_of
from export.training.fdp_samples import Samples
from export.training.fdp_steps import BEST, CHECKPOINT, Recipe, optimiser_of
from export.word_kinds import fit_kinds, frequent_words
from tests.export.clip_files import TINY, clip_by_chance, write_fdp

SIDE = 64
WORDS = ("exit", "hotel", "coffee", "the")


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def labelled(file: Path, *words: Word, ignored: tuple[np.ndarray, ...] = ()) -> LabelledPhoto:
    return LabelledPhoto(file, words, ignored)


def painted(folder: Path, count: int) -> Path:
    """A labelled set of pictures with one word each."""
    (folder / "images").mkdir(parents=True)
    labels = {}
    for at in range(count):
        picture = np.full((48, 96, 3), 40 + 5 * at, np.uint8)
        text = WORDS[at % len(WORDS)]
        cv2.putText(picture, text, (4, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
        cv2.imwrite(str(folder / "images" / f"{at}.png"), picture)
        labels[f"{at}.png"] = [{"text": text.title(), "quad": box(4, 14, 92, 38).tolist()}]
    (folder / "gt.json").write_text(json.dumps(labels))
    return folder


# Photos, maps, what is kept of them.


def test_maps_follow_a_photo_into_its_square() -> None:
    """A photo twice as wide as high, in a square of 64 with 16 black rows above and below it."""
    photo = labelled(Path("a"), Word("exit", box(100, 0, 200, 100)))
    places = np.array([[0.32, 0.32, 0, 16]], np.float32)  # of 200 × 100 pixels
    kernels, counts = maps_of([photo], places, SIDE, 4, faithful=False)[0]
    assert kernels[:, :2].sum() == 0
    assert kernels[[0, 3]].sum() == 0
    assert (kernels[1:3, 2:] > 0.1).all()
    # Every side moves in by A (1 - 0.4²) / P, 21 of 100 pixels: 58 % of 32 are left. Drawing adds
    # the pixels that its outline touches.
    assert math.sqrt(kernels.sum().item()) * 16 == pytest.approx(0.58 * 32, abs=2)
    assert counts.eq(1).all()


def test_what_cannot_be_read_counts_for_nothing_unless_a_word_lies_on_it() -> None:
    word = Word("exit", box(0, 0, 32, 32))
    photo = labelled(Path("a"), word, ignored=(box(0, 0, 32, 64),))
    place = np.array([[1, 1, 0, 0]], np.float32)
    kernels, counts = maps_of([photo], place, SIDE, 2, faithful=False)[0]
    assert counts[:, 1].tolist() == pytest.approx([1, 1], abs=0.05)
    assert counts[1, 0] == pytest.approx(0, abs=0.05)
    assert counts[0, 0] >= kernels[0, 0] > 0.2


def test_a_word_without_a_place_might_be_anywhere() -> None:
    place = np.array([[1, 1, 0, 0]], np.float32)
    maps = maps_of([labelled(Path("a"), Word("exit", None))], place, SIDE, 2, faithful=False)
    assert not maps.any()


def test_words_that_an_edge_cuts_are_ignored(tmp_path: Path) -> None:
    folder = painted(tmp_path / "set", 1)
    labels = {
        "0.png": [{"text": "", "quad": box(0, 0, 5, 5).tolist()}, {"text": "A b", "quad": None}]
    }
    (folder / "gt.json").write_text(json.dumps(labels))
    (photo,) = open_photos(f"scenes:{folder}")
    assert [word.text for word in photo.words] == ["A b"]
    assert photo.shown == {"a", "b"}
    assert len(photo.ignored) == 1


@pytest.mark.parametrize(
    ("text", "said"), [("picasa:/x", "no kind of set"), ("/nowhere/at/all", "not a folder")]
)
def test_a_set_that_is_none_is_named(text: str, said: str) -> None:
    with pytest.raises(SetError, match=said):
        open_photos(text)


def test_a_photo_that_cannot_be_opened_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photos = open_photos(str(painted(tmp_path / "set", 2)))
    photos[0].file.write_bytes(b"no photo")
    with caplog.at_level(logging.WARNING):
        squares, places = squares_of(photos, SIDE)
    assert "is left out" in caplog.text
    caplog.clear()
    assert not squares[0].any()
    assert not places[0].any()
    assert places[1].tolist() == pytest.approx([SIDE / 96, SIDE / 96, 0, 16])


def store_of(folder: Path, photos: list[LabelledPhoto], origin: str = "") -> Store:
    return Store(folder, photos, SIDE, shape=(3,), dtype=np.float16, origin=origin)


def mean_colour(squares: Tensor) -> Tensor:
    return squares.float().mean((1, 2))


def test_what_was_computed_before_a_stop_is_kept(tmp_path: Path) -> None:
    photos = open_photos(str(painted(tmp_path / "set", 20)))
    seen: list[int] = []

    def stopping(squares: Tensor) -> Tensor:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(len(squares))
        return mean_colour(squares)

    with pytest.raises(KeyboardInterrupt):
        store_of(tmp_path / "kept", photos).fill(stopping)
    seen[:] = []
    store = store_of(tmp_path / "kept", photos)
    store.fill(stopping)
    assert seen == [4]
    squares, places = squares_of(photos, SIDE)
    np.testing.assert_array_equal(store.places, places)
    torch.testing.assert_close(store.take([19, 0, 3]), mean_colour(squares)[[19, 0, 3]].half())


def test_what_is_kept_of_other_photos_stays_sound(tmp_path: Path) -> None:
    """Also when their own features were stopped before any was kept."""
    photos = open_photos(str(painted(tmp_path / "set", 4)))
    store_of(tmp_path / "kept", photos, "a").fill(mean_colour)
    expected = store_of(tmp_path / "kept", photos, "a").take(range(4))
    assert expected.any()

    def stopped(_: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_of(tmp_path / "kept", photos, "b").fill(stopped)
    again = store_of(tmp_path / "kept", photos, "a")
    again.fill(stopped)  # for nothing is missing
    torch.testing.assert_close(again.take(range(4)), expected, rtol=0, atol=0)


def test_other_weights_or_photos_are_computed_anew(tmp_path: Path) -> None:
    photos = open_photos(str(painted(tmp_path / "set", 4)))
    store_of(tmp_path / "kept", photos, "a").fill(mean_colour)
    for origin, chosen in (("b", photos), ("b", photos[:3])):
        store = store_of(tmp_path / "kept", chosen, origin)
        store.fill(lambda squares: mean_colour(squares) * 0 + 7)
        assert store.take(range(len(chosen))).eq(7).all()
        store_of(tmp_path / "kept", chosen, "a").fill(mean_colour)


# Losses.


def test_a_photo_that_shows_another_samples_word_is_no_wrong_answer() -> None:
    same = F.normalize(torch.ones(2, 8), dim=1)
    scale = torch.tensor(10.0)
    alone = torch.eye(2, dtype=torch.bool)
    assert contrast(same, same, scale, alone).item() == pytest.approx(math.log(2))
    assert contrast(same, same, scale, torch.ones(2, 2, dtype=torch.bool)).item() < 1e-6


def test_contrast_is_the_mean_of_both_directions() -> None:
    torch.manual_seed(0)
    images, words = (F.normalize(torch.randn(5, 8), dim=1) for _ in range(2))
    found = contrast(images, words, torch.tensor(3.0), torch.eye(5, dtype=torch.bool))
    logits = 3 * images @ words.T
    own = torch.diag(logits)
    expected = (torch.logsumexp(logits, 1) + torch.logsumexp(logits, 0) - 2 * own).mean() / 2
    torch.testing.assert_close(found, expected)


def test_choosing_as_deserved_diverges_by_nothing() -> None:
    image = torch.tensor([[1.0, 0.0]])
    cosines = torch.tensor([[1.0, 0.5, 0.2, 0.0, -1.0]])
    texts = torch.stack((cosines, (1 - cosines**2).sqrt()), 2)
    deserved = (4 * cosines).softmax(1)
    scale = torch.tensor(4.0)
    assert distraction(image, texts, scale, deserved).item() == pytest.approx(0, abs=1e-6)
    assert distraction(image, texts, scale, deserved.flip(1)).item() > 1


def maps(kernels: list[float], counts: list[float]) -> Tensor:
    return torch.tensor([kernels, counts])[None, :, None]


def test_three_negatives_count_for_each_positive() -> None:
    logits = torch.tensor([[[0.0, 3.0, 2.0, 1.0, -5.0, 9.0]]])
    found = focus(logits, maps([1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0]))
    expected = (math.log(2) + sum(math.log1p(math.exp(x)) for x in (3, 2, 1))) / 4
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_kernels_costs_nothing() -> None:
    assert focus(torch.full((1, 1, 3), 5.0), maps([0, 0, 0], [1, 1, 1])).item() == 0


def test_a_cell_covered_in_part_is_best_answered_by_its_share() -> None:
    def cost(share: float) -> float:
        logits = torch.tensor([[[math.log(share / (1 - share))]]])
        return focus(logits, maps([0.4], [1])).item()

    assert cost(0.4) < min(cost(0.3), cost(0.5))


# Samples and the optimiser.


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    try:
        return make_tokenizer(find_vocabulary())
    except LibraryError as error:
        pytest.skip(str(error))


def model_of(tokenizer: Tokenizer) -> FDP:
    model = FDP(clip_by_chance(TINY), SIDE)
    fit_kinds(model, tokenizer, frequent_words())
    return model


PHOTOS = [
    labelled(Path("a"), Word("EXIT", None), Word("Hotel", None), Word("exit!", None)),
    labelled(Path("b"), Word("Exit", None), Word("no", None), Word("zzyzx", None)),
    labelled(Path("c"), Word("coffee", None)),
    labelled(Path("broken"), Word("coffee", None)),
]
KNOWN = frozenset({"exit", "edit", "exits", "hotel", "coffee", "toffee", "no"})


def test_samples_are_photos_with_each_of_their_known_words(tokenizer: Tokenizer) -> None:
    samples = Samples(PHOTOS, [0, 1, 2], KNOWN, tokenizer, model_of(tokenizer))
    assert samples.pairs == [(0, "exit"), (0, "hotel"), (1, "exit"), (2, "coffee")]
    assert samples.words == ["coffee", "exit", "hotel"]


def test_a_batch_knows_which_photo_shows_which_word(tokenizer: Tokenizer) -> None:
    model = model_of(tokenizer)
    samples = Samples(PHOTOS, [0, 1, 2], KNOWN, tokenizer, model)
    (batch,) = samples.batches(8, 0, 0)
    words = dict(zip(WORDS, samples._tokens[[samples._rows.get(w, 0) for w in WORDS]], strict=True))
    shown = [{fold(word.text) for word in PHOTOS[photo].words} for photo in batch.photos]
    own = [
        next(w for w in WORDS if torch.equal(words[w][:4], batch.tokens[row][:4]))
        for row in batch.texts[:, 0].tolist()
    ]
    assert batch.shows.tolist() == [[word in of_photo for word in own] for of_photo in shown]
    assert batch.shows.sum() == 9
    assert batch.truth.argmax(1).tolist() == [0] * 4
    assert batch.texts.shape == (4, 5)
    assert len(batch.kinds) == len(batch.tokens) == batch.texts.max() + 1


def test_distractors_are_prompted_as_their_word(tokenizer: Tokenizer) -> None:
    model = model_of(tokenizer)
    samples = Samples(PHOTOS, [0, 1, 2], KNOWN, tokenizer, model)
    (batch,) = samples.batches(8, 0, 0)
    kinds = batch.kinds[batch.texts]
    assert kinds.eq(kinds[:, :1]).all()
    assert torch.equal(kinds[:, 0], model.kinds_of(batch.tokens[batch.texts[:, 0]]))


def test_words_meet_others_in_every_epoch(tokenizer: Tokenizer) -> None:
    samples = Samples(PHOTOS * 4, range(16), KNOWN, tokenizer, model_of(tokenizer))
    first, again, second = (
        [batch.photos for batch in samples.batches(5, 0, epoch)] for epoch in (0, 0, 1)
    )
    assert first == again != second
    for epoch in (first, second):
        assert sorted(at for part in epoch for at in part) == [at for at, _ in samples.pairs]


def test_photos_without_a_known_word_cannot_be_trained_on(tokenizer: Tokenizer) -> None:
    with pytest.raises(LibraryError, match="None of the photos"):
        Samples(PHOTOS, [2], frozenset({"tea"}), tokenizer, model_of(tokenizer))


def rates(model: FDP, recipe: Recipe) -> dict[str, float]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = optimiser_of(model, recipe).param_groups
    return {names[id(one)]: group["lr"] for group in groups for one in group["params"]}


def test_heads_learn_at_the_papers_rates_and_clip_not_at_all() -> None:
    found = rates(FDP(clip_by_chance(TINY), SIDE), Recipe())
    fast = ("prompt_learner", "cross_attention_textquery", "binarize")
    slow = ("new_positional_embedding", "new_v_proj", "new_c_proj")
    assert {name.split(".")[0] for name in found} == {*fast, *slow}
    assert {rate for name, rate in found.items() if name.startswith(fast)} == {2e-3}
    assert {rate for name, rate in found.items() if name.startswith(slow)} == {1e-4}


def test_the_trunk_learns_only_when_asked_and_its_pool_never() -> None:
    found = rates(FDP(clip_by_chance(TINY), SIDE), Recipe(trunk_rate=1e-3))
    of_clip = {name for name in found if name.startswith("clip_model.")}
    assert {found[name] for name in of_clip} == {1e-3}
    assert all(name.startswith("clip_model.visual.") for name in of_clip)
    assert not any("attnpool" in name for name in of_clip)


# The command.


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tokenizer: Tokenizer) -> None:
    monkeypatch.setitem(fdp_start.MODELS, "tiny", TINY)
    torch.set_num_threads(1)


def train(folder: Path, out: Path, *more: str, start: tuple[str, ...] = ("--random",)) -> int:
    """The exit status of ``train fdp``."""
    plain = ["--model", "tiny", "--resolution", str(SIDE), "--batch", "6", "--threads", "1"]
    sets = ["--set", f"scenes:{folder}", "--dictionary", "sets", "--device", "cpu"]
    return cli.main(["train", "fdp", *plain, *sets, "--out", str(out), *start, *more])


def logged(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def weights(out: Path) -> dict[str, Tensor]:
    return read_state(out / CHECKPOINT)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("trunk", [(), ("--train-trunk",)])
def test_training_goes_on_exactly_where_it_stopped(tmp_path: Path, trunk: tuple[str, ...]) -> None:
    """Stopped within the second epoch, after steps that no checkpoint saw."""
    folder = painted(tmp_path / "set", 16)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    more = ("--epochs", "2", *trunk)
    assert train(folder, whole, *more) == 0
    assert train(folder, parted, *more, "--steps", "4") == 0
    with (parted / "log.jsonl").open("a") as file:
        file.write('{"step": 5}\n')
    assert train(folder, parted, *more) == 0
    assert logged(whole) == logged(parted)
    assert [line["step"] for line in logged(whole)] == [1, 2, 3, 4, 5, 6]
    expected = weights(whole)
    for name, value in weights(parted).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


@pytest.mark.usefixtures("small")
def test_the_frozen_weights_stay_and_the_loss_falls(tmp_path: Path) -> None:
    folder = painted(tmp_path / "set", 16)
    more = ("--epochs", "12", "--decay-every", "9", "--held-out", f"scenes:{folder}")
    assert train(folder, tmp_path / "out", *more) == 0
    steps = [line for line in logged(tmp_path / "out") if "total" in line]
    assert {"contrast", "distract", "focus", "total"} <= steps[0].keys()
    first, last = (np.mean([one["total"] for one in part]) for part in (steps[:6], steps[-6:]))
    assert last < 0.8 * first
    start = fdp_start.random_clip(TINY, 0)
    kept = weights(tmp_path / "out")
    torch.testing.assert_close(kept["clip_model.text_projection"], start.text_projection)
    torch.testing.assert_close(kept["clip_model.visual.conv1.weight"], start.visual.conv1.weight)


@pytest.mark.usefixtures("small")
def test_with_its_trunk_trained_it_learns_to_find_the_words(tmp_path: Path) -> None:
    folder = painted(tmp_path / "set", 16)
    more = ("--epochs", "12", "--decay-every", "20", "--train-trunk", "--trunk-rate", "0.003")
    out = tmp_path / "out"
    assert train(folder, out, *more, "--held-out", f"scenes:{folder}") == 0
    found = [line["map"] for line in logged(out) if "map" in line]
    assert len(found) == 13  # before the first epoch and after each
    # Four words on four photos each: chance finds 0.37.
    assert found[0] < 0.6
    assert max(found) > 0.7
    best = read_state(out / BEST)
    assert not torch.equal(
        best["clip_model.visual.conv1.weight"], fdp_start.random_clip(TINY, 0).visual.conv1.weight
    )


@pytest.mark.usefixtures("small")
def test_a_checkpoint_is_read_as_a_published_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert train(painted(tmp_path / "set", 8), out, "--steps", "2") == 0
    state = weights(out)
    clip = clip_by_chance(TINY)
    inner = {name.removeprefix("clip_model."): value for name, value in state.items()
             if name.startswith("clip_model.")}  # fmt: skip
    clip.load_state_dict(inner)
    model = load_fdp(state, clip, SIDE, out / CHECKPOINT)
    assert model.word_kinds.any()
    assert torch.equal(model.prompt_learner.ctx1, state["prompt_learner.ctx1"])


@pytest.mark.usefixtures("small")
def test_another_training_is_not_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = painted(tmp_path / "set", 8), tmp_path / "out"
    assert train(folder, out, "--steps", "1") == 0
    assert train(folder, out, "--steps", "2", "--batch", "4") == 1
    assert "was begun with batch 6, not 4" in capsys.readouterr().err
    other = painted(tmp_path / "other", 9)
    assert train(other, out, "--steps", "2") == 1
    assert "8 samples, where there are 9 now" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_it_starts_from_the_clip_within_a_checkpoint(tmp_path: Path) -> None:
    folder, out = painted(tmp_path / "set", 1), tmp_path / "out"
    file = write_fdp(tmp_path / "fdp.pt", clip_by_chance(seed=3), SIDE)
    assert train(folder, out, "--steps", "1", start=("--weights", str(file))) == 0
    name = "clip_model.visual.conv1.weight"
    assert torch.equal(weights(out)[name], read_state(file)[name])


@pytest.mark.usefixtures("small")
def test_openai_has_no_weights_for_the_tiny_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = painted(tmp_path / "set", 1)
    assert train(folder, tmp_path / "out", start=("--weights", "openai")) == 1
    assert "no weights for “tiny”" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--batch", "0"), "must be 1 or more"),
        (("--resolution", "100"), "multiple of 32"),
        (("--held-out", "nowhere"), "nowhere is not a folder"),
        (("--dictionary", "nowhere.txt"), "nowhere.txt is not there"),
    ],
)
def test_what_cannot_be_trained_with_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str
) -> None:
    assert train(painted(tmp_path / "set", 1), tmp_path / "out", *more) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.usefixtures("small")
def test_held_out_photos_without_words_measure_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = painted(tmp_path / "set", 1)
    empty = painted(tmp_path / "empty", 1)
    (empty / "gt.json").write_text('{"0.png": []}')
    assert train(folder, tmp_path / "out", "--held-out", str(empty)) == 1
    assert "None of the held-out photos" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_a_checkpoint_that_is_no_training_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = painted(tmp_path / "set", 1), tmp_path / "out"
    out.mkdir()
    torch.save({"model_state_dict": {}}, out / CHECKPOINT)
    assert train(folder, out) == 1
    assert "is of another program" in capsys.readouterr().err
    (out / CHECKPOINT).write_bytes((out / CHECKPOINT).read_bytes()[:200])
    assert train(folder, out) == 1
    assert "is damaged" in capsys.readouterr().err
