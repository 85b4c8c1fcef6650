"""Partial dependence (Friedman 2001) and individual conditional expectation (Goldstein et al. 2015).

Every row is asked about every value on a grid, also about values that do not go with its other features: where features
are correlated, trust ``earmark.explain_global.ale`` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain_global.differences import BATCH_ROWS
from earmark.explain_global.steps import Floats, quantile_edges
from earmark.models.tabular import TabularClassifier, checked_rows
from earmark.resampling import bayesian_weights, percentile_ends


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """Scores along one feature.

    Parameters
    ----------
    feature : its name.
    labels : K class names.
    points : P values of the feature, quantiles of the data.
    curves : ``(n, K, P)``: one curve a row (ICE).
    mean : ``(K, P)``: their mean (partial dependence).
    low, high : ``(K, P)``: its 95 % interval by the Bayesian bootstrap of rows.
    data : ``(N,)`` values of the feature in all rows.
    """

    feature: str
    labels: tuple[str, ...]
    points: Floats
    curves: Floats
    mean: Floats
    low: Floats
    high: Floats
    data: Floats

    @property
    def centred(self) -> Floats:
        """``(n, K, P)``: the curves, each without its first value: crossing ones show interactions."""
        return np.asarray(self.curves - self.curves[:, :, :1])


def partial_dependence(
    classifier: TabularClassifier,
    rows: ArrayLike,
    features: Sequence[str] | None = None,
    *,
    points: int = 20,
    most_rows: int = 200,
    seed: int = 0,
    batch_rows: int = BATCH_ROWS,
    watch: Watch | None = None,
) -> tuple[PartialDependence, ...]:
    """Partial dependence and ICE of features, all classes from one pass.

    Parameters
    ----------
    classifier, rows, features, batch_rows, watch : as for ``earmark.explain_global.ale.ale``.
    points : at most so many values a feature.
    most_rows : rows asked, drawn without replacement where there are more.
    seed : of that draw and of the bootstrap.

    Raises
    ------
    SettingError
        If rows hold NaN, or a feature has only one value.
    UnknownNameError
        For a feature that there is none of.

    Examples
    --------
    >>> from earmark.models.tabular import from_rows_function
    >>> def half(rows):
    ...     return np.stack([rows[:, 0] / 2, 1 - rows[:, 0] / 2], axis=1)
    >>> rows = np.random.default_rng(0).random((50, 2))
    >>> found = partial_dependence(from_rows_function(half, ["up", "down"], ["x", "y"]), rows, ["x"])[0]
    >>> bool(np.allclose(found.mean[0], found.points / 2)), found.curves.shape
    (True, (50, 2, 20))
    """
    table = checked_rows(rows, classifier.features, where="rows")
    if points < 2 or most_rows < 1 or not len(table):
        raise SettingError(
            f"{points} points of {min(most_rows, len(table))} rows", remedy="Give at least 2 points and 1 row"
        )
    names = list(features) if features is not None else list(classifier.features)
    for name in names:
        if name not in classifier.features:
            raise UnknownNameError("feature", name, classifier.features)
    rng = np.random.default_rng(seed)
    asked = table if len(table) <= most_rows else table[np.sort(rng.choice(len(table), most_rows, replace=False))]
    weights = bayesian_weights(len(asked), None, 200, rng)
    weights /= weights.sum(axis=1, keepdims=True)
    watch = watch if watch is not None else Watch()
    grids = [_grid(table[:, classifier.features.index(name)], name, points) for name in names]
    watch.planned += sum(len(grid) for grid in grids) * len(asked)
    found = []
    for name, grid in zip(names, grids, strict=True):
        column = classifier.features.index(name)
        stacked = np.repeat(asked, len(grid), axis=0)
        stacked[:, column] = np.tile(grid, len(asked))
        answers = []
        for start in range(0, len(stacked), batch_rows):
            watch.before_batch()
            answers.append(classifier.scores(stacked[start : start + batch_rows]))
            watch.after_batch(len(answers[-1]))
        curves = np.concatenate(answers).reshape(len(asked), len(grid), -1).transpose(0, 2, 1)
        low, high = percentile_ends(np.tensordot(weights, curves, axes=1))
        data = table[:, column].copy()
        found.append(PartialDependence(name, classifier.labels, grid, curves, curves.mean(axis=0), low, high, data))
    return tuple(found)


def _grid(values: Floats, name: str, points: int) -> Floats:
    unique = np.unique(values)
    if len(unique) < 2:
        raise SettingError(f"has the one value {unique[0]:g} in all rows", remedy="Leave it out", where=name)
    return unique if len(unique) <= points else quantile_edges(values, points - 1)
