"""Axioms: completeness, null component, symmetry; each as the size of its violation, 0 where it holds.

Shapley values satisfy all three (Shapley 1953; for attributions Sundararajan, Taly & Yan 2017). The last two are tested
by planting: a component that does nothing is added to the game, or one component is split in two that are only there
together.
"""

from __future__ import annotations

import numpy as np

from earmark.errors import CapabilityError
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import Explanation
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.map import MapExplanation
from earmark.explain.method import Method, NamesPlayers
from earmark.explain.parts import solve

# What these estimate sums to full − base.
_COMPLETE = ("shapley", "owen")


def completeness(explanation: Explanation | MapExplanation, label: str | int | None = None) -> float:
    """How far the attributions miss what they should sum to, abs(Σ − (full − base)), in units of the output.

    Raises
    ------
    CapabilityError
        If the method promises no sum (LIME, occlusion, Grad-CAM, …).
    """
    row = explanation.index(label)
    name = explanation.recipe.method
    gap = explanation.gap if isinstance(explanation, MapExplanation) else explanation.diagnostics.get("gap")
    if gap is not None and not isinstance(gap, str | int | float):
        return float(gap[row])
    if isinstance(explanation, Explanation) and name in METHODS and METHODS.get(name).estimates in _COMPLETE:
        return float(abs(explanation.attributions[row].sum() - (explanation.full[row] - explanation.base[row])))
    raise CapabilityError(
        f"{name} does not promise that its attributions sum to anything",
        remedy="Leave completeness out, or explain with shapley or integrated_gradients",
        where="completeness",
    )


def null_component(game: Game, method: Method, rng: np.random.Generator, row: int = 0) -> float:
    """What a planted component that does nothing is given, as a share of the largest attribution.

    Parameters
    ----------
    game : of a clip.
    method : how it is played; of methods that sample, part of the answer is noise.
    rng : of the method.
    row : of the output.

    Raises
    ------
    CapabilityError
        If the method names the components it is for, so that none can be added.
    """
    check_plantable(method)
    values = solve(_WithNull(game), method, rng).values[row]
    return _share(abs(float(values[-1])), values)


def symmetry(game: Game, method: Method, rng: np.random.Generator, row: int = 0, *, component: int = 0) -> float:
    """Difference of what two planted halves of a component are given, as a share of the largest attribution.

    The component is there only when both halves are, so they are interchangeable. Parameters and errors as for
    ``null_component``; ``component`` is the one that is split.
    """
    check_plantable(method)
    values = solve(_WithTwin(game, component), method, rng).values[row]
    return _share(abs(float(values[component] - values[-1])), values)


def _share(size: float, values: Floats) -> float:
    largest = float(np.abs(values).max())
    return size / largest if largest > 0 else 0.0


def check_plantable(method: Method) -> None:
    """That a component can be planted among those that a method is given.

    Raises
    ------
    CapabilityError
        If the method names the components it is for.
    """
    if isinstance(method, NamesPlayers):
        raise CapabilityError(
            f"{method.name} groups the components it is given, so none can be planted among them",
            remedy="Test this axiom with a method that takes any components",
            where="axioms",
        )


class _WithNull:
    """A game with one more player, the last, whom nobody misses."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self.n_players = game.n_players + 1
        self.n_outputs = game.n_outputs

    @property
    def evaluations(self) -> int:
        """Of the game underneath."""
        return self._game.evaluations

    def values(self, masks: Bools) -> Floats:
        """Outputs ``(B, K)``."""
        return self._game.values(np.asarray(masks)[:, :-1])


class _WithTwin(_WithNull):
    """A game in which one player is there only together with a twin, the last player."""

    def __init__(self, game: Game, player: int) -> None:
        super().__init__(game)
        self._player = player

    def values(self, masks: Bools) -> Floats:
        """Outputs ``(B, K)``."""
        masks = np.asarray(masks, dtype=np.bool_)
        inner = masks[:, :-1].copy()
        inner[:, self._player] &= masks[:, -1]
        return self._game.values(inner)
