"""Font files that can draw every Latin letter and digit."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from PIL import ImageFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

# Symbol, notation and connected-script faces draw something at every code point, but not letters.
_UNFIT = ("symbol", "emoji", "dingbat", "icon", "math", "music", "braille", "unifont", "barcode")


def draws_letters(file: Path) -> bool:
    """Whether every letter has ink, distinct from the missing-glyph box and from most others."""
    try:
        font = ImageFont.truetype(str(file), 24)
        missing = font.getmask("￿").getbbox(), bytes(font.getmask("￿"))
        shapes = set()
        for letter in LETTERS:
            mask = font.getmask(letter)
            box = mask.getbbox()
            if box is None or (box, bytes(mask)) == missing:
                return False
            shapes.add((mask.size, bytes(mask)))
    except (OSError, ValueError):
        return False
    # Upper-case-only faces repeat 26 shapes; fewer than 36 distinct ones is no alphabet.
    return len(shapes) >= 36


def find_fonts(cache: Path | None = None) -> dict[str, list[str]]:
    """Usable font files by family, so that a family of a hundred faces weighs as one.

    ``cache`` is a JSON file that remembers the answer, because looking takes a minute.
    """
    if cache is not None and cache.exists():
        remembered: dict[str, list[str]] = json.loads(cache.read_text())
        return remembered
    families: dict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*")):
            if file.suffix.lower() not in {".ttf", ".otf", ".ttc", ".pfb"}:
                continue
            if any(word in file.name.lower() for word in _UNFIT) or not draws_letters(file):
                continue
            family = ImageFont.truetype(str(file), 24).getname()[0] or file.stem
            # "Noto Sans Ethiopic" and its hundred siblings share their Latin letters.
            key = " ".join(family.split()[:2]) if family.startswith("Noto") else family
            families[key].append(str(file))
    if cache is not None:
        cache.write_text(json.dumps(families))
    return dict(families)
