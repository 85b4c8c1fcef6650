"""Sample rate and channels: conversions that a classifier's input asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import soxr

from earmark.audio.clip import Clip
from earmark.errors import AudioError, SettingError


def resample(clip: Clip, sample_rate: int, *, quality: Literal["HQ", "VHQ"] = "HQ") -> Clip:
    """The same sound at another sample rate, by band-limited interpolation (the SoX resampler, linear phase).

    Parameters
    ----------
    clip : the sound; returned as it is when it has that rate already.
    sample_rate : Hz.
    quality : "HQ" (20 bit) or "VHQ" (28 bit).

    Returns
    -------
    Clip
        ``(channels, n)`` with n = samples * sample_rate / clip.sample_rate, halves rounded up; same start, no delay.
        Peaks may rise a little above those of the input: they are what lies between its samples.

    Raises
    ------
    SettingError
        If the rate is no positive whole number.
    AudioError
        If the clip is so short that no sample is left.

    Examples
    --------
    >>> resample(Clip(np.zeros((2, 44100)), 44100), 16000).waveform.shape
    (2, 16000)
    """
    if int(sample_rate) != sample_rate or sample_rate < 1:
        raise SettingError(
            f"sample rate {sample_rate!r} Hz is no positive whole number", remedy="Give it in Hz", where=clip.name
        )
    if sample_rate == clip.sample_rate:
        return clip
    done = soxr.resample(np.ascontiguousarray(clip.waveform.T), clip.sample_rate, sample_rate, quality=quality)
    if len(done) == 0:
        raise AudioError(
            f"{clip.samples} samples at {clip.sample_rate} Hz are less than one sample at {sample_rate} Hz",
            remedy="Give a longer sound",
            where=clip.name,
        )
    return replace(clip, waveform=done.T, sample_rate=int(sample_rate))


def to_channels(clip: Clip, channels: int) -> Clip:
    """The same sound with another number of channels: the mean for mono, copies of a mono clip for more.

    Raises
    ------
    AudioError
        If neither applies: from 8 channels to 2 there is no rule without knowing where each one stands.

    Examples
    --------
    >>> to_channels(Clip(np.array([[1.0, 0.5], [0.0, 0.5]]), 8000), 1).waveform
    array([[0.5, 0.5]], dtype=float32)
    """
    if channels < 1:
        raise SettingError(f"{channels} channels", remedy="Ask for one or more", where=clip.name)
    if channels == clip.channels:
        return clip
    if channels == 1:
        return replace(clip, waveform=clip.waveform.mean(axis=0, dtype=np.float64)[np.newaxis].astype(np.float32))
    if clip.channels == 1:
        return replace(clip, waveform=np.repeat(clip.waveform, channels, axis=0))
    raise AudioError(
        f"{clip.channels} channels cannot be made {channels}: where each one stands is not known",
        remedy=f"Mix the file to mono or to {channels} channels first",
        where=clip.name,
    )
