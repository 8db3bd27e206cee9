"""Model packs: folders that hold towers and everything the engine must know of them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from engine.errors import LibraryError, PackError

FORMAT = 1

Mode = Literal["words", "scenes"]
"""What a query asks of photos: to show these words, or to look like what a sentence says."""

# Of the regions that its self-check expects a pack may find so much more or less.
_OTHER_REGIONS = 0.15
# The files that a query needs; photos need all of them.
_OF_QUERIES = ("text", "text_data", "tokenizer")
# Raised whenever the program finds, cuts or reads words otherwise, so that the same towers make
# something else of a photo: what is kept of all photos is then made anew.
_MAKING = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelPack:
    """A pack as its ``pack.json`` describes it.

    ``fingerprint`` changes with any byte of the towers, and with how the program uses them:
    embeddings of other towers are of no use.
    ``longest_side``: photos are decoded to at most so many pixels.
    """

    name: str
    family: str
    licence: str
    folder: Path
    embedding_size: int
    longest_side: int
    files: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, Any]

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over the towers' digests and what changes their embeddings."""
        used = {key: self.settings.get(key) for key in ("focus", "image", "text")}
        if "glance" in self.settings:  # most packs have none
            used["glance"] = self.settings["glance"]
        text = json.dumps([_MAKING, self.files, used], sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def mode(self) -> Mode:
        """Whether every word of a query is embedded by itself, or the query as one sentence."""
        return "scenes" if self.settings.get("search") == "scenes" else "words"

    @property
    def places(self) -> bool:
        """Whether regions are words somewhere on a photo, rather than whole photos."""
        return self.family != "fdp"

    @property
    def files_of_queries(self) -> dict[str, Path]:
        """The files that embedding a query needs, by part."""
        return {part: self.path(part) for part in _OF_QUERIES if part in self.files}

    @property
    def calibration(self) -> Mapping[str, float]:
        """What turns similarity and likelihood into a probability (``scoring.py``)."""
        found = self.settings.get("calibration")
        if not isinstance(found, Mapping):
            raise PackError(f"The model pack “{self.name}” has no calibration.")
        return found

    def path(self, part: str) -> Path:
        """The file of a tower: ``glance``, ``focus``, ``image`` or ``text``."""
        if part not in self.files:
            raise PackError(f"The model pack “{self.name}” has no {part} tower.")
        return self.folder / self.files[part]["name"]


@dataclass(frozen=True)
class PackCheck:
    """The outcome of a self-check, in one sentence for the person."""

    passed: bool
    sentence: str


def read_pack(folder: Path, *, for_queries: bool = False) -> ModelPack:
    """The pack in ``folder``; PackError when it is damaged or of a format not known here.

    ``for_queries``: the files that only photos need may be missing.
    """
    try:
        content = json.loads((folder / "pack.json").read_text("utf-8"))
        if content["format"] != FORMAT:
            raise PackError(
                f"The model pack in {folder} has format {content['format']}, which this version "
                "of Photolex does not know; a newer version may."
            )
        pack = ModelPack(
            name=str(content["name"]),
            family=str(content["family"]),
            licence=str(content["licence"]),
            folder=folder,
            embedding_size=int(content["embedding_size"]),
            longest_side=int(content["longest_side"]),
            files={
                str(part): {"name": str(entry["name"]), "sha256": str(entry["sha256"])}
                for part, entry in content["files"].items()
            },
            settings=content,
        )
    except FileNotFoundError:
        raise PackError(f"There is no model pack in {folder}: pack.json is missing.") from None
    except OSError as error:
        raise PackError(
            f"The model pack in {folder} cannot be read: {error.strerror or error}."
        ) from error
    except KeyError as error:
        raise PackError(
            f"The model pack in {folder} is incomplete: pack.json lacks “{error.args[0]}”."
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise PackError(f"The pack.json of the model pack in {folder} is damaged.") from error
    if (search := content.get("search", "words")) not in get_args(Mode):
        raise PackError(
            f"The model pack in {folder} searches in a way that is not known: {search}."
        )
    for part, entry in pack.files.items():
        if Path(entry["name"]).name != entry["name"]:
            raise PackError(f"The model pack in {folder} names a file outside its folder.")
        needed = part in _OF_QUERIES or not for_queries
        if needed and not (folder / entry["name"]).is_file():
            raise PackError(f"The model pack in {folder} lacks its {part} file {entry['name']}.")
    return pack


def verify(pack: ModelPack, parts: Collection[str] | None = None) -> None:
    """Compare files, by default all, with their digests; PackError names the first that differs."""
    for part in pack.files if parts is None else parts:
        entry = pack.files[part]
        try:
            with (pack.folder / entry["name"]).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise PackError(
                f"The file {entry['name']} of the model pack in {pack.folder} cannot be read: "
                f"{error.strerror or error}."
            ) from error
        if digest != entry["sha256"]:
            raise PackError(
                f"The file {entry['name']} of the model pack in {pack.folder} is damaged: "
                "its digest differs from the one in pack.json."
            )


def pack_folders() -> list[Path]:
    """Where packs are looked for: $PHOTOLEX_PACKS first, then what ships."""
    places = [Path(p) for p in os.environ.get("PHOTOLEX_PACKS", "").split(os.pathsep) if p]
    # Beside `engine` both in a checkout and where a wheel is installed.
    shipped = Path(__file__).parent.parent / "onnx_models"
    return [place for place in dict.fromkeys([*places, shipped]) if place.is_dir()]


def find_packs() -> list[ModelPack]:
    """One readable pack of each name, the default first; PackError when there is none."""
    found: dict[str, ModelPack] = {}
    problems: list[PackError] = []
    for one in _every_pack():
        if isinstance(one, PackError):
            problems.append(one)
        else:
            found.setdefault(one.name, one)
    if not found:
        nothing = PackError("No model pack was found, so photos cannot be searched.")
        raise problems[0] if problems else nothing
    for problem in problems:
        _log.warning("%s It is passed over.", problem)
    return sorted(found.values(), key=lambda pack: (pack.name != "compact", pack.name))


def installed_packs() -> list[ModelPack]:
    """Every readable pack, also those that share a name; none is no error."""
    found = {one.fingerprint: one for one in _every_pack() if isinstance(one, ModelPack)}
    return sorted(found.values(), key=lambda pack: (pack.name != "compact", pack.name))


def _every_pack() -> Iterator[ModelPack | PackError]:
    """In the order in which they are looked for; of a damaged one, what is wrong with it."""
    for place in pack_folders():
        for file in sorted(place.glob("*/pack.json")):
            try:
                yield read_pack(file.parent)
            except PackError as error:
                yield error


def check_pack(pack: ModelPack) -> PackCheck:
    """Verify the files, then embed the pack's own photo and ask its own query."""
    from engine.photos import read_photo
    from engine.tokenizer import fold
    from engine.towers import open_towers

    try:
        expected = pack.settings["check"]
        photo, query = pack.folder / str(expected["photo"]), str(expected["query"])
        similarity, tolerance = float(expected["similarity"]), float(expected["tolerance"])
        count = int(expected["regions"]) if "regions" in expected else None
    except (KeyError, TypeError, ValueError):
        return PackCheck(False, f"The pack “{pack.name}” brings no self-check.")
    try:
        verify(pack)
        towers = open_towers(pack)
        regions = towers.embed_photo(read_photo(photo, pack.longest_side).pixels)
        vector = towers.embed_words([fold(query) if pack.mode == "words" else query])[0]
    except LibraryError as error:
        return PackCheck(False, str(error))
    # NumPy's maximum, unlike Python's, does not lose a NaN.
    best = float(np.max([0.0, *(region.embedding @ vector for region in regions)]))
    told = f"“{query}” was found in the pack's photo with similarity {best:.3f}"
    if not abs(best - similarity) <= tolerance:
        return PackCheck(
            False,
            f"The pack “{pack.name}” does not compute as it should: {told}, "
            f"where {similarity:.3f} was expected.",
        )
    if count is not None and abs(len(regions) - count) > _OTHER_REGIONS * count:
        return PackCheck(
            False,
            f"The pack “{pack.name}” does not compute as it should: regions found in its photo: "
            f"{len(regions)}, expected: {count}.",
        )
    return PackCheck(True, f"The pack “{pack.name}” is sound: {told}, as expected.")
