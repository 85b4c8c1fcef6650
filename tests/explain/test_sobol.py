"""Total Sobol indices against closed forms, the literal Jansen estimator, and their definition by variances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.explain.game import CachedGame
from earmark.explain.shapley_exact import all_masks
from earmark.explain.sobol import Sobol, designs

Make = Callable[..., CachedGame]


@given(weights=st.lists(st.floats(0.1, 2), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_linear_game_shares_variance_by_squared_weight(weights: list[float]) -> None:
    w = np.array([weights])
    answer = Sobol().solve(CachedGame(len(weights), 1, lambda m: m @ w.T + 5), np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, w**2 / (w**2).sum(), atol=1e-9)
    assert answer.exact


def test_exact_is_the_definition_by_conditional_variance(curved_game: Make) -> None:
    game = curved_game(5)
    masks = all_masks(5)
    scores = game.values(masks)
    expected = np.zeros((3, 5))
    for player in range(5):
        others = np.delete(masks, player, axis=1)
        for rest in np.unique(others, axis=0):
            same = (others == rest).all(axis=1)
            expected[:, player] += scores[same].var(axis=0) / 16
    expected /= scores.var(axis=0)[:, None]
    np.testing.assert_allclose(Sobol().solve(game, np.random.default_rng(0)).values, expected, atol=1e-12)


def test_product_of_two_players_by_hand() -> None:
    game = CachedGame(3, 2, lambda m: np.stack([m[:, 0] & m[:, 1], m[:, 2]], axis=1).astype(float))
    # Var = 3/16; given the other, player 0 has variance 1/4 half of the time.
    np.testing.assert_allclose(
        Sobol().solve(game, np.random.default_rng(0)).values, [[2 / 3, 2 / 3, 0], [0, 0, 1]], atol=1e-12
    )


def test_sampled_is_jansens_estimator_row_by_row(curved_game: Make) -> None:
    game = curved_game(12)
    method = Sobol(samples=500)
    answer = method.solve(game, np.random.default_rng(3))
    rows = method.rows(12)
    assert rows == 38
    assert game.evaluations <= method.plan(12) == 2 + 38 * 13
    a, b = designs(12, rows, np.random.default_rng(3))
    f_a = game.values(a)
    variance = ((f_a - f_a.mean(axis=0)) ** 2).sum(axis=0) / (rows - 1)
    expected = np.zeros((3, 12))
    for player in range(12):
        for j in range(rows):
            c = a[j].copy()
            c[player] = b[j, player]
            expected[:, player] += (f_a[j] - game.values(c[None])[0]) ** 2 / (2 * rows * variance)
    np.testing.assert_allclose(answer.values, expected, atol=1e-12)


def test_columns_are_balanced_and_no_two_of_them_go_together() -> None:
    a, b = designs(40, 64, np.random.default_rng(0))
    both = np.concatenate([a, b], axis=1)
    assert (both.sum(axis=0) == 32).all()
    assert len(np.unique(both, axis=1).T) == 80
    # Cutting a Sobol' sequence at 1/2 would fail this: it leaves 63 different columns at most.
    correlation = np.corrcoef(both.T) - np.eye(80)
    assert np.abs(correlation).max() < 0.6


def test_estimates_close_in_and_errors_are_not_too_small(curved_game: Make) -> None:
    truth = Sobol().solve(curved_game(11), np.random.default_rng(0)).values
    inside, distance = [], []
    for seed in range(10):
        answer = Sobol(samples=1900).solve(curved_game(11), np.random.default_rng(seed))
        assert not answer.exact
        inside.append(np.abs(answer.values - truth) <= 1.96 * answer.errors)
        distance.append(np.linalg.norm(answer.values - truth) / np.linalg.norm(truth))
    assert np.mean(distance) < 0.25
    assert np.mean(inside) > 0.85


@pytest.mark.parametrize("samples", [200, 4096])
def test_a_null_player_and_an_output_that_never_changes_get_nothing(samples: int) -> None:
    w = np.append(np.random.default_rng(0).normal(size=8), 0)
    game = CachedGame(9, 2, lambda m: np.stack([np.tanh(m @ w), np.full(len(m), 0.1) + 0.2], axis=1))
    values = Sobol(samples=samples).solve(game, np.random.default_rng(0)).values
    assert values[0, 8] == 0
    assert (values[0, :8] > 0).all()
    assert not values[1].any()


@pytest.mark.parametrize(
    ("method", "message"),
    [(Sobol(samples=105), "Give at least 106"), (Sobol(bootstrap=5), "at least 20 resamples")],
)
def test_settings_that_cannot_work_are_refused(curved_game: Make, method: Sobol, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        method.solve(curved_game(12), np.random.default_rng(0))


def test_the_smallest_budget_it_asks_for_works(curved_game: Make) -> None:
    assert np.isfinite(Sobol(samples=106).solve(curved_game(12), np.random.default_rng(0)).errors).all()
