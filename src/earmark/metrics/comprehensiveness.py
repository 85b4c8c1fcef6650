"""Comprehensiveness and sufficiency: are the strongest cells needed, and are they enough?

DeYoung et al., "ERASER" (ACL 2020), averaged over several shares of the strongest cells (AOPC), as there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import SettingError
from earmark.metrics.removal import Ask, attribution_array, top_masks

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Of the cells, as in the paper; each is at least one cell."""


def comprehensiveness(ask: Ask, attributions: ArrayLike, *, shares: Sequence[float] = SHARES) -> float:
    """What the score loses without the strongest cells, mean over the shares; higher is better.

    Parameters
    ----------
    ask : masks ``(B, *shape)`` → scores ``(B,)`` of the class.
    attributions : of its cells, ``shape``.
    shares : of the cells, inside (0, 1).

    Raises
    ------
    ExplanationError
        If the attributions have no order.
    SettingError
        If a share is not inside (0, 1).

    Examples
    --------
    >>> comprehensiveness(lambda masks: masks @ np.array([0.7, 0.3]), [0.7, 0.3], shares=[0.5])
    0.7
    """
    masks = strongest(attributions, shares)
    scores = ask(np.concatenate([np.ones_like(masks[:1]), 1.0 - masks]))
    return float((scores[0] - scores[1:]).mean())


def sufficiency(ask: Ask, attributions: ArrayLike, *, shares: Sequence[float] = SHARES) -> float:
    """What the score loses when only the strongest cells are kept, mean over the shares; lower is better.

    Parameters and errors as for ``comprehensiveness``.

    Examples
    --------
    >>> round(sufficiency(lambda masks: masks @ np.array([0.7, 0.3]), [0.7, 0.3], shares=[0.5]), 9)
    0.3
    """
    masks = strongest(attributions, shares)
    scores = ask(np.concatenate([np.ones_like(masks[:1]), masks]))
    return float((scores[0] - scores[1:]).mean())


def strongest(
    attributions: ArrayLike, shares: Sequence[float] = SHARES
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Masks of the strongest cells for each share, ``(len(shares), *shape)``."""
    if not shares or not all(0 < share < 1 for share in shares):
        raise SettingError(f"shares {tuple(shares)}", remedy="Choose from inside (0, 1)", where="shares")
    values = attribution_array(attributions)
    return top_masks(values, [max(1, round(share * values.size)) for share in shares])
