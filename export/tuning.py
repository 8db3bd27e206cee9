"""Chooses how Focus's maps become quads, by what the labels of held-out photos say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.doubles import without_doubles
from engine.focus import FocusSettings
from engine.preprocess import Pyramid
from engine.towers import CompactTowers, words_of_look
from export.calibration import Labelled

THRESHOLDS = (0.25, 0.3, 0.4, 0.5)
GROWTHS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85)
SPLITS = ((0.45, 0.6, 0.75), (0.65, 0.8))


def tune(
    towers: CompactTowers, photos: Sequence[Labelled], settings: FocusSettings
) -> tuple[FocusSettings, float]:
    """The settings with the best fit, and the fit: the mean over photos of how well their words
    are covered (overlap over union of the best quad, nothing below a half).
    """
    seen = [(towers.focus_maps(Pyramid(photo.pixels)), photo) for photo in photos]
    best, most = settings, -1.0
    for threshold, growth, splits in product(THRESHOLDS, GROWTHS, SPLITS):
        tried = replace(settings, threshold=threshold, growth=growth, splits=splits)
        fits = []
        for maps, photo in seen:
            looks = [words_of_look(*one, tried) for one in maps]
            quads = [one.quad for one in without_doubles(looks)]
            fits.append(float(np.mean([_fit(quad, quads) for quad in photo.quads])))
        fit = float(np.mean(fits))
        if fit > most:
            best, most = tried, fit
    return best, most


def _fit(word: NDArray[np.float32], quads: Sequence[NDArray[np.float32]]) -> float:
    """The overlap over union of the best quad; 0 below a half, where crops cut letters."""
    area = abs(float(cv2.contourArea(word)))
    low, high = word.min(0), word.max(0)
    best = 0.0
    for quad in quads:
        if (quad.min(0) < high).all() and (quad.max(0) > low).all():
            shared, _ = cv2.intersectConvexConvex(word, quad)
            union = area + abs(float(cv2.contourArea(quad))) - shared
            best = max(best, shared / max(union, 1e-6))
    return best if best >= 0.5 else 0.0
