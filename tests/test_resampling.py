"""Intervals by resampling: ends, draws that know nothing, and rows that are drawn together."""

import numpy as np
import pytest

from earmark.resampling import bayesian_weights, percentile_ends


def test_ends_are_the_quantiles_of_what_is_known():
    draws = np.random.default_rng(0).normal(size=(200, 3))
    draws[:50, 1] = np.nan
    draws[:, 2] = np.nan
    low, high = percentile_ends(draws, 0.9)
    assert np.allclose([low[0], high[0]], np.quantile(draws[:, 0], [0.05, 0.95]))
    assert np.allclose([low[1], high[1]], np.quantile(draws[50:, 1], [0.05, 0.95]))
    assert np.isnan([low[2], high[2]]).all()
    turned = percentile_ends(draws.T, 0.9, axis=1)
    assert np.array_equal(turned, (low, high), equal_nan=True)


def test_rows_of_a_group_count_the_same_and_none_counts_nothing():
    weights = bayesian_weights(4, ["a", "b", "a", "c"], 4000, np.random.default_rng(1))
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert (weights > 0).all()
    # Exponential with mean 1.
    assert weights.mean(axis=0) == pytest.approx(np.ones(4), abs=0.06)
    alone = bayesian_weights(4, None, 4000, np.random.default_rng(1))
    assert abs(np.corrcoef(alone.T)[0, 2]) < 0.05
