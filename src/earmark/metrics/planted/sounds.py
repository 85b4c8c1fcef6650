"""What planted sounds are made of: tones, sweeps, noise. Waveforms ``(samples,)`` at ``RATE``, full scale ±1."""

from __future__ import annotations

import numpy as np

from earmark.audio.clip import Clip
from earmark.components.band_masks import hz_to_mel, mel_to_hz
from earmark.metrics.planted.case import DURATION_S, RATE, SAMPLES, Samples

BANDS = 8
SEGMENTS = 8
RAMP_S = 0.02


def band_hz(band: int) -> tuple[float, float]:
    """Edges in Hz of one of the ``BANDS`` bands that ``Bands(n=8)`` and ``Grid(n_bands=8)`` cut at ``RATE``."""
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(RATE / 2)), BANDS + 1))
    return float(edges[band]), float(edges[band + 1])


def hz_within(band: int, rng: np.random.Generator) -> float:
    """A frequency in the middle half of a band, evenly in mel."""
    low, high = (float(hz_to_mel(hz)) for hz in band_hz(band))
    return float(mel_to_hz(low + (high - low) * rng.uniform(0.25, 0.75)))


def amplitude(db: float) -> float:
    """Peak amplitude of a level in dB of full scale."""
    return float(10.0 ** (db / 20.0))


def burst(hz: float, start_s: float, end_s: float, level_db: float, rng: np.random.Generator) -> Samples:
    """A tone between two times, with ramps of 20 ms inside them: no click."""
    t = np.arange(SAMPLES) / RATE
    rise = np.clip(np.minimum(t - start_s, end_s - t) / RAMP_S, 0.0, 1.0)
    envelope = 0.5 - 0.5 * np.cos(np.pi * rise)
    tone: Samples = amplitude(level_db) * envelope * np.sin(2 * np.pi * (hz * t + rng.uniform()))
    return tone


def steady(hz: float, level_db: float, rng: np.random.Generator) -> Samples:
    """A tone from beginning to end."""
    return burst(hz, -1.0, DURATION_S + 1.0, level_db, rng)


def sweep(
    first_hz: float, last_hz: float, start_s: float, end_s: float, level_db: float, rng: np.random.Generator
) -> Samples:
    """A tone whose frequency moves from one value to another, evenly in log Hz."""
    t = np.arange(SAMPLES) / RATE
    along = np.clip((t - start_s) / (end_s - start_s), 0.0, 1.0)
    hz = first_hz * (last_hz / first_hz) ** along
    rise = np.clip(np.minimum(t - start_s, end_s - t) / RAMP_S, 0.0, 1.0)
    envelope = 0.5 - 0.5 * np.cos(np.pi * rise)
    phase = 2 * np.pi * (np.cumsum(hz) / RATE + rng.uniform())
    tone: Samples = amplitude(level_db) * envelope * np.sin(phase)
    return tone


def noise(rms_db: float, rng: np.random.Generator, *, slope: float = 0.5) -> Samples:
    """Gaussian noise, amplitude ∝ 1 / fˢˡᵒᵖᵉ above 50 Hz (0.5: pink), at an rms level in dB of full scale."""
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
    hz = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    spectrum *= np.maximum(hz, 50.0) ** -slope
    sound = np.fft.irfft(spectrum, SAMPLES)
    scaled: Samples = sound / np.sqrt(np.mean(sound**2)) * amplitude(rms_db)
    return scaled


def as_clip(sound: Samples) -> Clip:
    """A mono clip at ``RATE``."""
    return Clip(sound.astype(np.float32), RATE)
