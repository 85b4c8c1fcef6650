"""Accumulated local effects of single features (Apley and Zhu 2020), all classes from one pass.

A feature's range is cut into bins of equally many rows. Every row is asked twice, with the feature at the lower and at
the upper edge of its own bin; the mean change in each bin is accumulated and centred. Rows are never moved far from
where they are, so correlated features do not lead to sounds that cannot be, as with partial dependence.

Equal to PyALE 1.2 in bins, centring and, with ``interval="t"``, intervals. Those are of the last step alone; ours of
the bootstrap are of the whole curve: errors of the steps before, and of the centring, are in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain_global.categories import Category, order_by_similarity
from earmark.explain_global.differences import BATCH_ROWS, differences
from earmark.explain_global.effect import Effect, accumulate
from earmark.explain_global.steps import Floats, Steps, category_steps, steps_of
from earmark.models.tabular import TabularClassifier, checked_rows
from earmark.resampling import bayesian_weights, percentile_ends

Interval = Literal["bootstrap", "t"]


@dataclass(frozen=True)
class AleSettings:
    """How effects are computed.

    Parameters
    ----------
    bins : at most so many per feature.
    kinds : feature → "continuous" or "discrete"; by default by the number of its values.
    categories : features that are categories.
    interval : "bootstrap" (of rows or groups, Bayesian: Rubin 1981) or "t" (of each step alone, as PyALE).
    confidence : of the intervals.
    draws : of the bootstrap.
    """

    bins: int = 20
    kinds: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[Category, ...] = ()
    interval: Interval = "bootstrap"
    confidence: float = 0.95
    draws: int = 200

    def __post_init__(self) -> None:
        if self.interval not in ("bootstrap", "t"):
            raise UnknownNameError("interval", self.interval, ("bootstrap", "t"))
        if not 0 < self.confidence < 1:
            raise SettingError(f"confidence {self.confidence:g}", remedy="Give one between 0 and 1", where="confidence")
        if self.draws < 20:
            raise SettingError(f"{self.draws} draws", remedy="Give at least 20", where="draws")


def ale(
    classifier: TabularClassifier,
    rows: ArrayLike,
    features: Sequence[str] | None = None,
    *,
    settings: AleSettings | None = None,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    batch_rows: int = BATCH_ROWS,
    watch: Watch | None = None,
) -> tuple[Effect, ...]:
    """Accumulated local effects of features on every class's probability.

    Parameters
    ----------
    classifier : see ``earmark.models.tabular``.
    rows : ``(N, F)``, finite, in the order of ``classifier.features``.
    features : names of features and categories; all by default.
    settings : bins, categories, intervals.
    groups : N names, such as tracks: rows of one group are drawn together.
    seed : of the bootstrap.
    batch_rows : rows per call of the classifier.
    watch : progress and cancellation.

    Raises
    ------
    SettingError
        If rows are missing, hold NaN or infinity, are fewer than the bins, or a feature has only one value.
    UnknownNameError
        For a feature that there is none of.
    ScoresError
        If the classifier fails.

    Examples
    --------
    >>> from earmark.models.tabular import from_rows_function
    >>> def half(rows):
    ...     return np.stack([rows[:, 0] / 2, 1 - rows[:, 0] / 2], axis=1)
    >>> rows = np.random.default_rng(0).random((100, 2))
    >>> effect, other = ale(from_rows_function(half, ["up", "down"], ["x", "y"]), rows)
    >>> bool(np.allclose(np.diff(effect.of("up")), np.diff(effect.points) / 2)), float(other.swing.max())
    (True, 0.0)
    """
    settings = settings if settings is not None else AleSettings()
    table = checked_rows(rows, classifier.features, where="rows")
    if not len(table):
        raise SettingError("no rows", remedy="Give the rows of a data set", where="rows")
    if groups is not None and len(groups) != len(table):
        raise SettingError(f"{len(groups)} groups for {len(table)} rows", remedy="Name one a row", where="groups")
    steps = [_steps(table, classifier.features, name, settings) for name in _chosen(classifier, features, settings)]
    changes = differences(classifier, table, steps, batch_rows=batch_rows, watch=watch)
    weights = bayesian_weights(len(table), groups, settings.draws, np.random.default_rng(seed))
    return tuple(
        _effect(each, change, classifier.labels, _data(each, table), weights, settings)
        for each, change in zip(steps, changes, strict=True)
    )


def _chosen(classifier: TabularClassifier, features: Sequence[str] | None, settings: AleSettings) -> list[str]:
    categories = {category.name: category for category in settings.categories}
    taken = {column for category in settings.categories for column in category.columns}
    for column in taken:
        if column not in classifier.features:
            raise UnknownNameError("feature", column, classifier.features)
    known = [*(name for name in classifier.features if name not in taken), *categories]
    for name in (*(features or ()), *settings.kinds):
        if name not in known:
            raise UnknownNameError("feature", name, known)
    chosen = list(dict.fromkeys(features)) if features is not None else known
    if not chosen:
        raise SettingError("no features", remedy="Name at least one", where="features")
    return chosen


def _steps(table: Floats, features: Sequence[str], name: str, settings: AleSettings) -> Steps:
    category = next((category for category in settings.categories if category.name == name), None)
    if category is None:
        kind = settings.kinds.get(name, "auto")
        return steps_of(table, features, features.index(name), bins=settings.bins, kind=kind)
    columns = [features.index(column) for column in category.columns]
    codes = category.codes(table[:, columns])
    written = np.array(category.written, dtype=np.float64)
    order = np.arange(len(category.values))
    if not category.ordered:
        present = np.unique(codes)
        order = present[order_by_similarity(np.delete(table, columns, axis=1), np.searchsorted(present, codes))]
    rank = np.full(len(category.values), -1)
    rank[order] = np.arange(len(order))
    return category_steps(name, columns, rank[codes], [category.values[v] for v in order], written[order])


def _data(steps: Steps, table: Floats) -> Floats:
    if steps.kind != "categorical":
        return table[:, steps.columns[0]].copy()
    return np.repeat(steps.points, steps.counts)


def _effect(
    steps: Steps, change: Floats, labels: tuple[str, ...], data: Floats, weights: Floats, settings: AleSettings
) -> Effect:
    order = np.argsort(steps.step, kind="stable")
    borders = np.searchsorted(steps.step[order], np.arange(steps.n_steps + 1))
    means = np.empty((change.shape[1], steps.n_steps))
    drawn = np.empty((len(weights), *means.shape))
    errors = np.full(means.shape, np.nan)
    for step in range(steps.n_steps):
        mine = order[borders[step] : borders[step + 1]]
        some = change[mine]
        means[:, step] = some.mean(axis=0)
        shares = weights[:, steps.rows[mine]]
        drawn[:, :, step] = (shares @ some) / shares.sum(axis=1, keepdims=True)
        if len(mine) > 1:
            scale = stats.t.ppf((1 + settings.confidence) / 2, len(mine) - 1)
            errors[:, step] = scale * some.std(axis=0, ddof=1) / np.sqrt(len(mine))
    values = accumulate(means, steps.kind, steps.counts)
    draws = accumulate(drawn, steps.kind, steps.counts)
    if settings.interval == "t":
        # The first point is no step's end: nothing is known about it alone.
        half = np.concatenate([np.full((len(means), 1), np.nan), errors], axis=1)
        low, high = values - half, values + half
    else:
        low, high = percentile_ends(draws, settings.confidence)
    return Effect(
        steps.feature, steps.kind, labels, steps.points, steps.names, values, low, high, steps.counts, data,
        draws.astype(np.float32),
    )  # fmt: skip
