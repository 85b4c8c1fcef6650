"""Temperature scaling against a grid search, and what it may not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.training.calibration import RANGE, temperature, with_temperature
from earmark.training.scores import expected_calibration_error, negative_log_likelihood


def overconfident(n=400, k=4, seed=0, sharp=3.0):
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((n, k)) * 1.5
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(k, p=row) for row in p])
    sharpened = p**sharp / (p**sharp).sum(1, keepdims=True)
    return sharpened, truth


def test_finds_the_temperature_that_was_taken_away():
    p, truth = overconfident(4000)
    assert temperature(p, truth) == pytest.approx(3.0, rel=0.1)


def test_is_the_minimum_of_a_fine_grid():
    p, truth = overconfident(seed=4)
    grid = np.exp(np.linspace(np.log(RANGE[0]), np.log(RANGE[1]), 2001))
    losses = [negative_log_likelihood(with_temperature(p, t), truth) for t in grid]
    assert temperature(p, truth) == pytest.approx(grid[int(np.argmin(losses))], rel=0.01)


def test_calibration_gets_better_on_other_sounds():
    p, truth = overconfident(seed=1)
    other, other_truth = overconfident(seed=2)
    scaled = with_temperature(other, temperature(p, truth))
    assert expected_calibration_error(scaled, other_truth) < expected_calibration_error(other, other_truth) / 2


@given(st.floats(0.05, 20), st.integers(0, 1000))
def test_the_most_probable_class_stays(value, seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(4), 10)
    scaled = with_temperature(p, value)
    assert np.array_equal(scaled.argmax(1), p.argmax(1))
    assert scaled.sum(1) == pytest.approx(1)


def test_where_all_is_right_the_lower_end_is_returned():
    p = np.array([[0.8, 0.2], [0.3, 0.7]])
    assert temperature(p, [0, 1]) == pytest.approx(RANGE[0], rel=1e-3)


def test_of_slices_the_mean_over_a_sound_is_judged():
    p, truth = overconfident(600, seed=3)
    items = np.arange(600) // 3
    said = truth[::3]  # the class of each sound of three slices
    grid = np.exp(np.linspace(np.log(RANGE[0]), np.log(RANGE[1]), 151))
    losses = []
    for t in grid:
        scaled = with_temperature(p, t)
        means = np.stack([scaled[items == item].mean(0) for item in range(200)])
        losses.append(negative_log_likelihood(means, said))
    assert temperature(p, said, items=items) == pytest.approx(grid[int(np.argmin(losses))], rel=0.05)
