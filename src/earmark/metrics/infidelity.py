"""Infidelity: do the attributions of a set of cells add up to what the score loses without it?

Yeh et al., "On the (In)fidelity and Sensitivity of Explanations" (NeurIPS 2019), equation 2, with the perturbation
"remove a random set of cells"; the paper also removes squares or adds noise. The set is drawn anew each time, its share
of the cells uniform in (0, 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from earmark.metrics.removal import Ask, random_removals


def infidelity(
    ask: Ask, attributions: ArrayLike, rng: np.random.Generator, *, draws: int = 64, scaled: bool = True
) -> float:
    """Mean square of (sum of the attributions − what the score loses); 0 is perfect, lower is better.

    Parameters
    ----------
    ask : masks ``(B, *shape)`` → scores ``(B,)`` of the class.
    attributions : of its cells, ``shape``.
    rng : draws the sets.
    draws : how many.
    scaled : first scale the attributions by the factor, 0 or more, that fits best, so that a method with a scale of its
        own can be compared; False takes them as effects on the score. In section 3 of the paper the factor may be
        negative: attributions of the wrong sign, all of them, would then be perfect.

    Raises
    ------
    SettingError
        If there are fewer than two draws.

    Examples
    --------
    >>> weights = np.array([0.5, 0.2, -0.1])
    >>> infidelity(lambda masks: masks @ weights, 3 * weights, np.random.default_rng(0)) < 1e-12
    True
    """
    sums, losses = random_removals(ask, attributions, rng, draws=draws)
    return infidelity_of(sums, losses, scaled=scaled)


def infidelity_of(sums: ArrayLike, losses: ArrayLike, *, scaled: bool = True) -> float:
    """The same from sums of attributions and losses of the score that are known already."""
    s, d = np.asarray(sums, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if scaled:
        length = float(s @ s)
        s = s * max(0.0, float(s @ d) / length) if length > 0 else s
    return float(((s - d) ** 2).mean())
