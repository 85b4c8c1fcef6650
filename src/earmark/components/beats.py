"""Components that are groups of beats, or of onsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.components.edges import fit_edges
from earmark.components.layered import Layered
from earmark.components.settings import check_count, check_cut, floats
from earmark.components.time import segments_of
from earmark.errors import AudioError, SettingError
from earmark.features.compiled import librosa_ready

RATE = 22050
# Closer cuts than these are one musical event, and shorter than what a frame of a classifier resolves.
LEAST_S = 0.1


@dataclass(frozen=True)
class Beats:
    """Cut in time where the music itself has its joints: at every ``every``-th tracked beat or detected onset.

    Beats by dynamic programming (Ellis 2007), onsets by peaks of spectral flux (Böck, Krebs & Schedl 2012), both as
    librosa does them, on the mean of the channels at 22.05 kHz. Cuts less than 0.1 s apart, or from either end, are
    left out. The first call after an installation compiles librosa's code, which takes some ten seconds.

    Parameters
    ----------
    at : "beats" or "onsets".
    every : how many beats (onsets) make a component.
    fill : registered name of what takes the place of what is off.
    fade_s : length of the cross-fade centred at each cut, in seconds.
    edges_s : all edges in seconds, as found before, instead.

    Raises
    ------
    SettingError
        If a setting is out of range.
    """

    name: ClassVar[str] = "beats"

    at: Literal["beats", "onsets"] = "beats"
    every: int = 4
    fill: str = "silence"
    fade_s: float = 0.008
    edges_s: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.at not in ("beats", "onsets"):
            raise SettingError(f"cannot cut at {self.at!r}", remedy="Choose 'beats' or 'onsets'", where="at")
        check_count(self.every, "every")
        check_cut(self.fill, self.fade_s)
        object.__setattr__(self, "edges_s", floats(self.edges_s, "edges_s"))

    def build(self, clip: Clip, *, snap_s: Sequence[float] | None = None, seed: int = 0) -> Layered:
        """Cut the clip. Cuts stay where the music has them: ``snap_s`` changes nothing.

        Raises
        ------
        AudioError
            If the clip has too few beats (onsets) for a single cut.
        """
        if self.edges_s is not None:
            edges = fit_edges(self.edges_s, clip)
        else:
            found = cuts_from(beat_times(clip, self.at), self.every, clip.duration_s, max(LEAST_S, self.fade_s))
            if not found:
                raise AudioError(
                    f"no {self.at} to cut at", remedy="Use components 'time' for this clip", where=clip.name
                )
            edges = (0.0, *found, clip.duration_s)
        return segments_of(replace(self, edges_s=edges), clip, edges, self.fade_s, self.fill, seed)


def beat_times(clip: Clip, at: Literal["beats", "onsets"]) -> NDArray[np.float64]:
    """Times of beats or onsets in seconds, ascending."""
    import librosa

    mono = resample(to_channels(clip, 1), RATE).waveform[0]
    if not mono.any():
        return np.zeros(0)
    librosa_ready()
    if at == "beats":
        times = librosa.beat.beat_track(y=mono, sr=RATE, units="time")[1]
    else:
        # An onset is reported at its peak; the cut belongs before it.
        times = librosa.onset.onset_detect(y=mono, sr=RATE, units="time", backtrack=True)
    return np.asarray(times, dtype=np.float64)


def cuts_from(times: NDArray[np.float64], every: int, duration_s: float, least_s: float) -> tuple[float, ...]:
    """Every so many of the times, without those nearer than ``least_s`` to the one before or to either end.

    Examples
    --------
    >>> cuts_from(np.array([0.02, 0.5, 0.55, 1.0, 1.5, 1.95]), 2, 2.0, 0.1)
    (0.5, 1.5)
    """
    kept: list[float] = []
    last = 0.0
    for time in times:
        if time - last >= least_s and duration_s - time >= least_s:
            kept.append(float(time))
            last = float(time)
    return tuple(kept[::every])
