"""Shapley values from antithetic permutations.

Castro, Gómez & Tejada (2009): the mean marginal contribution over random orders. Mitchell et al. (2022, section 4.1):
each order is paired with its reverse, which cancels every effect of even order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.method import Attribution


@dataclass(frozen=True)
class ShapleyPermutation:
    """Mean marginal contributions over random orders and their reverses.

    Parameters
    ----------
    samples : most evaluations to spend; each pair of orders takes 2 (n − 1).
    tolerance : stop once every standard error is below this share of the spread of the values.
    """

    samples: int = 2048
    tolerance: float = 0.025

    name: ClassVar[str] = "shapley_permutation"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "shapley"

    def plan(self, n_players: int) -> int:
        """The budget, in whole pairs of orders."""
        return 2 + self._pairs(n_players) * 2 * (n_players - 1)

    def _pairs(self, n: int) -> int:
        return max(0, (self.samples - 2) // max(1, 2 * (n - 1)))

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Estimates and the standard error of their mean over pairs (NaN after a single pair).

        Raises
        ------
        SettingError
            If the budget does not pay for one pair of orders.
        """
        n = game.n_players
        pairs = self._pairs(n)
        if pairs < 1:
            raise SettingError(
                f"{self.samples} evaluations are less than the {2 * n} of one pair of orders of {n} components",
                remedy=f"Give at least {2 * n} samples",
                where="shapley_permutation",
            )
        return mean_over_orders(game, lambda: rng.permutation(n), pairs, self.tolerance)


def mean_over_orders(game: Game, draw: Callable[[], NDArray[np.intp]], pairs: int, tolerance: float) -> Attribution:
    """Mean marginal contributions over at most ``pairs`` drawn orders and their reverses, with standard errors."""
    n = game.n_players
    ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
    draws: list[Floats] = []
    errors: Floats = np.full((game.n_outputs, n), np.nan)
    converged = False
    for count in range(1, pairs + 1):
        order = draw()
        draws.append((marginals(game, order) + marginals(game, order[::-1])) / 2)
        # Looking after every pair would stop on a lucky streak of the first few.
        if count >= 8 and (count & (count - 1) == 0 or count == pairs):
            stack = np.stack(draws)
            errors = stack.std(axis=0, ddof=1) / np.sqrt(count)
            converged = settled(stack.mean(axis=0), errors, tolerance)
            if converged:
                break
    stack = np.stack(draws)
    if len(draws) > 1:
        errors = stack.std(axis=0, ddof=1) / np.sqrt(len(draws))
    return Attribution(
        values=stack.mean(axis=0),
        errors=errors,
        base=ends[0],
        full=ends[1],
        converged=converged or n == 1,
        exact=n == 1,
        diagnostics={"permutations": 2 * len(draws)},
    )


def marginals(game: Game, order: NDArray[np.intp]) -> Floats:
    """Marginal contribution ``(K, n)`` of each player when they enter in ``order``."""
    n = len(order)
    masks: Bools = np.zeros((n + 1, n), dtype=np.bool_)
    for step, player in enumerate(order):
        masks[step + 1 :, player] = True
    values = game.values(masks)
    effect: Floats = np.empty((values.shape[1], n))
    effect[:, order] = np.diff(values, axis=0).T
    return effect
