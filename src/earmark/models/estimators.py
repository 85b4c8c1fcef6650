"""Classifiers of scikit-learn as named recipes: standardisation, then the estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError
from earmark.models.recipe import Recipe
from earmark.models.tabular import checked_rows
from earmark.registry import Registry


class Maker(Protocol):
    """Makes one kind of estimator, unfitted."""

    def __call__(self, settings: Mapping[str, object], seed: int) -> Any:
        """The estimator; settings override its usual ones."""
        ...


ESTIMATORS: Registry[Maker] = Registry("estimator")
ESTIMATORS.add("logreg", "earmark.models.estimators:logreg", "logistic regression", extra="train")
ESTIMATORS.add("svm", "earmark.models.estimators:svm", "support vectors, RBF kernel, calibrated", extra="train")
ESTIMATORS.add("random_forest", "earmark.models.estimators:random_forest", "500 random trees", extra="train")
ESTIMATORS.add(
    "hist_gradient_boosting",
    "earmark.models.estimators:hist_gradient_boosting",
    "boosted trees on binned columns",
    extra="train",
)

_DESCRIPTORS = "full"
LOGREG = Recipe("logreg", kind="estimator", descriptors=_DESCRIPTORS)
SVM = Recipe("svm", kind="estimator", descriptors=_DESCRIPTORS)
RANDOM_FOREST = Recipe("random_forest", kind="estimator", descriptors=_DESCRIPTORS)
HIST_GRADIENT_BOOSTING = Recipe("hist_gradient_boosting", kind="estimator", descriptors=_DESCRIPTORS)

# Platt's calibration of the SVM is fitted on this many folds of the training rows.
_FOLDS = 5


def build_estimator(name: str, settings: Mapping[str, object] | None = None, *, seed: int = 0) -> Any:
    """A pipeline of standardisation and the estimator, unfitted.

    Parameters
    ----------
    name : in ``ESTIMATORS``.
    settings : of the estimator itself, as scikit-learn names them, such as ``{"C": 10.0}``.
    seed : of those that draw.

    Raises
    ------
    UnknownNameError
        If there is no such estimator.
    SettingError
        If scikit-learn is not installed, or the estimator has no such setting.
    """
    make = ESTIMATORS.get(name)
    try:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), make(settings or {}, seed))
    except ModuleNotFoundError as error:
        raise SettingError(
            f"{name} needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[train]'",
        ) from error
    except TypeError as error:
        raise SettingError(
            f"no such setting ({error})", remedy="Use the names of scikit-learn's parameters", where=name
        ) from error


def fit_estimator(
    name: str,
    rows: ArrayLike,
    labels: Sequence[str],
    features: Sequence[str],
    *,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Any:
    """Build and fit; ``classes_`` are then the label names in alphabetical order.

    Parameters
    ----------
    rows : ``(N, F)``.
    labels : N class names.
    features : F column names, for messages.
    name, settings, seed : as for ``build_estimator``.

    Raises
    ------
    SettingError
        If there are fewer than two classes, a number is not finite, a class is too small for the estimator, or a
        setting is out of range.
    """
    table = checked_rows(rows, features, where=name)
    names: NDArray[np.str_] = np.asarray(labels, dtype=np.str_)
    if len(names) != len(table):
        raise SettingError(f"{len(names)} labels for {len(table)} rows", remedy="Give one label per row", where=name)
    found, counts = np.unique(names, return_counts=True)
    if len(found) < 2:
        raise SettingError(f"{len(found)} class to learn", remedy="Give sounds of at least two classes", where=name)
    if name == "svm" and counts.min() < _FOLDS:
        raise SettingError(
            f"class {found[counts.argmin()]} has {counts.min()} training sounds, the calibration of the svm needs "
            f"{_FOLDS}",
            remedy="Use logreg, or add sounds of that class",
            where=name,
        )
    estimator = build_estimator(name, settings, seed=seed)
    try:
        return estimator.fit(table, names)
    except ValueError as error:
        raise SettingError(
            f"scikit-learn refuses to fit it ({error})", remedy="Change that setting", where=name
        ) from error


def logreg(settings: Mapping[str, object], seed: int) -> Any:
    """Multinomial logistic regression, L2."""
    from sklearn.linear_model import LogisticRegression

    usual: dict[str, object] = {"C": 1.0, "max_iter": 5000, "random_state": seed}
    return LogisticRegression(**{**usual, **settings})


def svm(settings: Mapping[str, object], seed: int) -> Any:
    """Support vector machine with an RBF kernel; probabilities by Platt's sigmoid on held-out folds."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    usual: dict[str, object] = {"C": 10.0, "gamma": "scale", "random_state": seed}
    return CalibratedClassifierCV(SVC(**{**usual, **settings}), ensemble=False, cv=_FOLDS)


def random_forest(settings: Mapping[str, object], seed: int) -> Any:
    """Random forest of 500 trees."""
    from sklearn.ensemble import RandomForestClassifier

    usual: dict[str, object] = {"n_estimators": 500, "random_state": seed}
    return RandomForestClassifier(**{**usual, **settings})


def hist_gradient_boosting(settings: Mapping[str, object], seed: int) -> Any:
    """Gradient boosting on histograms, without early stopping (its hold-out would not know about groups)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    usual: dict[str, object] = {"early_stopping": False, "random_state": seed}
    return HistGradientBoostingClassifier(**{**usual, **settings})
