"""Banzhaf values: the mean effect of a component over all coalitions of the others, each counted the same.

Banzhaf (1965): βᵢ = 2^−(n−1) Σ_{S ∌ i} (v(S ∪ i) − v(S)). Against Shapley values they rank more stably under a noisy
score (Wang & Jia 2023, theorem 4.3), and their sum is not v(all) − v(none).

Wang & Jia (2023, section 4.3) estimate them by maximum sample reuse: mean score with i minus mean score without i over
uniform coalitions. Ours keeps the reuse and lowers the variance: coalitions come in complementary pairs without
replacement, and a least-squares fit on the pairs' differences takes the other components' effects out of each one's
(the additive game nearest to v in plain least squares has the Banzhaf values as coefficients, Hammer & Holzman 1992;
Liu et al. 2024, "Kernel Banzhaf").
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
class Banzhaf:
    """Banzhaf values: exact where the budget pays for all coalitions, else by regression on complementary pairs.

    Parameters
    ----------
    samples : most evaluations to spend; 4096 is exact up to 12 components.
    tolerance : stop once every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(3, 1, lambda masks: masks.all(axis=1, keepdims=True) * 1.0)
    >>> Banzhaf().solve(game, np.random.default_rng(0)).values
    array([[0.25, 0.25, 0.25]])
    """

    samples: int = 4096
    tolerance: float = 0.025

    name: ClassVar[str] = "banzhaf"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "banzhaf"

    def plan(self, n_players: int) -> int:
        """All coalitions, or the budget where that is less."""
        return min(self.samples, 1 << n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Banzhaf values with standard errors (zero where exact).

        Raises
        ------
        SettingError
            If the budget is less than 2 n + 4 evaluations and does not pay for all coalitions either.
        """
        n = game.n_players
        if 1 << n <= self.samples:
            table = game.values(all_masks(n))
            return _attribution(banzhaf_from_table(table, n), 0.0, table[[0, -1]], len(table), True, True)
        if self.samples < 2 * n + 4:
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components",
                remedy=f"Give at least {2 * n + 4}",
                where="banzhaf",
            )
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        drawn = distinct_halves(n, (self.samples - 2) // 2, rng)
        count = len(drawn)
        # Looking after each doubling costs little; below some 4 n pairs the errors are not to be trusted.
        while count // 2 >= 4 * n:
            count //= 2
        while True:
            values, errors = fit_pairs(game, drawn[:count])
            converged = settled(values, errors, self.tolerance)
            if converged or count == len(drawn):
                return _attribution(values, errors, ends, 2 + 2 * count, converged, False)
            count = min(2 * count, len(drawn))


def banzhaf_from_table(values: Floats, n: int) -> Floats:
    """Banzhaf values ``(K, n)`` of a complete table ``(2ⁿ, K)`` in the order of ``all_masks``."""
    signs = all_masks(n) * 2.0 - 1.0
    result: Floats = values.T @ signs / (1 << (n - 1))
    return result


def distinct_halves(n: int, count: int, rng: np.random.Generator) -> Bools:
    """Distinct uniform masks ``(count, n)`` without player 0, one of each complementary pair; never the empty one."""
    if n <= 40:
        codes = rng.choice((1 << (n - 1)) - 1, size=count, replace=False) + 1
        masks: Bools = ((codes[:, np.newaxis] >> np.arange(n - 1)) & 1).astype(np.bool_)
    else:  # 2^40 pairs and more: two alike do not happen
        masks = rng.random((count, n - 1)) < 0.5
    return np.concatenate([np.zeros((count, 1), dtype=np.bool_), masks], axis=1)


def fit_pairs(game: Game, masks: Bools) -> tuple[Floats, Floats]:
    """Least squares of v(S) − v(Sᶜ) on u = ±1 (in and out of S); values and standard errors ``(K, n)``.

    The difference has no effects of even order, so the fit needs no intercept.
    """
    count, n = masks.shape
    both: Bools = np.stack([masks, ~masks], axis=1).reshape(-1, n)
    values = game.values(both)
    difference = values[0::2] - values[1::2]
    signs = np.where(masks, 1.0, -1.0)
    inverse = np.linalg.pinv(signs.T @ signs, hermitian=True)
    fit = inverse @ (signs.T @ difference)
    residual = difference - signs @ fit
    lever = signs @ inverse
    freedom = count / max(1, count - n)
    # What has been drawn of all pairs adds no sampling error.
    unseen = 1.0 - count / 2.0 ** (n - 1)
    return fit.T, np.sqrt(freedom * unseen * np.einsum("bn,bk->kn", lever**2, residual**2))


def _attribution(
    values: Floats, errors: Floats | float, ends: Floats, used: int, converged: bool, exact: bool
) -> Attribution:
    return Attribution(
        values=values,
        errors=np.broadcast_to(np.asarray(errors, dtype=np.float64), values.shape).copy(),
        base=ends[0],
        full=ends[1],
        converged=converged,
        exact=exact,
        diagnostics={"coalitions": used},
    )
