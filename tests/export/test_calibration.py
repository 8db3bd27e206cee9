"""Calibration and tuning, on signs that the hand-written pack finds and reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="the hand-written towers are made with onnx")

from engine.errors import LibraryError
from engine.focus import FocusSettings
from engine.packs import ModelPack
from engine.scoring import Band, Scorer
from engine.towers import CompactTowers
from export import calibration
from export.calibration import Labelled, fit, ranking_weights
from export.tuning import tune
from tests.packs import painted_pack, put

WORDS = ["amber", "bridge", "coffee", "garden", "harbour", "island", "jacket", "kitchen", "lantern",
         "market", "needle", "orange", "pepper", "quarry", "rocket", "silver"]  # fmt: skip
STRANGERS = ["cobalt", "dragon", "bramble", "gadget", "hamster", "insect", "jigsaw",
             "lobster", "muffin", "napkin", "oyster", "parrot", "quiver", "rhythm"]  # fmt: skip


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> CompactTowers:
    return CompactTowers(painted_pack(tmp_path_factory.mktemp("packs")), threads=1)


def labelled(*words: str) -> Labelled:
    """A photo with a sign for each word."""
    pixels = np.zeros((512, 512, 3), np.uint8)
    quads = [put(pixels, word, (256, 60 + 100 * at)) for at, word in enumerate(words)]
    return Labelled(pixels, list(words), np.stack(quads))


@pytest.fixture(scope="module")
def photos() -> list[Labelled]:
    return [labelled(*WORDS[at : at + 4]) for at in range(0, len(WORDS), 4)]


def scorer(weights: dict[str, float]) -> Scorer:
    pack = ModelPack("fitted", "none", "CC0-1.0", Path(), 4, 640, {}, {"calibration": weights})
    return Scorer(pack)


def test_fitted_weights_tell_matches_from_the_rest(
    towers: CompactTowers, photos: list[Labelled]
) -> None:
    weights = fit(towers, photos, STRANGERS)
    assert 0 < weights["probably"] <= weights["contains"] <= 1
    judge = scorer(weights)
    regions = [region for photo in photos for region in towers.embed_photo(photo.pixels)]
    embeddings = np.stack([region.embedding for region in regions]).astype(np.float32)
    for word in WORDS:
        similarities = embeddings @ towers.embed_words([word])[0]
        chances = judge.probabilities(word, similarities, regions)
        best = int(chances.argmax())
        assert regions[best].reading == word
        assert judge.band(float(chances[best])) is not Band.WEAK
        assert judge.band(float(np.sort(chances)[-2])) is not Band.CONTAINS
        assert chances[best] > np.sort(chances)[-2] + 0.5


def test_photos_that_show_nothing_cannot_calibrate(towers: CompactTowers) -> None:
    empty = Labelled(np.zeros((64, 64, 3), np.uint8), [], np.zeros((0, 4, 2), np.float32))
    with pytest.raises(LibraryError, match="nothing to calibrate on"):
        fit(towers, [empty], STRANGERS)


def rows(*features: tuple[float, float, float]) -> NDArray[np.float32]:
    """Similarity, exact and within, of one query's regions; the rest is the same for all."""
    return np.array([(*some, 0.5, 0.0) for some in features], np.float32)


def test_what_tells_right_regions_from_wrong_ones_weighs_more() -> None:
    # The right one is read, while the wrong ones are as similar.
    judged = [
        (rows((0.8, -0.2, -0.1), (0.8, -2, -1.5), (0.9, -3, -2)), np.array([True, False, False])),
        (rows((0.5, -1, -0.5), (0.7, -0.5, -0.2)), np.array([False, True])),
    ]
    weights = ranking_weights(judged)
    for some, right in judged:
        assert right[int((some @ weights).argmax())]
    assert weights[1] > 1
    assert weights[2] > 1
    np.testing.assert_allclose(weights[3:], 0, atol=1e-6)  # they tell nothing here


