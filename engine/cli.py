"""The command line: `photolex index|search|status|skipped|watch|…`, without a window."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from engine.errors import LibraryError
from engine.interrupts import interrupting
from engine.library import Library
from engine.packs import ModelPack, check_pack, find_packs, read_pack
from engine.photos import is_entered
from engine.printing import as_plain, photos, role_of, show, tell, warn, warn_of_offline
from engine.progress import ProgressLine, duration
from engine.roots import absolute
from engine.version import version

_INTERRUPTED = 130
_USAGE = """\
photolex [--library DIR] [--query WORDS] [--picture FILE]
       photolex COMMAND [--library DIR] [--pack NAME] [--verbose] …"""
_WINDOW = """\
--query WORDS     begin with these words in the search field
--picture FILE    save a picture of the window there, and end; this needs no display
"""
_EXIT_CODES = """\
exit status: 0 when it is done, 1 when something is wrong with a file, a folder or a pack,
2 when the command is not understood, 130 when it was interrupted.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status. What is wrong with the world is one sentence on stderr."""
    arguments = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The name of a file may be no valid text; it is printed in the bytes that it has.
        sys.stdout.reconfigure(errors="surrogateescape")
    level = logging.INFO if arguments.verbose else logging.ERROR
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except LibraryError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough, for example `head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _index(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    with closing(_open(arguments)) as library, interrupting() as cancel:
        _add_folders(library, arguments)
        line = ProgressLine(sys.stderr, sys.stderr.isatty())
        library.announcer.subscribe(line.take)
        library.announcer.subscribe(warn)
        try:
            result = library.index_now(cancel)
        finally:
            line.end()
        warn_of_offline(library.roots())
        seconds = time.monotonic() - started
        status = library.status()
    summary = {
        "photos": status.photos,
        "embedded": result.embedded,
        "skipped": status.skipped,
        "seconds": round(seconds, 3),
        "photos_per_second": round(result.embedded / seconds, 3),
    }
    if arguments.json:
        print(json.dumps(summary))
    else:
        print(
            f"{photos(result.embedded)} read in {duration(seconds)} "
            f"({result.embedded / seconds:.1f} a second); {status.searchable} of "
            f"{status.photos} can be searched, {status.skipped} cannot."
        )
    if result.cancelled:
        # Whoever stops before the folders have been looked through stops before any is counted.
        left = f"; {photos(status.waiting)} left for the next time" if status.waiting else ""
        print(f"Stopped. What is done is kept{left}.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _search(arguments: argparse.Namespace) -> int:
    if (arguments.query is None) == (arguments.queries is None):
        arguments.parser.error("give either a QUERY or --queries FILE")
    everything = arguments.limit == 0
    with closing(_open(arguments, read_only=True)) as library:
        for query in [arguments.query] if arguments.queries is None else _lines(arguments.queries):
            answer = library.search(
                query, limit=arguments.limit, everything=everything, mode=arguments.mode
            )
            if arguments.json:
                print(json.dumps({"query": query, "hits": list(map(as_plain, answer.hits))}))
            else:
                show(answer, many=arguments.queries is not None)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with closing(_open(arguments, read_only=True)) as library:
        status, roots, packs = library.status(), library.roots(), library.packs()
        if arguments.json:
            folders = [{"path": str(root.path), "online": root.online} for root in roots]
            kept = [dataclasses.asdict(pack) for pack in packs]
            print(json.dumps({**dataclasses.asdict(status), "roots": folders, "packs": kept}))
            return 0
        print(f"Library   {library.folder}")
        for root in roots:
            print(
                f"Folder    {root.path}  {root.photos} photos{'' if root.online else ', offline'}"
            )
        print(f"Photos    {status.photos}: {status.searchable} can be searched, ", end="")
        print(f"{status.skipped} cannot, {status.waiting} wait")
        for pack in packs:
            seen = f"{pack.searchable} of {pack.searchable + pack.waiting} photos"
            print(f"Pack      {pack.name}  {seen}, {pack.regions} regions, {role_of(pack)}")
    return 0


def _skipped(arguments: argparse.Namespace) -> int:
    with closing(_open(arguments, read_only=True)) as library:
        for row in library.skipped():
            if arguments.json:
                print(json.dumps({"path": str(row.path), "reason": row.reason}))
            else:
                print(f"{row.path}: {row.reason}")
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    with closing(_open(arguments)) as library, interrupting() as cancel:
        _add_folders(library, arguments)
        library.announcer.subscribe(tell)
        library.announcer.subscribe(warn)
        # From then on the events say which come and go.
        warn_of_offline(library.roots())
        library.start()
        print("Watching; Ctrl-C ends it.", flush=True)
        while not cancel.wait(0.5):
            pass
    return 0


def _check(arguments: argparse.Namespace) -> int:
    packs = _chosen_packs(arguments) or find_packs()
    passed = True
    for pack in packs:
        check = check_pack(pack)
        passed = passed and check.passed
        print(check.sentence)
    return 0 if passed else 1


def _demo(arguments: argparse.Namespace) -> int:
    from engine import demo

    packs = _chosen_packs(arguments)
    demo.run(
        arguments.library,
        print,
        open_library=partial(Library.open, pack=packs[0] if packs else None, beside=packs[1:]),
    )
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    if bool(arguments.packs) == arguments.gone:
        arguments.parser.error("give either names of PACKs or --gone")
    with closing(_open(arguments)) as library:
        if arguments.gone:
            forgotten = library.forget_gone_packs()
        else:
            forgotten = [_forget_one(library, name) for name in arguments.packs]
    if forgotten:
        print(f"Forgotten: {', '.join(forgotten)}.")
    else:
        print("There is nothing to forget: the files of every pack are there.")
    return 0


def _forget_one(library: Library, name: str) -> str:
    """By its name, or the beginning of the fingerprint when several versions share the name."""
    known = [
        pack
        for pack in library.packs()
        if pack.regions and (pack.name == name or pack.fingerprint.startswith(name))
    ]
    # What is in use cannot be meant, unless it is the only one.
    found = [pack for pack in known if not pack.in_use] or known
    if not found:
        raise LibraryError(f"The library keeps nothing of a model pack {name}.")
    if len(found) > 1:
        names = ", ".join(pack.fingerprint for pack in found)
        raise LibraryError(f"Several model packs are named {name}; say which: {names}.")
    library.forget_pack(found[0].fingerprint)
    return found[0].name


def _open(arguments: argparse.Namespace, *, read_only: bool = False) -> Library:
    packs = _chosen_packs(arguments)
    return Library.open(
        arguments.library,
        pack=packs[0] if packs else None,
        beside=packs[1:],
        read_only=read_only,
    )


def _add_folders(library: Library, arguments: argparse.Namespace) -> None:
    """Watches the folders that are named; LibraryError if none is watched in the end."""
    for folder in map(absolute, arguments.folders):
        watched = [root.path for root in library.roots()]
        # A part of a watched folder is indexed with it.
        if not folder.is_dir() or not any(is_entered(root, folder) for root in watched):
            library.add_root(folder)
    if not library.roots():
        raise LibraryError(f"No folder is watched yet: photolex {arguments.command} FOLDER.")


def _chosen_packs(arguments: argparse.Namespace) -> list[ModelPack]:
    """What ``--pack`` names, in this order."""
    return [_pack(name) for name in arguments.pack or ()]


def _pack(name: str) -> ModelPack:
    """A pack by its folder or its name."""
    if Path(name).is_dir():
        return read_pack(Path(name))
    packs = find_packs()
    for pack in packs:
        if pack.name == name:
            return pack
    known = ", ".join(pack.name for pack in packs)
    raise LibraryError(f"There is no model pack {name}; there is: {known}.")


def _lines(file: str) -> Iterator[str]:
    """One query a line; ``-`` is the standard input."""
    name = "The standard input" if file == "-" else f"The file {file}"
    try:
        if file == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin)
        else:
            yield from Path(file).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise LibraryError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise LibraryError(f"{name} is not text in UTF-8.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photolex",
        usage=_USAGE,
        description="Finds photos by the words visible in them. Without a command: the window.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"photolex {version()}")
    _add_common(parser)
    parser.add_argument_group("options of the window", _WINDOW)
    parser.set_defaults(library=None, pack=None, verbose=False)
    # Its name is given, for it would else be taken from the usage.
    commands = parser.add_subparsers(
        prog=parser.prog, dest="command", required=True, metavar="COMMAND"
    )

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_common(one, default=argparse.SUPPRESS)
        one.set_defaults(run=run, parser=one)
        return one

    index = command("index", _index, "Watch folders and read the words in their photos.")
    index.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    search = command(
        "search", _search, 'Find photos: words, "a phrase", -without, this OR that, color:red.'
    )
    search.add_argument("query", nargs="?", metavar="QUERY")
    search.add_argument(
        "--queries", metavar="FILE", help="one query a line; - is the standard input"
    )
    search.add_argument(
        "--limit",
        type=_count,
        default=20,
        metavar="N",
        help="so many photos at most (20); 0 ranks every photo that has a region",
    )
    search.add_argument(
        "--mode",
        choices=("words", "scenes"),
        default="words",
        help="words: photos that show the words; scenes: photos that look like the whole sentence",
    )
    status = command("status", _status, "Say what the library holds.")
    skipped = command("skipped", _skipped, "List the photos that cannot be searched, and why.")
    watch = command("watch", _watch, "Index, then keep up with what changes, until Ctrl-C.")
    watch.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    forget = command("forget", _forget, "Delete what model packs embedded; photos stay untouched.")
    forget.add_argument("packs", nargs="*", metavar="PACK", help="by name or fingerprint")
    forget.add_argument(
        "--gone", action="store_true", help="all packs that are not in use and not installed"
    )
    command("check", _check, "Let the model packs check themselves.")
    command("demo", _demo, "Index the sample photos and search them.")
    for one in (index, search, status, skipped):
        one.add_argument("--json", action="store_true", help="print JSON, one object a line")
    return parser


def _add_common(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument(
        "--library",
        type=Path,
        metavar="DIR",
        default=default,
        help="where the library is kept; by default the platform's place for data",
    )
    # What the window does not take stands apart where the help is about both.
    apart = parser.add_argument_group("options of every command") if default is None else parser
    apart.add_argument(
        "--pack",
        action="append",
        metavar="NAME",
        default=default,
        help="the model pack, by its name or folder; given again, one that answers beside it",
    )
    apart.add_argument(
        "--verbose", action="store_true", default=default, help="say more on the standard error"
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
