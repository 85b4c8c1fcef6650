"""What is measured of each sound when a data set is audited: level, silence, clipping, bandwidth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.clip import Clip

SILENT_DB = -60.0
# One below full scale of 16 bits.
_FULL_SCALE = 32766 / 32768
_RUN = 3
_N_FFT = 2048
_FRAME_S = 0.05
_FLOOR_DB = -80.0


@dataclass(frozen=True)
class SoundFacts:
    """A sound as it was measured.

    Parameters
    ----------
    duration_s : length.
    sample_rate : Hz.
    channels : number of channels.
    peak : largest sample, full scale is 1.
    level_db : root mean square over all samples and channels, dB of full scale; -inf for digital silence.
    silent_share : of frames of 50 ms under -60 dB.
    clipped_share : of samples that lie in runs of three or more at full scale.
    bandwidth_hz : highest frequency whose mean power is within 80 dB of the strongest.
    cutoff_hz : where the mean spectrum breaks off as low-pass filters of codecs and converters make it (by 20 dB or
        more within 1 kHz, nothing above); None where it does not.
    """

    duration_s: float
    sample_rate: int
    channels: int
    peak: float
    level_db: float
    silent_share: float
    clipped_share: float
    bandwidth_hz: float
    cutoff_hz: float | None


def measure(clip: Clip) -> SoundFacts:
    """Measure a clip.

    Examples
    --------
    >>> facts = measure(Clip(np.zeros((1, 8000), dtype=np.float32), 8000))
    >>> facts.level_db, facts.silent_share, facts.bandwidth_hz
    (-inf, 1.0, 0.0)
    """
    wave = clip.waveform.astype(np.float64)
    power = float(np.mean(wave**2))
    frequencies, spectrum_db = _mean_spectrum_db(wave.mean(axis=0), clip.sample_rate)
    heard = np.flatnonzero(spectrum_db > _FLOOR_DB) if power > 0 else np.zeros(0, int)
    return SoundFacts(
        duration_s=clip.duration_s,
        sample_rate=clip.sample_rate,
        channels=clip.channels,
        peak=float(np.abs(wave).max()),
        level_db=10 * float(np.log10(power)) if power > 0 else -np.inf,
        silent_share=_silent_share(wave, clip.sample_rate),
        clipped_share=_clipped_share(clip.waveform),
        bandwidth_hz=float(frequencies[heard[-1]]) if len(heard) else 0.0,
        cutoff_hz=_cutoff_hz(frequencies, spectrum_db) if power > 0 else None,
    )


def _silent_share(wave: NDArray[np.float64], sample_rate: int) -> float:
    frame = min(max(1, round(_FRAME_S * sample_rate)), wave.shape[1])
    whole = wave.shape[1] // frame
    power = (wave[:, : whole * frame] ** 2).reshape(len(wave), whole, frame).mean(axis=(0, 2))
    return float(np.mean(power < 10 ** (SILENT_DB / 10)))


def _clipped_share(wave: NDArray[np.float32]) -> float:
    full = np.abs(wave) >= _FULL_SCALE
    if wave.shape[1] < _RUN or not full.any():
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(full, _RUN, axis=1).all(axis=2)
    inside = np.zeros_like(full)
    for shift in range(_RUN):
        inside[:, shift : shift + windows.shape[1]] |= windows
    return float(inside.mean())


def _mean_spectrum_db(mono: NDArray[np.float64], sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in Hz and mean power in dB of the strongest, smoothed over five bins."""
    if len(mono) < _N_FFT:
        mono = np.pad(mono, (0, _N_FFT - len(mono)))
    frames = np.lib.stride_tricks.sliding_window_view(mono, _N_FFT)[:: _N_FFT // 2]
    # Blackman: side lobes of a loud bass must stay below what is looked for.
    power = np.mean(np.abs(np.fft.rfft(frames * np.blackman(_N_FFT), axis=1)) ** 2, axis=0)
    smooth = np.convolve(np.pad(power, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    frequencies = np.arange(len(power)) * sample_rate / _N_FFT
    top = smooth.max()
    return frequencies, 10 * np.log10(np.maximum(smooth, top * 1e-12) / top) if top > 0 else np.full(len(power), -120.0)


def _cutoff_hz(frequencies: NDArray[np.float64], level_db: NDArray[np.float64]) -> float | None:
    """The frequency with the steepest fall, if that is a filter's."""
    step = frequencies[1]
    reach, gap = max(2, round(500 / step)), max(1, round(150 / step))
    places = np.arange(reach + gap, len(level_db) - reach - gap)
    if not len(places):
        return None
    # Medians: a hum or a whistle is loud in a few bins, and what is above it is no less than what is below.
    around = np.median(np.lib.stride_tricks.sliding_window_view(level_db, reach), axis=1)
    below, above = around[places - gap - reach], around[places + gap]
    fall = below - above
    best = int(np.argmax(fall))
    place = places[best]
    nothing_above = level_db[place + gap + 1 :].max() < below[best] - 15
    heard_below = below[best] > _FLOOR_DB
    if fall[best] < 20 or not nothing_above or not heard_below or frequencies[place] < 2000:
        return None
    return float(frequencies[place])
