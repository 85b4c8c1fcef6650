"""Deletion and insertion: how fast does the score fall as the strongest parts go, or rise as they come?

Petsiuk, Das & Saenko, "RISE" (BMVC 2018). The area under the curve of the class's score over the share of cells taken.
The paper deletes pixels of an image; here cells are components, or cells of the model's spectrogram, in ``steps`` equal
shares. A random order is the baseline: the curve of a linear model is then a straight line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import SettingError
from earmark.explain.game import Floats
from earmark.metrics.removal import Ask, attribution_array, cuts, top_masks


def deletion_auc(ask: Ask, attributions: ArrayLike, *, steps: int | None = None) -> float:
    """Area under the score while the strongest cells are removed first; lower is better.

    Parameters
    ----------
    ask : masks ``(B, *shape)`` → scores ``(B,)`` of the class.
    attributions : of its cells, ``shape``.
    steps : how many equal shares; None takes one cell at a time.

    Raises
    ------
    ExplanationError
        If the attributions have no order.

    Examples
    --------
    >>> deletion_auc(lambda masks: masks @ np.array([0.7, 0.3]), [0.7, 0.3])
    0.4
    """
    return curve_area(*deletion_curve(ask, attributions, steps=steps))


def insertion_auc(ask: Ask, attributions: ArrayLike, *, steps: int | None = None) -> float:
    """Area under the score while the strongest cells are added first to nothing; higher is better.

    Parameters and errors as for ``deletion_auc``.

    Examples
    --------
    >>> insertion_auc(lambda masks: masks @ np.array([0.7, 0.3]), [0.7, 0.3])
    0.6
    """
    return curve_area(*insertion_curve(ask, attributions, steps=steps))


def deletion_curve(ask: Ask, attributions: ArrayLike, *, steps: int | None = None) -> tuple[Floats, Floats]:
    """Shares of the cells that are gone, and the score then."""
    masks, shares = order_masks(attributions, steps=steps)
    return shares, ask(1.0 - masks)


def insertion_curve(ask: Ask, attributions: ArrayLike, *, steps: int | None = None) -> tuple[Floats, Floats]:
    """Shares of the cells that are there, and the score then."""
    masks, shares = order_masks(attributions, steps=steps)
    return shares, ask(masks)


def order_masks(attributions: ArrayLike, *, steps: int | None = None) -> tuple[Floats, Floats]:
    """Masks of the strongest cells, from none to all, and the share of all cells in each."""
    values = attribution_array(attributions)
    counts = cuts(values.size, steps)
    return top_masks(values, counts.tolist()), counts / values.size


def curve_area(shares: ArrayLike, scores: ArrayLike) -> float:
    """Area under a curve by trapezoids.

    Raises
    ------
    SettingError
        If there are not two points.
    """
    x, y = np.asarray(shares, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2:
        raise SettingError(f"{x.shape} shares and {y.shape} scores", remedy="Give pairs, at least 2", where="curve")
    return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())
