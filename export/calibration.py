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

# Regions a query is judged on, of either kind: those a search would weigh against each other. Words
# that stand in a longer reading are not near to it, and would else be thought to count for nothing.
_NEAREST = 40
_READ = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photo (H, W, 3) with its words: folded texts and their quads (n, 4, 2)."""

    pixels: NDArray[np.uint8]
    texts: list[str]
    quads: NDArray[np.float32]


def _shown(region: Region, photo: Labelled) -> str:
    """What the labels say stands in the region, words joined; "" where none does."""
    area = abs(float(cv2.contourArea(region.quad)))
    found = []
    for text, quad in zip(photo.texts, photo.quads, strict=True):
        shared, _ = cv2.intersectConvexConvex(region.quad, quad)
        if shared > 0.5 * min(area, abs(float(cv2.contourArea(quad)))):
            found.append((float(quad[:, 0].mean()), text))
    return "".join(text for _, text in sorted(found))


def fit(towers: Towers, photos: Sequence[Labelled], strangers: Sequence[str]) -> dict[str, float]:
    """Weights of a logistic function and the bands' borders.

    ``strangers`` are words that stand in no photo: what they find is never a match. Half of the
    queries fit the weights, the other half set the borders by their best hits: at the border of
    *contains* four of five hits are matches, at that of *probably* one of three.
    """
    regions, shown = [], []
    for photo in photos:
        for region in towers.embed_photo(photo.pixels):
            regions.append(region)
            shown.append(_shown(region, photo))
    if not regions:
        raise ValueError("the labelled photos show nothing to calibrate on")
    embeddings = np.stack([region.embedding for region in regions]).astype(np.float32)
    words = sorted({text for photo in photos for text in photo.texts if len(text) >= 3})
    queries = words + [word for word in strangers if not any(word in text for text in shown)]
    vectors = towers.embed_words(queries)
    rows: list[list[NDArray[np.float32]]] = [[], []]
    truths: list[list[NDArray[np.bool_]]] = [[], []]
    for at, (query, vector) in enumerate(zip(queries, vectors, strict=True)):
        known = features(query, embeddings @ vector, regions)
        judged = np.union1d(
            np.argsort(-known[:, 0])[:_NEAREST],
            np.argsort(-known[:, FEATURES.index("within")])[:_READ],
        )
        rows[at % 2].append(known[judged])
        truths[at % 2].append(np.array([query in shown[index] for index in judged]))
    weights = logistic(np.concatenate(rows[0]), np.concatenate(truths[0]))
    best = []
    for part, truth in zip(rows[1], truths[1], strict=True):
        logits = part @ weights[:-1] + weights[-1]
        top = int(logits.argmax())
        best.append((1 / (1 + np.exp(-float(logits[top]))), bool(truth[top])))
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
