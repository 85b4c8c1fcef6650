"""Mel-frequency cepstral coefficients as a torch module (Davis & Mermelstein 1980, in librosa's conventions).

The numbers of ``librosa.feature.mfcc`` (orthonormal DCT-II of the log-mel spectrogram in dB, no liftering), save that
the floor is −100 dB and not 80 dB below the loudest cell of the clip: see ``earmark.features.scaling.power_to_db``.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor, nn

from earmark.errors import CapabilityError, SettingError
from earmark.features.framed import Framed, PadMode
from earmark.features.mel import LogMel


class Cepstrum(nn.Module):
    """Log-mel spectrograms ``(B, n_mels, frames)`` → cepstral coefficients ``(B, n_mfcc, frames)``: a matrix.

    Parameters
    ----------
    n_mels, n_mfcc : rows that come in, rows that go out (the first of the orthonormal DCT-II).

    Raises
    ------
    SettingError
        Unless 1 ≤ n_mfcc ≤ n_mels.
    """

    matrix: Tensor

    def __init__(self, n_mels: int, n_mfcc: int) -> None:
        super().__init__()
        if not 1 <= n_mfcc <= n_mels:
            raise SettingError(
                f"{n_mfcc} coefficients of {n_mels} mel bands", remedy=f"Ask for 1 to {n_mels}", where="n_mfcc"
            )
        matrix = dct(np.eye(n_mels), axis=0, norm="ortho")[:n_mfcc].astype(np.float32)
        self.register_buffer("matrix", torch.from_numpy(matrix), persistent=False)

    def forward(self, log_mel: Tensor) -> Tensor:
        """``(B, n_mels, frames)`` → ``(B, n_mfcc, frames)``."""
        return self.matrix @ log_mel

    def inverse(self, coefficients: Tensor) -> Tensor:
        """``(B, n_mfcc, frames)`` → ``(B, n_mels, frames)``: what the missing coefficients held is smoothed away."""
        return self.matrix.T @ coefficients


class Mfcc(Framed):
    """Waveforms ``(B, 1, samples)`` → MFCC ``(B, n_mfcc, frames)``, differentiable.

    A coefficient has no frequency, so ``bin_hz`` raises. A classifier that sees MFCC is mapped over Hz all the same if
    it offers ``mel`` as its front end and puts ``cepstrum`` in front of its network: the sum is the same.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (and of the Hann window).
    hop_length : samples from frame to frame.
    n_mfcc : number of coefficients, the 0th included.
    n_mels : mel bands they are made of.
    fmin, fmax : range of the bands in Hz; ``fmax`` None means half the sample rate.
    center, pad_mode : see ``Framed``.

    Raises
    ------
    SettingError
        If a number is out of range.

    Examples
    --------
    >>> mfcc = Mfcc()
    >>> sound = torch.randn(2, 1, 66150, generator=torch.Generator().manual_seed(0))
    >>> tuple(mfcc(sound).shape), bool(torch.equal(mfcc(sound), mfcc.cepstrum(mfcc.mel(sound))))
    ((2, 13, 130), True)
    """

    def __init__(
        self,
        *,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        n_mfcc: int = 13,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        center: bool = True,
        pad_mode: PadMode = "constant",
    ) -> None:
        super().__init__(sample_rate, n_fft, hop_length, center=center, pad_mode=pad_mode)
        self.n_mfcc = n_mfcc
        self.mel = LogMel(
            sample_rate=sample_rate,
            n_fft=n_fft,
            hop_length=hop_length,
            n_mels=n_mels,
            fmin=fmin,
            fmax=fmax,
            center=center,
            pad_mode=pad_mode,
            scaling="dB",
        )
        self.cepstrum = Cepstrum(n_mels, n_mfcc)

    @property
    def bins(self) -> int:
        """Rows of the result: ``n_mfcc``."""
        return self.n_mfcc

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Not defined.

        Raises
        ------
        CapabilityError
            Always.
        """
        raise CapabilityError(
            "a cepstral coefficient has no frequency",
            remedy="Use the log-mel half, Mfcc.mel, or a waveform or perturbation method",
            where="Mfcc",
        )

    @property
    def scale(self) -> str:
        """What the numbers are, for axes and captions."""
        return "MFCC, dB (floor −100 dB)"

    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """The other half: complex STFT ``(B, n_fft // 2 + 1, frames)`` → MFCC ``(B, n_mfcc, frames)``."""
        coefficients: Tensor = self.cepstrum(self.mel.from_spectrum(spectrum))
        return coefficients

    def inverse(self, spectrogram: Tensor) -> Tensor:
        """MFCC ``(B, n_mfcc, frames)`` → power spectra ``(B, n_fft // 2 + 1, frames)``.

        The inverse DCT, with zeros for the coefficients that are not there, then ``LogMel.inverse``.
        """
        return self.mel.inverse(self.cepstrum.inverse(spectrogram))
