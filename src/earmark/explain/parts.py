"""Solving a sum of games part by part.

Shapley values are linear in the game (Shapley 1953, axiom of additivity), and so is every method that says so with
``linear``: the attribution of a sum is the sum of the attributions. A patchwise classifier's clip score is a mean over
patches, and the game of a patch has only the components that overlap it.
"""

from __future__ import annotations

import numpy as np

from earmark.explain.convergence import settled
from earmark.explain.crossed import REPEAT
from earmark.explain.game import Game, SumGame, blocks_of
from earmark.explain.method import Attribution, Method, NamesPlayers
from earmark.explain.shapley import Shapley
from earmark.explain.shapley_exact import ShapleyExact


def solve(game: Game, method: Method, rng: np.random.Generator) -> Attribution:
    """Solve a game: part by part where it is a sum and the method is linear, else as a whole."""
    if not (isinstance(game, SumGame) and method.linear):
        return method.solve(game, rng)
    values = np.zeros((game.n_outputs, game.n_players))
    variance = np.zeros_like(values)
    base = np.zeros(game.n_outputs)
    full = np.zeros(game.n_outputs)
    exact = True
    for part, chosen in zip(game.parts, methods_for_parts(game, method), strict=True):
        if chosen is None:
            constant = part.weight * part.game.values(np.ones((1, 0), dtype=np.bool_))[0]
            base += constant
            full += constant
            continue
        answer = chosen.solve(part.game, rng)
        values[:, part.players] += part.weight * answer.values
        variance[:, part.players] += (part.weight * answer.errors) ** 2
        base += part.weight * answer.base
        full += part.weight * answer.full
        exact &= answer.exact
    errors = np.sqrt(variance)
    return Attribution(
        values=values,
        errors=errors,
        base=base,
        full=full,
        converged=exact or settled(values, errors, getattr(method, "tolerance", 0.0)),
        exact=exact,
        diagnostics={"parts": len(game.parts)},
    )


def methods_for_parts(game: SumGame, method: Method) -> list[Method | None]:
    """The method for each part: exact enumeration stands in for an estimator of the same values where it is cheaper."""
    chosen: list[Method | None] = []
    for part in game.parts:
        n = len(part.players)
        if n == 0:
            chosen.append(None)
        elif method.estimates == "shapley" and n <= ShapleyExact().max_players and 1 << n <= method.plan(n):
            chosen.append(ShapleyExact())
        else:
            chosen.append(method.for_players(part.players) if isinstance(method, NamesPlayers) else method)
    return chosen


def plan(game: Game, method: Method, *, decomposed: bool = True) -> int:
    """How many evaluations solving will take at most.

    ``decomposed`` False: the method sees a non-linear function of a sum (log-odds), and must solve it as a whole; the
    parts still evaluate each of their masks only once.
    """
    if isinstance(game, SumGame):
        if method.linear and decomposed:
            each = methods_for_parts(game, method)
            return sum(1 if m is None else m.plan(len(p.players)) for p, m in zip(game.parts, each, strict=True))
        whole = method.plan(game.n_players)
        return sum(min(whole, 1 << min(len(part.players), 62)) for part in game.parts)
    if isinstance(method, Shapley):
        return method.rung(game.n_players, blocks_of(game)).plan(game.n_players)
    return method.plan(game.n_players)


def costly(game: Game, evaluations: int) -> int:
    """How many of so many evaluations take time: of sound and words those that need halves of masks that are new."""
    blocks = blocks_of(game)
    return min(-(-evaluations // REPEAT), 1 << max(blocks)) if blocks else evaluations
