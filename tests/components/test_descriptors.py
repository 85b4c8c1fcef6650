"""Descriptors as components: rows of masks, groups by name, and what stands in for what is off."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.components.descriptors import DESCRIPTOR_FILLS, FAMILIES, describe, family
from earmark.errors import SettingError, UnknownNameError, UsageError

FEATURES = ["mfcc01_mean", "zcr_std", "chroma03_mean", "tempo", "rms"]
ROW = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
BACKGROUND = np.arange(35.0).reshape(7, 5) ** 1.5


@given(seed=st.integers(0, 1000), fill=st.sampled_from(DESCRIPTOR_FILLS), grouped=st.booleans())
def test_rows_are_filled_one_by_one(seed: int, fill: str, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    cut = describe(ROW, FEATURES, BACKGROUND, fill=fill, players="group" if grouped else "feature", background_rows=4)
    masks = rng.random((3, cut.n)) < 0.5
    rows = iter(cut.rows(masks))
    for mask in masks:
        for other in cut.stand_ins:
            kept = [mask[owner] for owner in cut.owner]
            expected = [own if keep else away for own, away, keep in zip(ROW, other, kept, strict=True)]
            np.testing.assert_array_equal(next(rows), expected)
    assert next(rows, None) is None


def test_what_stands_in() -> None:
    one = {fill: describe(ROW, FEATURES, BACKGROUND, fill=fill).stand_ins for fill in DESCRIPTOR_FILLS}
    np.testing.assert_array_equal(one["mean"], BACKGROUND.mean(axis=0)[np.newaxis])
    np.testing.assert_array_equal(one["median"], np.median(BACKGROUND, axis=0)[np.newaxis])
    np.testing.assert_array_equal(one["marginal"], BACKGROUND)


def test_the_seed_draws_distinct_rows_of_the_background() -> None:
    drawn = [describe(ROW, FEATURES, BACKGROUND, background_rows=4, seed=seed).stand_ins for seed in (0, 0, 1, 2, 3)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert len({rows.tobytes() for rows in drawn}) > 1
    for rows in drawn:
        places = [int(np.flatnonzero((row == BACKGROUND).all(axis=1))[0]) for row in rows]
        assert len(set(places)) == 4
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("mfcc30_std", "timbre"),
        ("zcr_mean", "timbre"),
        ("zero_crossing_rate", "timbre"),
        ("spectral_centroid", "timbre"),
        ("Rolloff_mean", "timbre"),
        ("chroma12_mean", "harmony"),
        ("key_major", "harmony"),
        ("tempo", "rhythm"),
        ("onset-rate", "rhythm"),
        ("keyword_count", "other"),
        ("", "other"),
        ("42", "other"),
    ],
)
def test_names_tell_the_family(name: str, group: str) -> None:
    assert family(name) == group


def test_a_word_is_of_one_family() -> None:
    words = [word for family_words in FAMILIES.values() for word in family_words]
    assert len(set(words)) == len(words)


def test_groups_by_name_and_given() -> None:
    by_name = describe(ROW, FEATURES, BACKGROUND, players="group")
    assert [c.label for c in by_name.table] == [
        "timbre (2 descriptors)",
        "harmony (1 descriptor)",
        "rhythm (1 descriptor)",
        "other (1 descriptor)",
    ]
    given_groups = {"motion": ["tempo", "zcr_std"]}
    mine = describe(ROW, FEATURES, BACKGROUND, groups=given_groups)
    assert [c.group for c in mine.table] == ["other", "motion", "other", "motion", "other"]
    assert mine.table[3].label == "tempo = 4"
    assert json.loads(json.dumps(mine.settings))["groups"] == given_groups


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"row": [1.0, np.nan, 3.0, 4.0, 5.0]}, SettingError, r"^row: zcr_std is nan in row 0\. .*\.$"),
        ({"row": ROW[:4]}, SettingError, r"^row: shape \(1, 4\) does not fit 5 features\. .*\.$"),
        ({"row": ROW[np.newaxis]}, SettingError, r"^row: shape \(1, 1, 5\) does not fit 5 features\. .*\.$"),
        ({"row": [1, 2, 3, 4, "loud"]}, SettingError, r"^row: list is no array of numbers\. .*\.$"),
        ({"background": []}, SettingError, r"^background: no rows\. .*\.$"),
        ({"background": np.empty((0, 5))}, SettingError, r"^background: no rows\. .*\.$"),
        ({"background": BACKGROUND[:, :4]}, SettingError, r"^background: shape \(7, 4\) does not fit 5 features\."),
        ({"background": BACKGROUND[0]}, SettingError, r"^background: shape \(5,\) does not fit 5 features\."),
        ({"background": [*BACKGROUND, [0, np.inf, 0, 0, 0]]}, SettingError, r"^background: zcr_std is inf in row 7\."),
        ({"background_rows": 0}, SettingError, r"^background_rows: 0 rows\."),
        ({"fill": "medain"}, UnknownNameError, r"fill of descriptors 'medain'\. Did you mean median or mean"),
        ({"players": "groups"}, UnknownNameError, r"'groups'\. Did you mean group\?"),
        ({"groups": {"x": ["temp"]}}, UnknownNameError, r"unknown feature 'temp'\. Did you mean tempo\?"),
        ({"groups": {"x": ["tempo"], "y": ["tempo"]}}, SettingError, r"tempo is in the groups 'x' and 'y'"),
        ({"groups": {"x": "tempo"}}, SettingError, r"group 'x' is a text"),
    ],
)
def test_bad_input_is_one_line(changed: dict[str, object], error: type[UsageError], text: str) -> None:
    asked: dict[str, object] = {"row": ROW, "background": BACKGROUND} | changed
    with pytest.raises(error, match=text) as caught:
        describe(features=FEATURES, **asked)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_masks_of_another_shape_are_refused() -> None:
    with pytest.raises(SettingError, match=r"masks of shape \(2, 4\) for 5 components"):
        describe(ROW, FEATURES, BACKGROUND).rows(np.ones((2, 4)))
