"""The contract of an explanation method that plays a game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from earmark.components.component import Component
from earmark.explain.game import Floats, Game

Diagnostic = float | int | str | list[float]


@dataclass(frozen=True)
class Attribution:
    """What a method says about a game.

    Parameters
    ----------
    values : effect of each component on each output, shape ``(K, n)``.
    errors : their standard errors, shape ``(K, n)``; zeros where the values are exact.
    base : output with every component off, shape ``(K,)``.
    full : output with every component on, shape ``(K,)``.
    converged : whether the method's own test for having enough samples was passed (True where exact).
    exact : whether sampling had no part in it.
    signed : whether a value is an effect, upward or downward. False for shares of variance, dependences and the like.
    diagnostics : figures about the run (weighted R² per output, effective sample size, …).
    """

    values: Floats
    errors: Floats
    base: Floats
    full: Floats
    converged: bool
    exact: bool = False
    signed: bool = True
    diagnostics: dict[str, Diagnostic] = field(default_factory=dict)


class Method(Protocol):
    """Frozen settings of a method; ``solve`` plays the game.

    ``linear``: attributions of a sum of games are the sum of the attributions (Shapley, Banzhaf, occlusion).
    ``estimates``: the quantity ("shapley", "lime", …): where two methods estimate the same, an exact one may stand in.
    """

    name: ClassVar[str]
    linear: ClassVar[bool]
    estimates: ClassVar[str]

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Attributions of all players for all outputs. The game decides how evaluations are batched and cached."""
        ...

    def plan(self, n_players: int) -> int:
        """How many evaluations it will ask for at most, for progress and ``--dry-run``."""
        ...


@runtime_checkable
class NamesPlayers(Protocol):
    """A method whose settings name players by number (groups of them): it can be carried to another set of players."""

    def for_components(self, table: Sequence[Component]) -> Method:
        """The method for these components: what was asked for in words becomes numbers of players."""
        ...

    def for_players(self, players: NDArray[np.intp]) -> Method:
        """The method for a game of only ``players``, counted anew from 0."""
        ...
