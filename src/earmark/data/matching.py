"""Which of many sounds share landmarks at one distance in time, without comparing each with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.data.fingerprint import HOP, RATE_HZ, Landmarks

MIN_SHARED = 12
MIN_SHARE = 0.1
# A pair of peaks that very many sounds have tells none of them from the others.
_NEIGHBOURS = 24
# An odd number of many bits: neighbouring pairs fall far from each other.
_SPREAD = 0x9E3779B1


@dataclass(frozen=True)
class Match:
    """Two sounds that share landmarks at one distance.

    Parameters
    ----------
    first, second : their places, ascending.
    shared : landmarks in common at that distance.
    share : of the landmarks of that which has fewer, 0 to 1.
    offset_s : what lies at t seconds in the first lies at t + offset_s in the second.
    """

    first: int
    second: int
    shared: int
    share: float
    offset_s: float


def match(
    sounds: Sequence[Landmarks], *, min_shared: int = MIN_SHARED, min_share: float = MIN_SHARE
) -> tuple[Match, ...]:
    """All pairs of sounds that share enough landmarks at one distance (of one frame more or less).

    Parameters
    ----------
    sounds : the landmarks of each.
    min_shared : landmarks at least.
    min_share : of those of the sound that has fewer, at least.

    Returns
    -------
    tuple of Match
        Ordered by place.
    """
    counts = np.array([len(sound.keys) for sound in sounds])
    if counts.sum() == 0:
        return ()
    keys = np.concatenate([sound.keys for sound in sounds])
    frames = np.concatenate([sound.frames for sound in sounds])
    owners = np.repeat(np.arange(len(sounds)), counts)
    order = np.lexsort((frames, owners, keys))
    keys, frames, owners = keys[order], frames[order], owners[order]
    pairs, offsets = _often(*_meetings(keys, frames, owners, len(sounds)), min_shared)
    found = []
    for pair, shared, offset in _best(pairs, offsets):
        first, second = divmod(pair, len(sounds))
        # Of one sound several landmarks can meet the same one of another.
        share = min(1.0, shared / min(counts[first], counts[second]))
        if shared >= min_shared and share >= min_share:
            found.append(Match(first, second, shared, float(share), offset * HOP / RATE_HZ))
    return tuple(found)


def _meetings(
    keys: NDArray[np.int64], frames: NDArray[np.int64], owners: NDArray[np.int64], sounds: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair (first * sounds + second) and distance in frames of every two equal keys of different sounds."""
    pairs: list[NDArray[np.int64]] = []
    offsets: list[NDArray[np.int64]] = []
    for step in range(1, _NEIGHBOURS + 1):
        meet = np.flatnonzero((keys[step:] == keys[:-step]) & (owners[step:] != owners[:-step]))
        # Sorted by owner within a key: the earlier one is the first.
        pairs.append(owners[meet] * sounds + owners[meet + step])
        offsets.append(frames[meet + step] - frames[meet])
    return np.concatenate(pairs), np.concatenate(offsets)


def _often(
    pairs: NDArray[np.int64], offsets: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Without the pairs that meet too seldom at any distance, nearly all of them where sounds are many.

    Pairs are counted in a table that several may share a place of: none is dropped that meets often enough.
    """
    size = 1 << max(10, len(pairs).bit_length())
    place = (pairs * _SPREAD) & (size - 1)
    often = np.bincount(place, minlength=size)[place] >= least
    return pairs[often], offsets[often]


def _best(pairs: NDArray[np.int64], offsets: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """For each pair the number of meetings at its commonest distance, and that distance."""
    if not len(pairs):
        return []
    low = int(offsets.min())
    width = int(offsets.max()) - low + 2
    codes, numbers = np.unique(pairs * width + (offsets - low), return_counts=True)
    # The cut may lie between two frames: meetings at one frame more count as well (never those of the next pair).
    next_one = np.append(np.diff(codes) == 1, False)
    numbers = numbers + np.where(next_one, np.append(numbers[1:], 0), 0)
    owner = codes // width
    order = np.lexsort((codes, -numbers, owner))
    first = order[np.append(True, np.diff(owner[order]) > 0)]
    return [(int(owner[i]), int(numbers[i]), int(codes[i] % width) + low) for i in first]
