"""When files were changed, as the catalogue can hold it."""

from __future__ import annotations

import os


def changed_at(status: os.stat_result) -> int:
    """When a file was last changed, in nanoseconds, as far as 64 bits reach: 1677 to 2262.

    Some cameras and copies write dates beyond that, which SQLite has no place for.
    """
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))
