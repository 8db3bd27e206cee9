"""The query language: words are joined by AND; "phrases", -minus, OR and prefix* say otherwise.

A word also finds longer ones that hold it, unless it stands in quotes by itself, is excluded ("ice"
must not take out every price), or is held by another word of the query ("man woman").

Attributes (``color:red``, ``on:yellow``, ``size:large``, ``at:top``) say how all words of the query
are to look that are not excluded; without a word, how any lettering is to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from engine.attributes import NONE, Attribute, Attributes, read_attribute
from engine.lookups import LEAST_WITHIN
from engine.tokenizer import fold

# Words of these few kinds stand on nearly every sign and receipt, so they tell photos apart badly.
FUNCTION_WORDS = frozenset(
    "a an and are as at be but by for from has have he her his i if in into is it its me my no not "
    "of off on or our out she so that the their them then they this to up us was we were will with "
    "you your".split()
)

# A pasted paragraph is searched by its beginning: nobody means more words than that by a query.
# About as many may be excluded besides.
MOST_TERMS = 24

_OPERATORS = frozenset(("AND", "&&", "OR", "|", "||", "NOT"))
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "＂": '"'})
_DASHES = str.maketrans({"−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-"})
_TOKEN = re.compile(r'-*"[^"]*"?|[^\s"]+')
_JOINERS = re.compile(r"[-/_+&:]+")
# "choc*," has its comma behind the star.
_ENDS_IN_STAR = re.compile(r"\*[\W_]*$")
# No word on a photo is longer; what is weighed against every region must not be without end.
_LONGEST_WORD = 64


@dataclass(frozen=True, slots=True)
class Term:
    """One folded word (a-z, 0-9); ``prefix``: any word that begins with it will do.

    ``whole``: longer words that hold it will not do, as they do else. ``attributes``: how its
    lettering is to look. A term without text is any lettering like that.
    """

    text: str
    prefix: bool = False
    attributes: Attributes = NONE
    whole: bool = False

    @property
    def function(self) -> bool:
        """Whether this is a function word (of, the, ...), which weighs less than a content word."""
        return not self.prefix and self.text in FUNCTION_WORDS

    @property
    def alone(self) -> bool:
        """Whether longer words that hold it are not meant.

        "the" stands in "other" and "weather", two letters in nearly everything.
        """
        return self.whole or self.function or (not self.prefix and len(self.text) < LEAST_WITHIN)

    def is_part(self, reading: str) -> bool:
        """Whether longer words may hold it, and what was read does; of one or two letters never."""
        if self.alone or len(self.text) < LEAST_WITHIN:
            return False
        return reading.startswith(self.text) if self.prefix else self.text in reading


@dataclass(frozen=True, slots=True)
class Phrase:
    """Terms that must stand side by side in this order; a single word is a phrase of one."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked: every group must be met, by any one of its phrases, and no excluded phrase.

    ``groups`` is empty when the text holds nothing that can be searched.
    """

    text: str
    groups: tuple[tuple[Phrase, ...], ...] = ()
    excluded: tuple[Phrase, ...] = ()
    attributes: Attributes = NONE

    @property
    def words(self) -> list[str]:
        """The distinct folded words that a hit may show, in the order in which they were typed.

        Of a query of attributes alone they are the whole text.
        """
        terms = (term for group in self.groups for phrase in group for term in phrase.terms)
        return list(dict.fromkeys(term.text or self.text.strip() for term in terms))


def parse(text: str) -> Query:
    """Reads a query; never fails, since every text that a person can type means something."""
    groups: list[list[Phrase]] = []
    excluded: list[Phrase] = []
    wanted: list[Attribute] = []
    unwanted: list[Attribute] = []
    alternative = False
    terms_left = exclusions_left = MOST_TERMS
    for token in _operators(_tokens(text)):
        if token == "OR":
            alternative = True
            continue
        minus = token.startswith("-")
        attribute = read_attribute(token.lstrip("-"))
        if attribute is not None:
            (unwanted if minus else wanted).append(attribute)
            alternative = False
            continue
        phrases = _phrases(token.lstrip("-"))
        if not (phrases or any(map(str.isalnum, token))):
            continue
        if minus:
            # Never cut to what is left: "ice" alone leaves out more photos than "ice cream".
            phrases = _within(phrases, MOST_TERMS if exclusions_left > 0 else 0)
            exclusions_left -= _count_terms(phrases)
        else:
            phrases = _within(phrases, terms_left)
            terms_left -= _count_terms(phrases)
        if minus:
            excluded.extend(_whole(phrase) for phrase in phrases)
        elif alternative and groups:
            groups[-1].extend(phrases)
        else:
            # Empty for a word that cannot be searched, so that an OR behind it is not of another.
            groups.append(phrases)
        alternative = False
    groups = [group for group in groups if group]
    attributes = Attributes(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))
    if wanted and not groups:
        groups.append([Phrase((Term(""),))])
    unique = dict.fromkeys(
        tuple(
            dict.fromkeys(
                _settled(phrase, attributes, _others(groups, group, phrase)) for phrase in group
            )
        )
        for group in groups
    )
    return Query(text, tuple(unique), tuple(dict.fromkeys(excluded)), attributes)


def sentence(text: str) -> str:
    """The query as one sentence: without quotes, and without what a photo is not to show."""
    kept = [token.strip('"') for token in _tokens(text) if not token.startswith("-")]
    return " ".join(" ".join(kept).split())


def _within(phrases: list[Phrase], most: int) -> list[Phrase]:
    """What one token asks for, in so many terms: its beginning, or without another spelling."""
    if most <= 0:
        return []
    first = [Phrase(phrase.terms[:most]) for phrase in phrases[:1]]
    return first + [phrase for phrase in phrases[1:] if len(phrase.terms) <= most]


def _count_terms(phrases: list[Phrase]) -> int:
    return sum(len(phrase.terms) for phrase in phrases)


def _others(
    groups: Sequence[Sequence[Phrase]], group: Sequence[Phrase], phrase: Phrase
) -> set[str]:
    """The words that have to be there beside the phrase's, and these."""
    beside = [other for others in groups if others is not group for other in others]
    return {term.text for other in [phrase, *beside] for term in other.terms}


