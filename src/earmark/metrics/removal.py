"""Parts taken out of a sound, in the order of an attribution or at random, and what the classifier says then.

All measures that switch parts off share this: ``Ask`` answers masks ``(B, *shape)`` in [0, 1] with the score of one
class, ``(B,)``. The shape is that of the attributions: components ``(n,)`` or a map ``(bins, frames)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import ExplanationError, SettingError
from earmark.explain.game import Floats

Ask = Callable[[Floats], Floats]


def attribution_array(attributions: ArrayLike) -> Floats:
    """The attributions as numbers, if there is anything to put in order.

    Raises
    ------
    ExplanationError
        If there are none, one is not finite, or all are equal.
    """
    values = np.asarray(attributions, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise ExplanationError(
            "attributions that are missing or not finite", remedy="Explain the clip again", where="attributions"
        )
    if values.size > 1 and values.min() == values.max():
        raise ExplanationError(
            f"all {values.size} attributions are {values.flat[0]:g}, so they have no order",
            remedy="Choose a label or a method for which the parts differ",
            where="attributions",
        )
    return values


def top_masks(attributions: ArrayLike, counts: Sequence[int]) -> Floats:
    """Masks ``(len(counts), *shape)`` with ones at the so many strongest cells; of equals the earlier ones first.

    Examples
    --------
    >>> top_masks([0.1, 0.5, 0.3], [0, 1, 2])
    array([[0., 0., 0.],
           [0., 1., 0.],
           [0., 1., 1.]])
    """
    values = attribution_array(attributions)
    place = np.empty(values.size, dtype=np.intp)
    place[np.argsort(-values, axis=None, kind="stable")] = np.arange(values.size)
    masks: Floats = (place[None] < np.asarray(counts)[:, None]).astype(np.float64)
    return masks.reshape(len(counts), *values.shape)


def cuts(cells: int, steps: int | None) -> NDArray[np.intp]:
    """How many cells are taken after each step, 0 to all: one at a time, or in ``steps`` equal shares.

    Raises
    ------
    SettingError
        If there is no step.
    """
    if steps is not None and steps < 1:
        raise SettingError(f"{steps} steps", remedy="Take at least 1", where="steps")
    number = cells if steps is None else min(steps, cells)
    return np.unique(np.round(np.linspace(0, cells, number + 1)).astype(np.intp))


def random_removals(
    ask: Ask, attributions: ArrayLike, rng: np.random.Generator, *, draws: int = 64, share: float | None = None
) -> tuple[Floats, Floats]:
    """Random sets of cells are taken out: what their attributions sum to, and what the score loses, both ``(draws,)``.

    Parameters
    ----------
    ask : masks → scores of the class.
    attributions : of its cells. A map's cells are taken out in at most 16 × 16 tiles: single ones mean nothing.
    rng : draws the sets.
    draws : how many.
    share : of the cells in each set; None draws a share from 0 to 1 for each set.

    Raises
    ------
    SettingError
        If there is no draw, or the share is not inside (0, 1).
    """
    values = np.asarray(attributions, dtype=np.float64)
    if draws < 2 or (share is not None and not 0 < share < 1):
        raise SettingError(
            f"{draws} draws of {share}", remedy="Take 2 or more, of a share inside (0, 1)", where="draws"
        )
    coarse = tuple(min(16, size) for size in values.shape) if values.ndim == 2 else values.shape
    cells = int(np.prod(coarse))
    shares = rng.uniform(0, 1, draws) if share is None else np.full(draws, share)
    counts = np.clip(np.round(shares * cells).astype(int), 1, max(1, cells - 1))
    places = rng.random((draws, cells)).argsort(axis=1).argsort(axis=1)
    removed = (places < counts[:, None]).reshape(draws, *coarse).astype(np.float64)
    for axis, (size, tiles) in enumerate(zip(values.shape, coarse, strict=True)):
        removed = removed.take(np.arange(size) * tiles // size, axis=axis + 1)
    scores = ask(np.concatenate([np.ones((1, *values.shape)), 1.0 - removed]))
    sums: Floats = (removed * values).reshape(draws, -1).sum(axis=1)
    return sums, scores[0] - scores[1:]
