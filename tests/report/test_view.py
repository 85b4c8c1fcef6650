import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import ModelError
from earmark.models.callable import from_callable
from earmark.models.prepare import prepare
from earmark.report.view import model_view, stft_view


def test_a_differentiable_classifier_shows_its_own_input(case):
    prepared = prepare(case.clip, case.classifier.input).clip
    view = model_view(case.classifier, prepared)
    expected = case.classifier.front_end(torch.from_numpy(prepared.waveform.copy())[None])[0].numpy()
    np.testing.assert_array_equal(view.spectrogram, expected)
    assert view.origin == "model"
    assert (view.n_fft, view.hop, view.frame_s) == (256, 128, 128 / 8000)
    assert (view.low, view.high) == (expected.min(), expected.max())
    for fact in ("own input", "24 bins", "n_fft 256", "hop 128", "16.0 ms", "log10(10000"):
        assert fact in view.caption


def test_any_other_classifier_gets_a_plain_stft_that_says_so():
    other = from_callable(lambda x, rate: np.full((len(x), 2), 0.5), ("a", "b"), 8000)
    t = np.arange(16000) / 8000
    view = model_view(other, Clip(0.5 * np.sin(2 * np.pi * 1000 * t), 8000))
    assert view.origin == "stft"
    assert "plain STFT" in view.caption
    assert view.bin_hz[view.spectrogram[:, 60].argmax()] == pytest.approx(1000)
    # 0 dB is the loudest cell, and 80 dB below it is the floor.
    assert view.spectrogram.max() == 0
    assert view.spectrogram.min() == -80


def test_stft_frame_t_is_centred_at_t_times_frame_s():
    wave = np.zeros(8000)
    wave[3000] = 1
    view = stft_view(Clip(wave, 8000))
    loudest = view.spectrogram.sum(axis=0).argmax() * view.frame_s
    assert abs(loudest - 3000 / 8000) <= view.frame_s / 2


@pytest.mark.parametrize("samples", [1, 4, 100])
def test_short_and_silent_sounds_can_be_looked_at(samples):
    view = stft_view(Clip(np.zeros(samples), 8000))
    assert np.isfinite(view.spectrogram).all()


def test_a_clip_at_another_rate_is_refused(case):
    with pytest.raises(ModelError, match="16000 Hz"):
        model_view(case.classifier, Clip(np.zeros(16000), 16000))


def test_a_front_end_that_returns_nan_is_refused(case):
    class Front:
        bin_hz = np.arange(24.0)

        def __call__(self, waveform):
            return torch.full((1, 24, 3), torch.nan)

    broken = type(case.classifier)()
    broken.front_end = Front()
    with pytest.raises(ModelError, match="front end"):
        model_view(broken, prepare(case.clip, case.classifier.input).clip)
