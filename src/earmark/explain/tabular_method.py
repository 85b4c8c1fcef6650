"""The contract of a method that explains rows without playing a game, and what those built on shap share."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from earmark.components.descriptors import Descriptors
from earmark.errors import CapabilityError, SettingError
from earmark.explain.game import Floats
from earmark.explain.method import Attribution
from earmark.models.tabular import TabularClassifier

# Steps of a pipeline that change every feature for itself: its players stay the same, whatever the step does to them.
FEATUREWISE = frozenset(
    {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer"}
)


@runtime_checkable
class TabularMethod(Protocol):
    """Frozen settings of a method that knows the classifier from within, or brings its own way to ask."""

    name: ClassVar[str]

    def outputs(self, classifier: TabularClassifier) -> tuple[str, ...]:
        """The outputs that it explains for this classifier ("probability", "log_odds", "logit"), the usual one first.

        Raises
        ------
        CapabilityError
            If the classifier is of another family.
        """
        ...

    def attribute(
        self, classifier: TabularClassifier, descriptors: Descriptors, output: str, mix: Floats, seed: int
    ) -> Attribution:
        """Attributions ``(L, n)`` of ``mix (L, K)`` times the outputs, against the stand-ins of the descriptors."""
        ...


def load_shap() -> Any:
    """The package shap, imported now: it takes seconds.

    Raises
    ------
    SettingError
        If it is not installed.
    """
    try:
        return importlib.import_module("shap")
    except ModuleNotFoundError as error:
        raise SettingError(
            f"this method needs the package {error.name!r}, which is not installed",
            remedy="Run: pip install 'earmark[tabular]'",
        ) from error


@contextmanager
def seeded_for_shap(seed: int) -> Iterator[None]:
    """Lend shap numpy's global generator, from which alone it draws, and give it back as it was."""
    before = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(seed)  # noqa: NPY002
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def family_of(estimator: Any) -> frozenset[str]:
    """Names of the scikit-learn classes that an estimator is one of; empty for None and for other packages."""
    return frozenset(c.__name__ for c in type(estimator).__mro__ if c.__module__.split(".")[0] == "sklearn")


def taken_apart(classifier: TabularClassifier, method: str) -> tuple[Any, Callable[[Floats], Floats]]:
    """The last step of a scikit-learn estimator, and what the steps before it make of rows.

    Raises
    ------
    CapabilityError
        If there is no estimator, or a step of its pipeline mixes features.
    """
    estimator = classifier.estimator
    if "Pipeline" not in family_of(estimator):
        return estimator, lambda rows: rows
    before = [step for _, step in estimator.steps[:-1] if step is not None and step != "passthrough"]
    mixing = [type(step).__name__ for step in before if not family_of(step) & FEATUREWISE]
    if mixing:
        raise CapabilityError(
            f"{method} cannot look through {mixing[0]}, which is not known to leave features apart",
            remedy="Use the method shapley or shap_permutation",
            where=classifier.name,
        )

    def transform(rows: Floats) -> Floats:
        for step in before:
            rows = np.asarray(step.transform(rows), dtype=np.float64)
        return rows

    return estimator.steps[-1][1], transform


def wrong_family(classifier: TabularClassifier, method: str, wanted: str) -> CapabilityError:
    """The error of a method that is made for other classifiers."""
    kind = type(classifier.estimator).__name__ if classifier.estimator is not None else "function"
    if "Pipeline" in family_of(classifier.estimator):
        kind = f"pipeline that ends in {type(classifier.estimator.steps[-1][1]).__name__}"
    return CapabilityError(
        f"{method} explains {wanted}, not a {kind}",
        remedy="Use the method shapley or shap_permutation, which explain any classifier of rows",
        where=classifier.name,
    )


def one_feature_each(descriptors: Descriptors, method: str) -> None:
    """Refuse groups as players: the sum over a group's features is another quantity than the effect of the group."""
    if descriptors.n != len(descriptors.row):
        raise SettingError(
            f"{method} gives values to features, not to groups of them",
            remedy="Use players='feature' and add up with explanation.totals(), or the method shapley",
            where="players",
        )


def per_output(values: Any, outputs: int) -> Floats:
    """What shap returns for one row, ``(1, F)`` or ``(1, F, K)``, as ``(K, F)``; a binary classifier's one output
    speaks for the second class, and the first gets the opposite."""
    array = np.asarray(values, dtype=np.float64)[0]
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.shape[1] == 1 and outputs == 2:
        array = np.concatenate([-array, array], axis=1)
    result: Floats = np.ascontiguousarray(array.T)
    return result


def check_sum(attribution: Attribution, classifier: TabularClassifier, method: str) -> Attribution:
    """The same attribution, if it adds up to what the classifier says.

    Raises
    ------
    CapabilityError
        If it is off by more than 1e-5: then shap explains something else than the classifier's scores.
    """
    gap = float(np.abs(attribution.base + attribution.values.sum(axis=1) - attribution.full).max())
    if gap > 1e-5 * max(1.0, float(np.abs(attribution.full).max())):
        raise CapabilityError(
            f"the values of {method} miss the classifier's output by {gap:.3g}",
            remedy="Use the method shapley, which asks the classifier itself",
            where=classifier.name,
        )
    return attribution
