"""The page with the search field, the folders, the grid and the preview."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.blank import Blank, situation
from desktop.conversation import Conversation
from desktop.folders import Folders
from desktop.footer import Footer
from desktop.grid import Grid
from desktop.mode_switch import ModeSwitch
from desktop.parts import Parts
from desktop.preview import Preview
from desktop.results_bar import ResultsBar
from desktop.search_bar import SearchBar

USUAL_PANES = [215, 640, 330]


class Browse(QWidget):
    """Puts its widgets in their places and keeps them in step with each other."""

    selection_changed = Signal()

    def __init__(self, parts: Parts, menu_button: QToolButton) -> None:
        super().__init__()
        self._parts = parts
        settings, theme, hits = parts.settings, parts.theme, parts.hits
        self.search = SearchBar(theme)
        self.modes = ModeSwitch()
        self.folders = Folders(theme)
        self.results = ResultsBar(hits)
        self.blank = Blank(theme)
        self.grid = Grid(hits, parts.thumbnails, theme, settings.thumbnail_side, self)
        self.preview = Preview(parts.full_photos, parts.thumbnails, theme)
        self.footer = Footer(parts.overview, theme, settings.thumbnail_side)
        self.conversation = Conversation(parts.asker, hits, parts.bridge, self)
        self.folders_button = self._toggle("folders", "Folders (F9)")
        self.preview_button = self._toggle("preview", "Preview (Space)")
        self._lay_out(menu_button)
        self._connect()
        self.folders_button.setChecked(settings.folders_shown)
        self.folders.setVisible(settings.folders_shown)
        self.preview_button.setChecked(settings.preview_shown)
        self.preview.setVisible(settings.preview_shown)
        if not settings.panes.isEmpty():
            self._panes.restoreState(settings.panes)
        self.refresh()

    def ask(self, query: str) -> None:
        """Type a query and ask it at once."""
        self.search.setText(query)
        self.conversation.asked(query.strip())

    def go_to_grid(self) -> None:
        """Give the grid the focus, if there is something in it."""
        if self._middle.currentWidget() is self.grid:
            self.grid.begin()
            self.grid.setFocus(Qt.FocusReason.TabFocusReason)

    def save(self) -> None:
        """Remember for the next start how things stand."""
        settings = self._parts.settings
        settings.folders_shown = self.folders_button.isChecked()
        settings.preview_shown = self.preview_button.isChecked()
        settings.panes = self._panes.saveState()
        settings.thumbnail_side = self.footer.slider.value()

    # How it is built.

    def _toggle(self, icon: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setToolTip(name)
        button.setAccessibleName(name)
        self._parts.theme.dress(button, icon)
        return button

    def _lay_out(self, menu_button: QToolButton) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(10, 10, 10, 8)
        top.setSpacing(8)
        top.addWidget(self.folders_button)
        top.addStretch(1)
        top.addWidget(self.modes)
        top.addWidget(self.search, 6)
        top.addStretch(1)
        top.addWidget(self.preview_button)
        top.addWidget(menu_button)
        self._middle = QStackedWidget()
        self._middle.setContentsMargins(8, 0, 0, 0)
        self._middle.addWidget(self.blank)
        self._middle.addWidget(self.grid)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.results)
        column.addWidget(self._middle, 1)
        self._panes = QSplitter(Qt.Orientation.Horizontal)
        self._panes.setHandleWidth(1)
        for place, pane in enumerate((self.folders, centre, self.preview)):
            self._panes.addWidget(pane)
            self._panes.setStretchFactor(place, 1 if pane is centre else 0)
            self._panes.setCollapsible(place, False)
        self._panes.setSizes(USUAL_PANES)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(top)
        rows.addWidget(self._panes, 1)
        rows.addWidget(self.footer)
        self._tab_in_order(menu_button)

    def _tab_in_order(self, menu_button: QToolButton) -> None:
        """From the question to the answer, then what is around them."""
        order: list[QWidget] = [
            self.search,
            *self.modes.buttons.values(),
            self.results.weak_button,
            self.results.order_box,
            self.blank.button,
            self.grid,
            self.preview,
            self.footer,
            self.folders_button,
            self.folders,
            self.preview_button,
            menu_button,
        ]
        for one, other in pairwise(order):
            QWidget.setTabOrder(one, other)

    def _connect(self) -> None:
        parts = self._parts
        self.search.typed.connect(self.conversation.typed)
        self.search.confirmed.connect(self._on_confirmed)
        self.search.results_wanted.connect(self.go_to_grid)
        self.modes.switched.connect(self._on_mode)
        self.conversation.changed.connect(self.refresh)
        self.conversation.turned.connect(self.grid.start_over)
        parts.hits.shown_changed.connect(self.refresh)
        parts.overview.changed.connect(self._on_overview)
        parts.overview.moved_on.connect(self.refresh)
        self.results.order_chosen.connect(self._on_order)
        self.grid.preview_wanted.connect(self.preview_button.toggle)
        self.grid.search_wanted.connect(self.search.seek)
        self.grid.selection_changed.connect(self._on_selection)
        self.grid.thumbnail_side_changed.connect(self.footer.slider.setValue)
        self.footer.thumbnail_side_changed.connect(self.grid.set_thumbnail_side)
        self.folders_button.toggled.connect(self.folders.setVisible)
        self.preview_button.toggled.connect(self._on_preview)

    # What happens.

    def refresh(self) -> None:
        """Show the grid, or say why it would be empty."""
        hits, conversation = self._parts.hits, self.conversation
        answered = conversation.answered
        self.results.set_query(answered, conversation.answered_mode)
        shown = hits.rowCount() > 0
        self.results.setVisible(shown)
        if not shown:
            overview, mode = self._parts.overview, conversation.mode
            searched, trouble = conversation.searched, conversation.trouble
            words = situation(overview, hits, answered, searched, trouble, mode)
            self.blank.show_situation(words)
        # A hidden widget loses the focus to an arbitrary one.
        if not shown and self.grid.hasFocus():
            self.search.setFocus()
        self._middle.setCurrentWidget(self.grid if shown else self.blank)

    def _on_overview(self) -> None:
        overview = self._parts.overview
        self.folders.show_roots(overview.roots)
        self.modes.offer(overview.modes)
        self._invite()
        self.refresh()

    def _on_mode(self) -> None:
        self.conversation.switch(self.modes.mode)
        self._invite()

    def _invite(self) -> None:
        mode = self.modes.mode
        self.search.invite(mode, self._parts.overview.searchable(mode))

    def _on_confirmed(self, query: str) -> None:
        # Enter asks; Enter once more, with the answer there, goes to it. A refusal is no answer.
        conversation = self.conversation
        is_answered = query == conversation.answered and not conversation.trouble
        if query and is_answered and not self._parts.asker.busy:
            self.go_to_grid()
        else:
            self.conversation.asked(query)

    def _on_order(self, order: str) -> None:
        self._parts.settings.order = "date" if order == "date" else "relevance"

    def _on_selection(self) -> None:
        self.footer.set_selected(len(self.grid.selected()))
        if self.preview_button.isChecked():
            self.preview.show_hit(self.grid.current() or self._parts.hits.hit(0))
        self.selection_changed.emit()

    def _on_preview(self, shown: bool) -> None:
        self.preview.setVisible(shown)
        # While nothing is selected, what is previewed is chosen.
        self._on_selection()
