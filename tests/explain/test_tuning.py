"""The batch size with the least time per row, on a clock that the model itself moves."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.errors import SettingError
from earmark.explain.tuning import CANDIDATES, tune_batch_size

ROWS = np.eye(3, dtype=np.bool_)


class Timed:
    """A model whose calls take a known time."""

    def __init__(self, cost):
        self.now = 0.0
        self.cost = cost
        self.sizes = []

    def __call__(self, masks):
        self.sizes.append(len(masks))
        self.now += self.cost(len(masks))
        return masks.sum(axis=1, keepdims=True) * 1.0

    def clock(self):
        return self.now


@pytest.mark.parametrize(
    ("cost", "fastest"),
    [
        (lambda rows: 1e-3 + 1e-5 * rows, 64),  # a call costs more than its rows
        (lambda rows: 1e-4 * rows**1.5, 1),  # large batches fall out of the cache
        (lambda rows: 1e-3 * (1 + (rows / 8) ** 2), 8),
    ],
)
def test_finds_the_least_time_per_row(cost, fastest):
    model = Timed(cost)
    assert tune_batch_size(model, ROWS, clock=model.clock) == fastest
    assert set(model.sizes) == set(CANDIDATES)


def test_keeps_to_its_time():
    model = Timed(lambda rows: 0.004 * rows)
    tune_batch_size(model, ROWS, 0.2, clock=model.clock)
    assert 0.1 < model.now <= 0.2


def test_a_slow_model_is_tried_one_by_one_only():
    model = Timed(lambda rows: 3.0 * rows)
    assert tune_batch_size(model, ROWS, 1.0, clock=model.clock) == 1
    assert model.sizes == [1, 1]


def test_one_slow_call_does_not_decide():
    calls = iter(range(1000))
    model = Timed(lambda rows: 1e-3 + (0.05 if next(calls) == 6 else 0.0))
    assert tune_batch_size(model, ROWS, clock=model.clock) == 64


@pytest.mark.parametrize(("rows", "seconds"), [(ROWS[:0], 1.0), (ROWS, 0.0), (ROWS, float("nan"))])
def test_refuses(rows, seconds):
    with pytest.raises(SettingError):
        tune_batch_size(Timed(lambda rows: 1.0), rows, seconds)
