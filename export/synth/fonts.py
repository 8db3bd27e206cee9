"""Font files that can draw every Latin letter and digit."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from PIL import ImageFont

from engine.errors import LibraryError

Families = dict[str, list[str]]
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

# Symbol, notation and connected-script faces draw something at every code point, but not letters.
_UNFIT = ("symbol", "emoji", "dingbat", "icon", "math", "music", "braille", "unifont", "barcode")


def draws_letters(file: Path | str) -> bool:
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


def find_fonts(cache: Path | None = None) -> Families:
    """Usable font files by family, so that a family of a hundred faces weighs as one.

    ``cache`` is a JSON file that remembers the answer as long as the same files are installed,
    because looking takes a minute. LibraryError when there is no usable font.
    """
    installed = [
        str(file)
        for folder in FOLDERS
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in {".ttf", ".otf", ".ttc", ".pfb"}
        and not any(word in file.name.lower() for word in _UNFIT)
    ]
    if cache is not None and cache.exists():
        remembered = json.loads(cache.read_text())
        if remembered.get("installed") == installed:
            known: Families = remembered["families"]
            return known
    families: Families = defaultdict(list)
    for file in filter(draws_letters, installed):
        family = ImageFont.truetype(file, 24).getname()[0] or Path(file).stem
        # "Noto Sans Ethiopic" and its hundred siblings share their Latin letters.
        key = " ".join(family.split()[:2]) if family.startswith("Noto") else family
        families[key].append(file)
    if not families:
        raise LibraryError("No font that draws all letters is installed: run `make fonts`.")
    if cache is not None:
        cache.write_text(json.dumps({"installed": installed, "families": families}))
    return dict(families)
