"""What the preview and the viewer have in common: one hit, its photo lit as soon as it is read."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.full_photos import FullPhoto, FullPhotos
from desktop.hits import PhotoKey, photo_key
from desktop.photo_view import PhotoView
from desktop.theme import Theme
from desktop.thumbnails import Thumbnails
from engine.search import Hit


class PhotoPane(QWidget):
    """Lays nothing out; who inherits sets ``_hit`` and places ``view``."""

    def __init__(
        self,
        full_photos: FullPhotos,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._full_photos = full_photos
        self._thumbnails = thumbnails
        self._hit: Hit | None = None
        self.view = PhotoView(theme)
        full_photos.loaded.connect(self._on_loaded)
        full_photos.failed.connect(self._on_failed)

    @property
    def hit(self) -> Hit | None:
        """The photo that is shown."""
        return self._hit

    def _on_loaded(self, photo: PhotoKey, loaded: FullPhoto) -> None:
        # Also while it is hidden: when it is seen again nobody asks for the photo once more.
        if self._hit is not None and photo_key(self._hit) == photo:
            self.view.set_photo(loaded)

    def _on_failed(self, photo: PhotoKey) -> None:
        if self._hit is not None and photo_key(self._hit) == photo:
            self.view.set_failed()
