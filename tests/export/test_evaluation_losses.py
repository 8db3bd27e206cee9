"""Why queries lose: each cause, on photos made up for it."""

import numpy as np
import pytest

from engine.search import Hit, MatchedRegion
from export.evaluation.detection import Quad
from export.evaluation.losses import Cause, LostQuery, Seen, Shown, judge, lost, tally
from export.evaluation.metrics import rank
from export.evaluation.sets import Word


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


PLACE = box(0, 0, 100, 20)
BAKERY = [Word("Bakery", PLACE), Word("open", box(0, 50, 60, 70))]


def seen(quad: Quad, reading: str, *, reads: bool = True) -> Seen:
    return Seen(quad, reading, 0.9, reads)


def cause(*regions: Seen) -> Cause:
    return judge("bakery", BAKERY, regions).cause


def test_a_word_that_no_region_touches_is_not_detected() -> None:
    assert cause() is Cause.NOT_DETECTED
    assert cause(seen(box(0, 50, 60, 70), "open")) is Cause.NOT_DETECTED


def test_a_neighbour_that_only_grazes_the_word_does_not_detect_it() -> None:
    assert cause(seen(box(0, 19, 100, 40), "open")) is Cause.NOT_DETECTED


def test_a_region_of_several_words_is_cut_badly() -> None:
    verdict = judge("bakery", BAKERY, [seen(box(0, 0, 400, 20), "bakeryandcoffee")])
    assert verdict.cause is Cause.CUT_BADLY
    assert verdict.overlap == pytest.approx(0.25)


def test_a_single_letter_of_a_word_is_a_bad_cut_of_it() -> None:
    assert cause(seen(box(40, 2, 48, 18), "k")) is Cause.CUT_BADLY


def test_half_a_word_is_cut_badly_however_it_reads() -> None:
    assert cause(seen(box(0, 0, 45, 20), "bakery")) is Cause.CUT_BADLY


def test_a_word_well_cut_and_wrongly_read_is_misread() -> None:
    verdict = judge("bakery", BAKERY, [seen(PLACE, "bokcry")])
    assert verdict.cause is Cause.MISREAD
    assert verdict.distance == pytest.approx(2 / 6)


def test_a_word_well_cut_and_nearly_read_was_out_ranked() -> None:
    assert cause(seen(PLACE, "BAKERV")) is Cause.OUT_RANKED


def test_of_regions_that_fit_the_best_reading_counts() -> None:
    assert cause(seen(PLACE, "xxxxxx"), seen(box(0, 0, 90, 20), "bakery")) is Cause.OUT_RANKED


def test_a_pack_that_does_not_read_cannot_misread() -> None:
    assert cause(seen(PLACE, "", reads=False)) is Cause.OUT_RANKED


def test_of_two_places_the_one_that_went_better_counts() -> None:
    twice = [*BAKERY, Word("BAKERY", box(0, 200, 100, 220))]
    verdict = judge("bakery", twice, [seen(box(0, 200, 100, 220), "bakery")])
    assert verdict.cause is Cause.OUT_RANKED


def test_where_the_place_is_not_known_the_best_reading_decides() -> None:
    unplaced = [Word("bakery", None)]
    assert judge("bakery", unplaced, []).cause is Cause.NOT_DETECTED
    assert judge("bakery", unplaced, [seen(PLACE, "station")]).cause is Cause.NOT_READ
    assert judge("bakery", unplaced, [seen(PLACE, "bakcry")]).cause is Cause.OUT_RANKED


def hit(photo: str, score: float, reading: str = "") -> Hit:
    quad = [(float(x), float(y)) for x, y in PLACE]
    regions = [MatchedRegion(quad, "bakery", reading, 0.5, score)] if reading else []
    return Hit(f"/photos/{photo}", score, "weak", regions, 1, 100, 100, True, 0)


def ask(query: str, hits: dict[str, Hit], wanted: set[str], shown: Shown) -> LostQuery | None:
    photos = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    scores = {photo: one.score for photo, one in hits.items()}
    answer = rank(scores, frozenset(wanted), photos)
    return lost(query, answer, frozenset(wanted), hits, shown)


def test_a_query_that_ranks_its_photos_first_has_not_lost() -> None:
    hits = {"a.jpg": hit("a.jpg", 0.9), "b.jpg": hit("b.jpg", 0.2)}
    assert ask("bakery", hits, {"a.jpg"}, Shown({}, {}, {})) is None


def test_a_lost_query_tells_which_photos_stand_too_low_and_what_above_them() -> None:
    hits = {
        "a.jpg": hit("a.jpg", 0.9, "bakery"),
        "b.jpg": hit("b.jpg", 0.8, "basket"),
        "c.jpg": hit("c.jpg", 0.5),
    }
    shown = Shown(
        {"a.jpg": BAKERY, "c.jpg": BAKERY, "d.jpg": BAKERY},
        {"a.jpg": [seen(PLACE, "bakery")], "c.jpg": [seen(PLACE, "bazaar")]},
        {"d.jpg": "The photo is damaged."},
    )
    query = ask("bakery", hits, {"a.jpg", "c.jpg", "d.jpg"}, shown)
    assert query is not None
    assert query.average_precision == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert [(loss.photo, loss.rank, loss.cause) for loss in query.losses] == [
        ("c.jpg", 3, Cause.MISREAD),
        ("d.jpg", 4, Cause.NOT_OPENED),
    ]
    (rival,) = query.above(query.losses[0])
    assert (rival.photo, rival.rank) == ("b.jpg", 2)
    assert rival.region is not None
    assert rival.region.reading == "basket"
    counts = tally([query])
    assert counts[Cause.MISREAD] == counts[Cause.NOT_OPENED] == 1
    assert sum(counts.values()) == 2


def test_of_a_phrase_what_went_wrong_first_is_the_cause() -> None:
    shown = Shown({"a.jpg": BAKERY}, {"a.jpg": [seen(PLACE, "bakery")]}, {})
    query = ask("open bakery", {"b.jpg": hit("b.jpg", 0.3)}, {"a.jpg"}, shown)
    assert query is not None
    (loss,) = query.losses
    assert loss.score is None
    assert [verdict.cause for verdict in loss.verdicts] == [Cause.NOT_DETECTED, Cause.OUT_RANKED]
    assert loss.cause is Cause.NOT_DETECTED
