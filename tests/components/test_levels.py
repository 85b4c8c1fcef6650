"""How loud components are, against the level of the sound itself."""

from __future__ import annotations

import numpy as np

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.levels import FLOOR_DB, component_levels
from earmark.components.time import Time


def test_segments_of_known_level() -> None:
    rate = 8000
    gains = np.array([0.5, 0.05, 0.0, 0.25, 0.1, 1.0, 0.01, 0.2, 0.3, 0.4])
    clip = Clip(np.repeat(gains, rate) * np.tile([1.0, -1.0], 5 * rate), rate)
    levels = component_levels(Time(n=10, fade_s=0.0).build(clip))
    with np.errstate(divide="ignore"):
        expected = 10 * np.log10(gains**2 / 10)
    np.testing.assert_allclose(levels, np.maximum(expected, FLOOR_DB), atol=1e-4)


def test_the_band_of_a_tone_is_the_loud_one() -> None:
    rate = 16000
    clip = Clip(0.3 * np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate), rate)
    components = Bands(n=6).build(clip)
    levels = component_levels(components)
    loudest = components.table[int(levels.argmax())]
    assert loudest.low_hz is not None
    assert loudest.high_hz is not None
    assert loudest.low_hz <= 1000 <= loudest.high_hz
    assert abs(levels.max() - 20 * np.log10(0.3 / np.sqrt(2))) < 0.2
