"""How much memory the embedder's process held at most."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Collection
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def children() -> set[int]:
    """Process ids of the child processes that this one started by ``multiprocessing``."""
    return {process.pid for process in multiprocessing.active_children() if process.pid is not None}


def peak_megabytes(processes: Collection[int]) -> float | None:
    """The largest resident memory that any of the processes ever had, in MB of 10**6 bytes.

    None where the system does not say, which today is everywhere but on Linux. Asking costs the
    process nothing: the kernel keeps the figure anyway.
    """
    peaks = []
    for process in processes:
        try:
            status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        except OSError:
            continue
        if found := _PEAK.search(status):
            peaks.append(int(found[1]) * 1024 / 1e6)
    return max(peaks, default=None)
