"""From the settings of a front end, as a card or a cache states them, to the module that computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from earmark.features.mel import LogMel


@dataclass(frozen=True)
class FrontEndCard:
    """Settings of a front end: Hz and samples.

    Parameters
    ----------
    sample_rate, n_fft, hop_length : Hz, samples, samples.
    n_mels : mel bands.
    fmin, fmax : their range, Hz.
    pad_mode : how a centred waveform is padded, "reflect" or "constant".
    scaling : name in ``earmark.features.mel.SCALINGS``.
    kind : which front end.
    n_mfcc : coefficients of the kind "mfcc".
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    fmin: float
    fmax: float
    pad_mode: Literal["reflect", "constant"]
    scaling: str
    kind: Literal["log_mel", "log_stft", "mfcc"] = "log_mel"
    n_mfcc: int = 0


def front_end_from(card: FrontEndCard) -> LogMel:
    """The front end that a card describes."""
    return LogMel(
        sample_rate=card.sample_rate,
        n_fft=card.n_fft,
        hop_length=card.hop_length,
        n_mels=card.n_mels,
        fmin=card.fmin,
        fmax=card.fmax,
        pad_mode=card.pad_mode,
        scaling=card.scaling,
    )
