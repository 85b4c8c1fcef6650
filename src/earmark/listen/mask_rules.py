"""The rules behind the masks: what each makes of ranked attributions. Looked up by name in ``earmark.listen.masks``.

A is an attribution, A⁺ = max(A, 0). The formulas are those that comparisons of listenable explanations apply to
attributions (docs/masks.md); a fixed choice is made, and noted, only where a formula says nothing or the opposite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NONE_POSITIVE = "no attribution is positive: nothing is kept"
_ALL_EQUAL = "all attributions are equal, nothing tells one cell from another: every cell is kept"


@dataclass(frozen=True, eq=False)
class Ranked:
    """Attributions as the rules see them: flat, divided by their largest magnitude, sorted once.

    No rule but the unscaled sigmoid depends on the unit of an attribution, so dividing changes nothing and keeps
    differences of huge or tiny numbers in range.

    Parameters
    ----------
    values : attributions divided by ``unit``, ``(n,)``, in [−1, 1].
    unit : the largest magnitude.
    """

    values: Floats
    unit: float

    @cached_property
    def rising(self) -> Floats:
        """``values``, the smallest first."""
        return np.sort(self.values)

    @property
    def lowest(self) -> float:
        """The smallest value."""
        return float(self.rising[0])

    @property
    def highest(self) -> float:
        """The largest value."""
        return float(self.rising[-1])


Rule = Callable[[Ranked], tuple[Floats, tuple[str, ...]]]
"""Values in [0, 1], ``(n,)``, and notes on what the formula left open."""


def minmax(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """(A − min A) / (max A − min A)."""
    if cells.lowest == cells.highest:
        return np.ones_like(cells.values), (_ALL_EQUAL,)
    return (cells.values - cells.lowest) / (cells.highest - cells.lowest), ()


def minmax_positive(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """A⁺ / max A⁺."""
    if cells.highest <= 0:
        return np.zeros_like(cells.values), (_NONE_POSITIVE,)
    return np.maximum(cells.values, 0) / cells.highest, ()


def sigmoid(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """σ(A / max |A|), between 0.27 and 0.73."""
    return _logistic(cells.values), ()


def sigmoid_positive(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """σ(A⁺ / max A⁺), between 0.5 and 0.73."""
    if cells.highest <= 0:
        return np.full_like(cells.values, 0.5), ("no attribution is positive: the mask is 0.5 everywhere",)
    return _logistic(np.maximum(cells.values, 0) / cells.highest), ()


def sigmoid_unscaled(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """σ(A), as published: 0.5 everywhere where attributions are small numbers."""
    values = _logistic(cells.values * cells.unit)
    spread = float(np.ptp(values))
    if spread >= 0.01:
        return values, ()
    return values, (f"attributions are at most {cells.unit:.2g}: the mask differs by {spread:.2g} between its cells",)


def binary(cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
    """1[A > 0]."""
    notes = (_NONE_POSITIVE,) if cells.highest <= 0 else ()
    return (cells.values > 0).astype(np.float64), notes


@dataclass(frozen=True)
class AtLeast:
    """1[A⁺ / max A ≥ share]: the cells that have at least that share of the largest attribution."""

    share: float

    def __call__(self, cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
        """Values and notes."""
        if cells.highest <= 0:
            return np.zeros_like(cells.values), (_NONE_POSITIVE,)
        # A rounding error must not cost a cell that has that very share.
        return (cells.values / cells.highest >= self.share * (1 - 1e-12)).astype(np.float64), ()


@dataclass(frozen=True)
class Top:
    """1[A ≥ Q(A)], Q being the (1 − share) quantile, linear between order statistics; the same of A⁺ if ``positive``.

    Cells that tie with the threshold are all kept, as the formula says. Only where the threshold of A⁺ is 0, and the
    formula would keep every cell, those with A > 0 alone are.
    """

    share: float
    positive: bool = False

    def __call__(self, cells: Ranked) -> tuple[Floats, tuple[str, ...]]:
        """Values and notes."""
        if self.positive and cells.highest <= 0:
            return np.zeros_like(cells.values), (_NONE_POSITIVE,)
        rising = np.maximum(cells.rising, 0) if self.positive else cells.rising
        threshold = float(np.quantile(rising, 1 - self.share))
        if self.positive and threshold <= 0:
            kept = cells.values > 0
            share = kept.mean()
            return kept.astype(np.float64), (
                f"only {share:.1%} of the cells are positive, less than the {self.share:.0%} asked for: only they are "
                "kept (the formula would keep every cell)",
            )
        kept = cells.values >= threshold
        if cells.lowest == cells.highest:
            return kept.astype(np.float64), (_ALL_EQUAL,)
        ties = int(np.searchsorted(rising, threshold, "right") - np.searchsorted(rising, threshold, "left"))
        if kept.mean() > self.share + 1 / kept.size and ties > 1:
            return kept.astype(np.float64), (
                f"{ties} cells tie at the threshold: {kept.mean():.1%} of the cells are kept instead of "
                f"{self.share:.0%} (area:{100 * self.share:g} keeps exactly that)",
            )
        return kept.astype(np.float64), ()


binary_25, binary_50, binary_75 = AtLeast(0.25), AtLeast(0.5), AtLeast(0.75)
top_5, top_30, top_50 = Top(0.05), Top(0.3), Top(0.5)
top_5_positive, top_30_positive, top_50_positive = Top(0.05, True), Top(0.3, True), Top(0.5, True)


def _logistic(values: Floats) -> Floats:
    # In this form neither end overflows.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
