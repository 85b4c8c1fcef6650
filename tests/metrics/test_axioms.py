"""Shapley values keep the axioms; others break the ones they are known to break."""

import numpy as np
import pytest

from earmark.errors import CapabilityError
from earmark.explain.game import CachedGame
from earmark.explain.lime import Lime
from earmark.explain.occlusion import Occlusion
from earmark.explain.owen import Owen
from earmark.explain.shapley_exact import ShapleyExact
from earmark.metrics.axioms import null_component, symmetry


@pytest.fixture
def game():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(6, 12)), rng.normal(size=(12, 2))
    return CachedGame(6, 2, lambda masks: 1 / (1 + np.exp(-np.tanh(masks @ first) @ second)))


def test_shapley_values_keep_both(game):
    rng = np.random.default_rng(0)
    assert null_component(game, ShapleyExact(), rng, 1) < 1e-12
    assert symmetry(game, ShapleyExact(), rng, 1, component=2) < 1e-12


def test_occlusion_gives_a_null_component_nothing(game):
    assert null_component(game, Occlusion(), np.random.default_rng(0)) == 0


def test_planted_halves_are_there_only_together_and_a_null_component_is_not_missed(game):
    played = []

    class Watched(Occlusion):
        def solve(self, game, rng):
            played.append(game)
            return super().solve(game, rng)

    symmetry(game, Watched(), np.random.default_rng(0), component=2)
    null_component(game, Watched(), np.random.default_rng(0))
    masks = np.random.default_rng(1).random((9, 7)) < 0.6
    both = masks[:, :6].copy()
    both[:, 2] = masks[:, 2] & masks[:, 6]
    np.testing.assert_array_equal(played[0].values(masks), game.values(both))
    np.testing.assert_array_equal(played[1].values(masks), game.values(masks[:, :6]))


def test_lime_with_few_samples_breaks_them(game):
    rng = np.random.default_rng(0)
    assert null_component(game, Lime(samples=25), rng) > 0.01
    assert symmetry(game, Lime(samples=25), rng) > 0.01


def test_a_method_that_names_its_players_cannot_be_given_another(game):
    with pytest.raises(CapabilityError, match="groups"):
        null_component(game, Owen(), np.random.default_rng(0))
