"""Intervals by resampling: what each row counts in a draw, and the ends between which most draws lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def percentile_ends(draws: Floats, level: float = 0.95, *, axis: int = 0) -> tuple[Floats, Floats]:
    """Both ends of the middle ``level`` of draws along an axis (percentile bootstrap: Efron & Tibshirani 1993).

    Draws that are NaN are left out; where all are, so are the ends.

    Examples
    --------
    >>> low, high = percentile_ends(np.arange(101.0), 0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    tail = (1 - level) / 2
    known = ~np.isnan(draws)
    if known.all():
        low, high = np.quantile(draws, [tail, 1 - tail], axis=axis)
        return low, high
    some = known.any(axis=axis, keepdims=True)
    low, high = np.nanquantile(np.where(some, draws, 0.0), [tail, 1 - tail], axis=axis)
    nothing = ~np.squeeze(some, axis=axis)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def bayesian_weights(rows: int, groups: Sequence[str] | None, draws: int, rng: np.random.Generator) -> Floats:
    """What each row counts in each draw, ``(draws, rows)``: never nothing, so no bin is ever empty (Rubin 1981).

    Parameters
    ----------
    rows : how many.
    groups : a name a row, such as its track; rows of one group count the same. None: each row is one.
    draws : how many.
    rng : of the weights, which are exponential with mean 1.
    """
    if groups is None:
        return rng.standard_exponential((draws, rows))
    _, place = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    return rng.standard_exponential((draws, int(place.max()) + 1))[:, place]
