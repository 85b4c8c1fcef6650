"""The log-mel spectrogram of Kaldi ("fbank"), as spectrogram transformers such as AST see it.

Differences from ``earmark.features.mel``: frames start at ``t * hop_length`` and nothing is padded; each frame loses
its mean and is pre-emphasised; symmetric Hann window of 25 ms in an FFT of 512; triangles are straight on the mel axis,
of height one; natural logarithm with the floor 2⁻²³. The numbers are those of ``torchaudio.compliance.kaldi.fbank``
without dither, and of transformers' ASTFeatureExtractor.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earmark.errors import AudioError, SettingError
from earmark.features.scaling import Scaling

LOW_HZ = 20.0
_FLOOR = 2.0**-23
_SCALING = Scaling(lambda power: power.clamp(min=_FLOOR).log(), torch.exp, "ln({}), Kaldi")
_PREEMPHASIS = 0.97


class KaldiMel(nn.Module):
    """Waveforms ``(B, 1, samples)`` → log-mel spectrograms ``(B, n_mels, frames)``, differentiable.

    Parameters
    ----------
    sample_rate : Hz.
    n_fft : samples per frame (25 ms); the FFT is the next power of two.
    hop_length : samples from frame to frame (10 ms).
    n_mels : bands, from 20 Hz to half the sample rate.
    least_frames : shorter sounds are extended to so many frames by zeros (of the spectrogram, which is 0 = ln 1).

    Raises
    ------
    SettingError
        If a number is not positive.

    Examples
    --------
    >>> tuple(KaldiMel()(torch.zeros(1, 1, 16000)).shape)
    (1, 128, 98)
    """

    window: Tensor
    bank: Tensor
    center = False
    pad_mode = "constant"
    scale = _SCALING.text.format("mel power")
    power_scaling = _SCALING

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        n_fft: int = 400,
        hop_length: int = 160,
        n_mels: int = 128,
        least_frames: int = 1,
    ) -> None:
        super().__init__()
        if min(sample_rate, n_fft, hop_length, n_mels, least_frames) < 1:
            raise SettingError(
                f"{n_mels} bands, {n_fft} samples a frame, hop {hop_length} at {sample_rate} Hz",
                remedy="All must be positive",
                where="KaldiMel",
            )
        self.sample_rate, self.n_fft, self.hop_length, self.n_mels = sample_rate, n_fft, hop_length, n_mels
        self.least_frames = least_frames
        self._transform = 2 ** math.ceil(math.log2(n_fft))
        edges = np.linspace(_mel(LOW_HZ), _mel(sample_rate / 2), n_mels + 2)
        low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        bins = _mel(np.arange(self._transform // 2 + 1) * (sample_rate / self._transform))[None, :]
        triangles = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
        self._bin_hz: NDArray[np.float64] = 700.0 * np.expm1(edges[1:-1] / 1127.0)
        # In double: in the lowest bands little is left after the pre-emphasis, and its logarithm shows every rounding.
        self.register_buffer("window", torch.hann_window(n_fft, periodic=False, dtype=torch.float64), persistent=False)
        self.register_buffer("bank", torch.from_numpy(triangles), persistent=False)

    @property
    def bins(self) -> int:
        """Rows of the result."""
        return self.n_mels

    @property
    def bin_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each band in Hz, shape ``(n_mels,)``."""
        return self._bin_hz

    def frames(self, samples: int) -> int:
        """How many frames a waveform of that many samples has."""
        return max(self.least_frames, 1 + (samples - self.n_fft) // self.hop_length)

    def forward(self, waveform: Tensor) -> Tensor:
        """Waveforms ``(B, 1, samples)`` → spectrograms ``(B, n_mels, frames)``.

        Raises
        ------
        AudioError
            If there is more than one channel, or fewer samples than one frame has.
        """
        if waveform.ndim != 3 or waveform.shape[1] != 1 or waveform.shape[2] < self.n_fft:
            raise AudioError(
                f"waveforms of shape {tuple(waveform.shape)} instead of (batch, 1, at least {self.n_fft})",
                remedy="Take the mean over the channels first, or use a longer sound",
                where="KaldiMel",
            )
        frames = waveform[:, 0].to(self.window.dtype).unfold(-1, self.n_fft, self.hop_length)
        frames = frames - frames.mean(-1, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], -1)
        spectrum = torch.fft.rfft((frames - _PREEMPHASIS * before) * self.window, self._transform)
        power = spectrum.real.square() + spectrum.imag.square()
        logarithm = _SCALING.forward(power @ self.bank.T).transpose(1, 2).to(waveform.dtype)
        lacking = self.least_frames - logarithm.shape[2]
        return nn.functional.pad(logarithm, (0, lacking)) if lacking > 0 else logarithm

    def without_padding(self, waveform: Tensor) -> Tensor:
        """The same: frames start at ``t * hop_length`` anyway."""
        return self.forward(waveform)


def _mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = np.asarray(1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0))
    return mel
