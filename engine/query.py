"""The query language: words are joined by AND; "phrases", -minus, OR and prefix* say otherwise.

A word also finds longer ones that hold it, unless it stands in quotes by itself, is excluded ("ice"
must not take out every price), or is held by another word of the query ("man woman").

Attributes (``color:red``, ``on:yellow``, ``size:large``, ``at:top``) say how all words of the query
are to look that are not excluded; without a word, how any lettering is to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.attributes import NONE, Attribute, Attributes, read_attribute
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

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "＂": '"'})
_DASHES = str.maketrans({"−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-"})
_TOKEN = re.compile(r'-*"[^"]*"?|[^\s"]+')
_JOINERS = re.compile(r"[-/_+&:]+")


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
        if minus:
            # Never cut to what is left: "ice" alone leaves out more photos than "ice cream".
            phrases = _within(phrases, MOST_TERMS if exclusions_left > 0 else 0)
            exclusions_left -= _count_terms(phrases)
        else:
            phrases = _within(phrases, terms_left)
            terms_left -= _count_terms(phrases)
        if not phrases:
            pass
        elif minus:
            excluded.extend(_whole(phrase) for phrase in phrases)
        elif alternative and groups:
            groups[-1].extend(phrases)
        else:
            groups.append(phrases)
        alternative = False
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


def excluded_words(text: str) -> list[str]:
    """Queries that find, each by itself, what a photo is not to show."""
    return [_typed(phrase) for phrase in parse(text).excluded]


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


def _typed(phrase: Phrase) -> str:
    words = " ".join(term.text + ("*" if term.prefix else "") for term in phrase.terms)
    return f'"{words}"'


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.translate(_QUOTES).translate(_DASHES))


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
        terms = [_term(piece) for piece in token.strip('"').split()]
        return [_whole(phrase) for phrase in _phrase_of(terms)]
    phrases = _phrase_of([_term(token)])
    pieces = [term for term in map(_term, _JOINERS.split(token)) if term is not None]
    if phrases and len(pieces) > 1:
        phrases += _phrase_of(list(pieces))
    return phrases


def _phrase_of(terms: list[Term | None]) -> list[Phrase]:
    kept = tuple(term for term in terms if term is not None)
    return [Phrase(kept)] if kept else []


def _term(piece: str) -> Term | None:
    text = fold(piece)
    return Term(text, piece.endswith("*")) if text else None
