"""Local steps through a forest of trees, without asking it about every row.

A step changes a tree's answer for a row only if some node on the row's own path splits this very feature between the
two ends of the step: elsewhere both ends follow the same path to the same leaf. Each tree is therefore walked once for
all rows as they are, and asked only about the steps that cross a node; the answers are those of the forest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import CapabilityError
from earmark.explain.game import Watch
from earmark.explain.tabular_method import family_of, taken_apart
from earmark.explain_global.steps import Floats, Steps
from earmark.models.tabular import TabularClassifier

Floats32 = NDArray[np.float32]
_FORESTS = frozenset({"RandomForestClassifier", "ExtraTreesClassifier"})
# Answers that are held at a time: 256 MiB of float64.
_AT_ONCE = 2**25


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose mean is the classifier, and what the steps before them make of rows, column by column."""

    trees: tuple[Any, ...]
    transform: Callable[[Floats], Floats]
    n_classes: int


def forest_of(classifier: TabularClassifier) -> Forest | None:
    """The forest that a classifier is; None where it is something else, or cannot be looked into."""
    if classifier.estimator is None:
        return None
    try:
        last, transform = taken_apart(classifier, "forest")
    except CapabilityError:
        return None
    if not family_of(last) & _FORESTS or getattr(last, "n_outputs_", 1) != 1:
        return None
    return Forest(tuple(tree.tree_ for tree in last.estimators_), transform, len(classifier.labels))


def forest_differences(forest: Forest, table: Floats, steps: Sequence[Steps], watch: Watch) -> list[Floats]:
    """``scores(high) − scores(low)``, ``(M, K)``, for steps of one column that lie around the row's own value."""
    found: list[Floats] = []
    size = max(1, _AT_ONCE // max(1, 2 * len(table) * forest.n_classes))
    watch.planned += len(forest.trees) * -(-len(steps) // size)
    for start in range(0, len(steps), size):
        found += _block(forest, table, steps[start : start + size], watch)
    return found


def _block(forest: Forest, table: Floats, steps: Sequence[Steps], watch: Watch) -> list[Floats]:
    n, f = table.shape
    rows = np.ascontiguousarray(forest.transform(table), dtype=np.float32)
    layers = _layers(forest, table, steps)
    found = [np.zeros((len(each.rows), forest.n_classes)) for each in steps]
    # Which of the answers a column of a layer belongs to, and where each of its rows is among them.
    for tree in forest.trees:
        watch.before_batch()
        path = tree.decision_path(rows)
        at = np.repeat(np.arange(n), np.diff(path.indptr))
        feature, threshold = tree.feature[path.indices], tree.threshold[path.indices]
        inner = feature >= 0
        at, feature, threshold = at[inner], feature[inner], threshold[inner]
        for low, high, place, slot in layers:
            crossed = (low[at, feature] <= threshold) & (threshold < high[at, feature])
            pairs = np.unique(at[crossed] * f + feature[crossed])
            if not len(pairs):
                continue
            row, column = pairs // f, pairs % f
            ends = np.repeat(rows[row][np.newaxis], 2, axis=0)
            each = np.arange(len(pairs))
            ends[0, each, column], ends[1, each, column] = low[row, column], high[row, column]
            answers = tree.predict(ends.reshape(-1, f)).reshape(2, len(pairs), -1)
            change = (answers[1] - answers[0]) / len(forest.trees)
            order = np.argsort(column, kind="stable")
            borders = np.searchsorted(column[order], np.arange(f + 1))
            for c in np.unique(column):
                mine = order[borders[c] : borders[c + 1]]
                # A row takes a step of a column of a layer once.
                found[place[c]][slot[row[mine], c]] += change[mine]
        watch.after_batch(1)
    return found


def _layers(
    forest: Forest, table: Floats, steps: Sequence[Steps]
) -> list[tuple[Floats32, Floats32, NDArray[np.int64], NDArray[np.int64]]]:
    """Low and high ends as tables ``(N, F)``, NaN where there is no step, and where their answers go.

    A row may take two steps of one feature (to the value after its own, from the one before): those are two layers.
    """
    n, f = table.shape
    made = []
    for layer in range(2):
        low, high = table.copy(), table.copy()
        wanted, slot = np.zeros((n, f), dtype=np.bool_), np.zeros((n, f), dtype=np.int64)
        place = np.full(f, -1, dtype=np.int64)
        for number, each in enumerate(steps):
            column = each.columns[0]
            place[column] = number
            mine = np.arange(len(each.rows))
            if each.kind == "discrete":
                # Steps up are written first, then those down; the first row of the second part starts again.
                ups = int((each.low[:, 0] == table[each.rows, column]).sum())
                mine = mine[:ups] if layer == 0 else mine[ups:]
            elif layer == 1:
                continue
            row = each.rows[mine]
            low[row, column], high[row, column] = each.low[mine, 0], each.high[mine, 0]
            wanted[row, column], slot[row, column] = True, mine
        if wanted.any():
            low, high = (np.where(wanted, forest.transform(end), np.nan) for end in (low, high))
            made.append((low.astype(np.float32), high.astype(np.float32), place, slot))
    return made
