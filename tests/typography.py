"""Fonts and words for tests that draw lettering, on machines that may have few of both."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from export.synth import corpus
from export.synth.fonts import FOLDERS, draws_letters

ENOUGH = 4
WORDS = ("amber", "Bridge", "coffee", "don't", "Eagle's", "Fähre", "garden", "harbour", "island")


@cache
def _found() -> tuple[str, ...]:
    """Faces that draw every letter, the plainest names first, found without opening them all."""
    files = [
        file
        for folder in FOLDERS
        for file in folder.rglob("*.ttf")
        if not any(word in file.name.lower() for word in ("symbol", "emoji", "icon", "math"))
    ]
    plain = ("dejavu", "liberation", "noto")
    files.sort(key=lambda file: (not file.name.lower().startswith(plain), len(file.name), file))
    usable = (str(file) for file in files[:40] if draws_letters(file))
    return tuple(face for face, _ in zip(usable, range(8), strict=False))


def some_families() -> dict[str, list[str]]:
    """Families as ``find_fonts`` answers them; skips the test where too few are installed."""
    found = _found()
    if len(found) < ENOUGH:
        pytest.skip(f"needs {ENOUGH} fonts, {len(found)} are installed")
    return {Path(face).stem: [face] for face in found}


def some_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word lists in ``folder`` in place of the system's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "british-english").write_text("\n".join(WORDS), "utf-8")
    (folder / "french").write_bytes("château\nforêt\nrivière\n".encode("latin-1"))
    (folder / "dutch").write_text("")
    monkeypatch.setattr(corpus, "FOLDER", folder)
