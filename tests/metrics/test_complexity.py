"""Published identities, constant masks, and Quantus on its own definitions."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.metrics.complexity import effective_components, entropy, mask_area, sparseness

GOLDEN = Path(__file__).with_name("golden_quantus.json")


@given(st.integers(1, 200), st.data())
def test_a_binary_mask_says_nothing_beyond_its_size(n, data):
    k = data.draw(st.integers(1, n))
    mask = np.zeros(n)
    mask[np.random.default_rng(n * 1000 + k).permutation(n)[:k]] = 1
    assert sparseness(mask) == pytest.approx(1 - k / n, abs=1e-12)
    assert entropy(mask) == pytest.approx(math.log(k), abs=1e-12)
    assert effective_components(mask) == pytest.approx(k)
    assert mask_area(mask) == pytest.approx(k / n)


@given(st.integers(1, 500), st.floats(1e-6, 1e6))
def test_a_constant_has_the_highest_entropy_and_no_sparseness(n, height):
    constant = np.full(n, height)
    assert sparseness(constant) == 0
    assert entropy(constant) == pytest.approx(math.log(n), abs=1e-9)


@given(st.lists(st.floats(-100, 100).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=30), st.floats(0.01, 100))
def test_neither_order_nor_sign_nor_scale_matters(values, scale):
    a = np.array(values)
    for measure in (sparseness, entropy):
        assert measure(-scale * a[::-1]) == pytest.approx(measure(a), abs=1e-9)


def test_the_gini_index_as_half_the_mean_difference():
    a = np.random.default_rng(3).exponential(size=40)
    literal = np.abs(a[:, None] - a[None, :]).sum() / (2 * 40**2 * a.mean())
    assert sparseness(a) == pytest.approx(literal)


@pytest.mark.parametrize("measure", [sparseness, entropy, effective_components])
@pytest.mark.parametrize("bad", [[0.0, 0.0], [1.0, math.nan], []])
def test_nothing_and_nan_are_refused(measure, bad):
    with pytest.raises(SettingError):
        measure(bad)


def test_a_mask_has_values_from_0_to_1():
    with pytest.raises(SettingError, match="0, 1"):
        mask_area([0.5, 1.5])


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"], ids=lambda case: case["name"])
def test_agrees_with_quantus(case):
    # Quantus adds small constants (1e-7 to every value, 1e-12 inside the logarithm): what the tolerances allow for.
    assert sparseness(case["values"]) == pytest.approx(case["sparseness"], abs=1e-5)
    assert entropy(case["values"]) == pytest.approx(case["complexity"], abs=1e-9)
