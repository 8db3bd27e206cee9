"""Questions and answers: what is typed goes to the asker, what is found to the model of hits."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.asker import Asker
from desktop.bridge import Bridge
from desktop.hits import Hits
from engine.packs import Mode
from engine.search import Answer

# While photos stream in, the shown answer is asked anew this often.
REFRESH_MS = 1000
# As many as a person looks through; each more costs time at every key.
MOST_HITS = 500


class Conversation(QObject):
    """Knows which question the shown hits answer."""

    changed = Signal()
    turned = Signal()  # the hits are now those of another question

    def __init__(self, asker: Asker, hits: Hits, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._asker = asker
        self._hits = hits
        self._query = ""  # what the person wants to know
        self.mode: Mode = "words"  # what is asked of photos
        self.answered = ""  # what the shown hits, maybe none, are an answer to
        self.answered_mode: Mode = "words"
        self.searched = False  # whether that question held anything to search for
        self.trouble = ""  # why the query cannot be answered
        self._again = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._again.timeout.connect(self._ask_again)
        asker.answered.connect(self._on_answered)
        asker.refused.connect(self._on_refused)
        for signal in (bridge.photos_changed, bridge.root_offline, bridge.root_online):
            signal.connect(self.refresh)

    def typed(self, query: str) -> None:
        """The person is typing: ask before long."""
        if self._heard(query):
            self._asker.ask_soon(query, self.mode)

    def asked(self, query: str) -> None:
        """The person wants to know now."""
        if self._heard(query):
            self._asker.ask(query, self.mode)

    def switch(self, mode: Mode) -> None:
        """Ask something else of photos from now on, and the same question again at once."""
        if mode != self.mode:
            self.mode = mode
            self.asked(self._query)

    def refresh(self) -> None:
        """The library has changed: ask the same again before long."""
        if self._query and not self._again.isActive():
            self._again.start()

    def _heard(self, query: str) -> bool:
        """Whether there is something to ask; without a question there is no answer to show."""
        self._query = query
        if query:
            return True
        self._asker.forget()
        self.answered = self.trouble = ""
        self._hits.show_weak(False)
        self._hits.show([])
        self.changed.emit()
        return False

    def _ask_again(self) -> None:
        if self._query and self._asker.busy:
            # The question under way may have begun before the library changed.
            self._again.start()
        elif self._query:
            self._asker.ask(self._query, self.mode)

    def _on_answered(self, answer: Answer) -> None:
        now = (answer.query.strip(), answer.mode)
        turned = now != (self.answered, self.answered_mode)
        self.answered, self.answered_mode = now
        self.searched, self.trouble = bool(answer.words), ""
        if turned:
            self._hits.show_weak(False)
        shown, others = answer.hits[:MOST_HITS], answer.hits[MOST_HITS:]
        # The best come first: where the next one is weak, all that are not are shown.
        self._hits.show(shown, cut=any(hit.band != "weak" for hit in others))
        if turned:
            self.turned.emit()
        self.changed.emit()

    def _on_refused(self, sentence: str) -> None:
        self.answered, self.answered_mode, self.trouble = self._query, self.mode, sentence
        self._hits.show([])
        self.changed.emit()
