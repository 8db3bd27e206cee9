"""What the command line says of answers, packs and events."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.events import (
    EngineFailed,
    Event,
    MassDisappearance,
    PhotosChanged,
    PhotoSkipped,
    RootOffline,
    RootOnline,
)
from engine.roots import Root
from engine.search import Answer, Hit
from engine.shelf import PackStatus

_MOST_READINGS = 6


def show(answer: Answer, *, many: bool) -> None:
    """Prints hits, a line each; ``many``: answers to several queries, below their queries."""
    if many:
        print(f"{answer.query}:")
    if not answer.words:
        print("Nothing to search for: type a word of letters or digits.")
    elif not answer.hits:
        print("No photo shows that." if answer.mode == "words" else "No photo is known as a scene.")
    elif answer.mode == "scenes":
        print("Scenes, the likest first:")
    for rank, hit in enumerate(answer.hits, start=1):
        offline = "" if hit.online else "  (offline)"
        line = f"{rank:>3}  {hit.band:<8}  {hit.score:.2f}  {hit.path}{offline}"
        if answer.mode == "words":
            seen = list(dict.fromkeys(region.reading or region.word for region in hit.regions))
            line += f"  [{', '.join(seen[:_MOST_READINGS])}]"
        print(line)


def as_plain(hit: Hit) -> dict[str, Any]:
    """A hit as JSON has it."""
    return {
        "path": hit.path,
        "score": hit.score,
        "band": str(hit.band),
        "regions": [
            {
                "quad": region.quad,
                "word": region.word,
                "reading": region.reading,
                "similarity": region.similarity,
            }
            for region in hit.regions
        ],
    }


def role_of(pack: PackStatus) -> str:
    """What a pack is to the library, in a few words."""
    if not pack.installed:
        return "kept; its files are gone"
    finds = f"finds {pack.mode}"
    if pack.place is None:
        return f"{finds}; not in use"
    return f"{finds}; in use" if pack.place == 0 else f"{finds}; in use beside the first"


def photos(count: int) -> str:
    """So many photos, in words."""
    return "1 photo" if count == 1 else f"{count} photos"


def offline(folder: Path) -> str:
    """That a watched folder is not there."""
    return f"{folder} is not there; perhaps a drive is not connected. Its photos are kept."


def warn_of_offline(roots: Iterable[Root]) -> None:
    """Which folders are not there, on standard error."""
    for root in roots:
        if not root.online:
            print(offline(root.path), file=sys.stderr)


def tell(event: Event) -> None:
    """What ``watch`` says of what happens."""
    if isinstance(event, PhotosChanged) and (event.added or event.removed):
        print(f"{photos(event.added)} came, {event.removed} went", flush=True)
    elif isinstance(event, PhotoSkipped):
        print(f"{event.path}: {event.reason}", flush=True)
    elif isinstance(event, RootOffline):
        print(offline(event.path), flush=True)
    elif isinstance(event, RootOnline):
        print(f"{event.path} is there again.", flush=True)
    elif isinstance(event, EngineFailed):
        print(event.error, file=sys.stderr)


def warn(event: Event) -> None:
    """What the person must decide about, on standard error."""
    if isinstance(event, MassDisappearance):
        print(
            f"{event.missing} of {event.total} photos are no longer in {event.root}. They are "
            "kept until you confirm that in the window; perhaps a drive is not connected.",
            file=sys.stderr,
        )
