"""Pairwise interactions: what two components do together beyond what each does.

With the second difference Δᵢⱼ(T) = v(T ∪ ij) − v(T ∪ i) − v(T ∪ j) + v(T), each index is a weighted mean of it over
T without i and j:

- ``sii``: Shapley interaction index (Grabisch & Roubens 1999), weight t! (n − t − 2)! / (n − 1)!. Its diagonal holds
  the Shapley values.
- ``k_sii``: the same pairs, with half of each taken off the Shapley values of both (n-Shapley values of order 2, Bordt
  & von Luxburg 2023): diagonal and pairs together add up to v(all) − v(none).
- ``shapley_taylor``: Shapley–Taylor index (Sundararajan, Dhamdhere & Agarwal 2020), weight 2 / (n C(n − 1, t)). Its
  diagonal holds v(i) − v(none); it adds up likewise.

Where the budget does not pay for all coalitions: coalitions in complementary pairs without replacement, a quadratic
model fitted to them by least squares, whose indices are known, and the index of what the model leaves over by weighted
sums (SHAP-IQ, Fumagalli et al. 2023) over each size of coalition. Fitting first takes most of the variance out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.coalitions import Stratum, allocate
from earmark.explain.convergence import settled
from earmark.explain.game import Bools, Floats, Game, SumGame
from earmark.explain.method import Diagnostic

INDICES = ("k_sii", "sii", "shapley_taylor")
_GROUPS = 12


@dataclass(frozen=True, eq=False)
class Interactions:
    """Main effects and pairwise interactions.

    Parameters
    ----------
    index : one of ``INDICES``.
    values : shape ``(K, n, n)``, symmetric; ``[k, i, j]`` is the interaction of i and j (counted once), the diagonal
        holds the main effects.
    errors : standard errors, same shape; zeros where exact.
    base, full : outputs with all components off and on, ``(K,)``.
    converged, exact, diagnostics : as for ``Attribution``.
    """

    index: str
    values: Floats
    errors: Floats
    base: Floats
    full: Floats
    converged: bool
    exact: bool
    diagnostics: dict[str, Diagnostic] = field(default_factory=dict)

    def strongest(self, k: int = 5, output: int = 0) -> tuple[tuple[int, int, float, float], ...]:
        """The k largest pairs of an output as (i, j, value, standard error), i < j."""
        rows, columns = np.triu_indices(self.values.shape[1], 1)
        pairs = self.values[output, rows, columns]
        errors = self.errors[output, rows, columns]
        order = np.argsort(-np.abs(pairs), kind="stable")[:k]
        return tuple((int(rows[p]), int(columns[p]), float(pairs[p]), float(errors[p])) for p in order)


@dataclass(frozen=True)
class ShapleyInteractions:
    """Settings of the pairwise indices; ``solve`` plays the game.

    Parameters
    ----------
    index : "k_sii", "sii" or "shapley_taylor".
    samples : most evaluations to spend; 4096 is exact up to 12 components.
    tolerance : it has converged if every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(2, 1, lambda masks: masks @ np.ones((2, 1)) + 3.0 * masks.all(axis=1, keepdims=True))
    >>> ShapleyInteractions().solve(game, np.random.default_rng(0)).values
    array([[[1., 3.],
            [3., 1.]]])
    """

    index: str = "k_sii"
    samples: int = 4096
    tolerance: float = 0.05

    name: ClassVar[str] = "shapley_interactions"

    def plan(self, n_players: int) -> int:
        """All coalitions, or the budget where that is less."""
        return min(self.samples, 1 << n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Interactions:
        """Main effects and pairs; a sum of games is solved part by part, as the indices are linear in the game.

        Raises
        ------
        UnknownNameError
            For an unknown index.
        SettingError
            If the budget is less than four times the 1 + n + n (n − 1) / 2 unknowns, below which a fit says little, and
            does not pay for all coalitions either.
        """
        if self.index not in INDICES:
            raise UnknownNameError("index", self.index, INDICES)
        if isinstance(game, SumGame):
            return self._by_parts(game, rng)
        n = game.n_players
        unknowns = 1 + n + n * (n - 1) // 2
        if self.samples < min(4 * unknowns, 1 << n):
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components and {n * (n - 1) // 2} pairs",
                remedy=f"Give at least {4 * unknowns}",
                where="interactions",
            )
        strata = [Stratum(n, size, rng) for size in range(1, n // 2 + 1)]
        pairs = (min(self.samples, 1 << n) - 2) // 2
        for stratum, count in zip(strata, allocate(strata, pairs), strict=True):
            stratum.draw_until(count)
        strata = [s for s in strata if s.drawn]
        values, errors, ends = estimate(game, strata, self.index)
        exact = 1 << n <= self.samples
        return Interactions(
            index=self.index,
            values=values,
            errors=errors,
            base=ends[0],
            full=ends[1],
            converged=exact or settled(_flat(values), _flat(errors), self.tolerance),
            exact=exact,
            diagnostics={"coalitions": 2 + 2 * sum(len(s.drawn) for s in strata)},
        )

    def _by_parts(self, game: SumGame, rng: np.random.Generator) -> Interactions:
        values: Floats = np.zeros((game.n_outputs, game.n_players, game.n_players))
        variance = np.zeros_like(values)
        base, full = np.zeros(game.n_outputs), np.zeros(game.n_outputs)
        exact = True
        for part in game.parts:
            if not len(part.players):
                constant = part.weight * part.game.values(np.ones((1, 0), dtype=np.bool_))[0]
                base, full = base + constant, full + constant
                continue
            answer = self.solve(part.game, rng)
            where = (slice(None), part.players[:, np.newaxis], part.players)
            values[where] += part.weight * answer.values
            variance[where] += (part.weight * answer.errors) ** 2
            base, full = base + part.weight * answer.base, full + part.weight * answer.full
            exact &= answer.exact
        errors = np.sqrt(variance)
        converged = exact or settled(_flat(values), _flat(errors), self.tolerance)
        return Interactions(self.index, values, errors, base, full, converged, exact, {"parts": len(game.parts)})


def estimate(game: Game, strata: list[Stratum], index: str) -> tuple[Floats, Floats, Floats]:
    """Index of a game from the coalitions drawn: values and errors ``(K, n, n)``, and the two ends ``(2, K)``.

    With every stratum complete the weighted sums run over all coalitions, and the result is the definition itself. Else
    errors are a jackknife over twelve groups of pairs (Wolter 2007, Introduction to Variance Estimation, section 4.2),
    everything fitted again without each. Residuals alone would not do: a fit of so many unknowns follows the noise.
    """
    n = game.n_players
    ends_masks: Bools = np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)])
    ends = game.values(ends_masks)
    # A pair is asked for side by side: neighbours in one batch.
    drawn = [_Drawn.of(game, stratum, index) for stratum in strata]
    if all(d.complete for d in drawn):
        values = _weighted_sums(None, drawn, index, ends_masks, ends)
        variance = np.zeros_like(values)
    else:
        values = _fitted(drawn, index, ends_masks, ends)
        without = [_fitted([d.without(g) for d in drawn], index, ends_masks, ends) for g in range(_GROUPS)]
        variance = (_GROUPS - 1) * np.var(without, axis=0) * _unseen(drawn)
    if index == "shapley_taylor":
        diagonal = np.arange(n)
        values[:, diagonal, diagonal] = (game.values(np.eye(n, dtype=np.bool_)) - ends[0]).T
        variance[:, diagonal, diagonal] = 0.0
    return values, np.sqrt(variance), ends


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The coalitions drawn of one stratum, two rows a pair, their outputs ``(B, K)`` and weights ``(B, n, n)``."""

    pairs: int
    kernel_mass: float
    masks: Bools
    scores: Floats
    weights: Floats

    @classmethod
    def of(cls, game: Game, stratum: Stratum, index: str) -> _Drawn:
        masks: Bools = np.stack([stratum.masks(), ~stratum.masks()], axis=1).reshape(-1, stratum.n)
        return cls(stratum.pairs, stratum.kernel_mass, masks, game.values(masks), weights(masks, index))

    @property
    def count(self) -> int:
        """How many pairs."""
        return len(self.masks) // 2

    @property
    def complete(self) -> bool:
        """Whether these are all there are."""
        return self.count >= self.pairs

    def without(self, group: int) -> _Drawn:
        """All but one in twelve of the pairs; a complete stratum, in which chance has no part, stays whole."""
        if self.complete or self.count < 2:
            return self
        kept = np.repeat(np.arange(self.count) % _GROUPS != group, 2)
        return replace(self, masks=self.masks[kept], scores=self.scores[kept], weights=self.weights[kept])


