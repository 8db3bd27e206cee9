"""Lists, chooses and forgets model packs on the person's behalf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.errands import Errands
from desktop.overview import Overview
from desktop.packs_dialog import PacksDialog

if TYPE_CHECKING:
    from engine.library import Library, PackStatus


class PackDesk(QObject):
    """Whatever the library refuses comes out of ``errands.refused``, and stands in the dialog."""

    begun = Signal()  # what was refused before no longer matters

    def __init__(
        self, library: Library, errands: Errands, overview: Overview, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._errands = errands
        self._overview = overview
        self._parent = parent
        self._busy = False
        self.dialog: PacksDialog | None = None
        self.question: QMessageBox | None = None
        errands.refused.connect(self._on_refused)
        overview.changed.connect(self._on_overview)

    def show(self) -> None:
        """Open the list of packs, or bring it to the front."""
        if self.dialog is None:
            dialog = PacksDialog(self._overview.packs, self._parent)
            dialog.use_wanted.connect(self.use)
            dialog.forget_wanted.connect(self.forget)
            dialog.finished.connect(self._on_closed)
            dialog.set_busy(self._busy)
            self.dialog = dialog
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        self._overview.watch_packs(True)

    def use(self, fingerprints: Sequence[str]) -> None:
        """Search with these packs from now on, the first of them first."""
        library = self._library
        self._do(lambda: library.use([library.installed(one) for one in fingerprints]))

    def forget(self, pack: PackStatus) -> None:
        """Delete what a pack saw, once the person has said so."""
        question = QMessageBox(self.dialog or self._parent)
        question.setWindowTitle("Forget a model pack")
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(f"Forget what “{pack.name}” saw?")
        again = (
            "To search with it again, it must see them all anew."
            if pack.installed
            else "Its files are gone, so it cannot see them again."
        )
        question.setInformativeText(
            f"It has seen {pack.searchable:,} of your photos. The photos themselves are not "
            f"touched. {again}"
        )
        forget = question.addButton("Forget", QMessageBox.ButtonRole.AcceptRole)
        keep = question.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(keep)
        forget.clicked.connect(
            lambda: self._do(lambda: self._library.forget_pack(pack.fingerprint))
        )
        question.finished.connect(question.deleteLater)
        self.question = question
        question.open()

    def _do(self, call: Callable[[], None]) -> None:
        self.begun.emit()
        self._set_busy(True)
        self._errands.run(call, lastly=self._done)

    def _done(self) -> None:
        self._set_busy(False)
        self._overview.refresh_packs()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        if self.dialog is not None:
            self.dialog.set_busy(busy)

    def _on_refused(self, sentence: str) -> None:
        if self._busy and self.dialog is not None:
            self.dialog.refuse(sentence)

    def _on_overview(self) -> None:
        if self.dialog is not None:
            self.dialog.show_packs(self._overview.packs)

    def _on_closed(self) -> None:
        self.dialog = None
        self._overview.watch_packs(False)