def test_a_photos_best_region_is_what_must_win() -> None:
    """Another region of a right photo may score as badly as it likes."""
    alone = [(rows((0.5, -0.1, -0.1), (0.5, -1, -1)), np.array([True, False]))]
    beside = [(rows((0.5, -0.1, -0.1), (0.5, -1, -1), (-1, -5, -5)), np.array([True, False, True]))]
    np.testing.assert_allclose(ranking_weights(alone), ranking_weights(beside), atol=1e-6)


def test_queries_that_find_only_right_or_only_wrong_regions_change_nothing() -> None:
    told = [(rows((0.5, -0.1, -0.1), (0.5, -1, -1)), np.array([True, False]))]
    silent = [(rows((0.9, -3, -3)), np.array([truth])) for truth in (True, False)]
    np.testing.assert_allclose(ranking_weights(told), ranking_weights(told + silent), atol=1e-6)


@pytest.mark.parametrize(
    ("best", "least", "border"),
    [
        ([(0.9, True), (0.8, True), (0.7, False), (0.6, False)], 0.8, 0.75),
        ([(0.9, True), (0.8, False), (0.7, True), (0.6, True)], 0.8, 0.85),
        ([(0.9, True), (0.8, False), (0.7, True), (0.6, True)], 0.6, 0.6),
        ([(0.9, False), (0.8, False)], 0.3, 1.0),
        ([], 0.3, 1.0),
        # Four hits of one probability: half of them are matches, however they are sorted.
        ([(0.9, True), (0.9, True), (0.9, False), (0.9, False)], 0.6, 1.0),
        ([(0.9, False), (0.9, True), (0.9, True), (0.9, False)], 0.5, 0.9),
    ],
)
def test_a_border_is_where_enough_hits_are_matches(
    best: list[tuple[float, bool]], least: float, border: float
) -> None:
    assert calibration.border(best, least) == pytest.approx(border)


def test_many_sure_hits_do_not_pay_for_guesses() -> None:
    sure = [(0.9 + at / 1e4, True) for at in range(500)]
    guesses = [(0.01 + at / 1e4, False) for at in range(50)]
    assert 0.1 < calibration.border(sure + guesses, 1 / 3) < 0.9


def test_logistic_regression_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    rows: NDArray[np.float32] = rng.normal(0, 1, (4000, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(rows @ (2.0, -1.0) + 0.5)))
    weights = calibration.logistic(rows, rng.random(4000) < chance)
    np.testing.assert_allclose(weights, [2.0, -1.0, 0.5], atol=0.2)


def test_separable_data_do_not_run_away() -> None:
    rows = np.array([[-1.0], [-0.5], [0.5], [1.0]], np.float32)
    weights = calibration.logistic(rows, np.array([False, False, True, True]))
    assert np.isfinite(weights).all()
    assert weights[0] > 1


def test_tuning_covers_the_words_at_least_as_well_as_before(
    towers: CompactTowers, photos: list[Labelled]
) -> None:
    start = FocusSettings(threshold=0.5, splits=())
    found, covered = tune(towers, photos[:2], start)
    assert covered > 0.75
    assert found.most == start.most
    again, same = tune(towers, photos[:2], found)
    assert (again, same) == (found, covered)


def test_cosines_alone_are_fitted_to_what_photos_show() -> None:
    rng = np.random.default_rng(0)
    truths = rng.random((60, 30)) < 0.1
    cosines = (0.2 + 0.1 * truths + rng.normal(0, 0.02, truths.shape)).astype(np.float32)
    found = calibration.fit_cosines(cosines, truths)
    chances = 1 / (1 + np.exp(-(found["similarity"] * cosines + found["bias"])))
    assert chances[truths].mean() > 0.8
    assert chances[~truths].mean() < 0.1
    assert 0 < found["probably"] <= found["contains"] < 1


def test_cosines_that_tell_nothing_make_every_hit_weak() -> None:
    truths = np.arange(40).reshape(4, 10) % 3 == 0
    found = calibration.fit_cosines(np.where(truths, 0.1, 0.3).astype(np.float32), truths)
    assert found == {"similarity": 1.0, "bias": 0.0, "contains": 1.0, "probably": 1.0}
