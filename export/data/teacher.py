"""Labels unlabelled photos with an OCR pipeline (RapidOCR), so that real photos can be trained on.

The result has the shape of a set's ``gt.json`` with one more key a word: ``score`` (0..1, the
recogniser's confidence).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LibraryError, PhotoError
from engine.photos import is_photo_name
from export.data.photos import decoded

_engine: Any = None


def _start() -> None:
    global _engine
    os.environ["OMP_NUM_THREADS"] = "1"  # before what reads it is imported
    from rapidocr import RapidOCR

    _engine = RapidOCR(
        params={
            "Global.text_score": 0.0,
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _label(path: Path) -> tuple[str, list[dict[str, Any]] | None]:
    """The words of a photo by its name; None where it cannot be read."""
    try:
        pixels = decoded(path)
    except PhotoError as error:
        print(f"{path.name} is left out: {error}", flush=True)
        return path.name, None
    result = _engine(pixels, return_word_box=True)
    words: list[dict[str, Any]] = []
    if result.boxes is None:
        return path.name, words
    for line, (box, text, score) in enumerate(
        zip(result.boxes, result.txts, result.scores, strict=True)
    ):
        parts = result.word_results[line] if result.word_results else ()
        parts = [part for part in parts if part[2] is not None and part[0].strip()]
        if len(text.split()) <= 1 or not parts:
            parts = [(text, float(score), box)]
        for word, confidence, quad in parts:
            words.append(
                {
                    "text": word,
                    "quad": np.asarray(quad, float).round(1).tolist(),
                    "score": round(min(float(confidence), float(score)), 4),
                }
            )
    return path.name, words


def label(photos: Iterable[Path], target: Path, processes: int = 2) -> None:
    """Write the teacher's words of ``photos`` to ``target`` (JSON); goes on where it stopped.

    Photos that cannot be read are left out.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    labels: dict[str, Any] = json.loads(target.read_text()) if target.exists() else {}
    todo = [photo for photo in photos if photo.name not in labels]
    with ProcessPoolExecutor(processes, initializer=_start) as pool:
        try:
            for count, (name, words) in enumerate(pool.map(_label, todo, chunksize=4), 1):
                if words is not None:
                    labels[name] = words
                if count % 50 == 0 or count == len(todo):
                    _save(labels, target)
                    print(f"{count}/{len(todo)} photos", flush=True)
        finally:
            _save(labels, target)


def _save(labels: dict[str, Any], target: Path) -> None:
    partial = target.with_suffix(".partial")
    partial.write_text(json.dumps(labels))
    partial.replace(target)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", help="folder of photos")
    parser.add_argument(
        "--out", required=True, help="the labels' JSON file; resumes if it is there"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    if find_spec("rapidocr") is None:
        raise LibraryError("RapidOCR is not installed; the extra “bench” brings it.")
    photos = [path for path in sorted(Path(args.photos).iterdir()) if is_photo_name(path.name)]
    label(photos, Path(args.out), args.processes)
