"""The log-mel spectrogram as a torch module: what most music taggers see.

Conventions: power spectra (amplitude squared), Hann window, Slaney mel bands normalised to unit area, float32
throughout. The numbers are those of ``librosa.feature.melspectrogram``.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.errors import SettingError
from earmark.features.framed import Framed, PadMode, power_of
from earmark.features.scaling import Scaling, scaling_named


class LogMel(Framed):
    """Waveforms ``(B, 1, samples)`` → log-mel spectrograms ``(B, n_mels, frames)``, differentiable.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (and of the Hann window).
    hop_length : samples from frame to frame.
    n_mels : number of mel bands (Slaney's scale and area normalisation).
    fmin, fmax : range of the bands in Hz; ``fmax`` None means half the sample rate.
    center, pad_mode : see ``Framed``.
    scaling : name in ``earmark.features.scaling.SCALINGS``.

    Raises
    ------
    SettingError
        If a number is out of range or ``scaling`` is unknown.

    Examples
    --------
    >>> mel = LogMel(sample_rate=16000)
    >>> tuple(mel(torch.zeros(2, 1, 16000)).shape)
    (2, 96, 63)
    """

    bank: Tensor

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        n_fft: int = 512,
        hop_length: int = 256,
        n_mels: int = 96,
        fmin: float = 0.0,
        fmax: float | None = None,
        center: bool = True,
        pad_mode: PadMode = "reflect",
        scaling: str = "log10(10000x+1)",
    ) -> None:
        super().__init__(sample_rate, n_fft, hop_length, center=center, pad_mode=pad_mode)
        top = sample_rate / 2 if fmax is None else float(fmax)
        if n_mels < 1 or not 0 <= fmin < top <= sample_rate / 2:
            raise SettingError(
                f"no mel spectrogram of {n_mels} bands, {fmin:g}–{top:g} Hz, n_fft {n_fft}, hop {hop_length} at "
                f"{sample_rate} Hz",
                remedy="All must be positive, and fmin < fmax ≤ half the sample rate",
                where="LogMel",
            )
        self.n_mels = n_mels
        self.fmin = float(fmin)
        self.fmax = top
        self.scaling = scaling
        self._scaling = scaling_named(scaling, "LogMel")
        bank, self._bin_hz = mel_bank(sample_rate, n_fft, n_mels, self.fmin, self.fmax)
        self.register_buffer("bank", torch.from_numpy(bank), persistent=False)

    @property
    def bins(self) -> int:
        """Rows of the result: ``n_mels``."""
        return self.n_mels

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each mel band in Hz, shape ``(n_mels,)``."""
        return self._bin_hz

    @property
    def scale(self) -> str:
        """What the numbers are, for axes and captions."""
        return self._scaling.text.format("mel power")

    @property
    def power_scaling(self) -> Scaling:
        """How its numbers are made from powers, and back."""
        return self._scaling

    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """The other half: complex STFT ``(B, n_fft // 2 + 1, frames)`` → spectrogram ``(B, n_mels, frames)``."""
        return self._scaling.forward(self.bank @ power_of(spectrum))

    def inverse(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, n_mels, frames)`` → power spectra ``(B, n_fft // 2 + 1, frames)``.

        By the pseudo-inverse of the mel bank: of all spectra with these mel powers the smallest one. What it makes
        negative is no power and becomes 0.
        """
        power: Tensor = torch.linalg.pinv(self.bank) @ self._scaling.inverse(spectrogram)
        return power.clamp(min=0)


def mel_bank(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Triangular mel filters of unit area and their centre frequencies.

    The scale is Slaney's (Auditory Toolbox, 1998): linear below 1 kHz, 27 steps per factor of 6.4 above.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame.
    n_mels : number of filters.
    fmin, fmax : Hz.

    Returns
    -------
    bank : float32 ``(n_mels, n_fft // 2 + 1)``.
    centres : Hz, ``(n_mels,)``.
    """
    edges = _mel_to_hz(np.linspace(_hz_to_mel(fmin), _hz_to_mel(fmax), n_mels + 2))
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)[None, :]
    triangles = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    bank = (triangles * (2.0 / (high - low))).astype(np.float32)
    return bank, edges[1:-1]


_HZ_PER_MEL = 200.0 / 3.0
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    return hz / _HZ_PER_MEL if hz < _KNEE_HZ else float(_KNEE_MEL + np.log(hz / _KNEE_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bent = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    hz: NDArray[np.float64] = np.where(mel < _KNEE_MEL, mel * _HZ_PER_MEL, bent)
    return hz
