"""Features that are categories: how their values are written in the table, and in which order steps between them go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain_global.steps import Floats, Ints


@dataclass(frozen=True)
class Category:
    """A feature with names for values.

    Parameters
    ----------
    name : of the feature.
    columns : of the table that it fills: one with codes, or one for each value (one-hot).
    values : its P values.
    written : P rows of what each value is written as in the columns.
    ordered : whether ``values`` are in the order in which steps are to go; else it is found by similarity.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    written: tuple[tuple[float, ...], ...]
    ordered: bool = False

    @classmethod
    def one_hot(cls, name: str, columns: Sequence[str], *, ordered: bool = False) -> Category:
        """A category written as one column a value, 1 where it is that value and else 0; named like its columns.

        Examples
        --------
        >>> Category.one_hot("key", ["minor", "major"]).written
        ((1.0, 0.0), (0.0, 1.0))
        """
        rows = tuple(tuple(float(a == b) for b in columns) for a in columns)
        return cls(name, tuple(columns), tuple(columns), rows, ordered)

    @classmethod
    def coded(cls, column: str, codes: dict[str, float], *, ordered: bool = False) -> Category:
        """A category written as a number in one column.

        Parameters
        ----------
        codes : value → number.
        """
        written = tuple((float(code),) for code in codes.values())
        return cls(column, (column,), tuple(codes), written, ordered)

    def codes(self, cells: Floats) -> Ints:
        """Place of each row's value, ``(N,)``, from the columns ``(N, columns)``.

        Raises
        ------
        SettingError
            If a row holds none of the values.
        """
        found = (cells[:, np.newaxis, :] == np.array(self.written)[np.newaxis]).all(axis=2)
        if not found.any(axis=1).all():
            row = int(np.flatnonzero(~found.any(axis=1))[0])
            raise SettingError(
                f"row {row} holds {cells[row].tolist()}, which is none of its values",
                remedy="Name every value that occurs",
                where=self.name,
            )
        return np.asarray(found.argmax(axis=1))


def order_by_similarity(others: Floats, codes: Ints) -> NDArray[np.int64]:
    """An order of the values in which neighbours have similar rows (Apley and Zhu 2020, appendix E, as in PyALE).

    The distance of two values is the sum, over the other features, of the largest difference between their
    distributions (Kolmogorov-Smirnov, on the percentiles 0 … 99); where a feature has up to ten whole values only, half
    the summed difference of their shares. The first principal coordinate of the distances gives the order; the value
    that comes first of the two ends by number comes first.

    Parameters
    ----------
    others : the other features, ``(N, G)``.
    codes : ``(N,)``: the value of each row, 0 … P−1, all of which occur.
    """
    count = int(codes.max()) + 1
    distance = np.zeros((count, count))
    for column in others.T:
        known = np.unique(column)
        if len(known) <= 10 and (known == np.round(known)).all():
            shares = np.stack([[np.mean(column[codes == code] == v) for v in known] for code in range(count)])
            distance += np.abs(shares[:, np.newaxis] - shares[np.newaxis]).sum(axis=2) / 2
        else:
            at = np.quantile(column, np.arange(100) / 100)
            shares = (
                np.stack([np.searchsorted(np.sort(column[codes == code]), at, side="right") for code in range(count)])
                / np.bincount(codes)[:, np.newaxis]
            )
            distance += np.abs(shares[:, np.newaxis] - shares[np.newaxis]).max(axis=2)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-centre @ distance**2 @ centre / 2)
    order = np.argsort(vectors[:, -1] * np.sqrt(max(values[-1], 0.0)), kind="stable")
    return np.asarray(order if order[0] < order[-1] else order[::-1])
