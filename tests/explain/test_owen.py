"""Owen values against Owen's formula with sets, shap's two-level tree, and the axioms of grouped players."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.components.component import Component
from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import CachedGame, Part, SumGame
from earmark.explain.owen import Owen, groups_of
from earmark.explain.parts import solve
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_permutation import mean_over_orders

Make = Callable[..., CachedGame]
GROUPS = ((0, 3, 5), (1,), (2, 4))


def subsets(items: list[int]) -> chain[tuple[int, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def literal_owen(game: CachedGame, groups: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Owen (1977), one pair of coalitions at a time."""

    def v(players: set[int]) -> np.ndarray:
        mask = np.zeros((1, game.n_players), dtype=bool)
        mask[0, list(players)] = True
        return game.values(mask)[0]

    phi = np.zeros((game.n_outputs, game.n_players))
    m = len(groups)
    for k, group in enumerate(groups):
        for i in group:
            for h in subsets([j for j in range(m) if j != k]):
                q = {p for j in h for p in groups[j]}
                for s in subsets([p for p in group if p != i]):
                    outer = factorial(len(h)) * factorial(m - len(h) - 1) / factorial(m)
                    inner = factorial(len(s)) * factorial(len(group) - len(s) - 1) / factorial(len(group))
                    phi[:, i] += outer * inner * (v(q | set(s) | {i}) - v(q | set(s)))
    return phi


def test_exact_is_the_literal_formula(curved_game: Make) -> None:
    game = curved_game(6)
    answer = Owen(groups=GROUPS).solve(game, np.random.default_rng(0))
    assert game.evaluations == Owen(groups=GROUPS).coalitions() == Owen(groups=GROUPS).plan(6)
    np.testing.assert_allclose(answer.values, literal_owen(game, GROUPS), atol=1e-12)
    assert answer.exact
    assert not answer.errors.any()


@pytest.mark.parametrize("groups", [((0, 1, 2, 3, 4, 5),), ((0,), (1,), (2,), (3,), (4,), (5,))])
def test_one_group_and_groups_of_one_are_shapley_values(curved_game: Make, groups: tuple[tuple[int, ...], ...]) -> None:
    truth = ShapleyExact().solve(curved_game(6), np.random.default_rng(0)).values
    answer = Owen(groups=groups).solve(curved_game(6), np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, truth, atol=1e-12)


def test_agrees_with_shap_on_a_tree_of_two_pairs() -> None:
    table = np.random.default_rng(0).normal(size=16)
    game = CachedGame(4, 1, lambda masks: table[masks @ (1 << np.arange(4))][:, None])
    ours = Owen(groups=((0, 1), (2, 3))).solve(game, np.random.default_rng(0))
    # shap 0.51, PartitionExplainer over the tree ((0, 1), (2, 3)), on this table; compiling it here takes 18 s.
    np.testing.assert_allclose(ours.values[0], [0.45663127, 0.32933539, -0.55352691, -1.09043733], atol=1e-8)


@given(seed=st.integers(0, 1000), samples=st.sampled_from([20, 4096]))
@settings(max_examples=20, deadline=None)
def test_a_group_gets_its_shapley_value_as_one_player_and_a_null_player_nothing(seed: int, samples: int) -> None:
    table = np.random.default_rng(seed).normal(size=(1 << 5, 2))
    game = CachedGame(6, 2, lambda m: table[m[:, :5] @ (1 << np.arange(5))])  # player 5 changes nothing
    answer = Owen(groups=GROUPS, samples=samples).solve(game, np.random.default_rng(seed))
    np.testing.assert_allclose(answer.values.sum(axis=1), answer.full - answer.base, atol=1e-9)
    np.testing.assert_allclose(answer.values[:, 5], 0, atol=1e-9)
    if answer.exact:
        member = np.array([0, 1, 2, 0, 2, 0])
        outer = ShapleyExact().solve(CachedGame(3, 2, lambda m: game.values(m[:, member])), np.random.default_rng(0))
        sums = [answer.values[:, list(group)].sum(axis=1) for group in GROUPS]
        np.testing.assert_allclose(np.array(sums).T, outer.values, atol=1e-9)


