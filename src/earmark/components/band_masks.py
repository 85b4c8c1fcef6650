"""Frequency bands: edges on the mel or octave scale, smooth masks on the STFT that sum to one, and layers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.components.component import Component
from earmark.errors import SettingError
from earmark.features.stft import bin_hz, frame_length, istft, stft

Spacing = Literal["mel", "octave"]

WINDOW_S = 0.064
OCTAVE_LOW_HZ = 62.5


def hz_to_mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Mel of Hz: 2595 log10(1 + f / 700) (O'Shaughnessy 1987)."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0))


def mel_to_hz(mel: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The inverse of ``hz_to_mel``."""
    return np.asarray(700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0))


def band_edges(
    clip: Clip, *, n: int, spacing: Spacing, low_hz: float | None, high_hz: float | None
) -> tuple[float, ...]:
    """The n + 1 edges of n bands in Hz: equal steps of mel, or of octaves, from ``low_hz`` to ``high_hz``.

    The outermost bands reach on to 0 Hz and to the clip's Nyquist frequency, so the first edge is 0 and the last is
    half the sample rate whatever ``low_hz`` and ``high_hz`` are.

    Raises
    ------
    SettingError
        If the range is empty or reaches beyond the Nyquist frequency.
    """
    nyquist = clip.sample_rate / 2
    low = (OCTAVE_LOW_HZ if spacing == "octave" else 0.0) if low_hz is None else low_hz
    high = nyquist if high_hz is None else high_hz
    if not 0 <= low < high <= nyquist:
        raise SettingError(
            f"bands from {low:g} to {high:g} Hz in a clip that holds 0 to {nyquist:g} Hz",
            remedy="Choose low_hz below high_hz, both inside",
            where=clip.name,
        )
    if spacing == "mel":
        inner = mel_to_hz(np.linspace(hz_to_mel(low), hz_to_mel(high), n + 1))[1:-1]
    else:
        inner = np.geomspace(low, high, n + 1)[1:-1]
    return (0.0, *(float(f) for f in inner), nyquist)


def fit_band_edges(edges_hz: Sequence[float], clip: Clip) -> tuple[float, ...]:
    """Given edges on this clip: the top band reaches to the clip's own Nyquist frequency.

    Raises
    ------
    SettingError
        If a cut lies at or above that frequency.
    """
    nyquist = clip.sample_rate / 2
    if edges_hz[0] != 0 or edges_hz[-2] >= nyquist:
        raise SettingError(
            f"band edges from {edges_hz[0]:g} Hz on, the last cut at {edges_hz[-2]:g} Hz; the clip ends at {nyquist:g}",
            remedy="Give all edges in Hz: 0 first, then the cuts below the Nyquist frequency, then the end",
            where=clip.name,
        )
    return (*edges_hz[:-1], nyquist)


def band_masks(edges_hz: Sequence[float], hz: NDArray[np.float64]) -> NDArray[np.float32]:
    """Gain of each band at each frequency, ``(bands, len(hz))``; at every frequency they sum to one.

    Around each cut the lower band hands over to the upper one along a raised cosine, one fifth of the narrower
    neighbour wide but at least two bins, so that no band rings.

    Raises
    ------
    SettingError
        If a band is narrower than two bins.
    """
    spacing_hz = hz[1] - hz[0]
    widths = np.diff(edges_hz)
    if widths.min() < 2 * spacing_hz:
        narrow = int(np.argmin(widths))
        raise SettingError(
            f"the band {edges_hz[narrow]:.1f}–{edges_hz[narrow + 1]:.1f} Hz is narrower than {2 * spacing_hz:.1f} Hz",
            remedy="Choose fewer bands, or spread them over a wider range",
            where="n",
        )
    # above[k]: how much of each frequency lies above edge k.
    above = np.ones((len(edges_hz), len(hz)))
    above[-1] = 0.0
    for k in range(1, len(edges_hz) - 1):
        width = max(2 * spacing_hz, min(widths[k - 1], widths[k]) / 5)
        position = np.clip((hz - edges_hz[k]) / width + 0.5, 0.0, 1.0)
        above[k] = 0.5 - 0.5 * np.cos(math.pi * position)
    masks: NDArray[np.float32] = (above[:-1] - above[1:]).astype(np.float32)
    return masks


def band_layers(clip: Clip, edges_hz: Sequence[float]) -> tuple[Tensor, tuple[Component, ...]]:
    """A clip as layers ``(bands, channels, samples)`` that sum to it, and what each is."""
    n_fft = frame_length(clip.sample_rate, WINDOW_S)
    spectrum = stft(torch.from_numpy(clip.waveform.copy()), n_fft)
    masks = torch.from_numpy(band_masks(edges_hz, bin_hz(n_fft, clip.sample_rate)))
    layers = [istft(spectrum * mask[:, None], n_fft, samples=clip.samples) for mask in masks]
    parts = [Component(low_hz=a, high_hz=b) for a, b in itertools.pairwise(edges_hz)]
    return torch.stack(layers), tuple(parts)


def check_spacing(spacing: str, low_hz: float | None, high_hz: float | None) -> None:
    """A known spacing, and frequencies that fit it.

    Raises
    ------
    SettingError
        If not.
    """
    if spacing not in ("mel", "octave"):
        raise SettingError(f"unknown spacing {spacing!r}", remedy="Choose 'mel' or 'octave'", where="spacing")
    for value, where in ((low_hz, "low_hz"), (high_hz, "high_hz")):
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
            raise SettingError(f"{value!r} Hz", remedy="Give a frequency in Hz", where=where)
    if spacing == "octave" and low_hz == 0:
        raise SettingError("octaves cannot start at 0 Hz", remedy="Give low_hz above 0, e.g. 62.5", where="low_hz")
