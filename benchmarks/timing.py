"""Wall times measured in turns, and what of them was spent inside the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lap:
    """One call: its seconds, those inside the model, those of the bare model beside it, and the model's rows."""

    seconds: float
    inside: float
    bare: float
    rows: int

    @property
    def outside_ms(self) -> float:
        """Milliseconds a row that were not spent inside the model."""
        return 1000 * (self.seconds - self.inside) / max(1, self.rows)


class Stopwatch:
    """Counts the seconds and rows of a model, whoever calls it.

    Parameters
    ----------
    bare : called with the number of rows right after every call of the model, and timed by itself: the bare model on
        ready-made rows. So the two take turns batch by batch, and what else the machine does falls on both alike.
    """

    def __init__(self, bare: Callable[[int], object] | None = None) -> None:
        self.inside = 0.0
        self.bare = 0.0
        self.rows = 0
        self._bare = bare

    def around(self, model: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The model, watched; its argument's length is the number of rows."""

        def watched(batch: Sized) -> Any:
            start = time.perf_counter()
            answer = model(batch)
            done = time.perf_counter()
            self.inside += done - start
            self.rows += len(batch)
            if self._bare is not None:
                self._bare(len(batch))
                self.bare += time.perf_counter() - done
            return answer

        return watched


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int, watch: Stopwatch) -> dict[str, list[Lap]]:
    """Every call once a round, A B C, then C B A, and so on: what drifts or disturbs falls on all of them alike.

    Ratios are taken within a round. ``watch`` is the one around the model that the calls use; the time of its bare
    model is not the calls' own.
    """
    laps: dict[str, list[Lap]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in list(calls) if turn % 2 == 0 else list(calls)[::-1]:
            laps[name].append(lap(calls[name], watch))
    return laps


def lap(call: Callable[[], object], watch: Stopwatch) -> Lap:
    """One call, measured."""
    inside, bare, rows = watch.inside, watch.bare, watch.rows
    start = time.perf_counter()
    call()
    spent = time.perf_counter() - start - (watch.bare - bare)
    return Lap(spent, watch.inside - inside, watch.bare - bare, watch.rows - rows)


def seconds(laps: list[Lap]) -> list[float]:
    """Wall seconds of each round."""
    return [lap.seconds for lap in laps]
