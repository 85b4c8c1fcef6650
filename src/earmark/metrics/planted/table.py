"""The table of the planted benchmark: rows, means, files, and where faithfulness and truth disagree."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from earmark.files import replacing, write_text
from earmark.metrics.planted.score import BASELINES, NO_FILL, Score
from earmark.metrics.statistics import Interval, bootstrap_interval

FIGURES = ("auc", "pointing", "mass", "ff", "ai", "ad", "deletion")
# Measures of faithfulness, and whether more of it is better.
FAITHFULNESS = {"ff": 1, "ai": 1, "ad": -1, "deletion": -1}
# Differences of means that count as an order: of the AUC, and of the faithfulness figure as a share of its range.
CLEAR = 0.05
# What must be found where the truth is exact: AUC of the Shapley values of a grid at least, and of a random order.
DUE = 0.95
CHANCE = (0.45, 0.55)


@dataclass(frozen=True)
class Mean:
    """Means over sounds of one method on one case, kind of components and fill; NaN where there is no figure.

    ``low`` and ``high``: 95 % bootstrap interval of the AUC over sounds.
    """

    case: str
    components: str
    fill: str
    method: str
    clips: int
    auc: float
    low: float
    high: float
    pointing: float
    mass: float
    ff: float
    ai: float
    ad: float
    deletion: float


@dataclass(frozen=True)
class Disagreement:
    """How one measure of faithfulness and the truth order the methods of one case and kind of components.

    Parameters
    ----------
    case, components : which.
    measure : "ff", "ai", "ad" or "deletion".
    correlation : Spearman's, of the methods' AUC and their faithfulness; 1 where both order them alike.
    methods : how many are ordered (the random and the energy baseline among them).
    flips : pairs: the first is nearer to the truth, the second looks more faithful; both clearly.
    """

    case: str
    components: str
    measure: str
    correlation: float
    methods: int
    flips: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """In words, with the first three pairs."""
        rank = "cannot be given" if math.isnan(self.correlation) else f"{self.correlation:+.2f}".replace("-", "−")
        text = f"{self.case}, {self.components}: rank correlation of AUC and {self.measure} {rank}"
        if not self.flips:
            return f"{text}; no pair of methods changes its order."
        named = ", ".join(f"{better} is nearer to the truth than {worse}" for better, worse in self.flips[:3])
        more = len(self.flips) - 3
        rest = f" and {more} {'pair' if more == 1 else 'pairs'} more" if more > 0 else ""
        return f"{text}; by {self.measure} the order is the other way round though {named}{rest}."


def means(scores: Iterable[Score]) -> tuple[Mean, ...]:
    """Means over sounds, in the order of the rows."""
    return _grouped(scores, lambda s: (s.case, s.components, s.fill, s.method))


def comparable(scores: Iterable[Score]) -> tuple[Mean, ...]:
    """Means over sounds with one fill for all methods: silence, or else the first that there is.

    Attributions of maps, for which nothing is filled in, stand beside them: their faithfulness is taken with silence.
    """
    return means(with_one_fill(scores))


def with_one_fill(scores: Iterable[Score]) -> tuple[Score, ...]:
    """The rows that ``comparable`` is made of."""
    rows = tuple(scores)
    fills = dict.fromkeys(row.fill for row in rows if row.fill != NO_FILL)
    one = "silence" if "silence" in fills else next(iter(fills), NO_FILL)
    return tuple(row for row in rows if row.fill in (one, NO_FILL))


def auc_intervals(scores: Iterable[Score]) -> dict[tuple[str, str], Interval]:
    """Localisation AUC by case and method: mean over kinds of components and sounds, 95 % bootstrap over sounds.

    Sounds of all seeds count alike, though those of one seed share a listener.
    """
    groups: dict[tuple[str, str], dict[tuple[int, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in with_one_fill(scores):
        groups[row.case, row.method][row.seed, row.clip].append(row.auc)
    return {key: bootstrap_interval([_mean(one) for one in sounds.values()]) for key, sounds in groups.items()}


@dataclass(frozen=True)
class Exact:
    """What comes of the case whose truth is exact: ``shapley`` over the grid, and a random order, mean over sounds."""

    shapley: float
    random: float

    @property
    def as_due(self) -> bool:
        """Whether the one finds the evidence and the other does not."""
        return self.shapley >= DUE and CHANCE[0] <= self.random <= CHANCE[1]

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"Where the truth is exact (noiseless, grid, silence), shapley has an AUC of {self.shapley:.3f} "
            f"(due: {DUE} or more) and a random order {self.random:.3f} (due: {CHANCE[0]} to {CHANCE[1]}): "
            f"{'as it should be' if self.as_due else 'something is wrong with this benchmark'}."
        )


def exact(scores: Iterable[Score]) -> Exact | None:
    """The check of the benchmark itself; None where the run has not all of ``noiseless``, grid, silence, shapley."""
    found = {
        row.method: row.auc
        for row in means(scores)
        if (row.case, row.components, row.fill) == ("noiseless", "grid", "silence")
    }
    return Exact(found["shapley"], found["random"]) if "shapley" in found else None


def by_fill(scores: Iterable[Score]) -> dict[str, dict[str, float]]:
    """Localisation AUC by fill and case: means over sounds, kinds of components and methods that are played masks.

    A fill that leaves the evidence where it was hides it from every method: noise at the level of a band's quietest
    frames sounds like the steady tone that it stands for.
    """
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for score in scores:
        if score.method not in BASELINES and score.fill != NO_FILL:
            groups[score.fill, score.case].append(score.auc)
    found: dict[str, dict[str, float]] = {}
    for (fill, case), values in groups.items():
        found.setdefault(fill, {})[case] = _mean(values)
    return found


def _grouped(scores: Iterable[Score], key: Callable[[Score], tuple[str, str, str, str]]) -> tuple[Mean, ...]:
    groups: dict[tuple[str, str, str, str], list[Score]] = defaultdict(list)
    for score in scores:
        groups[key(score)].append(score)
    return tuple(_of(names, rows) for names, rows in groups.items())


def _of(names: tuple[str, str, str, str], rows: Sequence[Score]) -> Mean:
    auc, *others = (_mean([getattr(row, name) for row in rows]) for name in FIGURES)
    interval = bootstrap_interval([row.auc for row in rows])
    clips = len({(row.seed, row.clip) for row in rows})
    return Mean(*names, clips, auc, interval.low, interval.high, *others)


def disagreements(scores: Sequence[Score]) -> tuple[Disagreement, ...]:
    """For each case, kind of components and measure of faithfulness: does it order the methods as the truth does?"""
    groups: dict[tuple[str, str], list[Mean]] = defaultdict(list)
    for row in comparable(scores):
        groups[row.case, row.components].append(row)
    found = []
    for (case, components), rows in groups.items():
        for measure, sign in FAITHFULNESS.items():
            known = [row for row in rows if not math.isnan(getattr(row, measure))]
            if len(known) < 3:
                continue
            auc = np.array([row.auc for row in known])
            faithful = sign * np.array([getattr(row, measure) for row in known])
            clear = CLEAR * float(np.ptp(faithful))
            flips = [
                (first, second, auc[first] - auc[second])
                for first, second in itertools.permutations(range(len(known)), 2)
                if auc[first] - auc[second] > CLEAR and faithful[second] - faithful[first] > max(clear, 1e-9)
            ]
            flips.sort(key=lambda flip: -flip[2])
            rank = float(spearmanr(auc, faithful).statistic) if np.ptp(auc) and np.ptp(faithful) else float("nan")
            pairs = tuple((known[a].method, known[b].method) for a, b, _ in flips)
            found.append(Disagreement(case, components, measure, round(rank, 6), len(known), pairs))
    return tuple(found)


def write_table(scores: Sequence[Score], folder: Path) -> tuple[Path, Path]:
    """``planted.parquet`` and ``planted.csv``, one row a sound, cut and method; the same rows give the same bytes."""
    import pyarrow
    import pyarrow.parquet

    names = [field.name for field in fields(Score)]
    columns = {name: [getattr(row, name) for row in scores] for name in names}
    parquet = folder / "planted.parquet"
    with replacing(parquet) as temporary:
        pyarrow.parquet.write_table(pyarrow.table(columns), temporary)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in scores:
        writer.writerow({k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(row).items()})
    return parquet, write_text(folder / "planted.csv", text.getvalue())


def methods_of(rows: Iterable[Score | Mean]) -> tuple[str, ...]:
    """All methods, the baselines last."""
    found = dict.fromkeys(row.method for row in rows)
    return (*(name for name in found if name not in BASELINES), *(name for name in BASELINES if name in found))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
