"""Tells folders on this computer from those on the network, which report no changes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|glusterfs|lustre|davfs|vboxsf|vmhgfs|prl_fs|drvfs|ncpfs"
    r"|fuse\.(?:sshfs|rclone|s3fs|davfs\d?|glusterfs|gvfsd-fuse|smbnetfs|vmhgfs-fuse|ceph.*|curlftpfs)"
)
_MOUNTS = Path("/proc/self/mountinfo")


def on_network(path: Path, mounts: Iterable[str] | None = None) -> bool:
    """Whether a folder lies on a mount that does not report what other computers do there.

    ``mounts``: lines as of ``/proc/self/mountinfo``; read from there by default. Windows: a path
    that begins with two backslashes. macOS does not say, so there every folder counts as local.
    """
    if sys.platform == "win32":
        return str(path).startswith("\\\\")
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:
            return False
    real = Path(os.path.realpath(path))
    best, kind = -1, ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        fields, type_fields = left.split(" "), right.split(" ")
        if len(fields) < 5:
            continue
        point = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        # A later mount on the same point hides the earlier one.
        if real.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), type_fields[0]
    return _NETWORK.fullmatch(kind) is not None
