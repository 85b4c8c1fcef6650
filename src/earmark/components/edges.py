"""Where a clip is cut in time: equal segments, given edges, and cuts that move to a patch grid.

Edges are seconds, ascending, the first 0 and the last the end of the clip; the cuts are the edges in between.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from earmark.audio.clip import Clip
from earmark.errors import SettingError

# Two versions of one sound (decoders, resamplers) differ by a few milliseconds; more is another sound.
SAME_LENGTH_S = 0.05


def equal_edges(duration_s: float, n: int) -> tuple[float, ...]:
    """Edges in seconds of n equally long segments."""
    return tuple(float(e) for e in np.linspace(0.0, duration_s, n + 1))


def edges_every(duration_s: float, seconds: float) -> tuple[float, ...]:
    """Edges in seconds, one every ``seconds``; a remainder shorter than half of that joins the last segment.

    Examples
    --------
    >>> edges_every(10.0, 4.0), edges_every(9.0, 4.0)
    ((0.0, 4.0, 8.0, 10.0), (0.0, 4.0, 9.0))
    """
    whole = max(1, math.floor(duration_s / seconds + 0.5))
    return (*(k * seconds for k in range(whole)), duration_s)


def snap(edges_s: Sequence[float], times_s: Sequence[float], *, clearance_s: float) -> tuple[float, ...]:
    """Move cuts to given times without ever merging two of them.

    Each cut looks for the nearest of the times; each time takes only the nearest of the cuts that look for it, and the
    other cuts stay where they were. So the number of segments never changes, a cut never passes another, and a segment
    is never shorter than half of what it was.

    Parameters
    ----------
    edges_s : edges in seconds; the first and last do not move.
    times_s : where cuts had better be, in seconds; those nearer than ``clearance_s`` to either end are not used.

    Examples
    --------
    >>> snap((0.0, 3.0, 6.0, 9.0), (2.9, 5.8, 9.0), clearance_s=0.01)
    (0.0, 2.9, 5.8, 9.0)
    >>> snap((0.0, 1.5, 3.0, 4.5), (2.9,), clearance_s=0.01)
    (0.0, 1.5, 2.9, 4.5)
    """
    times = np.array(sorted(t for t in times_s if edges_s[0] + clearance_s < t < edges_s[-1] - clearance_s))
    moved = list(edges_s)
    if len(times) == 0:
        return tuple(moved)
    claims: dict[int, int] = {}
    for index in range(1, len(edges_s) - 1):
        nearest = int(np.argmin(np.abs(times - edges_s[index])))
        rival = claims.get(nearest)
        if rival is None or abs(times[nearest] - edges_s[index]) < abs(times[nearest] - edges_s[rival]):
            claims[nearest] = index
    for nearest, index in claims.items():
        moved[index] = float(times[nearest])
    return tuple(moved)


def fit_edges(edges_s: Sequence[float], clip: Clip) -> tuple[float, ...]:
    """Given edges on this clip: the last becomes the clip's own end.

    Raises
    ------
    SettingError
        If the edges do not ascend from 0, or end more than 50 ms from the end of the clip.
    """
    edges = tuple(float(e) for e in edges_s)
    if len(edges) < 2 or edges[0] != 0 or not all(a < b for a, b in itertools.pairwise(edges)):
        raise SettingError(
            "edges that do not ascend from 0 to the end of the clip",
            remedy="Give all edges in seconds: 0 first, then the cuts, then the end",
            where="edges_s",
        )
    if abs(edges[-1] - clip.duration_s) > SAME_LENGTH_S or (len(edges) > 2 and edges[-2] >= clip.duration_s):
        raise SettingError(
            f"the edges end at {edges[-1]:.3f} s, the clip at {clip.duration_s:.3f} s",
            remedy="Use them on the clip that they were made for, at any sample rate",
            where=clip.name,
        )
    return (*edges[:-1], clip.duration_s)


def time_edges(
    clip: Clip,
    *,
    n: int,
    seconds: float | None,
    edges_s: Sequence[float] | None,
    snap_s: Sequence[float] | None,
    fade_s: float,
) -> tuple[float, ...]:
    """Edges of a time cut, in seconds: given ones as they are; else n equal or one every ``seconds``, then snapped."""
    if edges_s is not None:
        return fit_edges(edges_s, clip)
    edges = equal_edges(clip.duration_s, n) if seconds is None else edges_every(clip.duration_s, seconds)
    if snap_s is None:
        return edges
    return snap(edges, snap_s, clearance_s=fade_s)
