"""Superpixels: regions that are what is planted, the way back to linear frequency, and the render contracts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.components.catalogue import FILLS, kind_from
from earmark.components.component import Components
from earmark.components.packed import pack, unpack
from earmark.components.superpixel_map import LabelMap, mel_weights, snippets_of
from earmark.components.superpixels import Superpixels
from earmark.errors import AudioError, SettingError
from earmark.features.stft import bin_hz, istft, stft

ALGORITHMS = [Superpixels(n=20), Superpixels("felzenszwalb"), Superpixels("quickshift", kernel=5.0)]


def two_bursts(rate: int = 16000, channels: int = 1) -> Clip:
    """A low tone in the first half of 3 s and a high one in the second, over soft noise."""
    t = np.arange(3 * rate) / rate
    x = np.where(t < 1.5, 0.4 * np.sin(2 * np.pi * 300 * t), 0.4 * np.sin(2 * np.pi * 3000 * t))
    return Clip(x + 0.003 * np.random.default_rng(0).standard_normal((channels, len(t))), rate)


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda k: k.algorithm)
@pytest.mark.parametrize("fill", FILLS.names())
def test_render_contracts(kind: Superpixels, fill: str) -> None:
    clip = two_bursts(channels=2)
    cut = Superpixels(kind.algorithm, kind.n, kind.scale, kind.kernel, fill).build(clip)
    assert isinstance(cut, Components)
    assert 2 < cut.n < 400
    assert cut.linear == (fill == "silence")
    rng = np.random.default_rng(0)
    masks = np.concatenate((np.ones((1, cut.n)), rng.integers(0, 2, (3, cut.n)), rng.uniform(0, 1, (1, cut.n))))
    whole = cut.render(masks).numpy()
    assert whole[0].tobytes() == clip.waveform.tobytes()
    for start, stop in ((0, 500), (11_000, 30_001), (47_000, 48_000), (23_999, 24_000)):
        np.testing.assert_allclose(cut.render(masks, start, stop).numpy(), whole[:, :, start:stop], atol=2e-6)
    if cut.linear:
        assert np.abs(whole + cut.render(1 - masks).numpy() - clip.waveform).max() < 1e-5
    else:
        all_off, ones = cut.render(np.zeros((1, cut.n))).numpy()[0], np.ones((2, cut.n)) / 2
        np.testing.assert_allclose(cut.render(ones).numpy()[0], (all_off + clip.waveform) / 2, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(
    samples=st.integers(1500, 6000),
    seed=st.integers(0, 99),
    regions=st.integers(1, 6),
    rate=st.sampled_from([8000, 16000]),
)
def test_snippets_are_the_masked_stft_of_the_whole(samples: int, seed: int, regions: int, rate: int) -> None:
    """Against masking the spectrum of the whole clip, region by region."""
    rng = np.random.default_rng(seed)
    n_fft = 512 if rate == 8000 else 1024
    x = torch.from_numpy(rng.uniform(-1, 1, (2, samples)).astype(np.float32))
    spectrum = stft(x, n_fft)
    labels = rng.integers(0, regions, (8, spectrum.shape[-1]))
    labels.flat[:regions] = np.arange(regions)
    found = LabelMap(labels, rate / 2, n_fft / 4 / rate)
    starts, snippets = snippets_of(spectrum, found, rate, samples, n_fft)
    weights = found.weights(bin_hz(n_fft, rate))
    for region in range(regions):
        mask = torch.from_numpy((weights @ (labels == region)).astype(np.float32))
        expected = istft(spectrum * mask, n_fft, samples=samples)
        got = torch.zeros_like(x)
        got[:, starts[region] : starts[region] + snippets[region].shape[-1]] = snippets[region]
        torch.testing.assert_close(got, expected, atol=2e-6, rtol=0)


def test_frequencies_share_neighbouring_mel() -> None:
    hz = bin_hz(2880, 44100)
    weights = mel_weights(hz, 64, 8000.0)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (np.count_nonzero(weights, axis=1) <= 2).all()
    # What was not in the picture goes with the top of it.
    np.testing.assert_array_equal(weights[hz > 8000][:, -1], 1)


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda k: k.algorithm)
def test_a_planted_burst_is_told_from_the_other(kind: Superpixels) -> None:
    cut = kind.build(two_bursts())
    low = [i for i, c in enumerate(cut.table) if c.low_hz < 450 and c.high_hz > 200 and c.start_s < 1.2]
    mask = np.zeros((1, cut.n))
    mask[0, low] = 1
    kept = cut.render(mask)[0, 0].numpy()
    rms = np.sqrt(np.mean(cut.clip.waveform[0, 2000:20000] ** 2))
    assert np.sqrt(np.mean((kept - cut.clip.waveform[0])[2000:20000] ** 2)) < 0.15 * rms
    assert np.sqrt(np.mean(kept[28000:] ** 2)) < 0.15 * rms


def test_the_settings_carry_the_regions() -> None:
    original = two_bursts(44100, channels=2)
    heard = resample(to_channels(original, 1), 16000)
    cut = Superpixels(n=20).build(heard)
    kind = kind_from("superpixels", json.loads(json.dumps(cut.settings)))
    again = kind.build(heard)
    mask = np.random.default_rng(0).integers(0, 2, (2, cut.n))
    assert again.table == cut.table
    assert again.render(mask).numpy().tobytes() == cut.render(mask).numpy().tobytes()
    there = cut.on(original)
    assert (there.n, [c.name for c in there.table]) == (cut.n, [c.name for c in cut.table])
    lower = resample(to_channels(Clip(there.render(mask)[0].numpy(), 44100), 1), 16000).waveform
    here = cut.render(mask)[0].numpy()
    assert np.sqrt(np.mean((lower - here) ** 2)) < 0.1 * np.sqrt(np.mean(here**2))


def test_overlapping_superpixels() -> None:
    cut = Superpixels(n=20).build(two_bursts())
    inside = cut.overlapping(0.5, 0.9)
    assert 0 < len(inside) < cut.n
    mask = np.zeros((1, cut.n))
    mask[0, inside] = 1
    np.testing.assert_allclose(cut.render(mask, 9000, 13400)[0].numpy(), cut.clip.waveform[:, 9000:13400], atol=2e-3)


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(SettingError, match="n has no meaning for quickshift"):
        Superpixels("quickshift", n=3)
    with pytest.raises(SettingError, match="slic, felzenszwalb, quickshift"):
        Superpixels("watershed")
    with pytest.raises(SettingError, match="belong together"):
        Superpixels(labels="abc")
    with pytest.raises(AudioError, match="silent"):
        Superpixels().build(Clip(np.zeros(8000), 16000))
    whole = pack(np.zeros(12, dtype=np.uint16))
    with pytest.raises(SettingError, match="another number"):
        unpack(whole, (13,), np.uint16)
    with pytest.raises(SettingError, match="damaged"):
        unpack("no base 64!", (12,), np.uint16)
