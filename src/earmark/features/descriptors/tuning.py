"""How far a sound is tuned off 440 Hz, in fractions of a semitone: librosa's estimate.

Each local peak of the power spectrum between 150 and 4000 Hz that is at least a tenth of the loudest cell of its frame
is placed by a parabola; the peaks that are stronger than their median vote for one of a hundred steps of a semitone.
The winner of a close vote may differ from librosa's by rounding: chroma that are to be compared digit by digit should
be given the same tuning.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earmark.features.descriptors.analysis import N_FFT, RATE, Analysis, hz

_LOW_HZ, _HIGH_HZ = 150.0, 4000.0
_THRESHOLD = 0.1
_STEPS = np.linspace(-0.5, 0.5, 101)


def tuning(analysis: Analysis) -> list[float]:
    """One estimate a clip, in [−0.5, 0.5): as ``librosa.estimate_tuning(S=power)``; 0 where there is no peak."""
    frequencies = hz()[0]
    places = torch.nonzero((frequencies >= _LOW_HZ) & (frequencies < _HIGH_HZ))[:, 0]
    first, stop = int(places[0]), int(places[-1]) + 1
    return [_of_one(power, first, stop) for power in analysis.by_frame]


def _of_one(power: Tensor, first: int, stop: int) -> float:
    """The estimate of one clip, whose power is ``(frames, bins)``."""
    loudest = power.amax(-1, keepdim=True)
    around = power[:, first - 1 : stop + 1]
    middle = around[:, 1:-1]
    # What stands out above both neighbours and the threshold does so too where these are set to zero below it.
    peak = (middle > _THRESHOLD * loudest) & (middle > around[:, :-2]) & (middle >= around[:, 2:])
    frame, row = torch.nonzero(peak, as_tuple=True)
    left, top, right = (around[frame, row + n] for n in range(3))
    bend, slope = left + right - 2 * top, (right - left) / 2
    shift = torch.where(slope.abs() < bend.abs(), -slope / bend, 0.0)
    height = top + 0.5 * slope * shift
    pitch = (row + first + shift) * RATE / N_FFT
    return _vote(pitch.numpy(), height.numpy())


def _vote(pitch: NDArray[np.floating], height: NDArray[np.floating]) -> float:
    if len(pitch) == 0:
        return 0.0
    strong = pitch[height >= np.median(height)]
    off = np.mod(12 * np.log2(strong / 27.5), 1.0)
    off[off >= 0.5] -= 1.0
    counts, _ = np.histogram(off, _STEPS)
    return float(_STEPS[np.argmax(counts)])
