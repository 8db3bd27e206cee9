"""Puts what the engine says that a person must know into notices."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from desktop.bridge import Bridge
from desktop.folder_desk import FolderDesk
from desktop.folders import folder_name
from desktop.notices import Notices
from engine.errors import LibraryError
from engine.events import EngineFailed, MassDisappearance


class EngineNotices(QObject):
    """One subject for each root and kind, so that a drive that comes back takes its notice away."""

    def __init__(self, bridge: Bridge, notices: Notices, desk: FolderDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._desk = desk
        bridge.root_offline.connect(self._on_offline)
        bridge.root_online.connect(self._on_online)
        bridge.mass_disappearance.connect(self._on_disappearance)
        bridge.engine_failed.connect(self._on_failed)
        bridge.scan_started.connect(lambda: notices.withdraw("failed"))

    def _on_offline(self, root: Path) -> None:
        self._notices.tell(
            f"offline {root}",
            f"“{folder_name(root)}” is not connected. Its photos are still found; "
            "to open them, connect the drive.",
        )

    def _on_online(self, root: Path) -> None:
        self._notices.withdraw(f"offline {root}")
        self._notices.withdraw(f"missing {root}")

    def _on_disappearance(self, event: MassDisappearance) -> None:
        self._notices.tell(
            f"missing {event.root}",
            f"{event.missing:,} of {event.total:,} photos in “{folder_name(event.root)}” are gone "
            "all at once. They are kept in case a drive is missing.",
            [
                ("Look again", lambda: self._desk.rescan(event.root)),
                ("They are deleted", lambda: self._desk.confirm_removal(event.root)),
            ],
            kind="alarm",
        )

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
