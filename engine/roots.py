"""Which folders may be watched."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import RootError
from engine.photos import is_entered


@dataclass(frozen=True, slots=True)
class Root:
    """A watched folder. ``online``: it was there when it was last looked for.

    ``missing``: so many of its photos disappeared all at once and are kept until
    ``Library.confirm_removal``. ``polled``: changes in it are noticed only from time to time (a
    network folder).
    """

    path: Path
    online: bool
    photos: int
    missing: int = 0
    polled: bool = False


def absolute(path: Path) -> Path:
    """Without ``~`` and ``..``, but with its links: a folder keeps the name a person gave it."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100  resolve() follows links


def check_root(path: Path, library: Path, watched: Iterable[Root]) -> Path:
    """The folder as an absolute path; RootError if it cannot be watched.

    A folder that is watched already may be given again.
    """
    path = absolute(path)
    if path.is_relative_to(library):
        raise RootError(f"{path} belongs to Photolex itself; choose a folder with photos.")
    try:
        with os.scandir(path) as listing:
            next(listing, None)
    except FileNotFoundError:
        raise RootError(f"There is no folder {path}.") from None
    except NotADirectoryError:
        raise RootError(f"{path} is a file; choose the folder that it is in.") from None
    except PermissionError:
        raise RootError(f"You have no permission to read the folder {path}.") from None
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise RootError(f"The folder {path} cannot be read: {reason}.") from error
    real = Path(os.path.realpath(path))
    for one in watched:
        root = one.path
        if path != root and root.is_relative_to(path) and one.photos and not one.online:
            # As a part of this folder its photos would be taken for deleted.
            raise RootError(
                f"{root}, a part of {path}, is watched already and not connected. "
                "Connect it first, so that what is known of its photos is kept."
            )
        if path != root and real.is_relative_to(os.path.realpath(root)):
            if path.is_relative_to(root) and not is_entered(root, path):
                raise RootError(
                    f"{path} cannot be watched: it is a part of {root}, of which folders are left "
                    "out that are hidden, the system's, or marked as without photos (.nomedia)."
                )
            if path.is_relative_to(root):
                raise RootError(f"{path} is already watched as a part of {root}.")
            raise RootError(f"{path} leads into {root}, which is already watched.")
    return path
