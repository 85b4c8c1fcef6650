"""The formulas against their literal, slow versions."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.explain_global.aggregate.formulas import homogeneity_weight, shrunk, signed_root


def _literal(importance: np.ndarray) -> list[float]:
    entropies = []
    for j in range(importance.shape[1]):
        column = [float(v) for v in importance[:, j]]
        if sum(column) == 0:
            entropies.append(math.nan)
            continue
        entropies.append(-sum(v / sum(column) * math.log2(v / sum(column)) for v in column if v / sum(column) > 0))
    known = [h for h in entropies if not math.isnan(h)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high - low < 1e-12:
        return [math.nan if math.isnan(h) else 1.0 for h in entropies]
    return [1 - (h - low) / (high - low) for h in entropies]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.sampled_from([0, 0.1, 1, 2.5, 9]))
)
def test_homogeneity_is_the_published_formula(importance: np.ndarray) -> None:
    np.testing.assert_allclose(homogeneity_weight(importance), _literal(importance), atol=1e-9)


def test_a_word_of_one_class_weighs_more_than_one_of_all() -> None:
    weight = homogeneity_weight(np.array([[3.0, 1.0], [0.0, 1.0], [0.0, 1.0]]))
    assert weight.tolist() == [1.0, 0.0]


def test_signed_root_keeps_the_side() -> None:
    assert signed_root(np.array([4.0, -9.0, 0.0])).tolist() == [2.0, -3.0, 0.0]


def test_shrinkage_is_that_of_the_normal_model() -> None:
    # Means drawn with τ = 1, values with σ = 2: with n observations the posterior mean is m · 1 / (1 + 4 / n).
    rng = np.random.default_rng(0)
    count = rng.integers(1, 30, 20000)
    truth = rng.normal(0, 1, len(count))
    values = [rng.normal(t, 2, n) for t, n in zip(truth, count, strict=True)]
    mean = np.array([v.mean() for v in values])
    variance = np.array([v.var(ddof=1) if len(v) > 1 else 0.0 for v in values])
    found = shrunk(mean, variance, count)
    np.testing.assert_allclose(found, mean / (1 + 4 / count), atol=0.25)
    assert np.square(found - truth).mean() < 0.75 * np.square(mean - truth).mean()


def test_without_a_repeated_feature_nothing_is_known_of_scatter() -> None:
    assert np.isnan(shrunk(np.array([1.0, -2.0]), np.zeros(2), np.array([1, 1]))).all()
