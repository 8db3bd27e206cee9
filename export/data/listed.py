"""Readers of benchmarks that list their queries with the photos relevant to each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.tokenizer import fold
from export.data.annotations import labelled_set, photo_names, photos_by_stem, read_text, reading
from export.data.matlab import read_mat, read_npy_object, strings
from export.evaluation.sets import LabelledSet, SetError, Word


def read_iiit_str(folder: Path) -> LabelledSet:
    """IIIT Scene Text Retrieval: ``data.mat`` and ``imgDatabase/``.

    ``data`` is a struct array with a query and the cell array of its photos in every entry; all
    50 are asked. Nothing else that the 10,000 photos show is listed.
    """
    file = folder / "data.mat"
    listed: dict[str, list[str]] = {}
    with reading(file):
        entries = read_mat(file)["data"]
        if not entries.dtype.names or len(entries.dtype.names) < 2:
            raise ValueError("data is no struct with queries and photos")
        query_field, photos_field = entries.dtype.names[:2]
        for entry in entries.ravel():
            query = " ".join(strings(entry[query_field]))
            listed.setdefault(query, []).extend(strings(entry[photos_field]))
    return _listed("IIIT-STR", folder / "imgDatabase", listed, file)


def read_pstr(folder: Path) -> LabelledSet:
    """PSTR, phrases: ``images/`` and ``query_image_dict.npy`` or ``text_queries.json``.

    Both hold a mapping of phrases to file names; all are asked, as phrases.
    """
    file = folder / "query_image_dict.npy"
    if not file.exists() and (folder / "text_queries.json").exists():
        file = folder / "text_queries.json"
    with reading(file):
        if file.suffix == ".json":
            content = json.loads(read_text(file))
        else:
            content = read_npy_object(file)
        if not isinstance(content, Mapping):
            raise ValueError("it is no mapping of phrases to photos")
        listed = {str(query): [str(photo) for photo in content[query]] for query in content}
    return _listed("PSTR", folder / "images", listed, file)


def read_lists(name: str, folder: Path) -> LabelledSet:
    """``images/``, ``queries.txt`` and for every photo ``gts/….txt``: a word or line each line.

    So the retrieval subset of COCO-Text (500 queries, 7,196 photos) was published.
    """
    images = folder / "images"
    photos = photos_by_stem(images)
    with reading(folder / "queries.txt"):
        queries = read_text(folder / "queries.txt").splitlines()
    words: dict[str, list[Word]] = {}
    with reading(folder / "gts"):
        files = sorted(file for file in (folder / "gts").iterdir() if file.suffix == ".txt")
    for file in files:
        if file.stem not in photos:
            raise SetError(f"{images} lacks the photo {file.stem} that {file} describes.")
        with reading(file):
            lines = [line.strip() for line in read_text(file).splitlines()]
        words[photos[file.stem]] = [Word(line, None) for line in lines if line]
    asked: dict[str, set[str]] = {query: set() for query in map(_folded, queries) if query}
    for photo, of_photo in words.items():
        for word in of_photo:
            if (query := _folded(word.text)) in asked:
                asked[query].add(photo)
    shown = {query: frozenset(wanted) for query, wanted in asked.items() if wanted}
    return labelled_set(name, images, words, shown)


def _listed(
    name: str, images: Path, listed: Mapping[str, Iterable[str]], file: Path
) -> LabelledSet:
    """Of every photo in the folder, what is relevant to the queries of a file."""
    photos = photo_names(images)
    exact, by_lower = set(photos), {photo.lower(): photo for photo in photos}
    asked: dict[str, frozenset[str]] = {}
    for query, names in listed.items():
        wanted = set()
        for listed_name in names:
            base = listed_name.strip().replace("\\", "/").rpartition("/")[2]
            found = base if base in exact else by_lower.get(base.lower())
            if found is None:
                raise SetError(f"{images} lacks {base}, which {file.name} lists for “{query}”.")
            wanted.add(found)
        if wanted and (folded := _folded(query)):
            asked[folded] = asked.get(folded, frozenset()) | wanted
    return labelled_set(name, images, {photo: [] for photo in photos}, asked)


def _folded(query: str) -> str:
    """Folded words with a space between them."""
    return " ".join(filter(None, map(fold, query.split())))
