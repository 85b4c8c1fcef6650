"""A data set: sounds with labels, and what of them must stay together when they are split."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from earmark.errors import SettingError


@dataclass(frozen=True)
class Item:
    """One labelled sound, or a part of one.

    Parameters
    ----------
    path : the sound file; where there is no sound, the file of the words or another name for them.
    label : its class.
    start_s, end_s : the part of the file that is meant, in seconds; None for its start, its end.
    track : names the recording (or piece) it comes from: parts of one track never lie on both sides of a split. By
        default the path.
    artist : names a wider group (artist, collection), where known.
    split : "train", "validation" or "test" where the publisher says so.
    fold : the publisher's fold, where there is one.
    lyrics : its words.
    sound : whether there is a sound; without it there are words or descriptors alone.
    row : its descriptors where these are all there is, in the order of ``Dataset.columns``.
    """

    path: Path
    label: str
    start_s: float | None = None
    end_s: float | None = None
    track: str = ""
    artist: str | None = None
    split: str | None = None
    fold: str | None = None
    lyrics: str | None = None
    sound: bool = True
    row: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.track:
            object.__setattr__(self, "track", str(self.path))


@dataclass(frozen=True)
class Problem:
    """Something that a loader expected and did not find, or found and cannot use; it is left out and reported."""

    where: str
    fact: str


@dataclass(frozen=True)
class Dataset:
    """Items in a fixed order.

    Parameters
    ----------
    name : what to call it.
    root : the folder that the items' paths are told relative to.
    items : the sounds, in an order that does not depend on the machine.
    problems : what was left out, and why.
    columns : names of the descriptors, where the items are rows of a table and no sounds.
    descriptors : the set of descriptors that such a table was made with; "" where that is not known.
    """

    name: str
    root: Path
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = field(default=())
    columns: tuple[str, ...] = ()
    descriptors: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in alphabetical order: this is the order of every classifier trained on it."""
        return tuple(sorted({item.label for item in self.items}))

    @property
    def counts(self) -> dict[str, int]:
        """Items per class, in the order of ``labels``."""
        found = Counter(item.label for item in self.items)
        return {label: found[label] for label in self.labels}

    @property
    def fingerprint(self) -> str:
        """sha256 over what the items are (paths relative to ``root``, labels, times, groups), not over their sound.

        Where there are words or descriptors alone, it is also over these.
        """
        facts = [
            [self._told(item.path), item.label, item.start_s, item.end_s, self._told(Path(item.track)), item.artist]
            + ([] if item.sound else [item.lyrics])
            + ([[list(self.columns), list(item.row)]] if item.row else [])
            for item in self.items
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def groups(self, by: str = "track") -> tuple[str, ...]:
        """The group of each item.

        Parameters
        ----------
        by : "track" or "artist".

        Raises
        ------
        SettingError
            If ``by`` is something else, or the artist of some item is not known.
        """
        if by == "track":
            return tuple(item.track for item in self.items)
        if by != "artist":
            raise SettingError(f"unknown group {by!r}", remedy="Use track or artist", where="by")
        missing = [item for item in self.items if item.artist is None]
        if missing:
            raise SettingError(
                f"{len(missing)} of {len(self.items)} items have no artist, the first is {self._told(missing[0].path)}",
                remedy="Give a manifest with a column artist, or split by track (which a column group names as well)",
                where=self.name,
            )
        return tuple(str(item.artist) for item in self.items)

    def subset(self, indices: Sequence[int]) -> Dataset:
        """Only the items at those places, in that order."""
        return replace(self, items=tuple(self.items[index] for index in indices))

    def _told(self, path: Path) -> str:
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()
