"""How far the mean over random draws may be off, component by component."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from earmark.explain.game import Floats
from earmark.explain.gradient.subject import Subject


class Draws:
    """Collects what each draw gives the components; only their sums are kept, not the maps.

    Parameters
    ----------
    subject : knows how to sum a map over components; where it does not, nothing is collected.
    """

    def __init__(self, subject: Subject) -> None:
        self._pool = subject.pool
        self._sums: list[Floats] = []

    def add(self, maps: Tensor) -> None:
        """Take the maps of some draws, ``(T, draws, …)``, in order."""
        if self._pool is not None:
            self._sums += [self._pool(maps[:, index]) for index in range(maps.shape[1])]

    def errors(self, *, stratified: bool = False) -> Floats | None:
        """Standard errors ``(T, n)`` of the means; None where nothing was collected, or less than two draws.

        Independent draws: s / √S. Where draw i comes from stratum i, neighbours are compared: half their mean squared
        difference stands for the variance inside a stratum (Wolter 2007, Introduction to Variance Estimation, section
        8.2, estimator v2). That counts the drift from stratum to stratum as well, so it is rather too large.
        """
        count = len(self._sums)
        if count < 2:
            return None
        sums = np.stack(self._sums)
        variance = (np.diff(sums, axis=0) ** 2).mean(axis=0) / 2 if stratified else sums.var(axis=0, ddof=1)
        errors: Floats = np.sqrt(variance / count)
        return errors
