"""First-order effects: equal to PyALE, exact where they are known, honest intervals, and what is refused."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import CancelledError, ScoresError, SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.explain_global.ale import AleSettings, ale
from earmark.explain_global.categories import Category, order_by_similarity
from earmark.explain_global.differences import differences
from earmark.explain_global.forest import forest_of
from earmark.explain_global.steps import quantile_edges, steps_of
from earmark.models.tabular import from_rows_function


class OneClass:
    """What PyALE takes for a model."""

    def __init__(self, classifier, label):
        self.classifier, self.label = classifier, label

    def predict(self, frame):
        return self.classifier.scores(frame.to_numpy(dtype=float))[:, self.label]


@pytest.fixture
def pyale():
    PyALE = pytest.importorskip("PyALE")
    logging.disable(logging.INFO)
    yield PyALE.ale
    logging.disable(logging.NOTSET)


def two(function):
    """A classifier of two classes from the first one's probability."""

    def both(rows):
        p = function(rows)
        return np.stack([p, 1 - p], axis=1)

    return both


@pytest.mark.parametrize("which", ["inside", "asking"])
def test_effects_sizes_and_t_intervals_are_those_of_pyale(forest, pyale, which):
    classifier = getattr(forest, which)
    found = ale(classifier, forest.rows, settings=AleSettings(bins=12, interval="t"))
    assert [effect.kind for effect in found] == ["continuous", "discrete", "continuous", "continuous", "continuous"]
    frame = pd.DataFrame(forest.rows, columns=classifier.features)
    for effect in found:
        for k in range(3):
            peer = pyale(frame, OneClass(forest.asking, k), [effect.feature], grid_size=12, plot=False)
            np.testing.assert_allclose(effect.points, peer.index, atol=0)
            np.testing.assert_allclose(effect.values[k], peer["eff"], atol=1e-12)
            np.testing.assert_allclose(effect.low[k, 1:], peer["lowerCI_95%"].to_numpy()[1:], atol=1e-12)
            np.testing.assert_allclose(effect.high[k, 1:], peer["upperCI_95%"].to_numpy()[1:], atol=1e-12)
            sizes = peer["size"].to_numpy()
            assert (effect.counts == (sizes[1:] if effect.kind == "continuous" else sizes)).all()


def test_a_category_is_as_in_pyale(pyale):
    rng = np.random.default_rng(1)
    keys = ["minor", "major", "modal"]
    code = rng.integers(3, size=200)
    rows = np.column_stack([np.eye(3)[code], rng.normal(size=200) + code])
    weights = np.array([0.3, -0.2, 0.1, 0.4])
    function = two(lambda rows: 1 / (1 + np.exp(-rows @ weights - rows[:, 0] * rows[:, 3])))
    classifier = from_rows_function(function, ["a", "b"], [*keys, "x"])
    key = Category.one_hot("key", keys, ordered=True)
    effect = ale(classifier, rows, ["key"], settings=AleSettings(categories=(key,), interval="t"))[0]
    values = pd.Categorical([keys[c] for c in code], categories=keys, ordered=True)
    frame = pd.DataFrame({"key": values, "x": rows[:, 3]})

    def encode(column):
        return pd.DataFrame({name: (column["key"] == name).astype(float) for name in keys})

    peer = pyale(
        frame, OneClass(classifier, 0), ["key"], feature_type="categorical", encode_fun=encode,
        predictors=[*keys, "x"], plot=False,
    )  # fmt: skip
    assert effect.names == tuple(keys)
    np.testing.assert_allclose(effect.values[0], peer["eff"], atol=1e-12)
    np.testing.assert_allclose(effect.high[0, 1:], peer["upperCI_95%"].to_numpy()[1:], atol=1e-12)


