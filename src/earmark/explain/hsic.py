"""HSIC attribution: how strongly the score depends, in any way, on a component being there.

Novello, Fel & Vigouroux (2022, section 3): the Hilbert–Schmidt independence criterion of Gretton et al. (2005) between
the mask of a component and the score, over N random masks,

    HSIC = tr(K H L H) / (N − 1)²,   K = ½ − (m − m')²,   L = exp(−(y − y')² / (2 σ²)),   H = 1 − 1/N.

K is the centred Dirac kernel of a fair coin, for which the indices decompose as variance does (section 3.3). Ours
differs in three ways: masks are independent draws (the paper: a Latin hypercube cut at 1/2); σ is the median distance
between two scores (the released code: the median score, which changes when a constant is added); standard errors and
the level that chance reaches are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import gamma

from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import all_masks


@dataclass(frozen=True)
class Hsic:
    """Dependence between a component's mask and the score: at least 0, no sign, no unit.

    Where the budget pays for all 2ⁿ masks, each is taken once and the values are exact. The diagnostic
    ``chance_level`` gives, for each output, the value that 5 % of components without any effect would exceed.

    Parameters
    ----------
    samples : number of masks N, at most 8192 (the work grows with N² for every output; the paper: 150 to 1500).
    tolerance : it has converged if every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(2, 1, lambda masks: masks @ np.array([[1.0], [0.0]]))
    >>> Hsic().solve(game, np.random.default_rng(0)).values.round(4)
    array([[0.0984, 0.    ]])
    """

    samples: int = 1024
    tolerance: float = 0.05

    name: ClassVar[str] = "hsic"
    linear: ClassVar[bool] = False
    estimates: ClassVar[str] = "hsic"

    def plan(self, n_players: int) -> int:
        """The masks, and the two ends."""
        return min(self.samples + 2, 1 << n_players)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Values with standard errors (zero where exact); 0 where an output never changes.

        Raises
        ------
        SettingError
            If ``samples`` is below 32, unless it pays for all masks, or above 8192.
        """
        n = game.n_players
        exact = 1 << n <= self.samples
        if self.samples > 8192 or (self.samples < 32 and not exact):
            raise SettingError(
                f"samples {self.samples}",
                remedy="Give between 32 and 8192: the work grows with its square",
                where="hsic",
            )
        masks: Bools = all_masks(n) if exact else rng.random((self.samples, n)) < 0.5
        scores = game.values(masks)
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        values: Floats = np.zeros((game.n_outputs, n))
        errors = np.zeros_like(values)
        chance: list[float] = []
        for output in range(game.n_outputs):
            values[output], errors[output], level = dependence(masks, scores[:, output], exact=exact)
            chance.append(level)
        diagnostics: dict[str, float | int | str | list[float]] = {"quantity": "dependence (HSIC)"}
        if not exact:
            diagnostics["chance_level"] = chance
        return Attribution(
            values=values,
            errors=errors,
            base=ends[0],
            full=ends[1],
            converged=exact or settled(values, errors, self.tolerance),
            exact=exact,
            signed=False,
            diagnostics=diagnostics,
        )


def dependence(masks: Bools, scores: Floats, *, exact: bool) -> tuple[Floats, Floats, float]:
    """HSIC ``(n,)``, its standard errors ``(n,)`` and the chance level, for masks ``(N, n)`` and scores ``(N,)``.

    ``exact``: the masks are all there are, and nothing is sampled: the divisor is N², errors and chance level are 0.
    """
    count = len(masks)
    distance = np.abs(scores[:, np.newaxis] - scores)
    distance[distance < 1e-12] = 0.0  # rounding is no effect
    width = float(np.median(distance[np.tri(count, k=-1, dtype=np.bool_)])) if count > 1 else 0.0
    if width == 0.0:
        # More than half of the pairs agree: a score with few values. Take the typical distance of those that differ.
        differ = distance[distance > 0]
        if differ.size == 0:
            return np.zeros(masks.shape[1]), np.zeros(masks.shape[1]), 0.0
        width = float(np.median(differ))
    kernel = np.exp(-(distance**2) / (2 * width**2))
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    # K = 2 z zᵀ with z = m − ½, so tr(KHLH) is a quadratic form.
    z = masks - 0.5
    pulled = kernel @ z
    trace = 2 * (z * pulled).sum(axis=0)
    if exact:
        return trace / count**2, np.zeros(masks.shape[1]), 0.0
    values = trace / (count - 1) ** 2
    # HSIC is a mean over pairs of rows; its error is that of twice the rows' own means (Hoeffding's projection).
    rows = 2 * (z - z.mean(axis=0)) * pulled / count
    errors = 2 * rows.std(axis=0, ddof=1) / np.sqrt(count)
    return values, errors, _chance_level(kernel, count)


def _chance_level(kernel: Floats, count: int) -> float:
    # Under independence z is ±½ by fair coins, which gives the mean and variance of the quadratic form in closed form;
    # Gretton et al. (2007, section 3) fit a gamma distribution to them.
    diagonal = np.diagonal(kernel)
    mean = 0.5 * diagonal.sum()
    variance = 0.5 * ((kernel**2).sum() - (diagonal**2).sum())
    return float(gamma.ppf(0.95, mean**2 / variance, scale=variance / mean) / (count - 1) ** 2)
