"""Fills: levels and spectra against what they should be, in closed form where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.time import Time

OFF = np.zeros((1, 1))


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def rendered(clip: Clip, fill: str, seed: int = 0) -> np.ndarray:
    return Time(n=1, fill=fill).build(clip, seed=seed).render(OFF)[0].numpy()


def test_silence_is_silence(noisy) -> None:
    assert np.abs(rendered(noisy(), "silence")).max() == 0
    assert Time(fill="silence").build(noisy()).linear
    assert not Time(fill="median").build(noisy()).linear
    assert not Time(fill="noise_floor").build(noisy()).linear


def test_the_median_of_a_steady_tone_is_the_tone() -> None:
    t = np.arange(32000) / 16000
    tone = 0.5 * np.sin(2 * np.pi * 500 * t)
    filled = rendered(Clip(tone, 16000), "median")[0]
    assert np.abs(filled - tone)[1600:-1600].max() < 1e-3


def test_the_median_forgets_what_is_rare() -> None:
    """A hit in a tenth of the clip is not in the median; the tone under it is."""
    t = np.arange(32000) / 16000
    tone = 0.2 * np.sin(2 * np.pi * 500 * t)
    hit = np.where((t > 1.0) & (t < 1.1), 0.5 * np.sin(2 * np.pi * 3000 * t), 0.0)
    filled = rendered(Clip(tone + hit, 16000), "median")[0]
    assert rms((filled - tone)[1600:-1600]) < 0.02 * rms(hit)


def test_the_noise_floor_of_white_noise_is_as_loud_as_the_noise() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 5 * 16000))
    filled = rendered(Clip(noise, 16000), "noise_floor")
    assert abs(20 * np.log10(rms(filled) / rms(noise))) < 0.5
    # Noise of its own, the same for the same seed.
    assert abs(np.corrcoef(filled[0], noise[0])[0, 1]) < 0.02
    assert abs(np.corrcoef(filled[0], filled[1])[0, 1]) < 0.02
    assert np.array_equal(filled, rendered(Clip(noise, 16000), "noise_floor"))
    assert not np.array_equal(filled, rendered(Clip(noise, 16000), "noise_floor", seed=1))


def test_the_noise_floor_is_that_of_the_quiet_moments() -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(5 * 16000)
    noise[16000 : 4 * 16000] += 0.8 * np.sin(2 * np.pi * 700 * np.arange(3 * 16000) / 16000)
    filled = rendered(Clip(noise, 16000), "noise_floor")
    assert abs(20 * np.log10(rms(filled) / 0.1)) < 0.5


@pytest.mark.parametrize("fill", ["median", "noise_floor"])
def test_a_layer_is_filled_by_its_own_band(fill: str) -> None:
    clip = Clip(0.1 * np.random.default_rng(0).standard_normal(5 * 16000), 16000)
    cut = Bands(n=2, spacing="octave", low_hz=1000, fill=fill).build(clip)
    all_off, low_off = cut.render(np.array([[0, 0], [0, 1]]))[:, 0].numpy()
    spectrum = np.abs(np.fft.rfft(low_off))
    kept = np.abs(np.fft.rfft(clip.waveform[0]))
    hz = np.fft.rfftfreq(clip.samples, 1 / 16000)
    # Above the cut (2.8 kHz) the clip itself, below it something else as loud to a few dB.
    np.testing.assert_allclose(spectrum[hz > 3500], kept[hz > 3500], rtol=0.05, atol=0.5)
    below = hz < 2000
    assert abs(20 * np.log10(rms(spectrum[below]) / rms(kept[below]))) < 4
    assert rms(all_off) > 0.03


@pytest.mark.parametrize("fill", ["median", "noise_floor"])
def test_where_the_clip_is_silent_the_fill_makes_no_click(fill: str) -> None:
    assert np.abs(rendered(Clip(np.zeros((2, 8000)), 16000), fill)).max() == 0
    half = np.zeros(32000)
    half[:20000] = 0.2 * np.random.default_rng(0).standard_normal(20000)
    filled = rendered(Clip(half, 16000), fill)[0]
    if fill == "median":
        assert rms(filled[4000:16000]) > 0.05
        assert np.abs(filled[22000:]).max() < 1e-6
