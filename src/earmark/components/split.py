"""How one component is divided into smaller ones: cuts in time, cuts in frequency, or both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earmark.components.band_masks import WINDOW_S, hz_to_mel, mel_to_hz
from earmark.components.edges import snap
from earmark.components.settings import check_count
from earmark.errors import SettingError

# A part in time lasts about a spectrogram's frame at least; a band is as wide as the two bins that its edges take.
LEAST_S = 0.025
LEAST_HZ = 2 / WINDOW_S

Path = tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """One component and where it is cut.

    Parameters
    ----------
    path : the component: its number in the first cut, then the number of the part in each split of it.
    at_s : cuts in seconds, ascending.
    at_hz : cuts in Hz, ascending. Part ``band * (len(at_s) + 1) + segment`` is one cell, as in ``Grid``.

    Raises
    ------
    SettingError
        If the path is no path, or there are no cuts, or they do not ascend.
    """

    path: Path
    at_s: tuple[float, ...] = ()
    at_hz: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", tuple(self.path))
        object.__setattr__(self, "at_s", _cuts(self.at_s, "at_s"))
        object.__setattr__(self, "at_hz", _cuts(self.at_hz, "at_hz"))
        if not self.path or not all(isinstance(k, int) and k >= 0 for k in self.path):
            raise SettingError(f"{self.path!r} is no path", remedy="Give numbers of components, from 0", where="path")
        if not self.at_s and not self.at_hz:
            raise SettingError("a split without a cut", remedy="Give at_s or at_hz", where=f"splits {self.path}")

    @property
    def parts(self) -> int:
        """How many parts it makes."""
        return (len(self.at_s) + 1) * (len(self.at_hz) + 1)


def even_split(
    path: Path,
    span_s: tuple[float, float],
    range_hz: tuple[float, float],
    counts: tuple[int, int],
    *,
    fade_s: float,
    edges_s: Sequence[float],
    snap_s: Sequence[float] | None = None,
) -> Split | None:
    """Divide a component into equal parts of time and equal steps of mel; None where it is too small for either.

    A direction in which the parts would be shorter than 25 ms or twice the cross-fade, or narrower than two bins
    (31 Hz), is left whole.

    Parameters
    ----------
    path : the component.
    span_s, range_hz : its limits in seconds and Hz.
    counts : parts in time and in frequency.
    fade_s : the cross-fade.
    edges_s : cuts that are there already, in seconds: one that is nearly in place is used again.
    snap_s : times in seconds to which cuts had better move, see ``edges.snap``.

    Examples
    --------
    >>> even_split((3,), (0.0, 2.0), (0.0, 700.0), (2, 2), fade_s=0.008, edges_s=())
    Split(path=(3,), at_s=(1.0,), at_hz=(289.94...,))
    """
    check_count(counts[0], "split")
    check_count(counts[1], "split")
    least_s = max(LEAST_S, 2 * fade_s)
    edges = tuple(float(e) for e in np.linspace(*span_s, counts[0] + 1))
    if snap_s is not None:
        moved = snap(edges, snap_s, clearance_s=least_s)
        edges = moved if _least(moved) >= least_s else edges
    # Cuts of different components that all but meet would leave a segment shorter than the cross-fade.
    edges = (edges[0], *(_reused(edge, edges_s, least_s) for edge in edges[1:-1]), edges[-1])
    at_s = edges[1:-1] if _least(edges) >= least_s else ()
    mels = np.linspace(hz_to_mel(range_hz[0]), hz_to_mel(range_hz[1]), counts[1] + 1)
    bands = (range_hz[0], *(float(f) for f in mel_to_hz(mels)[1:-1]), range_hz[1])
    at_hz = bands[1:-1] if _least(bands) >= LEAST_HZ else ()
    return Split(path, at_s, at_hz) if at_s or at_hz else None


def _reused(edge: float, edges_s: Sequence[float], within_s: float) -> float:
    nearest = min(edges_s, key=lambda other: abs(other - edge), default=math.inf)
    return nearest if abs(nearest - edge) < within_s else edge


def _least(edges: Sequence[float]) -> float:
    return min(b - a for a, b in itertools.pairwise(edges))


def _cuts(values: Sequence[float], where: str) -> tuple[float, ...]:
    try:
        cuts = tuple(float(v) for v in values)
    except (TypeError, ValueError) as error:
        raise SettingError(f"{values!r} are no cuts", remedy="Give a list of numbers", where=where) from error
    if not all(math.isfinite(c) and c > 0 for c in cuts) or not all(a < b for a, b in itertools.pairwise(cuts)):
        raise SettingError(f"cuts {cuts} that do not ascend from 0", remedy="Give them in order", where=where)
    return cuts
