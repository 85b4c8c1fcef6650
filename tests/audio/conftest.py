"""Sounds that the tests of this room share."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.audio.clip import Clip


@pytest.fixture(scope="session")
def tune() -> Clip:
    """Six seconds of stereo: two sweeps and some noise, no two moments alike; 24-bit values."""
    rng = np.random.default_rng(7)
    t = np.arange(6 * 44100) / 44100
    left = 0.4 * np.sin(2 * np.pi * (200 + 300 * t) * t) + 0.05 * rng.standard_normal(t.size)
    right = 0.3 * np.sin(2 * np.pi * (1500 - 100 * t) * t)
    return Clip(np.rint(np.stack([left, right]) * 2**23) / 2**23, 44100)
