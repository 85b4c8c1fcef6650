"""Perfect, inverted and constant attributions against a planted truth; literal re-implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.metrics.localisation import localisation_auc, pointing_game, relevance_mass, relevance_rank

ALL = (pointing_game, relevance_mass, relevance_rank, localisation_auc)
TRUTH = np.zeros((4, 6), dtype=bool)
TRUTH[1:3, 2:5] = True


@pytest.mark.parametrize("measure", ALL)
def test_perfect_is_1_and_inverted_is_0(measure):
    assert measure(TRUTH * 0.3, TRUTH) == 1
    assert measure(~TRUTH * 0.3, TRUTH) == 0


def test_a_map_always_points_and_has_no_mass_where_nothing_is_positive():
    against = np.where(TRUTH, -1.0, -2.0)
    assert pointing_game(against, TRUTH) == 1
    assert pointing_game(-2 * TRUTH.astype(float), TRUTH) == 0
    assert relevance_mass(against, TRUTH) == 0


def test_a_constant_is_chance():
    constant, share = np.ones(TRUTH.shape), TRUTH.mean()
    assert localisation_auc(constant, TRUTH) == 0.5
    for measure in (pointing_game, relevance_mass, relevance_rank):
        assert measure(constant, TRUTH) == pytest.approx(share)


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_auc_is_the_share_of_pairs_in_order(seed, n):
    rng = np.random.default_rng(seed)
    values = rng.integers(-3, 4, n).astype(float)
    truth = np.zeros(n, dtype=bool)
    truth[rng.permutation(n)[: rng.integers(1, n)]] = True
    pairs = [(a > b) + 0.5 * (a == b) for a in values[truth] for b in values[~truth]]
    assert localisation_auc(values, truth) == pytest.approx(np.mean(pairs))


def test_random_values_are_chance_on_average():
    rng = np.random.default_rng(0)
    found = [localisation_auc(rng.standard_normal(TRUTH.shape), TRUTH) for _ in range(400)]
    assert abs(np.mean(found) - 0.5) < 0.02


def test_only_positive_attributions_have_mass():
    assert relevance_mass([1.0, -9.0, 3.0], np.array([True, True, False])) == 0.25
    assert relevance_mass([-1.0, -9.0, -3.0], np.array([True, True, False])) == 0


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize(
    ("values", "truth", "words"),
    [
        ([1.0, 2.0], [True], "same shape"),
        ([1.0, 2.0], [1.0, 0.0], "booleans"),
        ([1.0, np.nan], [True, False], "not finite"),
        ([1.0, 2.0], [True, True], "at least one cell"),
        ([1.0, 2.0], [False, False], "at least one cell"),
    ],
)
def test_what_can_locate_nothing_is_refused(measure, values, truth, words):
    with pytest.raises(SettingError, match=words):
        measure(np.array(values), np.array(truth))


def test_zero_everywhere_points_nowhere():
    with pytest.raises(SettingError, match="zero"):
        pointing_game(np.zeros(3), np.array([True, False, False]))
