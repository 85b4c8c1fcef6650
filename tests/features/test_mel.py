"""The log-mel front end against librosa, and where float16 would have failed."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from earmark.errors import AudioError, SettingError
from earmark.features.mel import LogMel, mel_bank
from earmark.models.classifier import FrontEnd


def noise(seconds: float = 1.3, level: float = 0.3, seed: int = 3) -> np.ndarray:
    samples = int(16000 * seconds)
    return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def power_of(log_mel: torch.Tensor) -> np.ndarray:
    return (10.0 ** log_mel.double().numpy() - 1.0) / 10000.0


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "fmin", "fmax"),
    [(16000, 512, 96, 0.0, 8000.0), (44100, 2048, 128, 30.0, 16000.0), (22050, 1024, 40, 1200.0, 9000.0)],
)
def test_bank_is_librosas(rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> None:
    bank, centres = mel_bank(rate, n_fft, n_mels, fmin, fmax)
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    np.testing.assert_allclose(bank, theirs, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(centres, librosa.mel_frequencies(n_mels + 2, fmin=fmin, fmax=fmax)[1:-1], rtol=1e-12)


@pytest.mark.parametrize("pad_mode", ["reflect", "constant"])
def test_mel_power_is_librosas_to_1e5(pad_mode: str) -> None:
    # Loud enough that the +1 of the logarithm takes no digits away on the way back.
    sound = noise(level=0.5) + 0.3 * np.sin(np.arange(20800) * 0.2).astype(np.float32)
    mine = LogMel(pad_mode=pad_mode).double()(torch.from_numpy(sound).double()[None, None])[0]
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=16000, n_fft=512, hop_length=256, n_mels=96, center=True, pad_mode=pad_mode, power=2.0
    )
    np.testing.assert_allclose(power_of(mine), theirs, rtol=1e-5)


def test_float32_log_mel_is_librosas_to_1e5() -> None:
    sound = noise()
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=16000, n_fft=512, hop_length=256, n_mels=96, center=True, pad_mode="reflect", power=2.0
    )
    expected = np.log10(np.float32(10000) * theirs + np.float32(1))
    mine = LogMel()(torch.from_numpy(sound)[None, None])[0]
    assert mine.dtype == torch.float32
    np.testing.assert_allclose(mine.numpy(), expected, rtol=1e-5)


def test_loud_cells_stay_finite() -> None:
    """10000 × power passes float16's largest number (65504) here, where the published code overflows."""
    t = np.arange(16000) / 16000
    sound = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    log_mel = LogMel()(torch.from_numpy(sound)[None, None])
    loudest = power_of(log_mel).max()
    assert 10000 * loudest > 65504
    assert torch.isfinite(log_mel).all()
    theirs = librosa.feature.melspectrogram(y=sound, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    assert loudest == pytest.approx(theirs.max(), rel=1e-5)


def test_centred_is_padded_then_read() -> None:
    sound = torch.from_numpy(noise())[None, None]
    padded = torch.nn.functional.pad(sound, (256, 256), mode="reflect")
    torch.testing.assert_close(LogMel()(sound), LogMel(center=False)(padded), rtol=0, atol=0)


def test_a_tone_peaks_in_its_band() -> None:
    mel = LogMel()
    assert isinstance(mel.bin_hz, np.ndarray)
    front_end: FrontEnd = mel
    for hz in (440.0, 3000.0):
        tone = torch.sin(2 * torch.pi * hz * torch.arange(16000) / 16000)[None, None]
        band = int(mel(tone).mean(2).argmax())
        assert band == int(np.abs(front_end.bin_hz - hz).argmin())


def test_gradient_of_silence_is_finite_and_of_sound_is_right() -> None:
    mel = LogMel(n_fft=64, hop_length=32, n_mels=8).double()
    silence = torch.zeros(1, 1, 400, dtype=torch.float64, requires_grad=True)
    mel(silence).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()
    sound = torch.from_numpy(noise(0.01)).double()[None, None].requires_grad_()
    assert torch.autograd.gradcheck(mel, (sound,))


@pytest.mark.parametrize(
    "settings",
    [{"fmax": 9000.0}, {"fmin": -1.0}, {"n_mels": 0}, {"scaling": "db"}, {"pad_mode": "wrap"}, {"hop_length": 0}],
)
def test_bad_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="LogMel"):
        LogMel(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 2, 16000), (1, 16000), (1, 1, 256), (1, 1, 4)])
def test_bad_waveforms_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AudioError, match="LogMel"):
        LogMel()(torch.zeros(shape))
    with pytest.raises(AudioError, match="one frame"):
        LogMel(center=False)(torch.zeros(1, 1, 511))
