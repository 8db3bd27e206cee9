"""The progress of an indexing run as one line of a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TextIO

from engine.events import Event, Progress, ScanStarted

_BAR = 24


class ProgressLine:
    """Draws over itself with every event; on what is no terminal it draws nothing."""

    def __init__(self, stream: TextIO, is_terminal: bool) -> None:
        self._stream = stream
        self._is_terminal = is_terminal
        self._is_drawn = False

    def take(self, event: Event) -> None:
        """A subscriber of the engine's events."""
        if isinstance(event, ScanStarted):
            self._draw(f"Looking through {event.root}")
        elif isinstance(event, Progress) and event.total:
            self._draw(describe(event))

    def end(self) -> None:
        """Leaves the terminal at the beginning of an empty line."""
        if self._is_drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_drawn = False

    def _draw(self, text: str) -> None:
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
            self._stream.flush()
            self._is_drawn = True


def describe(progress: Progress) -> str:
    """A bar, how many of how many, how fast, how long still, which photo, and by which pack."""
    part = progress.done / progress.total
    filled = round(part * _BAR)
    bar = "█" * filled + "░" * (_BAR - filled)
    left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
    pack = f" for {progress.pack}" if progress.pack else ""
    return (
        f"{bar} {part:4.0%}  {progress.done}/{progress.total}  "
        f"{progress.photos_per_second:.1f} photos/s{left}  {Path(progress.current).name}{pack}"
    )


def duration(seconds: float) -> str:
    """As people say it: 3.2 s, 4 min 20 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
