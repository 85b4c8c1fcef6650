"""Descriptors of harmony: chroma, tonal centroid, key strength, and how much of the sound is sustained tones."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from earmark.features.descriptors.analysis import N_FFT, RATE, TINY, Analysis, by_loudest
from earmark.features.descriptors.tuning import tuning

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Krumhansl & Kessler (1982), probe-tone ratings.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_WINDOW = 31
_EVERY = 4


@lru_cache(maxsize=128)
def chroma_bank(step: float) -> Tensor:
    """librosa's chroma filters ``(12, 1025)`` for a tuning in fractions of a semitone."""
    import librosa

    return torch.from_numpy(librosa.filters.chroma(sr=RATE, n_fft=N_FFT, tuning=step).astype(np.float32))


def chroma(analysis: Analysis) -> Tensor:
    """Strength of the twelve pitch classes, C first, ``(B, 12, frames)``, the strongest of a frame being 1.

    As ``librosa.feature.chroma_stft``, the tuning estimated clip by clip.
    """
    banks = torch.stack([chroma_bank(step) for step in tuning(analysis)])
    return by_loudest(banks @ analysis.power)


def tonnetz(chroma_rows: Tensor) -> Tensor:
    """Tonal centroid ``(B, 6, frames)`` of chroma (Harte et al. 2006; ``librosa.feature.tonnetz(chroma=…)``)."""
    angles = np.multiply.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12.0))
    angles[::2] -= 0.5
    radii = np.array([1, 1, 1, 1, 0.5, 0.5])[:, None]
    bank = torch.from_numpy((radii * np.cos(np.pi * angles)).astype(np.float32))
    total = chroma_rows.abs().sum(-2, keepdim=True)
    return bank @ (chroma_rows / torch.where(total < TINY, torch.ones_like(total), total))


def key_strength(chroma_rows: Tensor, mode: str) -> Tensor:
    """Highest correlation ``(B,)`` of the mean chroma with the key profiles of a mode, "major" or "minor".

    Krumhansl & Kessler (1982). 0 where all pitch classes are equally strong, as in silence.
    """
    profile = np.array(_MAJOR if mode == "major" else _MINOR)
    keys = np.stack([np.roll(profile, tonic) for tonic in range(12)])
    keys = (keys - keys.mean(1, keepdims=True)) / keys.std(1, keepdims=True)
    heard = chroma_rows.double().mean(-1).numpy()
    heard = heard - heard.mean(1, keepdims=True)
    spread = heard.std(1, keepdims=True)
    found = heard / np.where(spread > 1e-9, spread, 1.0) @ keys.T / 12
    return torch.from_numpy(found.max(1))


def harmonic_ratio(analysis: Analysis) -> Tensor:
    """Share ``(B,)`` of the mel power in sustained tones, 0 to 1; the rest is percussive. 0.5 for silence.

    Median filtering (Fitzgerald 2010) with a soft mask, over 31 frames and 31 bands of the 128-band mel spectrogram:
    on mel bands and at every fourth frame for speed, so it is no number of ``librosa.decompose.hpss``.
    """
    half = _WINDOW // 2
    level = analysis.mel_power.sqrt()
    along = torch.nn.functional.pad(level, (half, half), mode="replicate").unfold(-1, _WINDOW, _EVERY)
    along = along.median(-1).values
    some = level[..., ::_EVERY]
    across = torch.nn.functional.pad(some.transpose(-1, -2), (half, half), mode="replicate")
    across = across.unfold(-1, _WINDOW, 1).median(-1).values.transpose(-1, -2)
    along, across = along.square(), across.square()
    mask = (along + TINY) / (along + across + 2 * TINY)
    weight = some.square() + TINY
    return (mask * weight).sum((-2, -1)) / weight.sum((-2, -1))
