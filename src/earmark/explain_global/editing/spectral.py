"""Edits of what lies where in frequency: gain of a band, low-pass and high-pass filter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal

from earmark.audio.clip import Clip
from earmark.components.band_masks import WINDOW_S
from earmark.errors import SettingError
from earmark.explain_global.editing.edit import number_between
from earmark.features.stft import bin_hz, frame_length, istft, stft

# A filter run forwards and backwards has twice its slope and no delay: −6 dB at the cut, 48 dB an octave beyond it.
_ORDER = 4
_HZ = (1.0, 1e6)


@dataclass(frozen=True)
class BandGain:
    """Gain of a band of frequencies.

    Parameters
    ----------
    low_hz, high_hz : edges of the band; each is a slope of a third of an octave, on which the gain in dB is linear
        in the logarithm of frequency.

    Raises
    ------
    SettingError
        If the band is empty.
    """

    name: ClassVar[str] = "gain"
    unit: ClassVar[str] = "dB"
    neutral: ClassVar[float] = 0.0
    strengths: ClassVar[tuple[float, ...]] = (-24.0, -12.0, -6.0, 0.0, 6.0, 12.0)
    quality: ClassVar[str] = "on the complex spectrum (64 ms), phase kept; slopes of a third of an octave"

    low_hz: float = 250.0
    high_hz: float = 2000.0

    def __post_init__(self) -> None:
        if not 0 <= self.low_hz < self.high_hz:
            raise SettingError(
                f"no band lies between {self.low_hz:g} and {self.high_hz:g} Hz", remedy="Write LOW-HIGH", where="gain"
            )

    @classmethod
    def from_target(cls, target: str) -> BandGain:
        """From ``LOW-HIGH`` in Hz.

        Raises
        ------
        SettingError
            If these are no two frequencies.
        """
        low, _, high = target.partition("-")
        try:
            return cls(float(low), float(high))
        except ValueError:
            raise SettingError(
                f"{target!r} is no band", remedy="Write it as LOW-HIGH in Hz: gain:60-250", where="gain"
            ) from None

    @property
    def label(self) -> str:
        """ "gain 60–250 Hz"."""
        return f"gain {self.low_hz:g}–{self.high_hz:g} Hz"

    def check(self, strength: float) -> None:
        """−60 to 30 dB."""
        number_between(strength, -60, 30, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip with the band at that gain."""
        if strength == 0 or self.low_hz >= clip.sample_rate / 2:
            return clip
        n_fft = frame_length(clip.sample_rate, WINDOW_S)
        spectrum = stft(torch.from_numpy(clip.waveform.copy()), n_fft)
        factor = torch.from_numpy(10 ** (strength * self._share(bin_hz(n_fft, clip.sample_rate)) / 20)).float()
        return replace(clip, waveform=istft(spectrum * factor[:, None], n_fft, samples=clip.samples).numpy())

    def _share(self, hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 inside the band, 0 outside, half at its edges."""
        octaves = np.log2(np.maximum(hz, 1e-3))
        rise = np.ones(len(hz)) if self.low_hz == 0 else 0.5 + 3 * (octaves - math.log2(self.low_hz))
        fall = 0.5 + 3 * (math.log2(self.high_hz) - octaves)
        return np.asarray(np.clip(rise, 0, 1) * np.clip(fall, 0, 1))


@dataclass(frozen=True)
class Lowpass:
    """Only what lies below a frequency (Butterworth, run both ways). Infinite Hz changes nothing."""

    name: ClassVar[str] = "lowpass"
    unit: ClassVar[str] = "Hz"
    neutral: ClassVar[float] = math.inf
    strengths: ClassVar[tuple[float, ...]] = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, math.inf)
    quality: ClassVar[str] = "Butterworth run both ways: no delay, −6 dB at the cut, 48 dB an octave"

    @property
    def label(self) -> str:
        """ "low-pass filter"."""
        return "low-pass filter"

    def check(self, strength: float) -> None:
        """From 1 Hz."""
        if strength != self.neutral:
            number_between(strength, *_HZ, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip without what lies above; itself where nothing does."""
        return clip if strength >= clip.sample_rate / 2 else _filtered(clip, strength, "lowpass")


@dataclass(frozen=True)
class Highpass:
    """Only what lies above a frequency (Butterworth, run both ways). 0 Hz changes nothing."""

    name: ClassVar[str] = "highpass"
    unit: ClassVar[str] = "Hz"
    neutral: ClassVar[float] = 0.0
    strengths: ClassVar[tuple[float, ...]] = (0.0, 62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0)
    quality: ClassVar[str] = Lowpass.quality

    @property
    def label(self) -> str:
        """ "high-pass filter"."""
        return "high-pass filter"

    def check(self, strength: float) -> None:
        """From 1 Hz."""
        if strength != self.neutral:
            number_between(strength, *_HZ, self.name, self.unit)

    def apply(self, clip: Clip, strength: float, *, seed: int) -> Clip:
        """The clip without what lies below; silence where that is all of it."""
        if strength == 0:
            return clip
        if strength >= clip.sample_rate / 2:
            return replace(clip, waveform=np.zeros_like(clip.waveform))
        return _filtered(clip, strength, "highpass")


def _filtered(clip: Clip, hz: float, kind: str) -> Clip:
    sections = signal.butter(_ORDER, hz, kind, fs=clip.sample_rate, output="sos")
    # Long enough for the filter's ringing to end, and no longer than the clip.
    pad = min(clip.samples - 1, int(3 * clip.sample_rate / hz))
    done = signal.sosfiltfilt(sections, clip.waveform.astype(np.float64), axis=1, padlen=pad)
    return replace(clip, waveform=done.astype(np.float32))
