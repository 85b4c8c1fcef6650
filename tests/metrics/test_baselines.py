"""Equal area, values and grain, places by chance or by loudness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.metrics.baselines import energy_mask, ones_mask, random_masks, zeros_mask


@given(st.integers(0, 1000), st.integers(1, 23), st.integers(1, 31), st.booleans())
def test_random_masks_hold_the_same_values(seed, bins, frames, binary):
    rng = np.random.default_rng(seed)
    mask = rng.random((bins, frames))
    mask = (mask > 0.6).astype(float) if binary else mask
    for drawn in random_masks(mask, 3, rng):
        np.testing.assert_array_equal(np.sort(drawn, axis=None), np.sort(mask, axis=None))


def test_components_are_shuffled_evenly():
    drawn = random_masks([1, 0, 0, 0, 0], 2000, np.random.default_rng(0))
    assert drawn.sum(axis=1).tolist() == [1] * 2000
    assert np.abs(drawn.mean(axis=0) - 0.2).max() < 0.04


def _runs(mask):
    """Changes of value from cell to cell along each axis, the two edges joined."""
    return [int(np.count_nonzero(mask != np.roll(mask, 1, axis))) for axis in range(mask.ndim)]


def test_regions_stay_regions_and_dust_stays_dust():
    rng = np.random.default_rng(1)
    regions = np.kron(rng.random((8, 10)) > 0.7, np.ones((8, 12)))
    dust = (rng.random((64, 120)) > 0.7).astype(float)
    for mask in (regions, dust):
        for drawn in random_masks(mask, 5, rng):
            assert not np.array_equal(drawn, mask)
            assert _runs(drawn) == _runs(mask)


@pytest.mark.parametrize(("high", "wide"), [(4, 4), (11, 29), (32, 120), (64, 10), (45, 90)])
def test_a_patch_of_any_size_lies_anywhere(high, wide):
    mask = np.zeros((64, 120))
    mask[:high, :wide] = 1
    drawn = random_masks(mask, 2000, np.random.default_rng(0))
    # As often here as there: a random mask of this area shares that part of itself with any other.
    assert drawn.mean(axis=0) == pytest.approx(mask.mean(), abs=0.06)
    assert sum(np.array_equal(one, mask) for one in drawn) < 60


def test_the_loudest_cells_get_the_largest_values():
    energy = np.array([[4.0, 1.0], [3.0, 2.0]])
    np.testing.assert_array_equal(energy_mask([[0, 0.5], [0, 1]], energy), [[1, 0], [0.5, 0]])


def test_ones_and_zeros():
    assert ones_mask([0.5, 0]).tolist() == [1, 1]
    assert zeros_mask([[0.5, 0]]).tolist() == [[0, 0]]


@pytest.mark.parametrize("mask", [[2.0, 0.0], [np.nan], np.zeros((2, 2, 2)), []])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(SettingError, match="mask"):
        random_masks(mask, 1, np.random.default_rng(0))


def test_energies_fit_the_mask():
    with pytest.raises(SettingError, match="one power"):
        energy_mask([1, 0], [1.0])
    with pytest.raises(SettingError, match="one power"):
        energy_mask([1, 0], [1.0, -1.0])
