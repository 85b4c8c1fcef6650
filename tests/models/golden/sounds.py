"""Three short synthetic sounds, the same on every machine up to rounding, for golden taggrams.

Each function returns seven seconds of mono float32 sound in [-1, 1] at 16 kHz: enough for
two full patches of 187 mel frames. They are made with numpy only, so that no sound file has
to be kept: the taggrams next to this file belong to exactly these samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 16_000
SECONDS: Final = 7.0

Sound = npt.NDArray[np.float32]


def _time() -> npt.NDArray[np.float64]:
    """Return the moment of each sample, in seconds."""
    return np.arange(int(SAMPLE_RATE * SECONDS), dtype=np.float64) / SAMPLE_RATE


def beat_and_tremolo() -> Sound:
    """Return a tremolo of harmonics that changes its note each second, over a drum-like beat."""
    t = _time()
    notes = np.array([110.0, 110.0, 164.81, 146.83, 110.0, 196.0, 130.81])
    pitch = notes[np.minimum(t.astype(np.int64), notes.size - 1)]
    phase = 2.0 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    tone = np.zeros_like(t)
    for harmonic in range(1, 11):
        tone += np.sin(harmonic * phase) / harmonic
    tone *= 0.22 * (1.0 + 0.5 * np.sin(2.0 * np.pi * 6.0 * t))

    rng = np.random.Generator(np.random.PCG64(20_19))
    noise = rng.uniform(-1.0, 1.0, t.size)
    since_kick = t % 0.5
    kick = np.exp(-18.0 * since_kick) * np.sin(
        2.0 * np.pi * (50.0 * since_kick + 6.0 * (1.0 - np.exp(-30.0 * since_kick)))
    )
    hat = np.exp(-70.0 * ((t + 0.25) % 0.25)) * noise
    mix = tone + 0.55 * kick + 0.18 * hat
    return np.clip(mix, -1.0, 1.0).astype(np.float32)


def bursts_and_chirp() -> Sound:
    """Return bursts of noise, shaped in time and in frequency, with a rising chirp behind them."""
    t = _time()
    rng = np.random.Generator(np.random.PCG64(7_774))
    noise = rng.uniform(-1.0, 1.0, t.size)
    dull = np.convolve(noise, np.hanning(33) / np.hanning(33).sum(), mode="same")
    swing = 0.5 - 0.5 * np.cos(2.0 * np.pi * t / SECONDS)
    shaped = 2.0 * swing * dull + (1.0 - swing) * (noise - dull)
    gate = np.exp(-9.0 * (t % 0.375)) * (np.sin(2.0 * np.pi * t / 3.0) ** 2 + 0.2)
    low, high = 200.0, 6_000.0
    growth = np.log(high / low) / SECONDS
    chirp = np.sin(2.0 * np.pi * low * (np.exp(growth * t) - 1.0) / growth)
    mix: npt.NDArray[np.float64] = 0.6 * gate * shaped + 0.25 * chirp
    return np.clip(mix, -1.0, 1.0).astype(np.float32)


def quiet_chord() -> Sound:
    """Return a soft plucked chord, A minor then F major, with peaks 42 dB below full scale."""
    t = _time()
    chords = ((220.0, 261.63, 329.63, 440.0), (174.61, 220.0, 261.63, 349.23))
    mix = np.zeros_like(t)
    for index, chord in enumerate(chords):
        since = t - 3.5 * index
        for place, pitch in enumerate(chord):
            age = np.maximum(since - 0.12 * place, 0.0)
            last = (since < 3.5) & (since >= 0.12 * place)
            for harmonic in range(1, 6):
                fade = np.exp(-(0.6 + 0.5 * harmonic) * age)
                wave = np.sin(2.0 * np.pi * harmonic * pitch * age)
                mix += np.where(last, fade * wave / harmonic**2, 0.0)
    return np.clip(0.0025 * mix, -1.0, 1.0).astype(np.float32)


SOUNDS: Final[dict[str, Callable[[], Sound]]] = {
    "beat_and_tremolo": beat_and_tremolo,
    "bursts_and_chirp": bursts_and_chirp,
    "quiet_chord": quiet_chord,
}
