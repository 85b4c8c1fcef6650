"""Accumulated local effects of all features on all classes, beside PyALE."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from benchmarks.machine import peer
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.explain_global.ale import AleSettings, ale
from earmark.models.tabular import from_estimator, from_rows_function

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """Rows, features, classes, trees, pairs of a feature and a class that PyALE is asked about, rounds."""

    rows: int
    features: int
    classes: int
    trees: int
    pairs: int
    rounds: int


FULL, TINY = Settings(5000, 40, 10, 100, 12, 3), Settings(200, 5, 3, 5, 2, 1)


class _OneClass:
    """What PyALE takes: ``predict`` of a data frame is one number a row."""

    def __init__(self, forest: RandomForestClassifier, label: int) -> None:
        self.forest, self.label = forest, label

    def predict(self, frame: pd.DataFrame) -> Floats:
        answer: Floats = self.forest.predict_proba(frame.to_numpy())[:, self.label]
        return answer


def run(settings: Settings) -> Benchmark:
    """Time for everything: measured for us, from a sample of the pairs for PyALE."""
    logging.disable(logging.INFO)  # PyALE says at each call that a feature is continuous
    import PyALE

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(settings.rows, settings.features))
    rows[:, 1:] += 0.5 * rows[:, :-1]
    weights = rng.normal(size=(settings.features, settings.classes)) / np.sqrt(settings.features)
    truth = (rows @ weights + 0.5 * rng.gumbel(size=(settings.rows, settings.classes))).argmax(axis=1)
    forest = RandomForestClassifier(settings.trees, random_state=0).fit(rows, truth)
    names = [f"f{i:02d}" for i in range(settings.features)]
    inside = from_estimator(forest, features=names)
    asking = from_rows_function(forest.predict_proba, inside.labels, names)
    frame = pd.DataFrame(rows, columns=names)
    pairs = [(int(rng.integers(settings.features)), int(rng.integers(settings.classes))) for _ in range(settings.pairs)]

    def pyale() -> list[pd.DataFrame]:
        return [PyALE.ale(frame, _OneClass(forest, k), [names[f]], grid_size=20, plot=False) for f, k in pairs]

    t = AleSettings(interval="t")
    effects = ale(inside, rows, settings=t)
    apart = max(
        float(np.abs(found["eff"].to_numpy() - effects[f].values[k]).max())
        for (f, k), found in zip(pairs, pyale(), strict=True)
    )
    calls: dict[str, Callable[[], object]] = {
        "inside": lambda: ale(inside, rows),
        "asking": lambda: ale(asking, rows),
        "pyale": pyale,
    }
    laps = interleaved(calls, settings.rounds, Stopwatch())
    logging.disable(logging.NOTSET)
    scale = settings.features * settings.classes / settings.pairs
    spent = {name: seconds(each) for name, each in laps.items()}
    whole = [scale * each for each in spent["pyale"]]
    setup = (
        f"{settings.rows} rows × {settings.features} features × {settings.classes} classes, a random forest of "
        f"{settings.trees} trees on one thread, 20 bins; ours with 200 draws of the bootstrap, PyALE's with its "
        f"t-intervals and without a plot. PyALE explains one class and one feature at a time: it is asked about "
        f"{settings.pairs} pairs drawn at random, and its time is taken times {scale:.4g}."
    )
    name = peer("PyALE", "")
    table = (
        Row(f"{name}÷ earmark, which looks into the forest", "×", ratios(whole, spent["inside"]), at_least=10.0),
        Row(f"{name}÷ earmark, which only asks the forest", "×", ratios(whole, spent["asking"]), at_least=10.0),
        Row("earmark, looking into the forest", "s", tuple(spent["inside"])),
        Row("earmark, only asking the forest", "s", tuple(spent["asking"])),
        Row(f"{name}for all pairs", "s", tuple(whole), note="from a sample"),
        Row("largest difference of an effect between the two", "", (apart,), at_most=1e-6),
    )
    return Benchmark("effects", "Accumulated local effects", setup, table)