def _settled(phrase: Phrase, attributes: Attributes, others: set[str]) -> Phrase:
    """The phrase with what the rest of the query means for it.

    Of two words one of which holds the other, one region must not be taken for both.
    """
    return Phrase(
        tuple(
            replace(
                term,
                attributes=attributes,
                whole=term.whole or (not term.prefix and _is_held(term.text, others)),
            )
            for term in phrase.terms
        )
    )


def _is_held(word: str, others: set[str]) -> bool:
    return any(word != other and word in other for other in others)


def _whole(phrase: Phrase) -> Phrase:
    """Nothing longer will do for a word by itself; of a phrase several may be one region."""
    if len(phrase.terms) > 1 or phrase.terms[0].prefix:
        return phrase
    return Phrase((replace(phrase.terms[0], whole=True),))


def _tokens(text: str) -> list[str]:
    """Words and phrases as they were typed; what "NOT" excludes has a minus instead."""
    tokens: list[str] = _TOKEN.findall(text.translate(_QUOTES).translate(_DASHES))
    # All in capitals it is what stands on a sign: DO NOT ENTER.
    if text == text.upper():
        return tokens
    kept: list[str] = []
    excluding = False
    for token, after in zip_longest(tokens, tokens[1:], fillvalue="OR"):
        if token == "NOT" and kept and after not in _OPERATORS and not excluding:
            excluding = True
            continue
        kept.append(f"-{token}" if excluding else token)
        excluding = False
    return kept


def _operators(tokens: list[str]) -> Iterator[str]:
    """Tokens with the operators told from the words: OR needs something to choose from."""
    for place, token in enumerate(tokens):
        between = 0 < place < len(tokens) - 1
        if token in ("OR", "|", "||"):
            if between:
                yield "OR"
            elif token == "OR":
                yield "or"
        elif token in ("AND", "&&") and between:
            continue
        else:
            yield token


def _phrases(token: str) -> list[Phrase]:
    """What one token asks for: a phrase, a word, or a joined word in both of its spellings."""
    if token.startswith('"'):
        words = token.strip('"').split()
        return [_whole(phrase) for phrase in _spellings(words)]
    return _spellings([token])


def _spellings(words: Sequence[str]) -> list[Phrase]:
    """The phrase, and where words are joined ("coca-cola"), the one with these taken apart."""
    whole = _terms(words)
    apart = _terms(piece for word in words for piece in _JOINERS.split(word))
    return [
        Phrase(terms) for terms in ([whole, apart] if len(apart) > len(whole) else [whole]) if terms
    ]


def _terms(words: Iterable[str]) -> tuple[Term, ...]:
    return tuple(term for term in map(_term, words) if term is not None)


def _term(piece: str) -> Term | None:
    text = fold(piece)[:_LONGEST_WORD]
    return Term(text, bool(_ENDS_IN_STAR.search(piece))) if text else None
