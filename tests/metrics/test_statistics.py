"""Intervals that cover, tests against scipy and by enumeration, Holm by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from earmark.errors import SettingError
from earmark.metrics.statistics import bootstrap_interval, bootstrap_intervals, holm, paired_test, sign_flips


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        found = bootstrap_interval(rng.normal(2.0, 1.0, 40), seed=seed, draws=500)
        covered += found.low <= 2.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_it_is_as_wide_as_the_normal_one_for_many_clips():
    x = np.random.default_rng(1).normal(size=400)
    found = bootstrap_interval(x)
    half = 1.96 * x.std() / 20
    assert found.mean == pytest.approx(x.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)


def test_one_clip_says_nothing_about_others():
    found = bootstrap_interval([0.3])
    assert (found.low, found.high, found.clips) == (0.3, 0.3, 1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8))
def test_sign_flips_are_counted_one_by_one(d):
    sums = [
        abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in itertools.product((1, -1), repeat=len(d))
    ]
    observed = abs(sum(d))
    certain = np.mean([s > observed + 1e-9 for s in sums])
    possible = np.mean([s >= observed - 1e-9 for s in sums])
    p = paired_test(d, [0.0] * len(d)).p_value
    assert certain <= p <= possible + 1e-12


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_sums_that_are_equal_are_equal_whatever_rounding_does(tenths):
    # Whole numbers are summed exactly, tenths are not: 0.5 − 0.2 − 0.1 − 0.2 is not 0.
    zeros = [0.0] * len(tenths)
    exact = paired_test([float(x) for x in tenths], zeros).p_value
    assert paired_test([x / 10 for x in tenths], zeros).p_value == exact
    assert sign_flips([[x / 10] for x in tenths])[0] == exact
    assert paired_test([0.5, -0.2, -0.1, -0.2], [0.0] * 4).p_value == 1


def test_many_clips_are_sampled_and_agree_with_the_t_test():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0.25, 1, 80), np.zeros(80)
    assert paired_test(a, b).p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.01)
    assert paired_test(a + 5, b).p_value == pytest.approx(1e-4)


def test_wilcoxon_is_scipys():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=20), rng.normal(size=20)
    found = paired_test(a, b, test="wilcoxon")
    assert found.p_value == pytest.approx(stats.wilcoxon(a, b).pvalue)
    assert found.difference == pytest.approx((a - b).mean())


@pytest.mark.parametrize("test", ["wilcoxon", "sign_flip"])
def test_equal_figures_do_not_differ(test):
    assert paired_test([1.0, 2.0], [1.0, 2.0], test=test).p_value == 1


def test_holm_steps_down():
    # Smallest times 4, next times 3, …, never less than the one before, never above 1.
    assert holm([0.01, 0.5, 0.02, 0.4]) == pytest.approx((0.04, 0.8, 0.06, 0.8))
    assert holm([0.9, 0.8]) == (1, 1)


def test_bad_figures_are_refused():
    with pytest.raises(SettingError, match="same clips"):
        paired_test([1.0, 2.0], [1.0])
    with pytest.raises(SettingError, match="finite"):
        bootstrap_interval([1.0, float("nan")])
    with pytest.raises(SettingError, match="level"):
        bootstrap_interval([1.0], level=95)
    with pytest.raises(SettingError, match="p values"):
        holm([1.2])


def test_many_columns_at_once_are_what_each_is_alone():
    rng = np.random.default_rng(3)
    for clips in (1, 6, 20):
        values = np.round(rng.normal(size=(clips, 4)), 2)
        values[:, 3] = 0.0
        mean, low, high = bootstrap_intervals(values, seed=5)
        p = sign_flips(values, seed=5)
        for column in range(4):
            alone = bootstrap_interval(values[:, column], seed=5)
            assert (mean[column], low[column], high[column]) == pytest.approx((alone.mean, alone.low, alone.high))
            assert p[column] == paired_test(values[:, column], np.zeros(clips), seed=5).p_value
    for wrong in (np.zeros(3), np.zeros((0, 2)), np.array([[np.nan]])):
        with pytest.raises(SettingError):
            bootstrap_intervals(wrong)
        with pytest.raises(SettingError):
            sign_flips(wrong)
