"""What takes the place of a component that is switched off: silence, the layer's own median, or its noise floor.

A fill answers for one layer at a time: ``fill(layer, mixture, sample_rate, rng)`` with waveforms ``(channels,
samples)`` gives what is heard where that layer is off, or None for nothing. Magnitudes are linear; the frame is 64 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from earmark.components.catalogue import FILLS
from earmark.features.stft import frame_length, istft, stft

Fill = Callable[[Tensor, Tensor, int, np.random.Generator], Tensor | None]

WINDOW_S = 0.064
FLOOR_QUANTILE = 0.1


def silence(layer: Tensor, mixture: Tensor, sample_rate: int, rng: np.random.Generator) -> None:
    """Nothing: digital silence. The only fill for which kept and removed part add up to the clip."""
    return


def median(layer: Tensor, mixture: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """The layer's median magnitude over time in each frequency bin, with the phase of the mixture: a steady sound.

    Mishra, Benetos, Sturm & Dixon 2020 ("Reliable local explanations for machine listening") compare such
    content-aware replacements with silence. Where the mixture is digitally silent it has no phase, and the fill is
    silent too.
    """
    n_fft = frame_length(sample_rate, WINDOW_S)
    level = _quantile(stft(layer, n_fft).abs(), 0.5)
    return istft(level * torch.sgn(stft(mixture, n_fft)), n_fft, samples=layer.shape[-1])


def noise_floor(layer: Tensor, mixture: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """Gaussian noise, drawn from ``rng``, at the level that each frequency bin of the layer hardly ever falls below.

    The level is the 10th percentile of the magnitude over time, taken as that of stationary noise, whose magnitudes
    are Rayleigh distributed: rms = percentile / √(−ln 0.9). The compensation is that of minimum statistics (Martin
    2001, section V), for a quantile instead of a minimum: white noise is replaced by noise just as loud.
    """
    n_fft = frame_length(sample_rate, WINDOW_S)
    level = _quantile(stft(layer, n_fft).abs(), FLOOR_QUANTILE)
    rms = level / math.sqrt(-math.log(1 - FLOOR_QUANTILE))
    noise = torch.from_numpy(rng.standard_normal(tuple(layer.shape), dtype=np.float32))
    # Unit white noise has an rms magnitude of √(Σ window²) = √(3/8 n_fft) in every bin.
    spectrum = stft(noise, n_fft) / math.sqrt(3 / 8 * n_fft)
    return istft(rms * spectrum, n_fft, samples=layer.shape[-1])


def fill_layers(name: str, layers: Tensor, mixture: Tensor, sample_rate: int, seed: int) -> Tensor | None:
    """The fill of each of ``layers (J, channels, samples)``, same shape; None where the fill is silence.

    Raises
    ------
    UnknownNameError
        If no fill has that name.
    """
    fill = FILLS.get(name)
    filled = []
    for index, layer in enumerate(layers):
        sound = fill(layer, mixture, sample_rate, np.random.default_rng([seed, index]))
        if sound is None:
            return None
        filled.append(sound)
    return torch.stack(filled)


def _quantile(magnitudes: Tensor, q: float) -> Tensor:
    # By numpy: torch.quantile refuses more than 16 million values, a few minutes of stereo.
    return torch.from_numpy(np.quantile(magnitudes.numpy(), q, axis=-1, keepdims=True).astype(np.float32))
