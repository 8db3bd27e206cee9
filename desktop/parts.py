"""The parts that the window is made of; each is built once, in ``program.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.asker import Asker
from desktop.bridge import Bridge
from desktop.errands import Errands
from desktop.full_photos import FullPhotos
from desktop.hits import Hits
from desktop.overview import Overview
from desktop.settings import Settings
from desktop.theme import Theme
from desktop.thumbnails import Thumbnails

if TYPE_CHECKING:
    from engine.library import Library


@dataclass(frozen=True, slots=True)
class Parts:
    library: Library
    settings: Settings
    theme: Theme
    bridge: Bridge
    errands: Errands  # calls to the library
    photo_errands: Errands  # looks at photos and folders, which may lie on a drive that hangs
    asker: Asker
    overview: Overview
    thumbnails: Thumbnails
    full_photos: FullPhotos
    hits: Hits

    def close(self) -> None:
        """End every thread of the window; the library is not theirs to close."""
        self.bridge.close()
        self.asker.close()
        self.thumbnails.close()
        self.full_photos.close()
        self.errands.close()
        self.photo_errands.close()
        self.theme.close()
