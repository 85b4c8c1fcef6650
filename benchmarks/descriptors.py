"""Descriptors of 30 s of sound, beside librosa called feature by feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import peer
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.audio.convert import resample, to_channels
from earmark.audio.demo import demo_track
from earmark.features.compiled import librosa_ready
from earmark.features.descriptors import describe_waveforms

RATE = 22050
TARGET = 10.0


@dataclass(frozen=True)
class Settings:
    """Length of the sound, sounds, and rounds."""

    length_s: float
    clips: int
    rounds: int


FULL, TINY = Settings(30.0, 4, 5), Settings(3.0, 1, 1)


def run(settings: Settings) -> Benchmark:
    """Seconds of librosa over seconds of earmark, for the 89 columns and for all that both have."""
    librosa_ready()
    track = resample(to_channels(demo_track(RATE).clip, 1), RATE).waveform[0]
    length = int(RATE * settings.length_s)
    # The same music, each time from another place.
    sounds = [np.roll(track, n * RATE)[:length].copy() for n in range(settings.clips)]

    def ours(set_name: str) -> Callable[[], object]:
        return lambda: describe_waveforms(torch.from_numpy(np.stack(sounds)), RATE, set_name)

    calls = {
        "reference-89": ours("reference-89"),
        "librosa 89": lambda: [_reference(sound) for sound in sounds],
        "full": ours("full"),
        "librosa full": lambda: [_full(sound) for sound in sounds],
    }
    for call in calls.values():
        call()  # filters are made, and compiled functions loaded, before anything is measured
    laps = interleaved(calls, settings.rounds, Stopwatch())
    small = ratios(seconds(laps["librosa 89"]), seconds(laps["reference-89"]))
    large = ratios(seconds(laps["librosa full"]), seconds(laps["full"]))
    each = 1000 / settings.clips
    return Benchmark(
        "descriptors",
        "Descriptors beside librosa, feature by feature",
        f"{settings.clips} sounds of {settings.length_s:g} s at {RATE} Hz, in memory. librosa is called once for each "
        "feature, on the waveform, as tutorials do; every call transforms the sound again. In the second comparison "
        "that also is hpss for the harmonic share, which earmark estimates on mel bands, and tonnetz with its own "
        "constant-Q chroma, where earmark uses the chroma that are there already; earmark moreover computes 40 mel "
        "bands, percentiles, key strength and loudness range, which librosa is not asked for.",
        (
            Row(f"{peer('librosa', '')}÷ earmark, the 89 columns", "×", small, at_least=TARGET),
            Row(f"{peer('librosa', '')}÷ earmark, the full set", "×", large, at_least=TARGET),
            Row("earmark, the 89 columns, one sound", "ms", tuple(each * s for s in seconds(laps["reference-89"]))),
            Row("earmark, the full set, one sound", "ms", tuple(each * s for s in seconds(laps["full"]))),
        ),
    )


def _reference(sound: NDArray[np.float32]) -> None:
    librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=30)
    librosa.feature.chroma_stft(y=sound, sr=RATE)
    librosa.feature.tempo(y=sound, sr=RATE)
    librosa.feature.zero_crossing_rate(sound)
    librosa.feature.spectral_rolloff(y=sound, sr=RATE)


def _full(sound: NDArray[np.float32]) -> None:
    _reference(sound)
    librosa.feature.spectral_centroid(y=sound, sr=RATE)
    librosa.feature.spectral_bandwidth(y=sound, sr=RATE)
    librosa.feature.spectral_contrast(y=sound, sr=RATE)
    librosa.feature.spectral_flatness(y=sound)
    librosa.feature.rms(y=sound)
    librosa.feature.tonnetz(y=sound, sr=RATE)
    librosa.feature.delta(librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=30))
    librosa.onset.onset_strength(y=sound, sr=RATE)
    librosa.onset.onset_detect(y=sound, sr=RATE)
    librosa.effects.hpss(sound)
