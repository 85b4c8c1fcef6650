"""A random forest on correlated rows, as a classifier that is looked into and as one that is only asked."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from earmark.models.tabular import from_estimator, from_rows_function

FEATURES = ["tempo_bpm", "beats", "level", "mfcc_01_mean", "weight"]


@pytest.fixture(scope="session")
def forest():
    """``rows (300, 5)`` (column 1 whole numbers, column 2 with ties), ``names``, ``inside``, ``asking``, ``labels``."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 5))
    rows[:, 1] = np.clip(np.round(rows[:, 1] + rows[:, 0]), -2, 2)
    rows[:, 2] = np.round(rows[:, 2] * 6)
    rows[:, 0] = 120 + 20 * rows[:, 0]
    truth = np.digitize((rows[:, 0] - 120) / 20 + rows[:, 1] * rows[:, 3], [-1, 0.5])
    names = np.array(["disco", "folk", "metal"])[truth]
    estimator = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)).fit(rows, names)
    inside = from_estimator(estimator, features=FEATURES)
    asking = from_rows_function(estimator.predict_proba, inside.labels, FEATURES)
    return SimpleNamespace(rows=rows, names=names.tolist(), estimator=estimator, inside=inside, asking=asking)
