"""RISE: the mean score over random masks that keep a component.

Petsiuk, Das & Saenko (2018, equation 6): S(λ) = 1 / (E[M] · N) Σ f(I ⊙ Mᵢ) · Mᵢ(λ), the expected score given that λ is
there. The paper scales coarse masks up and shifts them at random; ours masks components, which need neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import all_masks


@dataclass(frozen=True)
class Rise:
    """Expected score with a component minus without it, over masks that keep each one with probability p.

    The paper's values are expected scores: all positive, and a component without effect gets E[f], not 0. ``centred``
    (the default) applies equation 6 to f − E[f] and divides by 1 − p, which is E[f | on] − E[f | off]: the same order
    of components, but a difference, so that signs mean what they mean elsewhere. With p = 1/2 that is the Banzhaf
    value. ``centred=False`` is the paper's. Where the budget pays for all 2ⁿ masks the expectation is exact.

    Parameters
    ----------
    samples : number of masks N (the paper: 4000 to 8000).
    keep : probability p of keeping a component (the paper: 0.5).
    centred : differences instead of expected scores.
    tolerance : it has converged if every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(2, 1, lambda masks: masks @ np.array([[1.0], [2.0]]))
    >>> Rise(centred=False).solve(game, np.random.default_rng(0)).values
    array([[2. , 2.5]])
    """

    samples: int = 4096
    keep: float = 0.5
    centred: bool = True
    tolerance: float = 0.05

    name: ClassVar[str] = "rise"
    # An expected score is not 0 for components outside a part, so a sum of games is not solved part by part.
    linear: ClassVar[bool] = False
    estimates: ClassVar[str] = "rise"

    def plan(self, n_players: int) -> int:
        """The masks, and the two ends."""
        return min(self.samples + 2, 1 << n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Values with the standard errors of a mean over N independent masks.

        Raises
        ------
        SettingError
            If p is not between 0 and 1, or there are fewer than 2 masks a component.
        """
        n = game.n_players
        if not 0 < self.keep < 1:
            raise SettingError(f"keep {self.keep:g}", remedy="Give a probability between 0 and 1", where="rise")
        if self.samples < min(2 * n, 1 << n):
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components", remedy=f"Give at least {2 * n}", where="rise"
            )
        exact = 1 << n <= self.samples
        masks: Bools = all_masks(n) if exact else rng.random((self.samples, n)) < self.keep
        chance = (
            np.where(masks, self.keep, 1 - self.keep).prod(axis=1) if exact else np.full(len(masks), 1 / len(masks))
        )
        scores = game.values(masks)
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        values, spread = expected(masks.astype(np.float64), scores, chance, self.keep, centred=self.centred)
        errors = np.zeros_like(values) if exact else spread / np.sqrt(len(masks))
        return Attribution(
            values=values,
            errors=errors,
            base=ends[0],
            full=ends[1],
            converged=exact or settled(values, errors, self.tolerance),
            exact=exact,
            signed=self.centred,
            diagnostics={"quantity": "difference of expected scores" if self.centred else "expected score"},
        )


def expected(masks: Floats, scores: Floats, chance: Floats, keep: float, *, centred: bool) -> tuple[Floats, Floats]:
    """Equation 6 for masks ``(B, n)`` that weigh ``chance (B,)``, and the spread of its terms, both ``(K, n)``."""
    if centred:
        scores = scores - chance @ scores
        # The mean of f − E[f] is 0, so taking p off the mask changes the terms' spread but not their sum.
        terms_of = (masks - keep) / (keep * (1 - keep))
    else:
        terms_of = masks / keep
    values = (scores * chance[:, np.newaxis]).T @ terms_of
    second = (scores**2 * chance[:, np.newaxis]).T @ terms_of**2
    spread: Floats = np.sqrt(np.maximum(second - values**2, 0.0))
    return values, spread
