"""A Gaussian process over paired differences: what lies between the coalitions that were asked.

The paired difference d(S) = v(S) − v(Sᶜ) has effects of odd order only. Written in u ∈ {−1, 1}ⁿ it is
d = Σ_{|T| odd} c_T Π_{i∈T} uᵢ, and the Shapley value of player i is Σ_{T∋i} c_T / |T|. With independent normal priors
on the coefficients of order 1 and 3, d is a Gaussian process whose kernel depends on s = u·u′ alone: order r
contributes the elementary symmetric polynomial e_r, e₁ = s and e₃ = (s³ − (3 n − 2) s) / 6. So a surrogate with all
n (n − 1)(n − 2) / 6 triples costs no more than one linear system in the number of pairs.

Using a surrogate as control variate of an estimator that stays exact in the limit is the regression adjustment of
Witter et al. (2025); the process in closed form over all triples is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotri

from earmark.explain.game import Floats

# Shares of variance in third order, and of noise, that are tried; the marginal likelihood chooses.
_THIRD = (1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
_NOISE = (1e-6, 1e-4, 1e-3, 1e-2, 0.05, 0.2)
_ROWS_FOR_CHOICE = 96


@dataclass(frozen=True)
class Surrogate:
    """A fitted process.

    Parameters
    ----------
    shapley : Shapley values of the fitted function, ``(K, n)``.
    fitted : its values at the pairs it was fitted to, ``(B, K)``.
    left_out : residuals of predicting each pair from all the others, ``(B, K)``.
    """

    shapley: Floats
    fitted: Floats
    left_out: Floats


def fit_surrogate(signs: Floats, differences: Floats) -> Surrogate:
    """Fit the process to differences ``(B, K)`` at signs ``(B, n)`` of ±1 (Rasmussen & Williams 2006, eq. 2.30, 5.12).

    All outputs share one kernel; its two shares are chosen by the marginal likelihood of a spread of at most 96 rows,
    each output scaled to unit variance.
    """
    n = signs.shape[1]
    scale = np.sqrt((differences**2).mean(axis=0))
    y = differences / np.where(scale > 0, scale, 1.0)
    first, third = _kernels(signs)
    chosen = np.linspace(0, len(signs) - 1, min(len(signs), _ROWS_FOR_CHOICE)).astype(int)
    share, noise = _choose(first[np.ix_(chosen, chosen)], third[np.ix_(chosen, chosen)], y[chosen])
    covariance = first + share * third
    factor = cho_factor(covariance + noise * np.eye(len(signs)))
    alpha = cho_solve(factor, y)
    # Leave-one-out residuals: alpha over the diagonal of the inverse (R&W eq. 5.12).
    inverse, _ = dpotri(factor[0], lower=factor[1])
    inverse_diagonal = inverse.diagonal()
    total = signs.sum(axis=1, keepdims=True)
    others = total - signs
    pairs_of_others = (others**2 - (n - 1)) / 2
    triple_norm = max(1.0, n * (n - 1) * (n - 2) / 6)
    basis = signs / n + share * signs * pairs_of_others / 3 / triple_norm
    return Surrogate(
        shapley=(basis.T @ alpha * scale).T,
        fitted=(y - noise * alpha) * scale,
        left_out=alpha / inverse_diagonal[:, np.newaxis] * scale,
    )


def _kernels(signs: Floats) -> tuple[Floats, Floats]:
    """Kernels ``(B, B)`` of first and third order, each scaled to one on the diagonal."""
    n = signs.shape[1]
    s = signs @ signs.T
    triple_norm = max(1.0, n * (n - 1) * (n - 2) / 6)
    return s / n, (s * s * s - (3 * n - 2) * s) / 6 / triple_norm


def _choose(first: Floats, third: Floats, y: Floats) -> tuple[float, float]:
    best, answer = -np.inf, (_THIRD[0], _NOISE[0])
    rows = len(y)
    for share in _THIRD:
        spectrum, vectors = np.linalg.eigh(first + share * third)
        energy = (vectors.T @ y) ** 2
        for noise in _NOISE:
            variance = np.maximum(spectrum, 0) + noise
            # The scale of each output is profiled out: log of its mean energy in units of the prior.
            scale = np.maximum((energy / variance[:, np.newaxis]).mean(axis=0), 1e-30)
            likelihood = -rows * np.log(scale).mean() - np.log(variance).sum()
            if likelihood > best:
                best, answer = likelihood, (share, noise)
    return answer
