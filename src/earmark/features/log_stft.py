"""The power spectrogram in dB as a torch module: every bin of the Fourier transform is seen.

The numbers of ``librosa.power_to_db(abs(librosa.stft(y)) ** 2, ref=1.0, top_db=None)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from earmark.features.framed import Framed, PadMode, power_of
from earmark.features.scaling import Scaling, scaling_named
from earmark.features.stft import bin_hz


class LogStft(Framed):
    """Waveforms ``(B, 1, samples)`` → log power spectrograms ``(B, n_fft // 2 + 1, frames)``, differentiable.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (and of the Hann window).
    hop_length : samples from frame to frame.
    center, pad_mode : see ``Framed``.
    scaling : name in ``earmark.features.scaling.SCALINGS``.

    Raises
    ------
    SettingError
        If a number is out of range or ``scaling`` is unknown.

    Examples
    --------
    >>> import torch
    >>> tuple(LogStft(sample_rate=16000)(torch.zeros(2, 1, 16000)).shape)
    (2, 257, 63)
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        n_fft: int = 512,
        hop_length: int = 256,
        center: bool = True,
        pad_mode: PadMode = "reflect",
        scaling: str = "dB",
    ) -> None:
        super().__init__(sample_rate, n_fft, hop_length, center=center, pad_mode=pad_mode)
        self.scaling = scaling
        self._scaling = scaling_named(scaling, "LogStft")

    @property
    def bins(self) -> int:
        """Rows of the result: ``n_fft // 2 + 1``."""
        return self.n_fft // 2 + 1

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each bin in Hz, shape ``(bins,)``."""
        return bin_hz(self.n_fft, self.sample_rate)

    @property
    def scale(self) -> str:
        """What the numbers are, for axes and captions."""
        return self._scaling.text.format("power")

    @property
    def power_scaling(self) -> Scaling:
        """How its numbers are made from powers, and back."""
        return self._scaling

    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """The other half: complex STFT ``(B, n_fft // 2 + 1, frames)`` → the spectrogram of the same shape."""
        return self._scaling.forward(power_of(spectrum))

    def inverse(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms → the powers they were made of; exact above the floor."""
        return self._scaling.inverse(spectrogram)
