"""Lets a pack take its place only once it is whole, so that nobody meets half of one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LibraryError

_PARTS = frozenset((".onnx", ".data", ".json"))


@contextmanager
def in_the_place_of(out: Path) -> Iterator[Path]:
    """A new folder that replaces ``out`` when all went well, and goes when anything did not.

    A model card and whatever else lies beside the parts of a pack in ``out`` stays there.
    LibraryError when ``out`` holds something else than a pack.
    """
    out = out.resolve()
    replaceable = (out / "pack.json").is_file() or (out.is_dir() and not any(out.iterdir()))
    if out.exists() and not replaceable:
        raise LibraryError(f"{out} holds something else than a model pack and is left alone.")
    # One level deeper than packs are looked for: one that a kill left half made is not found.
    work = out.with_name(f".{out.name}.partial")
    fresh, old = work / "new", work / "old"
    shutil.rmtree(work, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        if out.exists():
            for one in _beside(out):
                (shutil.copytree if one.is_dir() else shutil.copy2)(one, fresh / one.name)
            out.replace(old)
        fresh.replace(out)
    finally:
        if old.exists() and not out.exists():
            old.replace(out)
        shutil.rmtree(work, ignore_errors=True)


def _beside(pack: Path) -> list[Path]:
    """What lies in a pack's folder and is no part of it."""
    return [one for one in pack.iterdir() if one.suffix not in _PARTS and one.stem != "check"]
