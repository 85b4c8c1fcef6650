"""Bands: edges, masks that sum to one, and sound that lands in the band it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip
from earmark.components.band_masks import band_edges, band_masks, hz_to_mel, mel_to_hz
from earmark.components.bands import Bands
from earmark.components.grid import Grid
from earmark.errors import SettingError
from earmark.features.stft import bin_hz


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 12),
    spacing=st.sampled_from(["mel", "octave"]),
    rate=st.sampled_from([8000, 16000, 44100]),
    low=st.floats(50, 200),
    high=st.floats(0.5, 1.0),
)
def test_masks_sum_to_one_and_are_gains(n: int, spacing: str, rate: int, low: float, high: float) -> None:
    clip = Clip(np.zeros(10), rate)
    edges = band_edges(clip, n=n, spacing=spacing, low_hz=low, high_hz=high * rate / 2)
    assert (len(edges), edges[0], edges[-1]) == (n + 1, 0, rate / 2)
    hz = bin_hz(4096, rate)
    if np.diff(edges).min() < 2 * hz[1]:
        with pytest.raises(SettingError, match="narrower"):
            band_masks(edges, hz)
        return
    masks = band_masks(edges, hz)
    np.testing.assert_allclose(masks.sum(axis=0), 1, atol=1e-6)
    assert masks.min() >= -1e-7
    centres = (np.array(edges[:-1]) + edges[1:]) / 2
    for band, centre in enumerate(centres):
        assert masks[band, np.argmin(np.abs(hz - centre))] > 0.99


def test_mel_edges_are_equal_steps_of_mel_and_octaves_of_ratio() -> None:
    clip = Clip(np.zeros(10), 16000)
    mel = band_edges(clip, n=8, spacing="mel", low_hz=None, high_hz=None)
    np.testing.assert_allclose(np.diff(hz_to_mel(np.array(mel))), float(hz_to_mel(8000.0)) / 8)
    octaves = band_edges(clip, n=7, spacing="octave", low_hz=None, high_hz=None)
    np.testing.assert_allclose(octaves[1:], 8000 / 2.0 ** np.arange(6, -1, -1))
    assert float(hz_to_mel(1000.0)) == pytest.approx(1000, abs=0.1)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(np.array([0, 440, 7000.0]))), [0, 440, 7000], atol=1e-9)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_sine_sounds_in_its_band_alone(rate: int) -> None:
    t = np.arange(rate) / rate
    cut = Bands(n=6).build(Clip(0.5 * np.sin(2 * np.pi * 1000 * t), rate))
    energy = np.square(cut.render(np.eye(6)).numpy()).sum(axis=(1, 2))
    (home,) = [i for i, c in enumerate(cut.table) if c.low_hz <= 1000 < c.high_hz]
    assert energy[home] / energy.sum() > 0.999


def test_removing_a_band_leaves_the_others_untouched() -> None:
    t = np.arange(16000) / 16000
    low, high = 0.3 * np.sin(2 * np.pi * 200 * t), 0.3 * np.sin(2 * np.pi * 5000 * t)
    cut = Bands(n=2, spacing="octave", low_hz=125).build(Clip(low + high, 16000))
    kept = cut.render(np.array([[1, 0]]))[0, 0].numpy()
    assert np.abs(kept - low)[1600:-1600].max() < 1e-3


def test_the_top_band_reaches_to_the_clips_own_nyquist_frequency(noisy) -> None:
    cut = Bands(n=3).build(noisy(rate=16000))
    there = cut.on(noisy(rate=44100, channels=2))
    assert cut.table[-1].high_hz == 8000
    assert there.table[-1].high_hz == 22050
    assert [c.low_hz for c in there.table] == [c.low_hz for c in cut.table]
    with pytest.raises(SettingError, match="Nyquist"):
        cut.on(noisy(rate=4000))


def test_ranges_that_cannot_be_honoured_are_refused(noisy) -> None:
    with pytest.raises(SettingError, match="0 to 8000 Hz"):
        Bands(high_hz=9000).build(noisy())
    with pytest.raises(SettingError, match="low_hz below high_hz"):
        Bands(low_hz=500, high_hz=400).build(noisy())
    with pytest.raises(SettingError, match="narrower than"):
        Bands(n=200).build(noisy())


def test_grid_cells_are_bands_by_segments(noisy) -> None:
    cut = Grid(n_times=2, n_bands=3).build(noisy(seconds=1.0))
    assert [(c.low_hz, c.start_s) for c in cut.table[:3]] == [
        (0.0, 0.0),
        (0.0, 0.5),
        (cut.table[2].low_hz, 0.0),
    ]
    bands = Bands(n=3).build(noisy(seconds=1.0))
    whole_band = cut.render(np.array([[1, 1, 0, 0, 0, 0]])).numpy()
    np.testing.assert_allclose(whole_band, bands.render(np.array([[1, 0, 0]])).numpy(), atol=1e-6)
