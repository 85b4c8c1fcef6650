"""From the user's clip to what a classifier takes, with every step in words."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.errors import AudioError
from earmark.models.classifier import InputSpec


@dataclass(frozen=True)
class Prepared:
    """A clip at the rate and with the channels of a classifier, and what was done to get it there."""

    clip: Clip
    steps: tuple[str, ...]


def prepare(clip: Clip, spec: InputSpec) -> Prepared:
    """Convert a clip to a classifier's rate and channels. Its length is never changed.

    Parameters
    ----------
    clip : the sound as the user has it.
    spec : what the classifier takes.

    Returns
    -------
    Prepared
        The clip itself and no step, where it fits already.

    Raises
    ------
    AudioError
        If it is too short, or not the one length that the classifier takes.

    Examples
    --------
    >>> import numpy as np
    >>> prepare(Clip(np.zeros((2, 44100)), 44100), InputSpec(16000)).steps
    ('mean of 2 channels', 'resampled 44100 → 16000 Hz (soxr HQ)')
    """
    # Half a sample of slack: a length in seconds rarely is a whole number of samples.
    slack_s = 0.5 / clip.sample_rate
    if clip.duration_s + slack_s < spec.min_length_s:
        raise AudioError(
            f"lasts {clip.duration_s:.2f} s, the classifier needs at least {spec.min_length_s:.2f} s",
            remedy="Use a longer sound, or repeat it until it is long enough",
            where=clip.name,
        )
    if spec.length_s is not None and abs(clip.duration_s - spec.length_s) > slack_s:
        raise AudioError(
            f"lasts {clip.duration_s:.2f} s, the classifier takes exactly {spec.length_s:.2f} s",
            remedy=f"Choose a span of {spec.length_s:.2f} s with --start and --duration",
            where=clip.name,
        )
    steps = []
    if clip.channels != spec.channels:
        if spec.channels == 1:
            steps.append(f"mean of {clip.channels} channels")
        else:
            steps.append(f"{clip.channels} → {spec.channels} channels")
        clip = to_channels(clip, spec.channels)
    if clip.sample_rate != spec.sample_rate:
        steps.append(f"resampled {clip.sample_rate} → {spec.sample_rate} Hz (soxr HQ)")
        clip = resample(clip, spec.sample_rate)
    return Prepared(clip, tuple(steps))
