"""Permutation importance, units that are permuted together, partial dependence, and stretches in words."""

from dataclasses import replace

import numpy as np
import pytest

from earmark.errors import SettingError, UnknownNameError
from earmark.explain_global.ale import AleSettings, ale
from earmark.explain_global.categories import Category
from earmark.explain_global.effect import Effect
from earmark.explain_global.favours import favours, number
from earmark.explain_global.pdp import partial_dependence
from earmark.explain_global.permutation import RANDOM, permutation_importance, random_baseline
from earmark.explain_global.units import correlated_units, group_units, single_units
from earmark.models.tabular import from_rows_function


def logistic(rows, weights):
    p = 1 / (1 + np.exp(-rows @ weights))
    return np.stack([p, 1 - p], axis=1)


@pytest.fixture(scope="module")
def twins():
    """Two columns that are nearly the same, of which the model reads both; a third on which nothing depends."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    rows = np.column_stack([x, x + 0.05 * rng.normal(size=400), rng.normal(size=400)])
    classifier = from_rows_function(lambda r: logistic(r, np.array([3.0, 3.0, 0.0])), ["a", "b"], ["x", "y", "z"])
    labels = np.where(rng.random(400) < classifier.scores(rows)[:, 0], "a", "b").tolist()
    return rows, classifier, labels


def test_importance_is_the_slow_literal_one(forest):
    found = permutation_importance(forest.asking, forest.rows, forest.names, repeats=3, seed=2)
    rng = np.random.default_rng(2)
    orders = [rng.permutation(300) for _ in range(3)]
    truth = [forest.asking.labels.index(name) for name in forest.names]

    def loss(rows):
        return [-np.log(max(p[t], 1e-6)) for p, t in zip(forest.asking.scores(rows), truth, strict=True)]

    before = np.mean(loss(forest.rows))
    for each in found:
        column = forest.asking.features.index(each.name)
        rises = []
        for order in orders:
            rows = forest.rows.copy()
            rows[:, column] = rows[order, column]
            rises.append(np.mean(loss(rows)) - before)
        assert each.value == pytest.approx(np.mean(rises), abs=1e-12)
        assert each.spread == pytest.approx(np.std(rises, ddof=1), abs=1e-12)
        assert each.low <= each.value <= each.high
    assert [each.value for each in found] == sorted((each.value for each in found), reverse=True)
    shares = np.bincount(truth) / 300
    assert found[0].classes @ shares == pytest.approx(found[0].value)


def test_twins_hide_each_other_and_not_when_they_are_permuted_together(twins):
    rows, classifier, labels = twins
    units = correlated_units(rows, classifier.features)
    assert sorted(units.values()) == [("x", "y"), ("z",)]
    alone = {each.name: each for each in permutation_importance(classifier, rows, labels, measure="accuracy")}
    together = permutation_importance(classifier, rows, labels, units, measure="accuracy")[0]
    assert together.features == ("x", "y")
    assert together.value > 1.5 * alone["x"].value
    assert alone["z"].value == alone["z"].low == alone["z"].high == 0


def test_descriptors_go_by_what_they_describe(forest):
    assert group_units(forest.inside.features) == {
        "timbre": ("mfcc_01_mean",), "rhythm": ("tempo_bpm",), "other": ("beats", "level", "weight")
    }  # fmt: skip
    assert single_units(["a", "b"]) == {"a": ("a",), "b": ("b",)}


def test_correlations_of_ranks_make_the_clusters():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 4))
    x[:, 3] = np.exp(-2 * x[:, 0] + 0.2 * rng.normal(size=60))
    rho = np.abs(spearmanr(x).statistic)
    assert rho[0, 3] > 0.9
    assert rho[np.triu_indices(3, 1)].max() < 0.7
    assert sorted(correlated_units(x, list("abcd")).values()) == [("a", "d"), ("b",), ("c",)]
    assert sorted(correlated_units(x, list("abcd"), least=0.999).values()) == [("a",), ("b",), ("c",), ("d",)]


def test_random_numbers_matter_less_than_what_the_truth_depends_on(forest):
    learns = np.arange(300) % 3 > 0
    names = np.array(forest.names)
    base = random_baseline(forest.estimator, forest.rows, forest.names, learns, forest.inside.features, repeats=5)
    assert (base.name, base.features) == (RANDOM, (RANDOM,))
    from sklearn.base import clone

    from earmark.models.tabular import from_estimator

    fitted = from_estimator(
        clone(forest.estimator).fit(forest.rows[learns], names[learns]), features=forest.inside.features
    )
    found = permutation_importance(fitted, forest.rows[~learns], names[~learns].tolist(), repeats=5)
    by_name = {each.name: each for each in found}
    assert base.value < by_name["tempo_bpm"].low
    assert abs(base.value) < 0.1


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        (lambda names: [n if n != "folk" else "disco" for n in names], {}, SettingError, "'folk' has no clips"),
        (lambda names: names[:-1], {}, SettingError, "299 labels for 300 rows"),
        (lambda names: ["jazz", *names[1:]], {}, UnknownNameError, "jazz"),
        (lambda names: names, {"measure": "f1"}, UnknownNameError, "measure"),
        (lambda names: names, {"repeats": 0}, SettingError, "repeats"),
        (lambda names: names, {"groups": ["a"]}, SettingError, "groups"),
        (lambda names: names, {"units": {"u": ["nothing"]}}, UnknownNameError, "nothing"),
    ],
)
def test_what_cannot_be_measured_is_refused(forest, labels, options, error, words):
    with pytest.raises(error, match=words):
        permutation_importance(forest.inside, forest.rows, labels(forest.names), **options)
    with pytest.raises(SettingError, match="one value"):
        correlated_units(forest.rows * [0, 1, 1, 1, 1], forest.inside.features)
    with pytest.raises(SettingError, match="correlation"):
        correlated_units(forest.rows, forest.inside.features, least=2)


def test_partial_dependence_is_the_slow_literal_one(forest):
    found = partial_dependence(
        forest.inside, forest.rows, ["beats", "tempo_bpm"], points=6, most_rows=30, batch_rows=50
    )
    assert found[0].points.tolist() == [-2, -1, 0, 1, 2]
    assert found[1].curves.shape == (30, 3, 6)
    chosen = forest.rows[np.sort(np.random.default_rng(0).choice(300, 30, replace=False))]
    for p, value in enumerate(found[1].points):
        moved = chosen.copy()
        moved[:, 0] = value
        np.testing.assert_allclose(found[1].curves[:, :, p], forest.inside.scores(moved), atol=1e-12)
    np.testing.assert_allclose(found[1].mean, found[1].curves.mean(axis=0))
    assert (found[1].centred[:, :, 0] == 0).all()
    assert ((found[1].low <= found[1].mean) & (found[1].mean <= found[1].high)).all()
    with pytest.raises(UnknownNameError):
        partial_dependence(forest.inside, forest.rows, ["nothing"])
    with pytest.raises(SettingError, match="points"):
        partial_dependence(forest.inside, forest.rows, points=1)
    with pytest.raises(SettingError, match="one value"):
        partial_dependence(forest.inside, forest.rows * [0, 1, 1, 1, 1], ["tempo_bpm"])


def step_model(rows):
    p = 0.2 + 0.5 * ((rows[:, 0] > 95) & (rows[:, 0] <= 130))
    return np.stack([p, 1 - p], axis=1)


def test_the_stretch_that_raises_a_class_is_told_with_its_ends():
    tempo = np.random.default_rng(1).uniform(60, 180, size=(4000, 1))
    classifier = from_rows_function(step_model, ["disco", "other"], ["tempo_bpm"])
    told = favours(ale(classifier, tempo, settings=AleSettings(bins=60))[0])
    up = next(each for each in told if each.label == "disco" and each.value > 0)
    assert up.start == pytest.approx(95, abs=2.5)
    assert up.end == pytest.approx(130, abs=2.5)
    share = ((tempo > 95) & (tempo <= 130)).mean()
    assert up.value == pytest.approx(0.5 * (1 - share), abs=0.03)
    assert up.share == pytest.approx(share, abs=0.03)
    assert up.sentence.startswith("between 9")
    assert "BPM, tempo_bpm raises disco by 0.3" in up.sentence
    ends = {(each.start is None, each.end is None) for each in told if each.label == "disco" and each.value < 0}
    assert ends == {(True, False), (False, True)}


def test_a_feature_without_effect_is_not_told_and_categories_are_told_by_name(forest):
    rows = np.column_stack([np.arange(300) % 3, np.random.default_rng(0).normal(size=300)]).astype(float)
    classifier = from_rows_function(
        lambda rows: np.stack([0.5 + 0.3 * (rows[:, 0] == 2), 0.5 - 0.3 * (rows[:, 0] == 2)], axis=1),
        ["a", "b"],
        ["key", "x"],
    )
    key = Category.coded("key", {"C": 0.0, "D": 1.0, "E": 2.0}, ordered=True)
    found = {effect.feature: effect for effect in ale(classifier, rows, settings=AleSettings(categories=(key,)))}
    assert favours(found["x"]) == ()
    sentences = [each.sentence for each in favours(found["key"])]
    assert sentences[0].startswith("at E, key raises a by 0.2") or sentences[0].startswith("at E, key lowers b by 0.2")
    assert number(-0.00001234) == "−1.2e−05"


def test_rows_of_one_group_are_drawn_together(twins):
    rows, classifier, labels = twins
    rows, labels = np.repeat(rows[:100], 9, axis=0), np.repeat(labels[:100], 9).tolist()
    groups = [str(number // 9) for number in range(900)]
    alone = permutation_importance(classifier, rows, labels, {"x": ["x"]}, repeats=40)[0]
    grouped = permutation_importance(classifier, rows, labels, {"x": ["x"]}, repeats=40, groups=groups)[0]
    assert alone.value == grouped.value
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)  # 3 times as wide if nothing but groups mattered


def test_a_mean_below_half_its_interval_is_not_told():
    # Away from 0 in 98 of 100 draws, but so unevenly that its interval is twice as wide as the mean is large.
    draws = np.full((100, 1, 2), 0.0)
    draws[:, 0, 0] = np.where(np.arange(100) < 6, 0.5, 0.02)
    values = np.array([[0.05, 0.0]])
    effect = Effect(
        "x", "discrete", ("a",), np.array([0.0, 1.0]), (), values, values, values, np.array([50, 50]), np.zeros(100),
        draws.astype(np.float32),
    )  # fmt: skip
    assert favours(effect) == ()
    steady = replace(effect, draws=np.where(draws > 0.1, 0.08, draws).astype(np.float32))
    assert [each.value for each in favours(steady)] == [0.05]
