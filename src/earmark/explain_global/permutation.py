"""Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): what a feature is worth.

The values of a feature, or of several together, are exchanged between rows; what the classifier loses is the
importance. Of two correlated features each can stand in for the other, and both look unimportant alone: permute them
together (``earmark.explain_global.units``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import CapabilityError, SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain_global.differences import BATCH_ROWS
from earmark.explain_global.steps import Floats, Ints
from earmark.explain_global.units import single_units
from earmark.models.tabular import TabularClassifier, checked_rows, from_estimator
from earmark.resampling import bayesian_weights, percentile_ends

MEASURES = ("log_loss", "accuracy")
RANDOM = "random numbers"
# Probabilities are kept this far from 0 in the logarithm: a forest says 0 where no tree says otherwise.
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Importance:
    """What the classifier loses when the features of a unit are permuted.

    Parameters
    ----------
    name, features : of the unit.
    measure : "log_loss" (rise, nats) or "accuracy" (drop).
    value, low, high : mean over rows and repeats, and its 95 % interval (Bayesian bootstrap of rows or groups).
    spread : standard deviation over the repeats.
    classes : ``(K,)``: the same mean over the rows of each class.
    """

    name: str
    features: tuple[str, ...]
    measure: str
    value: float
    low: float
    high: float
    spread: float
    classes: Floats


def permutation_importance(
    classifier: TabularClassifier,
    rows: ArrayLike,
    labels: Sequence[str],
    units: Mapping[str, Sequence[str]] | None = None,
    *,
    measure: str = "log_loss",
    repeats: int = 10,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    batch_rows: int = BATCH_ROWS,
    watch: Watch | None = None,
) -> tuple[Importance, ...]:
    """Importance of units of features, the most important first.

    Parameters
    ----------
    classifier : see ``earmark.models.tabular``.
    rows : ``(N, F)``; rows that it has not learnt from, or the figures say what it remembers.
    labels : N class names.
    units : name → features that are permuted together; each feature alone by default.
    measure : of ``MEASURES``.
    repeats : permutations of each unit.
    groups : N names, such as tracks, that are drawn together for the interval.
    seed : of permutations and bootstrap.
    batch_rows, watch : as for ``earmark.explain_global.ale.ale``.

    Raises
    ------
    SettingError
        If a class has no rows, the lengths do not fit, or repeats are below 1.
    UnknownNameError
        For a measure, feature or label that there is none of.
    """
    table = checked_rows(rows, classifier.features, where="rows")
    truth = _truth(labels, classifier.labels, len(table))
    if measure not in MEASURES:
        raise UnknownNameError("measure", measure, MEASURES)
    if repeats < 1:
        raise SettingError(f"{repeats} repeats", remedy="Give at least 1", where="repeats")
    if groups is not None and len(groups) != len(table):
        raise SettingError(f"{len(groups)} groups for {len(table)} rows", remedy="Name one a row", where="groups")
    units = units if units is not None else single_units(classifier.features)
    columns = {name: _columns(features, classifier.features) for name, features in units.items()}
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(len(table)) for _ in range(repeats)])
    weights = bayesian_weights(len(table), groups, 1000, rng)
    weights /= weights.sum(axis=1, keepdims=True)
    watch = watch if watch is not None else Watch()
    watch.planned += len(table) * (1 + repeats * len(columns))
    before = _losses(classifier, table, truth, measure, batch_rows, watch)
    found = []
    for name, places in columns.items():
        permuted = np.tile(table, (repeats, 1))
        permuted[:, places] = table[orders.ravel()][:, places]
        after = _losses(classifier, permuted, np.tile(truth, repeats), measure, batch_rows, watch)
        rise = after.reshape(repeats, -1) - before
        each = rise.mean(axis=0)
        low, high = percentile_ends(weights @ each)
        classes = np.array([each[truth == k].mean() for k in range(len(classifier.labels))])
        spread = float(rise.mean(axis=1).std(ddof=1)) if repeats > 1 else 0.0
        found.append(
            Importance(name, tuple(units[name]), measure, float(each.mean()), float(low), float(high), spread, classes)
        )
    return tuple(sorted(found, key=lambda each: -each.value))


def random_baseline(
    estimator: Any,
    rows: ArrayLike,
    labels: Sequence[str],
    learns: NDArray[np.bool_],
    features: Sequence[str],
    *,
    measure: str = "log_loss",
    repeats: int = 10,
    seed: int = 0,
) -> Importance:
    """Importance of a column of random numbers for a copy of the estimator that learnt with it: nothing below counts.

    Parameters
    ----------
    estimator : of scikit-learn; it is copied unfitted.
    rows, labels : of the data.
    learns : ``(N,)``: rows that the copy learns from; the others judge.
    features : names of the columns.
    measure, repeats, seed : as for ``permutation_importance``.

    Raises
    ------
    CapabilityError
        If the estimator cannot be copied.
    """
    table = checked_rows(rows, features, where="rows")
    try:
        from sklearn.base import clone

        copy = clone(estimator)
    except (ImportError, TypeError) as error:
        raise CapabilityError(
            f"cannot be fitted again ({error})", remedy="Leave the baseline out", where=type(estimator).__name__
        ) from error
    noise = np.random.default_rng(seed).standard_normal((len(table), 1))
    wider = np.concatenate([table, noise], axis=1)
    names = np.asarray(labels, dtype=np.str_)
    fitted = from_estimator(copy.fit(wider[learns], names[learns]), features=[*features, RANDOM])
    judged = [str(name) for name in names[~learns]]
    unit = {RANDOM: (RANDOM,)}
    return permutation_importance(fitted, wider[~learns], judged, unit, measure=measure, repeats=repeats, seed=seed)[0]


def _truth(labels: Sequence[str], known: tuple[str, ...], n: int) -> Ints:
    if len(labels) != n or not n:
        raise SettingError(f"{len(labels)} labels for {n} rows", remedy="Give one label a row", where="labels")
    place = {label: index for index, label in enumerate(known)}
    for label in labels:
        if label not in place:
            raise UnknownNameError("label", label, known)
    missing = [label for label in known if label not in set(labels)]
    if missing:
        raise SettingError(
            f"the class {missing[0]!r} has no clips among the {n} rows",
            remedy="Add some of every class, or use a model of fewer classes",
            where="labels",
        )
    return np.array([place[label] for label in labels], dtype=np.int64)


def _columns(features: Sequence[str], known: tuple[str, ...]) -> list[int]:
    for name in features:
        if name not in known:
            raise UnknownNameError("feature", name, known)
    return [known.index(name) for name in features]


def _losses(
    classifier: TabularClassifier, table: Floats, truth: Ints, measure: str, batch_rows: int, watch: Watch
) -> Floats:
    answers = []
    for start in range(0, len(table), batch_rows):
        watch.before_batch()
        answers.append(classifier.scores(table[start : start + batch_rows]))
        watch.after_batch(len(answers[-1]))
    scores = np.concatenate(answers)
    if measure == "accuracy":
        return np.asarray(scores.argmax(axis=1) != truth, dtype=np.float64)
    return np.asarray(-np.log(np.maximum(scores[np.arange(len(table)), truth], _LEAST)))
