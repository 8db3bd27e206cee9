"""Word crops of labelled photos, cut once with room about them and varied at every use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import PhotoError
from export.data.photos import pixels_of
from export.synth.crops import HEIGHT, WIDTH

Image = NDArray[np.uint8]
_MARGIN = 0.5  # of the word's height, on every side of the stored cut
_HIGH = 36  # pixels of the word itself in the stored cut


@dataclass(frozen=True, slots=True)
class Cut:
    """A straightened word with its margin: ``picture`` (72, W, 3) RGB, and what it says."""

    picture: Image
    text: str


def cut_words(
    photos: Path, labels: Path, *, least_score: float = 0.85, only: Iterable[str] | None = None
) -> list[Cut]:
    """Every word of the set that is labelled confidently enough, at least 8 pixels high."""
    words = json.loads(labels.read_text())
    cuts = []
    for name in words if only is None else only:
        try:
            picture = pixels_of(photos / name)
        except PhotoError as error:
            print(f"{name} is left out: {error}", flush=True)
            continue
        for word in words[name]:
            if word.get("score", 1.0) < least_score or word["quad"] is None:
                continue
            text = word["text"].strip()
            if not text.isascii() and not any(c.isascii() and c.isalnum() for c in text):
                continue
            quad = np.array(word["quad"], np.float32)
            high = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
            wide = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
            if high < 8 or wide < 5 or wide / high > 20 or high > 3 * wide:
                continue
            inner = max(8, round(_HIGH * wide / high))
            edge = round(_HIGH * _MARGIN)
            target = np.array(
                [
                    [edge, edge],
                    [edge + inner, edge],
                    [edge + inner, edge + _HIGH],
                    [edge, edge + _HIGH],
                ],
                np.float32,
            )
            warp = cv2.getPerspectiveTransform(quad, target)
            size = (inner + 2 * edge, _HIGH + 2 * edge)
            cut = cv2.warpPerspective(picture, warp, size, borderMode=cv2.BORDER_REPLICATE)
            cuts.append(Cut(np.ascontiguousarray(cut[:, :, ::-1]), text))
    return cuts


def vary(cut: Cut, rng: np.random.Generator | None) -> Image:
    """The cut as one (32, 128, 3) crop with margins, tilt and colours of its own.

    Without ``rng`` the plain crop with Focus's usual margins, for validation.
    """
    high, wide = cut.picture.shape[:2]
    edge = round(_HIGH * _MARGIN)
    jitter = np.full(4, 0.08) if rng is None else rng.uniform(-0.06, 0.22, 4)
    x0, x1 = edge - jitter[0] * _HIGH, wide - edge + jitter[1] * _HIGH
    y0, y1 = edge - jitter[2] * _HIGH, high - edge + jitter[3] * _HIGH
    quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    if rng is not None:
        slope = np.tan(np.radians(rng.normal(0, 1.5))) * (x1 - x0) / 2
        quad[[0, 3], 1] -= slope
        quad[[1, 2], 1] += slope
        quad += rng.normal(0, 1.0, quad.shape)
    target = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    crop = np.asarray(
        cv2.warpPerspective(
            cut.picture,
            warp,
            (WIDTH, HEIGHT),
            flags=cv2.INTER_AREA,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )
    if rng is not None and rng.random() < 0.15:
        crop = 255 - crop
    if rng is not None and rng.random() < 0.3:
        crop = crop[:, :, rng.permutation(3)]
    return crop
