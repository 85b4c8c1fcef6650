"""Second-order effects against a slow, literal version, against PyALE, and where they are known."""

import logging

import numpy as np
import pandas as pd
import pytest

from earmark.errors import SettingError, UnknownNameError
from earmark.explain_global.ale import AleSettings, ale
from earmark.explain_global.ale2 import ale2
from earmark.explain_global.steps import quantile_edges
from earmark.models.tabular import from_rows_function


def second_differences(classifier, rows, i, j, bins):
    """Per row: its cell and its second differences, ``(K,)``."""
    zi, zj = quantile_edges(rows[:, i], bins), quantile_edges(rows[:, j], bins)
    found = []
    for row in rows:
        a = next(a for a in range(len(zi)) if row[i] <= zi[a + 1])
        b = next(b for b in range(len(zj)) if row[j] <= zj[b + 1])
        corners = np.tile(row, (4, 1))
        corners[:, i] = [zi[a], zi[a], zi[a + 1], zi[a + 1]]
        corners[:, j] = [zj[b], zj[b + 1], zj[b], zj[b + 1]]
        low_low, low_high, high_low, high_high = classifier.scores(corners)
        found.append((a, b, (high_high - high_low) - (low_high - low_low)))
    return zi, zj, found


def literal(zi, zj, seconds, k):
    """Apley and Zhu's algorithm for one class, cell by cell."""
    p, q = len(zi) - 1, len(zj) - 1
    cells = {(a, b): [] for a in range(p) for b in range(q)}
    for a, b, second in seconds:
        cells[a, b].append(second[k])
    means = {}
    for a, b in cells:
        if cells[a, b]:
            means[a, b] = np.mean(cells[a, b])
            continue
        best = None
        for c, d in cells:
            if cells[c, d]:
                u = ((zi[a] + zi[a + 1]) - (zi[c] + zi[c + 1])) / 2 / (zi[-1] - zi[0])
                v = ((zj[b] + zj[b + 1]) - (zj[d] + zj[d + 1])) / 2 / (zj[-1] - zj[0])
                if best is None or u * u + v * v < best[0]:
                    best = (u * u + v * v, np.mean(cells[c, d]))
        means[a, b] = best[1]
    g = np.zeros((p + 1, q + 1))
    for a in range(1, p + 1):
        for b in range(1, q + 1):
            g[a, b] = sum(means[c, d] for c in range(a) for d in range(b))
    n = {cell: len(cells[cell]) for cell in cells}
    first, second = np.zeros(p + 1), np.zeros(q + 1)
    for a in range(1, p + 1):
        total = sum(n[a - 1, b] for b in range(q))
        step = [n[a - 1, b] * ((g[a, b] - g[a - 1, b]) + (g[a, b + 1] - g[a - 1, b + 1])) / 2 for b in range(q)]
        first[a] = first[a - 1] + sum(step) / total
    for b in range(1, q + 1):
        total = sum(n[a, b - 1] for a in range(p))
        step = [n[a, b - 1] * ((g[a, b] - g[a, b - 1]) + (g[a + 1, b] - g[a + 1, b - 1])) / 2 for a in range(p)]
        second[b] = second[b - 1] + sum(step) / total
    h = g - first[:, None] - second[None, :]
    mean = sum(
        n[a, b] * (h[a, b] + h[a + 1, b] + h[a, b + 1] + h[a + 1, b + 1]) / 4 for a in range(p) for b in range(q)
    ) / len(seconds)
    return h - mean


def test_it_is_the_slow_literal_version_for_every_class(forest):
    rows = forest.rows[:80]
    found = ale2(forest.asking, rows, [("tempo_bpm", "mfcc_01_mean"), ("beats", "level")], bins=5, batch_rows=90)
    assert (found[0].counts == 0).any()
    for effect, (i, j) in zip(found, [(0, 3), (1, 2)], strict=True):
        zi, zj, seconds = second_differences(forest.asking, rows, i, j, 5)
        for k in range(3):
            np.testing.assert_allclose(effect.values[k], literal(zi, zj, seconds, k), atol=1e-12)


def test_it_is_pyales():
    PyALE = pytest.importorskip("PyALE")
    logging.disable(logging.INFO)
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(500, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])

    def p(rows):
        return 1 / (1 + np.exp(-rows[:, 0] * rows[:, 1] - rows[:, 0]))

    classifier = from_rows_function(lambda rows: np.stack([p(rows), 1 - p(rows)], axis=1), ["a", "b"], ["x", "y"])

    class Model:
        def predict(self, frame):
            return p(frame.to_numpy())

    peer = PyALE.ale(pd.DataFrame(rows, columns=["x", "y"]), Model(), ["x", "y"], grid_size=8, plot=False)
    logging.disable(logging.NOTSET)
    found = ale2(classifier, rows, [("x", "y")], bins=8)[0]
    np.testing.assert_allclose(found.points[0], peer.index)
    np.testing.assert_allclose(found.points[1], peer.columns)
    np.testing.assert_allclose(found.values[0], peer.to_numpy(), atol=1e-12)


def test_without_an_interaction_there_is_none_and_the_main_effects_are_those_of_the_first_order(forest):
    def p(rows):
        return 0.5 + 0.1 * np.tanh(rows[:, 0]) + 0.1 * np.sin(rows[:, 1])

    rows = np.random.default_rng(6).normal(size=(300, 2))
    classifier = from_rows_function(lambda rows: np.stack([p(rows), 1 - p(rows)], axis=1), ["a", "b"], ["x", "y"])
    found = ale2(classifier, rows, [("x", "y")], bins=6)[0]
    assert np.abs(found.values).max() < 1e-12
    for name, main in zip("xy", found.main, strict=True):
        first = ale(classifier, rows, [name], settings=AleSettings(bins=6))[0]
        np.testing.assert_allclose(main, first.values, atol=1e-12)
    np.testing.assert_allclose(
        found.total[0, 1:, :] - found.total[0, :-1, :],
        np.diff(found.main[0][0])[:, None] + np.zeros((6, 7)),
        atol=1e-12,
    )


def test_the_swing_leaves_out_cells_without_rows(forest):
    found = ale2(forest.inside, forest.rows, [("tempo_bpm", "mfcc_01_mean")], bins=6)[0]
    assert (found.swing <= found.values.max(axis=(1, 2)) - found.values.min(axis=(1, 2))).all()
    assert (found.swing > 0).all()


def test_wrong_pairs_are_refused(forest):
    with pytest.raises(UnknownNameError, match="beats"):
        ale2(forest.inside, forest.rows, [("beat", "level")])
    with pytest.raises(SettingError, match="itself"):
        ale2(forest.inside, forest.rows, [("level", "level")])
    with pytest.raises(SettingError, match="no rows"):
        ale2(forest.inside, forest.rows[:0], [("level", "beats")])
