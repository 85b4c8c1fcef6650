"""Front ends that are a short-time Fourier transform followed by a function of each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class LinearFrontEnd(Protocol):
    """A front end in two halves: ``front_end(x) = from_spectrum(spectrum(x))``, the first of them linear.

    What a mixture looks like then follows from the spectra of its parts, without transforming the mixture.
    """

    @property
    def n_fft(self) -> int:
        """Samples per frame."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame; frame t is centred at ``t * hop_length``."""
        ...

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Waveforms ``(B, 1, samples)`` → complex STFT ``(B, n_fft // 2 + 1, frames)``."""
        ...

    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """Complex STFT ``(B, n_fft // 2 + 1, frames)`` → spectrogram ``(B, bins, frames)``, frame by frame."""
        ...
