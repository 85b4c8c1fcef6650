"""Total-order Sobol indices: the share of the score's variance that a component has a part in.

Fel et al. (2021, equations 2 and 5): S_Tᵢ = E[Var(f | all but i)] / Var(f), by the estimator of Jansen (1999)

    S_Tᵢ = 1 / (2 N V) Σⱼ (f(Aⱼ) − f(Cⱼ⁽ⁱ⁾))²,   C⁽ⁱ⁾ = A with column i from B.

Ours differs in three ways. The paper's masks are continuous in [0, 1]; a component here is on or off, so half of the
rows of C are rows of A and cost nothing. The paper draws A and B from a Sobol' sequence; cut at 1/2, that leaves only
its first digit, which is the same in many columns (34 different ones of 40 at N = 64), and two components that always
go together cannot be told apart. Ours is a Latin hypercube cut at 1/2: every column balanced, all columns independent.
The paper scores B as well, which the total order does not use: N (n + 1) evaluations at most instead of N (n + 2).
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
class Sobol:
    """Total-order Sobol indices: shares of variance, at least 0, without a sign; their sum is 1 or more.

    Exact where the budget pays for all 2ⁿ masks. The errors come from a bootstrap over the N base rows; balanced
    columns are spread more evenly than it assumes, so they are, if anything, too large.

    Parameters
    ----------
    samples : most evaluations to spend; N is the largest even number with N (n + 1) within it.
    bootstrap : resamples for the standard errors.
    tolerance : it has converged if every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(2, 1, lambda masks: masks @ np.array([[1.0], [2.0]]))
    >>> Sobol().solve(game, np.random.default_rng(0)).values
    array([[0.2, 0.8]])
    """

    samples: int = 4096
    bootstrap: int = 200
    tolerance: float = 0.05

    name: ClassVar[str] = "sobol"
    linear: ClassVar[bool] = False
    estimates: ClassVar[str] = "sobol"

    def rows(self, n_players: int) -> int:
        """N: base rows that the budget pays for, an even number."""
        return max(0, (self.samples - 2) // (n_players + 1) // 2 * 2)

    def plan(self, n_players: int) -> int:
        """All masks, or N (n + 1) and the two ends where that is less."""
        if 1 << n_players <= self.samples:
            return 1 << n_players
        return 2 + self.rows(n_players) * (n_players + 1)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Indices with bootstrap standard errors (zero where exact); 0 where an output never changes.

        Raises
        ------
        SettingError
            If the budget pays for fewer than 8 base rows, or ``bootstrap`` is below 20.
        """
        n = game.n_players
        if self.bootstrap < 20:
            raise SettingError(f"bootstrap {self.bootstrap}", remedy="Give at least 20 resamples", where="sobol")
        if 1 << n <= self.samples:
            table = game.values(all_masks(n))
            return _attribution(indices_from_table(table, n), None, table[[0, -1]], len(table), self.tolerance)
        rows = self.rows(n)
        if rows < 8:
            raise SettingError(
                f"{self.samples} samples are {rows} base rows of {n + 1} evaluations",
                remedy=f"Give at least {8 * (n + 1) + 2}",
                where="sobol",
            )
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        first, second = designs(n, rows, rng)
        scores = game.values(first)
        squares: Floats = np.empty((rows, n, game.n_outputs))
        for player in range(n):
            changed = first.copy()
            changed[:, player] = second[:, player]
            squares[:, player] = (scores - game.values(changed)) ** 2
        counts = rng.multinomial(rows, np.full(rows, 1 / rows), size=self.bootstrap)
        resampled = np.stack([jansen(scores, squares, row.astype(np.float64)) for row in counts])
        values = jansen(scores, squares, np.ones(rows))
        return _attribution(values, resampled.std(axis=0, ddof=1), ends, rows, self.tolerance)


def designs(n: int, rows: int, rng: np.random.Generator) -> tuple[Bools, Bools]:
    """The masks A and B, ``(rows, n)`` each: in every column half of the rows are on, in an order of their own."""
    half: Bools = np.repeat([[True], [False]], rows // 2, axis=0)
    masks = rng.permuted(np.tile(half, (1, 2 * n)), axis=0)
    return masks[:, :n], masks[:, n:]


def jansen(scores: Floats, squares: Floats, counts: Floats) -> Floats:
    """Jansen's indices ``(K, n)`` from f(A) ``(N, K)``, (f(A) − f(C))² ``(N, n, K)`` counts of rows ``(N,)``."""
    total = counts.sum()
    mean = counts @ scores / total
    variance = counts @ (scores - mean) ** 2 / (total - 1)
    halves = np.einsum("j,jnk->kn", counts, squares) / (2 * total)
    return _share(halves, variance)


def indices_from_table(table: Floats, n: int) -> Floats:
    """Total indices ``(K, n)`` of a complete table ``(2ⁿ, K)`` in the order of ``all_masks``, each mask as likely."""
    k = table.shape[1]
    inside: Floats = np.empty((k, n))
    for player in range(n):
        split = table.reshape(1 << (n - 1 - player), 2, 1 << player, k)
        # A component on or off with equal chance has the variance (difference / 2)².
        inside[:, player] = ((split[:, 1] - split[:, 0]) ** 2 / 4).mean(axis=(0, 1))
    return _share(inside, table.var(axis=0))


def _share(part: Floats, whole: Floats) -> Floats:
    # An output that does not change but for rounding has no variance to share out.
    moves = whole > 1e-24
    result: Floats = np.divide(part, whole[:, np.newaxis], out=np.zeros_like(part), where=moves[:, np.newaxis])
    return result


def _attribution(values: Floats, errors: Floats | None, ends: Floats, rows: int, tolerance: float) -> Attribution:
    exact = errors is None
    spread = np.zeros_like(values) if errors is None else errors
    return Attribution(
        values=values,
        errors=spread,
        base=ends[0],
        full=ends[1],
        converged=exact or settled(values, spread, tolerance),
        exact=exact,
        signed=False,
        diagnostics={"quantity": "share of the variance of the score", "rows": rows},
    )
