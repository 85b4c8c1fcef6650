"""Coalitions for the kernel estimator: by size, in complementary pairs, without replacement."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, islice
from math import comb

import numpy as np

from earmark.explain.game import Bools, Floats


@dataclass
class Stratum:
    """All pairs {S, complement of S} whose smaller side has ``size`` of ``n`` players.

    Coalitions are handed out without replacement, in an order that the generator decides.
    """

    n: int
    size: int
    rng: np.random.Generator
    drawn: list[tuple[int, ...]] = field(default_factory=list)
    _seen: set[tuple[int, ...]] = field(default_factory=set)
    _rest: list[tuple[int, ...]] | None = None

    @property
    def pairs(self) -> int:
        """Number of pairs in the stratum."""
        whole = comb(self.n, self.size)
        return whole // 2 if 2 * self.size == self.n else whole

    def draw_until(self, count: int) -> None:
        """Draw until ``count`` pairs have been handed out (at most all of them)."""
        count = min(count, self.pairs)
        if self._rest is None and (self.pairs <= 4096 or 2 * count > self.pairs):
            self._rest = self._shuffled_rest()
        while len(self.drawn) < count:
            if self._rest is not None:
                self.drawn.append(self._rest.pop())
                continue
            # Cutting a random order into blocks shows every player equally often.
            order = self.rng.permutation(self.n)
            for start in range(0, self.n - self.size + 1, self.size):
                chosen = self._side(tuple(sorted(order[start : start + self.size].tolist())))
                if chosen not in self._seen and len(self.drawn) < count:
                    self._seen.add(chosen)
                    self.drawn.append(chosen)

    def _side(self, chosen: tuple[int, ...]) -> tuple[int, ...]:
        # Of two halves of equal size, the one with player 0 stands for the pair.
        if 2 * self.size == self.n and 0 not in chosen:
            inside = set(chosen)
            return tuple(i for i in range(self.n) if i not in inside)
        return chosen

    def _shuffled_rest(self) -> list[tuple[int, ...]]:
        every = combinations(range(self.n), self.size)
        listed = list(islice(every, self.pairs) if 2 * self.size == self.n else every)
        rest = [c for c in listed if c not in self._seen]
        return [rest[i] for i in self.rng.permutation(len(rest))]

    def masks(self) -> Bools:
        """Masks ``(drawn, n)`` of the smaller sides drawn so far."""
        masks: Bools = np.zeros((len(self.drawn), self.n), dtype=np.bool_)
        for row, chosen in enumerate(self.drawn):
            masks[row, list(chosen)] = True
        return masks

    @property
    def kernel_mass(self) -> float:
        """Shapley kernel weight of all pairs together, counting one row a pair (Lundberg & Lee 2017, theorem 2)."""
        one = (self.n - 1) / (comb(self.n, self.size) * self.size * (self.n - self.size))
        return one * self.pairs

    @property
    def complete(self) -> bool:
        """Whether every pair has been drawn."""
        return len(self.drawn) >= self.pairs


def allocate(strata: list[Stratum], pairs: int, power: float = 0.0) -> list[int]:
    """Share a budget of pairs among the strata.

    Every size gets a share in proportion to its kernel mass to the ``power``: 0 gives every size the same share, as
    leverage scores do (Musco & Witter 2025, lemma 3.2); 1 samples from the Shapley kernel itself. A stratum whose share
    pays for all of its pairs is enumerated, and what it leaves over is shared among the others: so the smallest and the
    largest coalitions are the first to be complete.
    """
    counts = [0] * len(strata)
    appetite: Floats = np.array([s.kernel_mass**power for s in strata])
    open_ = list(range(len(strata)))
    left = pairs
    while open_ and left > 0:
        share = left * appetite[open_] / appetite[open_].sum()
        full = [i for i, s in zip(open_, share, strict=True) if s >= strata[i].pairs]
        if not full:
            floor = np.floor(share).astype(int)
            # Largest remainders get the pairs that rounding left over; ties go to the smaller size.
            for extra in np.argsort(-(share - floor), kind="stable")[: left - int(floor.sum())]:
                floor[extra] += 1
            for i, count in zip(open_, floor, strict=True):
                counts[i] = int(count)
            break
        for i in full:
            counts[i] = strata[i].pairs
            left -= strata[i].pairs
            open_.remove(i)
    return counts
