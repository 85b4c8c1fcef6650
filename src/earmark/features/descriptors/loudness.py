"""Loudness range: how far apart the quiet and the loud parts of a sound are (EBU Tech 3342)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pyloudnorm import IIRfilter
from scipy.signal import lfilter
from torch import Tensor

from earmark.features.descriptors.analysis import RATE, Analysis

_BLOCK_S, _STEP_S = 3.0, 0.1
_ABSOLUTE_LUFS, _RELATIVE_LU = -70.0, -20.0


def loudness_range_lu(analysis: Analysis) -> Tensor:
    """From the 10th to the 95th percentile of the loudness of blocks of 3 s, LU, ``(B,)``.

    Blocks below −70 LUFS, or 20 LU below the mean of the others, do not count. 0 for a sound of one block or none: one
    that is silent or not longer than 3 s.
    """
    sound = analysis.sound.double().numpy()
    for stage in _k_weighting():
        sound = lfilter(stage.b, stage.a, sound, axis=-1)
    block, step = int(_BLOCK_S * RATE), int(_STEP_S * RATE)
    energy = np.pad(np.cumsum(sound**2, axis=-1), ((0, 0), (1, 0)))
    starts = np.arange(0, max(0, sound.shape[-1] - block) + 1, step)
    if sound.shape[-1] < block:
        return torch.zeros(len(sound), dtype=torch.float64)
    power = (energy[:, starts + block] - energy[:, starts]) / block
    return torch.tensor([_range(row) for row in power], dtype=torch.float64)


def _k_weighting() -> tuple[IIRfilter, IIRfilter]:
    # ITU-R BS.1770-4, designed for the rate as in ``earmark.audio.loudness``.
    return (
        IIRfilter(3.99984385397, 0.7071752369554193, 1681.9744509555319, RATE, "high_shelf_DeMan"),
        IIRfilter(0.0, 0.5003270373253953, 38.13547087613982, RATE, "high_pass_DeMan"),
    )


def _range(power: NDArray[np.float64]) -> float:
    lufs = -0.691 + 10 * np.log10(np.maximum(power, 1e-20))
    heard = lufs >= _ABSOLUTE_LUFS
    if not heard.any():
        return 0.0
    gate = -0.691 + 10 * np.log10(power[heard].mean()) + _RELATIVE_LU
    low, high = np.percentile(lufs[heard & (lufs >= gate)], [10, 95])
    return float(high - low)
