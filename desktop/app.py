"""Where Photolex starts: hands over to the command line, or opens the window."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Options of the window that are followed by a value.
_VALUED = ("--library", "--picture", "--query")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``photolex``; returns the exit status. Qt is loaded only for the window."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if is_for_command_line(arguments):
        from engine.cli import main as command_line

        return command_line(arguments)
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not _has_display():
        if options.picture is None:
            sys.stderr.write(
                "There is no display to open a window on. "
                "`photolex search` works without one, and so does `photolex --picture FILE`.\n"
            )
            return 1
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from desktop.program import Options, run

    return run(Options(options.library, options.picture, options.query))


def is_for_command_line(arguments: Sequence[str]) -> bool:
    """Whether these arguments name a command, ask for help, or are not the window's."""
    rest = iter(arguments)
    for argument in rest:
        if argument in _VALUED:
            next(rest, None)
        elif not argument.startswith(tuple(f"{option}=" for option in _VALUED)):
            # A command, --help, --version, or a mistake: the command line explains them all.
            return True
    return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="photolex", add_help=False, allow_abbrev=False)
    parser.add_argument("--library", type=Path, metavar="DIR")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    parser.add_argument("--query", default="", metavar="WORDS")
    return parser


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
