"""Counterfactual: the smallest set of components whose removal flips the decision.

The smallest such set is what Martens & Provost (2014, "Explaining data-driven document classifications") call an
explanation of a decision: without these parts it would have been another. Ours adds what they leave open: how much has
been proved. Sets are tried by size, so that one found after all smaller ones failed is the smallest there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from earmark.errors import SettingError, UnknownNameError
from earmark.explain.game import Bools, Floats, Game

Removals = list[tuple[int, ...]]
RULES = ("top", "threshold")
CHUNK = 64


@dataclass(frozen=True)
class Decision:
    """What counts as the decision about one output.

    Parameters
    ----------
    output : row of the label.
    rule : "top": the label has the highest score; "threshold": its score is at least ``threshold``.
    threshold : probability.
    """

    output: int
    rule: str = "top"
    threshold: float = 0.5

    def margin(self, scores: Floats) -> Floats:
        """By how much the decision is for the label, ``(B,)`` from scores ``(B, K)``: negative where it is not."""
        own = scores[:, self.output]
        if self.rule == "threshold":
            return own - self.threshold
        rivals = np.delete(scores, self.output, axis=1)
        difference: Floats = own - rivals.max(axis=1)
        return difference


def decision_about(scores: Floats, output: int, activation: str) -> Decision:
    """The decision that a user sees for a label, from the scores ``(K,)`` of the unmasked clip.

    softmax: whether the label is on top. sigmoid (tags): whether its score is at least 0.5; for a tag below 0.5 that is
    nevertheless the strongest one, whether it is on top.
    """
    if activation == "softmax" and len(scores) > 1:
        return Decision(output, "top")
    below_but_first = scores[output] < 0.5 and len(scores) > 1 and int(np.argmax(scores)) == output
    return Decision(output, "top" if below_but_first else "threshold")


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """A set of components without which the decision is another.

    Parameters
    ----------
    decision : what was to flip.
    removed : the components of the set, ascending; empty where none was found.
    before, after : scores ``(K,)`` of the clip as it is and without the set.
    found : whether a set was found. Where not, none with fewer than ``at_least`` components exists.
    proven : whether no smaller set flips the decision.
    at_least : every set with fewer components than this was tried and does not flip it.
    irreducible : whether it is known that putting back any single component of the set flips the decision back.
    asked : masks asked for; those that the game had seen before cost nothing.
    """

    decision: Decision
    removed: tuple[int, ...]
    before: Floats
    after: Floats
    found: bool
    proven: bool
    at_least: int
    irreducible: bool
    asked: int


def counterfactual(
    game: Game, decision: Decision, *, promise: Floats | None = None, samples: int = 2048
) -> Counterfactual:
    """Search for the smallest removal that flips a decision, in either direction.

    First components are removed one after the other in the order of promise until it flips, and the set is pruned:
    an upper bound for n evaluations. Then all sets of 1, 2, 3 … components are tried, the most promising first, while
    the budget pays for a whole size. Where that ends early, a greedy search tries for a smaller set with what is left.

    Parameters
    ----------
    game : scores of masked versions, as probabilities of all classes.
    decision : see ``decision_about``.
    promise : how much each component speaks for the label, ``(n,)``, such as its attributions; by default how far the
        margin falls when it alone is removed (n evaluations).
    samples : most masks to ask for; at least 2 n + 2.

    Raises
    ------
    SettingError
        If the budget is too small, or the promise is not one number a component.

    Examples
    --------
    >>> import numpy as np
    >>> from earmark.explain.game import CachedGame
    >>> game = CachedGame(3, 1, lambda masks: masks @ np.array([[0.3], [0.1], [0.5]]))
    >>> answer = counterfactual(game, Decision(0, "threshold"))
    >>> answer.removed, answer.proven
    ((2,), True)
    """
    n = game.n_players
    if decision.rule not in RULES:
        raise UnknownNameError("rule", decision.rule, RULES)
    if not 0 <= decision.output < game.n_outputs or (decision.rule == "top" and game.n_outputs < 2):
        raise SettingError(
            f"output {decision.output} with rule {decision.rule!r} for {game.n_outputs} outputs",
            remedy="Give the row of a label; to be on top takes two labels",
            where="counterfactual",
        )
    if samples < 2 * n + 2:
        raise SettingError(
            f"{samples} samples cannot weigh {n} components",
            remedy=f"Give at least {2 * n + 2}",
            where="counterfactual",
        )
    if promise is not None and (promise.shape != (n,) or not np.isfinite(promise).all()):
        raise SettingError(
            f"promise of shape {promise.shape} for {n} components",
            remedy="Give one finite number a component",
            where="counterfactual",
        )
    return _Search(game, decision, samples).run(promise)


class _Search:
    """One search: counts what it asks for, and knows which decision is to flip."""

    def __init__(self, game: Game, decision: Decision, samples: int) -> None:
        self.game = game
        self.n = game.n_players
        self.decision = decision
        self.samples = samples
        self.left = samples
        self.before = self.scores([()])[0]
        self.stood = decision.margin(self.before[np.newaxis])[0] >= 0

    def scores(self, removals: Removals) -> Floats:
        masks: Bools = np.ones((len(removals), self.n), dtype=np.bool_)
        for row, removed in enumerate(removals):
            masks[row, list(removed)] = False
        self.left -= len(removals)
        return self.game.values(masks)

    def ask(self, removals: Removals) -> tuple[Bools, Floats]:
        """Whether the decision has flipped without each set of components, and how firmly it still stands."""
        margin = self.decision.margin(self.scores(removals))
        return (margin >= 0) != self.stood, margin if self.stood else -margin

    def run(self, promise: Floats | None) -> Counterfactual:
        # What speaks for the label must go if it is to fall, and stay if it is to rise.
        towards = 1.0 if self.stood else -1.0
        order = -self.ask([(i,) for i in range(self.n)])[1] if promise is None else towards * promise
        best = self.one_after_the_other(np.argsort(-order, kind="stable").tolist())
        at_least = 1
        while best is None or at_least < len(best):
            if at_least > self.n or comb(self.n, at_least) > self.left:
                break
            hit = self.all_of_size(at_least, order)
            if hit is not None:
                best = hit
                break
            at_least += 1
        if at_least <= self.n and (best is None or at_least < len(best)):
            shorter = self.greedy(self.n if best is None else len(best) - 1)
            best = best if shorter is None else shorter
        return self.answer(best, at_least)

    def one_after_the_other(self, ranked: list[int]) -> tuple[int, ...] | None:
        for start in range(0, self.n, CHUNK):
            removals = [tuple(ranked[: count + 1]) for count in range(start, min(start + CHUNK, self.n))]
            flipped, _ = self.ask(removals)
            if flipped.any():
                return self.pruned(removals[int(np.argmax(flipped))])
        return None

    def pruned(self, removed: tuple[int, ...]) -> tuple[int, ...]:
        """Put components back, the last first, as long as the decision stays flipped."""
        for player in reversed(removed):
            rest = tuple(p for p in removed if p != player)
            if rest and self.left > 0 and self.ask([rest])[0][0]:
                removed = rest
        return removed

    def all_of_size(self, size: int, order: Floats) -> tuple[int, ...] | None:
        sets = np.array(list(combinations(range(self.n), size)), dtype=np.intp)
        sets = sets[np.argsort(-order[sets].sum(axis=1), kind="stable")]
        for start in range(0, len(sets), CHUNK):
            removals = [tuple(row) for row in sets[start : start + CHUNK].tolist()]
            flipped, firm = self.ask(removals)
            if flipped.any():
                return removals[int(np.argmin(np.where(flipped, firm, np.inf)))]
        return None

    def greedy(self, longest: int) -> tuple[int, ...] | None:
        """Remove what weakens the decision most, one at a time, up to ``longest`` components."""
        removed: tuple[int, ...] = ()
        while len(removed) < longest:
            removals = [(*removed, p) for p in range(self.n) if p not in removed]
            if len(removals) > self.left:
                return None
            flipped, firm = self.ask(removals)
            removed = removals[int(np.argmin(firm))]
            if flipped.any():
                return self.pruned(removals[int(np.argmin(np.where(flipped, firm, np.inf)))])
        return None

    def answer(self, best: tuple[int, ...] | None, at_least: int) -> Counterfactual:
        removed = () if best is None else tuple(sorted(best))
        proven = best is not None and len(removed) <= at_least
        irreducible = proven
        if best is not None and not proven and len(removed) <= self.left:
            without_one = [tuple(p for p in removed if p != back) for back in removed]
            irreducible = not self.ask(without_one)[0].any()
        asked = self.samples - self.left
        return Counterfactual(
            decision=self.decision,
            removed=removed,
            before=self.before,
            after=self.scores([removed])[0],  # seen before: costs nothing
            found=best is not None,
            proven=proven,
            at_least=at_least,
            irreducible=irreducible,
            asked=asked,
        )
