"""Adds, removes and rescans folders, and lists what was skipped, on the person's behalf."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from desktop.errands import Errands
from desktop.folders import folder_name
from desktop.overview import Overview
from desktop.reveal import NO_FILE_MANAGER, open_folder, reveal
from desktop.skipped import SkippedDialog

if TYPE_CHECKING:
    from engine.library import Library
    from engine.rows import SkippedRow

ChooseFolder = Callable[[QWidget], Path | None]


def choose_folder(parent: QWidget) -> Path | None:
    """The system's dialog; None when it is cancelled."""
    chosen = QFileDialog.getExistingDirectory(parent, "Add a folder of photos", str(Path.home()))
    return Path(chosen) if chosen else None


class FolderDesk(QObject):
    """Whatever the library refuses comes out of ``errands.refused``."""

    begun = Signal()  # what was refused or failed before no longer matters
    failed = Signal(str)  # one sentence
    rescan_wanted = Signal()  # the person wants to know how the folders are now

    def __init__(
        self,
        library: Library,
        errands: Errands,
        photo_errands: Errands,
        overview: Overview,
        parent: QWidget,
        choose: ChooseFolder = choose_folder,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._errands = errands
        self._photo_errands = photo_errands
        self._overview = overview
        self._parent = parent
        self._choose = choose
        self.question: QMessageBox | None = None
        self.skipped: SkippedDialog | None = None

    def add_by_dialog(self) -> None:
        """Ask for a folder and add it."""
        folder = self._choose(self._parent)
        if folder is not None:
            self.add([folder])

    def add(self, folders: Iterable[Path]) -> None:
        """Watch these folders from now on."""
        for folder in folders:
            self._change(partial(self._library.add_root, folder))

    def add_dropped(self, paths: Sequence[Path]) -> None:
        """Watch the folders among these from now on."""
        self._photo_errands.run(partial(folders_among, paths), self.add)

    def remove(self, folder: Path) -> None:
        """Stop watching a folder, once the person has said so."""
        question = QMessageBox(self._parent)
        question.setWindowTitle("Remove folder")
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(f"Stop searching in “{folder_name(folder)}”?")
        question.setInformativeText(
            f"{folder}\n\nThe photos themselves are not touched. If you add the folder again, "
            "they must be looked through again."
        )
        remove = question.addButton("Remove", QMessageBox.ButtonRole.AcceptRole)
        keep = question.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(keep)
        remove.clicked.connect(lambda: self._change(partial(self._library.remove_root, folder)))
        question.finished.connect(question.deleteLater)
        self.question = question
        question.open()

    def rescan(self, folder: Path | None = None) -> None:
        """Look for changes in one folder, or in all."""
        self.rescan_wanted.emit()
        self._change(partial(self._library.rescan, folder))

    def confirm_removal(self, folder: Path) -> None:
        """The photos that disappeared from ``folder`` are really gone."""
        self._change(partial(self._library.confirm_removal, folder))

    def open(self, folder: Path) -> None:
        """Show a folder in the file manager."""
        self.begun.emit()
        if not open_folder(folder):
            self.failed.emit(NO_FILE_MANAGER)

    def show_skipped(self) -> None:
        """Open the list of photos that cannot be searched."""
        self.begun.emit()
        self._errands.run(self._library.skipped, self._open_skipped)

    def _open_skipped(self, rows: list[SkippedRow]) -> None:
        if self.skipped is not None:
            self.skipped.close()
        dialog = SkippedDialog(rows, self._parent)
        dialog.reveal_wanted.connect(self._reveal)
        dialog.finished.connect(self._on_skipped_closed)
        self.skipped = dialog
        dialog.show()

    def _on_skipped_closed(self) -> None:
        self.skipped = None

    def _reveal(self, photo: Path) -> None:
        self.begun.emit()
        if not reveal([str(photo)]):
            self.failed.emit(NO_FILE_MANAGER)

    def _change(self, call: Callable[[], object]) -> None:
        self.begun.emit()
        self._errands.run(call, lambda _: self._overview.refresh())


def dropped_paths(data: QMimeData) -> list[Path]:
    """What is dragged over the window; whether these are folders takes the disk to tell."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def folders_among(paths: Sequence[Path]) -> list[Path]:
    """Without a single folder the first of ``paths``: the library says what is wrong with it."""
    # Path.is_dir() would raise for a mount that does not answer.
    return [path for path in paths if os.path.isdir(path)] or list(paths[:1])  # noqa: PTH112
