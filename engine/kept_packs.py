"""What answers with a pack's embeddings when its own files are gone: copies beside the catalogue.

A new version of a pack takes the place of the old one's files; the old one must go on answering
until the new one has seen every photo.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from engine.errors import PackError
from engine.packs import ModelPack, read_pack, verify

_logger = logging.getLogger(__name__)

_FOLDER = "packs"
# Bytes: CLIP's text towers are larger, those of our own packs much smaller.
_LARGE = 64 << 20


def keep(pack: ModelPack, library: Path) -> None:
    """Keeps what a query needs of the pack; without room for it, only switching packs is poorer."""
    kept = _kept_folder(library, pack.fingerprint)
    if kept.exists() or not (pack.folder / "pack.json").exists():
        return
    unfinished = kept.with_name(kept.name + ".new")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for file in [pack.folder / "pack.json", *pack.files_of_queries.values()]:
            _copy_or_link(file, unfinished / file.name)
        unfinished.rename(kept)
    except OSError as error:
        _logger.info("The towers of %s could not be kept: %s", pack.name, error)
        shutil.rmtree(unfinished, ignore_errors=True)


def find_kept(library: Path, but: Collection[str] = ()) -> list[ModelPack]:
    """The packs that can answer from what was kept of them; ``but``: not these fingerprints."""
    found = []
    for file in sorted((library / _FOLDER).glob("*/pack.json")):
        if file.parent.name in but:
            continue
        try:
            pack = read_pack(file.parent, for_queries=True)
            # A file that was linked changes with the one that it came from.
            verify(pack, pack.files_of_queries)
        except PackError as error:
            _logger.info("%s", error)
        else:
            found.append(pack)
    return found


def drop(fingerprint: str, library: Path) -> None:
    """Deletes what was kept of a pack."""
    shutil.rmtree(_kept_folder(library, fingerprint), ignore_errors=True)


def _kept_folder(library: Path, fingerprint: str) -> Path:
    return library / _FOLDER / fingerprint


def _copy_or_link(file: Path, to: Path) -> None:
    """A link costs nothing, but changes when somebody writes over the file in its place."""
    if file.stat().st_size > _LARGE:
        with contextlib.suppress(OSError):
            os.link(file, to)
            return
    shutil.copyfile(file, to)
