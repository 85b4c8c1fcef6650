"""Mixing spectra instead of sound: spectrograms of masks with and without a Fourier transform per mask."""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import peer
from benchmarks.networks import BATCH
from benchmarks.record import Benchmark, Row, ratios
from benchmarks.stems import RATE, stems_by_time
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.components.spectral import SpectralRenderer
from earmark.features.mel import LogMel

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Settings:
    """Seconds of the demo track, segments of time, masks of ours and of librosa, rounds."""

    seconds: float
    segments: int
    masks: int
    librosa_masks: int
    rounds: int


FULL, TINY = Settings(30.0, 10, 512, 32, 3), Settings(4.0, 3, 16, 4, 1)


def run(settings: Settings) -> Benchmark:
    """Time per mask, and how far the two ways are apart."""
    cut = stems_by_time(settings.seconds, settings.segments)
    mel = LogMel(sample_rate=RATE)
    masks: Bools = np.random.default_rng(0).random((settings.masks, cut.n)) < 0.5
    stems = cut.render(np.eye(cut.n)).numpy()[:, 0]

    def by_batches(render: object, rows: Bools) -> None:
        for start in range(0, len(rows), BATCH):
            render(rows[start : start + BATCH])  # type: ignore[operator]

    def tables() -> None:
        with torch.inference_mode():
            renderer = SpectralRenderer(cut, mel)  # setting it up is part of the price
            by_batches(renderer.render, masks)

    def sound() -> None:
        with torch.inference_mode():
            by_batches(lambda rows: mel(cut.render(rows)), masks)

    def by_librosa() -> None:
        for mask in masks[: settings.librosa_masks]:
            power = librosa.feature.melspectrogram(
                y=stems[mask].sum(axis=0), sr=RATE, n_fft=512, hop_length=256, n_mels=96
            )
            np.log10(10000 * power + 1)

    renderer = SpectralRenderer(cut, mel)
    with torch.inference_mode():
        apart = (renderer.render(masks[:BATCH]) - mel(cut.render(masks[:BATCH]))).abs()
    by_librosa()
    watch = Stopwatch()
    laps = interleaved({"tables": tables, "sound": sound, "librosa": by_librosa}, settings.rounds, watch)
    each = {
        "tables": [s / settings.masks for s in seconds(laps["tables"])],
        "sound": [s / settings.masks for s in seconds(laps["sound"])],
        "librosa": [s / settings.librosa_masks for s in seconds(laps["librosa"])],
    }
    setup = (
        f"{settings.seconds:g} s of the demo track at {RATE} Hz, 4 stems × {settings.segments} segments, log-mel of "
        f"musicnn (512 / 256, 96 bands), {settings.masks} masks in batches of {BATCH}; the time to compute the "
        "components' spectra and tables is counted in. librosa: sum of the components that are on, then "
        f"melspectrogram, mask by mask ({settings.librosa_masks} masks)."
    )
    rows = (
        Row(
            "front end on rendered sound ÷ tables of spectra", "×", ratios(each["sound"], each["tables"]), at_least=5.0
        ),
        Row(f"{peer('librosa', 'mask by mask')} ÷ tables of spectra", "×", ratios(each["librosa"], each["tables"])),
        Row("earmark, tables of spectra, per mask", "ms", tuple(1000 * s for s in each["tables"])),
        Row("earmark, front end on rendered sound, per mask", "ms", tuple(1000 * s for s in each["sound"])),
        Row("largest difference between the two", "log10(10000 · mel power + 1)", (float(apart.max()),), at_most=2e-3),
        Row("mean difference between the two", "log10(10000 · mel power + 1)", (float(apart.mean()),), at_most=2e-5),
    )
    return Benchmark("linearity", "Mixing spectra instead of sound", setup, rows)
