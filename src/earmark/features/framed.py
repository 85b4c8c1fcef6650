"""What all front ends share: a framed Fourier transform, then a function of each frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earmark.errors import AudioError, SettingError

PadMode = Literal["reflect", "constant"]


class Framed(nn.Module, ABC):
    """Waveforms ``(B, 1, samples)`` → ``(B, bins, frames)``, differentiable: a periodic Hann window, its Fourier
    transform, and what ``from_spectrum`` makes of each frame.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (and of the window).
    hop_length : samples from frame to frame.
    center : whether frame t is centred at sample ``t * hop_length``, the waveform being padded by half a frame on both
        sides; False reads the waveform as it is (frame t then starts there).
    pad_mode : "reflect" or "constant" (zeros), how a centred waveform is padded.

    Raises
    ------
    SettingError
        If ``pad_mode`` is unknown or a number is not positive.
    """

    window: Tensor

    def __init__(self, sample_rate: int, n_fft: int, hop_length: int, *, center: bool, pad_mode: PadMode) -> None:
        super().__init__()
        where = type(self).__name__
        if min(sample_rate, n_fft, hop_length) < 1:
            raise SettingError(
                f"frames of {n_fft} samples with hop {hop_length} at {sample_rate} Hz",
                remedy="All must be positive",
                where=where,
            )
        if pad_mode not in ("reflect", "constant"):
            raise SettingError(f"unknown pad_mode {pad_mode!r}", remedy="Use reflect or constant", where=where)
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.center = center
        self.pad_mode = pad_mode
        self.register_buffer("window", torch.hann_window(n_fft, periodic=True), persistent=False)

    @property
    @abstractmethod
    def bins(self) -> int:
        """Rows of the result."""

    @property
    @abstractmethod
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each bin in Hz, shape ``(bins,)``."""

    @property
    @abstractmethod
    def scale(self) -> str:
        """What the numbers are, for axes and captions."""

    @abstractmethod
    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """Complex STFT ``(B, n_fft // 2 + 1, frames)`` → ``(B, bins, frames)``, frame by frame."""

    @abstractmethod
    def inverse(self, spectrogram: Tensor) -> Tensor:
        """``(B, bins, frames)`` → power spectra ``(B, n_fft // 2 + 1, frames)``, as near as the bins tell."""

    def frames(self, samples: int) -> int:
        """How many frames a waveform of that many samples has."""
        return 1 + (samples if self.center else samples - self.n_fft) // self.hop_length

    def forward(self, waveform: Tensor) -> Tensor:
        """Waveforms ``(B, 1, samples)`` → spectrograms ``(B, bins, frames)``.

        Raises
        ------
        AudioError
            If there is more than one channel, or too few samples to pad or to fill one frame.
        """
        if waveform.ndim != 3 or waveform.shape[1] != 1:
            raise AudioError(
                f"waveforms of shape {tuple(waveform.shape)} instead of (batch, 1, samples)",
                remedy="Take the mean over the channels first",
                where=type(self).__name__,
            )
        return self.from_spectrum(self.spectrum(waveform))

    def spectrum(self, waveform: Tensor) -> Tensor:
        """The linear half: waveforms ``(B, 1, samples)`` → complex STFT ``(B, n_fft // 2 + 1, frames)``.

        Raises
        ------
        AudioError
            If there are too few samples to pad.
        """
        if not self.center:
            return self._transform(waveform)
        half = self.n_fft // 2
        if self.pad_mode == "reflect" and waveform.shape[2] <= half:
            raise AudioError(
                f"{waveform.shape[2]} samples cannot be extended by reflecting {half}",
                remedy="Use a longer sound",
                where=type(self).__name__,
            )
        return self._transform(nn.functional.pad(waveform, (half, half), mode=self.pad_mode))

    def without_padding(self, waveform: Tensor) -> Tensor:
        """The whole for a waveform that is padded already: frame t starts at sample ``t * hop_length``.

        Raises
        ------
        AudioError
            If there are fewer samples than one frame has.
        """
        return self.from_spectrum(self._transform(waveform))

    def _transform(self, waveform: Tensor) -> Tensor:
        if waveform.shape[2] < self.n_fft:
            raise AudioError(
                f"{waveform.shape[2]} samples are less than one frame of {self.n_fft}",
                remedy="Use a longer sound",
                where=type(self).__name__,
            )
        return torch.stft(
            waveform[:, 0], self.n_fft, self.hop_length, window=self.window, center=False, return_complex=True
        )


def power_of(spectrum: Tensor) -> Tensor:
    """Squared modulus of a complex spectrum.

    re² + im² rather than |z|²: the modulus has no gradient at zero, and silence is common in masked sound.
    """
    return spectrum.real.square() + spectrum.imag.square()
