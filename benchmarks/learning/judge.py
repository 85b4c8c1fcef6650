"""From fitted models and rows to figures with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.learning.gtzan_data import Rows
from benchmarks.record import Row
from earmark.training.scores import Judged, score


def judged(model: Any, rows: Rows, columns: str = "all") -> Judged:
    """What a fitted model of scikit-learn says about rows; groups are artists."""
    from benchmarks.learning.gtzan_descriptors import invariant

    labels = tuple(str(name) for name in model.classes_)
    values = invariant(rows.values) if columns == "invariant" else rows.values
    truth = np.array([labels.index(genre) for genre in rows.genres])
    return Judged(labels, truth, model.predict_proba(values), tuple(rows.artists))


def row(subject: str, answers: Judged, *, at_least: float | None = None) -> Row:
    """Accuracy, and the ends of its interval."""
    found = score(answers).accuracy
    return Row(
        f"{subject} (n = {len(answers.truth)})", "accuracy", (found.value, found.low, found.high), at_least=at_least
    )
