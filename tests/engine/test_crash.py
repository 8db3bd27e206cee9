"""Programs that are killed in the middle of their work, and what the next one finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.backfill import Backfill
from engine.catalogue import Catalogue
from engine.indexer import Indexer, ScanResult
from tests import fakes

ROOT = Path(__file__).parent.parent.parent
PHOTOS = 40
# Two photos in ten are copies of others.
CONTENTS = 32

# Scans a folder as a program would. Kills itself at the n-th call of a method, or else waits to be
# killed, saying when something has been committed.
PROGRAM = """
import multiprocessing, os, signal, sys, threading
from pathlib import Path
from engine.catalogue import Catalogue
from engine.embedder import Embedder
from engine.events import PhotosChanged
from engine.indexer import Indexer
from engine.intake import Intake
from tests import fakes

folder, method, call = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
Intake.BATCH = 6
left = call

def deadly(method):
    def wrapped(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **options)
    return wrapped

def announce(event):
    if isinstance(event, PhotosChanged):
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)

catalogue = Catalogue.open(folder / "library" / "catalogue.sqlite", write=True)
catalogue.add_root(folder / "photos")
embedder = fakes.FakeEmbedder()
added = lambda *_: None
if method == "none":
    embedder = Embedder(fakes.slow_towers, longest_side=fakes.LONGEST_SIDE)
elif method == "added":
    added = deadly(added)
else:
    setattr(Catalogue, method, deadly(getattr(Catalogue, method)))
indexer = Indexer(catalogue, embedder, fakes.fake_pack(folder), announce, added, lambda _: None)
indexer.scan([folder / "photos"], threading.Event())
print("the end")
"""


def start(folder: Path, method: str = "none", call: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), method, str(call)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def scan(catalogue: Catalogue, folder: Path) -> tuple[ScanResult, int]:
    """What a scan in this process does, and how many contents it had to embed."""
    embedder = fakes.FakeEmbedder()
    pack = fakes.fake_pack(folder)
    indexer = Indexer(catalogue, embedder, pack, lambda _: None, lambda *_: None, lambda _: None)
    result = indexer.scan([folder / "photos"], threading.Event())
    return result, len(embedder.embedded)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(PHOTOS):
        content = number - 1 if number % 5 == 4 else number
        fakes.photo(tmp_path / "photos" / f"{number:02}.png", "coffee", f"word{content}")
    return tmp_path


def expect_consistent(folder: Path) -> int:
    """What the killed program left is sound; how many contents it had embedded."""
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        assert catalogue.find_damage() is None
        pack_id = catalogue.pack_id(fakes.fake_pack(folder))
        known = catalogue.known(pack_id, root_id=catalogue.root(folder / "photos").root_id)
        embedded = {photo.content_id for photo in known if photo.embedded}
        # A content counts as embedded with all of its regions or not at all.
        assert catalogue.region_state(pack_id).total == 2 * len(embedded)
        assert catalogue.orphans() == []
        return len(embedded)


def expect_complete(folder: Path) -> int:
    """The next scan finds every photo once and embeds what is lacking; how much that was."""
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        _, embedded = scan(catalogue, folder)
        pack_id = catalogue.pack_id(fakes.fake_pack(folder))
        counts = catalogue.counts(pack_id)
        assert (counts.photos, counts.searchable) == (PHOTOS, PHOTOS)
        assert counts.regions == 2 * CONTENTS
        known = catalogue.known(pack_id, root_id=catalogue.root(folder / "photos").root_id)
        assert len({photo.path for photo in known}) == PHOTOS
        assert len({photo.content_id for photo in known}) == CONTENTS
        assert scan(catalogue, folder) == (ScanResult(), 0)
        return embedded


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("record_photo", 25),
        ("content", 3),
        ("store_regions", 15),
        ("settle_photo", 20),
        ("added", 2),
        ("forget", 1),
    ],
)
def test_killed_at_the_worst_moments_a_program_loses_a_batch_at_most(
    folder: Path, method: str, call: int
) -> None:
    with start(folder, method, call) as program:
        output, _ = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGKILL
    assert "the end" not in output
    embedded = expect_consistent(folder)
    assert expect_complete(folder) == CONTENTS - embedded


def test_killed_from_outside_it_goes_on_where_it_was_and_leaves_no_process(folder: Path) -> None:
    with start(folder) as program:
        assert program.stdout is not None
        child = int(program.stdout.readline().split()[0])
        program.kill()
    embedded = expect_consistent(folder)
    assert 0 < embedded < CONTENTS
    assert expect_complete(folder) == CONTENTS - embedded
    _wait_for_the_end_of(child)


def test_a_program_that_is_started_twice_over_the_same_library_embeds_once(folder: Path) -> None:
    for _ in range(2):
        with start(folder, "added", 1000) as program:
            output, _ = program.communicate(timeout=60)
        assert "the end" in output
    assert expect_complete(folder) == 0


# Embeds by another pack what is known already, and kills itself at the n-th call.
SECOND = """
import os, signal, sys, threading
from pathlib import Path
from engine.backfill import Backfill
from engine.catalogue import Catalogue
from tests import fakes

