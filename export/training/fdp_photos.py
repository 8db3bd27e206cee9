"""Photos that FDP is trained on: where their words are, and what the frozen trunk makes of them.

The trunk is not trained, and nothing of a photo is varied. So its features are computed once and
kept on disk in half precision, and a CPU can train the heads.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from engine.errors import PhotoError
from engine.letterbox import letterbox
from engine.photos import read_photo
from engine.tokenizer import fold
from export.data.mlt import read_mlt
from export.evaluation.detection import Quad
from export.evaluation.sets import LabelledSet, SetError, Word, read_set
from export.fdp_pack import LONGEST_SIDE, PADDING
from export.towers.fdp import kernel_targets
from export.training.focus import shrunk

log = logging.getLogger(__name__)

KINDS: Final[dict[str, Callable[[Path], LabelledSet]]] = {"mlt": read_mlt, "scenes": read_set}
SHRINK: Final = 0.4  # of kernels
_TOGETHER = 8  # photos that go through the trunk at once

Places = NDArray[
    np.float32
]  # (n, 4): across and down a pixel of the photo, left, top in the square


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo, the words on it that can be read, and the quads of what cannot."""

    file: Path
    words: tuple[Word, ...]
    ignored: tuple[Quad, ...]

    @property
    def shown(self) -> frozenset[str]:
        """Its words as they are compared."""
        return frozenset(fold(part) for word in self.words for part in word.text.split())


def open_photos(text: str) -> list[LabelledPhoto]:
    """The photos of a set, ``KIND:DIR`` or a folder of ours. ``SetError`` when it cannot be read.

    A word without text, which the edge of a painted scene cuts, is ignored.
    """
    kind, colon, folder = text.partition(":")
    if not colon or kind not in KINDS:
        # One letter before the colon is a drive of Windows.
        if colon and len(kind) > 1 and not Path(text).exists():
            raise SetError(f"“{kind}” is no kind of set to train on; there are {', '.join(KINDS)}.")
        kind, folder = "scenes", text
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise SetError(f"{path} is not a folder.")
    found = KINDS[kind](path)
    return [
        LabelledPhoto(
            found.images / name,
            tuple(word for word in words if word.text),
            (
                *found.ignored.get(name, ()),
                *(word.quad for word in words if not word.text and word.quad is not None),
            ),
        )
        for name, words in found.words.items()
    ]


def maps_of(
    photos: Sequence[LabelledPhoto], places: Places, side: int, cells: int, *, faithful: bool
) -> Tensor:
    """What the score maps should show (n, 2, cells, cells), and what share of each cell counts."""
    maps = torch.empty(len(photos), 2, cells, cells)
    for at, (photo, place) in enumerate(zip(photos, places, strict=True)):
        drawn = torch.from_numpy(np.stack(_drawn(photo, place, side)))
        maps[at] = kernel_targets(drawn, cells, faithful=faithful)
    return maps


def _drawn(
    photo: LabelledPhoto, place: NDArray[np.float32], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Kernels and what counts, (side, side) of 0 and 1 each."""
    kernels = np.zeros((side, side), np.uint8)
    counts = np.ones((side, side), np.uint8)
    if any(word.quad is None for word in photo.words):
        # It might be anywhere.
        return kernels, np.zeros_like(counts)
    _fill(counts, photo.ignored, place, 0)
    quads = [word.quad for word in photo.words if word.quad is not None]
    _fill(kernels, [shrunk(quad, SHRINK) for quad in quads], place, 1)
    counts[kernels > 0] = 1
    return kernels, counts


def _fill(
    canvas: NDArray[np.uint8], quads: Iterable[Quad], place: NDArray[np.float32], value: int
) -> None:
    for quad in quads:
        # In sixteenths of a pixel, whose middle is at whole numbers for OpenCV.
        corners = np.round(((quad * place[:2] + place[2:]) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(canvas, [corners], value, shift=4)


def squares_of(photos: Sequence[LabelledPhoto], side: int) -> tuple[Tensor, Places]:
    """Photos in squares (n, side, side, 3) uint8, as a pack sees them, and their places in these.

    What cannot be opened is reported, stays black, and has a place of zeros.
    """
    squares = torch.zeros(len(photos), side, side, 3, dtype=torch.uint8)
    places = np.zeros((len(photos), 4), np.float32)
    for at, photo in enumerate(photos):
        try:
            read = read_photo(photo.file, max(LONGEST_SIDE, side))
        except PhotoError as error:
            log.warning("%s is left out: %s", photo.file, error)
            continue
        boxed = letterbox(read.pixels, side, PADDING)
        squares[at] = torch.from_numpy(boxed.picture)
        scale = boxed.width / read.width, boxed.height / read.height
        places[at] = *scale, boxed.left, boxed.top
    return squares, places


class Store:
    """Something of every photo, computed once and kept in a folder; goes on where it stopped.

    ``shape`` and ``dtype`` are one photo's; ``origin`` says what else than the photos and their
    size the contents depend on. Under another origin, or of other photos, all is computed anew, in
    a folder of its own: a training that is then refused, or stopped, spoils nothing of another.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[LabelledPhoto],
        side: int,
        *,
        shape: tuple[int, ...],
        dtype: type[np.generic],
        origin: str,
    ) -> None:
        self.photos, self.side = photos, side
        self._fingerprint = _fingerprint(photos, side, origin)
        folder = folder / self._fingerprint[:16]
        self._state = folder / "state.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._done = self._found()
        mode = "r+" if self._done else "w+"
        sizes = (len(photos), *shape), (len(photos), 4)
        self._contents = np.lib.format.open_memmap(
            folder / "contents.npy", mode, dtype=dtype, shape=sizes[0]
        )
        self._places = np.lib.format.open_memmap(
            folder / "places.npy", mode, dtype=np.float32, shape=sizes[1]
        )

    @property
    def places(self) -> Places:
        """Where the photos lie in their squares (n, 4); zeros for what could not be opened."""
        return np.asarray(self._places)

    def _found(self) -> int:
        """How many photos are done already."""
        try:
            state = json.loads(self._state.read_text("utf-8"))
        except FileNotFoundError:
            return 0
        return int(state["done"]) if state["fingerprint"] == self._fingerprint else 0

    def fill(self, compute: Callable[[Tensor], Tensor]) -> None:
        """Compute what is missing from photos (b, side, side, 3) uint8."""
        starts = range(self._done, len(self.photos), _TOGETHER)
        for start in tqdm(starts, "reading photos", disable=None):
            part = slice(start, start + _TOGETHER)
            squares, places = squares_of(self.photos[part], self.side)
            self._contents[part] = compute(squares).cpu().numpy()
            self._places[part] = places
            # What is said to be done has reached the files before.
            self._contents.flush()
            self._places.flush()
            self._done = min(start + _TOGETHER, len(self.photos))
            partial = self._state.with_suffix(".partial")
            state = {"fingerprint": self._fingerprint, "done": self._done}
            partial.write_text(json.dumps(state), "utf-8")
            partial.replace(self._state)

    def take(self, rows: Sequence[int]) -> Tensor:
        """The contents of some photos, (len(rows), …), as they are kept."""
        return torch.from_numpy(self._contents[list(rows)])


def digest_of(module: nn.Module) -> str:
    """A digest of a module's weights."""
    found = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        found.update(name.encode())
        found.update(value.cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _fingerprint(photos: Sequence[LabelledPhoto], side: int, origin: str) -> str:
    found = hashlib.sha256(f"{side} {origin}".encode())
    for photo in photos:
        status = photo.file.stat()
        found.update(f"{photo.file.resolve()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()
