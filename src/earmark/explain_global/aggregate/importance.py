"""What counts for each class, over many explanations: ``aggregate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from earmark.components.component import Component
from earmark.data.lyrics.leak_screen import LeakTable
from earmark.errors import ExplanationError, SettingError, UnknownNameError
from earmark.explain_global.aggregate.bootstrap import mean_interval, weights
from earmark.explain_global.aggregate.evidence import Feature
from earmark.explain_global.aggregate.flags import Flag, flags_of
from earmark.explain_global.aggregate.formulas import Floats, Ints, homogeneity_weight, shrunk, signed_root
from earmark.explain_global.aggregate.query import Of, batches, check_once, opened
from earmark.explain_global.aggregate.table import Subject, read_subject

Weights = Literal["all", "positive"]
_CELLS = 40_000


@dataclass(frozen=True)
class Importance:
    """What one feature does for one class.

    Parameters
    ----------
    label, feature : which.
    count : explanations of the class in which it occurs.
    share : of all explanations of the class.
    mean, low, high : mean attribution where it occurs, and its bootstrap interval over clips (or groups of them); NaN
        ends where it is not supported, or fewer than two groups have it.
    spread : standard deviation between those explanations; NaN for one.
    raising : share of them in which it raises the score.
    mean_size : mean of |attribution|.
    root_sum, average, homogeneous : I_LIME, I_AVG and I_H, see ``earmark.explain_global.aggregate.formulas``.
    signed_root_sum, signed_homogeneous : the same with evidence against the class as negative.
    shrunken : the mean, shrunk towards 0 as far as it is uncertain; what the ranking goes by.
    supported : whether it occurs often enough to be ranked.
    """

    label: str
    feature: Feature
    count: int
    share: float
    mean: float
    low: float
    high: float
    spread: float
    raising: float
    mean_size: float
    root_sum: float
    average: float
    homogeneous: float
    signed_root_sum: float
    signed_homogeneous: float
    shrunken: float
    supported: bool

    @property
    def sure(self) -> bool:
        """Whether the interval of its mean leaves out 0."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Aggregate:
    """Many explanations as one.

    Parameters
    ----------
    subject : the model and the way of explaining.
    of, weights, least, confidence, replicates, seed : as asked.
    explanations : how many there are of each class, in the order of classes.
    groups : of clips that are drawn together.
    rows : best first within each class; what is not supported comes after what is.
    flags : reasons for distrust.
    screen : of the lyrics that the explanations are about; None where nobody looked.
    """

    subject: Subject
    of: Of
    weights: Weights
    least: int
    confidence: float
    replicates: int
    seed: int
    explanations: dict[str, int]
    groups: int
    rows: tuple[Importance, ...]
    flags: tuple[Flag, ...]
    screen: LeakTable | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, by name."""
        return tuple(self.explanations)

    def top(self, label: str, k: int = 10, *, sign: int = 0) -> tuple[Importance, ...]:
        """The k supported features that count most for a class: all, or only for (+1) or against it (−1).

        Raises
        ------
        UnknownNameError
            For a class without explanations.
        """
        if label not in self.explanations:
            raise UnknownNameError("label", label, self.labels)
        its = (row for row in self.rows if row.label == label and row.supported)
        return tuple(row for row in its if sign == 0 or np.sign(row.mean) == sign)[:k]

    def words(self, label: str, k: int = 10) -> tuple[Importance, ...]:
        """The k supported words (or lines) that count most for a class, for it or against; raises as ``top``."""
        return tuple(row for row in self.top(label, len(self.rows)) if row.feature.kind == "word")[:k]

    def unsung(self, row: Importance) -> tuple[str, ...]:
        """Why a row's word (or line) may never have been sung, by the leak screen; empty where nothing is suspect."""
        if self.screen is None or row.feature.word is None:
            return ()
        return self.screen.kinds_of(row.feature.word)

    def word_share(self, label: str) -> float:
        """What words have of all that counts for a class: their part of the sum of |attribution|; NaN without both."""
        its = [row for row in self.rows if row.label == label]
        read = sum(row.mean_size * row.count for row in its if row.feature.kind == "word")
        heard = sum(row.mean_size * row.count for row in its if row.feature.kind != "word")
        return read / (read + heard) if read and heard else float("nan")

    def profile(self, label: str) -> tuple[tuple[str, ...], Floats]:
        """Mean attribution by stem (or band, or all) and part of the clip: names, and ``(names, segments)``.

        NaN where nothing was explained; no names where no component has a place in time.
        """
        rows = [row for row in self.rows if row.label == label and row.feature.position is not None]
        names = tuple(dict.fromkeys(lane_of(row.feature) for row in sorted(rows, key=_lane_order)))
        found = np.full((len(names), self.subject.segments), np.nan)
        for row in rows:
            found[names.index(lane_of(row.feature)), row.feature.position] = row.mean
        return names, found


