"""Fits what turns similarity and likelihood into a probability, on photos not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from engine.regions import Region
from engine.scoring import FEATURES, features
from engine.towers import Towers

# Regions a query is judged on: the nearest, as a search would weigh them against each other, and
# some that read it within more, which would else be thought to count for nothing: they are not near.
_NEAREST = 40
_READ = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photo (H, W, 3) with its words: folded texts and their quads (n, 4, 2)."""

    pixels: NDArray[np.uint8]
    texts: list[str]
    quads: NDArray[np.float32]


def _shown(region: Region, photo: Labelled) -> list[str]:
    """The labelled words that stand in the region, most of each."""
    found = []
    for text, quad in zip(photo.texts, photo.quads, strict=True):
        shared, _ = cv2.intersectConvexConvex(region.quad, quad)
        if shared > 0.6 * abs(float(cv2.contourArea(quad))):
            found.append(text)
    return found


def fit(towers: Towers, photos: Sequence[Labelled], strangers: Sequence[str]) -> dict[str, float]:
    """Weights of a logistic function and the bands' borders.

    ``strangers`` are words that stand in no photo: what they find is never a match. Half of the
    queries fit the weights. The best hits of the other half fit how probable it is that their photo
    shows the word, and set the borders: at that of *contains* four of five do, at that of
    *probably* one of three.
    """
    regions, shown, texts = [], [], []
    for photo in photos:
        for region in towers.embed_photo(photo.pixels):
            regions.append(region)
            shown.append(_shown(region, photo))
            texts.append(" ".join(photo.texts))
    if not regions:
        raise ValueError("the labelled photos show nothing to calibrate on")
    embeddings = np.stack([region.embedding for region in regions]).astype(np.float32)
    words = sorted({text for photo in photos for text in photo.texts if len(text) >= 3})
    queries = words + [word for word in strangers if not any(word in text for text in texts)]
    vectors = towers.embed_words(queries)
    rows: list[list[NDArray[np.float32]]] = [[], []]
    truths: list[NDArray[np.bool_]] = []
    right: list[NDArray[np.bool_]] = []
    for at, (query, vector) in enumerate(zip(queries, vectors, strict=True)):
        similarities = embeddings @ vector
        read = [index for index, region in enumerate(regions) if query in region.reading]
        judged = np.union1d(np.argsort(-similarities)[:_NEAREST], np.array(read[:_READ], int))
        some = [regions[index] for index in judged]
        rows[at % 2].append(features(query, similarities[judged], some))
        if at % 2:
            right.append(np.array([query in texts[index] for index in judged]))
        else:
            truths.append(np.array([query in shown[index] for index in judged]))
    weights = logistic(np.concatenate(rows[0]), np.concatenate(truths))
    # What a region's own label says is too strict for its photo: the best hit's probability is
    # that its photo shows the word (Platt, 1999).
    logits = [part @ weights[:-1] + weights[-1] for part in rows[1]]
    tops = np.array([[one.max()] for one in logits], np.float32)
    hits = np.array([truth[one.argmax()] for one, truth in zip(logits, right, strict=True)], bool)
    slope, shift = logistic(tops, hits)
    if slope > 0:
        weights *= slope
        weights[-1] += shift
        tops = tops * slope + shift
    best = [
        (float(1 / (1 + np.exp(-top))), bool(hit)) for (top,), hit in zip(tops, hits, strict=True)
    ]
    answer = {
        name: round(float(w), 4) for name, w in zip((*FEATURES, "bias"), weights, strict=True)
    }
    return answer | _borders(best)


def fit_cosines(cosines: NDArray[np.float32], truths: NDArray[np.bool_]) -> dict[str, float]:
    """The same for packs that know of a photo only its cosine, by (queries, photos).

    ``truths`` (queries, photos) says which photos show which query. Cosines that do not rise with
    it tell nothing: all hits are weak then.
    """
    weights = logistic(cosines[::2].reshape(-1, 1), truths[::2].ravel())
    slope, bias = (round(float(weight), 4) for weight in weights)
    if slope <= 0:
        return {"similarity": 1.0, "bias": 0.0, "contains": 1.0, "probably": 1.0}
    best = []
    for row, truth in zip(cosines[1::2], truths[1::2], strict=True):
        top = int(row.argmax())
        best.append((1 / (1 + np.exp(-(slope * float(row[top]) + bias))), bool(truth[top])))
    return {"similarity": slope, "bias": bias} | _borders(best)


def _borders(best: list[tuple[float, bool]]) -> dict[str, float]:
    # Rounded down: one rounded up to 1 would keep every hit out of its band.
    least = {"contains": 4 / 5, "probably": 1 / 3}
    return {name: float(np.floor(border(best, one) * 1e6) / 1e6) for name, one in least.items()}


def logistic(rows: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic regression by Newton's steps with a light ridge; the last weight is the bias."""
    x = np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float64)
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (chance - truth) + 1e-2 * weights
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + 1e-2 * np.eye(x.shape[1])
        step = np.linalg.solve(curve, gradient)
        weights -= step
        if float(np.abs(step).max()) < 1e-7:
            break
    return weights


def border(best: list[tuple[float, bool]], least: float) -> float:
    """The least probability at which so many hits are matches; 1 if they are at none.

    What counts are hits of about that probability: all above a border together are mostly right
    wherever it lies, because the sure ones make up for any number of guesses.
    """
    if not best:
        return 1.0
    chances, at, counts = np.unique(
        [chance for chance, _ in best], return_inverse=True, return_counts=True
    )
    right = np.bincount(at, [truth for _, truth in best]) / counts
    rising = isotonic_regression(right, weights=counts).x
    enough = np.flatnonzero(rising >= least)
    if not len(enough):
        return 1.0
    first = int(enough[0])
    # In the middle of the gap below: other queries' hits will not lie above the least of these.
    return float(chances[max(0, first - 1) : first + 1].mean())
