"""Values level by level: what was split is the sum of its parts, in every game of a sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.components.split import Path
from earmark.errors import SettingError
from earmark.explain.game import CachedGame, Part, SumGame
from earmark.explain.ledger import Ledger
from earmark.explain.levels import Levels

LEVELS: tuple[tuple[Path, ...], ...] = (
    tuple((k,) for k in range(7)),
    (*((k,) for k in range(4)), *((4, i) for i in range(4)), (5,), *((6, i) for i in range(2))),
    (*((k,) for k in range(3)), (3, 0), (3, 1), (4, 0), (4, 1, 0), (4, 1, 1), (4, 2), (4, 3), (5,), (6, 0), (6, 1)),
)
SPLITS: tuple[tuple[Path, ...], ...] = (((4,), (6,)), ((3,), (4, 1)))
FINEST = LEVELS[-1]


def game_of(paths: tuple[Path, ...], seed: int, heard: tuple[tuple[int, ...], ...]) -> CachedGame | SumGame:
    """Random networks over components of the finest level, played with coarser ones; a sum where several are given."""
    parts = []
    for which, first in enumerate(heard):
        rng = np.random.default_rng([seed, which])
        inner, outer = rng.normal(size=(len(FINEST), 10)), rng.normal(size=(10, 2))
        fine = [k for k, path in enumerate(FINEST) if path[0] in first]
        players = [k for k, path in enumerate(paths) if path[0] in first]
        owner = [next(j for j, k in enumerate(players) if FINEST[f][: len(paths[k])] == paths[k]) for f in fine]

        def evaluate(masks, inner=inner, outer=outer, fine=fine, owner=owner):
            on = np.ones((len(masks), len(FINEST)))
            on[:, fine] = masks[:, owner]
            return np.tanh(np.tanh(on @ inner - 1) @ outer)

        parts.append(Part(CachedGame(len(players), 2, evaluate), np.array(players, dtype=np.intp), 1 / len(heard)))
    whole = parts[0].game
    assert isinstance(whole, CachedGame)
    return whole if len(parts) == 1 else SumGame(len(paths), 2, parts)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    heard=st.sampled_from([(tuple(range(7)),), ((0, 1, 4), (3, 4, 5, 6), (2,), ()), ((4, 6), tuple(range(7)))]),
    budget=st.integers(120, 1200),
)
def test_what_was_split_is_the_sum_of_its_parts(seed: int, heard: tuple[tuple[int, ...], ...], budget: int) -> None:
    game = game_of(LEVELS[0], seed, heard)
    ledger = Ledger(game, LEVELS[0], budget=budget, tolerance=0.0, price=1, seed=seed)
    spent = game.evaluations
    assert spent <= budget
    for level in (1, 2):
        before = ledger.values
        finer = game_of(LEVELS[level], seed, heard)
        ledger.split(SPLITS[level - 1], finer, LEVELS[level], budget=budget)
        assert finer.evaluations <= budget
        after = ledger.values
        fine = Levels(LEVELS[level])
        sums = np.stack([after[:, fine.players(path)].sum(axis=1) for path in LEVELS[level - 1]], axis=1)
        np.testing.assert_allclose(sums, before, atol=1e-10)
    found = ledger.attribution()
    np.testing.assert_allclose(found.values.sum(axis=1), found.full - found.base, atol=1e-10)
    ends = game.values(np.array([[False] * 7, [True] * 7]))
    np.testing.assert_allclose([found.base, found.full], ends, atol=1e-12)
    if found.exact:
        assert not found.errors.any()
        assert found.converged


def test_a_sum_is_what_its_games_are_together() -> None:
    """Exact in both: the sum played game by game, and as one game."""
    heard = ((0, 1, 4), (3, 4, 5, 6), (2,), ())
    answers = []
    for whole in (False, True):
        games = [game_of(paths, 3, heard) for paths in LEVELS]
        if whole:
            games = [CachedGame(len(p), 2, g.values) for p, g in zip(LEVELS, games, strict=True)]
        ledger = Ledger(games[0], LEVELS[0], budget=10**5, tolerance=0.0, price=1, seed=0)
        for level in (1, 2):
            ledger.split(SPLITS[level - 1], games[level], LEVELS[level], budget=10**5)
        found = ledger.attribution()
        assert found.exact
        answers.append((found.values, sum(game.evaluations for game in games)))
    np.testing.assert_allclose(answers[0][0], answers[1][0], atol=1e-12)
    assert answers[0][1] < answers[1][1] / 2


def test_too_small_a_budget_is_refused() -> None:
    game = game_of(LEVELS[0], 0, (tuple(range(7)),))
    with pytest.raises(SettingError, match="15 evaluations cannot weigh 7 components"):
        Ledger(game, LEVELS[0], budget=15, tolerance=0.0, price=1, seed=0)
    ledger = Ledger(game, LEVELS[0], budget=200, tolerance=0.0, price=1, seed=0)
    with pytest.raises(SettingError, match="too few for the parts of 2 components"):
        ledger.split(SPLITS[0], game_of(LEVELS[1], 0, (tuple(range(7)),)), LEVELS[1], budget=20)
