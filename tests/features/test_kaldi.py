"""Kaldi's log-mel spectrogram against the one that transformers computes for AST."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from earmark.errors import AudioError, SettingError
from earmark.features.kaldi import KaldiMel

transformers = pytest.importorskip("transformers")


def sound(samples: int) -> np.ndarray:
    rng = np.random.default_rng(samples)
    t = np.arange(samples) / 16000
    return (0.3 * np.sin(2 * np.pi * 440 * t * (1 + t)) + 0.01 * rng.normal(size=samples) + 0.05).astype(np.float32)


# The lowest bands lie between two bins of the FFT; it says so whenever it is made.
@pytest.mark.filterwarnings("ignore:At least one mel filter has all zero values")
@pytest.mark.parametrize("samples", [400, 5000, 16000, 163840, 170000])
def test_equals_the_feature_extractor_of_ast(samples: int) -> None:
    extractor = transformers.ASTFeatureExtractor(do_normalize=False)
    waveform = sound(samples)
    theirs = extractor(waveform, sampling_rate=16000, return_tensors="np")["input_values"][0].T
    ours = KaldiMel(least_frames=1024)(torch.from_numpy(waveform)[None, None])[0, :, :1024].numpy()
    assert ours.shape == theirs.shape == (128, 1024)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


def test_silence_is_the_floor_and_has_a_gradient() -> None:
    waveform = torch.zeros(1, 1, 4000, requires_grad=True)
    mel = KaldiMel()(waveform)
    assert torch.allclose(mel, torch.full_like(mel, float(np.log(2.0**-23))))
    mel.sum().backward()
    assert torch.isfinite(waveform.grad).all()


def test_bands_rise_to_half_the_sample_rate() -> None:
    hz = KaldiMel().bin_hz
    assert 20 < hz[0] < 60
    assert 7000 < hz[-1] < 8000
    assert (np.diff(hz) > 0).all()
    # A tone is loudest in the band whose centre is nearest.
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16000) / 16000)[None, None]
    assert abs(hz[int(KaldiMel()(tone)[0].mean(1).argmax())] - 1000) < 40


def test_refusals() -> None:
    with pytest.raises(AudioError, match="at least 400"):
        KaldiMel()(torch.zeros(1, 1, 399))
    with pytest.raises(AudioError, match="mean over the channels"):
        KaldiMel()(torch.zeros(1, 2, 4000))
    with pytest.raises(SettingError, match="All must be positive"):
        KaldiMel(n_mels=0)
