"""Where the truth is known: does an attribution point at it?

``attributions`` and ``truth`` have one shape, any number of axes (components, or bins × frames); ``truth`` is True
where the evidence is. The mass counts the positive part of an attribution, which speaks for the class; all others read
the order of the signed values.

Pointing game: Zhang et al. (IJCV 2018). Relevance mass and relevance rank accuracy: Arras et al. (Information Fusion
2022). The AUC is the area under the receiver operating characteristic of the cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from earmark.errors import SettingError
from earmark.explain.game import Floats


def pointing_game(attributions: ArrayLike, truth: ArrayLike) -> float:
    """1 where the largest value lies in the truth, 0 where it does not; of equal largest ones, the share inside.

    As in the paper, whose maps have no sign, a map always points: where no value is positive, to what speaks least
    against the class. Without the paper's tolerance of 15 pixels around the truth.

    Raises
    ------
    SettingError
        If the shapes differ, values are not finite or all zero, or the truth is empty or everything.

    Examples
    --------
    >>> pointing_game([0.1, 0.7, 0.2], [False, True, False])
    1.0
    """
    values, inside = _checked(attributions, truth)
    return float(inside[values == values.max()].mean())


def relevance_mass(attributions: ArrayLike, truth: ArrayLike) -> float:
    """Share of the positive attribution that lies in the truth; 0 where nothing is positive.

    Raises
    ------
    SettingError
        As for ``pointing_game``.

    Examples
    --------
    >>> relevance_mass([3.0, 1.0, -2.0], [True, False, False])
    0.75
    """
    values, inside = _checked(attributions, truth)
    positive = np.maximum(values, 0.0)
    within, without = positive[inside].sum(), positive[~inside].sum()
    return float(within / (within + without)) if within > 0 else 0.0


def relevance_rank(attributions: ArrayLike, truth: ArrayLike) -> float:
    """Of the k strongest cells, k the size of the truth, the share that lies in it.

    Cells that tie for the last places count with the share of them that there is room for.

    Raises
    ------
    SettingError
        As for ``pointing_game``.

    Examples
    --------
    >>> relevance_rank([0.9, 0.5, 0.8, 0.1], [True, True, False, False])
    0.5
    """
    values, inside = _checked(attributions, truth)
    k = int(inside.sum())
    least = np.partition(values, -k)[-k]
    above, tied = values > least, values == least
    room = (k - above.sum()) / tied.sum()
    return float((inside[above].sum() + room * inside[tied].sum()) / k)


def localisation_auc(attributions: ArrayLike, truth: ArrayLike) -> float:
    """Chance that a cell in the truth has a larger value than one outside it; ties count half.

    1 is perfect, 0.5 is what chance (or a constant) gives, 0 the opposite of the truth.

    Raises
    ------
    SettingError
        As for ``pointing_game``, but all zero is allowed: it is chance.

    Examples
    --------
    >>> localisation_auc([0.9, 0.5, 0.8, 0.1], [True, True, False, False])
    0.75
    """
    values, inside = _checked(attributions, truth, zeros=True)
    k, rest = int(inside.sum()), int((~inside).sum())
    ranks = rankdata(values)
    return float((ranks[inside].sum() - k * (k + 1) / 2) / (k * rest))


def _checked(attributions: ArrayLike, truth: ArrayLike, *, zeros: bool = False) -> tuple[Floats, NDArray[np.bool_]]:
    values, inside = np.asarray(attributions, dtype=np.float64), np.asarray(truth)
    if values.shape != inside.shape or inside.dtype != np.bool_:
        raise SettingError(
            f"attributions of shape {values.shape} and a truth of shape {inside.shape} and type {inside.dtype}",
            remedy="Give booleans of the same shape",
            where="truth",
        )
    if not np.isfinite(values).all():
        raise SettingError("attributions that are not finite", remedy="Explain the clip again", where="attributions")
    if not zeros and not values.any():
        raise SettingError("all attributions are zero", remedy="They point nowhere", where="attributions")
    if not inside.any() or inside.all():
        raise SettingError(
            "a truth that is empty or everything locates nothing",
            remedy="Give at least one cell inside and one outside",
            where="truth",
        )
    return values.ravel(), inside.ravel()
