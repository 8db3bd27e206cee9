"""Shows photos in the system's file manager, selected where the system can do that."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QDesktopServices

from desktop.hits import file_url

log = logging.getLogger(__name__)

NO_FILE_MANAGER = "No program opens folders."
_SERVICE = "org.freedesktop.FileManager1"
_OBJECT = "/org/freedesktop/FileManager1"


def reveal(paths: Sequence[str]) -> bool:
    """Open the folder of ``paths`` with the files selected; returns at once.

    False: there is no program to do that.
    """
    if not paths:
        return True
    if sys.platform == "win32":
        subprocess.Popen(["explorer", "/select,", str(Path(paths[0]))])
    elif sys.platform == "darwin":
        subprocess.Popen(["open", "-R", *paths])
    elif not _ask_file_manager(paths):
        return open_folder(Path(paths[0]).parent)
    return True


def open_folder(folder: Path) -> bool:
    """Open a folder in the file manager; False: there is none."""
    return QDesktopServices.openUrl(file_url(folder))


def _ask_file_manager(paths: Sequence[str]) -> bool:
    """Ask over D-Bus, which Nautilus, Dolphin, Nemo and others answer; False: nobody to ask."""
    try:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage
    except ImportError:
        log.info("This build of Qt has no D-Bus: opening the folder instead")
        return False
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    names = bus.interface()
    known = names.registeredServiceNames().value() + names.activatableServiceNames().value()
    if _SERVICE not in known:
        return False
    message = QDBusMessage.createMethodCall(_SERVICE, _OBJECT, _SERVICE, "ShowItems")
    # The last argument is a start-up token for the window manager, which we do not have.
    message.setArguments([addresses(paths), ""])
    # Sent without waiting: starting a file manager can take seconds.
    return bus.send(message)


def addresses(paths: Sequence[str]) -> list[str]:
    """Files as ``file:`` addresses with everything escaped that is not plain ASCII."""
    return [file_url(path).toEncoded().toStdString() for path in paths]
