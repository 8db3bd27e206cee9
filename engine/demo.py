"""The demonstration: indexes the sample photos and shows what three queries find."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import platformdirs

from engine.errors import LibraryError
from engine.library import Library
from engine.search import Answer
from engine.tokenizer import fold

SHOWN_HITS = 4
"""How many hits of a query are printed."""


def samples_folder() -> Path:
    """Where the sample photos and ``samples.json`` lie, in a checkout and in a wheel alike."""
    return Path(__file__).parent / "samples"


def sample_library() -> Path:
    """The demonstration's own library, so that it never mixes with the person's photos."""
    return platformdirs.user_cache_path("photolex", appauthor=False) / "sample-library"


def read_words(samples: Path) -> dict[str, list[str]]:
    """The words of every sample photo, by file name. ``LibraryError`` when there are none."""
    try:
        words = json.loads((samples / "samples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LibraryError("The sample photos are missing from this installation.") from error
    return {str(name): [str(word) for word in found] for name, found in words.items()}


def choose_queries(words: Mapping[str, Sequence[str]], count: int = 3) -> list[str]:
    """``count`` words of four letters or more that are found in different photos.

    Words that several photos show come first: a query with three hits tells more than one.
    """
    photos: dict[str, set[str]] = {}
    for name, found in words.items():
        for word in found:
            folded = fold(word)
            if len(folded) >= 4 and folded.isalpha():
                photos.setdefault(folded, set()).add(name)
    chosen: list[str] = []
    shown: set[str] = set()
    for word in sorted(photos, key=lambda word: (-len(photos[word]), word)):
        if len(chosen) < count and not photos[word] & shown:
            chosen.append(word)
            shown |= photos[word]
    return chosen


def first_query() -> str:
    """The query that the window shows first on the sample library."""
    return choose_queries(read_words(samples_folder()), 1)[0]


def describe(answer: Answer) -> list[str]:
    """An answer as lines for the terminal: the best hits with the reading that matched."""
    total = len(answer.hits)
    photos = "1 photo" if total == 1 else f"{total} photos"
    lines = [f"“{answer.query}”: {photos} in {answer.seconds * 1000:.0f} ms"]
    for hit in answer.hits[:SHOWN_HITS]:
        readings = ", ".join(region.reading for region in hit.regions if region.reading)
        lines.append(
            f"  {hit.score:5.2f}  {hit.band:<9} {Path(hit.path).name}  {readings}".rstrip()
        )
    if total > SHOWN_HITS:
        lines.append(f"  and {total - SHOWN_HITS} more")
    return lines


def run(
    folder: Path | None,
    say: Callable[[str], None],
    *,
    samples: Path | None = None,
    open_library: Callable[[Path], Library] = Library.open,
) -> list[Answer]:
    """Index the samples into the library ``folder`` (the demonstration's own when ``None``).

    ``say`` gets one line at a time. A second run finds everything indexed and only searches.
    LibraryError when there are no samples or the library cannot be used.
    """
    samples = samples or samples_folder()
    words = read_words(samples)
    folder = folder or sample_library()
    library = open_library(folder)
    try:
        if folder == sample_library():
            # Another installation's samples are the same photos a second time.
            for root in library.roots():
                if root.path != samples:
                    library.remove_root(root.path)
        library.add_root(samples)
        if library.status().searchable < len(words):
            say(f"Looking for words in {len(words)} sample photos")
        started = time.perf_counter()
        library.index_now(threading.Event())
        seconds = time.perf_counter() - started
        status = library.status()
        say(
            f"{status.searchable} sample photos with {status.regions} words, "
            f"ready after {seconds:.1f} s ({status.pack_name})"
        )
        answers = [library.search(query) for query in choose_queries(words)]
        for answer in answers:
            for line in describe(answer):
                say(line)
        say(f"The sample library is in {folder}")
    finally:
        library.close()
    return answers
