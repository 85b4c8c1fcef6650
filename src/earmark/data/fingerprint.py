"""Landmarks of a sound: pairs of spectral peaks, which survive another codec, level, or place of the cut.

After Wang, *An industrial-strength audio search algorithm* (ISMIR 2003): the strongest local maxima of a spectrogram
are joined to those shortly after; a pair is told by its two frequencies and the time between them. Two sounds that
share many pairs at one distance in time are the same recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels

RATE_HZ = 8000
N_FFT = 1024
HOP = 128  # 16 ms
PEAKS_PER_S = 16
_REACH_BINS, _REACH_FRAMES = 12, 8
_FAN_OUT = 5
_AHEAD_FRAMES = 120
_LOWEST_BIN = 10  # below about 80 Hz lie hum and rumble
# Peaks must stand out: 50 dB below the loudest is the end of what codecs keep.
_RANGE_DB = 50.0


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of one sound.

    Parameters
    ----------
    keys : what each is, int64; equal keys are equal pairs of peaks.
    frames : when each begins, in frames of 16 ms.
    """

    keys: NDArray[np.int64]
    frames: NDArray[np.int64]


NO_LANDMARKS = Landmarks(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def landmarks(clip: Clip) -> Landmarks:
    """The landmarks of a clip; none in silence.

    Examples
    --------
    >>> landmarks(Clip(np.zeros((1, 8000), dtype=np.float32), 8000)).keys.size
    0
    """
    mono = to_channels(clip, 1)
    wave = resample(mono, RATE_HZ).waveform[0] if clip.sample_rate != RATE_HZ else mono.waveform[0]
    if len(wave) < N_FFT:
        wave = np.pad(wave, (0, N_FFT - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, N_FFT)[::HOP]
    window = scipy.signal.get_window("hann", N_FFT).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    loudest = float(power.max())
    if loudest <= 0:
        return Landmarks(np.zeros(0, np.int64), np.zeros(0, np.int64))
    level = 10 * np.log10(np.maximum(power, loudest * 1e-9))
    return _pairs(*_peaks(level))


def _peaks(level: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames and bins of the strongest local maxima, in the order of time."""
    around = scipy.ndimage.maximum_filter(level, size=(2 * _REACH_FRAMES + 1, 2 * _REACH_BINS + 1), mode="nearest")
    is_peak = (level == around) & (level > level.max() - _RANGE_DB)
    is_peak[:, :_LOWEST_BIN] = False
    when, where = np.nonzero(is_peak)
    # As many for each second, so that a quiet beginning is told as well as a loud end.
    block = when * HOP // RATE_HZ
    order = np.lexsort((-level[when, where], block))
    first = np.searchsorted(block[order], block[order])
    kept = np.sort(order[np.arange(len(order)) - first < PEAKS_PER_S])
    return when[kept].astype(np.int64), where[kept].astype(np.int64)


def _pairs(when: NDArray[np.int64], where: NDArray[np.int64]) -> Landmarks:
    keys, starts = [], []
    for step in range(1, _FAN_OUT + 1):
        gap = when[step:] - when[:-step]
        use = (gap > 0) & (gap <= _AHEAD_FRAMES)
        keys.append(((where[:-step] << 20) | (where[step:] << 8) | gap)[use])
        starts.append(when[:-step][use])
    return Landmarks(np.concatenate(keys), np.concatenate(starts))
