"""Shapley values by the estimator that suits the number of components and the budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from earmark.errors import SettingError
from earmark.explain.crossed import REPEAT
from earmark.explain.game import Game, blocks_of
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel
from earmark.explain.shapley_permutation import ShapleyPermutation

# 262 144 mixtures of halves that are known: seconds, and tens of megabytes.
_MOST_MIXTURES_OF = 18


@dataclass(frozen=True)
class Shapley:
    """The ladder: exact up to 12 components, antithetic permutations on a tight budget, else the paired kernel.

    Of sound and words it is exact up to 18 components where there are so few halves of each that the budget pays for
    all of them: each is worked out once, and their mixtures cost next to nothing.

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

    def rung(self, n_players: int, blocks: tuple[int, ...] = ()) -> ShapleyExact | ShapleyPermutation | ShapleyKernel:
        """The estimator for that many players: exact up to 12 (4096 evaluations).

        Parameters
        ----------
        n_players : n.
        blocks : players of the sound, and of the text, where each half of a mask is worked out once.
        """
        if n_players <= 12:
            return ShapleyExact()
        # Drawn mixtures share each half among REPEAT of them: that is what the budget pays for.
        if blocks and n_players <= _MOST_MIXTURES_OF and sum(1 << n for n in blocks) <= 2 * self.samples // REPEAT:
            return ShapleyExact(max_players=_MOST_MIXTURES_OF)
        if self.samples < 3 * n_players:
            return ShapleyPermutation(self.samples, self.tolerance)
        return ShapleyKernel(self.samples, self.tolerance)

    def plan(self, n_players: int) -> int:
        """As the estimator plans."""
        return self.rung(n_players).plan(n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Solve by the chosen estimator, whose name goes into the diagnostics.

        Raises
        ------
        SettingError
            If the budget is less than 2 n evaluations of n > 12 components.
        """
        n = game.n_players
        rung = self.rung(n, blocks_of(game))
        if self.samples < 2 * n and not isinstance(rung, ShapleyExact):
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components",
                remedy=f"Give at least {2 * n}, better {3 * n} and more",
                where=self.name,
            )
        answer = rung.solve(game, rng)
        return replace(answer, diagnostics=answer.diagnostics | {"estimator": rung.name})
