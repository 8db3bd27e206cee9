"""Folders on the network are known by what is mounted there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.mounts import on_network

MOUNTS = r"""22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
80 22 0:45 / /mnt/nas rw,relatime shared:2 - nfs4 nas:/photos rw
81 80 0:46 / /mnt/nas/local rw - ext4 /dev/sdb1 rw
82 22 0:47 / /mnt/My\040Share rw,relatime - cifs //server/share rw
83 22 0:48 / /mnt/ssh rw - fuse.sshfs me@there:/ rw
84 22 0:49 / /mnt/twice rw - nfs nas:/photos rw
85 22 0:50 / /mnt/twice rw - xfs /dev/sdc1 rw
broken line
""".splitlines()


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/home/me/photos", False),
        ("/mnt/nas", True),
        ("/mnt/nas/2024/trip", True),
        ("/mnt/nas/local/photos", False),
        ("/mnt/nasty", False),
        ("/mnt/My Share/a", True),
        ("/mnt/ssh/a", True),
        ("/mnt/twice/a", False),
    ],
)
def test_network_mounts_are_known_by_their_type(path: str, network: bool) -> None:
    assert on_network(Path(path), MOUNTS) is network


def test_a_folder_on_this_computer_is_local(tmp_path: Path) -> None:
    assert not on_network(tmp_path)
