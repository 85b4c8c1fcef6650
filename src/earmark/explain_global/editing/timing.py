"""Edits of time: tempo and pitch by a phase vocoder (Laroche and Dolson 1999, in librosa), speed by resampling."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import soxr

from earmark.audio.clip import Clip
from earmark.errors import AudioError
from earmark.explain_global.editing.edit import number_between
from earmark.features.compiled import locked

_FRAME = 2048


@dataclass(frozen=True)
class Tempo:
    """Faster or slower at the same pitch; 1.25 is a quarter faster, so the clip becomes shorter."""

    name: ClassVar[str] = "tempo"
    unit: ClassVar[str] = "×"
    neutral: ClassVar[float] = 1.0
    strengths: ClassVar[tuple[float, ...]] = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)
    quality: ClassVar[str] = (
        "phase vocoder (librosa, frames of 2048 samples): pitch is kept, attacks are smeared over a frame and voices "
        "sound hollow, the more the further from 1"
    )

    @property
    def label(self) -> str:
        """ "tempo"."""
        return "tempo"

    def check(self, strength: float) -> None:
        """0.25 to 4."""
        number_between(strength, 0.25, 4, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip at that ratio of its tempo."""
        if strength == 1:
            return clip
        _long_enough(clip)
        _vocoder_ready()
        import librosa

        return replace(clip, waveform=librosa.effects.time_stretch(clip.waveform, rate=strength))


@dataclass(frozen=True)
class Pitch:
    """Higher or lower at the same tempo and length."""

    name: ClassVar[str] = "pitch"
    unit: ClassVar[str] = "semitones"
    neutral: ClassVar[float] = 0.0
    strengths: ClassVar[tuple[float, ...]] = (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0)
    quality: ClassVar[str] = (
        "phase vocoder and resampling (librosa, soxr): formants move with the pitch, attacks are smeared; what moves "
        "beyond half the sample rate is lost"
    )

    @property
    def label(self) -> str:
        """ "pitch"."""
        return "pitch"

    def check(self, strength: float) -> None:
        """−24 to 24 semitones."""
        number_between(strength, -24, 24, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip, so many semitones higher."""
        if strength == 0:
            return clip
        _long_enough(clip)
        _vocoder_ready()
        import librosa

        ratio = 2 ** (strength / 12)
        longer = librosa.effects.time_stretch(clip.waveform, rate=1 / ratio)
        shifted = soxr.resample(np.ascontiguousarray(longer.T), ratio, 1.0, quality="HQ").T
        return replace(clip, waveform=_of_length(shifted, clip.samples))


@dataclass(frozen=True)
class Speed:
    """Faster and higher, or slower and lower, like a tape: 1.25 is a quarter faster and 3.9 semitones up."""

    name: ClassVar[str] = "speed"
    unit: ClassVar[str] = "×"
    neutral: ClassVar[float] = 1.0
    strengths: ClassVar[tuple[float, ...]] = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)
    quality: ClassVar[str] = "band-limited resampling (soxr): no artefacts"

    @property
    def label(self) -> str:
        """ "speed"."""
        return "speed"

    def check(self, strength: float) -> None:
        """0.25 to 4."""
        number_between(strength, 0.25, 4, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip at that ratio of its speed."""
        if strength == 1:
            return clip
        done = soxr.resample(np.ascontiguousarray(clip.waveform.T), strength, 1.0, quality="HQ").T
        if done.shape[1] == 0:
            raise AudioError(f"{clip.samples} samples are too short for it", remedy="Use longer clips", where=clip.name)
        return replace(clip, waveform=done)


def _long_enough(clip: Clip) -> None:
    if clip.samples < _FRAME:
        raise AudioError(
            f"{clip.samples} samples are less than one frame of the phase vocoder ({_FRAME})",
            remedy="Use longer clips, or the edit speed",
            where=clip.name,
        )


def _of_length(
    waveform: np.ndarray[tuple[int, ...], np.dtype[np.float32]], samples: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Rounding makes it some samples longer or shorter."""
    short = samples - waveform.shape[1]
    return np.pad(waveform, ((0, 0), (0, short))) if short > 0 else waveform[:, :samples]


@functools.cache
def _vocoder_ready() -> None:
    """Compile or load librosa's compiled part, one process at a time."""
    import librosa

    with locked("librosa"):
        librosa.effects.time_stretch(np.zeros((1, 2 * _FRAME), dtype=np.float32), rate=1.5)
