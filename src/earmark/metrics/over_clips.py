"""Measures of many clips as one table: means with intervals beside those of the baselines, and methods compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earmark.errors import SettingError
from earmark.metrics.measures import Measures
from earmark.metrics.statistics import Interval, Paired, Test, bootstrap_interval, holm, paired_test


@dataclass(frozen=True)
class Summary:
    """One measure in one domain over clips; ``baselines`` by name, those that the measure has for every clip."""

    metric: str
    domain: str
    value: Interval
    baselines: tuple[tuple[str, Interval], ...]


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same clips; ``corrected`` is the p value after Holm's correction for all comparisons made."""

    first: str
    second: str
    metric: str
    domain: str
    paired: Paired
    corrected: float


def summarise(found: Sequence[Measures], *, seed: int = 0) -> tuple[Summary, ...]:
    """Mean over clips of every measure that all of them have, with a bootstrap interval, baselines beside it.

    Raises
    ------
    SettingError
        If there are no measures.
    """
    if not found:
        raise SettingError("no measures", remedy="Give those of at least one clip", where="found")
    rows = []
    for figure in found[0].figures:
        if not all(_has(m, figure.metric, figure.domain) for m in found):
            continue
        figures = [m.figure(figure.metric, figure.domain) for m in found]
        baselines = []
        for name in ("random", "energy", "ones", "zeros"):
            values = [getattr(f, name) for f in figures]
            if all(value is not None for value in values):
                baselines.append((name, bootstrap_interval(values, seed=seed)))
        value = bootstrap_interval([f.value for f in figures], seed=seed)
        rows.append(Summary(figure.metric, figure.domain, value, tuple(baselines)))
    return tuple(rows)


def compare(
    methods: Mapping[str, Sequence[Measures]],
    metrics: Sequence[str],
    *,
    domain: str = "audio",
    test: Test = "sign_flip",
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Every pair of methods on every measure, tested on the same clips and corrected together.

    Parameters
    ----------
    methods : measures of the same clips in the same order, by method.
    metrics : registered names that all have.
    domain : "audio", "spectrogram" or "".
    test : see ``earmark.metrics.statistics.paired_test``.
    seed : of the test.

    Raises
    ------
    SettingError
        If the clips are not the same, or there are not two methods.
    """
    clips = {tuple(m.clip_fingerprint for m in found) for found in methods.values()}
    if len(methods) < 2 or len(clips) != 1:
        raise SettingError(
            "fewer than two methods, or not on the same clips",
            remedy="Give the measures of the same clips in the same order for each",
            where="methods",
        )
    names = list(methods)
    tests = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for metric in metrics:
                a, b = ([m.figure(metric, domain).value for m in methods[name]] for name in (first, second))
                tests.append((first, second, metric, paired_test(a, b, test=test, seed=seed)))
    corrected = holm([paired.p_value for *_, paired in tests])
    return tuple(
        Comparison(first, second, metric, domain, paired, p)
        for (first, second, metric, paired), p in zip(tests, corrected, strict=True)
    )


def _has(measures: Measures, metric: str, domain: str) -> bool:
    return any(f.metric == metric and f.domain == domain for f in measures.figures)
