"""What a planted case is: labelled sounds of which it is known what tells the label.

Every sound is ``background + evidence``, sample by sample. The background says nothing about the label, the evidence
says all, and where it lies is known in seconds, Hz or as a stem. Waveforms are mono; times are seconds, frequencies Hz.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.errors import SettingError
from earmark.metrics.planted.catalogue import PLANTED

RATE = 16000
DURATION_S = 2.0
SAMPLES = round(RATE * DURATION_S)

Part = Literal["training", "held_out", "explained"]
PARTS: tuple[Part, ...] = ("training", "held_out", "explained")
Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """A place where the label can be told from. What is None is no bound.

    Parameters
    ----------
    start_s, end_s : seconds.
    low_hz, high_hz : Hz.
    stem : name of the stem.
    """

    start_s: float | None = None
    end_s: float | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    stem: str | None = None


@dataclass(frozen=True, eq=False)
class PlantedClip:
    """A labelled sound and its truth.

    Parameters
    ----------
    label : its class.
    background : what says nothing about the label, ``(1, samples)``.
    evidence : what says it all; ``background + evidence`` is the sound.
    places : where the evidence lies; empty where the label is told by what is missing.
    stems : names and sounds of the stems that sum to the sound, where it is a mixture.
    """

    label: str
    background: Clip
    evidence: Clip
    places: tuple[Evidence, ...]
    stems: tuple[tuple[str, Clip], ...] = ()

    @cached_property
    def clip(self) -> Clip:
        """The sound itself."""
        return Clip(self.background.waveform + self.evidence.waveform, self.background.sample_rate)


@dataclass(frozen=True)
class Sources:
    """What a case may be made from besides arithmetic.

    Parameters
    ----------
    scorebook : folder of a data set scorebook whose stems are mixed; None for the demo track's.
    """

    scorebook: Path | None = None


class Case(Protocol):
    """A way to plant; frozen, made from ``Sources``."""

    name: ClassVar[str]
    labels: ClassVar[tuple[str, ...]]
    # Labels whose sounds hold evidence (of the others it is what is missing).
    explained: ClassVar[tuple[str, ...]]
    # Kinds of components that can be right or wrong about it.
    kinds: ClassVar[tuple[str, ...]]
    # The probe of ``earmark.metrics.shortcuts`` that must find it out; None where the evidence is content.
    shortcut: ClassVar[str | None]
    listener: ClassVar[Literal["detector", "network"]]

    def __init__(self, sources: Sources) -> None: ...

    def draw(self, label: str, rng: np.random.Generator) -> PlantedClip:
        """One sound of a label."""
        ...


@dataclass(frozen=True, eq=False)
class PlantedSet:
    """Sounds of one case.

    Parameters
    ----------
    name : of the case.
    labels : its classes.
    clips : the sounds, label after label in turn.
    shortcut : the probe that must find it out, where the evidence is none that a good model listens to; else None.
    """

    name: str
    labels: tuple[str, ...]
    clips: tuple[PlantedClip, ...] = field(repr=False)
    shortcut: str | None


def planted_case(
    name: str, *, seed: int = 0, n: int = 12, part: Part = "held_out", sources: Sources | None = None
) -> PlantedSet:
    """Sounds of a planted case. The same seed gives the same sounds, whatever ``n`` is.

    Parameters
    ----------
    name : in ``PLANTED``.
    seed : of every random draw.
    n : how many sounds.
    part : "training", "held_out" or "explained": three lots of draws of their own. The music under ``stem`` is cut from
        the same pieces for all of them, and says nothing about the label.
    sources : what it is made from; by default nothing outside the package.

    Raises
    ------
    UnknownNameError
        If there is no such case.
    SettingError
        If ``n`` is below 1 or there is no such part.

    Examples
    --------
    >>> one = planted_case("noiseless", seed=1, n=1).clips[0]
    >>> one.label, one.clip.duration_s, one.places[0].end_s - one.places[0].start_s
    ('low', 2.0, 0.25)
    """
    if n < 1:
        raise SettingError(f"{n} sounds", remedy="Ask for 1 or more", where="n")
    if part not in PARTS:
        raise SettingError(f"unknown part {part!r}", remedy=f"Use {', '.join(PARTS)}", where="part")
    case = PLANTED.get(name)(sources if sources is not None else Sources())
    labels = case.explained if part == "explained" else case.labels
    number = PLANTED.names().index(name)
    clips = []
    for index in range(n):
        rng = np.random.default_rng([seed, number, PARTS.index(part), index])
        clips.append(case.draw(labels[index % len(labels)], rng))
    return PlantedSet(name, case.labels, tuple(clips), case.shortcut)
