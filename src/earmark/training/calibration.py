"""Temperature scaling: one number, found on validation sounds, that makes a classifier as sure as it should be.

Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2. They divide the
logits; here the logarithm of the probabilities is divided, which for a softmax is the same and works for the mean of
several slices too. Which class is the most probable never changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from earmark.training.scores import negative_log_likelihood

Floats = NDArray[np.float64]
RANGE = (1 / 20, 20.0)
"""Where the temperature is looked for: where all is right, no finite one is best, and the lower end is returned."""

_TINY = 1e-12


def temperature(probabilities: ArrayLike, truth: ArrayLike, *, items: ArrayLike | None = None) -> float:
    """The temperature in ``RANGE`` with the least negative log-likelihood.

    Parameters
    ----------
    probabilities : ``(N, K)`` of validation sounds, or of their slices.
    truth : places of the sounds' classes.
    items : of slices: the sound that each belongs to, counted from 0; what is judged is then the mean over the slices
        of a sound, each of them with the temperature.

    Examples
    --------
    >>> p = np.array([[0.99, 0.01]] * 10)
    >>> temperature(p, [0] * 7 + [1] * 3) > 1  # surer than right
    True
    """
    p, t = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    of = np.arange(len(p)) if items is None else np.asarray(items, dtype=np.int64)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(mean_by_item(with_temperature(p, float(np.exp(log_t))), of), t),
        bounds=(np.log(RANGE[0]), np.log(RANGE[1])),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def with_temperature(probabilities: ArrayLike, value: float) -> Floats:
    """Probabilities ``(N, K)`` whose logarithms were divided by ``value``, normalised again."""
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _TINY)) / value
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    scaled: Floats = raised / raised.sum(axis=1, keepdims=True)
    return scaled


def mean_by_item(probabilities: ArrayLike, items: ArrayLike) -> Floats:
    """The mean over the slices of each item, ``(items, K)``; items are counted from 0 and each has a slice."""
    p, of = np.asarray(probabilities, dtype=np.float64), np.asarray(items, dtype=np.int64)
    sums = np.zeros((int(of.max()) + 1, p.shape[1]))
    np.add.at(sums, of, p)
    means: Floats = sums / np.bincount(of)[:, None]
    return means
