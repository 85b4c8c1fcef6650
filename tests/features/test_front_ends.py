"""dB, log-STFT, MFCC and cards of front ends, against librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from earmark.errors import AudioError, CapabilityError, SettingError, UnknownNameError
from earmark.features.catalogue import FRONT_ENDS
from earmark.features.front_end import FrontEndCard, front_end_from
from earmark.features.linear import LinearFrontEnd
from earmark.features.log_stft import LogStft
from earmark.features.mel import LogMel
from earmark.features.mfcc import Mfcc
from earmark.features.slices import slice_starts

OLD_CARD = {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 96, "fmin": 0.0, "fmax": 8000.0}


def sound(rate: int, seconds: float = 1.0) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(int(rate * seconds)) * 0.1
    noise[: len(noise) // 4] = 0  # silence: the floor
    return noise.astype(np.float32)


def shown(front, y: np.ndarray) -> np.ndarray:
    return front(torch.from_numpy(y)[None, None])[0].numpy()


def mel_db(card: FrontEndCard, y: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=y,
        sr=card.sample_rate,
        n_fft=card.n_fft,
        hop_length=card.hop_length,
        n_mels=card.n_mels,
        fmin=card.fmin,
        fmax=card.fmax,
        pad_mode=card.pad_mode,
    )
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)


@pytest.mark.parametrize("name", FRONT_ENDS.names())
def test_numbers_are_librosas(name: str) -> None:
    card = FRONT_ENDS.get(name)
    y = sound(card.sample_rate)
    if card.kind == "log_stft":
        spectrum = librosa.stft(y, n_fft=card.n_fft, hop_length=card.hop_length, pad_mode=card.pad_mode)
        expected = librosa.power_to_db(np.abs(spectrum) ** 2, ref=1.0, amin=1e-10, top_db=None)
    else:
        expected = mel_db(card, y)
        if card.kind == "mfcc":
            expected = librosa.feature.mfcc(S=expected, n_mfcc=card.n_mfcc)
    front = front_end_from(card)
    mine = shown(front, y)
    assert mine.shape == expected.shape == (card.bins, card.frames(1.0)) == (front.bins, front.frames(len(y)))
    assert isinstance(front, LinearFrontEnd)
    np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=2e-2 if card.kind == "log_stft" else 2e-3)
    if card.kind != "mfcc":
        assert mine.min() == -100.0
        assert front.bin_hz.shape == (card.bins,)


@pytest.mark.parametrize("name", FRONT_ENDS.names())
def test_batched_and_differentiable(name: str) -> None:
    front = front_end_from(FRONT_ENDS.get(name))
    batch = torch.from_numpy(np.stack([sound(8000), sound(8000)[::-1].copy()]))[:, None].requires_grad_()
    out = front(batch)
    torch.testing.assert_close(out[1:], front(batch[1:]), rtol=1e-5, atol=1e-4)
    out.sum().backward()
    assert batch.grad is not None
    assert torch.isfinite(batch.grad).all()
    assert batch.grad.abs().sum() > 0


def test_stft_comes_back_from_its_decibels_and_phase() -> None:
    front = LogStft().double()
    y = torch.from_numpy(sound(16000)).double()[None, None]
    spectrum = front.spectrum(y)
    again = torch.polar(front.inverse(front.from_spectrum(spectrum)).sqrt(), spectrum.angle())
    back = torch.istft(again, 512, 256, window=front.window, center=True, length=16000)
    torch.testing.assert_close(back, y[:, 0], rtol=0, atol=1e-4)


def test_inverse_keeps_what_mel_and_mfcc_say() -> None:
    """A spectrum made of a mel spectrogram has that mel spectrogram; all MFCC together say as much."""
    y = torch.from_numpy(sound(22050)[8000:])[None, None]
    mel = LogMel(sample_rate=22050, n_fft=2048, hop_length=512, n_mels=40, scaling="dB")
    shown_mel = mel(y)
    again = 10 * torch.log10(mel.bank @ mel.inverse(shown_mel))
    assert (again - shown_mel).abs().mean() < 1.0
    all_of_them = Mfcc(n_mfcc=40, n_mels=40, pad_mode="reflect")
    torch.testing.assert_close(all_of_them.inverse(all_of_them(y)), mel.inverse(shown_mel), rtol=1e-3, atol=1e-3)


def test_fewer_mfcc_smooth_the_mel_spectrogram() -> None:
    few = Mfcc(n_mfcc=13)
    y = torch.from_numpy(sound(22050)[8000:])[None, None]
    smooth = few.cepstrum.inverse(few(y))
    torch.testing.assert_close(few.cepstrum(smooth), few(y), rtol=1e-4, atol=1e-3)
    assert smooth.std() < few.mel(y).std()


def test_a_coefficient_has_no_frequency() -> None:
    with pytest.raises(CapabilityError, match=r"Mfcc\.mel"):
        _ = Mfcc().bin_hz


def test_old_cards_are_log_mel() -> None:
    card = FrontEndCard(**OLD_CARD, pad_mode="reflect", scaling="log10(10000x+1)")  # type: ignore[arg-type]
    assert isinstance(front_end_from(card), LogMel)
    assert card.fingerprint != FrontEndCard(**OLD_CARD, pad_mode="reflect", scaling="dB").fingerprint  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_mfcc": 13},
        {"kind": "log_stft"},
        {"kind": "mfcc", "n_mfcc": 13},
        {"kind": "mfcc", "scaling": "dB"},
        {"kind": "mfcc", "scaling": "dB", "n_mfcc": 97},
        {"scaling": "dBFS"},
        {"pad_mode": "wrap"},
        {"hop_length": 0},
    ],
)
def test_settings_without_meaning_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        front_end_from(FrontEndCard(**({**OLD_CARD, "pad_mode": "reflect", "scaling": "log10(10000x+1)"} | wrong)))  # type: ignore[arg-type]


def test_unknown_kind() -> None:
    with pytest.raises(UnknownNameError, match="log_mel"):
        front_end_from(FrontEndCard(**OLD_CARD, pad_mode="reflect", scaling="dB", kind="logmel"))  # type: ignore[arg-type]


def test_slices() -> None:
    assert slice_starts(7, 3, 2) == (0, 2, 4)
    assert slice_starts(3, 3, 3) == (0,)
    with pytest.raises(AudioError, match="shorter"):
        slice_starts(2, 3, 3)
    with pytest.raises(SettingError):
        slice_starts(9, 3, 0)
