"""Masks that know nothing of the model, to be judged beside every mask that does.

Each is made from the mask that is judged, of any shape, and has exactly its values in another order (so the same area),
except all ones and all zeros. A figure means something by how far it is from these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import SettingError
from earmark.explain.game import Floats

BASELINES = ("random", "energy", "ones", "zeros")
"""Names of the rows that stand beside every figure."""


def random_masks(mask: ArrayLike, draws: int, rng: np.random.Generator) -> Floats:
    """Masks of the same area and grain in random places, ``(draws, *mask.shape)``.

    A mask of components (one axis) is shuffled. Of a map (two axes), tiles as large as its average patch are shuffled:
    a mask of salt and pepper stays one, a mask of a few large regions becomes another of a few large regions. Tiles cut
    short by the far edges change places among each other, so the values, and the area, stay exactly the same.

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
    tiles = (1,) if m.ndim == 1 else grain(m)
    return np.stack([_shuffled(m, tiles, rng) for _ in range(draws)])


def shuffled(values: ArrayLike, rng: np.random.Generator) -> Floats:
    """Attributions in another order, of the same grain: what ``random_masks`` does to a mask, once.

    Examples
    --------
    >>> sorted(shuffled([3.0, -1.0, 2.0], np.random.default_rng(0)).tolist())
    [-1.0, 2.0, 3.0]
    """
    v = np.asarray(values, dtype=np.float64)
    low, high = float(v.min()), float(v.max())
    tiles = (1,) if v.ndim == 1 or low == high else grain((v - low) / (high - low))
    return _shuffled(v, tiles, rng)


def grain(mask: ArrayLike) -> tuple[int, ...]:
    """Average length, in cells along each axis, of the runs above or below the mask's mean; at least 1.

    Examples
    --------
    >>> grain([[1, 1, 0, 0], [1, 1, 0, 0]])
    (2, 2)
    """
    m = _mask(mask)
    on = m > m.mean()
    sizes = []
    for axis in range(m.ndim):
        lines = np.moveaxis(on, axis, -1).reshape(-1, m.shape[axis])
        runs = len(lines) + int(np.count_nonzero(lines[:, 1:] != lines[:, :-1]))
        sizes.append(max(1, round(lines.size / runs)))
    return tuple(sizes)


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
    given = np.empty(m.size)
    given[np.argsort(-e, axis=None, kind="stable")] = np.sort(m, axis=None)[::-1]
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


def _shuffled(mask: Floats, tiles: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Tiles of one size change places; those at the far edges, of another size, among each other."""
    if mask.ndim == 1:
        return rng.permutation(mask)
    (height, width), (tall, wide) = mask.shape, tiles
    rows, columns = height // tall * tall, width // wide * wide
    out = mask.copy()
    for top, bottom, tile_h in ((0, rows, tall), (rows, height, height - rows)):
        for left, right, tile_w in ((0, columns, wide), (columns, width, width - columns)):
            if bottom > top and right > left:
                out[top:bottom, left:right] = _tiles_shuffled(mask[top:bottom, left:right], tile_h, tile_w, rng)
    return out


def _tiles_shuffled(part: Floats, tall: int, wide: int, rng: np.random.Generator) -> Floats:
    down, across = part.shape[0] // tall, part.shape[1] // wide
    cut: NDArray[np.float64] = part.reshape(down, tall, across, wide).swapaxes(1, 2).reshape(-1, tall, wide)
    mixed = cut[rng.permutation(len(cut))]
    joined: Floats = mixed.reshape(down, across, tall, wide).swapaxes(1, 2).reshape(part.shape)
    return joined