folder, method, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
Backfill.BATCH = 6

def deadly(method):
    def wrapped(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **options)
    return wrapped

catalogue = Catalogue.open(folder / "library" / "catalogue.sqlite", write=True)
setattr(Catalogue, method, deadly(getattr(Catalogue, method)))
second = fakes.fake_pack(folder, name="second")
embedder = fakes.FakeEmbedder()
Backfill(catalogue, embedder, second, lambda _: None, lambda *_: None).run(threading.Event())
print("the end")
"""


@pytest.mark.parametrize(("method", "call"), [("store_regions", 15), ("lacking", 1)])
def test_killed_while_another_pack_looks_at_the_photos_nothing_of_the_first_is_lost(
    folder: Path, method: str, call: int
) -> None:
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        catalogue.add_root(folder / "photos")
    expect_complete(folder)
    command = [sys.executable, "-c", SECOND, str(folder), method, str(call)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        output, _ = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGKILL
    assert "the end" not in output
    assert expect_consistent(folder) == CONTENTS
    second = fakes.fake_pack(folder, name="second")
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        pack_id = catalogue.pack_id(second)
        left = len(catalogue.lacking(pack_id))
        # Whole batches of six, or nothing.
        assert left == (CONTENTS - 12 if method == "store_regions" else CONTENTS)
        assert catalogue.region_state(pack_id).total == 2 * (CONTENTS - left)
        embedder = fakes.FakeEmbedder()
        backfill = Backfill(catalogue, embedder, second, lambda _: None, lambda *_: None)
        assert backfill.run(threading.Event()) == len(embedder.embedded) == left
        assert catalogue.counts(pack_id).searchable == PHOTOS
        assert backfill.run(threading.Event()) == 0
    assert expect_complete(folder) == 0


def test_killed_while_a_pack_is_forgotten_the_rest_goes_the_next_time(folder: Path) -> None:
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        catalogue.add_root(folder / "photos")
    expect_complete(folder)
    pack = fakes.fake_pack(folder)
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        old = catalogue.pack_id(pack)
        catalogue.begin_forgetting(old)
        assert len(catalogue.forget_some(most=10)) == 10
    # As if the program had ended here: the pack starts from nothing, and what is left of it goes.
    assert expect_complete(folder) == CONTENTS
    with Catalogue.open(folder / "library" / "catalogue.sqlite", write=True) as catalogue:
        while len(catalogue.forget_some()):
            pass
        assert catalogue.region_state(old).total == 0
        assert [row.name for row in catalogue.packs()] == [pack.name]
        assert catalogue.counts(catalogue.pack_id(pack)).searchable == PHOTOS


def _wait_for_the_end_of(process: int) -> None:
    """Of one that is not our child; its parent's death ends it within moments."""
    waiting = threading.Event()
    for _ in range(300):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        if _is_zombie(process):
            return
        waiting.wait(0.1)
    pytest.fail("The embedder outlived its program.")


def _is_zombie(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
