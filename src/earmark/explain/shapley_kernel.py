"""Shapley values by regression on complementary pairs of coalitions (paired KernelSHAP).

Lundberg & Lee (2017, theorem 2): Shapley values are the weighted least-squares fit of an additive game under the
constraint that the values add up to v(all) − v(none). Covert & Lee (2021, section 4): pairing S with its complement.
Ours enumerates the sizes that the budget pays for, and samples the others without replacement, equally many of each
size (leverage scores, Musco & Witter 2025), with the weights corrected for it; and it regresses only what a surrogate
of third order leaves over (regression adjustment, Witter et al. 2025; see ``earmark.explain.surrogate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain.coalitions import Stratum, allocate
from earmark.explain.convergence import settled
from earmark.explain.crossed import clustered_errors, levelled_masks
from earmark.explain.game import Bools, Floats, Game, blocks_of
from earmark.explain.method import Attribution
from earmark.explain.surrogate import fit_surrogate

# Above this the surrogate's linear system would cost more than it saves.
_MAX_SURROGATE_PAIRS = 3000


@dataclass(frozen=True)
class ShapleyKernel:
    """Paired KernelSHAP with enumeration, without replacement, with standard errors and a stopping rule.

    Parameters
    ----------
    samples : most evaluations to spend.
    tolerance : stop once every standard error is below this share of the spread of the values.
    adjust : regress on the residuals of a surrogate of third order (up to 3000 pairs); False is the plain estimator.
    """

    samples: int = 2048
    tolerance: float = 0.025
    adjust: bool = True

    name: ClassVar[str] = "shapley_kernel"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "shapley"

    def plan(self, n_players: int) -> int:
        """The budget, or all coalitions where that is less."""
        return min(self.samples, 1 << n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Estimates with standard errors; exact where the budget pays for every coalition.

        Raises
        ------
        SettingError
            If the budget is less than 2 n + 2 evaluations.
        """
        n = game.n_players
        if self.samples < min(2 * n + 2, 1 << n):
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components",
                remedy=f"Give at least {2 * n + 2}",
                where="shapley_kernel",
            )
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        if n == 1:
            return _attribution(np.diff(ends, axis=0).T, np.zeros((game.n_outputs, 1)), ends, 2, True, True)
        blocks = blocks_of(game)
        if blocks and self.samples < 1 << n:
            return self._crossed(game, blocks, ends, rng)
        strata = [Stratum(n, size, rng) for size in range(1, n // 2 + 1)]
        budget = (min(self.samples, 1 << n) - 2) // 2
        for pairs in _rounds(budget, n):
            for stratum, count in zip(strata, allocate(strata, pairs), strict=True):
                stratum.draw_until(max(count, len(stratum.drawn)))
            exact = all(s.complete for s in strata)
            adjust = self.adjust and not exact
            last = pairs == budget
            values, errors = fit_pairs(game, strata, ends, adjust=adjust and last)
            # Adjusting is worth its time at the end, and where it may be what is missing: it divides errors by up to 4.
            if adjust and not last and settled(values, errors, 4 * self.tolerance):
                values, errors = fit_pairs(game, strata, ends, adjust=True)
            converged = exact or settled(values, errors, self.tolerance)
            if converged:
                break
        used = 2 + 2 * sum(len(s.drawn) for s in strata)
        return _attribution(values, errors, ends, used, converged, exact)

    def _crossed(self, game: Game, blocks: tuple[int, ...], ends: Floats, rng: np.random.Generator) -> Attribution:
        """Many mixtures of few halves, where halves are what costs."""
        n = game.n_players
        drawn = levelled_masks(blocks, (self.samples - 2) // 2, rng)
        size = drawn.masks.sum(axis=1)
        # All sizes are equally frequent, so the kernel's mass of a size is the weight of each of its masks.
        weights = (n - 1) / (size * (n - size))
        unseen = np.ones(len(size))
        values, errors = regress_pairs(game, drawn.masks, weights, unseen, ends, adjust=False, halves=drawn.halves)
        if self.adjust:
            # What a pair looks like to a surrogate that has seen its halves is no honest residual: the errors stay
            # those of the plain fit, which are larger.
            values, _ = regress_pairs(game, drawn.masks, weights, unseen, ends, adjust=True, halves=drawn.halves)
        used = 2 + 2 * len(size)
        return _attribution(values, errors, ends, used, settled(values, errors, self.tolerance), False)


def fit_pairs(game: Game, strata: list[Stratum], ends: Floats, *, adjust: bool) -> tuple[Floats, Floats]:
    """Constrained weighted least squares on the pairs drawn; values and standard errors ``(K, n)``.

    With d(S) = v(S) − v(Sᶜ) and u = ±1 for players in and out of S, an additive game has d(S) = u·φ exactly, and all
    effects of even order have cancelled. The constraint Σφ = v(all) − v(none) is taken out by centring, which keeps
    the normal matrix regular (a least-squares routine would leak along the direction of ones).
    """
    kept = [s for s in strata if s.drawn]
    counts = [len(s.drawn) for s in kept]
    return regress_pairs(
        game,
        np.concatenate([s.masks() for s in kept]),
        np.repeat([s.kernel_mass / c for s, c in zip(kept, counts, strict=True)], counts),
        np.repeat([1 - c / s.pairs for s, c in zip(kept, counts, strict=True)], counts),
        ends,
        adjust=adjust,
    )


def regress_pairs(
    game: Game,
    small: Bools,
    weights: Floats,
    unseen: Floats,
    ends: Floats,
    *,
    adjust: bool,
    halves: NDArray[np.intp] | None = None,
) -> tuple[Floats, Floats]:
    """``fit_pairs`` on given masks.

    Parameters
    ----------
    game : what is asked.
    small : one mask of each pair, ``(B, n)``.
    weights : of the pairs, ``(B,)``.
    unseen : share of the pairs of its kind that was not drawn, ``(B,)``: 1 where a draw is one of very many.
    ends : v(none) and v(all), ``(2, K)``.
    adjust : regress what a surrogate leaves over.
    halves : ``(B, 2)``, where pairs share halves, see ``earmark.explain.crossed``.
    """
    n = small.shape[1]

    # A pair is asked for side by side: neighbours in one batch.
    both: Bools = np.stack([small, ~small], axis=1).reshape(-1, n)
    answers = game.values(both)
    difference = answers[0::2] - answers[1::2]

    signs = np.where(small, 1.0, -1.0)
    centred = signs - signs.mean(axis=1, keepdims=True)
    weighted = centred * weights[:, np.newaxis]
    inverse = np.linalg.pinv(centred.T @ weighted + np.full((n, n), weights.sum() / n), hermitian=True)

    def regress(differences: Floats, sum_of_values: Floats) -> Floats:
        target = differences - np.outer(signs.sum(axis=1), sum_of_values / n)
        deviation = inverse @ (weighted.T @ target)
        fitted: Floats = deviation - deviation.mean(axis=0) + sum_of_values / n
        return fitted

    total = ends[1] - ends[0]
    values = regress(difference, total)
    residual = difference - signs @ values
    freedom = len(small) / max(1, len(small) - n + 1)
    lever = weighted @ inverse
    if adjust and unseen.any() and len(small) <= _MAX_SURROGATE_PAIRS:
        # The pair {all, none} is known without error, and the surrogate learns it too.
        seen = np.vstack([signs, np.ones(n)])
        whole = fit_surrogate(seen, np.vstack([difference, total]))
        left_out = whole.left_out[:-1]
        # With few pairs a player least squares follows the noise. Each output takes the one that better foretells
        # pairs that it has not seen: the surrogate, or least squares with a surrogate of what that leaves over (so
        # additive games stay exact).
        unused = np.maximum(1 - np.einsum("bn,bn->b", centred, lever), 1e-9)
        chosen = weights @ left_out**2 < weights @ (residual / unused[:, np.newaxis]) ** 2
        adjusted = whole.shapley.T + regress(difference - whole.fitted[:-1], total - whole.fitted[-1])
        if not chosen.all():
            rest = fit_surrogate(seen, np.vstack([residual, np.zeros_like(total)]))
            values = values + rest.shapley.T + regress(residual - rest.fitted[:-1], -rest.fitted[-1])
            left_out = np.where(chosen, left_out, rest.left_out[:-1])
        values = np.where(chosen, adjusted, values)
        # A surrogate has seen these pairs: only what it says of a pair without it is an honest residual.
        residual, freedom = left_out, 1.0
    if halves is not None:
        return values.T, np.sqrt(freedom) * clustered_errors(lever, residual, halves)
    # Sandwich errors with finite-population correction: a size that was enumerated adds no sampling error.
    variance = freedom * np.einsum("b,bn,bk->kn", unseen, lever**2, residual**2)
    return values.T, np.sqrt(variance)


def _rounds(budget: int, n: int) -> list[int]:
    # Looking for convergence after each doubling costs little; below some 4 n pairs the errors are not to be trusted.
    rounds = [budget]
    while rounds[0] // 2 >= 4 * n:
        rounds.insert(0, rounds[0] // 2)
    return rounds


def _attribution(values: Floats, errors: Floats, ends: Floats, used: int, converged: bool, exact: bool) -> Attribution:
    return Attribution(
        values=values,
        errors=errors,
        base=ends[0],
        full=ends[1],
        converged=converged,
        exact=exact,
        diagnostics={"coalitions": used},
    )
