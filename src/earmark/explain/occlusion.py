"""Occlusion and leave-one-in: what one component does alone, against everything or against nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from earmark.explain.game import Bools, Game
from earmark.explain.method import Attribution


@dataclass(frozen=True)
class Occlusion:
    """v(all) − v(all without i): what is lost when one component is switched off (Zeiler & Fergus 2014, section 4.2).

    Blind to redundancy: of two components that say the same, neither matters.
    """

    name: ClassVar[str] = "occlusion"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "occlusion"

    def plan(self, n_players: int) -> int:
        """One mask a component, and the two ends."""
        return n_players + 2

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Exact; ``rng`` is not used."""
        return _one_at_a_time(game, start_full=True)


@dataclass(frozen=True)
class LeaveOneIn:
    """v({i}) − v(∅): what one component achieves alone."""

    name: ClassVar[str] = "leave_one_in"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "leave_one_in"

    def plan(self, n_players: int) -> int:
        """One mask a component, and the two ends."""
        return n_players + 2

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Exact; ``rng`` is not used."""
        return _one_at_a_time(game, start_full=False)


def _one_at_a_time(game: Game, *, start_full: bool) -> Attribution:
    n = game.n_players
    one = np.eye(n, dtype=np.bool_)
    masks: Bools = np.concatenate(
        [np.zeros((1, n), dtype=np.bool_), np.ones((1, n), dtype=np.bool_), ~one if start_full else one]
    )
    values = game.values(masks)
    base, full, rest = values[0], values[1], values[2:]
    effect = full - rest if start_full else rest - base
    return Attribution(
        values=effect.T, errors=np.zeros((game.n_outputs, n)), base=base, full=full, converged=True, exact=True
    )
