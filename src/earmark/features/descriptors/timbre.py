"""Descriptors of timbre: rows of values over the frames ``(B, rows, frames)``, in librosa's definitions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from earmark.features.descriptors.analysis import HOP, N_FFT, Analysis, hz, ranged_db

_ROLLOFF = 0.85
_COARSE = 32
_CROSSING_LEVEL = 1e-10
CONTRAST_BANDS = 7
_CONTRAST_LOW_HZ = 200.0
_CONTRAST_SHARE = 0.02


def centroid_hz(analysis: Analysis) -> Tensor:
    """Mean frequency under the magnitude, Hz (``librosa.feature.spectral_centroid``); 0 in silence."""
    return analysis.moments[:, :1]


def zero_crossing_rate(analysis: Analysis) -> Tensor:
    """Sign changes per sample of each frame, the ends of the sound held on (``librosa.feature.zero_crossing_rate``)."""
    sound = torch.nn.functional.pad(analysis.sound[:, None], (N_FFT // 2, N_FFT // 2), mode="replicate")[:, 0]
    # Quieter than −200 dBFS is neither above nor below zero: it counts as above.
    below = (sound < -_CROSSING_LEVEL).numpy()
    crossed = np.zeros((len(sound), below.shape[1] // HOP * HOP), dtype=bool)
    np.not_equal(below[:, 1 : crossed.shape[1]], below[:, : crossed.shape[1] - 1], out=crossed[:, 1:])
    # Eight flags are one number: sums of 64 of them stay below 256 in each byte.
    eights = crossed.view(np.uint64).reshape(len(sound), -1, HOP // 8).sum(-1)
    sums = torch.from_numpy(eights[..., None].view(np.uint8).sum(-1, dtype=np.int64))
    # A change at the first sample of a frame lies before the frame.
    first = torch.from_numpy(crossed[:, ::HOP].astype(np.int64))
    counts = _frame_sums(sums) - first[:, : 1 + sums.shape[1] - N_FFT // HOP]
    return (counts.float() / N_FFT)[:, None]


def rolloff_hz(analysis: Analysis) -> Tensor:
    """The frequency below which lies 0.85 of the magnitude, Hz (``librosa.feature.spectral_rolloff``)."""
    by_frame = analysis.magnitude.transpose(-1, -2)
    # 32 groups of 32 bins, and the topmost bin: first which group, then which bin of it. A running sum over all bins
    # takes several times as long.
    clips, frames, bins = by_frame.shape
    groups = by_frame[..., :-1].view(clips, frames, bins // _COARSE, _COARSE)
    sums = groups.sum(-1).double()
    grown = sums.cumsum(-1)
    threshold = _ROLLOFF * (grown[..., -1:] + by_frame[..., -1:])
    group = (grown < threshold).sum(-1, keepdim=True)
    last = group.clamp(max=groups.shape[-2] - 1)
    inside = groups.take_along_dim(last[..., None], -2)[..., 0, :].double().cumsum(-1)
    before = grown.gather(-1, last) - sums.gather(-1, last)
    place = last * _COARSE + (before + inside < threshold).sum(-1, keepdim=True)
    return hz()[0][place].transpose(-1, -2)


def bandwidth_hz(analysis: Analysis) -> Tensor:
    """Standard deviation of frequency around the centroid, Hz (``librosa.feature.spectral_bandwidth``)."""
    mean, square = analysis.moments[:, :1], analysis.moments[:, 1:]
    return (square - mean.square()).clamp(min=0).sqrt()


def flatness(analysis: Analysis) -> Tensor:
    """Geometric over arithmetic mean of the power (``librosa.feature.spectral_flatness``)."""
    power = analysis.power.clamp(min=1e-10)
    return power.log().mean(-2, keepdim=True).exp() / power.mean(-2, keepdim=True)


def contrast_db(analysis: Analysis) -> Tensor:
    """Peaks over valleys of the magnitude in seven octave bands, dB (``librosa.feature.spectral_contrast``)."""
    frequencies = hz()[0].numpy()
    edges = np.concatenate([[0.0], _CONTRAST_LOW_HZ * 2.0 ** np.arange(CONTRAST_BANDS)])
    by_frame = analysis.magnitude.transpose(-1, -2).contiguous()
    peaks, valleys = [], []
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        first, last = int(inside[0]), int(inside[-1])
        first -= band > 0
        top = band == CONTRAST_BANDS - 1
        stop = len(frequencies) if top else last + 1
        share = max(1, int(np.rint(_CONTRAST_SHARE * (stop - first))))
        cells = by_frame[..., first : stop if top else stop - 1]
        peaks.append(cells.topk(share, largest=True).values.mean(-1))
        valleys.append(cells.topk(share, largest=False).values.mean(-1))
    return ranged_db(torch.stack(peaks, -2)) - ranged_db(torch.stack(valleys, -2))


def mfcc_delta(analysis: Analysis) -> Tensor:
    """Slope of the MFCC over nine frames, dB per frame (``librosa.feature.delta`` with mode "nearest")."""
    weights = torch.arange(-4.0, 5.0) / 60.0
    rows = torch.nn.functional.pad(analysis.mfcc, (4, 4), mode="replicate")
    return (rows.unfold(-1, 9, 1) * weights).sum(-1)


def flux_db(analysis: Analysis) -> Tensor:
    """Root mean square change of the 128 mel bands from frame to frame, dB; 0 for the first frame."""
    change = analysis.mel_db.diff(dim=-1).square().mean(-2, keepdim=True).sqrt()
    return torch.nn.functional.pad(change, (1, 0))


def level_db(analysis: Analysis) -> Tensor:
    """Root mean square of each frame in dB re full scale (``librosa.feature.rms``), floor −100 dB."""
    squares = torch.nn.functional.pad(analysis.sound, (N_FFT // 2, N_FFT // 2)).square()
    blocks = squares[:, : squares.shape[1] // HOP * HOP].view(len(squares), -1, HOP).sum(-1)
    return 10.0 * torch.log10((_frame_sums(blocks) / N_FFT).clamp(min=1e-10))[:, None]


def _frame_sums(blocks: Tensor) -> Tensor:
    # A frame is four hops long, so its sum is that of four blocks.
    return blocks.unfold(-1, N_FFT // HOP, 1).sum(-1)
