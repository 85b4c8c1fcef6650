"""Noise for clips, at a signal-to-noise ratio: made up from a seed, or a sound of the user's.

Ratios are of the root mean squares over the whole clip, at its own rate and channels. The usual 3.52 dB is
20 log₁₀(.6/.4): published mixtures are .6 · signal + .4 · noise after both were divided by their root mean square.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.audio.read import read
from earmark.errors import AudioError, SettingError
from earmark.explain.game import Floats

SNR_DB = round(20 * math.log10(0.6 / 0.4), 2)
CLEAN = "clean"

_MAINS_HZ = 50.0
_ROOM_HZ = 400.0
_HUM_DB = -6.0
_BURSTS_PER_S = 2.0
_DECAY_S = 0.06


def white(samples: int, rate: int, rng: np.random.Generator) -> Floats:
    """Normal noise, equally strong at all frequencies, ``(samples,)``."""
    return rng.standard_normal(samples)


def room(samples: int, rate: int, rng: np.random.Generator) -> Floats:
    """Room tone, ``(samples,)``: steady noise that falls by 12 dB an octave above 400 Hz, and the hum of 50 Hz mains.

    The hum (50, 100, 150, 200, 250 Hz, each 6 dB below the one before) is 6 dB weaker than the noise.
    """
    corner = min(_ROOM_HZ, 0.45 * rate)
    # The filter needs a moment to settle: what comes before the clip is thrown away.
    settle = round(0.05 * rate)
    steady = sosfilt(butter(2, corner, fs=rate, output="sos"), rng.standard_normal(settle + samples))[settle:]
    time_s = np.arange(samples) / rate
    hum = np.zeros(samples)
    for harmonic, phase in enumerate(rng.uniform(0, 2 * np.pi, 5), start=1):
        if harmonic * _MAINS_HZ < rate / 2:
            hum += 10 ** (-6.0 * (harmonic - 1) / 20) * np.sin(2 * np.pi * harmonic * _MAINS_HZ * time_s + phase)
    both: Floats = steady / _rms(steady) + 10 ** (_HUM_DB / 20) * hum / _rms(hum)
    return both


def sharp(samples: int, rate: int, rng: np.random.Generator) -> Floats:
    """A sharp interfering sound, ``(samples,)``: about two bursts a second, at least one, each a crack that rings.

    A burst sets in within a sample, rings at a frequency between 1 and 4 kHz, and falls by 60 dB within 0.4 s.
    """
    sound = np.zeros(samples)
    bursts = max(1, int(rng.poisson(_BURSTS_PER_S * samples / rate)))
    # The first one early enough to be heard in any clip.
    starts = np.append(rng.integers(0, max(1, samples // 2)), rng.integers(0, samples, bursts - 1))
    for start in np.sort(starts):
        length = min(samples - int(start), round(7 * _DECAY_S * rate))
        time_s = np.arange(length) / rate
        ring = np.sin(2 * np.pi * rng.uniform(1000, min(4000, 0.45 * rate)) * time_s + 0.5 * np.pi)
        crack = 0.5 * rng.standard_normal(length)
        sound[start : start + length] += rng.uniform(0.5, 1.0) * (ring + crack) * np.exp(-time_s / _DECAY_S)
    return sound


MADE: dict[str, Callable[[int, int, np.random.Generator], Floats]] = {"white": white, "room": room, "sharp": sharp}
NAMES = (CLEAN, *MADE)
"""What is known by name; anything else is a file."""


@dataclass(frozen=True)
class Noise:
    """One condition under which clips are explained.

    Parameters
    ----------
    name : "clean", "white", "room", "sharp", or the name of a file without its suffix.
    path : of the sound file; None for what is made up.
    sha256 : of the sound, so that an unfinished run knows it again.
    """

    name: str
    path: str | None = None
    sha256: str = ""


def noise_of(text: str) -> Noise:
    """The noise of that name, or the sound in that file.

    Raises
    ------
    AudioError
        If the file is no sound, or a silent one: there would be no signal-to-noise ratio.

    Examples
    --------
    >>> noise_of("white")
    Noise(name='white', path=None, sha256='')
    """
    if text in NAMES:
        return Noise(text)
    if not Path(text).exists():
        raise AudioError(
            "no such noise or file", remedy=f"Give {', '.join(NAMES)}, or the path of a sound file", where=text
        )
    clip = read(text)
    if not clip.waveform.any():
        raise _silent(text)
    return Noise(Path(text).stem, text, hashlib.sha256(clip.fingerprint.encode()).hexdigest())


class Mixer:
    """Adds one noise to clips; a file is read once, and converted once for each rate.

    Parameters
    ----------
    noise : what is added.
    snr_db : ratio of signal to noise, dB (root mean squares over the clip).
    seed : of what is made up, and of where in a file the noise begins.

    Raises
    ------
    SettingError
        If the ratio is not finite.
    """

    def __init__(self, noise: Noise, snr_db: float, seed: int) -> None:
        if not math.isfinite(snr_db):
            raise SettingError(f"a signal-to-noise ratio of {snr_db} dB", remedy="Give a finite one", where="snr")
        self.noise, self.snr_db, self._seed = noise, snr_db, seed
        self._files: dict[int, Clip] = {}

    def mix(self, clip: Clip, number: int) -> Clip:
        """The clip with the noise added; its own level stays. The clip itself where the noise is "clean".

        Parameters
        ----------
        clip : any rate and channels; each channel gets the same noise.
        number : of the clip: another one gets other noise.

        Raises
        ------
        AudioError
            If the clip, or the part of the noise that falls on it, is silent.

        Examples
        --------
        >>> tone = Clip(np.sin(np.arange(8000) / 5), 8000)
        >>> added = Mixer(Noise("white"), 20.0, seed=0).mix(tone, 0).waveform - tone.waveform
        >>> round(20 * float(np.log10(np.std(tone.waveform) / np.std(added))), 2)
        20.0
        """
        if not clip.waveform.any():
            raise AudioError(
                "the clip is silent: nothing in it can be kept or removed", remedy="Give a sound", where=clip.name
            )
        if self.noise.name == CLEAN and self.noise.path is None:
            return clip
        # The same for every condition that is made of the same clip.
        rng = np.random.default_rng([self._seed, number])
        if self.noise.path is None:
            added = MADE[self.noise.name](clip.samples, clip.sample_rate, rng)
        else:
            added = self._from_file(clip, rng)
        if not added.any():
            raise _silent(self.noise.path or self.noise.name)
        gain = _rms(clip.waveform) / _rms(added) * 10 ** (-self.snr_db / 20)
        return replace(clip, waveform=(clip.waveform + gain * added).astype(np.float32))

    def _from_file(self, clip: Clip, rng: np.random.Generator) -> Floats:
        rate = clip.sample_rate
        if rate not in self._files:
            self._files[rate] = resample(to_channels(read(str(self.noise.path)), 1), rate)
        sound = self._files[rate].waveform[0].astype(np.float64)
        # Longer ones begin anywhere, shorter ones are repeated.
        start = int(rng.integers(0, max(1, len(sound) - clip.samples + 1)))
        part: Floats = np.resize(sound[start:], clip.samples)
        return part


def _silent(where: str) -> AudioError:
    return AudioError(
        "the noise is silent, no signal-to-noise ratio can be set with it", remedy="Give a sound", where=where
    )


def _rms(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
