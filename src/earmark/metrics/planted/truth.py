"""Which components hold the evidence: the truth that attributions are judged by.

A component's share of a place is the part of the place's seconds × mel that lies in it. It holds the evidence where,
of some place, its share is at least a quarter of the largest share that any component has; it holds none where its
share of every place is below a fiftieth of that. What lies in between is borderline and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.components.band_masks import hz_to_mel
from earmark.components.component import Component
from earmark.metrics.planted.case import Evidence

HOLDS = 0.25
HOLDS_NOT = 0.02


@dataclass(frozen=True, eq=False)
class Truth:
    """Of n components.

    Parameters
    ----------
    inside : those that hold evidence, ``(n,)``.
    counted : those that are not borderline, ``(n,)``.
    """

    inside: NDArray[np.bool_]
    counted: NDArray[np.bool_]

    @property
    def decides(self) -> bool:
        """Whether there is anything to find: evidence in some components, and none in others."""
        return bool(self.inside.any() and (self.counted & ~self.inside).any())


def truth_of(
    table: Sequence[Component], places: Sequence[Evidence], *, duration_s: float, sample_rate: int
) -> Truth | None:
    """Where the evidence is, by component; None where these components and these places cannot be compared.

    Parameters
    ----------
    table : the components.
    places : of the evidence.
    duration_s, sample_rate : of the sound; what has no bounds reaches to its ends.

    Examples
    --------
    >>> cells = [Component(start_s=0, end_s=1), Component(start_s=1, end_s=2)]
    >>> truth_of(cells, [Evidence(start_s=1.2, end_s=1.4)], duration_s=2.0, sample_rate=16000).inside
    array([False,  True])
    """
    stems = any(part.stem is not None for part in table)
    if not places or stems != any(place.stem is not None for place in places):
        return None
    if any(part.word or (part.name and not part.stem) for part in table):
        return None
    inside = np.zeros(len(table), dtype=np.bool_)
    touched = np.zeros(len(table), dtype=np.bool_)
    for place in places:
        shares = np.array([_share(part, place, duration_s, sample_rate) for part in table])
        largest = shares.max()
        if largest <= 0:
            return None
        inside |= shares >= HOLDS * largest
        touched |= shares >= HOLDS_NOT * largest
    return Truth(inside, inside | ~touched)


def _share(part: Component, place: Evidence, duration_s: float, sample_rate: int) -> float:
    if place.stem is not None and part.stem != place.stem:
        return 0.0
    seconds = _overlap((part.start_s, part.end_s), (place.start_s, place.end_s), duration_s)
    mel = _overlap(
        (_mel(part.low_hz), _mel(part.high_hz)), (_mel(place.low_hz), _mel(place.high_hz)), _mel(sample_rate / 2) or 0.0
    )
    return seconds * mel


def _mel(hz: float | None) -> float | None:
    return None if hz is None else float(hz_to_mel(hz))


def _overlap(part: tuple[float | None, float | None], place: tuple[float | None, float | None], end: float) -> float:
    """The share of ``place`` that lies in ``part``; missing bounds are 0 and ``end``."""
    (a, b), (c, d) = ((low or 0.0, end if high is None else high) for low, high in (part, place))
    return max(0.0, min(b, d) - max(a, c)) / (d - c)
