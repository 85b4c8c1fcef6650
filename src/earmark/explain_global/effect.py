"""Effects of one and of two features on every class, with their intervals and the data that they rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.explain_global.steps import Floats, Ints, Kind


@dataclass(frozen=True, eq=False)
class Effect:
    """How the scores of K classes change along one feature, in probability.

    Parameters
    ----------
    feature, kind : see ``earmark.explain_global.steps.Steps``.
    labels : K class names.
    points : P values of the feature (edges of bins, or values), or 0 … P−1 for categories.
    names : of the points, for categories.
    values : ``(K, P)``; their mean over the data is 0.
    low, high : ``(K, P)``: the interval.
    counts : rows per bin ``(P − 1,)``, or per value ``(P,)``.
    data : ``(N,)``: where the rows lie, on the axis of ``points``.
    draws : ``(D, K, P)`` float32: the curve in every draw of the bootstrap.
    """

    feature: str
    kind: Kind
    labels: tuple[str, ...]
    points: Floats
    names: tuple[str, ...]
    values: Floats
    low: Floats
    high: Floats
    counts: Ints
    data: Floats
    draws: NDArray[np.float32]

    @property
    def swing(self) -> Floats:
        """``(K,)``: largest minus smallest value of each class, a simple measure of how much the feature matters."""
        return np.asarray(self.values.max(axis=1) - self.values.min(axis=1))

    @property
    def noise(self) -> Floats:
        """``(K,)``: the mean width of the interval where it is known; a swing that is no larger says nothing."""
        width = self.high - self.low
        known = np.isfinite(width)
        total = np.where(known, width, 0.0).sum(axis=1)
        mean: Floats = np.divide(total, known.sum(axis=1), out=np.full(len(width), np.nan), where=known.any(axis=1))
        return mean

    def of(self, label: str) -> Floats:
        """``(P,)`` of one class."""
        return np.asarray(self.values[self.labels.index(label)])


def accumulate(steps: Floats, kind: Kind, counts: Ints) -> Floats:
    """From the mean change of every step ``(…, P − 1)`` to the centred curve ``(…, P)``.

    Continuous features are centred by the mean of their bins' midpoints, weighted by rows (Apley and Zhu 2020, equation
    16, as in their R package), others by the mean over the rows' values.
    """
    curve = np.concatenate([np.zeros((*steps.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
    middle = (curve[..., 1:] + curve[..., :-1]) / 2 if kind == "continuous" else curve
    centred: Floats = curve - (middle @ (counts / counts.sum()))[..., np.newaxis]
    return centred


@dataclass(frozen=True, eq=False)
class Effect2:
    """What two features do together that neither does alone, on a grid of P × Q points.

    Parameters
    ----------
    features : the two.
    labels : K class names.
    points : edges of the bins of each, ``(P,)`` and ``(Q,)``.
    values : ``(K, P, Q)``: the interaction; both main effects and the mean are taken out.
    main : ``(K, P)`` and ``(K, Q)``: the two main effects, centred.
    counts : rows in each cell ``(P − 1, Q − 1)``; the effect of an empty one is that of the nearest other.
    """

    features: tuple[str, str]
    labels: tuple[str, ...]
    points: tuple[Floats, Floats]
    values: Floats
    main: tuple[Floats, Floats]
    counts: Ints

    @property
    def swing(self) -> Floats:
        """``(K,)``: largest minus smallest value over the corners of cells that hold rows."""
        held: NDArray[np.bool_] = np.zeros(self.values.shape[1:], dtype=np.bool_)
        for i in (0, 1):
            for j in (0, 1):
                held[i : held.shape[0] - 1 + i, j : held.shape[1] - 1 + j] |= self.counts > 0
        return np.asarray(self.values[:, held].max(axis=1) - self.values[:, held].min(axis=1))

    @property
    def total(self) -> Floats:
        """``(K, P, Q)``: interaction and both main effects."""
        first, second = self.main
        return np.asarray(self.values + first[:, :, np.newaxis] + second[:, np.newaxis, :])
