"""What lies in the folders now, beside what the catalogue knows of them."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.dates import changed_at
from engine.errors import PhotoError
from engine.photos import digest, is_photo_name, walk
from engine.rows import KnownPhoto


@dataclass(slots=True, eq=False)
class FoundPhoto:
    """A file that is named like a photo, or a folder that cannot be listed.

    ``digest``: of its content, once somebody had to ask.
    """

    path: Path
    root_id: int
    size: int
    mtime_ns: int
    digest: bytes | None = None


@dataclass(slots=True)
class Survey:
    """``blind``: folders and files of which nothing could be learned, not even that they went."""

    found: dict[Path, FoundPhoto] = field(default_factory=dict)
    blind: list[Path] = field(default_factory=list)

    def look_into(
        self,
        folder: Path,
        root_id: int,
        root: Path,
        exclude: Sequence[str],
        cancel: threading.Event,
    ) -> None:
        """Everything in a folder of a root, or in the root itself; stops early when cancelled."""

        def unreadable(path: Path, error: OSError | None) -> None:
            self.blind.append(path)
            if error is not None and path != root and _is_folder(path):
                # Among the photos that cannot be searched, it stands for those that are in it.
                self.found[path] = FoundPhoto(path, root_id, 0, 0)

        paths = walk(
            root,
            below=folder,
            exclude=exclude,
            unreadable=unreadable,
            stopped=cancel.is_set,
        )
        for path in paths:
            if cancel.is_set():
                return
            self._note(path, root_id)

    def look_at(self, path: Path, root_id: int) -> None:
        """One file, which may be gone."""
        if is_photo_name(path.name):
            self._note(path, root_id)

    def is_blind_to(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.blind)

    def _note(self, path: Path, root_id: int) -> None:
        try:
            status = _status(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            # It is there and cannot be looked at: opening it will say why.
            self.found[path] = FoundPhoto(path, root_id, 0, 0)
            return
        self.found[path] = FoundPhoto(path, root_id, status.st_size, changed_at(status))


@dataclass(slots=True)
class Difference:
    """What the catalogue has to learn; ``moved`` and ``changed`` pair the old with the new."""

    new: list[FoundPhoto] = field(default_factory=list)
    moved: list[tuple[KnownPhoto, FoundPhoto]] = field(default_factory=list)
    changed: list[tuple[KnownPhoto, FoundPhoto]] = field(default_factory=list)
    same: list[KnownPhoto] = field(default_factory=list)
    gone: list[KnownPhoto] = field(default_factory=list)


def compare(survey: Survey, known: Iterable[KnownPhoto], cancel: threading.Event) -> Difference:
    """A photo that went and one that came with the same content are one photo that moved.

    To be thrown away once ``cancel`` is set: what moved may then look as if it were gone.
    """
    difference = Difference()
    left = dict(survey.found)
    for photo in known:
        found = left.pop(photo.path, None)
        if found is None:
            if not survey.is_blind_to(photo.path):
                difference.gone.append(photo)
        elif (found.size, found.mtime_ns) == (photo.size, photo.mtime_ns):
            difference.same.append(photo)
        else:
            difference.changed.append((photo, found))
    difference.moved = match_moves(difference.gone, left.values(), cancel)
    moved = {photo.photo_id for photo, _ in difference.moved}
    difference.gone = [photo for photo in difference.gone if photo.photo_id not in moved]
    for _, found in difference.moved:
        del left[found.path]
    difference.new = list(left.values())
    return difference


def match_moves(
    gone: Iterable[KnownPhoto], came: Iterable[FoundPhoto], cancel: threading.Event
) -> list[tuple[KnownPhoto, FoundPhoto]]:
    """What went beside what came with the same content, each of them once."""
    lost: dict[int | None, list[KnownPhoto]] = defaultdict(list)
    for photo in gone:
        if photo.digest is not None:
            lost[photo.content_size].append(photo)
    moved: list[tuple[KnownPhoto, FoundPhoto]] = []
    for found in came:
        if cancel.is_set():
            break
        # Only a file of the same size is worth looking into.
        candidates = lost.get(found.size, [])
        before = _find_same(found, candidates)
        if before is not None:
            candidates.remove(before)
            moved.append((before, found))
    return moved


def _find_same(found: FoundPhoto, candidates: list[KnownPhoto]) -> KnownPhoto | None:
    for photo in candidates:
        # A folder of 50,000 photos that got another name is not read through for it.
        if (photo.path.name, photo.mtime_ns) == (found.path.name, found.mtime_ns):
            return photo
    if not candidates:
        return None
    try:
        found.digest = digest(found.path)
    except PhotoError:
        # Reading it again to embed it will say the same, to the one who asks.
        return None
    return next((photo for photo in candidates if photo.digest == found.digest), None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError:
        # A link that leads nowhere is a file to be listed with its reason.
        return path.lstat()
