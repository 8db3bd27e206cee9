"""How fast FDP's towers are beside plain CLIP's: `python -m tests.bench.fdp [--model RN50]`.

Packs of weights by chance, since time does not depend on them; both take turns on the same photos.
The paper has 45.1 photos a second for FDP-S where CLIP has 76.3 (Table 1), a ratio of 0.59.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch

from engine.demo import samples_folder
from engine.packs import read_pack
from engine.photos import read_photo
from engine.towers import Towers, open_towers
from export.cli import main as export
from export.towers.clip import CONFIGS, SIDE
from tests.export.clip_files import clip_by_chance, write_fdp


def make_packs(folder: Path, model: str) -> list[Path]:
    """FDP and the CLIP within it, imported as published files are."""
    clip = clip_by_chance(CONFIGS[model])
    torch.save(clip.state_dict(), folder / "clip.pt")
    write_fdp(folder / "fdp.pt", clip, SIDE)
    packs = []
    for name, option in (("fdp", "--fdp"), ("clip", "--weights")):
        packs.append(folder / name)
        options = [option, str(folder / f"{name}.pt"), "--out", str(packs[-1])]
        if export(["import-clip", "--model", model, *options]):
            raise SystemExit(f"{name} could not be imported")
    return packs


def seconds_of(towers: Towers, photo: Path) -> float:
    """For one photo that is decoded already."""
    pixels = read_photo(photo, towers.longest_side).pixels
    started = time.perf_counter()
    towers.embed_photo(pixels)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fdp", description=__doc__)
    parser.add_argument("--model", choices=list(CONFIGS), default="RN50")
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    photos = sorted(samples_folder().glob("*.jpg"))[: arguments.photos]
    with tempfile.TemporaryDirectory() as folder:
        both = [
            open_towers(read_pack(pack), threads=arguments.threads)
            for pack in make_packs(Path(folder), arguments.model)
        ]
        for towers in both:
            seconds_of(towers, photos[0])
        times = [[seconds_of(towers, photo) for towers in both] for photo in photos]
    rates = [1 / statistics.median(column) for column in zip(*times, strict=True)]
    fdp, clip = rates
    print(f"{arguments.model} at {SIDE} px, {arguments.threads} threads: FDP {fdp:.2f} photos/s,")
    print(f"plain CLIP {clip:.2f} photos/s, ratio {fdp / clip:.2f}")


if __name__ == "__main__":
    main()
