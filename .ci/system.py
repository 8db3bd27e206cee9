"""Sees that what pip cannot install is there: Qt's libraries, Python's headers, a compiler.

    system.py start|run|test|fonts

start: what nothing can be built or started without. run and test: also what does good there.
On a Debian-like system, as root or with a sudo that asks nothing, what is missing is installed by
apt-get; elsewhere one sentence says how. The exit status is 1 when something needed is missing.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

# What PySide6-Essentials links to but does not carry; opencv-python-headless needs glib too.
QT = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# What its window on X11 or Wayland needs besides.
QT_X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
QT_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
WORD_LISTS = [
    f"w{language}"
    for language in (
        "american-large",
        "british",
        "french",
        "ngerman",
        "spanish",
        "italian",
        "dutch",
        "swedish",
    )
]
FONT_PACKAGES = Path(__file__).parents[1] / "export" / "synth" / "font-packages.txt"


def _absent(libraries: dict[str, str]) -> Iterator[str]:
    for name, package in libraries.items():
        try:
            ctypes.CDLL(name)
        except OSError:
            yield package


def _has_font() -> bool:
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    return any(next(folder.rglob("*.[to]tf"), None) for folder in folders)


def needed() -> list[str]:
    """Packages without which nothing can be built or started."""
    packages = list(_absent(QT))
    if os.environ.get("DISPLAY"):
        packages += _absent(QT_X11)
    if os.environ.get("WAYLAND_DISPLAY"):
        packages += _absent(QT_WAYLAND)
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        packages.append(f"python{sys.version_info.major}.{sys.version_info.minor}-dev")
    if not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")):
        packages.append("g++")
    return packages


def wished(purpose: str) -> list[str]:
    """Packages that do good but can be done without."""
    packages: list[str] = []
    if purpose == "start":
        return packages
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        packages.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    if not _has_font():
        packages.append("fonts-dejavu-core")
    if purpose == "test":
        if not shutil.which("Xvfb"):
            packages.append("xvfb")
        packages += _absent(QT_X11)
    return packages


def _apt() -> list[str] | None:
    """How apt-get is called without asking anybody, or None where it cannot be."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    if not shutil.which("sudo"):
        return None
    asks_nothing = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n", "apt-get"] if asks_nothing.returncode == 0 else None


def install(packages: list[str]) -> bool:
    """Install Debian packages, quietly. False when that was not possible."""
    apt = _apt()
    if apt is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {', '.join(packages)}", flush=True)
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120"]
    for command in (
        [*apt, "update", *quiet],
        [*apt, "install", "-y", "--no-install-recommends", *quiet, *packages],
    ):
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    return done.returncode == 0


def main(purpose: str) -> int:
    """See to everything that ``purpose`` needs."""
    if purpose == "fonts":
        packages = [*FONT_PACKAGES.read_text(encoding="utf-8").split(), *WORD_LISTS]
        if install(packages):
            return 0
        print(f"Install the fonts and word lists: sudo apt-get install {' '.join(packages)}")
        return 1
    if not sys.platform.startswith("linux"):
        return 0
    packages = list(dict.fromkeys([*needed(), *wished(purpose)]))
    if not packages or install(packages):
        return 0
    print(f"Photolex needs system packages: sudo apt-get install {' '.join(packages)}")
    return 1 if needed() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
