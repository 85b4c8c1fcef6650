"""Masks that know nothing of the model, to be judged beside every mask that does.

Each is made from the mask that is judged, of any shape, and has exactly its values in another order (so the same area),
except all ones and all zeros. A figure means something by how far it is from these.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError
from earmark.explain.game import Floats

BASELINES = ("random", "energy", "ones", "zeros")
"""Names of the rows that stand beside every figure."""


def random_masks(mask: ArrayLike, draws: int, rng: np.random.Generator) -> Floats:
    """Masks of the same area and grain in random places, ``(draws, *mask.shape)``.

    A mask of components (one axis) is shuffled. A map (two axes) is moved as a whole by a random number of bins and of
    frames, every number as likely, and what leaves at one edge enters at the other (the torus translation of Lotwick &
    Silverman 1982): dust stays dust, one large patch stays one large patch, and values and area are exactly the same.

    Raises
    ------
    SettingError
        If it is no mask with values in [0, 1] and one or two axes, or no draw is asked for.

    Examples
    --------
    >>> random_masks([1, 0, 0, 0], 2, np.random.default_rng(0)).sum(axis=1)
    array([1., 1.])
    """
    m = _mask(mask)
    if draws < 1:
        raise SettingError(f"{draws} draws", remedy="Ask for at least 1", where="draws")
    return np.stack([shuffled(m, rng) for _ in range(draws)])


def shuffled(values: ArrayLike, rng: np.random.Generator) -> Floats:
    """Attributions in other places, of the same grain: what ``random_masks`` does to a mask, once.

    Examples
    --------
    >>> sorted(shuffled([3.0, -1.0, 2.0], np.random.default_rng(0)).tolist())
    [-1.0, 2.0, 3.0]
    """
    v = np.asarray(values, dtype=np.float64)
    if v.ndim == 1:
        return rng.permutation(v)
    moved: Floats = np.roll(v, [int(rng.integers(size)) for size in v.shape], axis=tuple(range(v.ndim)))
    return moved


def arrangements(values: ArrayLike) -> int:
    """How many different masks or attributions ``shuffled`` can give, the one that is given counted.

    Examples
    --------
    >>> arrangements([1, 0, 0, 0]), arrangements([0.3, 0.2, 0.1])
    (4, 6)
    """
    v = np.asarray(values, dtype=np.float64)
    if v.ndim == 2:
        return v.size
    ways, left = 1, v.size
    for equal in np.unique(v, return_counts=True)[1].tolist():
        ways *= math.comb(left, equal)
        left -= equal
    return ways


def energy_mask(mask: ArrayLike, energy: ArrayLike) -> Floats:
    """The mask's values given out by loudness: the largest to the cell with most energy. Same area exactly.

    Parameters
    ----------
    mask : what is judged.
    energy : of the same shape: power of each cell or component, any unit. Equals keep their order.

    Raises
    ------
    SettingError
        If the shapes differ, or an energy is negative or not finite.

    Examples
    --------
    >>> energy_mask([1, 0, 0], [0.1, 0.5, 0.4])
    array([0., 1., 0.])
    """
    m, e = _mask(mask), np.asarray(energy, dtype=np.float64)
    if e.shape != m.shape or not np.isfinite(e).all() or (e < 0).any():
        raise SettingError(
            f"energies of shape {e.shape} for a mask of shape {m.shape}",
            remedy="Give one power, not negative, for each cell",
            where="energy",
        )
    return laid_out(m, np.argsort(-e, axis=None, kind="stable"))


def laid_out(mask: ArrayLike, order: NDArray[np.intp]) -> Floats:
    """The mask's values along an order of its cells, the largest first; for many masks of one ``energy_mask``.

    Examples
    --------
    >>> laid_out([1, 0, 0.5], np.array([2, 0, 1]))
    array([0.5, 0. , 1. ])
    """
    m = np.asarray(mask, dtype=np.float64)
    given = np.empty(m.size)
    given[order] = np.sort(m, axis=None)[::-1]
    return given.reshape(m.shape)


def ones_mask(mask: ArrayLike) -> Floats:
    """Keeps everything: what kept-part measures say of a mask that explains nothing."""
    return np.ones_like(_mask(mask))


def zeros_mask(mask: ArrayLike) -> Floats:
    """Keeps nothing: what the fill alone scores."""
    return np.zeros_like(_mask(mask))


def _mask(mask: ArrayLike) -> Floats:
    m = np.asarray(mask, dtype=np.float64)
    if m.ndim not in (1, 2) or m.size == 0 or not ((m >= 0) & (m <= 1)).all():
        raise SettingError(
            f"no mask: shape {m.shape}, or values outside [0, 1]",
            remedy="Give components (n,) or a map (bins, frames)",
            where="mask",
        )
    return m
