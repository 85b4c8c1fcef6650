"""Sounds to cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from earmark.audio.clip import Clip

MakeClip = Callable[..., Clip]


@pytest.fixture(scope="session")
def noisy() -> MakeClip:
    """Makes clips of noise and a tone, below full scale."""

    def make(seconds: float = 0.5, rate: int = 16000, channels: int = 1, seed: int = 0) -> Clip:
        rng = np.random.default_rng(seed)
        t = np.arange(round(seconds * rate)) / rate
        tone = 0.4 * np.sin(2 * np.pi * 440 * t)
        return Clip(tone + 0.1 * rng.uniform(-1, 1, (channels, len(t))), rate)

    return make
