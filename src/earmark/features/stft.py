"""Short-time Fourier transform and its exact inverse, in torch, batched over any leading dimensions.

Conventions: periodic Hann window; frame t is centred at sample ``t * hop_length``; the signal is continued by zeros at
both ends, so that a clip of any length (one sample is enough) has ``1 + samples // hop_length`` frames; no scaling.
``istft(stft(x))`` is x at its exact length to float precision, because the inverse divides by the sum of the squared
windows (Griffin & Lim 1984, eq. 6), which nowhere vanishes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from torch import Tensor

from earmark.errors import SettingError


def frame_length(sample_rate: int, window_s: float) -> int:
    """Samples per frame for a window of about ``window_s`` seconds: a multiple of 4, never shorter, quick to transform.

    Because the window is fixed in seconds, bins are equally wide in Hz whatever the sample rate.

    Raises
    ------
    SettingError
        If ``window_s`` is not positive.

    Examples
    --------
    >>> frame_length(16000, 0.064), frame_length(44100, 0.064)
    (1024, 2880)
    """
    if not (math.isfinite(window_s) and window_s > 0):
        raise SettingError(f"a window of {window_s!r} s", remedy="Give a positive number of seconds", where="window_s")
    return 4 * int(next_fast_len(math.ceil(sample_rate * window_s / 4)))


def bin_hz(n_fft: int, sample_rate: int) -> NDArray[np.float64]:
    """Centre frequency of each bin in Hz, shape ``(n_fft // 2 + 1,)``."""
    hz: NDArray[np.float64] = np.arange(n_fft // 2 + 1, dtype=np.float64) * (sample_rate / n_fft)
    return hz


def stft(waveform: Tensor, n_fft: int, hop_length: int | None = None) -> Tensor:
    """Complex spectrum ``(..., n_fft // 2 + 1, frames)`` of real waveforms ``(..., samples)``.

    Parameters
    ----------
    waveform : float32 or float64, at least one sample.
    n_fft : samples per frame, even.
    hop_length : samples from frame to frame; must divide ``n_fft`` at least twice. A quarter of ``n_fft`` by default.

    Raises
    ------
    SettingError
        If the hop does not divide the frame, or there is no sample.

    Examples
    --------
    >>> x = torch.arange(10.0).repeat(2, 1)
    >>> spectrum = stft(x, 8)
    >>> tuple(spectrum.shape), bool(torch.allclose(istft(spectrum, 8, samples=10), x, atol=1e-5))
    ((2, 5, 6), True)
    """
    hop = _hop(n_fft, hop_length)
    samples = waveform.shape[-1]
    if samples < 1:
        raise SettingError("no samples to transform", remedy="Give at least one sample", where="waveform")
    flat = waveform.reshape(-1, samples)
    spectrum = torch.stft(
        flat, n_fft, hop, window=_window(n_fft, flat), center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.reshape(*waveform.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: Tensor, n_fft: int, hop_length: int | None = None, *, samples: int) -> Tensor:
    """Waveforms ``(..., samples)`` of complex spectra ``(..., n_fft // 2 + 1, frames)``: the inverse of ``stft``.

    Raises
    ------
    SettingError
        If ``samples`` does not belong to that number of frames.
    """
    hop = _hop(n_fft, hop_length)
    bins, frames = spectrum.shape[-2:]
    if bins != n_fft // 2 + 1 or samples < 1 or frames != 1 + samples // hop:
        raise SettingError(
            f"{bins} bins × {frames} frames are no spectrum of {samples} samples (n_fft {n_fft}, hop {hop})",
            remedy=f"It has {n_fft // 2 + 1} bins × {1 + max(samples, 0) // hop} frames",
            where="spectrum",
        )
    flat = spectrum.reshape(-1, bins, frames)
    waveform = torch.istft(flat, n_fft, hop, window=_window(n_fft, flat.real), center=True, length=samples)
    return waveform.reshape(*spectrum.shape[:-2], samples)


def _window(n_fft: int, like: Tensor) -> Tensor:
    return torch.hann_window(n_fft, periodic=True, dtype=like.dtype, device=like.device)


def _hop(n_fft: int, hop_length: int | None) -> int:
    hop = n_fft // 4 if hop_length is None else hop_length
    if n_fft < 4 or n_fft % 2 or hop < 1 or n_fft % hop or n_fft // hop < 2:
        raise SettingError(
            f"frames of {n_fft} samples with a hop of {hop}",
            remedy="Give an even frame length of at least 4, and a hop that divides it at least twice",
            where="hop_length",
        )
    return hop
