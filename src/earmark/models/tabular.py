"""Classifiers of rows of numbers: descriptors of a sound (MFCC means, chroma, tempo, …) instead of the sound itself.

It is no ``Classifier``: that one takes waveforms. Rows are explained by ``earmark.explain.tabular.explain_row``.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import CapabilityError, EarmarkError, ScoresError, SettingError
from earmark.models.classifier import Activation
from earmark.models.scores import checked_scores

Floats = NDArray[np.float64]
RowsFunction = Callable[[Floats], ArrayLike]


@dataclass(frozen=True, eq=False)
class TabularClassifier:
    """Rows in, probabilities out; made by ``from_estimator`` or ``from_rows_function``.

    Parameters
    ----------
    function : rows ``(B, F)`` → probabilities ``(B, K)``; every answer is checked.
    name : what to call it in reports.
    labels : K class names.
    features : F names of the columns.
    activation : "softmax" where the probabilities of a row sum to 1, "sigmoid" where each label is for itself.
    fingerprint : sha256 of what is known; see the makers.
    estimator : the fitted scikit-learn estimator, where there is one. It is never pickled.
    """

    function: RowsFunction
    name: str
    labels: tuple[str, ...]
    features: tuple[str, ...]
    activation: Activation
    fingerprint: str
    estimator: Any = None

    def scores(self, rows: ArrayLike) -> Floats:
        """Probabilities ``(B, K)``, float64, of rows ``(B, F)``.

        Raises
        ------
        SettingError
            If the rows have another number of columns, or are no finite numbers.
        ScoresError
            If the classifier raises, or returns something that is not ``(B, K)`` probabilities.
        """
        table = checked_rows(rows, self.features, where="rows")
        return _ask(self.function, table, len(self.labels), self.name)


def from_estimator(
    estimator: Any,
    *,
    labels: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    name: str | None = None,
    probe: ArrayLike | None = None,
) -> TabularClassifier:
    """A classifier from a fitted scikit-learn estimator or pipeline with ``predict_proba``.

    Its fingerprint is the sha256 of class, settings, labels, features and, to nine digits, its answers to ``probe``.

    Parameters
    ----------
    estimator : fitted, with one class per row (no multi-output).
    labels : names in the order of ``estimator.classes_``; by default those classes as text.
    features : names of the columns; by default those that it was fitted with, if it was fitted with named columns.
    name : what to call it; by default the class of the estimator, or of the last step of a pipeline.
    probe : rows ``(B, F)`` to ask for the fingerprint. By default 64 drawn ones of all magnitudes from 1e-3 to 1e4;
        give your own to an estimator that refuses such numbers.

    Raises
    ------
    CapabilityError
        If there is no ``predict_proba``, or the classes are not one list.
    SettingError
        If it is not fitted, or the number of labels or features is not what it was fitted with.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> rows = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> fitted = LogisticRegression().fit(rows, ["slow", "slow", "fast", "fast"])
    >>> classifier = from_estimator(fitted, features=["tempo", "zcr_mean"])
    >>> classifier.labels, classifier.scores(rows).shape
    (('fast', 'slow'), (4, 2))
    """
    called = name if name is not None else _called(estimator)
    if not hasattr(estimator, "predict_proba"):
        raise CapabilityError(
            "it has no predict_proba",
            remedy="Fit one that has, or wrap it in sklearn.calibration.CalibratedClassifierCV",
            where=called,
        )
    classes = getattr(estimator, "classes_", None)
    width = getattr(estimator, "n_features_in_", None)
    if classes is None:
        raise SettingError("the estimator is not fitted", remedy="Call its fit first", where=called)
    if isinstance(classes, list) or np.ndim(classes) != 1:
        raise CapabilityError("it has several outputs", remedy="Explain one output at a time", where=called)
    known = getattr(estimator, "feature_names_in_", None)
    columns = tuple(str(c) for c in known) if features is None and known is not None else _names(features, "features")
    if known is not None and columns != tuple(str(c) for c in known):
        raise SettingError(
            "the features are not those that the estimator was fitted with",
            remedy="Leave features out, or put them in the order of feature_names_in_",
            where=called,
        )
    words = tuple(str(c) for c in classes) if labels is None else _names(labels, "labels")
    # Some first steps of a pipeline do not remember how many columns they were given.
    for what, given, wanted in (("labels", words, len(classes)), ("features", columns, width)):
        if wanted is not None and len(given) != wanted:
            raise SettingError(
                f"{len(given)} {what} for an estimator with {wanted}", remedy=f"Name all {wanted}", where=called
            )

    def function(rows: Floats) -> ArrayLike:
        with warnings.catch_warnings():
            # Columns go in without their names, which have been compared above.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            answer: ArrayLike = estimator.predict_proba(rows)
        return answer

    asked = checked_rows(_probe(len(columns)) if probe is None else probe, columns, where="probe")
    answers = _ask(function, asked, len(words), called)
    settings = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    fingerprint = _fingerprint([kind, called, _without_addresses(settings), words, columns], asked, answers)
    return TabularClassifier(function, called, words, columns, "softmax", fingerprint, estimator)


def from_rows_function(
    function: RowsFunction,
    labels: Sequence[str],
    features: Sequence[str],
    *,
    name: str = "callable",
    activation: Activation = "softmax",
    probe: ArrayLike | None = None,
) -> TabularClassifier:
    """A classifier from any ``function(rows (B, F)) -> probabilities (B, K)``.

    Its fingerprint is the sha256 of names and, where ``probe`` rows are given, of its answers to them. Without them,
    what the function has learnt is out of sight.

    Parameters and errors as for ``from_estimator``.

    Examples
    --------
    >>> import numpy as np
    >>> def fast(rows):
    ...     p = 1 / (1 + np.exp(-(rows[:, 0] - 120) / 10))
    ...     return np.stack([p, 1 - p], axis=1)
    >>> from_rows_function(fast, ["fast", "slow"], ["tempo"]).scores([[120.0]])
    array([[0.5, 0.5]])
    """
    words, columns = _names(labels, "labels"), _names(features, "features")
    if activation not in ("softmax", "sigmoid"):
        raise SettingError(f"unknown activation {activation!r}", remedy="Use softmax or sigmoid", where=name)
    qualified = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
    asked = np.empty((0, len(columns))) if probe is None else checked_rows(probe, columns, where="probe")
    answers = _ask(function, asked, len(words), name) if len(asked) else np.empty((0, len(words)))
    fingerprint = _fingerprint([qualified, name, words, columns, activation], asked, answers)
    return TabularClassifier(function, name, words, columns, activation, fingerprint)


def checked_rows(rows: ArrayLike | Sequence[ArrayLike], features: Sequence[str], *, where: str) -> Floats:
    """Rows ``(B, F)`` as float64.

    Raises
    ------
    SettingError
        If they are no numbers, are not ``(B, F)``, or hold NaN or infinity; names the first such feature.
    """
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"{type(rows).__name__} is no array of numbers", remedy="Give numbers, one row per sound", where=where
        ) from error
    if table.shape == (0,):  # an empty list
        table = table.reshape(0, len(features))
    if table.ndim != 2 or table.shape[1] != len(features):
        raise SettingError(
            f"shape {table.shape} does not fit {len(features)} features",
            remedy=f"Give rows of {len(features)} numbers, in the order of the classifier's features",
            where=where,
        )
    if not np.isfinite(table).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(table))[0])
        raise SettingError(
            f"{features[column]} is {table[row, column]} in row {row}",
            remedy="Leave such rows out, or fill the gaps first",
            where=where,
        )
    return table


def _ask(function: RowsFunction, rows: Floats, labels: int, name: str) -> Floats:
    try:
        answer = function(rows)
    except (EarmarkError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ScoresError(
            f"it raised {type(error).__name__}: {error}",
            remedy=f"Mend the classifier; it was given rows of shape {rows.shape}",
            where=name,
        ) from error
    return checked_scores(answer, len(rows), labels, where=name, item="row")


def _called(estimator: Any) -> str:
    steps = getattr(estimator, "steps", None)
    return type(steps[-1][1] if steps else estimator).__name__


def _names(names: Sequence[str] | None, what: str) -> tuple[str, ...]:
    given = () if names is None or isinstance(names, str) else tuple(str(n) for n in names)
    if not given or len(set(given)) != len(given):
        raise SettingError(f"{what} must be distinct names, at least one", remedy="Give a list of names", where=what)
    return given


def _probe(width: int) -> Floats:
    # Descriptors live on scales from 1e-2 (zero crossings) to 1e4 (roll-off in Hz); trees answer only near their cuts.
    rng = np.random.default_rng(0)
    rows: Floats = rng.standard_normal((64, width)) * 10 ** rng.uniform(-3, 4, (64, width))
    return rows


def _without_addresses(settings: dict[str, Any]) -> list[tuple[str, str]]:
    # Functions and generators print where they lie in memory, which says nothing about them.
    return [(key, re.sub(r" at 0x[0-9A-Fa-f]+", "", repr(value))) for key, value in sorted(settings.items())]


def _fingerprint(known: Sequence[object], asked: Floats, answers: Floats) -> str:
    digest = hashlib.sha256(repr(known).encode())
    digest.update(np.ascontiguousarray(asked, dtype="<f8").tobytes())
    # Nine digits: sums in another order differ beyond them. Adding 0 turns −0 into 0.
    digest.update((np.round(answers, 9) + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()
