"""The log-mel spectrogram as a torch module: what most music taggers see.

Conventions: power spectra (amplitude squared), Hann window, Slaney mel bands normalised to unit area, float32
throughout. The numbers are those of ``librosa.feature.melspectrogram``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earmark.errors import AudioError, SettingError

PadMode = Literal["reflect", "constant"]

# name → (what it does to a mel power, how to write it on an axis)
SCALINGS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "log10(10000x+1)": (lambda power: torch.log10(10000.0 * power + 1.0), "log10(10000 · mel power + 1)"),
}


class LogMel(nn.Module):
    """Waveforms ``(B, 1, samples)`` → log-mel spectrograms ``(B, n_mels, frames)``, differentiable.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (and of the Hann window).
    hop_length : samples from frame to frame.
    n_mels : number of mel bands (Slaney's scale and area normalisation).
    fmin, fmax : range of the bands in Hz; ``fmax`` None means half the sample rate.
    center : whether frame t is centred at sample ``t * hop_length``, the waveform being padded by half a frame on both
        sides; False reads the waveform as it is (frame t then starts there).
    pad_mode : "reflect" or "constant" (zeros), how a centred waveform is padded.
    scaling : name in ``SCALINGS``.

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

    window: Tensor
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
        super().__init__()
        top = sample_rate / 2 if fmax is None else float(fmax)
        if min(sample_rate, n_fft, hop_length, n_mels) < 1 or not 0 <= fmin < top <= sample_rate / 2:
            raise SettingError(
                f"no mel spectrogram of {n_mels} bands, {fmin:g}–{top:g} Hz, n_fft {n_fft}, hop {hop_length} at "
                f"{sample_rate} Hz",
                remedy="All must be positive, and fmin < fmax ≤ half the sample rate",
                where="LogMel",
            )
        if scaling not in SCALINGS:
            raise SettingError(
                f"unknown scaling {scaling!r}", remedy=f"Choose one of {', '.join(SCALINGS)}", where="LogMel"
            )
        if pad_mode not in ("reflect", "constant"):
            raise SettingError(f"unknown pad_mode {pad_mode!r}", remedy="Use reflect or constant", where="LogMel")
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = float(fmin)
        self.fmax = top
        self.center = center
        self.pad_mode = pad_mode
        self.scaling = scaling
        bank, self._bin_hz = mel_bank(sample_rate, n_fft, n_mels, self.fmin, self.fmax)
        self.register_buffer("window", torch.hann_window(n_fft, periodic=True), persistent=False)
        self.register_buffer("bank", torch.from_numpy(bank), persistent=False)

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each mel band in Hz, shape ``(n_mels,)``."""
        return self._bin_hz

    @property
    def scale(self) -> str:
        """What the numbers are, for axes and captions."""
        return SCALINGS[self.scaling][1]

    def forward(self, waveform: Tensor) -> Tensor:
        """Waveforms ``(B, 1, samples)`` → spectrograms ``(B, n_mels, frames)``.

        Raises
        ------
        AudioError
            If there is more than one channel, or too few samples to pad or to fill one frame.
        """
        if waveform.ndim != 3 or waveform.shape[1] != 1:
            raise AudioError(
                f"waveforms of shape {tuple(waveform.shape)} instead of (batch, 1, samples)",
                remedy="Take the mean over the channels first",
                where="LogMel",
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
                where="LogMel",
            )
        return self._transform(nn.functional.pad(waveform, (half, half), mode=self.pad_mode))

    def from_spectrum(self, spectrum: Tensor) -> Tensor:
        """The other half: complex STFT ``(B, n_fft // 2 + 1, frames)`` → spectrogram ``(B, n_mels, frames)``."""
        # re² + im² rather than |z|²: the modulus has no gradient at zero, and silence is common in masked sound.
        power = spectrum.real.square() + spectrum.imag.square()
        return SCALINGS[self.scaling][0](self.bank @ power)

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
                where="LogMel",
            )
        return torch.stft(
            waveform[:, 0], self.n_fft, self.hop_length, window=self.window, center=False, return_complex=True
        )


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
