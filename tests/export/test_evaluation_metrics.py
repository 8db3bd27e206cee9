"""The figures of a ranking, against cases worked out by hand."""

import numpy as np
import pytest

from export.evaluation.metrics import (
    average_precision,
    quality,
    queries_of,
    rank,
    relevant_ranks,
)


def ranks(scores: list[float], relevant: list[int]) -> list[int]:
    return relevant_ranks(np.array(scores), np.array(relevant, bool)).tolist()


def test_the_best_score_stands_first() -> None:
    assert ranks([0.1, 0.9, 0.5], [0, 1, 1]) == [1, 2]


def test_equal_scores_are_counted_against_us() -> None:
    assert ranks([0.5, 0.5, 0.5, 0.9], [1, 0, 0, 0]) == [4]


def test_photos_without_a_score_come_last_and_tie_against_us() -> None:
    assert ranks([-np.inf, 0.0, np.nan, -np.inf], [1, 0, 0, 0]) == [4]


def test_average_precision_is_the_mean_precision_at_the_relevant_ranks() -> None:
    assert average_precision(np.array([1, 3])) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(np.array([], np.int64)) == 0.0


def test_queries_are_folded_words_of_three_letters_or_more() -> None:
    queries = queries_of({"a.jpg": ["Café", "ON", "B-52!"], "b.jpg": ["CAFE", "£5"]})
    assert queries == {"b52": {"a.jpg"}, "cafe": {"a.jpg", "b.jpg"}}


def test_a_set_may_ask_for_shorter_words() -> None:
    assert set(queries_of({"a.jpg": ["ON", "5", "!"]}, shortest=1)) == {"on", "5"}


def test_an_answer_names_the_photos_in_order() -> None:
    answer = rank({"b": 0.5, "c": 0.5, "a": 0.1}, frozenset({"b", "a"}), ["a", "b", "c", "d"])
    assert answer.photos == ["c", "b", "a", "d"]
    assert answer.ranks.tolist() == [2, 3]
    assert answer.average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_a_set_is_summed_up_as_the_mean_over_its_queries() -> None:
    photos = [f"{number}.jpg" for number in range(12)]
    scores = {
        "first": {"0.jpg": 0.9, "1.jpg": 0.1},
        "eleventh": dict.fromkeys(photos[:10], 1.0) | {"10.jpg": 0.5},
    }
    relevant = {"first": frozenset({"0.jpg"}), "eleventh": frozenset({"10.jpg"})}
    found = quality(scores, relevant, photos)
    assert found.queries == 2
    assert found.mean_average_precision == pytest.approx((1 + 1 / 11) / 2)
    assert found.top1 == 0.5
    assert found.hit10 == 0.5


def test_a_query_that_nothing_answers_ranks_its_photo_last() -> None:
    found = quality({}, {"lost": frozenset({"a.jpg"})}, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
    assert found.mean_average_precision == 0.25


def test_a_set_without_queries_has_no_quality() -> None:
    assert quality({}, {}, ["a.jpg"]).queries == 0
