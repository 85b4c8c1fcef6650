"""Audit a data set: what in it is broken, twice, or tells the label by something else than the sound."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from earmark.audio.read import info
from earmark.data.confounds import Confound, confound, in_quarters
from earmark.data.dataset import Dataset, Problem
from earmark.data.duplicates import Duplicate, same_sounds
from earmark.data.fingerprint import NO_LANDMARKS, Landmarks, landmarks
from earmark.data.lyrics.leak_screen import LeakTable, leak_screen
from earmark.data.lyrics.tokens import folded
from earmark.data.read import read_item
from earmark.data.sound_facts import SoundFacts, measure
from earmark.data.split_lists import item_name
from earmark.errors import AudioError, SettingError

SCHEMA = 1
SILENT_SHARE = 0.95
CLIPPED_SHARE = 0.001


@dataclass(frozen=True)
class Entry:
    """One sound of the data set that could be read.

    Parameters
    ----------
    name : its path relative to the data set, with ``#t=start,end`` for a part.
    label, track, artist, split : as in the data set.
    format : of the file, in the decoder's words.
    facts : what was measured; None where there are descriptors only.
    """

    name: str
    label: str
    track: str
    artist: str | None = None
    split: str | None = None
    format: str = ""
    facts: SoundFacts | None = None


@dataclass(frozen=True)
class Audit:
    """What was found.

    Parameters
    ----------
    name, fingerprint : of the data set.
    entries : the sounds that could be read.
    problems : what the loader left out.
    corrupt : what it kept, but what cannot be read to its end.
    duplicates : places among ``entries``.
    confounds : properties of the files beside the label, the strongest bond first.
    shortest_s : below this a sound counts as too short, in seconds.
    seed : of the permutation tests.
    leaks : what in the lyrics tells the class without being sung; None where there are no lyrics.
    """

    name: str
    fingerprint: str
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = field(default=())
    corrupt: tuple[Problem, ...] = field(default=())
    duplicates: tuple[Duplicate, ...] = field(default=())
    confounds: tuple[Confound, ...] = field(default=())
    shortest_s: float = 0.0
    seed: int = 0
    leaks: LeakTable | None = None

    @property
    def silent(self) -> tuple[Entry, ...]:
        """Sounds of which 95 % or more is under -60 dB."""
        return self._where(lambda facts: facts.silent_share >= SILENT_SHARE)

    @property
    def clipped(self) -> tuple[Entry, ...]:
        """Sounds of which a thousandth or more of the samples is cut off at full scale."""
        return self._where(lambda facts: facts.clipped_share >= CLIPPED_SHARE)

    @property
    def short(self) -> tuple[Entry, ...]:
        """Sounds shorter than ``shortest_s``."""
        return self._where(lambda facts: facts.duration_s < self.shortest_s)

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Items and tracks of each class, in alphabetical order."""
        items = Counter(entry.label for entry in self.entries)
        tracks = Counter(label for label, _ in {(entry.label, entry.track) for entry in self.entries})
        return {label: (items[label], tracks[label]) for label in sorted(items)}

    @property
    def effective_classes(self) -> float:
        """Two to the entropy of the classes in bits: as many equal classes would be as hard to guess."""
        shares = [items / len(self.entries) for items, _ in self.counts.values()]
        return 2 ** -sum(share * math.log2(share) for share in shares) if shares else 0.0

    def crossing(self, pair: Duplicate) -> tuple[str, ...]:
        """Which borders lie between the two of a duplicate: "class", "track", "artist", "split"."""
        first, second = self.entries[pair.first], self.entries[pair.second]
        sides = {
            "class": (first.label, second.label),
            "track": (first.track, second.track),
            "artist": (first.artist, second.artist),
            "split": (first.split, second.split),
        }
        return tuple(name for name, (a, b) in sides.items() if a is not None and b is not None and a != b)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON (digital silence has the level null)."""
        entries = [asdict(entry) for entry in self.entries]
        for entry in entries:
            if entry["facts"] is not None and not math.isfinite(entry["facts"]["level_db"]):
                entry["facts"]["level_db"] = None
        return {
            "schema": SCHEMA,
            "name": self.name,
            "fingerprint": self.fingerprint,
            "shortest_s": self.shortest_s,
            "seed": self.seed,
            "classes": {label: {"items": i, "tracks": t} for label, (i, t) in self.counts.items()},
            "effective_classes": self.effective_classes,
            "problems": [asdict(problem) for problem in self.problems],
            "corrupt": [asdict(problem) for problem in self.corrupt],
            "silent": [entry.name for entry in self.silent],
            "clipped": [entry.name for entry in self.clipped],
            "short": [entry.name for entry in self.short],
            "duplicates": [
                {
                    "first": self.entries[pair.first].name,
                    "second": self.entries[pair.second].name,
                    "kind": pair.kind,
                    "likeness": pair.likeness,
                    "offset_s": pair.offset_s,
                    "across": list(self.crossing(pair)),
                }
                for pair in self.duplicates
            ],
            "confounds": [{**asdict(found), "alarming": found.alarming} for found in self.confounds],
            "leaks": None if self.leaks is None else [asdict(row) for row in self.leaks.rows],
            "entries": entries,
        }

    def _where(self, test: Callable[[SoundFacts], bool]) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.facts is not None and test(entry.facts))


def audit(
    dataset: Dataset,
    *,
    shortest_s: float | None = None,
    seed: int = 0,
    watch: Callable[[int, int], None] | None = None,
) -> Audit:
    """Listen to every sound of a data set.

    Parameters
    ----------
    dataset : its files are read whole, once.
    shortest_s : what is shorter counts as too short, in seconds; half the median length by default.
    seed : of the permutation tests.
    watch : told after each item how many are done, and of how many.

    Raises
    ------
    SettingError
        If ``shortest_s`` is negative.
    """
    if shortest_s is not None and not shortest_s >= 0:
        raise SettingError(f"{shortest_s!r} s is no length", remedy="Give 0 or more seconds", where="shortest_s")
    entries: list[Entry] = []
    corrupt: list[Problem] = []
    fingerprints: list[str] = []
    marks: list[Landmarks] = []
    for number, item in enumerate(dataset.items, start=1):
        name = item_name(dataset, item)
        if not item.sound:
            track = name if item.track == str(item.path) else item.track
            entries.append(Entry(name, item.label, track, item.artist, item.split))
            fingerprints.append(folded(item.lyrics) if item.lyrics else str(item.row))
            marks.append(NO_LANDMARKS)
        else:
            try:
                clip, form = read_item(item), info(item.path).format
            except AudioError as error:
                corrupt.append(Problem(name, error.fact))
            else:
                track = name.partition("#")[0] if item.track == str(item.path) else item.track
                entries.append(Entry(name, item.label, track, item.artist, item.split, form, measure(clip)))
                fingerprints.append(clip.fingerprint)
                marks.append(landmarks(clip))
        if watch is not None:
            watch(number, len(dataset.items))
    lengths = [entry.facts.duration_s for entry in entries if entry.facts is not None]
    if shortest_s is None:
        shortest_s = float(np.median(lengths)) / 2 if lengths else 0.0
    return Audit(
        dataset.name,
        dataset.fingerprint,
        tuple(entries),
        dataset.problems,
        tuple(corrupt),
        same_sounds(fingerprints, marks),
        _confounds(entries, seed),
        shortest_s,
        seed,
        _leaks(dataset),
    )


def _leaks(dataset: Dataset) -> LeakTable | None:
    told = [item for item in dataset.items if item.lyrics]
    if not told:
        return None
    # What stays together stands in for artists where these are not named.
    artists = [item.artist or item.track for item in told]
    return leak_screen([item.lyrics or "" for item in told], [item.label for item in told], artists)


def _confounds(entries: Sequence[Entry], seed: int) -> tuple[Confound, ...]:
    facts = [entry.facts for entry in entries if entry.facts is not None]
    if not facts or len({entry.label for entry in entries}) < 2:
        return ()
    properties: dict[str, Sequence[str]] = {
        "sample rate": [f"{fact.sample_rate} Hz" for fact in facts],
        "channels": [str(fact.channels) for fact in facts],
        "format": [entry.format for entry in entries],
        # What one encoder does varies a little.
        "cut-off": [f"{round(f.cutoff_hz / 1000)} kHz" if f.cutoff_hz is not None else "none" for f in facts],
        "bandwidth": in_quarters([fact.bandwidth_hz for fact in facts], "Hz"),
        "length": in_quarters([fact.duration_s for fact in facts], "s"),
        "level": in_quarters([fact.level_db for fact in facts], "dB"),
    }
    labels = [entry.label for entry in entries]
    tracks = [entry.track for entry in entries]
    found = [
        confound(name, values, labels, tracks=tracks, seed=seed)
        for name, values in properties.items()
        if len(set(values)) > 1
    ]
    return tuple(sorted(found, key=lambda one: -one.v))
