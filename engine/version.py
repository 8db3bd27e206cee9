"""Which version of the program this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    try:
        return metadata.version("photolex")
    except metadata.PackageNotFoundError:
        return "(not installed)"