def _unseen(drawn: Sequence[_Drawn]) -> float:
    """Finite-population correction: the share of pairs that were not drawn, where not all were."""
    partial = [d for d in drawn if not d.complete]
    return 1 - sum(d.count for d in partial) / sum(d.pairs for d in partial)


def _fitted(drawn: Sequence[_Drawn], index: str, ends_masks: Bools, ends: Floats) -> Floats:
    """The index of a quadratic model, and of what it leaves over."""
    model = fit_quadratic(drawn, ends_masks, ends)
    return indices_of_quadratic(model, ends_masks.shape[1], index) + _weighted_sums(
        model, drawn, index, ends_masks, ends
    )


def _weighted_sums(
    model: Floats | None, drawn: Sequence[_Drawn], index: str, ends_masks: Bools, ends: Floats
) -> Floats:
    values: Floats = np.einsum("bij,bk->kij", weights(ends_masks, index), _residual(model, ends_masks, ends))
    for d in drawn:
        left = _residual(model, d.masks, d.scores)
        values += (d.pairs / d.count * left.T @ _flat(d.weights)).reshape(values.shape)
    return values


def weights(masks: Bools, index: str) -> Floats:
    """The index as a weighted sum of v over coalitions: weights ``(B, n, n)`` of masks ``(B, n)``, mains on diagonals.

    A coalition S stands in Δᵢⱼ(T) for T = S without i and j, with the sign (−1)^(2 − |S ∩ ij|).
    """
    n = masks.shape[1]
    size = masks.sum(axis=1)
    t = np.arange(n + 1)
    pair = np.zeros(n + 3)  # shifted by two, so that impossible sizes weigh nothing
    if n >= 2:
        taylor = 2.0 / (n * comb(n - 1, t[: n - 1]))
        pair[2 : n + 1] = taylor if index == "shapley_taylor" else 1.0 / ((n - 1) * comb(n - 2, t[: n - 1]))
    single = np.zeros(n + 2)  # shifted by one
    single[1 : n + 1] = 1.0 / (n * comb(n - 1, t[:n]))
    inside = masks.astype(np.float64)
    neither, one, both = pair[size + 2], pair[size + 1], pair[size]
    # neither·(1−a)(1−b) − one·(a + b − 2ab) + both·ab, expanded
    result: Floats = np.einsum("b,bi,bj->bij", neither + 2 * one + both, inside, inside)
    lone = (-(neither + one))[:, np.newaxis] * inside
    result += lone[:, :, np.newaxis] + lone[:, np.newaxis, :] + neither[:, np.newaxis, np.newaxis]
    diagonal = np.arange(n)
    main = np.where(masks, single[size][:, np.newaxis], -single[size + 1][:, np.newaxis])
    if index == "k_sii":
        result[:, diagonal, diagonal] = 0.0
        main = main - result.sum(axis=2) / 2
    result[:, diagonal, diagonal] = main if index != "shapley_taylor" else 0.0
    return result


