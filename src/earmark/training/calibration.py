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


def temperature(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """The temperature in ``RANGE`` with the least negative log-likelihood.

    Parameters
    ----------
    probabilities : ``(N, K)`` of validation sounds.
    truth : places of their classes, ``(N,)``.

    Examples
    --------
    >>> p = np.array([[0.99, 0.01]] * 10)
    >>> temperature(p, [0] * 7 + [1] * 3) > 1  # surer than right
    True
    """
    p, t = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(with_temperature(p, float(np.exp(log_t))), t),
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
