"""Counterfactuals against a search through every subset."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.counterfactual import Counterfactual, Decision, counterfactual, decision_about
from earmark.explain.game import CachedGame, Part, SumGame

Make = Callable[..., CachedGame]


def without(game: CachedGame | SumGame, removed: tuple[int, ...]) -> np.ndarray:
    mask = np.ones((1, game.n_players), dtype=bool)
    mask[0, list(removed)] = False
    return game.values(mask)


def flips(game: CachedGame | SumGame, decision: Decision, removed: tuple[int, ...]) -> bool:
    stood = decision.margin(without(game, ()))[0] >= 0
    return bool((decision.margin(without(game, removed))[0] >= 0) != stood)


def smallest(game: CachedGame, decision: Decision) -> int | None:
    """Every subset, by size."""
    for size in range(1, game.n_players + 1):
        if any(flips(game, decision, s) for s in combinations(range(game.n_players), size)):
            return size
    return None


@given(seed=st.integers(0, 10_000), rule=st.sampled_from(["top", "threshold"]), output=st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_with_the_budget_for_it_the_set_is_the_smallest_there_is(seed: int, rule: str, output: int) -> None:
    n = 6
    rng = np.random.default_rng(seed)
    # Not monotone at all: any set may flip it, whatever its parts do.
    table = rng.random((1 << n, 3)) * 0.4 + rng.random((1, 3)) * 0.6
    game = CachedGame(n, 3, lambda m: table[m @ (1 << np.arange(n))])
    decision = Decision(output, rule)
    size = smallest(game, decision)
    answer = counterfactual(game, decision, samples=500)
    assert answer.found == (size is not None)
    if size is None:
        assert answer.at_least == n + 1
        assert answer.removed == ()
        return
    assert len(answer.removed) == size
    assert answer.proven
    assert answer.irreducible
    assert flips(game, decision, answer.removed)
    np.testing.assert_array_equal(answer.after, without(game, answer.removed)[0])
    np.testing.assert_array_equal(answer.before, without(game, ())[0])


@given(seed=st.integers(0, 10_000), samples=st.sampled_from([26, 60, 200]))
@settings(max_examples=40, deadline=None)
def test_on_a_small_budget_what_it_claims_is_true(seed: int, samples: int) -> None:
    n = 12
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(n, 8)), rng.normal(size=(8, 3))
    game = CachedGame(n, 3, lambda m: 1 / (1 + np.exp(-np.tanh(m @ first) @ second)))
    decision = decision_about(without(game, ())[0], int(rng.integers(3)), "sigmoid")
    before = game.evaluations
    answer = counterfactual(game, decision, samples=samples)
    assert game.evaluations - before <= answer.asked <= samples
    if answer.found:
        assert flips(game, decision, answer.removed)
    if answer.irreducible:
        for back in answer.removed:
            assert not flips(game, decision, tuple(p for p in answer.removed if p != back))
    for size in range(1, min(answer.at_least, 4)):
        assert not any(flips(game, decision, s) for s in combinations(range(n), size))
    assert answer.proven == (answer.found and len(answer.removed) <= answer.at_least)


def test_a_tag_of_forty_components_falls_without_the_three_that_carry_it() -> None:
    weights = np.full(40, 0.002)
    weights[[7, 19, 31]] = 0.15
    game = CachedGame(40, 1, lambda m: (0.2 + m @ weights)[:, None])
    answer = counterfactual(game, Decision(0, "threshold"))
    assert len(answer.removed) == 2
    assert answer.proven
    assert set(answer.removed) <= {7, 19, 31}
    assert answer.before[0] >= 0.5 > answer.after[0]


def test_two_that_say_the_same_must_both_go() -> None:
    """Neither matters alone, so leaving one out promises nothing."""
    game = CachedGame(5, 2, lambda m: np.stack([0.2 + 0.6 * (m[:, 1] | m[:, 3]), np.full(len(m), 0.5)], axis=1))
    answer = counterfactual(game, Decision(0, "top"))
    assert answer.removed == (1, 3)
    assert answer.proven


def test_a_promise_saves_evaluations(curved_game: Make) -> None:
    weights = np.linspace(0.01, 0.2, 12)
    game = CachedGame(12, 1, lambda m: (m @ weights)[:, None])
    told = counterfactual(game, Decision(0, "threshold"), promise=weights, samples=26)
    alone = counterfactual(game, Decision(0, "threshold"), samples=2048)
    assert told.removed[-1] == 11
    assert len(told.removed) == len(alone.removed)
    assert told.asked <= 26 < alone.asked


def test_a_tag_that_is_off_can_be_switched_on_by_removing_what_speaks_against_it() -> None:
    game = CachedGame(4, 1, lambda m: (0.8 - m @ np.array([0.1, 0.35, 0.05, 0.0]))[:, None])
    answer = counterfactual(game, Decision(0, "threshold"))
    assert answer.removed == (1,)
    assert answer.before[0] < 0.5 <= answer.after[0]


def test_nothing_to_find_is_said_and_proven() -> None:
    answer = counterfactual(CachedGame(4, 1, lambda m: np.full((len(m), 1), 0.9)), Decision(0, "threshold"))
    assert not answer.found
    assert not answer.proven
    assert answer.at_least == 5
    np.testing.assert_array_equal(answer.before, answer.after)


def test_a_sum_of_patches_costs_no_more_than_its_parts(curved_game: Make) -> None:
    players = [np.arange(4 * i, 4 * i + 4) for i in range(5)]
    game = SumGame(20, 3, [Part(curved_game(4, seed=i), p, 0.2) for i, p in enumerate(players)])
    start = without(game, ())[0]
    for row in range(3):
        decision = decision_about(start, row, "sigmoid")
        answer = counterfactual(game, decision)
        if answer.found:
            assert flips(game, decision, answer.removed)
    assert isinstance(answer, Counterfactual)
    assert game.evaluations <= 5 * 16


def test_which_decision_a_user_sees() -> None:
    scores = np.array([0.2, 0.45, 0.3])
    assert decision_about(scores, 1, "softmax") == Decision(1, "top")
    assert decision_about(scores, 0, "softmax") == Decision(0, "top")
    assert decision_about(scores, 1, "sigmoid") == Decision(1, "top")  # below 0.5, but the strongest tag
    assert decision_about(scores, 0, "sigmoid") == Decision(0, "threshold")
    assert decision_about(np.array([0.7, 0.9]), 0, "sigmoid") == Decision(0, "threshold")
    assert decision_about(np.array([0.7]), 0, "softmax") == Decision(0, "threshold")


def test_settings_that_cannot_work_are_refused(curved_game: Make) -> None:
    game = curved_game(6)
    with pytest.raises(SettingError, match="Give at least 14"):
        counterfactual(game, Decision(0), samples=13)
    with pytest.raises(SettingError, match="one finite number a component"):
        counterfactual(game, Decision(0), promise=np.zeros(5))
    with pytest.raises(SettingError, match="row of a label"):
        counterfactual(game, Decision(3))
    with pytest.raises(SettingError, match="two labels"):
        counterfactual(curved_game(6, outputs=1), Decision(0, "top"))
    with pytest.raises(UnknownNameError, match="Did you mean top"):
        counterfactual(game, Decision(0, "topp"))
