"""Values of the parts of components: against all orders, one by one, and against what must add up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.components.split import Path
from earmark.explain.game import CachedGame, Floats
from earmark.explain.levels import Levels, Whole, share
from earmark.explain.owen import Owen
from earmark.explain.shapley_exact import ShapleyExact

Make = Callable[..., CachedGame]
NONE = np.zeros(3)
PATHS: tuple[Path, ...] = ((0,), (1, 0), (1, 1), (1, 2, 0), (1, 2, 1), (2,), (3, 0), (3, 1))


def random_network(n: int, seed: int) -> CachedGame:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(n, 12)), rng.normal(size=(12, 3))
    return CachedGame(n, 3, lambda masks: np.tanh(np.tanh(masks @ first - 1) @ second))


def all_orders(levels: Levels, node: Path = ()) -> Iterator[list[int]]:
    """Every order in which the parts of each component stay together, at every level."""
    children = levels.children(node)
    if not children:
        yield levels.players(node)
    for order in itertools.permutations(children):
        for inner in itertools.product(*(list(all_orders(levels, child)) for child in order) if order else ()):
            if inner:
                yield [player for group in inner for player in group]


def slow_values(game: CachedGame, levels: Levels) -> Floats:
    """Winter's value by its definition."""
    total, count = np.zeros((3, game.n_players)), 0
    for order in all_orders(levels):
        count += 1
        mask = np.zeros((1, game.n_players), dtype=bool)
        before = game.values(mask)[0]
        for player in order:
            mask[0, player] = True
            after = game.values(mask)[0]
            total[:, player] += after - before
            before = after
    return total / count


def test_exact_shares_are_the_mean_over_all_orders() -> None:
    game, levels = random_network(8, 0), Levels(PATHS)
    truth = slow_values(game, levels)
    assert sum(1 for _ in all_orders(levels)) == 24 * 6 * 2 * 2
    for node in ((1,), (1, 2), (3,)):
        mine = levels.players(node)
        children = [levels.players(child) for child in levels.children(node)]
        expected = np.stack([truth[:, child].sum(axis=1) for child in children], axis=1)
        whole = Whole(truth[:, mine].sum(axis=1), NONE)
        found = share(game, levels, node, whole, budget=levels.cost(node), enough=NONE, seed=[0])
        assert found.exact
        np.testing.assert_allclose(found.values, expected, atol=1e-12)
        assert not found.errors.any()


def test_with_two_levels_they_are_owen_values() -> None:
    game = random_network(9, 1)
    groups = ((0, 1, 2), (3,), (4, 5, 6, 7), (8,))
    levels = Levels(tuple((k, i) for k, group in enumerate(groups) for i in range(len(group))))
    owen = Owen(groups=groups).solve(game, np.random.default_rng(0)).values
    for k, group in enumerate(groups):
        whole = Whole(owen[:, group].sum(axis=1), NONE)
        found = share(game, levels, (k,), whole, budget=1000, enough=NONE, seed=[0])
        np.testing.assert_allclose(found.values, owen[:, group], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), budget=st.integers(20, 400), wrong=st.floats(-1, 1))
def test_parts_have_exactly_what_the_whole_has_within_the_budget(seed: int, budget: int, wrong: float) -> None:
    """Also where the value of the whole is itself an estimate, and off."""
    paths = (
        *((k,) for k in range(9)),
        *((9, i) for i in range(3)),
        *((10, i) for i in range(2)),
        (10, 2, 0),
        (10, 2, 1),
    )
    game, levels = random_network(16, seed), Levels(paths)
    whole = Whole(np.array([0.3, wrong, 0.0]), np.array([0.0, 0.2, 0.01]))
    for node in ((9,), (10,), (10, 2)):
        before = game.evaluations
        found = share(game, levels, node, whole, budget=budget, enough=NONE, seed=[seed])
        np.testing.assert_allclose(found.values.sum(axis=1), whole.value, atol=1e-9)
        assert game.evaluations - before <= budget
        assert not found.exact


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), budget=st.integers(20, 4000))
def test_an_additive_game_is_shared_without_error(seed: int, budget: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(3, 8))
    game, levels = CachedGame(8, 3, lambda masks: masks @ weights.T), Levels(PATHS)
    found = share(game, levels, (1,), Whole(weights[:, 1:5].sum(axis=1), NONE), budget=budget, enough=NONE, seed=[1])
    expected = np.stack([weights[:, 1], weights[:, 2], weights[:, 3:5].sum(axis=1)], axis=1)
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    np.testing.assert_allclose(found.errors, 0, atol=1e-9)


def test_errors_hold_the_truth_and_shrink_with_the_budget() -> None:
    levels = Levels((*((k,) for k in range(8)), *((8, i) for i in range(4)), *((9, i) for i in range(4))))
    game = random_network(16, 5)
    groups = [[k] for k in range(8)] + [levels.players((8,)), levels.players((9,))]
    owner = np.repeat(np.arange(10), [len(group) for group in groups])
    coarse = ShapleyExact().solve(CachedGame(10, 3, lambda m: game.values(m[:, owner])), np.random.default_rng(0))
    whole = Whole(coarse.values[:, 8], NONE)
    truth = share(game, levels, (8,), whole, budget=1 << 13, enough=NONE, seed=[0])
    assert truth.exact
    sizes = []
    for budget in (100, 800):
        off, inside = [], []
        for seed in range(60):
            found = share(random_network(16, 5), levels, (8,), whole, budget=budget, enough=NONE, seed=[seed])
            off.append(np.abs(found.values - truth.values))
            inside.append(off[-1] <= 1.96 * found.errors)
        sizes.append(float(np.mean(off)))
        assert 0.9 < np.mean(inside) < 0.99
    # Eight times the evaluations, 1 / √8 = 0.35 of the error.
    assert sizes[1] < 0.45 * sizes[0]


def test_enough_is_enough(curved_game: Make) -> None:
    game, levels = curved_game(8), Levels(PATHS)
    whole = Whole(np.zeros(3), NONE)
    share(game, levels, (1,), whole, budget=90, enough=np.full(3, 10.0), seed=[0])
    assert game.evaluations <= 8 * 2 * 4


def test_a_part_that_is_alone_gets_all(curved_game: Make) -> None:
    game = curved_game(3)
    whole = Whole(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.0, 0.2]))
    found = share(game, Levels(((0,), (1, 2), (2,))), (1,), whole, budget=0, enough=NONE, seed=[0])
    np.testing.assert_array_equal(found.values[:, 0], whole.value)
    np.testing.assert_array_equal(found.errors[:, 0], whole.error)
    assert game.evaluations == 0


def test_the_error_of_the_whole_is_part_of_that_of_its_parts() -> None:
    weights = np.ones((3, 8))
    game, levels = CachedGame(8, 3, lambda masks: masks @ weights.T), Levels(PATHS)
    found = share(game, levels, (3,), Whole(np.full(3, 2.0), np.full(3, 0.4)), budget=1000, enough=NONE, seed=[0])
    assert found.errors == pytest.approx(np.full((3, 2), 0.2))
