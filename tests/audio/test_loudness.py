from __future__ import annotations

import math

import numpy as np
import pytest
from pyloudnorm import Meter

from earmark.audio.clip import Clip
from earmark.audio.loudness import integrated_lufs


def sine(dbfs: float, seconds: float, rate: int = 48000, hz: float = 1000.0, channels: int = 2) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return np.tile(10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * t), (channels, 1))


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000, 96000, 192000])
def test_calibrated_sine(rate: int) -> None:
    """EBU Tech 3341, test case 1: stereo 1 kHz at -23 dBFS, 20 s, is -23.0 ± 0.1 LUFS."""
    assert integrated_lufs(Clip(sine(-23, 20, rate), rate)) == pytest.approx(-23.0, abs=0.1)


def test_gates() -> None:
    """EBU Tech 3341, test cases 3 and 4: quiet parts before and after are gated away."""
    for levels in ((-36, -23, -36), (-72, -36, -23, -36, -72)):
        seconds = {-36: 10, -23: 60, -72: 10}
        clip = Clip(np.concatenate([sine(level, seconds[level], 16000) for level in levels], axis=1), 16000)
        assert integrated_lufs(clip) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate", [44100, 48000])
def test_agrees_with_the_reference_library(rate: int, channels: int) -> None:
    rng = np.random.default_rng(channels)
    swell = np.abs(np.sin(np.linspace(0, 9, 5 * rate))) ** 4
    waveform = (0.3 * swell * rng.standard_normal((channels, 5 * rate))).astype(np.float32)
    expected = Meter(rate, "DeMan").integrated_loudness(waveform.T.astype(np.float64))
    assert integrated_lufs(Clip(waveform, rate)) == pytest.approx(expected, abs=1e-3)


def test_a_low_rate_is_measured_where_the_curve_is_right() -> None:
    assert integrated_lufs(Clip(sine(-23, 5, 8000), 8000)) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("samples", [1, 4, 4800, 19199, 19200, 480000])
def test_silence_is_minus_infinity(samples: int) -> None:
    assert integrated_lufs(Clip(np.zeros((2, samples)), 48000)) == -math.inf


def test_below_the_absolute_gate() -> None:
    assert integrated_lufs(Clip(sine(-80, 2), 48000)) == -math.inf


def test_shorter_than_a_block_is_the_level_of_all_of_it() -> None:
    # 0.3 s of a steady tone are as loud as 3 s of it, but for the filters' onset.
    short, long = (integrated_lufs(Clip(sine(-20, seconds), 48000)) for seconds in (0.3, 3.0))
    assert short == pytest.approx(long, abs=0.1)
    assert math.isfinite(integrated_lufs(Clip(np.full(4, 0.5), 48000)))


def test_gain_is_added_in_db() -> None:
    rng = np.random.default_rng(0)
    waveform = 0.2 * rng.standard_normal((2, 96000))
    loud, soft = (integrated_lufs(Clip(waveform * g, 48000)) for g in (1.0, 0.5))
    assert loud - soft == pytest.approx(20 * math.log10(2), abs=1e-3)


def test_eight_channels_weigh_one_each() -> None:
    one = integrated_lufs(Clip(sine(-30, 1, channels=1), 48000))
    assert integrated_lufs(Clip(sine(-30, 1, channels=8), 48000)) == pytest.approx(one + 10 * math.log10(8), abs=1e-6)
