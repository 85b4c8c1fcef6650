"""Masks against their formulas, written out again in the plainest way, and what they do where formulas are silent."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.errors import ExplanationError, SettingError, UnknownNameError
from earmark.listen.masks import MASKS, PUBLISHED_MASKS, area_mask, make_mask, make_masks

DISTINCT = np.random.default_rng(0).permutation(np.linspace(-0.7, 1.3, 240)).reshape(12, 20)


def quantile(values, q):
    """Linear between order statistics (Hyndman & Fan 1996, definition 7)."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def literal(name, attributions):
    """The published formula for each cell."""
    cells = [float(a) for a in np.ravel(attributions)]
    positive = [max(a, 0.0) for a in cells]
    low, high, largest = min(cells), max(cells), max(abs(a) for a in cells)
    formulas = {
        "minmax": lambda: [(a - low) / (high - low) for a in cells],
        "minmax_positive": lambda: [a / max(positive) for a in positive],
        "sigmoid": lambda: [1 / (1 + math.exp(-a / largest)) for a in cells],
        "sigmoid_positive": lambda: [1 / (1 + math.exp(-a / max(positive))) for a in positive],
        "sigmoid_unscaled": lambda: [1 / (1 + math.exp(-a)) for a in cells],
        "binary": lambda: [float(a > 0) for a in cells],
    }
    for share in (25, 50, 75):
        formulas[f"binary_{share}"] = lambda share=share: [float(a / high >= share / 100) for a in positive]
    for share in (5, 30, 50):
        q = 1 - share / 100
        formulas[f"top_{share}"] = lambda q=q: [float(a >= quantile(cells, q)) for a in cells]
        formulas[f"top_{share}_positive"] = lambda q=q: [float(a >= quantile(positive, q)) for a in positive]
    return np.array(formulas[name]()).reshape(np.shape(attributions))


@pytest.mark.parametrize("name", MASKS.names())
def test_each_mask_is_its_formula(name):
    mask = make_mask(DISTINCT, name)
    np.testing.assert_allclose(mask.values, literal(name, DISTINCT), atol=1e-12)
    assert mask.values.dtype == np.float64
    assert (mask.name, mask.notes) == (name, ())
    assert mask.area == pytest.approx(literal(name, DISTINCT).mean())


def test_there_are_fourteen_and_one():
    assert len(PUBLISHED_MASKS) == 14
    assert set(MASKS.names()) - set(PUBLISHED_MASKS) == {"sigmoid_unscaled"}
    page = (Path(__file__).parents[2] / "docs" / "masks.md").read_text(encoding="utf-8")
    for entry in MASKS:
        assert f"`{entry.name}`" in page


VALUES = st.floats(-500, 500).map(lambda x: 0.0 if abs(x) < 1e-6 else x)
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 9))


@given(attributions=arrays(np.float64, SHAPES, elements=VALUES), power=st.integers(-300, 300))
def test_masks_keep_order_and_do_not_depend_on_the_unit(attributions, power):
    assume(attributions.any())
    order = np.argsort(attributions.ravel(), kind="stable")
    names = list(PUBLISHED_MASKS)
    scaled = attributions * 2.0**power
    for mask, again in zip(make_masks(attributions, names), make_masks(scaled, names), strict=True):
        assert mask.values.shape == attributions.shape
        assert mask.values.min() >= 0
        assert mask.values.max() <= 1
        assert (np.diff(mask.values.ravel()[order]) >= 0).all(), "a stronger cell is kept at least as much"
        assert mask.area == pytest.approx(mask.values.mean())
        np.testing.assert_allclose(again.values, mask.values, atol=1e-12)
        equal = attributions == attributions.flat[0]
        assert np.ptp(mask.values[equal]) == 0, "equal cells are treated alike"
        one = make_mask(attributions, mask.name)
        np.testing.assert_array_equal(one.values, mask.values)
        assert one.notes == mask.notes


@given(attributions=arrays(np.float64, SHAPES, elements=VALUES))
def test_without_ties_the_formula_and_with_ties_a_note(attributions):
    assume(attributions.any())
    for name in MASKS.names():
        mask = make_mask(attributions, name)
        try:
            expected = literal(name, attributions)
        except ZeroDivisionError:
            assert mask.notes
            continue
        # Where the formula differs from what is made, a note says so.
        same = np.allclose(mask.values, expected, atol=1e-9)
        assert same or mask.notes, name
        if name.startswith("top") and mask.area > int(name.split("_")[1]) / 100 + 1.5 / attributions.size:
            assert mask.notes


