"""What every component has got, level by level, in each of the small games that a game is the sum of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earmark.components.split import Path
from earmark.errors import SettingError
from earmark.explain.convergence import settled
from earmark.explain.game import Floats, Game, Part, SumGame
from earmark.explain.levels import Levels, Whole, least, share
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import ShapleyExact
from earmark.explain.shapley_kernel import ShapleyKernel


class Ledger:
    """Values of components that are split level by level.

    A sum of games (a patchwise classifier) is kept game by game, each with those components that it hears. In each,
    the parts of a component add up to what the component had in it.

    Parameters
    ----------
    asked : the game of the first cut, which is solved at once for Shapley values.
    paths : the components of the first cut, see ``Levels``.
    budget : most evaluations to spend on them.
    tolerance : see ``convergence.settled``.
    price : most evaluations that one mask can cost (1 for a sum of games: it is played part by part).
    seed : of every draw.

    Raises
    ------
    SettingError
        If the budget is too small for the components of the first cut.
    """

    def __init__(
        self, asked: Game, paths: Sequence[Path], *, budget: int, tolerance: float, price: int, seed: int
    ) -> None:
        self._tolerance = tolerance
        self._price = price
        self._seed = seed
        self._paths = tuple(paths)
        self._wholes: list[dict[Path, Whole]] = []
        self._weights: list[float] = []
        self._exact = True
        self._base = np.zeros(asked.n_outputs)
        self._full = np.zeros(asked.n_outputs)
        games = _games(asked)
        left = budget
        # The smallest first: what they leave over goes to those that need it.
        order = sorted(range(len(games)), key=lambda k: len(games[k].players))
        answers: dict[int, Attribution] = {}
        for done, k in enumerate(order):
            before = asked.evaluations
            answers[k] = self._first(games[k], left // (len(games) - done), np.random.default_rng([seed, k]))
            left -= asked.evaluations - before
        for k, part in enumerate(games):
            found = answers[k]
            self._base += part.weight * found.base
            self._full += part.weight * found.full
            self._exact &= found.exact
            self._weights.append(part.weight)
            self._wholes.append(
                {
                    self._paths[player]: Whole(found.values[:, place], found.errors[:, place])
                    for place, player in enumerate(part.players)
                }
            )

    @property
    def values(self) -> Floats:
        """Values ``(K, n)`` of all components there are."""
        return self._totals()[0]

    def split(self, nodes: Sequence[Path], asked: Game, paths: Sequence[Path], *, budget: int) -> None:
        """Share the values of some components among their parts.

        Parameters
        ----------
        nodes : the components that were split.
        asked : the game with their parts as players; a sum of as many games as before.
        paths : its players.
        budget : most evaluations to spend.

        Raises
        ------
        SettingError
            If the budget does not pay for two pairs of orders of each.
        """
        enough = self._enough()
        self._paths = tuple(paths)
        games = _games(asked)
        levels = [Levels(tuple(self._paths[player] for player in part.players)) for part in games]
        open_shares = [(k, node) for k, wholes in enumerate(self._wholes) for node in nodes if node in wholes]
        open_shares.sort(key=lambda item: levels[item[0]].cost(item[1]))
        left = budget
        for done, (k, node) in enumerate(open_shares):
            parts = levels[k].children(node)
            mine = left // (len(open_shares) - done)
            if mine < self._price * min(least(len(parts)), levels[k].cost(node)):
                raise SettingError(
                    f"{budget} evaluations on one level are too few for the parts of {len(nodes)} components",
                    remedy="Allow more samples, or split fewer",
                    where="samples",
                )
            before = asked.evaluations
            found = share(
                games[k].game,
                levels[k],
                node,
                self._wholes[k].pop(node),
                budget=mine,
                enough=enough / (games[k].weight * np.sqrt(sum(other == node for _, other in open_shares))),
                seed=(self._seed, k),
                price=self._price,
            )
            left -= asked.evaluations - before
            self._exact &= found.exact
            for place, path in enumerate(parts):
                self._wholes[k][path] = Whole(found.values[:, place], found.errors[:, place])

    def attribution(self) -> Attribution:
        """Values and errors of all components there are."""
        values, errors = self._totals()
        return Attribution(
            values=values,
            errors=errors,
            base=self._base,
            full=self._full,
            converged=self._exact or settled(values, errors, self._tolerance),
            exact=self._exact,
            diagnostics={"parts": len(self._weights)} if len(self._weights) > 1 else {},
        )

    def _first(self, part: Part, budget: int, rng: np.random.Generator) -> Attribution:
        n = len(part.players)
        if n == 0:
            row = part.game.values(np.ones((1, 0), dtype=np.bool_))[0]
            return Attribution(np.zeros((len(row), 0)), np.zeros((len(row), 0)), row, row, converged=True, exact=True)
        samples = budget // self._price
        if samples < min(2 * n + 2, 1 << n):
            raise SettingError(
                f"{samples} evaluations cannot weigh {n} components", remedy="Allow more samples", where="samples"
            )
        if n <= ShapleyExact().max_players and 1 << n <= samples:
            return ShapleyExact().solve(part.game, rng)
        return ShapleyKernel(samples, self._tolerance).solve(part.game, rng)

    def _totals(self) -> tuple[Floats, Floats]:
        values = np.zeros((len(self._base), len(self._paths)))
        variance = np.zeros_like(values)
        place = {path: index for index, path in enumerate(self._paths)}
        for weight, wholes in zip(self._weights, self._wholes, strict=True):
            for path, whole in wholes.items():
                values[:, place[path]] += weight * whole.value
                variance[:, place[path]] += (weight * whole.error) ** 2
        return values, np.sqrt(variance)

    def _enough(self) -> Floats:
        # As ``settled`` asks for it.
        values = self.values
        spread = values.max(axis=1) - values.min(axis=1)
        found: Floats = self._tolerance * np.maximum(spread, spread.max(initial=0.0) / 5)
        return found


def _games(asked: Game) -> tuple[Part, ...]:
    return asked.parts if isinstance(asked, SumGame) else (Part(asked, np.arange(asked.n_players), 1.0),)
