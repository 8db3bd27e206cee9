"""Which packs a library has: installed ones, those it last used, and those it has embeddings of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LibraryError, PackError
from engine.kept_packs import find_kept
from engine.packs import Mode, ModelPack, read_pack
from engine.readers import Readers
from engine.rows import PackRow


@dataclass(frozen=True, slots=True)
class PackStatus:
    """A pack as a person chooses it. ``searchable``, ``waiting``: photos of the library.

    ``place``: among the packs in use, 0 for the first; None when it is not in use. ``installed``:
    its files are there; otherwise ``family`` is empty and ``mode`` None.
    """

    name: str
    fingerprint: str
    family: str
    mode: Mode | None
    place: int | None
    installed: bool
    searchable: int
    waiting: int
    regions: int

    @property
    def in_use(self) -> bool:
        return self.place is not None


class Shelf:
    """``installed`` looks for packs where they are installed; ``folder`` is the library's."""

    def __init__(
        self, folder: Path, reading: Readers, installed: Callable[[], list[ModelPack]]
    ) -> None:
        self._folder = folder
        self._reading = reading
        self._installed = installed

    def remembered(self) -> list[ModelPack]:
        """The packs that were used last, as far as they are still there.

        Of one that has been replaced by another version, that version.
        """
        rows = [row for row in self._rows() if row.place is not None]
        if not rows:
            return []
        installed = self._installed()
        found: list[ModelPack] = []
        for row in rows:
            versions = [pack for pack in installed if pack.name == row.name]
            pack = self._find(row, installed) or next(iter(versions), None)
            if pack is not None and pack not in found:
                found.append(pack)
        return found

    def installed(self, fingerprint: str) -> ModelPack:
        """PackError if there is no such pack any more."""
        pack = self._by_fingerprint().get(fingerprint)
        if pack is None:
            raise PackError("The files of this model pack are no longer there.")
        return pack

    def able_to_answer(self) -> list[ModelPack]:
        """Every pack that can embed a query, also those of which only that much was kept."""
        installed = self._by_fingerprint()
        return [*installed.values(), *find_kept(self._folder, but=installed)]

    def kept(self, fingerprint: str) -> PackRow:
        """LibraryError if the library has nothing of this pack."""
        row = next((row for row in self._rows() if row.fingerprint == fingerprint), None)
        if row is None:
            raise LibraryError("The library keeps nothing of this model pack.")
        return row

    def statuses(self, in_use: Sequence[ModelPack]) -> list[PackStatus]:
        """Packs in use first, in their order, then the others by name."""
        installed = self._by_fingerprint() | {pack.fingerprint: pack for pack in in_use}
        places = {pack.fingerprint: place for place, pack in enumerate(in_use)}
        names = {row.fingerprint: row.name for row in self._rows()}
        names |= {pack.fingerprint: pack.name for pack in installed.values()}
        order = sorted(names, key=lambda one: (places.get(one, len(places)), names[one], one))
        return [self._status(one, names[one], places.get(one), installed.get(one)) for one in order]

    def _status(
        self, fingerprint: str, name: str, place: int | None, pack: ModelPack | None
    ) -> PackStatus:
        with self._reading() as catalogue:
            row = next((row for row in catalogue.packs() if row.fingerprint == fingerprint), None)
            counts = catalogue.counts(row.pack_id if row else 0)
        return PackStatus(
            name=name,
            fingerprint=fingerprint,
            family=pack.family if pack else "",
            mode=pack.mode if pack else None,
            place=place,
            installed=pack is not None,
            searchable=counts.searchable,
            waiting=counts.waiting,
            regions=counts.regions,
        )

    def _by_fingerprint(self) -> dict[str, ModelPack]:
        installed = self._installed()
        found = (self._find(row, installed) for row in self._rows())
        packs = [*(pack for pack in found if pack is not None), *installed]
        return {pack.fingerprint: pack for pack in packs}

    def _find(self, row: PackRow, installed: Sequence[ModelPack]) -> ModelPack | None:
        """The pack itself, where it is installed or where it was when it was used last."""
        for pack in installed:
            if pack.fingerprint == row.fingerprint:
                return pack
        if not row.folder:
            return None
        try:
            pack = read_pack(Path(row.folder))
        except PackError:
            return None
        return pack if pack.fingerprint == row.fingerprint else None

    def _rows(self) -> list[PackRow]:
        with self._reading() as catalogue:
            return catalogue.packs()
