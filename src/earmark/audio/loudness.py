"""Integrated loudness after ITU-R BS.1770-4 (EBU R 128), in LUFS.

Conventions beyond the recommendation, which is silent on them:

- A clip shorter than one gating block (0.4 s) is one block: the K-weighted mean square of all of it, not gated.
- Silence, and a clip all of whose blocks lie below the absolute gate of -70 LUFS, is -inf.
- Up to five channels are taken as left, right, centre, left and right surround (the surrounds weigh 1.41, as in
  pyloudnorm); with more the positions are not known and each channel weighs 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyloudnorm import IIRfilter

from earmark.audio.clip import Clip
from earmark.audio.convert import resample

_BLOCK_S = 0.4
_STEP_S = 0.1
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET = -0.691
_WEIGHTS = (1.0, 1.0, 1.0, 1.41, 1.41)
# The K-weighting's shelf lies at 1.5 kHz: below this rate the sound is brought to one where its curve is right.
_LOWEST_RATE = 16000


def integrated_lufs(clip: Clip) -> float:
    """Integrated loudness of a clip in LUFS; -inf when it is silent.

    Source: ITU-R BS.1770-4 (2015), equations 1 to 7; K-weighting at any rate: De Man (2018), "Evaluation of
    implementations of the EBU R128 loudness measurement", as in pyloudnorm (Steinmetz and Reiss, 2021).

    Examples
    --------
    >>> t = np.arange(48000) / 48000
    >>> round(integrated_lufs(Clip(np.sin(2 * np.pi * 997 * t), 48000)), 1)
    -3.0
    """
    if clip.sample_rate < _LOWEST_RATE:
        clip = resample(clip, 48000)
    power = _block_powers(_k_weighted(clip), clip.sample_rate)
    if clip.duration_s < _BLOCK_S:
        return _lufs(float(power.mean()))
    gate = _power(_ABSOLUTE_GATE_LUFS)
    loud = power[power > gate]
    if loud.size == 0:
        return -math.inf
    relative = float(loud.mean()) * 10 ** (_RELATIVE_GATE_LU / 10)
    return _lufs(float(loud[loud > relative].mean()))


def _k_weighted(clip: Clip) -> NDArray[np.float64]:
    # pyloudnorm's default set misses the recommendation's 48 kHz coefficients by up to 0.05 LU; this one meets them.
    shelf = IIRfilter(3.99984385397, 0.7071752369554193, 1681.9744509555319, clip.sample_rate, "high_shelf_DeMan")
    high_pass = IIRfilter(0.0, 0.5003270373253953, 38.13547087613982, clip.sample_rate, "high_pass_DeMan")
    return np.stack([high_pass.apply_filter(shelf.apply_filter(c.astype(np.float64))) for c in clip.waveform])


def _block_powers(waveform: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Weighted sum over channels of the mean square of each block (equations 1 and 3), shape ``(blocks,)``."""
    channels, samples = waveform.shape
    weights = np.array(_WEIGHTS[:channels]) if channels <= len(_WEIGHTS) else np.ones(channels)
    energy = np.concatenate([[0.0], np.cumsum(weights @ waveform**2)])
    length = min(samples, round(_BLOCK_S * rate))
    blocks = 1 + int((samples - length) / (_STEP_S * rate) + 1e-9)
    starts = np.rint(np.arange(blocks) * _STEP_S * rate).astype(int)
    return np.asarray((energy[np.minimum(starts + length, samples)] - energy[starts]) / length)


def _lufs(power: float) -> float:
    return _OFFSET + 10 * math.log10(power) if power > 0 else -math.inf


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))
