"""The sample library: drawn photos and screenshots whose words are known, for the first minute.

Everything in them is drawn by program, from one seed: scenes of textured planes and turned shapes,
ray-cast with soft shadows and depth of field, and screens. No photo, brand or person is used.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.errors import LibraryError
from export.synth.samples import indoors, kitchen, night, screens, shops, street, table
from export.synth.samples.camera import Camera
from export.synth.samples.shots import Picture, Shot

SEED = 7
QUALITY = 75
ORIENTATION = 0x0112
_STORED_AS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90,
              8: Image.Transpose.ROTATE_270}  # fmt: skip
"""How the pixels of a photo with an EXIF orientation lie in its file."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the library, what draws it, and the EXIF orientation that it is stored in."""

    name: str
    draw: Callable[[int], Shot]
    orientation: int = 1


ALBUM = (
    Sample("airport-sign.jpg", street.direction_sign),
    Sample("apartment-for-rent.jpg", street.for_rent),
    Sample("bakery.jpg", shops.bakery),
    Sample("book-on-linen.jpg", indoors.book_cover),
    Sample("bookshelf.jpg", indoors.book_spines),
    Sample("bookshop.jpg", shops.bookshop),
    Sample("business-card.jpg", table.business_card),
    Sample("cafe-menu.jpg", indoors.menu),
    Sample("cinema.jpg", night.cinema),
    Sample("coffee-board.jpg", street.chalk_board),
    Sample("coffee-to-go.jpg", kitchen.paper_cup, 8),
    Sample("concert-poster.jpg", street.poster),
    Sample("corridor.jpg", night.exit_door, 6),
    Sample("departures.jpg", night.departures),
    Sample("fridge.jpg", kitchen.fridge),
    Sample("garage.jpg", street.garage, 3),
    Sample("green-tea.jpg", kitchen.tea),
    Sample("jam.jpg", kitchen.jam),
    Sample("library-book.jpg", indoors.library_stamp),
    Sample("market.jpg", kitchen.market),
    Sample("medicine.jpg", kitchen.medicine),
    Sample("museum.jpg", indoors.museum),
    Sample("neon-coffee.jpg", night.neon_coffee),
    Sample("neon-open.jpg", night.neon_open),
    Sample("number-plate.jpg", street.number_plate),
    Sample("optician.jpg", shops.optician),
    Sample("parcel.jpg", table.parcel),
    Sample("postcard.jpg", indoors.postcard),
    Sample("receipt.jpg", table.receipt),
    Sample("red-wine.jpg", kitchen.wine),
    Sample("rue-des-lilas.jpg", street.street_name),
    Sample("scoreboard.jpg", night.scoreboard),
    Sample("screenshot-chat.png", screens.chat),
    Sample("screenshot-error.png", screens.error),
    Sample("stop-sign.jpg", street.crossing),
    Sample("surf-shirt.jpg", indoors.shirt),
    Sample("town-map.webp", screens.street_map),
    Sample("trail.jpg", street.trail),
    Sample("train-ticket.jpg", table.ticket),
    Sample("whiteboard.jpg", indoors.whiteboard),
)


def take(shot: Shot, seed: int, *, sharpness: int = 2, scale: float = 1.0) -> Picture:
    """(H, W, 3) uint8 RGB of a shot, upright; a smaller ``scale`` is a quick look."""
    if shot.screen is not None:
        return shot.screen
    assert shot.scene is not None
    return Camera(shot.scene, seed, sharpness=sharpness, scale=scale).take()


def encode(sample: Sample, picture: Picture) -> bytes:
    """A picture as its file holds it; the orientation is stored, not applied."""
    image = Image.fromarray(picture)
    exif = Image.Exif()
    if sample.orientation != 1:
        image = image.transpose(_STORED_AS[sample.orientation])
        exif[ORIENTATION] = sample.orientation
    data = io.BytesIO()
    suffix = Path(sample.name).suffix
    if suffix == ".png":
        image = image.quantize(128, dither=Image.Dither.NONE)
        image.save(data, "PNG", optimize=True)
    elif suffix == ".webp":
        image.save(data, "WEBP", quality=QUALITY, method=6)
    else:
        image.save(data, "JPEG", quality=QUALITY, optimize=True, progressive=True, exif=exif)
    return data.getvalue()


def paint(job: tuple[str, int, float, int]) -> tuple[str, bytes, list[str]]:
    """Draw the sample of a name: its file's bytes and its words."""
    name, seed, scale, sharpness = job
    cv2.setNumThreads(1)
    sample = next(sample for sample in ALBUM if sample.name == name)
    shot = sample.draw(seed)
    picture = take(shot, seed, sharpness=sharpness, scale=scale)
    return name, encode(sample, np.ascontiguousarray(picture)), shot.words


def write_samples(
    folder: Path,
    *,
    seed: int = SEED,
    only: Sequence[str] = (),
    processes: int = 1,
    scale: float = 1.0,
    sharpness: int = 2,
) -> None:
    """Write the photos and ``samples.json``, the words of each; ``only`` redraws some of them.

    LibraryError when one of these is no sample.
    """
    unknown = set(only) - {sample.name for sample in ALBUM}
    if unknown:
        raise LibraryError(f"There is no sample {', '.join(sorted(unknown))}.")
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "samples.json"
    words: dict[str, list[str]] = {}
    if only and record.exists():
        words = json.loads(record.read_text(encoding="utf-8"))
    jobs = [
        (sample.name, seed, scale, sharpness) for sample in ALBUM if not only or sample.name in only
    ]
    with ProcessPoolExecutor(processes) as pool:
        for name, data, found in pool.map(paint, jobs):
            (folder / name).write_bytes(data)
            words[name] = found
            print(f"{name}: {len(data) / 1024:.0f} KB, {len(found)} words", flush=True)
    lines = [
        f"  {json.dumps(name)}: {json.dumps(words[name], ensure_ascii=False)}"
        for name in sorted(words)
    ]
    record.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def run(args: argparse.Namespace) -> None:
    write_samples(Path(args.out), seed=args.seed, only=args.only or (), processes=args.processes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", help="folder to write the photos and samples.json into")
    parser.add_argument("--only", action="append", metavar="FILE", help="redraw only this sample")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.set_defaults(run=run)
