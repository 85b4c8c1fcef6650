"""Does the predicted class have the largest mean contribution? By hand, then on real explanations."""

from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.time import Time
from earmark.errors import CapabilityError, SettingError
from earmark.explain.lime import Lime
from earmark.explain.run import explain
from earmark.metrics.agreement import agreement, agrees, mean_contributions
from earmark.models.callable import from_callable

RATE = 4000


def which_half(waveforms, rate):
    middle = waveforms.shape[2] // 2
    early = np.abs(waveforms[:, :, :middle]).mean(axis=(1, 2)) + 0.01
    late = np.abs(waveforms[:, :, middle:]).mean(axis=(1, 2)) + 0.01
    return np.stack([early, late], axis=1) / (early + late)[:, None]


@pytest.fixture(scope="module")
def found():
    classifier = from_callable(which_half, ["early", "late"], RATE)
    clips = [Clip(np.repeat([0.4, 0.1][:: 1 if i % 2 else -1], RATE // 2), RATE) for i in range(4)]
    methods = {"lime": Lime(samples=100), "shapley": "shapley"}
    return {name: [explain(c, classifier, Time(n=4), how) for c in clips] for name, how in methods.items()}


def test_mean_contributions_are_means_over_components(found):
    e = found["shapley"][0]
    np.testing.assert_allclose(mean_contributions(e), e.attributions.mean(axis=1))
    assert mean_contributions(e) @ [4, 4] == pytest.approx((e.full - e.base).sum())


def test_both_methods_agree_where_the_louder_half_decides(found):
    rows = agreement(found, truth=["late", "early", "late", "late"])
    assert [row.method for row in rows] == ["lime", "shapley"]
    assert [row.agrees.mean for row in rows] == [1, 1]
    assert rows[0].accuracy is not None
    assert rows[0].accuracy.mean == 0.75
    assert rows[0].agrees.clips == 4


def test_a_turned_explanation_does_not_agree(found):
    e = found["shapley"][0]
    assert agrees(e)
    assert not agrees(replace(e, attributions=-e.attributions))


def test_what_cannot_be_compared_is_refused(found):
    with pytest.raises(SettingError, match="same clips"):
        agreement({"lime": found["lime"], "shapley": found["shapley"][::-1]})
    with pytest.raises(SettingError, match="one label per clip"):
        agreement(found, truth=["late"])
    with pytest.raises(CapabilityError, match="direction"):
        mean_contributions(replace(found["shapley"][0], signed=False))
