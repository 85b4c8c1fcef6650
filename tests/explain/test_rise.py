"""RISE against equation 6 by rows, conditional means, and closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.explain.banzhaf import Banzhaf
from earmark.explain.game import CachedGame
from earmark.explain.rise import Rise
from earmark.explain.shapley_exact import all_masks

Make = Callable[..., CachedGame]


def test_the_papers_values_are_equation_6_by_rows(curved_game: Make) -> None:
    game = curved_game(12)
    answer = Rise(samples=500, keep=0.3, centred=False).solve(game, np.random.default_rng(4))
    masks = np.random.default_rng(4).random((500, 12)) < 0.3
    expected = np.zeros((3, 12))
    for mask in masks:
        expected += game.values(mask[None]).T * mask / (0.3 * 500)
    np.testing.assert_allclose(answer.values, expected, atol=1e-12)
    # Centred: the same equation for the scores less their mean, over 1 − p.
    centred = Rise(samples=500, keep=0.3).solve(game, np.random.default_rng(4))
    scores = game.values(masks)
    rows = np.einsum("bk,bn->kn", scores - scores.mean(axis=0), masks) / (0.3 * 500 * 0.7)
    np.testing.assert_allclose(centred.values, rows, atol=1e-12)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8])
def test_exact_values_are_conditional_means(curved_game: Make, keep: float) -> None:
    game = curved_game(6)
    masks = all_masks(6)
    scores = game.values(masks)
    chance = np.array([np.prod([keep if on else 1 - keep for on in mask]) for mask in masks])
    on, off = [], []
    for player in range(6):
        there = masks[:, player]
        on.append(chance[there] @ scores[there] / chance[there].sum())
        off.append(chance[~there] @ scores[~there] / chance[~there].sum())
    paper = Rise(keep=keep, centred=False).solve(game, np.random.default_rng(0))
    centred = Rise(keep=keep).solve(game, np.random.default_rng(0))
    np.testing.assert_allclose(paper.values, np.array(on).T, atol=1e-12)
    np.testing.assert_allclose(centred.values, (np.array(on) - np.array(off)).T, atol=1e-12)
    assert paper.exact
    assert (np.argsort(paper.values) == np.argsort(centred.values)).all()


@given(weights=st.lists(st.floats(-2, 2), min_size=1, max_size=8), keep=st.floats(0.05, 0.95))
@settings(max_examples=25, deadline=None)
def test_linear_game(weights: list[float], keep: float) -> None:
    w = np.array([weights])
    game = CachedGame(len(weights), 1, lambda m: m @ w.T + 0.3)
    centred = Rise(keep=keep).solve(game, np.random.default_rng(0))
    np.testing.assert_allclose(centred.values, w, atol=1e-9)
    # With i on, its weight counts whole and every other one by the chance that it is there.
    paper = Rise(keep=keep, centred=False).solve(game, np.random.default_rng(0))
    np.testing.assert_allclose(paper.values, 0.3 + keep * w.sum() + (1 - keep) * w, atol=1e-9)


def test_centred_at_one_half_is_the_banzhaf_value(curved_game: Make) -> None:
    truth = Banzhaf().solve(curved_game(7), np.random.default_rng(0)).values
    np.testing.assert_allclose(Rise().solve(curved_game(7), np.random.default_rng(0)).values, truth, atol=1e-12)


@pytest.mark.parametrize("centred", [True, False])
def test_errors_are_honest(curved_game: Make, centred: bool) -> None:
    truth = Rise(keep=0.4, centred=centred).solve(curved_game(11), np.random.default_rng(0)).values
    inside = []
    for seed in range(30):
        answer = Rise(samples=600, keep=0.4, centred=centred).solve(curved_game(11), np.random.default_rng(seed))
        inside.append(np.abs(answer.values - truth) <= 1.96 * answer.errors)
        assert not answer.exact
    assert 0.92 < np.mean(inside) < 0.98


@pytest.mark.parametrize(
    ("method", "message"),
    [(Rise(keep=0), "between 0 and 1"), (Rise(keep=1.0), "between 0 and 1"), (Rise(samples=23), "at least 24")],
)
def test_settings_that_cannot_work_are_refused(curved_game: Make, method: Rise, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        method.solve(curved_game(12), np.random.default_rng(0))
