"""Strings to draw: words of seven languages, names, codes, prices, dates, and strings of no sense.

Diversity of strings matters more than realism of pictures (UnionST's ablation, CVPR 2026), so
about a third of all strings carry no context at all.
"""

from __future__ import annotations

import random
from pathlib import Path

from engine.tokenizer import fold

FOLDER = Path("/usr/share/dict")
_LISTS = (
    "american-english-large",
    "american-english-large",
    "british-english",
    "french",
    "ngerman",
    "spanish",
    "italian",
    "dutch",
    "swedish",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnprstvwxz"
_SHORT = (
    "the of to and in for on at by or no new open sale exit stop bar shop cafe hotel free tel "
    "www com inc ltd co no. st rd ave tax total cash change net price qty item date time am pm "
    "ml kg mg cm oz g l eur usd rm sdn bhd gst vat 100% max min off buy best by est since le la "
    "les des und der die das mit von il el los las del per con"
).split()


def _read(file: Path) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # a few of Debian's lists are still in Latin-1
        return data.decode("latin-1")


class Corpus:
    """Draws strings with its own random generator; the same seed gives the same strings."""

    def __init__(self, seed: int, extra: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.words: list[list[str]] = []
        for name in _LISTS:
            file = FOLDER / name
            if file.exists():
                words = [w for w in _read(file).split() if 1 < len(w) <= 18]
                if words:
                    self.words.append([w.removesuffix("'s") for w in words])
        if not self.words:
            raise FileNotFoundError(f"no word list in {FOLDER}: run `make fonts`")
        self.extra = extra

    def _word(self) -> str:
        r = self.random
        if self.extra and r.random() < 0.12:
            return r.choice(self.extra)
        return r.choice(r.choice(self.words))

    def _brand(self) -> str:
        r = self.random
        parts = [r.choice(_CONSONANTS) + r.choice(_VOWELS) for _ in range(r.randint(2, 4))]
        if r.random() < 0.5:
            parts[-1] += r.choice(_CONSONANTS)
        return "".join(parts)

    def _number(self) -> str:
        r = self.random
        kind = r.randrange(9)
        if kind == 0:
            return f"{r.randint(0, 999)}{r.choice('.,')}{r.randint(0, 99):02}"
        if kind == 1:
            return r.choice("$€£") + f"{r.randint(0, 99)}{r.choice('.,')}{r.randint(0, 99):02}"
        if kind == 2:
            mark = r.choice("/-.")
            year = str(r.randint(1950, 2030))
            year = year[2:] if r.random() < 0.4 else year
            return mark.join((f"{r.randint(1, 31):02}", f"{r.randint(1, 12):02}", year))
        if kind == 3:
            return f"{r.randint(0, 23)}:{r.randint(0, 59):02}"
        if kind == 4:
            return str(r.randint(1900, 2030))
        if kind == 5:
            return f"{r.randint(1, 100)}%"
        if kind == 6:
            return r.choice(("+", "")) + "-".join(
                "".join(r.choices(_DIGITS, k=r.randint(2, 4))) for _ in range(r.randint(1, 3))
            )
        if kind == 7:
            return f"{r.randint(1, 999)}{r.choice(('g', 'kg', 'ml', 'l', 'cm', 'W', 'V', 'x'))}"
        return "".join(r.choices(_DIGITS, k=r.randint(1, 10)))

    def _code(self) -> str:
        r = self.random
        if r.random() < 0.4:  # number plates and product codes: blocks of letters and of digits
            blocks = [
                "".join(r.choices(r.choice((_LETTERS.upper(), _DIGITS)), k=r.randint(1, 4)))
                for _ in range(r.randint(2, 3))
            ]
            return r.choice(("", "-", "")).join(blocks)
        return "".join(r.choices(_LETTERS + _DIGITS, k=r.randint(2, 9)))

    def _edited(self, word: str) -> str:
        """The word with one letter changed, dropped, doubled or swapped: no word to lean on."""
        r = self.random
        if len(word) < 3:
            return word
        at, kind = r.randrange(len(word) - 1), r.randrange(4)
        if kind == 0:
            return word[:at] + r.choice(_LETTERS) + word[at + 1 :]
        if kind == 1:
            return word[:at] + word[at + 1 :]
        if kind == 2:
            return word[:at] + word[at] + word[at:]
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    def _case(self, word: str) -> str:
        r = self.random.random()
        if r < 0.42:
            return word.upper()
        if r < 0.70:
            return word.capitalize()
        if r < 0.97:
            return word.lower() if r < 0.92 else word
        return "".join(c.upper() if self.random.random() < 0.5 else c for c in word)

    def plate(self) -> list[str]:
        """The two or three blocks of a number plate, or all of it in one."""
        r = self.random
        upper = _LETTERS.upper()
        kinds = r.choice(
            ((upper, _DIGITS), (_DIGITS, upper), (upper, _DIGITS, upper), (upper + _DIGITS,) * 2)
        )
        blocks = ["".join(r.choices(letters, k=r.randint(1, 4))) for letters in kinds]
        return blocks if r.random() < 0.6 else [r.choice(("", "-")).join(blocks)]

    def string(self) -> str:
        """One string as it may stand in a photo; not empty after folding to a-z0-9."""
        r = self.random
        kind = r.random()
        if kind < 0.54:
            text = self._case(self._word())
        elif kind < 0.60:
            text = self._case(r.choice(_SHORT))
        elif kind < 0.66:
            text = self._case(self._brand())
        elif kind < 0.78:
            text = self._number()
        elif kind < 0.85:
            text = self._case(self._code())
        elif kind < 0.92:
            text = self._case(self._edited(self._word()))
        elif kind < 0.97:
            text = self._case("".join(r.choices(_LETTERS, k=r.randint(2, 11))))
        else:
            glue = r.choice(("", "-", "&", "'", "."))
            text = self._case(self._word()[:7]) + glue + self._case(self._word()[:7])
        if r.random() < 0.06:
            text += r.choice((".", ",", "!", "?", ":", ";", "®", "™"))
        elif r.random() < 0.03:
            text = r.choice(("(", '"', "#", "*", "&")) + text
        if r.random() < 0.01:
            text = f"({text.rstrip('.,!?:;')})"
        return text[:20] if fold(text[:20]) else "photo"


def dictionary() -> list[str]:
    """The folded words of four letters or more, sorted; FileNotFoundError without word lists."""
    folded = (fold(word) for words in Corpus(0).words for word in words)
    return sorted({word for word in folded if len(word) > 3})
