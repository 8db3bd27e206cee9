"""Puts what the engine says that a person must know into notices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.bridge import Bridge
from desktop.folder_desk import FolderDesk
from desktop.folders import folder_name
from desktop.notices import Notices
from desktop.overview import Overview
from engine.errors import LibraryError
from engine.events import EngineFailed, IndexingFinished

if TYPE_CHECKING:
    from engine.library import Root


class EngineNotices(QObject):
    """At most one notice for each root, which goes when the root is as it should be or removed.

    One that the person closed comes back when things have changed, or when they looked again.
    """

    def __init__(
        self,
        bridge: Bridge,
        overview: Overview,
        notices: Notices,
        desk: FolderDesk,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._overview = overview
        self._notices = notices
        self._desk = desk
        # Of a drive that was away at the start nobody needs to be told: it may live in a drawer.
        self._went_offline: set[Path] = set()
        self._told: dict[Path, Root | None] = {}  # None: to be told again
        self._rescan_wanted = False
        bridge.root_offline.connect(self._went_offline.add)
        bridge.root_online.connect(self._went_offline.discard)
        overview.changed.connect(self._on_overview)
        desk.rescan_wanted.connect(self._on_rescan_wanted)
        bridge.indexing_finished.connect(self._on_finished)
        bridge.engine_failed.connect(self._on_failed)
        bridge.scan_started.connect(lambda: notices.withdraw("failed"))

    def _on_overview(self) -> None:
        wanted = {root.path: root for root in self._overview.roots if self._is_amiss(root)}
        for path in self._told.keys() - wanted.keys():
            self._notices.withdraw(_subject(path))
        for path, root in wanted.items():
            told = self._told.get(path)
            if told is None or (told.online, told.missing) != (root.online, root.missing):
                self._tell(root)
        self._told = dict(wanted)

    def _is_amiss(self, root: Root) -> bool:
        return root.missing > 0 if root.online else root.path in self._went_offline

    def _tell(self, root: Root) -> None:
        name = folder_name(root.path)
        if not root.online:
            self._notices.tell(
                _subject(root.path),
                f"“{name}” is not connected. Its photos are still found; "
                "to open them, connect the drive.",
            )
            return
        self._notices.tell(
            _subject(root.path),
            f"{root.missing:,} of {root.photos:,} photos in “{name}” are gone all at once. "
            "They are kept in case a drive is missing.",
            [
                ("Look again", lambda: self._desk.rescan(root.path)),
                ("They are deleted", lambda: self._desk.confirm_removal(root.path)),
            ],
            kind="alarm",
        )

    def _on_rescan_wanted(self) -> None:
        self._rescan_wanted = True

    def _on_finished(self, event: IndexingFinished) -> None:
        if self._rescan_wanted and not event.cancelled:
            self._rescan_wanted = False
            self._told = dict.fromkeys(self._told)

    def _on_failed(self, event: EngineFailed) -> None:
        # Faults of ours go to the crash dialog as well, see program.py.
        words = (
            str(event.error)
            if isinstance(event.error, LibraryError)
            else "Indexing has stopped because of a mistake in Photolex. Searching still works."
        )
        self._notices.tell(
            "failed", words, [("Try again", lambda: self._desk.rescan())], kind="alarm"
        )


def _subject(root: Path) -> str:
    return f"root {root}"
