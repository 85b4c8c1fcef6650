"""LIME as audioLIME does it, written out: a masked clip is the sum of its components, and every sum is scored whole.

Haunschmid, Manilow & Widmer (2020), and lime's ``lime_base`` for the regression: random masks, the first of them all
ones; √exp(−d²/w²) of the cosine distance; ridge regression with penalty 1, one label after another.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

Floats = NDArray[np.float64]


def audiolime(
    components: NDArray[np.float32],
    predict: Callable[[NDArray[np.float32]], Floats],
    samples: int,
    *,
    seed: int,
    batch: int = 16,
    width: float = 0.25,
) -> Floats:
    """Coefficients ``(K, n)`` from component waveforms ``(n, samples)`` and ``predict(waveforms) -> (B, K)``."""
    rng = np.random.RandomState(seed)
    data = rng.randint(0, 2, samples * len(components)).reshape(samples, len(components))
    data[0] = 1
    labels, mixes = [], []
    for row in data:
        mixes.append(sum((components[i] for i in np.flatnonzero(row)), np.zeros_like(components[0])))
        if len(mixes) == batch:
            labels.append(predict(np.array(mixes)))
            mixes = []
    if mixes:
        labels.append(predict(np.array(mixes)))
    scores = np.concatenate(labels)
    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    weights = np.sqrt(np.exp(-(distances**2) / width**2))
    fits = [Ridge(alpha=1).fit(data, column, sample_weight=weights).coef_ for column in scores.T]
    return np.array(fits)
