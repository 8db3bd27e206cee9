"""What can go wrong outside the program: every error here is one plain sentence for the person."""

from __future__ import annotations


class LibraryError(Exception):
    """The world's fault, not ours; ``str(error)`` is the sentence that the person reads."""


class PackError(LibraryError):
    """A model pack is missing, damaged, or of a format that this version does not know."""


class CatalogueError(LibraryError):
    """The catalogue cannot be opened, read or written."""


class QueryError(LibraryError):
    """A query asks for something that cannot be answered."""


class RootError(LibraryError):
    """A folder cannot be watched."""


class PhotoError(LibraryError):
    """A photo cannot be searched; the sentence is the reason that ``skipped`` shows.

    ``passing``: the reason lies around the file rather than in it (permissions, memory), so the
    photo is tried again on the next scan although the file itself has not changed.
    """

    def __init__(self, sentence: str, *, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing
