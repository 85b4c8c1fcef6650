"""The STFT against its definition, and the inverse against the signal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SettingError
from earmark.features.stft import bin_hz, frame_length, istft, stft


def literal_stft(x: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """The defining sum, one frame and one bin at a time."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.concatenate((np.zeros(n_fft // 2), x, np.zeros(n_fft // 2)))
    frames = 1 + len(x) // hop
    out = np.zeros((n_fft // 2 + 1, frames), dtype=complex)
    for t in range(frames):
        piece = padded[t * hop : t * hop + n_fft] * window
        for k in range(n_fft // 2 + 1):
            out[k, t] = np.sum(piece * np.exp(-2j * np.pi * k * np.arange(n_fft) / n_fft))
    return out


@pytest.mark.parametrize(("samples", "n_fft", "hop"), [(100, 16, 4), (37, 16, 8), (5, 16, 4), (1, 8, 2)])
def test_agrees_with_the_defining_sum(samples: int, n_fft: int, hop: int) -> None:
    x = np.random.default_rng(samples).standard_normal(samples)
    got = stft(torch.from_numpy(x), n_fft, hop).numpy()
    np.testing.assert_allclose(got, literal_stft(x, n_fft, hop), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    samples=st.integers(1, 3000),
    n_fft=st.sampled_from([8, 64, 512, 2880]),
    shape=st.sampled_from([(), (1,), (2,), (3, 2)]),
    seed=st.integers(0, 99),
)
def test_the_inverse_is_exact_at_any_length(samples: int, n_fft: int, shape: tuple[int, ...], seed: int) -> None:
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (*shape, samples)).astype(np.float32))
    spectrum = stft(x, n_fft)
    assert spectrum.shape == (*shape, n_fft // 2 + 1, 1 + samples // (n_fft // 4))
    back = istft(spectrum, n_fft, samples=samples)
    assert back.shape == x.shape
    assert float((back - x).abs().max()) < 2e-6


def test_channels_are_transformed_one_by_one() -> None:
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 500)))
    together = stft(x, 64)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(together[i, j], stft(x[i, j], 64))


def test_a_sine_peaks_in_its_bin() -> None:
    n_fft = frame_length(16000, 0.064)
    hz = bin_hz(n_fft, 16000)
    sine = torch.sin(2 * torch.pi * hz[100] * torch.arange(16000, dtype=torch.float64) / 16000)
    assert int(stft(sine, n_fft).abs()[:, 20].argmax()) == 100
    assert hz[-1] == 8000


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 192000])
def test_frames_last_as_long_at_every_rate(rate: int) -> None:
    n_fft = frame_length(rate, 0.064)
    assert n_fft % 4 == 0
    assert 0.064 <= n_fft / rate < 0.068


@pytest.mark.parametrize(("n_fft", "hop"), [(15, 5), (16, 16), (16, 5), (16, 0), (2, 1)])
def test_frames_that_cannot_be_inverted_are_refused(n_fft: int, hop: int) -> None:
    with pytest.raises(SettingError, match="divides it at least twice"):
        stft(torch.zeros(100), n_fft, hop)


def test_wrong_sizes_are_refused() -> None:
    spectrum = stft(torch.zeros(100), 16)
    with pytest.raises(SettingError, match="no spectrum of 200 samples"):
        istft(spectrum, 16, samples=200)
    with pytest.raises(SettingError, match="at least one sample"):
        stft(torch.zeros(0), 16)
    with pytest.raises(SettingError, match="positive number of seconds"):
        frame_length(16000, 0.0)
