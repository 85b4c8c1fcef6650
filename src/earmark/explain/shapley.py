"""Shapley values by the estimator that suits the number of components and the budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from earmark.explain.game import Game
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.explain.shapley_permutation import ShapleyPermutation


@dataclass(frozen=True)
class Shapley:
    """The ladder: exact up to 12 components, antithetic permutations on a tight budget, else the paired kernel.

    Parameters
    ----------
    samples : most evaluations to spend where the values are not exact.
    tolerance : stop once every standard error is below this share of the spread of the values.
    """

    samples: int = 2048
    tolerance: float = 0.025

    name: ClassVar[str] = "shapley"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "shapley"

    def rung(self, n_players: int) -> ShapleyExact | ShapleyPermutation | ShapleyKernel:
        """The estimator for that many players: exact up to 12 (4096 evaluations)."""
        if n_players <= 12:
            return ShapleyExact()
        if self.samples < 3 * n_players:
            return ShapleyPermutation(self.samples, self.tolerance)
        return ShapleyKernel(self.samples, self.tolerance)

    def plan(self, n_players: int) -> int:
        """As the estimator plans."""
        return self.rung(n_players).plan(n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Solve by the chosen estimator, whose name goes into the diagnostics."""
        rung = self.rung(game.n_players)
        answer = rung.solve(game, rng)
        return replace(answer, diagnostics=answer.diagnostics | {"estimator": rung.name})
