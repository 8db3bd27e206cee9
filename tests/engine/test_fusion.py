"""Rankings become one, by reciprocal ranks."""

from __future__ import annotations

import pytest

from engine.fusion import K, fuse
from engine.regions import ScoreMap
from engine.search import Hit, MatchedRegion

MAP = ScoreMap(1, 1, b"\xff")


def hit(
    name: str, score: float = 0.5, band: str = "weak", score_map: ScoreMap | None = None
) -> Hit:
    region = MatchedRegion([(0, 0), (1, 0), (1, 1), (0, 1)], "word", "", score, score)
    return Hit(name, score, band, [region], ord(name), 10, 10, True, 0, score_map)


def names(hits: list[Hit]) -> str:
    return "".join(hit.path for hit in hits)


def ranking(order: str) -> list[Hit]:
    return [hit(name, 1 / place) for place, name in enumerate(order, start=2)]


def test_the_order_is_that_of_the_summed_reciprocal_ranks() -> None:
    # By hand, with k = 60: b 1/62 + 1/61, a 1/61 + 1/64, c 1/63 + 1/62, d 1/63.
    fused = fuse([ranking("abc"), ranking("bcda")])
    assert names(fused) == "bacd"
    most = 2 / (K + 1)
    assert [one.score for one in fused] == pytest.approx(
        [
            (1 / 62 + 1 / 61) / most,
            (1 / 61 + 1 / 64) / most,
            (1 / 63 + 1 / 62) / most,
            1 / 63 / most,
        ]
    )


def test_first_for_everyone_scores_one() -> None:
    assert fuse([ranking("ab"), ranking("ac"), ranking("a")])[0].score == pytest.approx(1.0)


def test_agreement_beats_one_first_place() -> None:
    assert names(fuse([ranking("xb"), ranking("yb")]))[0] == "b"


def test_equals_share_their_rank_and_go_by_path() -> None:
    fused = fuse([[hit("b", 0.9), hit("a", 0.9), hit("c", 0.1)], []])
    assert names(fused) == "abc"
    assert fused[0].score == fused[1].score == pytest.approx(0.5)
    assert fused[2].score == pytest.approx(61 / 63 / 2)


def test_a_hit_has_the_surest_band_and_all_evidence() -> None:
    (one,) = fuse([[hit("a", 0.2, "weak")], [hit("a", 0.9, "contains", MAP)]])
    assert (one.band, len(one.regions), one.score_map) == ("contains", 2, MAP)


def test_nothing_is_nothing() -> None:
    assert fuse([[], []]) == []


def test_guesses_stand_behind_what_another_pack_is_sure_of() -> None:
    sure = [hit(name, 1 / place, "contains") for place, name in enumerate("abc", start=2)]
    assert names(fuse([sure, ranking("xyz")])) == "abcxyz"