def test_similar_categories_become_neighbours_as_in_pyale():
    rng = np.random.default_rng(2)
    place = np.array([2.0, 0.0, 3.0, 1.0])  # where each of four values lies
    code = rng.integers(4, size=400)
    others = np.column_stack([place[code] + 0.5 * rng.normal(size=400), rng.integers(3, size=400) + 0.0])
    order = order_by_similarity(others, code).tolist()
    assert order in ([1, 3, 0, 2], [2, 0, 3, 1])
    lib = pytest.importorskip("PyALE._src.lib")
    frame = pd.DataFrame({"c": [f"v{c}" for c in code], "x": others[:, 0], "y": others[:, 1].astype(int)})
    peer = [int(name[1]) for name in lib.order_groups(frame, "c").index]
    assert order in (peer, peer[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_values_weighs_features_as_in_pyale(seed):
    lib = pytest.importorskip("PyALE._src.lib")
    rng = np.random.default_rng(seed)
    code = rng.integers(5, size=300)
    counted = (rng.integers(3, size=5)[code] + rng.integers(2, size=300)) % 4
    others = np.column_stack([rng.normal(size=5)[code] + rng.normal(size=300), counted + 0.0])
    frame = pd.DataFrame({"c": [f"v{c}" for c in code], "x": others[:, 0], "y": counted})
    peer = [int(name[1]) for name in lib.order_groups(frame, "c").index]
    assert order_by_similarity(others, code).tolist() in (peer, peer[::-1])


def test_a_category_takes_steps_in_the_order_found():
    rng = np.random.default_rng(2)
    code = rng.integers(3, size=300)
    x = np.array([2.0, 0.0, 1.0])[code] + 0.1 * rng.normal(size=300)
    rows = np.column_stack([code + 0.0, x])
    classifier = from_rows_function(two(lambda rows: 0.2 + 0.3 * (rows[:, 0] == 2)), ["a", "b"], ["c", "x"])
    plain = Category.coded("c", {"high": 0.0, "low": 1.0, "middle": 2.0})
    effect = ale(classifier, rows, ["c"], settings=AleSettings(categories=(plain,)))[0]
    assert effect.names in (("low", "middle", "high"), ("high", "middle", "low"))
    np.testing.assert_allclose(np.diff(effect.values[0]), [0.3, -0.3], atol=1e-12)


def test_looking_into_the_forest_and_asking_it_give_the_same(forest):
    assert forest_of(forest.inside) is not None
    assert forest_of(forest.asking) is None
    features = forest.inside.features
    steps = [steps_of(forest.rows, features, column) for column in range(5)]
    inside = differences(forest.inside, forest.rows, steps)
    asked = differences(forest.inside, forest.rows, steps, batch_rows=77, inside=False)
    for a, b in zip(inside, asked, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    assert max(np.abs(a).max() for a in inside) > 0.1


def test_rows_that_stay_as_they_are_are_asked_once(forest):
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return forest.asking.function(rows)

    classifier = from_rows_function(counting, forest.asking.labels, forest.asking.features)
    ale(classifier, forest.rows, ["beats"])
    # Each row as it is, and with the value before and after its own; PyALE asks for the same once for every class.
    outer = np.isin(forest.rows[:, 1], [-2, 2]).sum()
    assert sum(asked) == 3 * 300 - outer


def test_an_additive_model_gets_its_own_curves_whatever_is_correlated():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2000, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    classifier = from_rows_function(two(lambda rows: 0.5 + 0.1 * np.tanh(rows[:, 0])), ["a", "b"], ["x", "y"])
    first, second = ale(classifier, x)
    np.testing.assert_allclose(np.diff(first.values[0]), 0.1 * np.diff(np.tanh(first.points)), atol=1e-12)
    assert second.swing.max() == 0
    middle = (first.values[0, 1:] + first.values[0, :-1]) / 2
    assert abs((middle * first.counts).sum()) < 1e-9
    np.testing.assert_allclose(first.values[0], -first.values[1], atol=1e-12)


def test_the_bootstraps_interval_covers_the_effect_of_the_population():
    def truth(points):  # d/dx of x·y is y, whose mean given x is 0
        return np.zeros_like(points)

    inside = []
    for seed in range(40):
        rows = np.random.default_rng(seed).normal(size=(200, 2))
        function = two(lambda rows: 0.5 + 0.03 * np.clip(rows[:, 0] * rows[:, 1], -9, 9))
        effect = ale(from_rows_function(function, ["a", "b"], ["x", "y"]), rows, ["x"], seed=seed)[0]
        inside.append((effect.low[0] <= truth(effect.points)) & (truth(effect.points) <= effect.high[0]))
    assert 0.85 < np.mean(inside) < 0.995


def test_rows_of_one_group_are_drawn_together(forest):
    rows = np.tile(forest.rows[:60], (5, 1))
    alone = ale(forest.inside, rows, ["weight"])[0]
    grouped = ale(forest.inside, rows, ["weight"], groups=[str(i % 60) for i in range(300)])[0]
    np.testing.assert_array_equal(alone.values, grouped.values)
    assert grouped.noise.mean() > 1.7 * alone.noise.mean()  # √5 in theory


def test_the_same_seed_gives_the_same_bytes(forest):
    one, two_ = (ale(forest.inside, forest.rows, ["level"], seed=4)[0] for _ in range(2))
    other = ale(forest.inside, forest.rows, ["level"], seed=5)[0]
    assert one.low.tobytes() == two_.low.tobytes()
    assert one.low.tobytes() != other.low.tobytes()


@given(st.lists(st.integers(0, 12), min_size=3, max_size=60), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_edges_are_values_of_the_data_and_no_bin_is_empty(values, bins):
    column = np.array(values, dtype=float)
    edges = quantile_edges(column, bins)
    assert set(edges) <= set(column)
    assert (edges[0], edges[-1]) == (column.min(), column.max())
    if len(np.unique(column)) > 1 and len(column) >= bins:
        steps = steps_of(column[:, None], ["x"], 0, bins=bins, kind="continuous")
        assert steps.counts.min() >= 1
        assert steps.counts.sum() == len(column)
        assert (steps.low[:, 0] <= column).all()
        assert (column <= steps.high[:, 0]).all()


@pytest.mark.parametrize(
    ("change", "features", "words"),
    [
        (lambda rows: rows * [1, 0, 1, 1, 1], ["beats"], "beats: has the one value 0"),
        (lambda rows: rows[:8], ["weight"], "8 rows for 20 bins"),
        (lambda rows: rows[:0], None, "no rows"),
        (lambda rows: rows[:, :3], None, "does not fit 5 features"),
        (lambda rows: np.where(np.arange(5) == 2, np.nan, rows), None, "level is nan in row 0"),
    ],
)
def test_what_cannot_be_answered_is_refused(forest, change, features, words):
    kinds = {"weight": "continuous"}
    with pytest.raises(SettingError, match=words):
        ale(forest.inside, change(forest.rows), features, settings=AleSettings(kinds=kinds))


def test_wrong_names_and_settings_are_refused(forest):
    with pytest.raises(UnknownNameError, match="Did you mean tempo_bpm"):
        ale(forest.inside, forest.rows, ["tempo"])
    with pytest.raises(UnknownNameError, match="interval"):
        AleSettings(interval="guess")
    with pytest.raises(SettingError, match="confidence"):
        AleSettings(confidence=95)
    with pytest.raises(SettingError, match="groups"):
        ale(forest.inside, forest.rows, groups=["a"])
    with pytest.raises(SettingError, match="none of its values"):
        ale(forest.inside, forest.rows, settings=AleSettings(categories=(Category.coded("beats", {"one": 1.0}),)))
    with pytest.raises(ScoresError):
        ale(from_rows_function(lambda rows: rows, ["a", "b"], ["x", "y"]), forest.rows[:, :2])
    with pytest.raises(CancelledError):
        ale(forest.inside, forest.rows, watch=Watch(cancelled=lambda: True))


def test_noise_is_the_mean_width_where_it_is_known(forest):
    effect = ale(forest.inside, forest.rows, settings=AleSettings(bins=8, interval="t"))[0]
    assert np.isnan(effect.low[:, 0]).all()
    np.testing.assert_allclose(effect.noise, (effect.high - effect.low)[:, 1:].mean(axis=1))
