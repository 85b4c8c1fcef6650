"""Faithfulness correlation: do sets of cells with more attribution cost more score?

Bhatt, Weller & Moura, "Evaluating and Aggregating Feature-based Model Explanations" (IJCAI 2020), equation 1: the
Pearson correlation, over random sets of one size, of the sum of attributions with the loss of score without the set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from earmark.metrics.removal import Ask, random_removals


def faithfulness_correlation(
    ask: Ask, attributions: ArrayLike, rng: np.random.Generator, *, draws: int = 64, share: float = 0.2
) -> float:
    """From −1 to 1, higher is better; 0 where either side does not vary at all.

    Parameters
    ----------
    ask : masks ``(B, *shape)`` → scores ``(B,)`` of the class.
    attributions : of its cells, ``shape``.
    rng : draws the sets.
    draws : how many.
    share : of the cells in each set, at least one cell.

    Raises
    ------
    SettingError
        If there are fewer than two draws, or the share is not inside (0, 1).

    Examples
    --------
    >>> weights = np.array([0.5, 0.2, -0.1, 0.3])
    >>> round(faithfulness_correlation(lambda masks: masks @ weights, weights, np.random.default_rng(0)), 9)
    1.0
    """
    sums, losses = random_removals(ask, attributions, rng, draws=draws, share=share)
    return correlation_of(sums, losses)


def correlation_of(sums: ArrayLike, losses: ArrayLike) -> float:
    """Pearson correlation; 0 where either side does not vary beyond rounding."""
    s, d = np.asarray(sums, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if any(np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())) for x in (s, d)):
        return 0.0
    return float(np.corrcoef(s, d)[0, 1])
