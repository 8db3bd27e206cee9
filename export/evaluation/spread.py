"""Some of many, evenly chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_One = TypeVar("_One")


def evenly(ones: Sequence[_One], most: int) -> list[_One]:
    """At most ``most`` of them, as evenly apart as can be, in their order."""
    count = min(len(ones), most)
    return [ones[at * len(ones) // count] for at in range(count)]
