"""Versions of one clip, made as loud as each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from earmark.audio.clip import Clip


def shared_lufs(versions: Sequence[tuple[Clip, float]]) -> float:
    """The loudness in LUFS that all versions can have: the first one's, or as much of it as all reach.

    A version reaches only so much before its peak is at full scale. Silent versions (−inf LUFS) do not count; 0 where
    all are silent.

    Parameters
    ----------
    versions : sounds with their integrated loudness in LUFS, the original first.
    """
    heard = [(sound, lufs) for sound, lufs in versions if not math.isinf(lufs)]
    if not heard:
        return 0.0
    ceilings = [lufs - 20 * math.log10(float(np.abs(sound.waveform).max())) for sound, lufs in heard]
    return min(heard[0][1], *ceilings)
