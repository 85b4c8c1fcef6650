"""HSIC against the literal traces of the paper, closed forms, and the level that chance reaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.explain.banzhaf import Banzhaf
from earmark.explain.game import CachedGame
from earmark.explain.hsic import Hsic, dependence

Make = Callable[..., CachedGame]


def literal_hsic(masks: np.ndarray, scores: np.ndarray) -> list[float]:
    """tr(KHLH) / (N − 1)² with every matrix written out."""
    count = len(masks)
    centre = np.eye(count) - 1 / count
    distances = [abs(scores[i] - scores[j]) for i in range(count) for j in range(i)]
    width = np.median(distances)
    outputs = np.array([[np.exp(-((a - b) ** 2) / (2 * width**2)) for a in scores] for b in scores])
    values = []
    for column in masks.astype(float).T:
        inputs = np.array([[0.5 - (a - b) ** 2 for a in column] for b in column])
        values.append(np.trace(inputs @ centre @ outputs @ centre) / (count - 1) ** 2)
    return values


def test_sampled_is_the_literal_formula(curved_game: Make) -> None:
    game = curved_game(9)
    answer = Hsic(samples=60).solve(game, np.random.default_rng(2))
    masks = np.random.default_rng(2).random((60, 9)) < 0.5
    scores = game.values(masks)
    for output in range(3):
        np.testing.assert_allclose(answer.values[output], literal_hsic(masks, scores[:, output]), atol=1e-12)
    assert not answer.exact


@given(weight=st.floats(0.01, 10), n=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_single_player_in_closed_form(weight: float, n: int) -> None:
    game = CachedGame(n, 1, lambda m: weight * m[:, :1])
    values = Hsic().solve(game, np.random.default_rng(0)).values[0]
    # Half of all pairs agree; the others lie one width apart, whatever the weight.
    assert values[0] == pytest.approx((1 - np.exp(-0.5)) / 4, abs=1e-12)
    np.testing.assert_allclose(values[1:], 0, atol=1e-12)


def test_a_constant_added_and_a_scale_change_nothing(curved_game: Make) -> None:
    game = curved_game(7)
    moved = CachedGame(7, 3, lambda m: 5 * game.values(m) - 2)
    one = Hsic().solve(game, np.random.default_rng(0)).values
    np.testing.assert_allclose(Hsic().solve(moved, np.random.default_rng(0)).values, one, atol=1e-9)


def test_it_sees_what_no_difference_of_means_can_and_is_blind_to_exclusive_or() -> None:
    def outputs(m: np.ndarray) -> np.ndarray:
        louder = m[:, 0] * (m[:, 1] - 0.5)  # player 0 moves the spread of the score, not its mean
        return np.stack([louder, (m[:, 0] ^ m[:, 1]) * 1.0, np.full(len(m), 0.3)], axis=1)

    values = Hsic().solve(CachedGame(3, 3, outputs), np.random.default_rng(0)).values
    means = Banzhaf().solve(CachedGame(3, 3, outputs), np.random.default_rng(0)).values
    assert means[0, 0] == pytest.approx(0, abs=1e-12)
    assert values[0, 0] > 0.01
    np.testing.assert_allclose(values[0, 2], 0, atol=1e-12)
    np.testing.assert_allclose(values[1], 0, atol=1e-12)  # each player alone tells nothing about the score
    assert not values[2].any()


def test_errors_are_honest(curved_game: Make) -> None:
    truth = Hsic(samples=2048).solve(curved_game(10), np.random.default_rng(0))
    assert truth.exact
    strong = truth.values > 0.01
    assert strong.sum() >= 8
    inside = []
    for seed in range(20):
        answer = Hsic(samples=400).solve(curved_game(10), np.random.default_rng(seed))
        inside.append((np.abs(answer.values - truth.values) <= 1.96 * answer.errors)[strong])
    assert 0.88 < np.mean(inside) < 0.99


def test_one_null_player_in_twenty_passes_the_level_of_chance() -> None:
    rng = np.random.default_rng(0)
    passed = []
    for _ in range(20):
        masks = rng.random((100, 40)) < 0.5
        values, _, level = dependence(masks, rng.normal(size=100), exact=False)
        passed.append(values > level)
    assert 0.03 < np.mean(passed) < 0.075


def test_diagnostics_name_the_level_only_where_there_is_chance(curved_game: Make) -> None:
    sampled = Hsic(samples=100).solve(curved_game(9), np.random.default_rng(0)).diagnostics["chance_level"]
    assert isinstance(sampled, list)
    assert len(sampled) == 3
    assert "chance_level" not in Hsic().solve(curved_game(9), np.random.default_rng(0)).diagnostics


@pytest.mark.parametrize("samples", [31, 8193])
def test_settings_that_cannot_work_are_refused(curved_game: Make, samples: int) -> None:
    with pytest.raises(SettingError, match="between 32 and 8192"):
        Hsic(samples=samples).solve(curved_game(12), np.random.default_rng(0))
