"""What the catalogue answers with: plain rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class PackIdentity(Protocol):
    """What the catalogue must know of a model pack; every ``ModelPack`` has it."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...


class PlacedPack(PackIdentity, Protocol):
    """A pack that can be found again."""

    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class RootRow:
    """``online``: whether the folder was there when it was last looked for.

    ``missing``: so many of the photos were not found and are kept until the person confirms.
    """

    root_id: int
    path: Path
    online: bool
    device: str | None
    photos: int
    missing: int


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo as a searcher sees it. ``width`` and ``height`` are 0 while it waits.

    ``missing``: it was not found in its folder and is kept until the person confirms.
    ``digest``: of its content, None while it waits. ``size``, ``mtime_ns``: of the file, in which
    it was seen. ``reason``: why it cannot be searched.
    """

    photo_id: int
    path: Path
    width: int
    height: int
    root_online: bool
    size: int
    mtime_ns: int
    missing: bool
    digest: bytes | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo as the indexer compares it with the disk.

    ``embedded``: its content has been embedded by the pack that was asked about. ``refused_by``:
    what skipped it, as ``Catalogue.mark_skipped`` was told.
    """

    photo_id: int
    root_id: int
    path: Path
    size: int
    mtime_ns: int
    content_id: int | None
    digest: bytes | None
    content_size: int | None
    reason: str | None
    passing: bool
    missing: bool
    embedded: bool
    refused_by: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A region as search shows it. ``quad``: (4, 2) float32, pixels of the upright photo.

    ``score_map`` and ``colours``: as their ``to_bytes`` write them, empty where there are none.
    """

    region_id: int
    content_id: int
    quad: NDArray[np.float32]
    lattice: bytes
    reading: str
    confidence: float
    score_map: bytes
    colours: bytes = b""


class RegionState(NamedTuple):
    """Names one exact set of regions.

    Ids only ever grow, so two equal states mean that not one region came or went in between.
    """

    total: int
    greatest: int


@dataclass(frozen=True, slots=True)
class Counts:
    """``waiting``: photos that are neither searchable nor skipped. ``regions``: of the pack."""

    photos: int
    searchable: int
    skipped: int
    waiting: int
    regions: int


@dataclass(frozen=True, slots=True)
class SkippedRow:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack whose embeddings are kept. ``place``: among the packs in use, None if it is not.

    ``folder``: where its files were when it was chosen, empty if it never was.
    """

    pack_id: int
    name: str
    fingerprint: str
    place: int | None
    folder: str


@dataclass(frozen=True, slots=True)
class LackingRow:
    """A content that a pack has not embedded, and a photo that shows it."""

    content_id: int
    digest: bytes
    path: Path
