"""How Photolex starts: with a window, as a command, or to take a picture of itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from desktop import app
from desktop.program import Options, run
from engine.errors import LibraryError
from engine.library import Library
from tests.desktop.album import AlbumLibrary


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "/photos"],
        ["--library", "/there", "search", "coffee"],
        ["--library=/there", "status"],
        ["--version"],
        ["--help"],
        ["-h"],
        ["serach", "coffee"],
    ],
)
def test_commands_and_mistakes_go_to_the_command_line(arguments: list[str]) -> None:
    assert app.is_for_command_line(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--library", "search"],
        ["--picture", "window.png", "--query", "status"],
        ["--query=--help"],
    ],
)
def test_everything_else_opens_the_window(arguments: list[str]) -> None:
    assert not app.is_for_command_line(arguments)


def test_the_help_tells_the_windows_options_apart(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app.main(["--help"])
    window, _, commands = capsys.readouterr().out.partition("photolex COMMAND")
    _, _, explained = commands.partition("options of the window:")
    for option in ("--query", "--picture"):
        assert option in window
        assert option in explained
    for option in ("--pack", "--verbose"):
        assert option not in window
        assert option not in explained
        assert app.is_for_command_line([option, "compact"])


def test_the_command_line_is_started_without_qt() -> None:
    script = (
        "import sys, types\n"
        "cli = types.ModuleType('engine.cli')\n"
        "cli.main = lambda arguments: print(arguments) or 7\n"
        "sys.modules['engine.cli'] = cli\n"
        "from desktop.app import main\n"
        "status = main(['status'])\n"
        "assert not any(name.startswith('PySide6') for name in sys.modules)\n"
        "sys.exit(status)\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert ended.returncode == 7, ended.stderr
    assert ended.stdout == "['status']\n"


def test_without_a_display_the_window_says_so_instead_of_dying(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("desktop.app.sys.platform", "linux")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    assert app.main([]) == 1

    assert "There is no display" in capsys.readouterr().err


def opening(library: AlbumLibrary, asked: list[Path | None]) -> object:
    def open_library(folder: Path | None) -> Library:
        asked.append(folder)
        return cast(Library, library)

    return open_library


def test_a_picture_waits_for_indexing_asks_and_shows_lit_thumbnails(
    qtbot: QtBot, empty_library: AlbumLibrary, album: Path, tmp_path: Path
) -> None:
    empty_library.watched[album] = True
    empty_library.start = lambda: empty_library.index_in_background(album)  # type: ignore[method-assign,assignment]
    picture = tmp_path / "pictures" / "window.png"
    folders: list[Path | None] = []

    status = run(
        Options(tmp_path / "library", picture, "coffee"),
        opening(empty_library, folders),  # type: ignore[arg-type]
    )

    assert status == 0
    assert folders == [tmp_path / "library"]
    assert empty_library.asked[-1] == "coffee"
    assert ("stop", None) in empty_library.calls
    assert ("close", None) in empty_library.calls
    image = QImage(str(picture))
    assert image.width() >= 700
    assert count(image, "#ffb000") > 100, "the words are lit"


def count(image: QImage, colour: str) -> int:
    wanted = QColor(colour).rgb()
    return sum(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def test_a_picture_of_an_empty_library_shows_the_first_start(
    qtbot: QtBot, empty_library: AlbumLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.picture.QUIET_TICKS", 2)
    picture = tmp_path / "window.png"

    status = run(Options(None, picture), opening(empty_library, []))  # type: ignore[arg-type]

    assert status == 0
    assert picture.exists()


@pytest.mark.parametrize("place", ["folder", "file/window.png"])
def test_a_picture_that_cannot_be_written_is_an_error(
    qtbot: QtBot,
    library: AlbumLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    monkeypatch.setattr("desktop.picture.QUIET_TICKS", 2)
    monkeypatch.setattr("desktop.picture.LONGEST_MS", 60_000)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()

    options = Options(None, tmp_path / place)
    status = run(options, opening(library, []))  # type: ignore[arg-type]

    assert status == 1
    assert "could not be written" in capsys.readouterr().err


def test_a_library_that_cannot_be_opened_is_one_sentence(
    qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Path | None) -> Library:
        raise LibraryError("Photolex is already open.")

    assert run(Options(picture=tmp_path / "window.png"), refuse) == 1

    assert capsys.readouterr().err == "Photolex is already open.\n"


def test_every_import_of_the_window_is_allowed() -> None:
    forbidden = ("onnxruntime", "hnswlib", "sqlite3", "torch")
    found = [
        (file.name, line)
        for file in Path(app.__file__).parent.glob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("import ", "from ")) and _names(line, forbidden)
    ]

    assert found == []


def _names(line: str, forbidden: Sequence[str]) -> bool:
    return line.split()[1].split(".")[0] in forbidden
