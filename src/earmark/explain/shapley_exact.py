"""Exact Shapley values by enumeration of all 2ⁿ coalitions.

Shapley (1953): φᵢ = Σ_{S ∌ i} |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import comb

from earmark.errors import SettingError
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.method import Attribution


@dataclass(frozen=True)
class ShapleyExact:
    """Shapley values without sampling; 2ⁿ evaluations.

    Parameters
    ----------
    max_players : refuse more components than this (14 components are 16 384 evaluations).

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(2, 1, lambda masks: masks.all(axis=1, keepdims=True) * 1.0)
    >>> ShapleyExact().solve(game, np.random.default_rng(0)).values
    array([[0.5, 0.5]])
    """

    max_players: int = 14

    name: ClassVar[str] = "shapley_exact"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "shapley"

    def plan(self, n_players: int) -> int:
        """All coalitions."""
        return 1 << n_players

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Exact values; ``rng`` is not used.

        Raises
        ------
        SettingError
            If the game has more than ``max_players`` players.
        """
        n = game.n_players
        if n > self.max_players:
            raise SettingError(
                f"{n} components need 2^{n} = {2**n:,} evaluations",
                remedy=f"Use at most {self.max_players} components, or the method shapley_kernel",
                where="shapley_exact",
            )
        values = game.values(all_masks(n))
        return Attribution(
            values=shapley_from_table(values, n),
            errors=np.zeros((values.shape[1], n)),
            base=values[0],
            full=values[-1],
            converged=True,
            exact=True,
        )


def all_masks(n: int) -> Bools:
    """All 2ⁿ masks ``(2ⁿ, n)``; row r keeps component i where bit i of r is set."""
    rows = np.arange(1 << n, dtype=np.int64)
    masks: Bools = ((rows[:, np.newaxis] >> np.arange(n)) & 1).astype(np.bool_)
    return masks


def shapley_from_table(values: Floats, n: int) -> Floats:
    """Shapley values ``(K, n)`` of a complete table of values ``(2ⁿ, K)`` in the order of ``all_masks``."""
    sizes = np.bitwise_count(np.arange(1 << n, dtype=np.uint64)).astype(np.int64)
    k = values.shape[1]
    phi: Floats = np.empty((k, n))
    for player in range(n):
        # Axis 1 of this view is the player's own bit: [:, 0] without it, [:, 1] with it.
        split = values.reshape(1 << (n - 1 - player), 2, 1 << player, k)
        without = sizes.reshape(1 << (n - 1 - player), 2, 1 << player)[:, 0]
        weight = 1.0 / (n * comb(n - 1, without))
        phi[:, player] = np.einsum("ab,abk->k", weight, split[:, 1] - split[:, 0])
    return phi
