"""Factors: the updates against scikit-learn's, planted sounds found again, the render contracts."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from sklearn.decomposition import NMF

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.components.catalogue import kind_from
from earmark.components.factors import factorise, soft_masks
from earmark.components.nmf import Nmf
from earmark.errors import AudioError, SettingError


def divergence(v: np.ndarray, approximation: np.ndarray) -> float:
    """Generalised Kullback–Leibler: Σ v log(v / a) − v + a."""
    return float(np.sum(v * np.log(v / approximation) - v + approximation))


def test_the_divergence_never_rises_and_goes_the_way_of_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    v = (rng.gamma(1, 1, (30, 4)) @ rng.gamma(1, 1, (4, 40)) + 0.01).astype(np.float32)
    costs = []
    for iterations in (1, 2, 5, 10, 50, 200):
        w, h = factorise(v, 4, iterations=iterations, rng=np.random.default_rng(3))
        assert w.min() >= 0
        assert h.min() >= 0
        np.testing.assert_allclose(w.sum(axis=0), 1, atol=1e-5)
        costs.append(divergence(v, w.astype(float) @ h))
    assert all(later <= earlier for earlier, later in itertools.pairwise(costs))
    # The same start, the same updates: the same approximation.
    scale = v.mean()
    starts = np.random.default_rng(3)
    w0, h0 = starts.uniform(0.5, 1.5, (30, 4)), starts.uniform(0.5, 1.5, (4, 40)) / 4
    peer = NMF(4, init="custom", solver="mu", beta_loss="kullback-leibler", max_iter=200, tol=0)
    pw = peer.fit_transform(v.astype(float) / scale, W=w0, H=h0)
    np.testing.assert_allclose(w.astype(float) @ h, pw @ peer.components_ * scale, rtol=1e-4)


def test_masks_are_shares() -> None:
    w, h = np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[2.0], [1.0]])
    np.testing.assert_allclose(soft_masks(w, h, 1)[:, 0, 0], [0.4, 0.6])
    np.testing.assert_allclose(soft_masks(w, h, 2)[:, 0, 0], [4 / 13, 9 / 13])
    np.testing.assert_allclose(soft_masks(w, h, 2)[:, 1, 0], [0.5, 0.5])
    np.testing.assert_allclose(soft_masks(w * 1e-200, h, 2).sum(axis=0), 1)


def two_notes(rate: int = 16000, channels: int = 1) -> tuple[Clip, np.ndarray, np.ndarray]:
    """Two notes that take turns and overlap, and each alone."""
    t = np.arange(3 * rate) / rate
    low = 0.3 * np.sin(2 * np.pi * 300 * t) * (np.sin(2 * np.pi * 1.0 * t) > 0)
    high = 0.3 * np.sin(2 * np.pi * 2000 * t) * (np.sin(2 * np.pi * 0.7 * t) > 0)
    return Clip(np.stack((low + high,) * channels), rate), low, high


def test_notes_are_factors() -> None:
    clip, low, high = two_notes()
    cut = Nmf(n=2).build(clip)
    alone = cut.render(np.eye(2))[:, 0].numpy()
    for got, note in zip(alone, (low, high), strict=True):
        assert np.sum((got - note) ** 2) < 0.02 * np.sum(note**2)
    assert [c.name for c in cut.table] == ["sound 1 (strongest at 297 Hz)", "sound 2 (strongest at 2000 Hz)"]


@pytest.mark.parametrize("fill", ["silence", "noise_floor"])
def test_render_contracts_and_settings(fill: str) -> None:
    original, _, _ = two_notes(44100, channels=2)
    heard = resample(to_channels(original, 1), 16000)
    cut = Nmf(n=3, iterations=30, fill=fill).build(heard, seed=4)
    mask = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0.5]])
    sounds = cut.render(mask).numpy()
    assert sounds[1].tobytes() == heard.waveform.tobytes()
    if fill == "silence":
        assert np.abs(sounds + cut.render(1 - mask).numpy() - heard.waveform).max() < 1e-5
    again = kind_from("nmf", json.loads(json.dumps(cut.settings))).build(heard, seed=4)
    assert again.render(mask).numpy().tobytes() == sounds.tobytes()
    assert Nmf(n=3, iterations=30, fill=fill).build(heard, seed=4).settings == cut.settings
    assert Nmf(n=3, iterations=30, fill=fill).build(heard, seed=5).settings != cut.settings
    if fill == "silence":
        lower = resample(to_channels(Clip(cut.on(original).render(mask)[0].numpy(), 44100), 1), 16000).waveform
        assert np.sqrt(np.mean((lower - sounds[0]) ** 2)) < 0.1 * np.sqrt(np.mean(sounds[0] ** 2))


def test_what_cannot_be_factorised() -> None:
    with pytest.raises(AudioError, match="silent"):
        Nmf().build(Clip(np.zeros(8000), 16000))
    with pytest.raises(SettingError, match="belong together"):
        Nmf(factors="abc")