@given(attributions=arrays(np.float64, SHAPES, elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0])), data=st.data())
def test_area_masks_have_their_area_whatever_ties(attributions, data):
    assume(attributions.any())
    k = data.draw(st.integers(1, attributions.size))
    mask = area_mask(attributions, k)
    assert mask.values.sum() == k
    assert mask.area == pytest.approx(k / attributions.size)
    kept = mask.values == 1
    if k < attributions.size:
        inside, outside = attributions[kept].min(), attributions[~kept].max()
        assert inside >= outside
        assert (inside == outside) == any("tie" in note for note in mask.notes)
    # Of equals the earlier ones.
    for value in np.unique(attributions):
        chosen = kept.ravel()[attributions.ravel() == value]
        assert (np.diff(chosen.astype(int)) <= 0).all()


@pytest.mark.parametrize(("name", "share"), [("binary_25", 0.25), ("binary_50", 0.5), ("binary_75", 0.75)])
def test_a_cell_of_that_very_share_is_kept_whatever_the_largest_magnitude(name, share):
    for largest in range(4, 4000, 4):
        attributions = np.array([-2.75 * largest, share * largest, largest])
        assert make_mask(attributions, name).values.tolist() == [0, 1, 1]


def test_constant_attributions():
    same = np.full((3, 4), 0.2)
    for name in MASKS.names():
        mask = make_mask(same, name)
        assert np.ptp(mask.values) == 0
        if name == "minmax" or name in ("top_5", "top_30", "top_50"):
            assert mask.area == 1
            assert "equal" in mask.notes[0]
    assert make_mask(same, "minmax_positive").area == make_mask(same, "binary").area == 1


def test_nothing_positive():
    against = -(DISTINCT**2) - 0.1
    for name in (
        "minmax_positive",
        "binary",
        "binary_25",
        "binary_50",
        "binary_75",
        "top_5_positive",
        "top_30_positive",
    ):
        mask = make_mask(against, name)
        assert mask.area == 0
        assert "nothing is kept" in mask.notes[0]
    assert make_mask(against, "sigmoid_positive").area == 0.5
    assert make_mask(against, "sigmoid_positive").notes
    assert make_mask(against, "top_30").area == pytest.approx(0.3, abs=0.01)


def test_few_positive_cells_do_not_become_all():
    sparse = np.zeros(100)
    sparse[:3] = 1.0, 2.0, 3.0
    np.testing.assert_array_equal(make_mask(sparse, "top_50_positive").values, sparse > 0)
    assert "only 3.0% of the cells are positive" in make_mask(sparse, "top_50_positive").notes[0]
    # The plain one keeps what ties, as its formula says, and says so.
    plain = make_mask(sparse, "top_50")
    assert plain.area == 1
    assert plain.notes[0].startswith("97 cells tie at the threshold: 100.0%")
    assert make_mask(sparse, "area:5").values.sum() == 5
    assert make_mask(sparse, "area:5").notes[-1] == "only 3 of the 5 cells are positive"


def test_the_unscaled_sigmoid_says_that_it_says_nothing():
    gradients = DISTINCT * 1e-3
    mask = make_mask(gradients, "sigmoid_unscaled")
    np.testing.assert_allclose(mask.values, 0.5, atol=5e-4)
    assert "differs by 0.0005" in mask.notes[0]
    assert np.ptp(make_mask(gradients, "sigmoid").values) > 0.3


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (np.zeros((2, 3)), "all attributions are zero"),
        (np.array([1.0, np.nan]), "1 of 2 attributions are no finite numbers"),
        (np.array([np.inf, -np.inf, 0.0]), "2 of 3"),
        (np.zeros((0, 4)), "there are no attributions"),
    ],
)
def test_what_no_mask_can_be_made_of(bad, words):
    for name in ("binary", "top_5", "sigmoid", "area:50"):
        with pytest.raises(ExplanationError, match=words):
            make_mask(bad, name)


def test_wrong_names_and_areas():
    with pytest.raises(UnknownNameError, match="Did you mean"):
        make_mask(DISTINCT, "top_10")
    for name, near in (("area", "area:10"), ("area_30", "area:30"), ("area:5%", "area:5"), ("area:-1", "area:1")):
        with pytest.raises(UnknownNameError, match=f"Did you mean {near}\\?"):
            make_mask(DISTINCT, name)
    for name in ("area:0", "area:100.5"):
        with pytest.raises(SettingError, match="a percentage over 0 and at most 100"):
            make_mask(DISTINCT, name)
    for k in (0, 241):
        with pytest.raises(SettingError, match="1 to 240"):
            area_mask(DISTINCT, k)
