"""Each measure on probabilities written down by hand, and the defect that old tables carry."""

import numpy as np
import pytest

from earmark.errors import SettingError
from earmark.metrics.faithfulness import ad, ad_double_softmax, ag, ai, ff, fid_in

FULL = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
PERFECT = np.array([[0.9, 0.05, 0.05], [0.0, 1.0, 0.0], [0.1, 0.1, 0.8]])
INVERTED = np.array([[0.0, 0.5, 0.5], [0.9, 0.0, 0.1], [0.5, 0.5, 0.0]])


def test_a_perfect_mask_keeps_the_class_and_takes_it_from_the_rest():
    np.testing.assert_allclose(ff(FULL, INVERTED), [0.8, 0.5, 0.8])
    np.testing.assert_array_equal(ai(FULL, PERFECT), [100, 100, 0])
    np.testing.assert_array_equal(ad(FULL, PERFECT), [0, 0, 0])
    np.testing.assert_allclose(ag(FULL, PERFECT), [50, 100, 0])
    np.testing.assert_array_equal(fid_in(FULL, PERFECT), [1, 1, 1])


def test_an_inverted_mask_loses_it():
    np.testing.assert_allclose(ff(FULL, PERFECT), [-0.1, -0.5, 0])
    np.testing.assert_array_equal(ai(FULL, INVERTED), [0, 0, 0])
    np.testing.assert_allclose(ad(FULL, INVERTED), [100, 100, 100])
    np.testing.assert_array_equal(ag(FULL, INVERTED), [0, 0, 0])
    np.testing.assert_array_equal(fid_in(FULL, INVERTED), [0, 0, 0])


def test_all_ones_changes_nothing():
    for measure, value in ((ff, 0), (ai, 0), (ad, 0), (ag, 0), (fid_in, 1)):
        np.testing.assert_array_equal(measure(FULL, FULL), np.full(3, value))


def test_another_class_than_the_most_probable():
    assert ff(FULL[:1], PERFECT[:1], [1])[0] == pytest.approx(0.05)
    assert ad(FULL[:1], PERFECT[:1], [1])[0] == pytest.approx(50)
    assert fid_in(FULL[:1], PERFECT[:1], [1])[0] == 0


def test_the_double_softmax_reads_total_failure_as_two_thirds():
    sure = np.eye(50)[:3]
    lost = np.roll(sure, 7, axis=1)
    # Literally: both outputs through one more softmax.
    e = np.e
    before, after = e / (e + 49), 1 / (e + 49)
    np.testing.assert_allclose(ad_double_softmax(sure, lost), 100 * (before - after) / before)
    np.testing.assert_allclose(ad_double_softmax(sure, lost), 100 * (1 - np.exp(-1)), atol=1e-9)
    np.testing.assert_array_equal(ad(sure, lost), [100, 100, 100])


@pytest.mark.parametrize(
    ("full", "kept", "words"),
    [
        (FULL, FULL[:2], "same sounds"),
        (FULL[0], FULL[0], "sounds, classes"),
        (FULL * 3, FULL, "softmax or sigmoid"),
        (FULL * np.nan, FULL, "softmax or sigmoid"),
    ],
)
def test_what_is_no_probability_is_refused(full, kept, words):
    with pytest.raises(SettingError, match=words):
        ff(full, kept)


def test_nothing_drops_from_zero():
    with pytest.raises(SettingError, match="nothing to drop"):
        ad([[1.0, 0.0]], [[1.0, 0.0]], [1])


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(SettingError, match="one class number for each"):
        ff(FULL, FULL, [0, 1, 3])