@pytest.mark.parametrize("samples", [60, 4096])
def test_linear_game(linear_game: Make, samples: int) -> None:
    weights = np.random.default_rng(1).normal(size=(3, 6))
    answer = Owen(groups=GROUPS, samples=samples).solve(linear_game(weights, 0.2), np.random.default_rng(0))
    np.testing.assert_allclose(answer.values, weights, atol=1e-9)
    np.testing.assert_allclose(answer.base, 0.2, atol=1e-12)


def test_orders_keep_groups_together_and_close_in_with_honest_errors(curved_game: Make) -> None:
    groups = ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))
    truth = Owen(groups=groups).solve(curved_game(12), np.random.default_rng(0)).values
    blocks = [np.array(group) for group in groups]
    inside, distance = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)

        def draw(rng: np.random.Generator = rng) -> np.ndarray:
            return np.concatenate([rng.permutation(blocks[k]) for k in rng.permutation(3)])

        # A budget of 168 would already be exact, so the sampler that a larger case uses is called itself.
        answer = mean_over_orders(curved_game(12), draw, 45, 0)
        inside.append(np.abs(answer.values - truth) <= 1.96 * answer.errors)
        distance.append(np.linalg.norm(answer.values - truth) / np.linalg.norm(truth))
    assert np.mean(distance) < 0.15
    assert 0.85 < np.mean(inside) < 0.99
    sampled = Owen(groups=groups, samples=100).solve(curved_game(12), np.random.default_rng(0))
    assert sampled.diagnostics == {"permutations": 8, "groups": 3}
    assert np.linalg.norm(sampled.values - truth) < 0.6 * np.linalg.norm(truth)


def test_a_sum_restricts_the_groups_to_the_players_of_each_part(curved_game: Make) -> None:
    players = [np.array([0, 2, 3]), np.array([1, 3, 4, 5])]

    def total() -> SumGame:
        return SumGame(6, 3, [Part(curved_game(len(p), seed=i), p, 0.5) for i, p in enumerate(players)])

    whole = Owen(groups=GROUPS).solve(total(), np.random.default_rng(0))
    by_parts = solve(total(), Owen(groups=GROUPS), np.random.default_rng(0))
    assert by_parts.diagnostics == {"parts": 2}
    np.testing.assert_allclose(by_parts.values, whole.values, atol=1e-12)
    assert Owen(groups=GROUPS).for_players(players[1]).groups == ((1, 3), (0,), (2,))


def test_groups_come_from_what_the_components_are() -> None:
    table = (
        Component(stem="drums", start_s=0, end_s=5),
        Component(stem="bass", start_s=0, end_s=5),
        Component(stem="drums", start_s=5, end_s=10),
        Component(word="rain", start_s=5, end_s=10),
        Component(low_hz=20, high_hz=99),
    )
    assert groups_of(table, "stem") == ((0, 2), (1,), (3, 4))
    assert groups_of(table, "time") == ((0, 1), (2, 3), (4,))
    assert groups_of(table, "band") == ((0, 1, 2, 3), (4,))
    assert groups_of(table, "kind") == ((0, 1, 2), (3,), (4,))
    assert Owen(by="time").for_components(table).groups == ((0, 1), (2, 3), (4,))
    given_by_hand = Owen(groups=((0, 1, 2, 3, 4),))
    assert given_by_hand.for_components(table) is given_by_hand
    with pytest.raises(UnknownNameError, match="Did you mean stem"):
        groups_of(table, "stems")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Owen(), "no division of 6 components"),
        (Owen(groups=((0, 1, 2), (2, 3, 4, 5))), "no division"),
        (Owen(groups=((0, 1, 2),)), "no division"),
        (Owen(groups=((0, 1, 2), (3, 4, 5)), samples=11), "Give at least 12 samples"),
    ],
)
def test_groups_that_are_none_are_refused(curved_game: Make, method: Owen, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        method.solve(curved_game(6), np.random.default_rng(0))
