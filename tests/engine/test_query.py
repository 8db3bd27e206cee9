"""The query language: what a person types is always understood, and never an error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.query import MOST_TERMS, Phrase, Query, Term, parse, sentence


def word(text: str, *, prefix: bool = False, whole: bool = False) -> Phrase:
    return Phrase((Term(text, prefix, whole=whole),))


def phrase(*words: str) -> Phrase:
    return Phrase(tuple(Term(text) for text in words))


def groups(text: str) -> tuple[tuple[Phrase, ...], ...]:
    return parse(text).groups


def test_words_must_all_be_there() -> None:
    assert groups("fresh  Bread") == ((word("fresh"),), (word("bread"),))


def test_case_and_accents_do_not_matter() -> None:
    assert parse("CRÈME Brûlée").words == ["creme", "brulee"]


def test_quotes_make_a_phrase() -> None:
    assert groups('"Open Late" pharmacy') == ((phrase("open", "late"),), (word("pharmacy"),))


@pytest.mark.parametrize("text", ["“open late”", "„open late“", "«open late»", '"open late'])
def test_any_quotes_will_do_and_a_missing_one_closes_at_the_end(text: str) -> None:
    assert groups(text) == ((phrase("open", "late"),),)


def test_a_quote_in_the_middle_of_a_word_begins_a_phrase() -> None:
    assert groups('cafe"open late"') == ((word("cafe"),), (phrase("open", "late"),))


def test_minus_excludes_a_word_or_a_phrase() -> None:
    query = parse('coffee -tea -"ice cream" −decaf')
    assert query.groups == ((word("coffee"),),)
    assert query.excluded == (
        word("tea", whole=True),
        phrase("ice", "cream"),
        word("decaf", whole=True),
    )


def test_a_word_in_quotes_by_itself_is_meant_as_it_stands() -> None:
    assert groups('"ice" cream') == ((word("ice", whole=True),), (word("cream"),))
    assert groups('"ice*"') == ((word("ice", prefix=True),),)
    assert groups('"ice cream"') == ((phrase("ice", "cream"),),)


def test_of_two_words_the_one_that_the_other_holds_is_meant_as_it_stands() -> None:
    assert groups("man woman") == ((word("man", whole=True),), (word("woman"),))
    (both,) = groups('"woman man"')
    assert [term.whole for phrase in both for term in phrase.terms] == [False, True]
    # A choice need not show both, and neither need a word in two spellings.
    assert groups("man OR woman") == ((word("man"), word("woman")),)
    assert groups("coca-cola") == ((word("cocacola"), phrase("coca", "cola")),)


def test_only_excluded_words_leave_nothing_to_search() -> None:
    query = parse("-tea")
    assert query.groups == ()
    assert query.words == []


def test_or_gives_a_choice_and_binds_closer_than_and() -> None:
    assert groups("coffee OR tea milk") == ((word("coffee"), word("tea")), (word("milk"),))
    assert groups("coffee | tea | cocoa") == ((word("coffee"), word("tea"), word("cocoa")),)


def test_or_behind_what_cannot_be_searched_is_not_of_the_word_before() -> None:
    assert groups("coffee 東京 OR tea") == ((word("coffee"),), (word("tea"),))
    assert groups("coffee OR 東京 OR tea") == ((word("coffee"), word("tea")),)
    assert groups("東京 OR tea") == ((word("tea"),),)
    # Signs alone are nothing that could be chosen.
    assert groups("coffee … OR tea") == ((word("coffee"), word("tea")),)


def test_or_at_an_end_and_in_lower_case_is_a_word() -> None:
    assert groups("OR") == ((word("or"),),)
    assert groups("OR gate") == ((word("or"),), (word("gate"),))
    assert groups("coffee or tea") == ((word("coffee"),), (word("or"),), (word("tea"),))
    assert groups("coffee |") == ((word("coffee"),),)


def test_and_between_words_is_an_operator() -> None:
    assert groups("salt AND pepper") == ((word("salt"),), (word("pepper"),))
    assert groups("AND") == ((word("and"),),)


def test_a_star_stands_for_any_ending() -> None:
    assert groups("choc*") == ((word("choc", prefix=True),),)
    assert groups('"dark choc*"') == ((Phrase((Term("dark"), Term("choc", True))),),)
    assert groups("*") == ()


@pytest.mark.parametrize("text", ["choc*,", "(choc*)", "choc*…", "choc**"])
def test_signs_behind_a_star_do_not_matter(text: str) -> None:
    assert groups(text) == ((word("choc", prefix=True),),)
    assert groups("choc*late") == ((word("choclate"),),)


def test_an_endless_word_is_cut() -> None:
    for text in ("x" * 5000, f'"{"x" * 5000}"'):
        assert parse(text).words == ["x" * 64]


def test_a_joined_word_in_quotes_is_searched_in_both_spellings() -> None:
    both = (word("cocacola", whole=True), phrase("coca", "cola"))
    assert groups('"coca-cola"') == (both,)
    assert parse('tea -"coca-cola"').excluded == both
    assert groups('"coca-cola light"') == (
        (phrase("cocacola", "light"), phrase("coca", "cola", "light")),
    )


def test_a_joined_word_is_searched_in_both_spellings() -> None:
    assert groups("coca-cola") == ((word("cocacola"), phrase("coca", "cola")),)
    assert parse("coca-cola").words == ["cocacola", "coca", "cola"]
    assert groups("don't") == ((word("dont"),),)


def test_what_cannot_be_searched_is_left_out() -> None:
    assert groups("é ... 東京 🙂 -") == ((word("e"),),)
    assert parse("").groups == () == parse("   ").groups


def test_a_word_typed_twice_counts_once() -> None:
    assert groups("tea TEA") == ((word("tea"),),)


def test_a_pasted_paragraph_is_searched_by_its_beginning() -> None:
    query = parse(" ".join(f"word{number}" for number in range(1000)))
    assert query.words == [f"word{number}" for number in range(MOST_TERMS)]


def test_a_pasted_phrase_is_searched_by_its_beginning() -> None:
    words = [f"word{number:02}" for number in range(30)]
    assert groups(f'"{" ".join(words)}"') == ((phrase(*words[:MOST_TERMS]),),)
    before = " ".join(words[: MOST_TERMS - 2])
    assert groups(f'{before} "a b c" tea')[-1] == (phrase("a", "b"),)
    # Of a joined word it is the other spelling that has no room.
    assert groups(f"{before} x coca-cola")[-1] == (word("cocacola"),)


def test_what_is_excluded_is_so_however_long_the_query_is() -> None:
    words = [f"word{number:02}" for number in range(30)]
    query = parse(f'{" ".join(words)} -tea -"ice cream"')
    assert query.excluded == (word("tea", whole=True), phrase("ice", "cream"))
    assert parse(f'tea -"{" ".join(words)}"').excluded == (phrase(*words[:MOST_TERMS]),)
    # No other than whole phrases up to there, for a part of one excludes more.
    many = parse("tea " + " ".join(f'-"{one} a b c d"' for one in words)).excluded
    assert many == tuple(phrase(one, *"abcd") for one in words[:5])


def test_function_words_are_known() -> None:
    assert Term("the").function
    assert not Term("tea").function
    assert not Term("the", True).function


def test_some_words_are_not_meant_within_longer_ones() -> None:
    assert [Term(text).alone for text in ("the", "ab", "abc")] == [True, True, False]
    assert Term("abc", whole=True).alone
    assert not Term("a", True).alone
    assert Term("shop").is_part("bookshop")
    assert Term("book", True).is_part("bookshop")
    assert not Term("shop", True).is_part("bookshop")
    for term in (Term("the"), Term("sh"), Term("sh", True), Term("shop", whole=True)):
        assert not term.is_part(f"{term.text}other{term.text}")


def asked(text: str) -> tuple[list[str], list[str]]:
    """What is wanted and unwanted of the lettering."""
    attributes = parse(text).attributes
    wanted, unwanted = attributes.wanted, attributes.unwanted
    return [f"{a.kind}:{a.value}" for a in wanted], [f"{a.kind}:{a.value}" for a in unwanted]


def test_attributes_say_how_every_word_is_to_look() -> None:
    query = parse("fresh color:red Bread -decaf size:large -on:blue")
    assert asked(query.text) == (["color:red", "size:large"], ["on:blue"])
    assert query.words == ["fresh", "bread"]
    looks = query.attributes
    assert query.groups == tuple((Phrase((Term(text, attributes=looks),)),) for text in query.words)
    assert query.excluded == (word("decaf", whole=True),)


def test_an_attribute_alone_asks_for_any_lettering() -> None:
    query = parse(" color:red -exit ")
    assert query.groups == ((Phrase((Term("", attributes=query.attributes),)),),)
    assert query.excluded == (word("exit", whole=True),)
    assert query.words == ["color:red -exit"]


def test_only_excluded_attributes_leave_nothing_to_search() -> None:
    assert parse("-color:red").groups == ()
    assert asked("-color:red") == ([], ["color:red"])


def test_between_attributes_or_changes_nothing() -> None:
    assert parse("tea color:red OR color:blue").groups == parse("tea color:red color:blue").groups
    assert parse("tea OR color:red milk").groups == parse("tea color:red milk").groups
    assert len(parse("tea color:red OR milk").groups) == 1


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("color:blurple", "color-blurple"),
        ("12:30", "12-30"),
        ("http://example.com", "http-example.com"),
        ("key:value", "key-value"),
        ("at:", "at"),
        ('"color:red"', '"color-red"'),
    ],
)
def test_tokens_that_only_look_like_attributes_are_words(text: str, same: str) -> None:
    assert groups(text) == groups(same)
    assert not parse(text).attributes
    assert parse("-" + text).excluded == parse("-" + same).excluded


@given(st.text(alphabet=st.sampled_from(list('ab1 :"-*|&OR“é東\t\n\\')), max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    query = parse(text)
    assert isinstance(query, Query)
    assert all(term.text.isalnum() for group in query.groups for p in group for term in p.terms)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a dog on a beach", "a dog on a beach"),
        ("  a   dog ", "a dog"),
        ("“a red car” at night", "a red car at night"),
        ('street -stop -"no parking"', "street"),
        ("well-known café", "well-known café"),
        ("-stop", ""),
        ("", ""),
    ],
)
def test_a_query_is_a_sentence_without_what_is_excluded(text: str, expected: str) -> None:
    assert sentence(text) == expected


def test_not_between_words_excludes_what_follows() -> None:
    assert parse("coffee NOT tea") == replace(parse("coffee -tea"), text="coffee NOT tea")
    assert parse('coffee AND NOT "ice cream"').excluded == (phrase("ice", "cream"),)
    assert asked("coffee NOT color:red") == ([], ["color:red"])
    assert sentence("a dog NOT cat") == "a dog"


@pytest.mark.parametrize("text", ["DO NOT ENTER", "do not enter", "NOT enter", "enter NOT"])
def test_not_on_a_sign_in_lower_case_and_at_an_end_is_a_word(text: str) -> None:
    query = parse(text)
    assert not query.excluded
    assert "not" in query.words
