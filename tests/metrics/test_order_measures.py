"""Measures that take parts out: a linear model, whose losses are its weights, perfect, inverted and scaled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ExplanationError, SettingError
from earmark.metrics.comprehensiveness import comprehensiveness, sufficiency
from earmark.metrics.correlation import correlation_of, faithfulness_correlation
from earmark.metrics.curves import curve_area, deletion_auc, insertion_auc, order_masks
from earmark.metrics.infidelity import infidelity, infidelity_of
from earmark.metrics.monotonicity import monotonicity, rising_masks
from earmark.metrics.removal import cuts, random_removals, top_masks

WEIGHTS = np.array([0.4, 0.1, 0.3, 0.2])


def linear(weights, offset=0.0):
    return lambda masks: offset + (masks * weights).reshape(len(masks), -1).sum(axis=1)


def test_curves_of_a_linear_model():
    # Removed 0.4, 0.3, 0.2, 0.1 in turn: scores 1, .6, .3, .1, 0; trapezoids of width 1/4.
    ask = linear(WEIGHTS)
    assert deletion_auc(ask, WEIGHTS) == pytest.approx((0.5 + 0.6 + 0.3 + 0.1 + 0) / 4)
    assert insertion_auc(ask, WEIGHTS) == pytest.approx((0 + 0.4 + 0.7 + 0.9 + 0.5) / 4)
    # The inverted order swaps the two.
    assert deletion_auc(ask, -WEIGHTS) == pytest.approx(insertion_auc(ask, WEIGHTS))
    assert insertion_auc(ask, -WEIGHTS) == pytest.approx(deletion_auc(ask, WEIGHTS))


def test_a_random_order_of_a_linear_model_is_a_straight_line_on_average():
    rng = np.random.default_rng(0)
    found = [deletion_auc(linear(WEIGHTS), rng.permutation(4)) for _ in range(500)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.01)


@given(st.integers(2, 40), st.integers(0, 500))
def test_no_order_deletes_a_linear_model_faster_than_its_weights(n, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=n)
    ask = linear(weights)
    assert deletion_auc(ask, weights) <= deletion_auc(ask, rng.normal(size=n)) + 1e-9
    assert insertion_auc(ask, weights) >= insertion_auc(ask, rng.normal(size=n)) - 1e-9


def test_maps_are_taken_out_in_equal_shares():
    values = np.random.default_rng(1).random((8, 10))
    masks, shares = order_masks(values, steps=5)
    assert shares.tolist() == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert masks.shape == (6, 8, 10)
    assert masks.mean(axis=(1, 2)).tolist() == pytest.approx(shares.tolist())
    assert values[masks[2] == 1].min() > values[masks[2] == 0].max()


def test_of_equal_cells_the_earlier_go_first():
    assert top_masks([1.0, 1.0, 0.0], [1]).tolist() == [[1, 0, 0]]
    assert cuts(3, 10).tolist() == [0, 1, 2, 3]


def test_comprehensiveness_and_sufficiency_of_a_linear_model():
    ask = linear(WEIGHTS)
    assert comprehensiveness(ask, WEIGHTS, shares=[0.25, 0.5]) == pytest.approx((0.4 + 0.7) / 2)
    assert sufficiency(ask, WEIGHTS, shares=[0.25, 0.5]) == pytest.approx((0.6 + 0.3) / 2)
    assert comprehensiveness(ask, -WEIGHTS, shares=[0.25, 0.5]) == pytest.approx((0.1 + 0.3) / 2)
    # By default 1 % to 50 %, each at least one cell: 1, 1, 1, 1 and 2 of 4.
    assert comprehensiveness(ask, WEIGHTS) == pytest.approx((4 * 0.4 + 0.7) / 5)


@given(st.floats(0.01, 100), st.integers(0, 300))
def test_the_weights_of_a_linear_model_have_no_infidelity_at_any_scale(scale, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=9)
    assert infidelity(linear(weights, 0.3), scale * weights, rng) < 1e-12
    assert faithfulness_correlation(linear(weights, 0.3), scale * weights, rng) == pytest.approx(1)
    assert faithfulness_correlation(linear(weights), -scale * weights, rng) == pytest.approx(-1)


def test_infidelity_without_scaling_is_the_plain_mean_square():
    assert infidelity_of([1.0, 2.0], [0.0, 1.0], scaled=False) == 1
    assert infidelity_of([1.0, 2.0], [2.0, 4.0]) == pytest.approx(0)
    # Attributions that say nothing are as far off as the losses are from zero, and so are those of the wrong sign.
    assert infidelity_of([0.0, 0.0], [1.0, 3.0]) == 5
    assert infidelity_of([-1.0, -3.0], [1.0, 3.0]) == 5


def test_correlation_where_nothing_varies_is_none():
    assert correlation_of([1.0, 1.0], [0.0, 5.0]) == 0


def test_random_sets_have_the_share_that_is_asked():
    sums, losses = random_removals(linear(WEIGHTS), np.ones(4), np.random.default_rng(0), draws=8, share=0.5)
    assert sums.tolist() == [2] * 8
    assert 0.2 < losses.mean() < 0.8


def test_random_sets_of_infidelity_are_of_all_sizes():
    sizes, _ = random_removals(linear(np.ones(20)), np.ones(20), np.random.default_rng(0), draws=200)
    assert (sizes.min(), sizes.max()) == (1, 19)
    # Uniform: a spread of 20/√12.
    assert sizes.std() == pytest.approx(20 / 12**0.5, rel=0.1)


def test_a_maps_random_sets_are_tiles():
    seen = []

    def ask(masks):
        seen.append(masks)
        return masks.mean(axis=(1, 2))

    random_removals(ask, np.random.default_rng(0).random((64, 48)), np.random.default_rng(1), draws=4)
    tiles = seen[0].reshape(5, 16, 4, 16, 3)
    assert (tiles == tiles[:, :, :1, :, :1]).all()


def test_positive_cells_come_one_by_one_the_weakest_first():
    masks = rising_masks([0.4, 0.1, -0.3, 0.2])
    assert masks.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [1, 1, 0, 1]]


def test_monotonicity():
    ask = linear(np.array([0.4, 0.1, -0.3, 0.2]))
    assert monotonicity(ask, [0.4, 0.1, -0.3, 0.2]) == 1
    # A component that lowers the score is said to raise it: one step of four goes down.
    assert monotonicity(ask, [0.4, 0.1, 0.3, 0.2]) == 0.75
    with pytest.raises(ExplanationError, match="positive"):
        monotonicity(ask, [-0.4, -0.1, -0.3, -0.2])


@pytest.mark.parametrize("bad", [[0.5, 0.5, 0.5, 0.5], [np.nan, 1, 2, 3], np.zeros(4)])
@pytest.mark.parametrize("measure", [deletion_auc, insertion_auc, comprehensiveness, sufficiency, monotonicity])
def test_what_has_no_order_is_refused(measure, bad):
    with pytest.raises(ExplanationError):
        measure(linear(WEIGHTS), bad)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="inside"):
        comprehensiveness(linear(WEIGHTS), WEIGHTS, shares=[1.0])
    with pytest.raises(SettingError, match="draws"):
        infidelity(linear(WEIGHTS), WEIGHTS, np.random.default_rng(0), draws=1)
    with pytest.raises(SettingError, match="steps"):
        deletion_auc(linear(WEIGHTS), WEIGHTS, steps=0)
    with pytest.raises(SettingError, match="at least 2"):
        curve_area([0.0], [1.0])
