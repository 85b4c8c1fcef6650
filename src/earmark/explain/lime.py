"""LIME: a weighted linear model around the clip.

Ribeiro, Singh & Guestrin (2016, equations 1 and 2); masks, cosine distance and exponential kernel as in their released
code, which SLIME (Mishra et al. 2017) and audioLIME (Haunschmid et al. 2020) took over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.crossed import clustered_errors, even_masks
from earmark.explain.game import Bools, Floats, Game, blocks_of
from earmark.explain.method import Attribution


@dataclass(frozen=True)
class Lime:
    """Coefficients of a weighted ridge regression of the scores on random masks.

    Differs from the released code in three ways: no feature selection, so that all components are comparable; standard
    errors, weighted R² and effective sample size are reported; and fewer than two masks a component are refused.

    Parameters
    ----------
    samples : number of random masks, each component kept with probability 1/2; the first one keeps all.
    kernel_width : width w of √exp(−d²/w²), where d in [0, 1] is the cosine distance to the unmasked clip. The width of
        25 seen in published work makes all weights equal (≥ .9992).
    ridge : L2 penalty on the coefficients; 0 is ordinary weighted least squares, 1 is what the released code does.
    tolerance : the fit has converged if every standard error is below this share of the spread of the values.

    Notes
    -----
    Of a sound with its lyrics, masks are mixtures of few halves, see ``earmark.explain.crossed``.
    """

    samples: int = 1000
    kernel_width: float = 0.25
    ridge: float = 0.0
    tolerance: float = 0.05

    name: ClassVar[str] = "lime"
    linear: ClassVar[bool] = False
    estimates: ClassVar[str] = "lime"

    def plan(self, n_players: int) -> int:
        """The random masks, and the clip with everything off."""
        return self.samples + 1

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Coefficients with standard errors (heteroscedasticity-consistent, HC1).

        Raises
        ------
        SettingError
            If there are fewer samples than twice the components, or a setting is out of range.
        """
        n = game.n_players
        if self.samples < 2 * n:
            raise SettingError(
                f"{self.samples} samples cannot weigh {n} components", remedy=f"Give at least {2 * n}", where="lime"
            )
        if self.kernel_width <= 0 or self.ridge < 0:
            raise SettingError(
                f"kernel_width {self.kernel_width:g} and ridge {self.ridge:g}",
                remedy="Give a kernel_width above 0 and a ridge of at least 0",
                where="lime",
            )
        blocks = blocks_of(game)
        if blocks:
            crossed = even_masks(blocks, self.samples, rng)
            masks, halves = crossed.masks, crossed.halves
        else:
            masks, halves = rng.random((self.samples, n)) < 0.5, None
            masks[0] = True
        values = game.values(masks)
        weights = kernel_weights(masks, self.kernel_width)
        fit = weighted_ridge(masks.astype(np.float64), values, weights, self.ridge, halves)
        return Attribution(
            values=fit.coefficients,
            errors=fit.errors,
            base=game.values(np.zeros((1, n), dtype=np.bool_))[0],
            full=values[0],
            converged=settled(fit.coefficients, fit.errors, self.tolerance),
            diagnostics={
                "weighted_r2": [float(v) for v in fit.r2],
                "effective_samples": float(weights.sum() ** 2 / (weights**2).sum()),
            },
        )


@dataclass(frozen=True)
class Fit:
    """A weighted ridge regression: coefficients and errors ``(K, n)``, intercepts and weighted R² ``(K,)``."""

    coefficients: Floats
    errors: Floats
    intercept: Floats
    r2: Floats


def kernel_weights(masks: Bools, width: float) -> Floats:
    """LIME's weight √exp(−d²/w²) of each mask, d = 1 − cos(mask, ones) = 1 − √(kept / n)."""
    distance = 1.0 - np.sqrt(masks.mean(axis=1))
    weights: Floats = np.sqrt(np.exp(-(distance**2) / width**2))
    return weights


def weighted_ridge(x: Floats, y: Floats, weights: Floats, ridge: float, halves: NDArray[np.intp] | None = None) -> Fit:
    """Minimise Σ w (y − a − x·b)² + ridge·|b|² with an unpenalised intercept a.

    Parameters
    ----------
    x : ``(B, n)``. y : ``(B, K)``. weights : ``(B,)``. ridge : penalty on b.
    halves : ``(B, 2)``, where rows share halves and so are no independent witnesses.
    """
    total = weights.sum()
    x_mean = weights @ x / total
    y_mean = weights @ y / total
    xc, yc = x - x_mean, y - y_mean
    normal = xc.T @ (xc * weights[:, np.newaxis]) + ridge * np.eye(x.shape[1])
    # Masks can repeat a column (n close to the sample count): the pseudo-inverse then shares the effect out.
    inverse = np.linalg.pinv(normal, hermitian=True)
    coefficients = inverse @ (xc.T @ (yc * weights[:, np.newaxis]))
    residual = yc - xc @ coefficients
    spread = weights @ yc**2
    r2 = 1.0 - np.divide(weights @ residual**2, spread, out=np.zeros_like(spread), where=spread > 0)
    lever = (xc * weights[:, np.newaxis]) @ inverse
    freedom = len(x) / max(1, len(x) - x.shape[1] - 1)
    if halves is None:
        errors = np.sqrt(freedom * np.einsum("bn,bk->kn", lever**2, residual**2))
    else:
        errors = np.sqrt(freedom) * clustered_errors(lever, residual, halves)
    return Fit(coefficients.T, errors, y_mean - x_mean @ coefficients, r2)
