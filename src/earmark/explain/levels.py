"""Shares of a component's value among its parts, where components come in levels: Owen values, at any depth.

Winter (1989): the components of the first cut enter in random order; while one enters, its parts do, in random order;
and so on down. What a part adds on average is its value. The values of the parts add up to that of their whole; with
two levels they are Owen values (Owen 1977), with one Shapley values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb
from scipy.stats import t as student

from earmark.components.split import Path
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.shapley_exact import all_masks, shapley_from_table

# Below this many pairs of orders a slope would follow the noise more than it saves.
_PAIRS_FOR_SLOPE = 8


@dataclass(frozen=True)
class Levels:
    """Players as the leaves of a tree; the path of a player names its ancestors.

    Parameters
    ----------
    paths : one for each player: number of the component of the first cut, of the part of that, ….
    """

    paths: tuple[Path, ...]

    def players(self, node: Path) -> list[int]:
        """The players that a component consists of."""
        return [k for k, path in enumerate(self.paths) if path[: len(node)] == node]

    def children(self, node: Path) -> list[Path]:
        """The parts of a component that any player belongs to, in order; of () the components of the first cut."""
        depth = len(node)
        return sorted({path[: depth + 1] for path in self.paths if len(path) > depth and path[:depth] == node})

    def masks(self, groups: Sequence[Path], on: Bools) -> Bools:
        """Masks ``(B, n)`` of players, from masks ``(B, len(groups))`` of components; all other players are off."""
        found: Bools = np.zeros((len(on), len(self.paths)), dtype=np.bool_)
        for column, group in enumerate(groups):
            found[:, self.players(group)] = on[:, [column]]
        return found

    def cost(self, node: Path) -> int:
        """How many masks there are of every set of its parts next to every set of others that it can find."""
        others = sum(len(self.children(node[:depth])) - 1 for depth in range(len(node)))
        return 1 << (others + len(self.children(node)))


@dataclass(frozen=True)
class Whole:
    """The value of a component that is to be shared out: ``value`` and its standard ``error``, ``(K,)`` each."""

    value: Floats
    error: Floats


@dataclass(frozen=True)
class Shares:
    """What the parts of a component get: ``values`` and standard ``errors``, ``(K, m)`` each."""

    values: Floats
    errors: Floats
    exact: bool


def share(
    game: Game,
    levels: Levels,
    node: Path,
    whole: Whole,
    *,
    budget: int,
    enough: Floats,
    seed: Sequence[int],
    price: int = 1,
) -> Shares:
    """Share the value of a component among its parts.

    Exact where the budget pays for every set of other players next to every set of parts; else from random orders and
    their reverses. In either case the parts get exactly what the component has: what their mean differs from it is
    shared by how much each part goes with the whole from order to order (a regression estimator: the whole is a
    control variate of known mean).

    Parameters
    ----------
    game : with the parts as players.
    levels : what its players are.
    node : the component; its parts are players.
    whole : its value.
    budget : most evaluations to spend.
    enough : standard errors, ``(K,)``, that need not be made smaller.
    seed : of the orders.
    price : most evaluations that one mask can cost.
    """
    parts = levels.children(node)
    if len(parts) == 1:
        return Shares(whole.value[:, np.newaxis], whole.error[:, np.newaxis], exact=True)
    if levels.cost(node) * price <= budget:
        gains, weights = _every_surrounding(game, levels, node, parts)
        return _pinned(gains, weights, whole, exact=True)
    before = game.evaluations
    gains = np.empty((0, game.n_outputs, len(parts)))
    # Players of different components share their orders: what they find when they enter recurs, and costs once.
    while (pairs := (budget - (game.evaluations - before)) // (price * 2 * (len(parts) + 1))) > 0:
        first = len(gains)
        pairs = min(pairs, max(_PAIRS_FOR_SLOPE, first))
        spent = game.evaluations
        gains = np.concatenate((gains, _gains_in_orders(game, levels, node, parts, range(first, first + pairs), seed)))
        found = _pinned(gains, np.full(len(gains), 1 / len(gains)), whole, exact=False)
        unsure = np.sqrt(np.maximum(found.errors**2 - whole.error[:, np.newaxis] ** 2, 0)).max(axis=1)
        if (unsure <= enough).all() or game.evaluations == spent:
            break
    return found


def least(parts: int) -> int:
    """How many evaluations are needed at least for shares with an error: two pairs of orders."""
    return 4 * (parts + 1)


def _every_surrounding(
    game: Game, levels: Levels, node: Path, parts: Sequence[Path]
) -> tuple[Floats, NDArray[np.float64]]:
    """Shapley values of the parts next to every set of others, ``(N, K, m)``, and the chance of each set."""
    around: Bools = np.zeros((1, len(levels.paths)), dtype=np.bool_)
    weights = np.ones(1)
    for depth in range(len(node)):
        others = [group for group in levels.children(node[:depth]) if group != node[: depth + 1]]
        subsets = all_masks(len(others))
        chance = 1 / ((len(others) + 1) * comb(len(others), subsets.sum(axis=1)))
        around = (around[:, np.newaxis] | levels.masks(others, subsets)).reshape(-1, len(levels.paths))
        weights = np.outer(weights, chance).ravel()
    inside = levels.masks(parts, all_masks(len(parts)))
    table = game.values((inside[:, np.newaxis] | around).reshape(-1, len(levels.paths)))
    values = shapley_from_table(table.reshape(len(inside), -1), len(parts))
    return values.reshape(len(around), game.n_outputs, len(parts)), weights


def _gains_in_orders(
    game: Game, levels: Levels, node: Path, parts: Sequence[Path], draws: range, seed: Sequence[int]
) -> Floats:
    """What each part adds in some orders, each averaged with its reverse: ``(pairs, K, m)``."""
    m = len(parts)
    rows, orders = [], []
    for draw in draws:
        before: Bools = np.zeros(len(levels.paths), dtype=np.bool_)
        after = before.copy()
        for depth in range(len(node)):
            groups = _order(levels, node[:depth], draw, seed)
            place = groups.index(node[: depth + 1])
            for group in groups[:place]:
                before[levels.players(group)] = True
            for group in groups[place + 1 :]:
                after[levels.players(group)] = True
        order = _order(levels, node, draw, seed)
        for around, entering in ((before, order), (after, order[::-1])):
            steps = np.tril(np.ones((m + 1, m), dtype=np.bool_), -1)
            rows.append(levels.masks(entering, steps) | around)
            orders.append([parts.index(part) for part in entering])
    answers = game.values(np.concatenate(rows)).reshape(len(orders), m + 1, -1)
    gains = np.empty((len(orders), game.n_outputs, m))
    for row, (places, values) in enumerate(zip(orders, np.diff(answers, axis=1), strict=True)):
        gains[row][:, places] = values.T
    mean: Floats = (gains[0::2] + gains[1::2]) / 2
    return mean


def _order(levels: Levels, node: Path, draw: int, seed: Sequence[int]) -> list[Path]:
    """The order in which the parts of a component enter in one draw: the same whoever asks."""
    groups = levels.children(node)
    rng = np.random.default_rng([*seed, draw, len(node), *node])
    return [groups[k] for k in rng.permutation(len(groups))]


def _pinned(gains: Floats, weights: NDArray[np.float64], whole: Whole, *, exact: bool) -> Shares:
    """Mean gains ``(K, m)`` of draws ``(N, K, m)``, moved so that they add up to the whole; and their errors."""
    n, _, m = gains.shape
    mean = np.einsum("n,nkm->km", weights, gains)
    apart = gains - mean
    together = apart.sum(axis=2)
    covariance = np.einsum("n,nkm,nk->km", weights, apart, together)
    variance = covariance.sum(axis=1)
    scale = np.einsum("n,nkm->k", weights, gains**2)
    slope = np.full_like(mean, 1 / m)
    steady = (variance > 1e-12 * scale) & (exact or n >= _PAIRS_FOR_SLOPE)
    slope[steady] = covariance[steady] / variance[steady, np.newaxis]
    gap = (whole.value - mean.sum(axis=1))[:, np.newaxis]
    values = mean + slope * gap
    errors = np.abs(slope) * whole.error[:, np.newaxis]
    if not exact:
        rest = apart - slope * together[:, :, np.newaxis]
        freedom = n - np.where(steady, 2, 1)[:, np.newaxis]
        sampling = np.divide((rest**2).sum(axis=0), freedom * n, out=np.full_like(mean, np.nan), where=freedom > 0)
        # From few draws the spread itself is uncertain. Student's quantile over the normal one makes up for it.
        sampling *= (student.ppf(0.975, np.maximum(freedom, 1)) / 1.96) ** 2
        # The further the draws' mean is from the whole, the more an error of the slope weighs.
        spread = np.where(steady, n * variance, np.inf)[:, np.newaxis]
        errors = np.sqrt(errors**2 + sampling * (1 + n * gap**2 / spread))
    return Shares(values, errors, exact)
