"""Every perturbation method against closed forms, literal formulas, and the axioms that it promises."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.explain.game import CachedGame, Part, SumGame
from earmark.explain.lime import Lime, kernel_weights
from earmark.explain.occlusion import LeaveOneIn, Occlusion
from earmark.explain.parts import solve
from earmark.explain.shapley import Shapley
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.explain.shapley_permutation import ShapleyPermutation

Make = Callable[..., CachedGame]
ALL = [
    Shapley(),
    ShapleyExact(),
    ShapleyKernel(),
    ShapleyKernel(samples=64),
    ShapleyPermutation(samples=100),
    Lime(samples=200),
    Occlusion(),
    LeaveOneIn(),
]
SHAPLEY = [
    Shapley(),
    ShapleyExact(),
    ShapleyKernel(samples=100, tolerance=0),
    ShapleyPermutation(samples=100, tolerance=0),
]


def literal_shapley(game: CachedGame) -> np.ndarray:
    """Shapley (1953) with sets, one coalition at a time."""
    n = game.n_players
    phi = np.zeros((game.n_outputs, n))
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for chosen in combinations(others, size):
                mask = np.zeros((2, n), dtype=bool)
                mask[:, list(chosen)] = True
                mask[1, i] = True
                without, with_i = game.values(mask)
                phi[:, i] += factorial(size) * factorial(n - size - 1) / factorial(n) * (with_i - without)
    return phi


@pytest.mark.parametrize("method", ALL, ids=lambda m: f"{m.name}-{getattr(m, 'samples', '')}")
@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_on_a_linear_game_every_method_returns_weight_times_difference(
    linear_game: Make, method: object, n: int
) -> None:
    weights = np.random.default_rng(n).normal(size=(4, n))
    answer = method.solve(linear_game(weights, offset=0.3), np.random.default_rng(0))  # type: ignore[attr-defined]
    np.testing.assert_allclose(answer.values, weights, atol=1e-6)
    np.testing.assert_allclose(answer.base, 0.3, atol=1e-12)
    np.testing.assert_allclose(answer.full, weights.sum(axis=1) + 0.3, atol=1e-12)
    assert answer.converged or method == ShapleyPermutation(samples=100)  # too few pairs at n = 12 to know it


def test_exact_is_the_literal_formula(curved_game: Make) -> None:
    game = curved_game(6)
    answer = ShapleyExact().solve(game, np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, literal_shapley(game), atol=1e-12)
    assert answer.exact
    assert not answer.errors.any()


def test_permutation_over_all_orders_is_exact(curved_game: Make) -> None:
    from earmark.explain.shapley_permutation import marginals

    game = curved_game(5)
    orders = [np.array(order) for order in permutations(range(5))]
    mean = np.mean([marginals(game, order) for order in orders], axis=0)
    np.testing.assert_allclose(mean, literal_shapley(game), atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 9])
def test_kernel_that_can_pay_for_every_coalition_is_exact(curved_game: Make, n: int) -> None:
    game = curved_game(n)
    answer = ShapleyKernel(samples=1 << n, tolerance=0).solve(game, np.random.default_rng(3))
    np.testing.assert_allclose(answer.values, literal_shapley(game), atol=1e-9)
    assert answer.exact
    assert game.evaluations == 1 << n


@pytest.mark.parametrize("samples", [64, 200, 601])
def test_kernel_spends_its_budget_without_replacement(curved_game: Make, samples: int) -> None:
    game = curved_game(12)
    ShapleyKernel(samples=samples, tolerance=0).solve(game, np.random.default_rng(0))
    assert game.evaluations == samples - samples % 2


@pytest.mark.parametrize(("method", "bound"), [(ShapleyKernel(400, 0), 0.10), (ShapleyPermutation(2000, 0), 0.10)])
def test_estimates_close_in_and_their_errors_are_honest(curved_game: Make, method: object, bound: float) -> None:
    truth = ShapleyExact().solve(curved_game(12), np.random.default_rng(0)).values
    inside, distance = [], []
    for seed in range(20):
        answer = method.solve(curved_game(12), np.random.default_rng(seed))  # type: ignore[attr-defined]
        inside.append(np.abs(answer.values - truth) <= 1.96 * answer.errors)
        distance.append(np.linalg.norm(answer.values - truth) / np.linalg.norm(truth))
    assert np.mean(distance) < bound
    assert 0.88 < np.mean(inside) < 0.99


@pytest.mark.parametrize("method", SHAPLEY, ids=lambda m: m.name)
@given(seed=st.integers(0, 1000), n=st.integers(2, 9))
@settings(max_examples=15, deadline=None)
def test_efficiency(method: object, seed: int, n: int) -> None:
    table = np.random.default_rng(seed).normal(size=(1 << n, 2))
    game = CachedGame(n, 2, lambda m: table[m @ (1 << np.arange(n))])
    answer = method.solve(game, np.random.default_rng(seed))  # type: ignore[attr-defined]
    np.testing.assert_allclose(answer.values.sum(axis=1), answer.full - answer.base, atol=1e-9)


@pytest.mark.parametrize("method", SHAPLEY, ids=lambda m: m.name)
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_null_player_and_linearity(method: object, seed: int) -> None:
    n = 6
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(2, 1 << (n - 1), 1))
    index = 1 << np.arange(n - 1)

    def game(table: np.ndarray) -> CachedGame:  # the last player changes nothing
        return CachedGame(n, 1, lambda m: table[m[:, :-1] @ index])

    def values(table: np.ndarray) -> np.ndarray:
        return method.solve(game(table), np.random.default_rng(seed)).values  # type: ignore[attr-defined, no-any-return]

    exact = 1 << n <= getattr(method, "samples", 1 << n)
    if exact or isinstance(method, ShapleyPermutation):
        np.testing.assert_allclose(values(one)[0, -1], 0, atol=1e-9)
    # The same draws serve both games, so linearity holds draw by draw and not only on average.
    np.testing.assert_allclose(values(2 * one - 3 * two), 2 * values(one) - 3 * values(two), atol=1e-8)


@pytest.mark.parametrize(
    "method", [Shapley(), ShapleyExact(), ShapleyKernel(samples=1 << 6, tolerance=0)], ids=lambda m: m.name
)
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_symmetry(method: object, seed: int) -> None:
    n = 6
    table = np.random.default_rng(seed).normal(size=(3, 1 << (n - 2)))
    index = 1 << np.arange(n - 2)
    # Only how many of the players 0 and 1 are there matters.
    game = CachedGame(n, 1, lambda m: table[m[:, :2].sum(axis=1), m[:, 2:] @ index][:, None])
    values = method.solve(game, np.random.default_rng(0)).values[0]  # type: ignore[attr-defined]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_exact_agrees_with_shapiq(curved_game: Make) -> None:
    shapiq = pytest.importorskip("shapiq", reason="shapiq is not installed")
    game = curved_game(7, outputs=1)
    theirs = shapiq.ExactComputer(game=lambda m: game.values(np.asarray(m))[:, 0], n_players=7)("SV", order=1)
    ours = ShapleyExact().solve(game, np.random.default_rng(0)).values[0]
    np.testing.assert_allclose(ours, [theirs[(i,)] for i in range(7)], atol=1e-9)


def literal_lime(masks: np.ndarray, y: np.ndarray, width: float, ridge: float) -> np.ndarray:
    """Ribeiro et al.: weights from the cosine distance to all ones, then ridge with a free intercept, by rows."""
    normal, right = np.zeros((masks.shape[1] + 1,) * 2), np.zeros(masks.shape[1] + 1)
    for mask, value in zip(masks.astype(float), y, strict=True):
        cosine = mask.sum() / (np.sqrt(mask.sum()) * np.sqrt(len(mask))) if mask.any() else 0.0
        weight = np.sqrt(np.exp(-((1 - cosine) ** 2) / width**2))
        row = np.append(mask, 1.0)
        normal += weight * np.outer(row, row)
        right += weight * value * row
    normal += np.diag([ridge] * masks.shape[1] + [0.0])
    return np.linalg.solve(normal, right)[:-1]


@pytest.mark.parametrize(("width", "ridge"), [(0.25, 0.0), (0.25, 1.0), (25.0, 1.0)])
def test_lime_is_the_literal_formula(curved_game: Make, width: float, ridge: float) -> None:
    game = curved_game(9)
    answer = Lime(samples=300, kernel_width=width, ridge=ridge).solve(game, np.random.default_rng(5))
    masks = np.random.default_rng(5).random((300, 9)) < 0.5
    masks[0] = True
    values = game.values(masks)
    for output in range(3):
        expected = literal_lime(masks, values[:, output], width, ridge)
        np.testing.assert_allclose(answer.values[output], expected, atol=1e-9)


def test_lime_agrees_with_scikit_learn_on_r2_and_says_how_many_samples_count(curved_game: Make) -> None:
    from sklearn.linear_model import Ridge

    game = curved_game(9)
    answer = Lime(samples=300, ridge=1.0).solve(game, np.random.default_rng(5))
    masks = np.random.default_rng(5).random((300, 9)) < 0.5
    masks[0] = True
    weights = kernel_weights(masks, 0.25)
    y = game.values(masks)[:, 0]
    peer = Ridge(alpha=1.0).fit(masks, y, sample_weight=weights)
    np.testing.assert_allclose(answer.values[0], peer.coef_, atol=1e-9)
    r2 = answer.diagnostics["weighted_r2"]
    assert isinstance(r2, list)
    assert r2[0] == pytest.approx(peer.score(masks, y, sample_weight=weights), abs=1e-9)
    assert answer.diagnostics["effective_samples"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_published_kernel_width_makes_all_weights_equal() -> None:
    masks = np.random.default_rng(0).random((500, 40)) < 0.5
    assert kernel_weights(masks, 25.0).min() > 0.9998 > 0.9 > kernel_weights(masks, 0.25).min()


def test_occlusion_and_leave_one_in_by_hand() -> None:
    game = CachedGame(3, 1, lambda m: (m[:, 0] | m[:, 1]).astype(float)[:, None] + 0.5 * m[:, [2]])
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(Occlusion().solve(game, rng).values, [[0, 0, 0.5]])
    np.testing.assert_allclose(LeaveOneIn().solve(game, rng).values, [[1, 1, 0.5]])


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Lime(samples=23), "23 samples cannot weigh 12 components. Give at least 24"),
        (Lime(kernel_width=0), "kernel_width"),
        (ShapleyExact(max_players=11), "2\\^12 = 4,096 evaluations"),
        (ShapleyKernel(samples=25), "Give at least 26"),
        (ShapleyPermutation(samples=23), "Give at least 24"),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_settings_that_cannot_work_are_refused(curved_game: Make, method: object, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        method.solve(curved_game(12), np.random.default_rng(0))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ALL, ids=lambda m: f"{m.name}-{getattr(m, 'samples', '')}")
def test_same_seed_same_numbers(curved_game: Make, method: object) -> None:
    one = method.solve(curved_game(9), np.random.default_rng(7))  # type: ignore[attr-defined]
    two = method.solve(curved_game(9), np.random.default_rng(7))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(one.values, two.values)


def test_a_sum_is_solved_part_by_part_and_equals_the_whole(curved_game: Make) -> None:
    players = [np.array([0, 1, 2, 3]), np.array([2, 3, 4, 5]), np.array([6, 7]), np.array([], dtype=np.intp)]

    def parts() -> SumGame:
        games = [curved_game(len(p), seed=i) if len(p) else CachedGame(0, 3, lambda m: np.full((len(m), 3), 0.4))
                 for i, p in enumerate(players)]  # fmt: skip
        return SumGame(8, 3, [Part(g, p, 0.25) for g, p in zip(games, players, strict=True)])

    whole = parts()
    truth = ShapleyExact().solve(whole, np.random.default_rng(0))
    small = parts()
    answer = solve(small, ShapleyKernel(samples=500), np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, truth.values, atol=1e-12)
    np.testing.assert_allclose(answer.base, truth.base, atol=1e-12)
    np.testing.assert_allclose(answer.full, truth.full, atol=1e-12)
    assert answer.exact
    assert small.evaluations == 16 + 16 + 4 + 1
    # LIME is not linear in the game: it sees the whole, but the parts' caches bound what the model is asked.
    lime = solve(small, Lime(samples=500), np.random.default_rng(0))
    expected = Lime(samples=500).solve(CachedGame(8, 3, whole.values), np.random.default_rng(0))
    np.testing.assert_allclose(lime.values, expected.values, atol=1e-9)
    assert small.evaluations == 16 + 16 + 4 + 1
