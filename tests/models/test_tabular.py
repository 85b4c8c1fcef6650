"""Classifiers of rows: from estimators and functions, their fingerprints, and one-line errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.errors import CapabilityError, EarmarkError, ScoresError, SettingError
from earmark.models.tabular import from_estimator, from_rows_function

linear_model = pytest.importorskip("sklearn.linear_model")
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")

FEATURES = ["mfcc01", "tempo", "zcr"]
RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(40, 3))
TARGET = np.where(ROWS[:, 0] + ROWS[:, 1] > 0, "rock", "folk")


def fitted(c: float = 1.0) -> Any:
    return linear_model.LogisticRegression(C=c).fit(ROWS, TARGET)


def test_an_estimator_keeps_its_probabilities_and_labels() -> None:
    estimator = fitted()
    classifier = from_estimator(estimator, features=FEATURES)
    assert (classifier.name, classifier.labels, classifier.features) == (
        "LogisticRegression",
        ("folk", "rock"),
        tuple(FEATURES),
    )
    np.testing.assert_array_equal(classifier.scores(ROWS), estimator.predict_proba(ROWS))
    assert from_estimator(estimator, features=FEATURES, labels=["A", "B"], name="mine").labels == ("A", "B")


def test_a_pipeline_is_called_after_its_last_step() -> None:
    whole = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(ROWS, TARGET)
    assert from_estimator(whole, features=FEATURES).name == "LogisticRegression"


def test_names_of_a_data_frame_are_kept_and_no_warning_is_given() -> None:
    pandas = pytest.importorskip("pandas")
    estimator = linear_model.LogisticRegression().fit(pandas.DataFrame(ROWS, columns=FEATURES), TARGET)
    classifier = from_estimator(estimator)
    assert classifier.features == tuple(FEATURES)
    assert classifier.scores(ROWS).shape == (40, 2)
    with pytest.raises(SettingError, match="not those that the estimator was fitted with"):
        from_estimator(estimator, features=FEATURES[::-1])


def test_the_fingerprint_changes_with_whatever_changes_the_scores() -> None:
    first = from_estimator(fitted(), features=FEATURES)
    assert first.fingerprint == from_estimator(fitted(), features=FEATURES).fingerprint
    others = [
        from_estimator(fitted(2.0), features=FEATURES),
        from_estimator(fitted(), features=["a", "b", "c"]),
        from_estimator(fitted(), features=FEATURES, labels=["x", "y"]),
    ]
    nudged = fitted()
    nudged.coef_ = nudged.coef_ + 1e-3  # same class, same settings: only the answers tell
    others.append(from_estimator(nudged, features=FEATURES))
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_settings_that_print_an_address_do_not_change_the_fingerprint() -> None:
    def twice() -> str:
        steps = (preprocessing.FunctionTransformer(np.tanh.__call__), linear_model.LogisticRegression())
        return from_estimator(pipeline.make_pipeline(*steps).fit(ROWS, TARGET), features=FEATURES).fingerprint

    assert twice() == twice()


def half(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full((len(rows), 2), 0.5)


def test_a_function_is_known_by_its_names_and_by_its_answers_to_a_probe() -> None:
    def quarter(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([np.full(len(rows), 0.25), np.full(len(rows), 0.75)], axis=1)

    quarter.__qualname__, quarter.__module__ = half.__qualname__, half.__module__
    unseen = [from_rows_function(f, ["a", "b"], FEATURES).fingerprint for f in (half, quarter)]
    seen = [from_rows_function(f, ["a", "b"], FEATURES, probe=ROWS).fingerprint for f in (half, quarter)]
    assert unseen[0] == unseen[1]
    assert len({unseen[0], *seen}) == 3


class NotFitted:
    def predict_proba(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows


class SeveralOutputs(NotFitted):
    classes_ = [np.array([0, 1]), np.array([0, 1])]  # noqa: RUF012


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: from_estimator(linear_model.Ridge()), CapabilityError, "Ridge: it has no predict_proba"),
        (lambda: from_estimator(linear_model.LogisticRegression()), SettingError, "not fitted"),
        (lambda: from_estimator(NotFitted(), features=FEATURES), SettingError, "not fitted"),
        (lambda: from_estimator(SeveralOutputs(), features=FEATURES), CapabilityError, "several outputs"),
        (lambda: from_estimator(fitted()), SettingError, "features must be distinct names"),
        (lambda: from_estimator(fitted(), features=["a", "a", "b"]), SettingError, "features must be distinct"),
        (lambda: from_estimator(fitted(), features=["a", "b"]), SettingError, "2 features for an estimator with 3"),
        (lambda: from_estimator(fitted(), features=FEATURES, labels=["x"]), SettingError, "1 labels for an estimator"),
        (lambda: from_rows_function(half, [], FEATURES), SettingError, "labels must be distinct names"),
        (lambda: from_rows_function(half, ["a"], "tempo"), SettingError, "features must be distinct names"),
        (
            lambda: from_rows_function(half, ["a", "b"], FEATURES, activation="relu"),  # type: ignore[arg-type]
            SettingError,
            "unknown activation 'relu'",
        ),
        (
            lambda: from_rows_function(half, ["a", "b", "c"], FEATURES).scores(ROWS),
            ScoresError,
            r"returned shape \(40, 2\) for 40 rows and 3 labels",
        ),
        (
            lambda: from_rows_function(lambda rows: rows * np.nan, FEATURES, FEATURES).scores(ROWS),
            ScoresError,
            "returned nan for label 0 of row 0",
        ),
        (
            lambda: from_rows_function(lambda rows: 1 / 0, FEATURES, FEATURES).scores(ROWS),
            ScoresError,
            "callable: it raised ZeroDivisionError",
        ),
        (lambda: from_estimator(fitted(), features=FEATURES).scores(ROWS[:, :2]), SettingError, r"shape \(40, 2\)"),
        (lambda: from_estimator(fitted(), features=FEATURES).scores(ROWS[0]), SettingError, r"shape \(3,\)"),
        (lambda: from_estimator(fitted(), features=FEATURES).scores([[1, np.inf, 2]]), SettingError, "tempo is inf"),
    ],
)
def test_bad_input_is_one_line(make: Any, error: type[EarmarkError], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
