"""Sounds that are in a data set twice: identical, nearly (another codec, level or cut), or by their descriptors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.spatial
from numpy.typing import NDArray

from earmark.data.dataset import Dataset
from earmark.data.fingerprint import Landmarks, landmarks
from earmark.data.matching import match
from earmark.data.read import read_item
from earmark.errors import DatasetError, SettingError

Kind = Literal["identical", "near"]


@dataclass(frozen=True)
class Duplicate:
    """Two items that are the same recording.

    Parameters
    ----------
    first, second : their places in the data set, ascending.
    kind : "identical" (every sample, or every descriptor) or "near".
    likeness : for sounds the share of landmarks in common, 0 to 1; for descriptors the distance in deviations.
    offset_s : what lies at t seconds in the first lies at t + offset_s in the second; 0 for descriptors.
    """

    first: int
    second: int
    kind: Kind
    likeness: float
    offset_s: float = 0.0


def same_sounds(fingerprints: Sequence[str], marks: Sequence[Landmarks]) -> tuple[Duplicate, ...]:
    """Pairs among sounds.

    Parameters
    ----------
    fingerprints : ``Clip.fingerprint`` of each: equal where rate and samples are.
    marks : the landmarks of each.
    """
    found: dict[tuple[int, int], Duplicate] = {}
    for pair in match(marks):
        found[pair.first, pair.second] = Duplicate(pair.first, pair.second, "near", pair.share, pair.offset_s)
    for first, second in _equal(fingerprints):
        found[first, second] = Duplicate(first, second, "identical", 1.0)
    return tuple(found[pair] for pair in sorted(found))


def same_descriptors(values: NDArray[np.float64], *, near: float = 0.1) -> tuple[Duplicate, ...]:
    """Pairs among rows of descriptors.

    Parameters
    ----------
    values : ``(items, descriptors)``.
    near : root mean square difference, in standard deviations of each descriptor, up to which two rows are the same
        recording. Columns that are constant tell nothing and are left alone.

    Raises
    ------
    DatasetError
        If a value is NaN or infinite.
    SettingError
        If ``near`` is negative.

    Examples
    --------
    >>> rows = np.array([[0.0, 5.0], [1.0, 7.0], [0.0, 5.0]])
    >>> [(pair.first, pair.second, pair.kind) for pair in same_descriptors(rows)]
    [(0, 2, 'identical')]
    """
    if not near >= 0:
        raise SettingError(f"{near!r} deviations are no distance", remedy="Give 0 or more", where="near")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DatasetError(
            f"{len(bad)} descriptors are NaN or infinite, the first in row {bad[0][0] + 1}, column {bad[0][1] + 1}",
            remedy="Repair or leave out these rows",
            where="descriptors",
        )
    deviations = values.std(axis=0)
    varied = values[:, deviations > 0]
    if not varied.shape[1]:
        raise DatasetError("all rows of descriptors are equal", remedy="Check the table", where="descriptors")
    standard = (varied - varied.mean(axis=0)) / varied.std(axis=0)
    reach = near * np.sqrt(standard.shape[1])
    pairs = scipy.spatial.cKDTree(standard).query_pairs(reach) | set(_equal([row.tobytes() for row in varied]))
    found = []
    for first, second in sorted(pairs):
        same = bool((varied[first] == varied[second]).all())
        distance = float(np.sqrt(np.mean((standard[first] - standard[second]) ** 2)))
        found.append(Duplicate(first, second, "identical" if same else "near", 0.0 if same else distance))
    return tuple(found)


def join(names: Sequence[str], duplicates: Sequence[Duplicate]) -> tuple[str, ...]:
    """The groups of items, those joined that hold duplicates of each other; a group is called by its first name.

    Examples
    --------
    >>> join(["song 1", "song 1", "song 2", "song 3"], [Duplicate(1, 3, "near", 0.5)])
    ('song 1', 'song 1', 'song 2', 'song 1')
    """
    head = {name: name for name in names}

    def find(name: str) -> str:
        while head[name] != name:
            name = head[name]
        return name

    for pair in duplicates:
        first, second = sorted((find(names[pair.first]), find(names[pair.second])))
        head[second] = first
    return tuple(find(name) for name in names)


def duplicate_groups(dataset: Dataset, *, watch: Callable[[int, int], None] | None = None) -> tuple[str, ...]:
    """The group of each item where duplicates stay together: its track, joined with the tracks that sound the same.

    Parameters
    ----------
    dataset : every file of it is read.
    watch : told after each item how many are done, and of how many.

    Raises
    ------
    AudioError
        If a file cannot be read.
    """
    if dataset.columns:
        rows = np.array([item.row for item in dataset.items])
        return join(dataset.groups("track"), same_descriptors(rows))
    fingerprints, marks = [], []
    for number, item in enumerate(dataset.items, start=1):
        clip = read_item(item)
        fingerprints.append(clip.fingerprint)
        marks.append(landmarks(clip))
        if watch is not None:
            watch(number, len(dataset.items))
    return join(dataset.groups("track"), same_sounds(fingerprints, marks))


def _equal(keys: Sequence[Hashable]) -> list[tuple[int, int]]:
    places: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        places.setdefault(key, []).append(index)
    return [(a, b) for same in places.values() for i, a in enumerate(same) for b in same[i + 1 :]]
