"""Monotonicity: does the score rise with every cell that is said to raise it?

After Arya et al., "One Explanation Does Not Fit All" (2019), where all features are added to nothing, the least
important first, and the answer is whether the score ever falls. Here only cells with a positive attribution are added
(a cell that is said to lower the score ought to), and the answer is a share, so that one slip is not a failure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import ExplanationError
from earmark.explain.game import Floats
from earmark.metrics.removal import Ask, attribution_array, cuts, top_masks


def monotonicity(ask: Ask, attributions: ArrayLike, *, steps: int | None = None) -> float:
    """Share of the steps at which the score does not fall (by more than 1e-6), the weakest positive cells first.

    Parameters
    ----------
    ask : masks ``(B, *shape)`` → scores ``(B,)`` of the class.
    attributions : of its cells, ``shape``.
    steps : how many equal shares; None takes one cell at a time.

    Raises
    ------
    ExplanationError
        If no attribution is positive, or they have no order.

    Examples
    --------
    >>> weights = np.array([0.5, 0.2, -0.1])
    >>> monotonicity(lambda masks: masks @ weights, weights), monotonicity(lambda masks: masks @ -weights, weights)
    (1.0, 0.0)
    """
    return rising_share(ask(rising_masks(attributions, steps=steps)))


def rising_masks(attributions: ArrayLike, *, steps: int | None = None) -> Floats:
    """Masks from nothing to all positive cells, the weakest first."""
    values = attribution_array(attributions)
    positive = values > 0
    if not positive.any():
        raise ExplanationError(
            "no attribution is positive, so nothing is said to raise the score",
            remedy="Choose a label that something speaks for",
            where="attributions",
        )
    counts = cuts(int(positive.sum()), steps)
    # Negated, the weakest positive cell leads; all others come after every one of them.
    turned = np.where(positive, -values, -values.max() - 1.0)
    return top_masks(turned, counts.tolist())


def rising_share(scores: ArrayLike) -> float:
    """Share of the steps at which scores do not fall by more than 1e-6."""
    return float((np.diff(np.asarray(scores, dtype=np.float64)) >= -1e-6).mean())
