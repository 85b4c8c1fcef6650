"""A waveform from magnitudes alone, where there is no original whose phase could be used.

Perraudin, Balazs & Søndergaard 2013, "A fast Griffin-Lim algorithm", eq. 8: alternating projections onto the spectra
that belong to a sound and onto those with the given magnitudes, with momentum. Everywhere else earmark keeps the
mixture's phase: what this makes of a spectrogram is a guess at it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from earmark.audio.clip import Clip
from earmark.errors import CapabilityError, SettingError
from earmark.features.framed import Framed

MOMENTUM = 0.99


def griffin_lim(
    front_end: Framed, spectrogram: Tensor, *, iterations: int = 64, seed: int = 0, samples: int | None = None
) -> Clip:
    """A sound whose spectrogram is near the given one.

    Parameters
    ----------
    front_end : whose spectrogram it is: STFT, mel, or MFCC, which are first inverted to magnitudes of bins.
    spectrogram : ``(bins, frames)``, in the front end's own numbers.
    iterations : projections.
    seed : of the phases it starts from.
    samples : length of the sound; by default (frames − 1) · hop.

    Returns
    -------
    Clip
        Mono at the front end's rate. Divided by its peak where that is over full scale.

    Raises
    ------
    CapabilityError
        If the front end cannot be inverted, or does not centre its frames.
    SettingError
        If the shape is another, or there are no iterations.

    Examples
    --------
    >>> from earmark.features.log_stft import LogStft
    >>> stft = LogStft()
    >>> tone = torch.sin(torch.arange(8192) * 0.3)[None, None] * 0.5
    >>> griffin_lim(stft, stft(tone)[0]).samples
    8192
    """
    if not isinstance(front_end, Framed) or not front_end.center:
        raise CapabilityError(
            "cannot be inverted to magnitudes",
            remedy="Use the sound's own phase (earmark.listen.spectral.masked_waveforms)",
            where=type(front_end).__name__,
        )
    if spectrogram.ndim != 2 or spectrogram.shape[0] != front_end.bins or iterations < 1:
        raise SettingError(
            f"a spectrogram of shape {tuple(spectrogram.shape)}, {iterations} iterations",
            remedy=f"Give ({front_end.bins}, frames), and at least one iteration",
            where="griffin_lim",
        )
    hop, n_fft = front_end.hop_length, front_end.n_fft
    length = (spectrogram.shape[1] - 1) * hop if samples is None else samples
    with torch.inference_mode():
        magnitude = front_end.inverse(spectrogram[None].float())[0].sqrt()
        window = torch.hann_window(n_fft, periodic=True)

        def to_sound(spectrum: Tensor) -> Tensor:
            return torch.istft(spectrum, n_fft, hop, window=window, center=True, length=length)

        def to_spectrum(sound: Tensor) -> Tensor:
            return torch.stft(sound, n_fft, hop, window=window, center=True, pad_mode="constant", return_complex=True)

        generator = torch.Generator().manual_seed(seed)
        angles = 2 * np.pi * torch.rand(magnitude.shape, generator=generator)
        estimate = torch.polar(magnitude, angles)
        before = torch.zeros_like(estimate)
        for _ in range(iterations):
            consistent = to_spectrum(to_sound(estimate))[:, : magnitude.shape[1]]
            moved = consistent + MOMENTUM * (consistent - before)
            before = consistent
            # A cell of zero has no phase; its magnitude may still be asked for.
            modulus = moved.abs().clamp(min=1e-12)
            estimate = magnitude * moved / modulus
        sound = to_sound(estimate)
        peak = float(sound.abs().max())
        return Clip((sound / max(1.0, peak)).numpy()[None], front_end.sample_rate)
