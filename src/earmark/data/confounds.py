"""How much a property of the file tells of the label: what a classifier may learn instead of the sound.

Cramér's V with the correction of Bergsma (*A bias-correction for Cramér's V and Tschuprow's T*, 2013), mutual
information in bits, and a permutation test.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError

ALARM_V = 0.1
ALARM_P = 0.01
PERMUTATIONS = 999


@dataclass(frozen=True)
class Confound:
    """The bond between one property and the label.

    Parameters
    ----------
    name : of the property, e.g. "sample rate".
    values : how often each of its values is there, by class: value (ascending), then class, then number of items.
    v : Cramér's V, corrected: 0 (no bond) to 1.
    bits : mutual information of property and label.
    p : how often shuffled labels have as much mutual information.
    hit_rate : share of items whose label the property alone guesses (the commonest class of its value).
    base_rate : share of the commonest class.
    """

    name: str
    values: dict[str, dict[str, int]]
    v: float
    bits: float
    p: float
    hit_rate: float
    base_rate: float

    @property
    def alarming(self) -> bool:
        """V of 0.1 or more that is hardly chance (p below 0.01)."""
        return self.v >= ALARM_V and self.p < ALARM_P


def confound(
    name: str,
    values: Sequence[str],
    labels: Sequence[str],
    *,
    tracks: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Confound:
    """Measure the bond between a property and the label.

    Parameters
    ----------
    name : of the property.
    values, labels : of each item.
    tracks : of each item; items of one track with the same value and label count once in the test, for they are no
        independent observations.
    permutations : of the labels; p is at least 1 / (permutations + 1).
    seed : of the permutations.

    Raises
    ------
    SettingError
        If lengths differ or there is nothing.

    Examples
    --------
    >>> found = confound("rate", ["8000"] * 20 + ["16000"] * 20, ["a"] * 20 + ["b"] * 20)
    >>> round(found.v, 6), found.bits, found.hit_rate, found.alarming
    (1.0, 1.0, 1.0, True)
    """
    if len(values) != len(labels) or not values:
        raise SettingError(
            f"{len(values)} values for {len(labels)} labels", remedy="Give one value for each item", where=name
        )
    table = _table(values, labels)
    names = tracks if tracks is not None else [str(index) for index in range(len(values))]
    units = sorted(set(zip(names, values, labels, strict=True)))
    own = np.unique([value for _, value, _ in units], return_inverse=True)[1]
    classes = np.unique([label for _, _, label in units], return_inverse=True)[1]
    observed = mutual_information_bits(_count(own, classes))
    generator = np.random.default_rng(seed)
    as_much = sum(
        mutual_information_bits(_count(own, generator.permutation(classes))) >= observed - 1e-12
        for _ in range(permutations)
    )
    total = int(table.sum())
    kinds, known = sorted(set(values)), sorted(set(labels))
    rows = {kind: row for row, kind in enumerate(kinds)}
    return Confound(
        name,
        {
            kind: {label: int(table[rows[kind], j]) for j, label in enumerate(known) if table[rows[kind], j]}
            for kind in sorted(kinds, key=_by_number)
        },
        cramers_v(table),
        mutual_information_bits(table),
        (1 + as_much) / (1 + permutations),
        float(table.max(axis=1).sum()) / total,
        float(table.sum(axis=0).max()) / total,
    )


def cramers_v(table: NDArray[np.int64]) -> float:
    """Cramér's V of a table of counts, corrected for its bias (Bergsma 2013); 0 where a side has one value only."""
    total = table.sum()
    rows, columns = table.shape
    if min(rows, columns) < 2 or total < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi2 = float(((table - expected) ** 2 / expected).sum() / total)
    corrected = max(0.0, phi2 - (rows - 1) * (columns - 1) / (total - 1))
    r, c = rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)
    return min(1.0, float(np.sqrt(corrected / min(r - 1, c - 1)))) if min(r, c) > 1 else 0.0


def mutual_information_bits(table: NDArray[np.int64]) -> float:
    """Mutual information of the two sides of a table of counts, in bits."""
    joint = table / table.sum()
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    there = joint > 0
    return float(np.sum(joint[there] * np.log2(joint[there] / product[there])))


def in_quarters(numbers: Sequence[float], unit: str) -> tuple[str, ...]:
    """Numbers as the quarter of all that each lies in, told by its limits.

    Examples
    --------
    >>> in_quarters([1, 2, 3, 4], "s")
    ('up to 1.75 s', '1.75 to 2.5 s', '2.5 to 3.25 s', 'above 3.25 s')
    """
    finite = [number for number in numbers if np.isfinite(number)]
    if not finite:
        return tuple("none" for _ in numbers)
    cuts = sorted(set(np.quantile(finite, (0.25, 0.5, 0.75)).tolist()))
    names = [
        f"up to {_told(cuts[0])} {unit}",
        *(f"{_told(low)} to {_told(high)} {unit}" for low, high in itertools.pairwise(cuts)),
        f"above {_told(cuts[-1])} {unit}",
    ]
    return tuple(names[int(np.searchsorted(cuts, number))] if np.isfinite(number) else names[0] for number in numbers)


def _told(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _by_number(value: str) -> tuple[float, int, str]:
    """Where a value stands among others: by its first number, "up to" before it and "above" after it."""
    number = re.search(r"-?\d+(\.\d+)?", value)
    side = 0 if value.startswith("up to") else 2 if value.startswith("above") else 1
    return float(number[0]) if number else np.inf, side, value


def _table(values: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    return _count(np.unique(values, return_inverse=True)[1], np.unique(labels, return_inverse=True)[1])


def _count(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    table = np.zeros((rows.max() + 1, columns.max() + 1), dtype=np.int64)
    np.add.at(table, (rows, columns), 1)
    return table
