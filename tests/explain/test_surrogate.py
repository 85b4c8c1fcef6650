"""The surrogate against its literal definition: all triples, written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from earmark.explain.game import CachedGame
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.explain.surrogate import _kernels, fit_surrogate


def test_third_order_kernel_is_the_sum_over_all_triples() -> None:
    signs = np.where(np.random.default_rng(0).random((9, 7)) < 0.5, 1.0, -1.0)
    triples = np.stack([signs[:, list(t)].prod(axis=1) for t in combinations(range(7), 3)], axis=1)
    first, third = _kernels(signs)
    np.testing.assert_allclose(first, signs @ signs.T / 7, atol=1e-12)
    np.testing.assert_allclose(third, triples @ triples.T / 35, atol=1e-12)


def test_shapley_values_of_the_fitted_function_are_exact() -> None:
    """The fitted function, written out over singles and triples, played as a game by enumeration."""
    n, rows = 6, 12
    rng = np.random.default_rng(1)
    signs = np.where(rng.random((rows, n)) < 0.5, 1.0, -1.0)
    fit = fit_surrogate(signs, rng.normal(size=(rows, 1)))
    triples = list(combinations(range(n), 3))

    def features(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return u / np.sqrt(n), np.stack([u[:, list(t)].prod(axis=1) for t in triples], axis=1) / np.sqrt(len(triples))

    # fitted = (K1 + share K3) α, and α is proportional to the residual: recover both from the numbers alone.
    first, third = _kernels(signs)
    alpha_by_share = {
        share: np.linalg.lstsq(first + share * third, fit.fitted, rcond=None)[0]
        for share in (1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
    }
    matches = []
    for share, alpha in alpha_by_share.items():
        single, triple = features(signs)
        one, three = single.T @ alpha, share * triple.T @ alpha

        def evaluate(masks: np.ndarray, one: np.ndarray = one, three: np.ndarray = three) -> np.ndarray:
            single, triple = features(np.where(masks, 1.0, -1.0))
            return (single @ one + triple @ three) / 2  # v with v(S) − v(Sᶜ) = d(S)

        values = ShapleyExact().solve(CachedGame(n, 1, evaluate), rng).values
        matches.append(np.abs(values - fit.shapley).max())
    assert min(matches) < 1e-9 * max(1.0, np.abs(fit.shapley).max())


def test_a_game_of_third_order_is_recovered_from_few_pairs() -> None:
    n = 9
    rng = np.random.default_rng(2)
    triples = list(combinations(range(n), 3))
    weights, singles = rng.normal(size=len(triples)) * 0.3, rng.normal(size=n)

    def evaluate(masks: np.ndarray) -> np.ndarray:
        u = np.where(masks, 1.0, -1.0)
        return (u @ singles + sum(w * u[:, list(t)].prod(axis=1) for w, t in zip(weights, triples, strict=True)))[
            :, None
        ]

    truth = ShapleyExact().solve(CachedGame(n, 1, evaluate), rng).values
    with_it = ShapleyKernel(samples=300, tolerance=0).solve(CachedGame(n, 1, evaluate), np.random.default_rng(0))
    plain = ShapleyKernel(samples=300, tolerance=0, adjust=False).solve(
        CachedGame(n, 1, evaluate), np.random.default_rng(0)
    )
    assert np.abs(with_it.values - truth).max() < 0.02 * np.abs(plain.values - truth).max()


def test_left_out_residuals_are_those_of_refitting_without_the_row() -> None:
    rng = np.random.default_rng(3)
    signs = np.where(rng.random((30, 6)) < 0.5, 1.0, -1.0)
    y = signs @ rng.normal(size=(6, 1)) + 0.1 * rng.normal(size=(30, 1))
    fit = fit_surrogate(signs, y)
    # The process is linear in y: moving one value by δ moves its own fitted value by h δ, and the left-out residual
    # is (y − fitted) / (1 − h).
    for row in (0, 7):
        moved = y.copy()
        moved[row] *= 1 + 1e-6
        h = (fit_surrogate(signs, moved).fitted[row] - fit.fitted[row]) / (moved[row] - y[row])
        assert fit.left_out[row] == pytest.approx((y[row] - fit.fitted[row]) / (1 - h), rel=1e-2)


def test_adjusting_is_at_least_as_good_as_the_plain_estimator(curved_game: object) -> None:
    truth = ShapleyExact().solve(curved_game(12), np.random.default_rng(0)).values  # type: ignore[operator]
    distance = {True: 0.0, False: 0.0}
    for adjust in distance:
        for seed in range(10):
            method = ShapleyKernel(samples=400, tolerance=0, adjust=adjust)
            values = method.solve(curved_game(12), np.random.default_rng(seed)).values  # type: ignore[operator]
            distance[adjust] += float(np.linalg.norm(values - truth))
    assert distance[True] < 0.9 * distance[False]


def test_few_pairs_a_player_do_not_follow_the_noise(curved_game: object) -> None:
    """19 pairs for 14 players: least squares is all but saturated, and its errors would say too little."""
    truth = ShapleyExact().solve(curved_game(14), np.random.default_rng(0)).values  # type: ignore[operator]
    distance = {True: 0.0, False: 0.0}
    covered = []
    for seed in range(12):
        for adjust in distance:
            method = ShapleyKernel(samples=40, tolerance=0, adjust=adjust)
            answer = method.solve(curved_game(14), np.random.default_rng(seed))  # type: ignore[operator]
            distance[adjust] += float(np.linalg.norm(answer.values - truth))
            if adjust:
                covered.append((np.abs(answer.values - truth) <= 1.96 * answer.errors).mean())
    assert distance[True] < 0.9 * distance[False]
    assert np.mean(covered) > 0.85


def test_additive_outputs_stay_exact_beside_others() -> None:
    n = 10
    rng = np.random.default_rng(5)
    weights = rng.normal(size=n)

    def evaluate(masks: np.ndarray) -> np.ndarray:
        return np.stack([masks @ weights, (masks @ np.abs(weights)) ** 3, masks[:, 0] & masks[:, 1]], axis=1)

    for samples in (30, 60, 200):
        answer = ShapleyKernel(samples=samples, tolerance=0).solve(CachedGame(n, 3, evaluate), np.random.default_rng(0))
        np.testing.assert_allclose(answer.values[0], weights, atol=1e-9)
        np.testing.assert_allclose(answer.values.sum(axis=1), answer.full - answer.base, atol=1e-9)
