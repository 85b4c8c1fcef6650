"""Would another run rank the components alike? Rank agreement over resamples.

Alvarez-Melis & Jaakkola (2018) and Visani et al. (2022) show that sampled explanations of one input can differ from run
to run; the usual figure is Spearman's rank correlation between runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from earmark.errors import SettingError
from earmark.explain.game import Floats, Game
from earmark.explain.method import Diagnostic, Method
from earmark.explain.parts import solve


@dataclass(frozen=True, eq=False)
class Stability:
    """How alike several runs rank the components.

    Parameters
    ----------
    rank_agreement : mean Spearman correlation between two runs, for each output, ``(K,)``; 1 is always the same order.
    same_top : chance that two runs agree on the component of largest magnitude, ``(K,)``.
    runs : how many were compared.
    source : "errors" (drawn from values and standard errors) or "seeds" (solved again).
    """

    rank_agreement: Floats
    same_top: Floats
    runs: int
    source: str


def stability_from_errors(values: Floats, errors: Floats, rng: np.random.Generator, *, runs: int = 50) -> Stability:
    """Agreement between runs as the standard errors foresee it; costs no evaluation.

    Parameters
    ----------
    values, errors : shape ``(K, n)``; runs are drawn as independent normal values. Errors of 0 give agreement 1.
    rng : draws the runs.
    runs : how many to draw, at least 2.

    Raises
    ------
    SettingError
        If there are fewer than two runs, or an error is not finite (a single sample has no spread).

    Examples
    --------
    >>> import numpy as np
    >>> stability_from_errors(np.array([[3.0, 2.0, 1.0]]), np.zeros((1, 3)), np.random.default_rng(0)).rank_agreement
    array([1.])
    """
    _two_at_least(runs)
    if not np.isfinite(errors).all():
        raise SettingError(
            "standard errors that are not finite", remedy="Give the method more samples", where="stability"
        )
    drawn = values + errors * rng.standard_normal((runs, *values.shape))
    return agreement(drawn, "errors")


def stability_facts(values: Floats, errors: Floats, seed: int) -> dict[str, Diagnostic]:
    """Rank agreement that another seed would have, for an explanation's diagnostics; empty where it cannot be told."""
    if values.shape[1] < 2 or not np.isfinite(errors).all():
        return {}
    found = stability_from_errors(values, errors, np.random.default_rng(seed))
    return {"rank_agreement": [round(float(v), 4) for v in found.rank_agreement]}


def stability_from_seeds(game: Game, method: Method, seeds: Sequence[int]) -> Stability:
    """Agreement between runs with other seeds on one cached game: what a user would see on asking again.

    Raises
    ------
    SettingError
        If there are fewer than two seeds.
    """
    _two_at_least(len(seeds))
    return agreement(np.stack([solve(game, method, np.random.default_rng(seed)).values for seed in seeds]), "seeds")


def agreement(runs: Floats, source: str) -> Stability:
    """Mean over all pairs of runs, for values of shape ``(runs, K, n)``.

    Where a run gives all components the same value there is no order: it agrees (1) with a run that does the same,
    and not (0) with any other.
    """
    count = len(runs)
    ranks = rankdata(runs, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    flat = length[..., 0] == 0
    unit = np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
    pairs = count * (count - 1)
    # The sum over all pairs of inner products, from the squared length of the sum; a flat run agrees with flat ones.
    together = (unit.sum(axis=0) ** 2).sum(axis=-1) - (~flat).sum(axis=0)
    flats = flat.sum(axis=0)
    top = np.abs(runs).argmax(axis=-1)
    counts = np.stack([(top == player).sum(axis=0) for player in range(runs.shape[-1])])
    return Stability(
        rank_agreement=(together + flats * (flats - 1)) / pairs,
        same_top=(counts * (counts - 1)).sum(axis=0) / pairs,
        runs=count,
        source=source,
    )


def _two_at_least(runs: int) -> None:
    if runs < 2:
        raise SettingError(f"{runs} runs cannot be compared", remedy="Give at least 2", where="stability")
