"""Estimators of scikit-learn: recipes, files without pickles, refusals."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from earmark.errors import BundleError, SettingError, UnknownNameError
from earmark.models.estimator_file import estimator_bytes, estimator_from_bytes
from earmark.models.estimators import ESTIMATORS, build_estimator, fit_estimator

SETTINGS = {"random_forest": {"n_estimators": 5}, "hist_gradient_boosting": {"max_iter": 5}}
FEATURES = ("a", "b", "c")


def table(rows: int = 60) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, rows)
    # The second column is a hundred times as wide: without standardisation a kernel sees nothing else.
    x = rng.normal(size=(rows, 3)) * [1, 100, 1]
    x[:, 0] += 4 * classes
    return x, [("folk", "jazz", "rock")[c] for c in classes]


@pytest.fixture(params=ESTIMATORS.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_learns_and_comes_back_from_its_file(name: str) -> None:
    x, y = table()
    fitted = fit_estimator(name, x, y, FEATURES, settings=SETTINGS.get(name))
    assert list(fitted.classes_) == ["folk", "jazz", "rock"]
    assert (fitted.predict(x) == y).mean() > 0.9
    raw = estimator_bytes(fitted)
    again = estimator_from_bytes(raw, where="file", remedy="")
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))


def test_same_data_same_bytes(name: str) -> None:
    x, y = table()
    settings = SETTINGS.get(name)
    first, second = (estimator_bytes(fit_estimator(name, x, y, FEATURES, settings=settings)) for _ in range(2))
    assert first == second
    assert first != estimator_bytes(fit_estimator(name, x[:-1], y[:-1], FEATURES, settings=settings))


def test_nothing_is_unpickled() -> None:
    x, y = table()
    raw = estimator_bytes(fit_estimator("logreg", x, y, FEATURES))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        schema = archive.read("schema.json")
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert not any(name.endswith(".pkl") for name in parts)
    parts["schema.json"] = schema.replace(b'"LogisticRegression"', b'"Popen"').replace(
        b'"sklearn.linear_model._logistic"', b'"subprocess"'
    )
    assert parts["schema.json"] != schema
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    with pytest.raises(BundleError, match=r"would build subprocess\.Popen"):
        estimator_from_bytes(evil.getvalue(), where="file", remedy="")
    for broken in (b"", b"not a zip", raw[:200]):
        with pytest.raises(BundleError, match="cannot be read as an estimator"):
            estimator_from_bytes(broken, where="file", remedy="")


def test_what_is_not_of_scikit_learn_is_not_written() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    odd = make_pipeline(FunctionTransformer(table))
    with pytest.raises(SettingError, match="not of scikit-learn or NumPy"):
        estimator_bytes(odd)


def test_refusals() -> None:
    x, y = table()
    with pytest.raises(UnknownNameError, match="Did you mean logreg"):
        build_estimator("logrec")
    with pytest.raises(SettingError, match="no such setting"):
        build_estimator("svm", {"colour": 1})
    with pytest.raises(SettingError, match="scikit-learn refuses"):
        fit_estimator("logreg", x, y, FEATURES, settings={"C": -1.0})
    with pytest.raises(SettingError, match="1 class to learn"):
        fit_estimator("logreg", x, ["one"] * len(y), FEATURES)
    with pytest.raises(SettingError, match="one label per row"):
        fit_estimator("logreg", x, y[:-1], FEATURES)
    with pytest.raises(SettingError, match="class new has 1 training sounds"):
        fit_estimator("svm", x, [*y[:-1], "new"], FEATURES)
    x[3, 1] = np.nan
    with pytest.raises(SettingError, match="b is nan in row 3"):
        fit_estimator("logreg", x, y, FEATURES)
