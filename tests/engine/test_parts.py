"""Parts of strings: groups of codes and letters that stand apart, on one line."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.parts import end_to_end, shares, strings_in_parts

Quad = NDArray[np.float32]


def group(left: float, wide: float, *, top: float = 0, high: float = 20, turned: float = 0) -> Quad:
    """A group of this size, turned about its middle by so many degrees."""
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], float) - (wide / 2, high / 2)
    sine, cosine = np.sin(np.radians(turned)), np.cos(np.radians(turned))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return (corners @ turn + (left + wide / 2, top + high / 2)).astype(np.float32)


def found(groups: dict[str, Quad]) -> list[str]:
    readings = list(groups)
    return sorted(
        "".join(readings[at] for at in line)
        for line in strings_in_parts(np.stack(list(groups.values())), readings)
    )


@pytest.mark.parametrize("gap", [2, 10, 22])
def test_groups_on_a_line_are_one_code_in_reading_order(gap: float) -> None:
    plate = {"4711": group(60 + 2 * gap, 50), "kn": group(0, 30), "ab": group(30 + gap, 30)}
    assert found(plate) == ["knab4711"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("kn", group(0, 30)), ("4711", group(60, 50))),  # too far apart
        (("kn", group(0, 30)), ("4711", group(40, 50, top=24))),  # in the next line
        (("kn", group(10, 30)), ("4711", group(0, 50, top=40))),  # far below
        (("kn", group(0, 15)), ("4711", group(0, 50, top=24))),  # narrower by much
        (("kna", group(0, 30)), ("bcd", group(0, 40, top=24))),  # no digit in two rows
        (("kn", group(0, 30)), ("4711", group(34, 90, high=50))),  # in another size
        (("open", group(0, 30)), ("4711", group(42, 50))),  # a word before a number
        (("kn", group(0, 30)), ("ab", group(34, 30))),  # no digit: short words
        (("kn", group(0, 30)), ("7", group(34, 10))),  # hardly a code
        (("12345678", group(0, 100)), ("1234567890", group(112, 120))),  # too long for one
        (("", group(0, 30)), ("4711", group(34, 50))),  # not read
    ],
)
def test_other_words_are_no_code(first: tuple[str, Quad], second: tuple[str, Quad]) -> None:
    assert found(dict([first, second])) == []


@pytest.mark.parametrize("turned", [0, 25])
def test_a_plate_of_two_rows_is_one_code(turned: float) -> None:
    middle = np.array([30, 22])
    sine, cosine = np.sin(np.radians(turned)), np.cos(np.radians(turned))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    plate = {"kn": group(0, 25), "a4": group(32, 25), "4711": group(5, 50, top=24)}
    plate = {text: ((quad - middle) @ turn).astype(np.float32) for text, quad in plate.items()}
    assert found(plate) == ["kna4", "kna44711"]


def test_numbers_in_a_column_or_on_a_page_are_no_code() -> None:
    column = {f"{at}7{at}0": group(0, 50, top=24 * at) for at in range(3)}
    assert found(column) == []
    two = {"kn": group(10, 30), "4711": group(0, 50, top=24)}
    assert found(two) == ["kn4711"]
    page = {"photo" + "x" * at: group(0, 80, top=200 + 60 * at) for at in range(39)}
    assert found(two | page) == []


def test_a_line_that_slopes_is_one_though_its_short_groups_seem_level() -> None:
    assert found(
        {"fg": group(0, 40), "307": group(50, 50, top=9), "sy": group(108, 40, top=19)}
    ) == ["fg307sy"]


def test_a_line_that_stands_on_its_head_is_read_from_its_own_left() -> None:
    plate = {"kn": group(70, 30, turned=180), "4711": group(10, 50, turned=180)}
    assert found(plate) == ["kn4711"]


def test_what_was_found_whole_and_in_pieces_is_tried_as_either() -> None:
    pieces = {"ab": group(0, 30), "12": group(36, 30), "34": group(68, 30), "1234": group(36, 62)}
    assert found(pieces) == ["ab1234", "ab1234"]


def test_ordinary_text_between_codes_keeps_them_apart() -> None:
    line = {
        "rm": group(0, 20), "550": group(26, 30), "change": group(68, 60), "rm4": group(140, 24),
        "45": group(168, 20),
    }  # fmt: skip
    assert found(line) == ["rm445", "rm550"]


def test_words_without_a_space_between_are_one_string() -> None:
    address = {
        "www": group(0, 40), "example": group(44, 90), "com": group(138, 40), "my": group(183, 28),
    }  # fmt: skip
    assert found(address) == ["wwwexamplecommy"]


def test_of_a_line_those_are_one_that_stand_closer_to_each_other() -> None:
    line = {
        "date": group(0, 50), "24": group(59, 26), "mar": group(89, 40), "2018": group(133, 52),
        "approved": group(194, 100), "thanks": group(320, 80),
    }  # fmt: skip
    assert found(line) == ["24mar2018", "date24mar2018approved"]


def test_no_more_letters_are_put_together_than_a_query_can_have() -> None:
    line = {"abcdefghij": group(0, 130), "klmnopqrst": group(134, 130), "uvwxy": group(268, 60)}
    assert found(line) == []
    line["uvwx"] = line.pop("uvwxy")
    assert found(line) == ["abcdefghijklmnopqrstuvwx"]


def test_what_is_too_wide_for_its_letters_was_not_read() -> None:
    line = {"welcome": group(0, 90), "e": group(94, 25), "home": group(123, 50)}
    assert found(line) == ["welcomeehome"]
    assert found(line | {"e": group(94, 30), "home": group(128, 50)}) == []


def test_words_that_overlap_share_what_both_show() -> None:
    line = np.stack([group(0, 40), group(30, 50), group(90, 20)])
    assert shares(line) == pytest.approx(np.array([(0, 0.875), (0.1, 1), (0, 1)]), abs=1e-6)


def test_words_of_the_second_row_count_as_a_whole() -> None:
    rows = np.stack([group(0, 30), group(28, 30), group(4, 50, top=24)])
    np.testing.assert_allclose(
        shares(rows), np.array([[0, 29 / 30], [1 / 30, 1], [0, 1]]), atol=1e-5
    )
    centred = np.stack([group(0, 100), group(30, 40, top=24)])
    assert shares(centred).tolist() == [[0, 1], [0, 1]]


def test_shares_follow_the_line_whichever_way_it_runs() -> None:
    line = np.stack([group(60, 40, turned=180), group(20, 50, turned=180)])
    assert shares(line) == pytest.approx(np.array([(0, 0.875), (0.1, 1)]), abs=1e-6)


def test_no_words_have_no_parts() -> None:
    assert strings_in_parts(np.zeros((0, 4, 2), np.float32), []) == []
    assert strings_in_parts(group(0, 30)[None], ["kn47"]) == []


def test_letters_that_stand_apart_are_one_string_up_to_a_limit() -> None:
    def row(text: str) -> dict[str, Quad]:
        return {letter: group(25 * at, 12) for at, letter in enumerate(text)}

    assert found(row("9crx863")) == ["9crx863"]
    assert found(row("silver")) == ["silver"]
    assert found(row("abcdefghijklmnop")) == ["abcdefghijklmnop"]
    assert found(row("abcdefghijklmnopq")) == []


def test_pieces_of_a_word_with_wide_spacing_are_one_string() -> None:
    assert found({"sil": group(0, 50), "ence": group(68, 70)}) == ["silence"]
    assert found({"sil": group(0, 28), "ence": group(46, 40)}) == []


def test_of_letters_that_stand_apart_some_may_be_lower() -> None:
    letters = {"zu": group(0, 50), "p": group(62, 20, high=38, top=-8), "er": group(94, 50)}
    assert found(letters) == ["zuper"]
    code = {"k4": group(0, 50), "7p": group(62, 20, high=38, top=-8)}
    assert found(code) == []


def test_pieces_of_a_spaced_word_are_tried_surest_first_as_well() -> None:
    """A long piece that is read wrongly hides sure ones, and short pieces hide them as well."""
    pieces = {
        "be": group(0, 70), "rg": group(80, 70), "x": group(95, 25), "ergx": group(40, 150),
        "en": group(160, 70),
    }  # fmt: skip
    assert "bergen" in found(pieces)


def test_an_embedding_of_parts_shows_all_letters_evenly() -> None:
    """Two channels of four frames: the first tells the frame, the second the word."""
    words = np.array([[1, 2, 3, 4, 9, 9, 9, 9], [5, 6, 7, 8, 3, 3, 3, 3]], np.float32)
    whole = np.array([(0, 1), (0, 1)], np.float32)
    even = end_to_end(words, whole, [2, 2], 4)
    assert np.linalg.norm(even) == pytest.approx(1)
    np.testing.assert_allclose(even / even[4] * 9, [1.5, 3.5, 5.5, 7.5, 9, 9, 3, 3], atol=1e-5)
    uneven = end_to_end(words, whole, [1, 3], 4)
    np.testing.assert_allclose(uneven[4:] / uneven[4] * 9, [9, 3, 3, 3], atol=1e-5)


def test_of_an_embedding_the_shares_count() -> None:
    words = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)
    shared = np.array([(0, 0.5), (0.5, 1)], np.float32)
    halves = end_to_end(words, shared, [2, 2], 4)
    np.testing.assert_allclose(halves / halves[0], [1, 2, 7, 8], atol=1e-5)
    first = end_to_end(words, np.array([(0, 1), (0, 0)], np.float32), [2, 2], 4)
    np.testing.assert_allclose(first / first[0], [1, 2, 3, 4], atol=1e-5)
