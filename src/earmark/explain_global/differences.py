"""What a classifier's scores change by when rows take local steps: all features and classes stacked into large batches.

Two answers a step are asked for, except where a step starts or ends at the row as it is: those rows are scored once
for all features. A forest of trees is asked in ``earmark.explain_global.forest``, where most steps cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from earmark.errors import SettingError
from earmark.explain.game import Watch
from earmark.explain_global.forest import forest_differences, forest_of
from earmark.explain_global.steps import Floats, Ints, Steps
from earmark.models.tabular import TabularClassifier

BATCH_ROWS = 65_536


def differences(
    classifier: TabularClassifier,
    table: Floats,
    steps: Sequence[Steps],
    *,
    batch_rows: int = BATCH_ROWS,
    watch: Watch | None = None,
    inside: bool = True,
) -> list[Floats]:
    """``scores(high) − scores(low)`` of every step, ``(M, K)`` for each of ``steps``.

    Parameters
    ----------
    table : rows ``(N, F)``.
    batch_rows : rows per call of the classifier.
    watch : progress and cancellation, counted in rows, or in trees.
    inside : look into forests of trees instead of asking them; the answers are the same to rounding.

    Raises
    ------
    SettingError
        If batch_rows is below 1.
    ScoresError
        If the classifier fails.
    CancelledError
        If the user stops it.
    """
    if batch_rows < 1:
        raise SettingError(f"{batch_rows} rows a batch", remedy="Give at least 1", where="batch_rows")
    watch = watch if watch is not None else Watch()
    found: list[Floats | None] = [None] * len(steps)
    forest = forest_of(classifier) if inside else None
    if forest is not None:
        places = [place for place, each in enumerate(steps) if each.kind != "categorical"]
        answers = forest_differences(forest, table, [steps[place] for place in places], watch)
        for place, answer in zip(places, answers, strict=True):
            found[place] = answer
    left = [place for place, answer in enumerate(found) if answer is None]
    for place, answer in zip(left, _asked(classifier, table, [steps[p] for p in left], batch_rows, watch), strict=True):
        found[place] = answer
    return [answer for answer in found if answer is not None]


@dataclass
class _Waiting:
    """Rows that wait for their answers, and where these belong."""

    tables: list[Floats] = field(default_factory=list)
    places: list[tuple[int, int, Ints]] = field(default_factory=list)
    n: int = 0


def _asked(
    classifier: TabularClassifier, table: Floats, steps: list[Steps], batch_rows: int, watch: Watch
) -> list[Floats]:
    k = len(classifier.labels)
    ends = [[(each.low, _moves(table, each, each.low)), (each.high, _moves(table, each, each.high))] for each in steps]
    standing = [each.rows[~moves] for each, pair in zip(steps, ends, strict=True) for _, moves in pair]
    unmoved = np.unique(np.concatenate(standing)) if standing else np.empty(0, dtype=np.int64)
    watch.planned += len(unmoved) + sum(int(moves.sum()) for pair in ends for _, moves in pair)
    base = np.zeros((len(table), k))
    base[unmoved] = _scores(classifier, table[unmoved], batch_rows, watch)
    scores = [[np.empty((len(each.rows), k)) for _ in range(2)] for each in steps]
    waiting = _Waiting()

    def ask() -> None:
        if waiting.n:
            answers = _scores(classifier, np.concatenate(waiting.tables), batch_rows, watch)
            start = 0
            for place, end, at in waiting.places:
                scores[place][end][at] = answers[start : start + len(at)]
                start += len(at)
        waiting.tables, waiting.places, waiting.n = [], [], 0

    for place, (each, pair) in enumerate(zip(steps, ends, strict=True)):
        for end, (values, moves) in enumerate(pair):
            scores[place][end][~moves] = base[each.rows[~moves]]
            at = np.flatnonzero(moves)
            changed = table[each.rows[at]]
            changed[:, each.columns] = values[at]
            waiting.tables.append(changed)
            waiting.places.append((place, end, at))
            waiting.n += len(at)
            if waiting.n >= batch_rows:
                ask()
    ask()
    return [high - low for low, high in scores]


def _moves(table: Floats, steps: Steps, values: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    moved = (table[steps.rows][:, steps.columns] != values).any(axis=1)
    return np.asarray(moved)


def _scores(classifier: TabularClassifier, rows: Floats, batch_rows: int, watch: Watch) -> Floats:
    answers = [np.empty((0, len(classifier.labels)))]
    for start in range(0, len(rows), batch_rows):
        batch = rows[start : start + batch_rows]
        watch.before_batch()
        answers.append(classifier.scores(batch))
        watch.after_batch(len(batch))
    return np.concatenate(answers)
