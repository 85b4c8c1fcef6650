"""Banzhaf values against the literal formula, shapiq, their axioms, and the paper's own estimator."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.explain.banzhaf import Banzhaf, distinct_halves
from earmark.explain.game import CachedGame, Part, SumGame
from earmark.explain.parts import solve

Make = Callable[..., CachedGame]


def literal_banzhaf(game: CachedGame) -> np.ndarray:
    n = game.n_players
    beta = np.zeros((game.n_outputs, n))
    for i in range(n):
        for bits in product([False, True], repeat=n - 1):
            without = np.insert(np.array(bits), i, False)
            with_i = np.insert(np.array(bits), i, True)
            beta[:, i] += (game.values(with_i[None])[0] - game.values(without[None])[0]) / 2 ** (n - 1)
    return beta


def test_exact_is_the_literal_formula_and_shapiqs(curved_game: Make) -> None:
    game = curved_game(6)
    answer = Banzhaf().solve(game, np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, literal_banzhaf(game), atol=1e-12)
    assert answer.exact
    shapiq = pytest.importorskip("shapiq", reason="shapiq is not installed")
    theirs = shapiq.ExactComputer(game=lambda m: game.values(np.asarray(m))[:, 0], n_players=6)("BV", order=1)
    np.testing.assert_allclose(answer.values[0], [theirs[(i,)] for i in range(6)], atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize("samples", [64, 4096])
def test_linear_game(linear_game: Make, n: int, samples: int) -> None:
    weights = np.random.default_rng(n).normal(size=(4, n))
    answer = Banzhaf(samples=samples).solve(linear_game(weights, offset=0.3), np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, weights, atol=1e-9)
    np.testing.assert_allclose(answer.full, weights.sum(axis=1) + 0.3, atol=1e-12)
    assert answer.converged


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_axioms(seed: int) -> None:
    """Null player, symmetry, linearity, and 2-efficiency: merging two players adds their values (Lehrer 1988)."""
    one, two = np.random.default_rng(seed).normal(size=(2, 1 << 5, 1))
    index = 1 << np.arange(5)

    def values(table: np.ndarray, members: list[int], n: int) -> np.ndarray:
        game = CachedGame(n, 1, lambda m: table[m[:, members] @ index])
        return Banzhaf().solve(game, np.random.default_rng(0)).values[0]

    first = values(one, [0, 1, 2, 3, 4], 6)
    assert first[5] == pytest.approx(0, abs=1e-12)
    combined = values(2 * one - 3 * two, [0, 1, 2, 3, 4], 6)
    np.testing.assert_allclose(combined, 2 * first - 3 * values(two, [0, 1, 2, 3, 4], 6), atol=1e-9)
    merged = values(one, [0, 0, 1, 2, 3], 4)
    assert merged[0] == pytest.approx(first[0] + first[1], abs=1e-9)
    swapped = one.reshape(2, 2, 2, 2, 2, 1)
    symmetric = ((swapped + swapped.swapaxes(3, 4)) / 2).reshape(-1, 1)  # players 0 and 1 are the last two axes
    equal = values(symmetric, [0, 1, 2, 3, 4], 5)
    assert equal[0] == pytest.approx(equal[1], abs=1e-12)


def test_estimates_are_honest_and_nearer_than_maximum_sample_reuse(curved_game: Make) -> None:
    truth = Banzhaf().solve(curved_game(12), np.random.default_rng(0)).values
    inside, ours, reuse = [], [], []
    for seed in range(20):
        game = curved_game(12)
        answer = Banzhaf(samples=400, tolerance=0).solve(game, np.random.default_rng(seed))
        assert game.evaluations == 400
        inside.append(np.abs(answer.values - truth) <= 1.96 * answer.errors)
        ours.append(np.linalg.norm(answer.values - truth) / np.linalg.norm(truth))
        masks = np.random.default_rng(seed).random((400, 12)) < 0.5
        scores = game.values(masks)
        paper = [scores[masks[:, i]].mean(axis=0) - scores[~masks[:, i]].mean(axis=0) for i in range(12)]
        reuse.append(np.linalg.norm(np.array(paper).T - truth) / np.linalg.norm(truth))
    assert 0.9 < np.mean(inside) < 0.99
    assert np.mean(ours) < 0.1
    assert np.mean(ours) < 0.5 * np.mean(reuse)


def test_it_stops_when_the_errors_are_small_enough(linear_game: Make) -> None:
    game = linear_game(np.random.default_rng(0).normal(size=(1, 14)))
    assert Banzhaf().solve(game, np.random.default_rng(0)).converged
    assert game.evaluations < 300


@pytest.mark.parametrize("n", [3, 12, 45])
def test_pairs_are_distinct(n: int) -> None:
    count = min(200, (1 << (n - 1)) - 1)
    masks = distinct_halves(n, count, np.random.default_rng(0))
    assert len({row.tobytes() for row in masks}) == count
    assert masks.any(axis=1).all()
    assert not masks[:, 0].any()


def test_a_sum_is_solved_part_by_part(curved_game: Make) -> None:
    players = [np.array([0, 1, 2]), np.array([2, 3, 4])]

    def total() -> SumGame:
        return SumGame(5, 3, [Part(curved_game(3, seed=i), p, 0.5) for i, p in enumerate(players)])

    by_parts = solve(total(), Banzhaf(), np.random.default_rng(0))
    np.testing.assert_allclose(by_parts.values, Banzhaf().solve(total(), np.random.default_rng(0)).values, atol=1e-12)


def test_too_small_a_budget_is_refused(curved_game: Make) -> None:
    with pytest.raises(SettingError, match="Give at least 28"):
        Banzhaf(samples=27).solve(curved_game(12), np.random.default_rng(0))
