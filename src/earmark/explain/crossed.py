"""Masks for a game of two halves (sound and text), few of each half and many mixtures of them.

Where each half of a mask is worked out on its own and remembered, what costs is the number of distinct halves, not that
of masks. So halves are drawn, and each is seen in ``REPEAT`` mixtures: 1000 masks then need 250 + 250 embeddings
instead of 1000 + 1000. Masks that share a half are no independent witnesses: errors are those of two-way clusters
(Cameron, Gelbach & Miller 2011, eq. 2.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.explain.game import Bools, Floats

REPEAT = 4


@dataclass(frozen=True, eq=False)
class Crossed:
    """Masks ``(B, n)``, and which half of the sound and of the text each has, ``(B, 2)``."""

    masks: Bools
    halves: NDArray[np.intp]


def even_masks(blocks: tuple[int, ...], samples: int, rng: np.random.Generator) -> Crossed:
    """Each player on with probability 1/2; the first mask keeps all.

    Parameters
    ----------
    blocks : players of the sound, and of the text.
    samples : how many masks.
    rng : draws them.
    """
    count = max(2, -(-samples // REPEAT))
    first, second = (rng.random((count, size)) < 0.5 for size in blocks)
    first[0] = second[0] = True
    left = np.tile(np.arange(count), REPEAT)
    # A shift of its own for each round: no mixture comes twice while there are rounds enough.
    shifts = np.concatenate([[0], 1 + rng.permutation(count - 1)])
    right = np.concatenate([(np.arange(count) + shifts[turn % count]) % count for turn in range(REPEAT)])
    # Second halves in an order of their own, the first of them (all on) beside the first.
    order = np.concatenate([[0], 1 + rng.permutation(count - 1)])
    right = order[right]
    left, right = left[:samples], right[:samples]
    return Crossed(np.concatenate([first[left], second[right]], axis=1), np.stack([left, right], axis=1))


def levelled_masks(blocks: tuple[int, ...], pairs: int, rng: np.random.Generator) -> Crossed:
    """One mask of each complementary pair, of all sizes equally often.

    At level t every player is on with probability t, so that sound and text are drawn independently; over levels spread
    evenly between 0 and 1 all sizes of coalitions are equally frequent (Owen 1972, the multilinear extension). At each
    level ``REPEAT`` halves of the sound meet ``REPEAT`` of the text.

    Parameters
    ----------
    blocks : players of the sound, and of the text.
    pairs : how many masks; those that are empty or full are left out.
    rng : draws them.
    """
    levels = -(-pairs // REPEAT**2)
    masks, halves = [], []
    for level, t in enumerate((rng.permutation(levels) + rng.random(levels)) / levels):
        first, second = (rng.random((REPEAT, size)) < t for size in blocks)
        left, right = np.divmod(np.arange(REPEAT**2), REPEAT)
        masks.append(np.concatenate([first[left], second[right]], axis=1))
        halves.append(np.stack([left, right], axis=1) + level * REPEAT)
    every: Bools = np.concatenate(masks)[:pairs]
    inside = every.any(axis=1) & ~every.all(axis=1)
    return Crossed(every[inside], np.concatenate(halves)[:pairs][inside])


def clustered_errors(lever: Floats, residual: Floats, halves: NDArray[np.intp]) -> Floats:
    """Standard errors ``(K, n)`` of a linear fit whose rows share halves.

    Parameters
    ----------
    lever : what one row adds to each coefficient for each unit of its residual, ``(B, n)``.
    residual : ``(B, K)``.
    halves : ``(B, 2)``.

    Returns
    -------
    ndarray
        Root of V₁ + V₂ − V₁₂, the clusters being the first halves, the second halves, and single rows; at least that
        of single rows, which the difference can fall below by chance.
    """
    single = np.einsum("bn,bk->kn", lever**2, residual**2)
    total = -single
    for column in halves.T:
        clusters, at = np.unique(column, return_inverse=True)
        # Row by row of a coefficient, so that (clusters, n, K) need not be in memory at once.
        for k in range(residual.shape[1]):
            sums = np.zeros((len(clusters), lever.shape[1]))
            np.add.at(sums, at, lever * residual[:, k, np.newaxis])
            total[k] += (sums**2).sum(axis=0)
    errors: Floats = np.sqrt(np.maximum(total, single))
    return errors
