"""Cross-fades at cuts in time: raised cosine, equal gain, so that neighbouring envelopes add up to exactly one."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.errors import SettingError


@dataclass(frozen=True)
class Stretch:
    """A run of samples in which the gain of ``segment`` is steady, or in which it hands over to the next one.

    Parameters
    ----------
    start, stop : samples.
    segment : index of the segment that sounds (or fades out).
    rise : gain of the next segment at each sample, float32 in (0, 1); None where the gain is steady.
    """

    start: int
    stop: int
    segment: int
    rise: NDArray[np.float32] | None


@dataclass(frozen=True)
class Fades:
    """Cuts in samples, and the length of the cross-fade centred at each.

    Parameters
    ----------
    edges : samples, ascending, the first 0 and the last the length of the clip.
    half : half of the cross-fade, in samples.
    """

    edges: tuple[int, ...]
    half: int

    @property
    def segments(self) -> int:
        """Number of segments."""
        return len(self.edges) - 1

    def stretches(self, start: int, stop: int) -> tuple[Stretch, ...]:
        """The stretches that cover samples ``start`` to ``stop``, in order, without gap or overlap."""
        return _stretches(self, start, stop)

    def _found(self, start: int, stop: int) -> Iterator[Stretch]:
        # 0 before the middle of the first sample of a fade, 1 after that of the last: nothing is repeated.
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * self.half) + 0.5) / max(1, 2 * self.half))).astype(np.float32)
        for segment in range(self.segments):
            first, last = segment == 0, segment == self.segments - 1
            begin = self.edges[segment] + (0 if first else self.half)
            end = self.edges[segment + 1] - (0 if last else self.half)
            low, high = max(start, begin), min(stop, end)
            if low < high:
                yield Stretch(low, high, segment, None)
            if last or self.half == 0:
                continue
            low, high = max(start, end), min(stop, end + 2 * self.half)
            if low < high:
                yield Stretch(low, high, segment, ramp[low - end : high - end])


@functools.lru_cache(maxsize=256)
def _stretches(cuts: Fades, start: int, stop: int) -> tuple[Stretch, ...]:
    # Every batch of a patch asks for the same ones.
    return tuple(cuts._found(start, stop))


def fades(edges_s: Sequence[float], fade_s: float, clip: Clip) -> Fades:
    """Edges in seconds on a clip's own samples.

    Raises
    ------
    SettingError
        If a segment would be shorter than the cross-fade, or than a sample.
    """
    rate = clip.sample_rate
    half = round(fade_s * rate / 2)
    edges = (0, *(round(edge * rate) for edge in edges_s[1:-1]), clip.samples)
    shortest = min(b - a for a, b in itertools.pairwise(edges))
    if len(edges) > 2 and shortest < max(1, 2 * half):
        raise SettingError(
            f"a segment of {1000 * shortest / rate:.3g} ms is shorter than the cross-fade of {1000 * fade_s:g} ms",
            remedy="Cut into fewer segments, or choose a shorter fade_s",
            where=clip.name,
        )
    return Fades(edges, half)
