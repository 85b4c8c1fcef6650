"""Rank agreement against scipy, pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from earmark.errors import SettingError
from earmark.explain.game import CachedGame
from earmark.explain.lime import Lime
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_permutation import ShapleyPermutation
from earmark.explain.stability import agreement, stability_from_errors, stability_from_seeds

Make = Callable[..., CachedGame]


def test_agreement_is_the_mean_of_scipys_over_all_pairs() -> None:
    runs = np.random.default_rng(0).normal(size=(7, 3, 9)).round(1)  # rounded, so that there are ties
    answer = agreement(runs, "seeds")
    for k in range(3):
        pairs = [(runs[a, k], runs[b, k]) for a, b in combinations(range(7), 2)]
        assert answer.rank_agreement[k] == pytest.approx(np.mean([spearmanr(a, b).statistic for a, b in pairs]))
        tops = [np.abs(a).argmax() == np.abs(b).argmax() for a, b in pairs]
        assert answer.same_top[k] == pytest.approx(np.mean(tops))
    assert answer.runs == 7


def test_an_order_and_its_reverse_disagree() -> None:
    answer = agreement(np.array([[[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]]), "seeds")
    assert answer.rank_agreement[0] == pytest.approx(-1)
    assert answer.same_top[0] == 0


def test_no_order_agrees_only_with_no_order() -> None:
    same = agreement(np.zeros((4, 1, 5)), "seeds")
    assert same.rank_agreement[0] == 1
    mixed = agreement(np.stack([np.zeros((1, 5)), np.arange(5.0)[None], np.arange(5.0)[None]]), "seeds")
    assert mixed.rank_agreement[0] == pytest.approx(1 / 3)  # one pair of three agrees
    assert agreement(np.random.default_rng(0).normal(size=(3, 2, 1)), "seeds").rank_agreement.tolist() == [1, 1]


def test_exact_values_agree_with_themselves(curved_game: Make) -> None:
    answer = stability_from_seeds(curved_game(6), ShapleyExact(), range(3))
    np.testing.assert_allclose(answer.rank_agreement, 1)
    np.testing.assert_allclose(answer.same_top, 1)
    assert answer.source == "seeds"


def test_more_samples_agree_better_and_errors_foresee_it(curved_game: Make) -> None:
    poor = stability_from_seeds(curved_game(12), Lime(samples=60), range(12))
    good = stability_from_seeds(curved_game(12), Lime(samples=1500), range(12))
    assert (good.rank_agreement > poor.rank_agreement + 0.05).all()
    single = ShapleyPermutation(samples=300, tolerance=0).solve(curved_game(12), np.random.default_rng(0))
    foreseen = stability_from_errors(single.values, single.errors, np.random.default_rng(1), runs=200)
    seen = stability_from_seeds(curved_game(12), ShapleyPermutation(samples=300, tolerance=0), range(20))
    np.testing.assert_allclose(foreseen.rank_agreement, seen.rank_agreement, atol=0.12)


def test_runs_share_the_games_cache(curved_game: Make) -> None:
    game = curved_game(6)
    stability_from_seeds(game, Lime(samples=100), range(5))
    assert game.evaluations <= 64


def test_what_cannot_be_compared_is_refused(curved_game: Make) -> None:
    with pytest.raises(SettingError, match="Give at least 2"):
        stability_from_seeds(curved_game(6), ShapleyExact(), [0])
    with pytest.raises(SettingError, match="more samples"):
        stability_from_errors(np.ones((1, 3)), np.full((1, 3), np.nan), np.random.default_rng(0))
