"""The local steps of an effect: which rows take which step of a feature, from which value to which.

An accumulated local effect asks every row only about values near its own: its bin's lower and upper edge, or the values
before and after its own. What ``earmark.explain_global.differences`` answers for these steps is then averaged per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["continuous", "discrete", "categorical"]

# A feature with so few values, absolutely or beside the number of rows, is taken value by value (as in PyALE).
_FEW_VALUES, _FEW_SHARE = 10, 0.002


@dataclass(frozen=True, eq=False)
class Steps:
    """M steps of one feature.

    Parameters
    ----------
    feature : its name.
    kind : "continuous" (bins), "discrete" (values in numerical order), "categorical" (values in a given order).
    columns : the columns of the table that it fills; several for a category written as one column a value.
    points : the P values between which steps lead: edges of bins, values, or 0 … P−1 for categories.
    names : of the points, for categories.
    rows : ``(M,)``: the row that takes a step.
    step : ``(M,)``: which step, 0 … P−2.
    low, high : ``(M, columns)``: what the step changes the row's columns to, before and after.
    counts : rows per bin, ``(P − 1,)``, for continuous features, else per value, ``(P,)``.
    """

    feature: str
    kind: Kind
    columns: tuple[int, ...]
    points: Floats
    names: tuple[str, ...]
    rows: Ints
    step: Ints
    low: Floats
    high: Floats
    counts: Ints

    @property
    def n_steps(self) -> int:
        """P − 1."""
        return len(self.points) - 1


def steps_of(table: Floats, features: Sequence[str], column: int, *, bins: int = 20, kind: str = "auto") -> Steps:
    """The steps of one column of numbers.

    Parameters
    ----------
    table : ``(N, F)``, finite.
    features : names of the columns.
    column : which one.
    bins : at most so many bins of equally many rows (fewer where quantiles coincide).
    kind : "continuous", "discrete", or "auto": discrete with up to 10 values, or with one a 500 rows.

    Raises
    ------
    SettingError
        If the column has one value only, there are fewer rows than bins, or kind is something else.
    """
    name, values = features[column], table[:, column]
    unique, codes = np.unique(values, return_inverse=True)
    if len(unique) < 2:
        raise SettingError(
            f"has the one value {unique[0] + 0.0:g} in all {len(values)} rows, so nothing can be said about its effect",
            remedy="Leave it out, or give rows in which it varies",
            where=name,
        )
    if kind == "auto":
        few = len(unique) <= _FEW_VALUES or len(unique) / len(values) <= _FEW_SHARE
        kind = "discrete" if few else "continuous"
    if kind == "discrete":
        return _by_value(name, (column,), unique, (), codes, unique[:, np.newaxis], "discrete")
    if kind != "continuous":
        raise SettingError(f"unknown kind {kind!r}", remedy="Use auto, continuous or discrete", where=name)
    if bins < 2:
        raise SettingError(f"{bins} bins", remedy="Give at least 2", where="bins")
    if len(values) < bins:
        raise SettingError(f"{len(values)} rows for {bins} bins", remedy="Give fewer bins, or more rows", where=name)
    edges = quantile_edges(values, bins)
    # Bins are (a, b], the first one [a, b]; an edge is a value of the data, so none is empty.
    place = np.maximum(np.searchsorted(edges, values, side="left") - 1, 0)
    counts = np.bincount(place, minlength=len(edges) - 1)
    at = np.arange(len(values))
    low, high = edges[place][:, np.newaxis], edges[place + 1][:, np.newaxis]
    return Steps(name, "continuous", (column,), edges, (), at, place, low, high, counts)


def category_steps(name: str, columns: Sequence[int], codes: Ints, names: Sequence[str], written: Floats) -> Steps:
    """The steps of a category, in the order of its names.

    Parameters
    ----------
    columns : that it fills.
    codes : ``(N,)``: place in ``names`` of each row.
    names : of the P values, in the order in which steps are taken.
    written : ``(P, columns)``: what each value is written as.

    Raises
    ------
    SettingError
        If only one of the values occurs.
    """
    present = np.unique(codes)
    if len(present) < 2:
        raise SettingError(
            "has one value in all rows, so nothing can be said about its effect", remedy="Leave it out", where=name
        )
    codes = np.searchsorted(present, codes)
    shown = tuple(names[place] for place in present)
    points = np.arange(len(present), dtype=np.float64)
    return _by_value(name, tuple(columns), points, shown, codes, written[present], "categorical")


def quantile_edges(values: Floats, bins: int) -> Floats:
    """Distinct edges at the quantiles 0, 1/bins, … 1: values of the data itself (R's type 1 in PyALE's reading).

    Examples
    --------
    >>> quantile_edges(np.arange(9.0), 4)
    array([0., 1., 3., 5., 8.])
    """
    ordered = np.sort(values)
    place = (len(ordered) - 1) * np.linspace(0, 1, bins + 1)
    whole = place.astype(np.int64)
    # A quantile that falls on a value takes the one before it.
    chosen = ordered[np.where(place == whole, np.maximum(whole - 1, 0), whole)]
    chosen[0], chosen[-1] = ordered[0], ordered[-1]
    return np.unique(chosen)


def _by_value(
    name: str,
    columns: tuple[int, ...],
    points: Floats,
    names: tuple[str, ...],
    codes: Ints,
    written: Floats,
    kind: Kind,
) -> Steps:
    """Every row goes to the value after its own, and comes from the value before it."""
    up, down = np.flatnonzero(codes < len(points) - 1), np.flatnonzero(codes > 0)
    rows, step = np.concatenate([up, down]), np.concatenate([codes[up], codes[down] - 1])
    counts = np.bincount(codes, minlength=len(points))
    return Steps(name, kind, columns, points, names, rows, step, written[step], written[step + 1], counts)
