"""Fits what turns similarity and likelihood into a probability, on photos not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from engine.errors import LibraryError
from engine.scoring import FEATURES, features
from engine.towers import Towers

# Regions a query is judged on: the nearest, as a search would weigh them against each other, and
# some that read it within more. Those are not near, and that would else be thought to tell nothing.
_NEAREST = 40
_READ = 20
_FIRST = np.array([1.0, 1.0, 1.0, 0.0, 0.0])  # weights to start from
_RIDGE = 1e-3
# What is shown as *contains* is at least so probable: few queries set the border, and a word that
# is in no photo but much like one that is must not pass for it.
_SURE = 0.95

# Features (n, 5) of a query's regions, and which of them are right.
Judged = tuple[NDArray[np.float32], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photo (H, W, 3) with its words: folded texts and their quads (n, 4, 2)."""

    pixels: NDArray[np.uint8]
    texts: list[str]
    quads: NDArray[np.float32]


def fit(towers: Towers, photos: Sequence[Labelled], strangers: Sequence[str]) -> dict[str, float]:
    """Weights of a logistic function and the bands' borders.

    ``strangers`` are words that stand in no photo: what they find is never a match. Half of the
    queries fit the weights by how photos rank. The best hits of the other half fit how probable it
    is that their photo shows the word (Platt, 1999), and set the borders: at that of *contains*
    nine of ten do and the probability is 0.95, at that of *probably* one of three do.

    LibraryError when the towers see no word on any photo.
    """
    regions, texts = [], []
    for photo in photos:
        for region in towers.embed_photo(photo.pixels):
            regions.append(region)
            texts.append(" ".join(photo.texts))
    if not regions:
        raise LibraryError("No word was seen on the held-out photos: nothing to calibrate on.")
    embeddings = np.stack([region.embedding for region in regions]).astype(np.float32)
    words = sorted({text for photo in photos for text in photo.texts if len(text) >= 3})
    queries = words + [word for word in strangers if not any(word in text for text in texts)]
    vectors = towers.embed_words(queries)
    ranked: list[Judged] = []
    asked: list[Judged] = []
    for at, (query, vector) in enumerate(zip(queries, vectors, strict=True)):
        similarities = embeddings @ vector
        read = [index for index, region in enumerate(regions) if query in region.reading]
        judged = np.union1d(np.argsort(-similarities)[:_NEAREST], np.array(read[:_READ], int))
        rows = features(query, similarities[judged], [regions[index] for index in judged])
        if at % 2:
            asked.append((rows, np.array([query in texts[index] for index in judged])))
        else:
            ranked.append((rows, np.array([query in texts[index].split() for index in judged])))
    weights = ranking_weights(ranked)
    scores = [rows @ weights for rows, _ in asked]
    tops = [int(one.argmax()) for one in scores]
    length = FEATURES.index("length")
    best = np.array(
        [
            (one[top], rows[0, length])
            for one, top, (rows, _) in zip(scores, tops, asked, strict=True)
        ]
    )
    hits = np.array([truth[top] for top, (_, truth) in zip(tops, asked, strict=True)])
    slope, longer, bias = logistic(best.astype(np.float32), hits)
    weights *= slope
    weights[length] += longer
    chances = 1 / (1 + np.exp(-(best @ (slope, longer) + bias)))
    named = zip((*FEATURES, "bias"), (*weights, bias), strict=True)
    answer = {name: round(float(weight), 4) for name, weight in named}
    return answer | _borders(list(zip(chances.tolist(), hits.tolist(), strict=True)))


def ranking_weights(judged: Sequence[Judged]) -> NDArray[np.float64]:
    """The weights with which, for each query, the best right region beats all wrong ones.

    That is the log-loss of one photo's best region against those of others, since a photo ranks by
    its best. Queries that find only right or only wrong regions tell nothing.
    """
    useful = [
        (rows.astype(np.float64), right)
        for rows, right in judged
        if right.any() and not right.all()
    ]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slopes = 0.0, np.zeros_like(weights)
        for rows, right in useful:
            scores = rows @ weights
            best = np.flatnonzero(right)[scores[right].argmax()]
            wrong = np.append(scores[~right], scores[best])
            share = np.exp(wrong - wrong.max())
            total += float(np.log(share.sum()) + wrong.max() - scores[best])
            share /= share.sum()
            slopes += share[:-1] @ rows[~right] - (1 - share[-1]) * rows[best]
        count = max(1, len(useful))
        ridge = _RIDGE * float(weights @ weights)
        return total / count + ridge, slopes / count + 2 * _RIDGE * weights

    answer: NDArray[np.float64] = minimize(loss, _FIRST, jac=True, method="L-BFGS-B").x
    return answer


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
    borders = {
        "contains": max(border(best, 9 / 10), _SURE),
        "probably": border(best, 1 / 3),
    }
    # Rounded down: one rounded up to 1 would keep every hit out of its band.
    return {name: float(np.floor(one * 1e6) / 1e6) for name, one in borders.items()}


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
