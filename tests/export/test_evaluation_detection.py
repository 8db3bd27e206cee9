"""How regions are matched with words."""

import numpy as np
import pytest

from export.evaluation.detection import (
    Detection,
    Quad,
    count_matches,
    counted,
    cover,
    detect,
    overlap,
)


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(box(0, 0, 10, 10), box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap(box(0, 0, 10, 10), box(0, 0, 10, 10)) == pytest.approx(1.0)
    assert overlap(box(0, 0, 10, 10), box(20, 0, 30, 10)) == 0.0


def test_overlap_of_a_rotated_quad() -> None:
    diamond = np.array([[5, 0], [10, 5], [5, 10], [0, 5]], np.float32)
    assert overlap(box(0, 0, 10, 10), diamond) == pytest.approx(0.5)


def test_the_order_of_corners_does_not_matter() -> None:
    quad = box(0, 0, 10, 4)
    assert overlap(quad[::-1].copy(), np.roll(quad, 1, 0)) == pytest.approx(1.0)


def test_a_quad_without_area_overlaps_nothing() -> None:
    assert overlap(box(0, 0, 10, 0), box(0, 0, 10, 10)) == 0.0


def test_a_region_counts_for_one_word_only() -> None:
    two_words_in_one_place = [box(0, 0, 10, 10), box(0, 0, 10, 10)]
    assert count_matches(two_words_in_one_place, [box(0, 0, 10, 10)]) == 1


def test_the_best_overlap_is_taken_first() -> None:
    words = [box(0, 0, 10, 10), box(0, 0, 10, 14)]
    regions = [box(0, 0, 10, 14), box(0, 0, 10, 9)]
    assert count_matches(words, regions) == 2


def test_recall_and_precision_are_summed_over_photos() -> None:
    found = detect(
        [
            ([box(0, 0, 10, 10), box(50, 0, 60, 10)], [box(0, 0, 10, 10)]),
            ([box(0, 0, 10, 10)], [box(0, 0, 10, 10), box(0, 30, 10, 40), box(0, 60, 10, 70)]),
            ([], []),
        ]
    )
    assert found == Detection(words=3, regions=4, matched=2)
    assert found.recall == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(1 / 2)


def test_no_words_and_no_regions_are_no_error() -> None:
    assert (detect([]).recall, detect([]).precision) == (0.0, 0.0)


def test_cover_is_the_part_of_the_first_that_lies_in_the_second() -> None:
    assert cover(box(0, 0, 10, 10), box(5, 0, 100, 100)) == pytest.approx(0.5)
    assert cover(box(0, 0, 10, 10), box(20, 0, 30, 10)) == 0.0


def test_regions_on_text_that_is_to_be_ignored_do_not_count() -> None:
    ignored = [box(0, 0, 10, 10)]
    half, most = box(0, 5, 10, 15), box(0, 4, 10, 14)
    assert [region.tolist() for region in counted([half, most], ignored)] == [half.tolist()]
