"""The list of model packs: which one searches, which ones beside it, what each has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from engine.library import PackStatus

WIDTH = 540  # of what is said in the dialog


class PacksDialog(QDialog):
    """Stays open beside the window; nothing changes before the person says so."""

    use_wanted = Signal(list)  # fingerprints, the first pack's first
    forget_wanted = Signal(object)  # PackStatus

    def __init__(self, packs: Sequence[PackStatus], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Model packs")
        self.rows: dict[str, PackLines] = {}
        self._packs: Sequence[PackStatus] = ()
        self._in_use: list[str] = []
        self._trouble = ""
        self._busy = False
        self.words = QLabel()
        self.told = QLabel()
        self.told.setProperty("tone", "muted")
        for label in (self.words, self.told):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setFixedWidth(WIDTH)
        self._firsts = QButtonGroup(self)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        self.use_button = QPushButton("Search with these")
        self.use_button.setProperty("weight", "main")
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(self.chosen()))
        self.close_button = QPushButton("Close")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.use_button)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.words)
        layout.addLayout(self._lines)
        layout.addWidget(self.told)
        layout.addLayout(buttons)
        # As high as its lines are, whichever come and go.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        self.show_packs(packs)

    def show_packs(self, packs: Sequence[PackStatus]) -> None:
        """The library knows these now; what the person has marked stays marked."""
        self._packs = packs
        several = len(packs) > 1
        known = {pack.fingerprint for pack in packs} if several else set()
        for fingerprint in self.rows.keys() - known:
            self._remove(fingerprint)
        if several:
            names = Counter(pack.name for pack in packs)
            for pack in packs:
                self._line(pack).show_pack(pack, is_only=names[pack.name] == 1)
        in_use = [pack.fingerprint for pack in packs if pack.in_use]
        if in_use != self._in_use:
            self._in_use = in_use
            self._mark(in_use)
        self.words.setText(
            "Searches go to the first pack. A pack beside it is asked too, and what both find "
            "becomes one list. A pack for scenes is asked when Scenes is chosen beside the search."
            if several
            else " ".join(_alone(pack) for pack in packs)
        )
        self.use_button.setVisible(several)
        self._refresh()

    def chosen(self) -> list[str]:
        """The fingerprints that are marked, the first pack's first."""
        first = [one for one, row in self.rows.items() if row.first.isChecked()]
        beside = [
            one for one, row in self.rows.items() if row.beside.isChecked() and one not in first
        ]
        return first + beside

    def set_busy(self, busy: bool) -> None:
        """The library is changing its packs, or has done so."""
        self._busy = busy
        if busy:
            self._trouble = ""
        self._refresh()

    def refuse(self, sentence: str) -> None:
        """Say why that could not be done."""
        self._trouble = sentence
        self._refresh()

    def _line(self, pack: PackStatus) -> PackLines:
        line = self.rows.get(pack.fingerprint)
        if line is None:
            line = self.rows[pack.fingerprint] = PackLines()
            self._firsts.addButton(line.first)
            line.first.toggled.connect(self._on_marked)
            line.beside.toggled.connect(self._on_marked)
            line.forget.clicked.connect(partial(self._on_forget, pack.fingerprint))
            self._lines.addWidget(line)
        return line

    def _remove(self, fingerprint: str) -> None:
        line = self.rows.pop(fingerprint)
        self._firsts.removeButton(line.first)
        self._lines.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _mark(self, in_use: Sequence[str]) -> None:
        for fingerprint, line in self.rows.items():
            line.beside.setChecked(fingerprint in in_use[1:])
            line.first.setChecked(fingerprint == in_use[0])

    def _on_marked(self) -> None:
        self._trouble = ""
        self._refresh()

    def _on_forget(self, fingerprint: str) -> None:
        self.forget_wanted.emit(next(p for p in self._packs if p.fingerprint == fingerprint))

    def _refresh(self) -> None:
        chosen = self.chosen()
        in_use = self._in_use
        is_other = bool(chosen) and (chosen[:1] != in_use[:1] or set(chosen) != set(in_use))
        for line in self.rows.values():
            line.first.setEnabled(line.is_installed and not self._busy)
            line.beside.setEnabled(
                line.is_installed and not self._busy and not line.first.isChecked()
            )
            line.forget.setEnabled(not self._busy)
        self.use_button.setEnabled(is_other and not self._busy)
        if self._busy:
            words = "One moment…"
        elif self._trouble or not is_other:
            words = self._trouble
        else:
            words = _what_comes([pack for pack in self._packs if pack.fingerprint in chosen])
        self.told.setText(words)
        self.told.setVisible(bool(words))


class PackLines(QFrame):
    """One pack: its name, whether it searches, what it is good for, and what it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("part", "line")
        self.is_installed = True
        self.first = QRadioButton()
        self.beside = QCheckBox("beside the first")
        self.forget = QPushButton("Forget…")
        self.forget.setProperty("weight", "link")
        self.forget.setAutoDefault(False)
        self.facts = QLabel()
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setProperty("tone", "muted")
        self.facts.setContentsMargins(24, 0, 0, 0)
        grid = QGridLayout(self)
        grid.setContentsMargins(2, 8, 2, 8)
        grid.setVerticalSpacing(3)
        grid.addWidget(self.first, 0, 0)
        grid.addWidget(self.beside, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.facts, 1, 0)
        grid.addWidget(self.forget, 1, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)

    def show_pack(self, pack: PackStatus, *, is_only: bool) -> None:
        """``is_only``: no other pack has this name; two versions of one need more to be told."""
        name = pack.name if is_only else f"{pack.name} ({pack.fingerprint[:6]})"
        self.is_installed = pack.installed
        self.first.setText(name)
        self.first.setAccessibleDescription(f"{good_for(pack)}. {seen(pack)}")
        self.beside.setAccessibleName(f"{name} beside the first")
        self.beside.setVisible(pack.installed)
        self.forget.setAccessibleName(f"Forget what {name} saw")
        self.forget.setVisible(not pack.in_use and pack.searchable > 0)
        self.facts.setText(f"{good_for(pack)} · {seen(pack)}")


def good_for(pack: PackStatus) -> str:
    """What a pack finds, in a few words."""
    if not pack.installed:
        return "Its files are gone"
    if pack.mode == "scenes":
        return "Scenes: what a whole photo looks like"
    if pack.family == "fdp":
        return "Words that stand out"
    return "Words, small ones too"


def seen(pack: PackStatus) -> str:
    """How many photos of the library a pack can find."""
    if not pack.searchable:
        return "has seen no photo yet"
    if not pack.waiting:
        return f"has seen {_photos(pack.searchable)}"
    return f"has seen {pack.searchable:,} of {_photos(pack.searchable + pack.waiting)}"


def _alone(pack: PackStatus) -> str:
    return f"Photos are searched with “{pack.name}”, which {seen(pack)}."


def _what_comes(packs: Sequence[PackStatus]) -> str:
    """What it means to search with these from now on."""
    behind = " and ".join(
        f"{pack.name} has {_photos(pack.waiting)} to see" for pack in packs if pack.waiting
    )
    told = []
    if behind:
        told.append(f"{behind}, in the background.")
    if all(pack.mode == "scenes" for pack in packs):
        told.append("Only scenes are searched then, no words.")
    elif behind:
        told.append("Until that is done you can search as now.")
    else:
        told.append("They have seen every photo: the change takes a moment.")
    return " ".join(told)


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
