"""Builds the window's parts around a library, and takes them down again."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, QSettings, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.asker import Asker
from desktop.bridge import Bridge
from desktop.conversation import MOST_HITS
from desktop.crash import CrashReporter
from desktop.errands import Errands
from desktop.folder_desk import ChooseFolder, choose_folder
from desktop.full_photos import FullPhotos
from desktop.hits import Hits
from desktop.icons import line_pixmap
from desktop.interrupt import Interrupt
from desktop.overview import Overview
from desktop.parts import Parts
from desktop.picture import Picture
from desktop.settings import Settings
from desktop.theme import LIGHT, Theme
from desktop.thumbnails import Thumbnails
from desktop.window import Window
from engine.errors import LibraryError
from engine.events import EngineFailed
from engine.library import Library
from engine.packs import Mode
from engine.search import Answer


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    library: Path | None = None
    picture: Path | None = None
    query: str = ""


class Program:
    """One library in one window. Made and closed in the GUI thread."""

    def __init__(
        self,
        application: QApplication,
        library: Library,
        settings: Settings,
        choose: ChooseFolder = choose_folder,
    ) -> None:
        self._library = library
        self.reporter = CrashReporter(version())
        self._give_back_hooks = self.reporter.install()
        bridge = Bridge(library.announcer)
        errands = Errands()
        hits = Hits()
        hits.set_order(settings.order)

        def ask(query: str, mode: Mode) -> Answer:
            # The one more tells whether these are all.
            return library.search(query, limit=MOST_HITS + 1, mode=mode)

        self.parts = Parts(
            library=library,
            settings=settings,
            theme=Theme(application, settings.colours),
            bridge=bridge,
            errands=errands,
            photo_errands=Errands(),
            asker=Asker(ask),
            overview=Overview(library, bridge, errands),
            thumbnails=Thumbnails(library.thumbnail),
            full_photos=FullPhotos(library.thumbnail),
            hits=hits,
        )
        bridge.engine_failed.connect(self._on_engine_failed)
        self.window = Window(self.parts, version(), choose)
        self.reporter.window = self.window
        self.reporter.quit_wanted.connect(self.window.close)

    def start(self) -> None:
        """Show the window and let the library work."""
        self.window.show()
        # Folders with many folders in them take a while to be watched.
        self.parts.errands.run(self._library.start, lastly=self.parts.overview.refresh)

    def close(self) -> None:
        """Stop the library's work and end every thread."""
        self.window.hide()
        self.parts.close()
        self._library.stop()
        self._give_back_hooks()
        self.window.deleteLater()

    def _on_engine_failed(self, event: EngineFailed) -> None:
        if not isinstance(event.error, LibraryError):
            self.reporter.report(event.error)


def version() -> str:
    """The installed version of Photolex."""
    try:
        return installed_version("photolex")
    except PackageNotFoundError:
        return "(not installed)"


def application_icon() -> QIcon:
    """A photo's outline on a coloured tile."""
    tile = QPixmap(128, 128)
    tile.fill(QColor(0, 0, 0, 0))
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(LIGHT.accent))
    painter.setPen(QColor(LIGHT.accent))
    painter.drawRoundedRect(4, 4, 120, 120, 28, 28)
    painter.drawPixmap(20, 20, line_pixmap("photos", LIGHT.on_accent, 88))
    painter.end()
    return QIcon(tile)


def run(options: Options, open_library: Callable[[Path | None], Library] = Library.open) -> int:
    """Open the window and stay until it is closed; returns the exit status."""
    qInstallMessageHandler(_log_qt)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Photolex")
    application.setOrganizationName("Photolex")
    application.setDesktopFileName("photolex")
    application.setWindowIcon(application_icon())
    try:
        library = open_library(options.library)
    except LibraryError as error:
        _say(str(error), in_window=options.picture is None)
        return 1
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if options.picture is None:
                store = QSettings()
            else:
                # A picture is the same whatever this person's window looks like.
                store = QSettings(str(Path(scratch) / "window.ini"), QSettings.Format.IniFormat)
            return _stay(application, library, Settings(store), options)
    finally:
        library.close()


def _stay(application: QApplication, library: Library, settings: Settings, options: Options) -> int:
    program = Program(application, library, settings)
    interrupt = Interrupt(program.window.close, application)
    trouble: list[str] = []
    try:
        program.start()
        if options.picture is not None:
            picture = Picture(program.window, program.parts, options.picture, options.query)
            picture.done.connect(trouble.append)
            picture.done.connect(program.window.close)
        elif options.query:
            program.window.ask(options.query)
        status = application.exec()
    finally:
        interrupt.give_back()
        program.close()
    if options.picture is not None and trouble != [""]:
        _say(trouble[0] if trouble else "The window was closed too early.", in_window=False)
        return 1
    return int(status)


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """What Qt prints by itself goes where everything else is logged."""
    # Said at every dialog by the platform that has no screen, which is why it is used.
    quiet = message.startswith("This plugin does not support")
    loud = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
    logging.getLogger("qt").log(
        logging.DEBUG if quiet else logging.ERROR if loud else logging.INFO, "%s", message
    )


def _say(sentence: str, *, in_window: bool) -> None:
    if in_window and QGuiApplication.platformName() != "offscreen":
        QMessageBox.critical(None, "Photolex", sentence)
    else:
        sys.stderr.write(f"{sentence}\n")
