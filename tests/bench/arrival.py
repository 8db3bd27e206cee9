"""How long a new photo takes from appearing in a watched folder to being searchable."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image

from engine.demo import samples_folder
from engine.library import Library
from engine.packs import ModelPack

_PHOTOS = 9
_SIZE = (4000, 3000)
_LONGEST = 60.0  # seconds


def arrivals(folder: Path, pack: ModelPack) -> dict[str, float]:
    """Seconds for JPEGs of 12 megapixels that are copied in one after another."""
    photos = _photos(folder / "elsewhere")
    root = folder / "watched"
    root.mkdir()
    library = Library.open(folder / "library", pack=pack)
    try:
        library.add_root(root)
        library.start()
        waited = [_wait_for(library, photo, root, known) for known, photo in enumerate(photos)]
    finally:
        library.close()
    # The first one waits for the models as well, which a person's later ones do not.
    return {
        "a new photo of 12 megapixels is searchable, first s": waited[0],
        "a new photo of 12 megapixels is searchable, p50 s": statistics.median(waited[1:]),
    }


def _photos(folder: Path) -> list[Path]:
    """Sample photos, enlarged, with the noise that makes a camera's files as large as they are."""
    folder.mkdir()
    noise = np.random.default_rng(5).integers(-8, 9, (_SIZE[1], _SIZE[0], 3), np.int16)
    made = []
    for source in sorted(samples_folder().glob("*.jpg"))[:_PHOTOS]:
        with Image.open(source) as sample:
            large = np.asarray(sample.convert("RGB").resize(_SIZE), np.int16)
        made.append(folder / source.name)
        Image.fromarray((large + noise).clip(0, 255).astype(np.uint8)).save(made[-1], quality=92)
    return made


def _wait_for(library: Library, photo: Path, root: Path, known: int) -> float:
    started = time.perf_counter()
    shutil.copy(photo, root / photo.name)
    while library.status().searchable <= known:
        if time.perf_counter() - started > _LONGEST:
            raise TimeoutError(f"{photo.name} was not searchable within {_LONGEST:.0f} s")
        time.sleep(0.02)
    return time.perf_counter() - started
