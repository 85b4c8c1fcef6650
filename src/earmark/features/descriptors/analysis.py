"""What the descriptors of a batch of sounds share: one Fourier transform, and what is made of it, each once.

Conventions are librosa's: 22 050 Hz, frames of 2048 samples, hop 512, centred, zeros beyond the ends, periodic Hann
window, Slaney mel bands, 80 dB of range below the loudest cell of a clip.
"""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np
import torch
from torch import Tensor

from earmark.features.framed import power_of
from earmark.features.mel import mel_bank
from earmark.features.stft import bin_hz

RATE = 22050
N_FFT = 2048
HOP = 512
N_MELS = 128
RANGE_DB = 80.0
_STRETCH = 128
_GROUPS = 8
# What counts as nothing: the smallest normal float32.
TINY = float(np.finfo(np.float32).tiny)


class Analysis:
    """The parts of a batch of waveforms ``(B, samples)`` at 22 050 Hz, computed when first asked for.

    Parameters
    ----------
    sound : float32.
    precise : transform in double precision. What lies 140 dB below the loudest cell of a frame is rounding otherwise;
        only the valleys of the spectral contrast look that deep.
    """

    def __init__(self, sound: Tensor, *, precise: bool = False) -> None:
        self.sound = sound
        self._precise = precise

    @cached_property
    def power(self) -> Tensor:
        """Power spectra ``(B, 1025, frames)``; in memory frame after frame, as ``by_frame`` has them."""
        return self.by_frame.transpose(-1, -2)

    @cached_property
    def by_frame(self) -> Tensor:
        """The same, ``(B, frames, 1025)``, contiguous."""
        return _power(self.sound.double() if self._precise else self.sound)

    @cached_property
    def magnitude(self) -> Tensor:
        """Their square root."""
        return self.power.sqrt()

    @cached_property
    def mel_power(self) -> Tensor:
        """Power in 128 mel bands ``(B, 128, frames)``."""
        return self._in_bands(N_MELS)

    @cached_property
    def mel_db(self) -> Tensor:
        """The same in dB, not less than 80 dB below the loudest cell of the clip: what MFCC and onsets see."""
        return ranged_db(self.mel_power)

    @cached_property
    def mel_40_db(self) -> Tensor:
        """40 mel bands, likewise."""
        return ranged_db(self._in_bands(40))

    def _in_bands(self, n_mels: int) -> Tensor:
        parts = [self.by_frame[..., first:stop] @ weights for first, stop, weights in _bank(n_mels)]
        return torch.cat(parts, -1).transpose(-1, -2).contiguous()

    @cached_property
    def mfcc(self) -> Tensor:
        """The first 30 coefficients ``(B, 30, frames)``."""
        from earmark.features.mfcc import Cepstrum

        made: Tensor = Cepstrum(N_MELS, 30)(self.mel_db)
        return made

    @cached_property
    def moments(self) -> Tensor:
        """First and second moment of frequency under the magnitude, Hz and Hz², ``(B, 2, frames)``, double; silence 0.

        Double, because a narrow band is a small difference of two large second moments.
        """
        frequencies = hz()[0].double()
        powers = torch.stack([torch.ones_like(frequencies), frequencies, frequencies.square()])
        sums = powers @ self.magnitude.double()
        return sums[:, 1:] / _unless_tiny(sums[:, :1])


def hz() -> Tensor:
    """Frequency of each bin as a row ``(1, 1025)``."""
    return torch.from_numpy(bin_hz(N_FFT, RATE)).float()[None]


def ranged_db(power: Tensor) -> Tensor:
    """Decibels of ``(B, rows, frames)``: floor −100 dB, and 80 dB below the loudest cell of each clip.

    As ``librosa.power_to_db`` does by default.
    """
    db = 10.0 * torch.log10(power.clamp(min=1e-10))
    return torch.maximum(db, db.amax((-2, -1), keepdim=True) - RANGE_DB)


def by_loudest(rows: Tensor) -> Tensor:
    """``(B, rows, frames)`` divided by the largest value of each frame, silent frames left as they are."""
    return rows / _unless_tiny(rows.abs().amax(-2, keepdim=True))


def _unless_tiny(divisor: Tensor) -> Tensor:
    return torch.where(divisor < TINY, torch.ones_like(divisor), divisor)


def _power(sound: Tensor) -> Tensor:
    """Power ``(B, frames, 1025)``, float32: ``stft`` in stretches that stay in the processor's cache."""
    padded = torch.nn.functional.pad(sound, (N_FFT // 2, N_FFT // 2))
    frames = padded.unfold(-1, N_FFT, HOP)
    window = torch.hann_window(N_FFT, periodic=True, dtype=sound.dtype)
    power = torch.empty(*frames.shape[:2], N_FFT // 2 + 1)
    for clip, made in zip(frames, power, strict=True):
        for first in range(0, len(clip), _STRETCH):
            spectrum = torch.fft.rfft(clip[first : first + _STRETCH] * window)
            made[first : first + _STRETCH] = power_of(spectrum)
    return power


@cache
def _bank(n_mels: int) -> list[tuple[int, int, Tensor]]:
    """Mel filters, eight groups of neighbours: the bins that a group covers, and its weights ``(bins, bands)``."""
    bank = torch.from_numpy(mel_bank(RATE, N_FFT, n_mels, 0.0, RATE / 2)[0])
    groups = []
    for some in bank.chunk(_GROUPS):
        heard = torch.nonzero(some.any(0))[:, 0]
        first, stop = int(heard[0]), int(heard[-1]) + 1
        groups.append((first, stop, some[:, first:stop].T.contiguous()))
    return groups
