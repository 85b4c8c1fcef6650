"""Measures of a classifier against scikit-learn and by hand; the bootstrap against the closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from earmark.errors import SettingError
from earmark.training.scores import Judged, difference, expected_calibration_error, score, vote


def drawn(n, k, seed, groups=None):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), n)
    names = tuple(str(i) for i in range(n)) if groups is None else tuple(str(i % groups) for i in range(n))
    return Judged(tuple("abcdefgh"[:k]), rng.integers(0, k, n), p, names)


@given(st.integers(1, 60), st.integers(2, 6), st.integers(0, 10**6))
def test_measures_are_those_of_scikit_learn(n, k, seed):
    judged = drawn(n, k, seed)
    found = score(judged, draws=5)
    truth, said = judged.truth, judged.predicted
    assert found.accuracy.value == pytest.approx(accuracy_score(truth, said))
    assert found.macro_f1.value == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    assert np.array_equal(found.confusion, confusion_matrix(truth, said, labels=range(k)))
    p, r, f, s = precision_recall_fscore_support(truth, said, labels=range(k), zero_division=0)
    assert [c.precision.value for c in found.classes] == pytest.approx(p)
    assert [c.recall.value for c in found.classes] == pytest.approx(r)
    assert [c.f1 for c in found.classes] == pytest.approx(f)
    assert [c.support for c in found.classes] == s.tolist()


@given(st.integers(1, 60), st.integers(2, 6), st.integers(0, 10**6))
def test_calibration_error_is_the_papers_sum(n, k, seed):
    judged = drawn(n, k, seed)
    top, right = judged.probabilities.max(1), judged.predicted == judged.truth
    expected = 0.0
    for b in range(15):
        inside = [i for i in range(n) if b / 15 < top[i] <= (b + 1) / 15]
        if inside:
            expected += len(inside) / n * abs(right[inside].mean() - top[inside].mean())
    assert expected_calibration_error(judged.probabilities, judged.truth) == pytest.approx(expected, abs=1e-12)
    assert score(judged, draws=5).ece.value == pytest.approx(expected, abs=1e-12)


def test_reliability_bins_hold_everything():
    judged = drawn(200, 3, 1)
    bins = score(judged, draws=5).reliability
    assert sum(b.count for b in bins) == 200
    assert all(b.low < b.confidence <= b.high for b in bins)


def test_groups_widen_the_interval():
    """Ten copies of each of 30 sounds: as groups the interval is that of 30, alone it would be that of 300."""
    rng = np.random.default_rng(0)
    right = rng.random(30) < 0.7
    p = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]]).repeat(10, axis=0)
    truth = np.zeros(300, dtype=int)
    alone = score(Judged(("a", "b"), truth, p, tuple(map(str, range(300)))))
    grouped = score(Judged(("a", "b"), truth, p, tuple(str(i // 10) for i in range(300))))
    accuracy = right.mean()
    for found, n in ((alone, 300), (grouped, 30)):
        half = 1.96 * np.sqrt(accuracy * (1 - accuracy) / n)
        assert found.accuracy.high - found.accuracy.low == pytest.approx(2 * half, rel=0.15)
    assert grouped.groups == 30


def test_a_bootstrap_draw_is_a_confusion_matrix_of_drawn_groups():
    """The interval of accuracy equals that of a literal loop over resampled sounds."""
    judged = drawn(40, 3, 5, groups=8)
    found = score(judged, seed=3, draws=400)
    counts = np.random.default_rng(3).multinomial(8, np.full(8, 1 / 8), 400)
    names = sorted(set(judged.groups))
    accuracies = []
    for row in counts:
        places = [
            i
            for name, times in zip(names, row, strict=True)
            for _ in range(times)
            for i in range(40)
            if judged.groups[i] == name
        ]
        accuracies.append(np.mean(judged.predicted[places] == judged.truth[places]))
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx(np.quantile(accuracies, [0.025, 0.975]))


def test_same_seed_same_interval():
    judged = drawn(30, 3, 2)
    assert score(judged, seed=1) == score(judged, seed=1)
    assert score(judged, seed=1) != score(judged, seed=2)


def test_difference_is_paired():
    one = drawn(50, 3, 2)
    same = difference(one, one)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = Judged(one.labels, one.truth, np.eye(3)[one.truth], one.groups)
    found = difference(better, one)
    assert found.value == pytest.approx(1 - score(one, draws=2).accuracy.value)
    assert found.low > 0
    with pytest.raises(SettingError, match="not the same sounds"):
        difference(one, drawn(50, 3, 3))


def test_vote_is_the_mean_over_a_song():
    p = [[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.2, 0.8]]
    judged = Judged(("a", "b"), [1, 1, 1, 0], p, ("s", "s", "s", "t"))
    songs = vote(judged, judged.groups)
    assert songs.probabilities == pytest.approx(np.array([[1.3 / 3, 1.7 / 3], [0.2, 0.8]]))
    assert (songs.truth.tolist(), songs.groups) == ([1, 0], ("s", "t"))
    with pytest.raises(SettingError, match="different classes"):
        vote(judged, ("s", "s", "x", "x"))


@pytest.mark.parametrize(
    ("truth", "p", "fact"),
    [
        ([], np.empty((0, 2)), "nothing to judge"),
        ([0], [[0.5, 0.4, 0.1]], "shape"),
        ([2], [[0.5, 0.5]], "not in the list"),
        ([0], [[np.nan, 0.5]], "outside 0 to 1"),
    ],
)
def test_bad_judgements_are_refused(truth, p, fact):
    with pytest.raises(SettingError, match=fact):
        Judged(("a", "b"), truth, p, tuple(map(str, truth)))
