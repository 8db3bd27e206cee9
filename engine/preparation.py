"""Making the first search quick: what it needs is loaded or made before anybody asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine.errors import LibraryError
from engine.events import EngineFailed, Event
from engine.panel import Panel

_logger = logging.getLogger(__name__)


class Preparation:
    """Opens a panel's text towers and brings its indexes up to date, in a thread of its own."""

    def __init__(self, announce: Callable[[Event], None]) -> None:
        self._announce = announce
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    def begin(self, panel: Panel) -> None:
        """Returns at once. What is left to do for another panel is given up."""
        self.give_up()
        self._over = threading.Event()
        thread = threading.Thread(
            target=self._prepare, args=(panel, self._over), name="photolex-index"
        )
        self._threads.append(thread)
        thread.start()

    def give_up(self) -> None:
        """Ends soon; ``wait`` waits for that."""
        self._over.set()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _prepare(self, panel: Panel, over: threading.Event) -> None:
        try:
            for answering in panel.answering:
                answering.open_words()
                answering.index.bring_up(over.is_set)
            panel.save()
        except LibraryError as error:
            self._announce(EngineFailed(error))
        except Exception as error:
            _logger.exception("The index could not be made")
            self._announce(EngineFailed(error))
