"""Owen values: Shapley values of players that come in groups, such as the segments of one stem.

Owen (1977): groups enter one after the other, and inside a group its players do. With M groups and player i in group
k of m players, over sets H of other groups (together Q) and sets S of other players of k:

    φᵢ = Σ_H Σ_S |H|! (M − |H| − 1)! / M! · |S|! (m − |S| − 1)! / m! · (v(Q ∪ S ∪ i) − v(Q ∪ S)).

The values of a group add up to the Shapley value of the group as one player.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from earmark.components.component import Component
from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import Bools, Floats, Game
from earmark.explain.method import Attribution
from earmark.explain.shapley_exact import all_masks, shapley_from_table
from earmark.explain.shapley_permutation import mean_over_orders

Groups = tuple[tuple[int, ...], ...]
GROUPINGS = ("stem", "group", "time", "band", "kind")


@dataclass(frozen=True)
class Owen:
    """Owen values; exact where the budget pays for it, else from antithetic orders that keep groups together.

    Parameters
    ----------
    by : what makes a group of components: "stem" (same stem), "group" (same group, such as "timbre"), "time" (same
        seconds), "band" (same Hz) or "kind" (described by the same fields); used by ``for_components``.
    groups : the groups as indices of components, each component in exactly one; empty until ``for_components``.
    samples : most evaluations to spend.
    tolerance : stop once every standard error is below this share of the spread of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(3, 1, lambda masks: masks.all(axis=1, keepdims=True) * 1.0)
    >>> Owen(groups=((0, 1), (2,))).solve(game, np.random.default_rng(0)).values
    array([[0.25, 0.25, 0.5 ]])
    """

    by: str = "stem"
    groups: Groups = ()
    samples: int = 4096
    tolerance: float = 0.025

    name: ClassVar[str] = "owen"
    linear: ClassVar[bool] = True
    estimates: ClassVar[str] = "owen"

    def for_components(self, table: Sequence[Component]) -> Owen:
        """The same settings with ``groups`` made from what the components are; groups that were given stay."""
        return self if self.groups else replace(self, groups=groups_of(table, self.by))

    def for_players(self, players: NDArray[np.intp]) -> Owen:
        """The same settings for a game with only ``players``, which are counted anew from 0.

        Leaving out null players changes no Owen value: random orders of the rest remain as they were.
        """
        place = {int(player): index for index, player in enumerate(players)}
        kept = tuple(tuple(place[p] for p in group if p in place) for group in self.groups)
        return replace(self, groups=tuple(group for group in kept if group))

    def coalitions(self) -> int:
        """How many evaluations the exact values take."""
        m = len(self.groups)
        # All unions of groups, and for each group its proper parts next to every union of the others.
        return (1 << m) + sum((1 << (m - 1)) * ((1 << len(group)) - 2) for group in self.groups)

    def plan(self, n_players: int) -> int:
        """All coalitions that count where the budget pays for them, else whole pairs of orders."""
        if self.groups and self.coalitions() <= self.samples:
            return self.coalitions()
        return 2 + max(0, (self.samples - 2) // max(1, 2 * (n_players - 1))) * 2 * (n_players - 1)

    def solve(self, game: Game, rng: np.random.Generator) -> Attribution:
        """Owen values with standard errors (zero where exact).

        Raises
        ------
        SettingError
            If the groups do not hold every component once, or the budget does not pay for one pair of orders.
        """
        n = game.n_players
        if sorted(p for group in self.groups for p in group) != list(range(n)):
            raise SettingError(
                f"the groups {self.groups} are no division of {n} components",
                remedy="Name every component from 0 in exactly one group, or group with for_components",
                where="owen",
            )
        if self.coalitions() <= self.samples:
            return self._exact(game)
        pairs = (self.samples - 2) // max(1, 2 * (n - 1))
        if pairs < 1:
            raise SettingError(
                f"{self.samples} evaluations are less than the {2 * n} of one pair of orders of {n} components",
                remedy=f"Give at least {2 * n} samples",
                where="owen",
            )
        groups = [np.array(group) for group in self.groups]

        def draw() -> NDArray[np.intp]:
            return np.concatenate([rng.permutation(groups[k]) for k in rng.permutation(len(groups))])

        answer = mean_over_orders(game, draw, pairs, self.tolerance)
        return replace(answer, diagnostics=answer.diagnostics | {"groups": len(groups)})

    def _exact(self, game: Game) -> Attribution:
        n, m = game.n_players, len(self.groups)
        ends = game.values(np.stack([np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)]))
        values: Floats = np.empty((game.n_outputs, n))
        unions = all_masks(m - 1)
        weight = 1.0 / (m * comb(m - 1, unions.sum(axis=1)))
        for k, group in enumerate(self.groups):
            inside = all_masks(len(group))
            masks: Bools = np.zeros((len(unions), len(inside), n), dtype=np.bool_)
            for column, other in enumerate(self.groups[:k] + self.groups[k + 1 :]):
                masks[:, :, list(other)] = unions[:, column, np.newaxis, np.newaxis]
            masks[:, :, list(group)] = inside
            table = game.values(masks.reshape(-1, n)).reshape(len(unions), len(inside), -1)
            values[:, list(group)] = shapley_from_table(np.einsum("h,hsk->sk", weight, table), len(group))
        return Attribution(
            values=values,
            errors=np.zeros_like(values),
            base=ends[0],
            full=ends[1],
            converged=True,
            exact=True,
            diagnostics={"groups": m},
        )


def groups_of(table: Sequence[Component], by: str) -> Groups:
    """Indices of the components that share a property, in the order in which they first appear.

    Parameters
    ----------
    table : what each component is.
    by : one of ``GROUPINGS``. Components that do not have the property form one group together.

    Examples
    --------
    >>> groups_of([Component(stem="drums", start_s=0), Component(stem="bass"), Component(stem="drums")], "stem")
    ((0, 2), (1,))
    """
    if by not in GROUPINGS:
        raise UnknownNameError("grouping", by, GROUPINGS)
    found: dict[object, list[int]] = {}
    for index, component in enumerate(table):
        found.setdefault(_key(component, by), []).append(index)
    return tuple(tuple(group) for group in found.values())


def _key(component: Component, by: str) -> object:
    if by == "stem":
        return component.stem
    if by == "group":
        return component.group
    if by == "time":
        return (component.start_s, component.end_s)
    if by == "band":
        return (component.low_hz, component.high_hz)
    return tuple(name for name, value in vars(component).items() if value is not None)
