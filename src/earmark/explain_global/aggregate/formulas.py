"""Importance of a feature for a class from many explanations.

W are the weights of a feature in the n explanations of a class in which it occurs.

- MusicLIME (Sotirou et al. 2024), after van der Linden et al. (2019): with S = Σ|W|, I_LIME = √S, I_AVG = S / n;
  p_c = I_LIME of class c ÷ the sum over classes, H = −Σ p_c log₂ p_c, and
  I_H = (1 − (H − H_min) / (H_max − H_min)) · I_LIME. The publications sum positive weights only (``weights_of
  "positive"``); |W| of all weights is the formula as written.
- Signed versions keep evidence against a class: with T = ΣW, sign(T)·√|T|, the mean T / n, and the former times the
  homogeneity weight of |W|, whichever weights the others sum.

What occurs once may have any mean. So features are ranked by a mean that is shrunk towards 0 by as much as its few
observations deserve (James & Stein 1961; Efron & Morris 1975): m · τ² / (τ² + σ²/n), with σ² the variance within
features and τ² that between them, by the method of moments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def homogeneity_weight(importance: Floats) -> Floats:
    """1 for features that speak for one class, 0 for the one that speaks most evenly for all.

    Parameters
    ----------
    importance : I_LIME, ``(classes, features)``, at least 0.

    Returns
    -------
    ndarray
        ``1 − (H − H_min) / (H_max − H_min)`` of each feature, ``(features,)``. All 1 where every H is the same; NaN
        for a feature without importance in any class, which has no H.

    Examples
    --------
    >>> homogeneity_weight(np.array([[1.0, 3.0, 2.0], [1.0, 0.0, 0.5]])).round(2).tolist()
    [0.0, 1.0, 0.28]
    """
    total = importance.sum(axis=0)
    share = np.divide(importance, total, out=np.full_like(importance, np.nan), where=total > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(share > 0, share * np.log2(share), 0.0)
    entropy = np.where(total > 0, -terms.sum(axis=0), np.nan)
    known = entropy[np.isfinite(entropy)]
    if len(known) == 0 or known.max() - known.min() < 1e-12:
        return np.where(np.isfinite(entropy), 1.0, np.nan)
    weight: Floats = 1 - (entropy - known.min()) / (known.max() - known.min())
    return weight


def signed_root(total: Floats) -> Floats:
    """sign(T)·√|T|."""
    root: Floats = np.sign(total) * np.sqrt(np.abs(total))
    return root


def shrunk(mean: Floats, variance: Floats, count: Ints) -> Floats:
    """Means of features, each shrunk towards 0 as far as it is uncertain.

    Parameters
    ----------
    mean : of each feature's n values.
    variance : of those, with n − 1; not read where n is 1.
    count : n.

    Returns
    -------
    ndarray
        All NaN where no feature has two values, since then nothing says how they scatter.
    """
    several = count > 1
    freedom = count[several] - 1
    if not freedom.sum():
        return np.full(len(mean), np.nan)
    within = float((freedom * variance[several]).sum() / freedom.sum())
    between = max(0.0, float(np.mean(mean**2 - within / count)))
    if between == 0:
        # No more between features than their scatter explains; without scatter every mean is what it is.
        return np.zeros(len(mean)) if within > 0 else mean.copy()
    found: Floats = mean * between / (between + within / count)
    return found