def fit_quadratic(drawn: Sequence[_Drawn], ends_masks: Bools, ends: Floats) -> Floats:
    """v(S) ≈ constant + Σ main + Σ pairs under the Shapley kernel: coefficients ``(1 + n + n (n − 1) / 2, K)``."""
    each = [np.full(len(d.masks), d.kernel_mass / d.count) for d in drawn]
    # The kernel's weight of the ends is infinite; a thousand times the heaviest coalition serves.
    heavy = np.full(2, 1e3 * max(w[0] for w in each))
    root = np.sqrt(np.concatenate([*each, heavy]))[:, np.newaxis]
    scaled = _features(np.concatenate([*(d.masks for d in drawn), ends_masks])) * root
    target = np.concatenate([*(d.scores for d in drawn), ends])
    normal = scaled.T @ scaled
    # Keeps the matrix regular. What it takes off the fit is in the residual, and so is counted all the same.
    normal[np.diag_indices_from(normal)] += 1e-12 * np.trace(normal) / len(normal)
    coefficients: Floats = np.linalg.solve(normal, scaled.T @ (target * root))
    return coefficients


def indices_of_quadratic(coefficients: Floats, n: int, index: str) -> Floats:
    """Index ``(K, n, n)`` of a quadratic game: its pairs are its coefficients, under every index."""
    rows, columns = np.triu_indices(n, 1)
    values: Floats = np.zeros((coefficients.shape[1], n, n))
    values[:, rows, columns] = values[:, columns, rows] = coefficients[1 + n :].T
    main = coefficients[1 : 1 + n].T
    diagonal = np.arange(n)
    values[:, diagonal, diagonal] = main + values.sum(axis=2) / 2 if index == "sii" else main
    return values


def _features(masks: Bools) -> Floats:
    rows, columns = np.triu_indices(masks.shape[1], 1)
    parts: list[NDArray[np.bool_]] = [
        np.ones((len(masks), 1), dtype=np.bool_),
        masks,
        masks[:, rows] & masks[:, columns],
    ]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _residual(model: Floats | None, masks: Bools, scores: Floats) -> Floats:
    return scores if model is None else scores - _features(masks) @ model


def _flat(values: Floats) -> Floats:
    return values.reshape(len(values), -1)
