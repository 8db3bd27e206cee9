"""Looks through a folder from time to time, where the system does not tell what happens in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserverVFS

_logger = logging.getLogger(__name__)


def polling_observer(root: str, seconds: float) -> BaseObserver:
    """For this one folder; scheduling it raises OSError if the folder itself cannot be listed.

    A folder inside it that cannot be listed counts as empty: one bad folder on a network drive
    would else keep all the others from being looked through.
    """

    def listing(folder: str | None) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                # To the end here, because reading on may fail as well.
                return iter(list(entries))
        except OSError as error:
            if folder == root:
                raise
            _logger.debug("Cannot list %s: %s", folder, error)
            return iter(())

    # lstat: a folder linked into itself would never end.
    return PollingObserverVFS(os.lstat, listing, polling_interval=seconds)
