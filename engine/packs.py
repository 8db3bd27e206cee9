"""Model packs: folders that hold towers and everything the engine must know of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import PackError

FORMAT = 1


@dataclass(frozen=True)
class ModelPack:
    """A pack as its ``pack.json`` describes it.

    ``fingerprint`` changes with any byte of the towers: embeddings of other towers are of no use.
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
        text = json.dumps([self.files, used], sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def calibration(self) -> Mapping[str, float]:
        """What turns similarity and likelihood into a probability (``scoring.py``)."""
        found: Mapping[str, float] = self.settings["calibration"]
        return found

    def path(self, part: str) -> Path:
        """The file of a tower: ``focus``, ``image`` or ``text``."""
        if part not in self.files:
            raise PackError(f"The model pack “{self.name}” has no {part} tower.")
        return self.folder / self.files[part]["name"]


@dataclass(frozen=True)
class PackCheck:
    """The outcome of a self-check, in one sentence for the person."""

    passed: bool
    sentence: str


def read_pack(folder: Path) -> ModelPack:
    """The pack in ``folder``; PackError when it is damaged or of a format not known here."""
    file = folder / "pack.json"
    try:
        content = json.loads(file.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise PackError(
                f"The model pack in {folder} has format {content['format']}, which this version "
                "of Photolex does not know; a newer version may."
            )
        pack = ModelPack(
            name=content["name"],
            family=content["family"],
            licence=content["licence"],
            folder=folder,
            embedding_size=int(content["embedding_size"]),
            longest_side=int(content["longest_side"]),
            files=content["files"],
            settings=content,
        )
    except FileNotFoundError:
        raise PackError(f"There is no model pack in {folder}: pack.json is missing.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackError(f"The model pack in {folder} cannot be read: {error!r}.") from error
    for part, entry in pack.files.items():
        if not (folder / entry["name"]).is_file():
            raise PackError(f"The model pack in {folder} lacks its {part} file {entry['name']}.")
    return pack


def verify(pack: ModelPack) -> None:
    """Compare every file with its digest; PackError names the first that differs."""
    for entry in pack.files.values():
        digest = hashlib.sha256((pack.folder / entry["name"]).read_bytes()).hexdigest()
        if digest != entry["sha256"]:
            raise PackError(
                f"The file {entry['name']} of the model pack in {pack.folder} is damaged: "
                "its digest differs from the one in pack.json."
            )


def pack_folders() -> list[Path]:
    """Where packs are looked for: $PHOTOLEX_PACKS first, then what ships."""
    places = [Path(p) for p in os.environ.get("PHOTOLEX_PACKS", "").split(os.pathsep) if p]
    # `onnx_models` has no code: from a checkout and from a wheel it is found as a namespace.
    for place in (Path(__file__).parent.parent / "onnx_models", _installed()):
        if place is not None and place not in places:
            places.append(place)
    return [place for place in places if place.is_dir()]


def _installed() -> Path | None:
    try:
        with resources.as_file(resources.files("onnx_models")) as place:
            return Path(place)
    except (ModuleNotFoundError, FileNotFoundError, TypeError):
        return None


def find_packs() -> list[ModelPack]:
    """Every readable pack, the default first; PackError when there is none."""
    found: dict[str, ModelPack] = {}
    problem: PackError | None = None
    for place in pack_folders():
        for folder in sorted(place.iterdir()):
            if (folder / "pack.json").is_file():
                try:
                    pack = read_pack(folder)
                except PackError as error:
                    problem = problem or error
                else:
                    found.setdefault(pack.name, pack)
    if not found:
        raise problem or PackError("No model pack was found, so photos cannot be searched.")
    return sorted(found.values(), key=lambda pack: (pack.name != "compact", pack.name))


def check_pack(pack: ModelPack) -> PackCheck:
    """Verify the files, then embed the pack's own photo and ask its own query."""
    from engine.photos import read_photo
    from engine.towers import open_towers

    expected = pack.settings["check"]
    try:
        verify(pack)
        towers = open_towers(pack)
        photo = read_photo(pack.folder / expected["photo"], pack.longest_side)
        regions = towers.embed_photo(photo.pixels)
    except PackError as error:
        return PackCheck(False, str(error))
    query = towers.embed_words([expected["query"]])[0]
    best = max((float(region.embedding @ query) for region in regions), default=0.0)
    off = abs(best - expected["similarity"])
    told = f"“{expected['query']}” was found in the pack's photo with similarity {best:.3f}"
    if off > expected["tolerance"]:
        return PackCheck(
            False,
            f"The pack “{pack.name}” does not compute as it should: {told}, "
            f"where {expected['similarity']:.3f} was expected.",
        )
    return PackCheck(True, f"The pack “{pack.name}” is sound: {told}, as expected.")
