from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip, Source
from earmark.audio.convert import resample, to_channels
from earmark.errors import AudioError, SettingError

RATES = (8000, 16000, 22050, 44100, 48000, 96000)


@given(
    samples=st.integers(100, 40000),
    before=st.sampled_from(RATES),
    after=st.sampled_from(RATES),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_length(samples: int, before: int, after: int, seed: int) -> None:
    clip = Clip(np.random.default_rng(seed).uniform(-0.5, 0.5, (2, samples)), before)
    assert resample(clip, after).waveform.shape == (2, math.floor(samples * after / before + 0.5))


@given(
    before=st.sampled_from(RATES),
    after=st.sampled_from(RATES),
    hz=st.floats(50, 3000),
    quality=st.sampled_from(["HQ", "VHQ"]),
)
@settings(max_examples=30, deadline=None)
def test_a_tone_below_both_nyquists_is_the_same_tone(before: int, after: int, hz: float, quality: str) -> None:
    def tone(rate: int) -> np.ndarray:
        return 0.5 * np.sin(2 * np.pi * hz * np.arange(rate) / rate + 0.3)

    done = resample(Clip(tone(before), before), after, quality=quality)  # type: ignore[arg-type]
    middle = slice(after // 4, 3 * after // 4)
    np.testing.assert_allclose(done.waveform[0, middle], tone(after)[middle], atol=4e-5)


def test_a_tone_above_the_new_nyquist_is_gone() -> None:
    t = np.arange(44100) / 44100
    done = resample(Clip(np.sin(2 * np.pi * 12000 * t), 44100), 16000)
    assert np.abs(done.waveform[0, 4000:12000]).max() < 1e-4


def test_lyrics_and_source_stay() -> None:
    clip = Clip(np.zeros((2, 4410)), 44100, lyrics="la", source=Source("a.wav", 2.0, "ff"))
    for done in (resample(clip, 8000), to_channels(clip, 1)):
        assert (done.lyrics, done.source) == (clip.lyrics, clip.source)
    assert resample(clip, 44100) is clip
    assert to_channels(clip, 2) is clip


def test_too_short_for_one_sample() -> None:
    with pytest.raises(AudioError, match="4 samples at 192000 Hz are less than one sample at 16000 Hz"):
        resample(Clip(np.ones(4), 192000), 16000)


@pytest.mark.parametrize("rate", [0, -1, 22050.5])
def test_rates_that_are_none(rate: float) -> None:
    with pytest.raises(SettingError, match="no positive whole number"):
        resample(Clip(np.ones(4), 8000), rate)  # type: ignore[arg-type]


@given(channels=st.integers(1, 8), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_mono_is_the_mean(channels: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1, 1, (channels, 100)).astype(np.float32)
    mono = to_channels(Clip(waveform, 8000), 1)
    expected = [sum(float(c[i]) for c in waveform) / channels for i in range(100)]
    np.testing.assert_allclose(mono.waveform[0], expected, atol=1e-7)


def test_mono_is_copied() -> None:
    stereo = to_channels(Clip(np.array([0.1, 0.2]), 8000), 2)
    np.testing.assert_array_equal(stereo.waveform, np.float32([[0.1, 0.2], [0.1, 0.2]]))


def test_no_rule() -> None:
    with pytest.raises(AudioError, match="8 channels cannot be made 2"):
        to_channels(Clip(np.zeros((8, 10)), 8000), 2)
    with pytest.raises(SettingError):
        to_channels(Clip(np.zeros((8, 10)), 8000), 0)
