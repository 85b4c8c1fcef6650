"""Descriptors of rhythm: onsets, tempo, and how clear the pulse is; librosa's definitions."""

from __future__ import annotations

import numpy as np
import torch
from scipy.signal import get_window
from torch import Tensor

from earmark.features.descriptors.analysis import HOP, N_FFT, RATE, Analysis
from earmark.features.framed import power_of

_TEMPOGRAM_S = 8.0
_START_BPM = 120.0
_MAX_BPM = 320.0


def onset_strength(analysis: Analysis) -> Tensor:
    """Mean rise of the mel bands from frame to frame, dB, ``(B, 1, frames)`` (``librosa.onset.onset_strength``)."""
    rise = analysis.mel_db.diff(dim=-1).clamp(min=0).mean(-2, keepdim=True)
    frames = analysis.mel_db.shape[-1]
    return torch.nn.functional.pad(rise, (1 + N_FFT // (2 * HOP), 0))[..., :frames]


def periodicity(onsets: Tensor) -> Tensor:
    """Mean autocorrelation ``(B, lags)`` of windows of 8 s, each divided by its largest value.

    The mean over time of ``librosa.feature.tempogram``; ``onsets`` is ``(B, 1, frames)``.
    """
    length = int(_TEMPOGRAM_S * RATE / HOP)
    half = length // 2
    ramped = np.pad(onsets[:, 0].numpy(), ((0, 0), (half, half)), mode="linear_ramp", end_values=0)
    window = torch.from_numpy(get_window("hann", length).astype(np.float32))
    means = []
    for clip in torch.from_numpy(ramped).unfold(-1, length, 1)[:, : onsets.shape[-1]]:
        windows = clip * window
        # 720 ≥ 2 · 344 − 1: no lag wraps around, and it transforms quickly. The largest value is that of lag 0, the
        # energy; and the mean of the autocorrelations is the autocorrelation of the mean.
        energy = windows.square().sum(-1)
        weights = 1 / torch.where(energy < 1e-30, torch.ones_like(energy), energy)
        means.append(weights @ power_of(torch.fft.rfft(windows, 720)) / len(windows))
    related: Tensor = torch.fft.irfft(torch.stack(means), 720)[..., :length]
    return related


def tempo_bpm(related: Tensor) -> Tensor:
    """Beats per minute ``(B,)`` of a periodicity (``librosa.feature.tempo``).

    The lag with the strongest autocorrelation, under a prior that falls off by octaves from 120 beats per minute, among
    those slower than 320.
    """
    bpm = 60.0 * RATE / HOP / np.arange(1, related.shape[-1])
    prior = -0.5 * np.log2(bpm / _START_BPM) ** 2
    prior[bpm >= _MAX_BPM] = -np.inf
    best = np.argmax(np.log1p(1e6 * related.double().numpy()[:, 1:].clip(min=0)) + prior, axis=-1)
    return torch.from_numpy(bpm[best])


def pulse_clarity(related: Tensor) -> Tensor:
    """Strongest periodicity ``(B,)`` between 30 and 320 beats per minute, 0 to 1."""
    bpm = 60.0 * RATE / HOP / np.arange(1, related.shape[-1])
    return related[:, 1:][:, torch.from_numpy((bpm >= 30) & (bpm < _MAX_BPM))].amax(-1)


def onset_rate_hz(onsets: Tensor, seconds: float) -> Tensor:
    """Onsets per second ``(B,)``, as ``librosa.onset.onset_detect`` picks them."""
    import librosa

    from earmark.features.compiled import librosa_ready

    librosa_ready()
    counts = [
        len(librosa.onset.onset_detect(onset_envelope=row, sr=RATE, hop_length=HOP)) if row.any() else 0
        for row in onsets[:, 0].numpy()
    ]
    return torch.tensor(counts, dtype=torch.float64) / seconds
