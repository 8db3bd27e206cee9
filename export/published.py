"""Fetches the weights of CLIP that OpenAI published (MIT licence), or says how to bring them."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import platformdirs
from tqdm import tqdm

from export.clip_weights import WeightsError

# Digests of the files that github.com/openai/CLIP names; their addresses contain them too.
SHA256 = {
    "RN50": "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762",
    "RN50x4": "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd",
    "RN50x16": "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa",
}
ADDRESS = "https://openaipublic.azureedge.net/clip/models/{sha256}/{model}.pt"
_SECONDS = 60  # without an answer
_PIECE = 1 << 20


def published(model: str) -> Path:
    """OpenAI's file for a model, fetched unless it is there already.

    It is looked for in this program's cache and in that of OpenAI's own package. WeightsError where
    it cannot be had, saying what to fetch and where to put it.
    """
    if model not in SHA256:
        raise WeightsError(f"OpenAI has published no weights for {model}: name a file.")
    name, sha256 = f"{model}.pt", SHA256[model]
    own = platformdirs.user_cache_path("photolex", appauthor=False) / "clip" / name
    for place in (own, Path.home() / ".cache" / "clip" / name):
        if place.is_file() and digest(place) == sha256:
            return place
    fetch(ADDRESS.format(sha256=sha256, model=model), sha256, own)
    return own


def fetch(address: str, sha256: str, target: Path) -> None:
    """Write what lies at ``address`` to ``target`` once its digest is right.

    What came before a failure stays beside it and is gone on with. WeightsError says what to do.
    """
    partial = target.with_suffix(".partial")
    advice = f"fetch {address} (sha256 {sha256}) by other means and put it at {target}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = _receive(address, partial)
        right = whole and digest(partial) == sha256
        if right:
            partial.replace(target)
        elif whole:
            partial.unlink()
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise WeightsError(
            f"{target.name} could not be fetched ({reason}): try again, or {advice}."
        ) from error
    if not whole:
        raise WeightsError(
            f"The connection ended before all of {target.name} was there: try again, and it goes "
            f"on from there, or {advice}."
        )
    if not right:
        raise WeightsError(
            f"What was fetched for {target.name} is not the published file: try again, or {advice}."
        )


def _receive(address: str, partial: Path) -> bool:
    """Append what ``partial`` still lacks; whether that is all of it."""
    there = partial.stat().st_size if partial.exists() else 0
    request = Request(address, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urlopen(request, timeout=_SECONDS)
    except HTTPError as error:
        error.close()
        if there and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # nothing was left to fetch
        raise
    with answer:
        goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
        there = there if goes_on else 0
        size = answer.headers.get("Content-Length")
        total = there + int(size) if size else None
        with (
            partial.open("ab" if goes_on else "wb") as file,
            tqdm(total=total, initial=there, unit="B", unit_scale=True, desc=partial.stem) as bar,
        ):
            while piece := answer.read(_PIECE):
                file.write(piece)
                bar.update(len(piece))
    return total is None or partial.stat().st_size >= total


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
