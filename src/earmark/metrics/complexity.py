"""How much a mask or an attribution holds: sparseness, entropy, effective number of components, area.

All four read magnitudes m = abs(values) only. For a binary mask with k ones of n cells they say nothing beyond k:
sparseness is 1 − k/n, entropy ln k, the effective number k, the area k/n. So compare methods at equal area.

Sparseness is the Gini index of Chalasani et al. (ICML 2020), complexity the entropy of Bhatt et al. (IJCAI 2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from earmark.errors import SettingError
from earmark.explain.game import Floats


def sparseness(values: ArrayLike) -> float:
    """Gini index of the magnitudes: Σ (2i − n − 1) aᵢ / (n Σ a) with a ascending; 0 where all are equal.

    Raises
    ------
    SettingError
        If the values are empty, not finite, or all zero.

    Examples
    --------
    >>> sparseness([1, 0, 0, 1]), sparseness([2, 2, 2])
    (0.5, 0.0)
    """
    a = np.sort(_magnitudes(values))
    n = len(a)
    if a[0] == a[-1]:
        # The sum below leaves a rounding error where the answer is known.
        return 0.0
    a = a / a[-1]
    return float(((2 * np.arange(1, n + 1) - n - 1) * a).sum() / (n * a.sum()))


def entropy(values: ArrayLike) -> float:
    """Entropy of the shares q = m / Σ m in nats, −Σ q ln q; ln n where all are equal, 0 where one has all.

    Some published tables give a constant mask the entropy 0, the best there is; it is ln n, the worst.

    Raises
    ------
    SettingError
        If the values are empty, not finite, or all zero.

    Examples
    --------
    >>> import math
    >>> math.isclose(entropy([1, 1, 0, 1]), math.log(3)), entropy([0, 5])
    (True, 0.0)
    """
    m = _magnitudes(values)
    q = m / m.max()
    q = q[q > 0] / q.sum()
    return max(0.0, float(-(q * np.log(q)).sum()))


def effective_components(values: ArrayLike) -> float:
    """How many equal components would have the same entropy: exp(entropy), from 1 to n.

    Raises
    ------
    SettingError
        If the values are empty, not finite, or all zero.

    Examples
    --------
    >>> round(effective_components([3, 3, 0, 0]), 9)
    2.0
    """
    return float(np.exp(entropy(values)))


def mask_area(mask: ArrayLike) -> float:
    """Mean of a mask, its share of the sound in cells: 0 takes nothing, 1 all.

    Raises
    ------
    SettingError
        If it is empty, or a value is not in [0, 1].

    Examples
    --------
    >>> mask_area([1, 0, 0.5, 0.5])
    0.5
    """
    m = np.asarray(mask, dtype=np.float64)
    if m.size == 0 or not ((m >= 0) & (m <= 1)).all():
        raise SettingError("no mask: it must have values in [0, 1]", remedy="Make one with make_mask", where="mask")
    return float(m.mean())


def _magnitudes(values: ArrayLike) -> Floats:
    m: Floats = np.abs(np.asarray(values, dtype=np.float64)).ravel()
    if m.size == 0 or not np.isfinite(m).all():
        raise SettingError("values that are missing or not finite", remedy="Explain the clip again", where="complexity")
    if not m.any():
        raise SettingError(
            "all values are zero: there is nothing to share out",
            remedy="Choose a label on which something has an effect",
            where="complexity",
        )
    return m
