"""Intervals of means over clips, in one pass over a table of any length.

The Poisson bootstrap (Chamandy, Muralidharan, Najmi & Naidu 2012): in each replicate every group of clips gets a weight
of its own from Poisson(1), so that sums are accumulated as rows come by. All rows of a group share its weights.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from earmark.resampling import percentile_ends

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 4096


def weights(groups: int, replicates: int, seed: int) -> NDArray[np.uint8]:
    """Poisson(1) weights ``(groups, replicates)``."""
    generator = np.random.default_rng(seed)
    found = np.empty((groups, replicates), dtype=np.uint8)
    for first in range(0, groups, _CHUNK):
        rows = min(_CHUNK, groups - first)
        found[first : first + rows] = generator.poisson(1.0, (rows, replicates))
    return found


def mean_interval(
    pieces: Iterable[tuple[Ints, Ints, Floats]],
    weight: NDArray[np.uint8],
    cells: int,
    *,
    confidence: float,
) -> tuple[Floats, Floats]:
    """Ends of the percentile interval of the mean of each cell, ``(cells,)`` twice; NaN where no replicate has a value.

    Parameters
    ----------
    pieces : (cell, group, value) of some rows at a time.
    weight : of the groups in each replicate, ``(groups, replicates)``.
    cells : how many.
    confidence : 0.95 for a 95 % interval.
    """
    from scipy.sparse import csr_matrix

    replicates = weight.shape[1]
    sums = np.zeros((cells, replicates))
    counts = np.zeros((cells, replicates), dtype=np.float32)
    for cell, group, value in pieces:
        # Only the groups of this piece, or the product would touch all of them.
        there, at = np.unique(group, return_inverse=True)
        its = weight[there].astype(np.float32)
        shape = (cells, len(there))
        sums += csr_matrix((value, (cell, at)), shape=shape) @ its
        counts += csr_matrix((np.ones(len(cell), dtype=np.float32), (cell, at)), shape=shape) @ its
    means = np.full_like(sums, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return percentile_ends(means, confidence, axis=1)