def aggregate(
    paths: Sequence[str | Path],
    *,
    of: Of = "predicted",
    weights_of: Weights = "all",
    least: int = 5,
    replicates: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> Aggregate:
    """What counts for each class in tables of explanations.

    Parameters
    ----------
    paths : tables that ``earmark.explain_global.aggregate.table.collect`` wrote; all of one model.
    of : which explanations count for a class, see ``earmark.explain_global.aggregate.query.opened``.
    weights_of : what I_LIME, I_AVG and I_H sum: |W| of all weights, or positive weights only as in the publications.
    least : explanations in which a feature has to occur to be ranked with others.
    replicates : of the bootstrap over groups of clips.
    confidence : of its intervals.
    seed : of the bootstrap.

    Raises
    ------
    ExplanationError
        If tables do not belong together or hold one explanation twice, or none of their explanations counts.
    SettingError
        If a setting is out of range, or an extra is missing.
    """
    if least < 1 or replicates < 1 or not 0 < confidence < 1:
        fact = f"least {least}, replicates {replicates}, confidence {confidence:g}"
        raise SettingError(fact, remedy="Give least and replicates of 1 or more and a confidence between 0 and 1")
    if weights_of not in ("all", "positive"):
        raise UnknownNameError("choice of weights", weights_of, ("all", "positive"))
    subject = read_subject(paths)
    with opened(paths, of) as connection:
        if len(paths) > 1:
            check_once(connection, paths)
        counts = dict(
            connection.sql(
                "SELECT label, count(DISTINCT clip_id) FROM evidence GROUP BY label ORDER BY label"
            ).fetchall()
        )
        if not counts:
            raise ExplanationError(
                f"no explanation counts for any class (of: {of})",
                remedy="Say what the true classes are, or take --of predicted" if of == "truth" else "Explain clips",
                where=paths[0],
            )
        table = connection.sql(_SUMS).to_arrow_table().to_pydict()
        groups = [name for (name,) in connection.sql('SELECT DISTINCT "group" FROM evidence ORDER BY 1').fetchall()]
        low, high = _intervals(connection, table, groups, least, replicates, confidence, seed)
        flags = flags_of(connection, groups, seed=seed, confidence=confidence)
    rows = _rows(table, counts, low, high, weights_of, least)
    return Aggregate(
        subject, of, weights_of, least, confidence, replicates, seed, counts, len(groups), tuple(rows), flags
    )


_SUMS = """
SELECT label, feature, any_value(kind) AS kind, any_value(stem) AS stem, any_value(position) AS position,
    any_value(low_hz) AS low_hz, any_value(high_hz) AS high_hz, any_value(word) AS word,
    count(*) AS count, count(DISTINCT "group") AS groups, avg(value) AS mean, coalesce(var_samp(value), 0) AS variance,
    sum(value) AS total, sum(abs(value)) AS sizes, sum(greatest(value, 0)) AS positive,
    avg(CASE WHEN value > 0 THEN 1.0 ELSE 0.0 END) AS raising
FROM evidence GROUP BY label, feature ORDER BY label, feature
"""


def lane_of(feature: Feature) -> str:
    """The row of a picture over time that a feature belongs to: its stem, its band, or "all"."""
    return Component(stem=feature.stem, low_hz=feature.low_hz, high_hz=feature.high_hz).label or "all"


def _lane_order(row: Importance) -> tuple[float, str]:
    # High bands on top, as in a spectrogram.
    return (-(row.feature.low_hz or 0.0), row.feature.stem or "")


def _intervals(
    connection: Any,
    table: dict[str, list[Any]],
    groups: list[str],
    least: int,
    replicates: int,
    confidence: float,
    seed: int,
) -> tuple[Floats, Floats]:
    low, high = np.full(len(table["label"]), np.nan), np.full(len(table["label"]), np.nan)
    weight = weights(len(groups), replicates, seed)
    number = {name: at for at, name in enumerate(groups)}
    # One group says nothing about how groups differ; what is not ranked needs no interval.
    ranked = np.array(table["count"]) >= least
    chosen = np.flatnonzero(ranked & (np.array(table["groups"]) > 1))
    label = np.array(table["label"], dtype=object)
    for name in dict.fromkeys(table["label"]):
        its = chosen[label[chosen] == name]
        # The replicates of all features of a class at once can be more than memory holds.
        for first in range(0, len(its), _CELLS):
            rows = its[first : first + _CELLS]
            cells = {table["feature"][row]: cell for cell, row in enumerate(rows)}
            pieces = _pieces(connection, name, cells, number)
            low[rows], high[rows] = mean_interval(pieces, weight, len(rows), confidence=confidence)
    return low, high


def _pieces(
    connection: Any, label: str, cells: dict[str, int], groups: dict[str, int]
) -> Iterator[tuple[Ints, Ints, Floats]]:
    name = label.replace("'", "''")
    for batch in batches(connection, f"SELECT feature, \"group\", value FROM evidence WHERE label = '{name}'"):
        # Each distinct text is looked up once, not once a row.
        features, names = (batch.column(i).dictionary_encode() for i in range(2))
        cell = np.array([cells.get(each, -1) for each in features.dictionary.to_pylist()])[features.indices.to_numpy()]
        group = np.array([groups[each] for each in names.dictionary.to_pylist()])[names.indices.to_numpy()]
        keep = cell >= 0
        yield cell[keep], group[keep], batch.column(2).to_numpy()[keep]


def _rows(
    table: dict[str, list[Any]],
    explanations: dict[str, int],
    low: Floats,
    high: Floats,
    weights_of: Weights,
    least: int,
) -> list[Importance]:
    label, feature = np.array(table["label"], dtype=object), np.array(table["feature"], dtype=object)
    count = np.array(table["count"], dtype=np.int64)
    mean, variance, total, sizes, positive, raising = (
        np.array(table[name], dtype=np.float64)
        for name in ("mean", "variance", "total", "sizes", "positive", "raising")
    )
    summed = sizes if weights_of == "all" else positive
    root = np.sqrt(summed)
    weight, signed_weight = _homogeneity(label, feature, root), _homogeneity(label, feature, np.sqrt(sizes))
    pulled = np.full(len(mean), np.nan)
    for name in dict.fromkeys(label):
        its = label == name
        pulled[its] = shrunk(mean[its], variance[its], count[its])
    against = signed_root(total)
    rows = [
        Importance(
            label=str(label[i]),
            feature=Feature(
                str(feature[i]), *(table[key][i] for key in ("kind", "stem", "position", "low_hz", "high_hz", "word"))
            ),
            count=int(count[i]),
            share=float(count[i] / explanations[label[i]]),
            mean=float(mean[i]),
            low=float(low[i]),
            high=float(high[i]),
            spread=float(np.sqrt(variance[i])) if count[i] > 1 else float("nan"),
            raising=float(raising[i]),
            mean_size=float(sizes[i] / count[i]),
            root_sum=float(root[i]),
            average=float(summed[i] / count[i]),
            homogeneous=float(root[i] * weight[i]),
            signed_root_sum=float(against[i]),
            signed_homogeneous=float(against[i] * signed_weight[i]),
            shrunken=float(pulled[i]),
            supported=bool(count[i] >= least),
        )
        for i in range(len(label))
    ]
    return sorted(rows, key=_rank)


def _homogeneity(label: NDArray[np.object_], feature: NDArray[np.object_], root: Floats) -> Floats:
    """The weight of each row's feature, from I_LIME of all rows; 0 where a feature has none in any class."""
    names, column = np.unique(feature.astype(str), return_inverse=True)
    classes, line = np.unique(label.astype(str), return_inverse=True)
    importance = np.zeros((len(classes), len(names)))
    importance[line, column] = root
    weight = homogeneity_weight(importance)[column]
    return np.where(np.isfinite(weight), weight, 0.0)


def _rank(row: Importance) -> tuple[str, bool, float, float, str]:
    # Where nothing is known of how values scatter, the mean is all there is.
    size = abs(row.mean if np.isnan(row.shrunken) else row.shrunken)
    # All are shrunk to 0 where features differ by no more than chance: then as in the limit, by |mean| · count.
    return (row.label, not row.supported, -size, -abs(row.mean) * row.count, row.feature.name)
