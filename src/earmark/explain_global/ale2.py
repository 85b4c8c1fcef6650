"""Accumulated local effects of second order (Apley and Zhu 2020, section 3.2): what two features do only together.

The plane is cut into cells by the bins of both features. Every row is asked four times, at the corners of its own cell;
the mean second difference of each cell is accumulated along both features, then the main effects that are left in it
and its mean are taken out (equations 19 to 21, as in the authors' R package). All classes come from one pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain_global.differences import BATCH_ROWS, differences
from earmark.explain_global.effect import Effect2, accumulate
from earmark.explain_global.steps import Floats, Ints, Steps, steps_of
from earmark.models.tabular import TabularClassifier, checked_rows


def ale2(
    classifier: TabularClassifier,
    rows: ArrayLike,
    pairs: Sequence[tuple[str, str]],
    *,
    bins: int = 10,
    batch_rows: int = BATCH_ROWS,
    watch: Watch | None = None,
) -> tuple[Effect2, ...]:
    """Interactions of pairs of features on every class's probability.

    Parameters
    ----------
    classifier, rows, batch_rows, watch : as for ``earmark.explain_global.ale.ale``.
    pairs : of names of features.
    bins : at most so many per feature; every feature is taken as continuous.

    Raises
    ------
    SettingError
        If a pair is one feature twice, and as for ``ale``.
    UnknownNameError
        For a feature that there is none of.

    Examples
    --------
    >>> from earmark.models.tabular import from_rows_function
    >>> def product(rows):
    ...     return np.stack([rows[:, 0] * rows[:, 1], 1 - rows[:, 0] * rows[:, 1]], axis=1)
    >>> rows = np.random.default_rng(0).random((300, 2))
    >>> found = ale2(from_rows_function(product, ["up", "down"], ["x", "y"]), rows, [("x", "y")])[0]
    >>> bool(np.allclose(found.values[0], -found.values[1])), found.values.shape
    (True, (2, 11, 11))
    """
    table = checked_rows(rows, classifier.features, where="rows")
    if not len(table):
        raise SettingError("no rows", remedy="Give the rows of a data set", where="rows")
    watch = watch if watch is not None else Watch()
    for pair in pairs:
        for name in pair:
            if name not in classifier.features:
                raise UnknownNameError("feature", name, classifier.features)
        if pair[0] == pair[1]:
            raise SettingError(f"{pair[0]} with itself", remedy="Name two different features", where="pairs")
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    steps = {
        name: steps_of(table, classifier.features, classifier.features.index(name), bins=bins, kind="continuous")
        for name in names
    }
    changes = differences(classifier, table, list(steps.values()), batch_rows=batch_rows, watch=watch)
    main = {name: _main(steps[name], change) for name, change in zip(names, changes, strict=True)}
    watch.planned += 4 * len(table) * len(pairs)
    found = []
    for first, second in pairs:
        seconds = _second_differences(classifier, table, steps[first], steps[second], batch_rows, watch)
        values, counts = interaction(seconds, steps[first], steps[second])
        points = (steps[first].points, steps[second].points)
        found.append(Effect2((first, second), classifier.labels, points, values, (main[first], main[second]), counts))
    return tuple(found)


def interaction(seconds: Floats, first: Steps, second: Steps) -> tuple[Floats, Ints]:
    """Values ``(K, P, Q)`` and rows per cell from the second differences of the rows, ``(N, K)``."""
    p, q, k = first.n_steps, second.n_steps, seconds.shape[1]
    cell = first.step * q + second.step
    counts = np.bincount(cell, minlength=p * q)
    sums = np.stack([np.bincount(cell, weights=column, minlength=p * q) for column in seconds.T])
    means = np.divide(sums, counts, out=np.zeros((k, p * q)), where=counts > 0)
    means = means[:, _nearest(counts, first.points, second.points)].reshape(k, p, q)
    counts = counts.reshape(p, q)
    values = np.zeros((k, p + 1, q + 1))
    values[:, 1:, 1:] = means.cumsum(axis=1).cumsum(axis=2)
    along_first = np.diff(values, axis=1)
    along_second = np.diff(values, axis=2)
    left_first = _weighted((along_first[:, :, 1:] + along_first[:, :, :-1]) / 2, counts, axis=2)
    left_second = _weighted((along_second[:, 1:] + along_second[:, :-1]) / 2, counts, axis=1)
    values[:, 1:] -= left_first.cumsum(axis=1)[:, :, np.newaxis]
    values[:, :, 1:] -= left_second.cumsum(axis=1)[:, np.newaxis, :]
    middle = (values[:, 1:, 1:] + values[:, 1:, :-1] + values[:, :-1, 1:] + values[:, :-1, :-1]) / 4
    values -= ((middle * counts).sum(axis=(1, 2)) / counts.sum())[:, np.newaxis, np.newaxis]
    return values, counts


def _weighted(middles: Floats, counts: Ints, axis: int) -> Floats:
    # Every bin of one feature holds rows, so no sum is 0.
    return np.asarray((middles * counts).sum(axis=axis) / counts.sum(axis=axis - 1))


def _nearest(counts: Ints, first: Floats, second: Floats) -> Ints:
    """For each cell the nearest that holds rows (itself, if it does), by middles on axes of length 1."""
    middles = [(points[1:] + points[:-1]) / 2 / (points[-1] - points[0]) for points in (first, second)]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*middles, indexing="ij")], axis=1)
    held = np.flatnonzero(counts)
    apart = ((grid[:, np.newaxis] - grid[held][np.newaxis]) ** 2).sum(axis=2)
    found: Ints = held[apart.argmin(axis=1)]
    found[held] = held
    return found


def _main(steps: Steps, change: Floats) -> Floats:
    sums = np.stack([np.bincount(steps.step, weights=column, minlength=steps.n_steps) for column in change.T])
    return accumulate(sums / steps.counts, "continuous", steps.counts)


def _second_differences(
    classifier: TabularClassifier, table: Floats, first: Steps, second: Steps, batch_rows: int, watch: Watch
) -> Floats:
    ends = []
    # Both have one step a row, in the order of the rows.
    for one in (first.low, first.high):
        for other in (second.low, second.high):
            corner = table.copy()
            corner[:, first.columns], corner[:, second.columns] = one, other
            ends.append(corner)
    stacked = np.concatenate(ends)
    answers = []
    for start in range(0, len(stacked), batch_rows):
        watch.before_batch()
        answers.append(classifier.scores(stacked[start : start + batch_rows]))
        watch.after_batch(len(answers[-1]))
    low_low, low_high, high_low, high_high = np.concatenate(answers).reshape(4, len(table), -1)
    change: Floats = (high_high - high_low) - (low_high - low_low)
    return change
