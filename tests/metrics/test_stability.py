"""Sensitivity to noise by closed forms, and LIME's agreement over sample sizes."""

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.errors import AudioError, ExplanationError, SettingError
from earmark.explain.game import CachedGame
from earmark.explain.lime import Lime
from earmark.metrics.stability import agreement_over_samples, sensitivity_max


def noise(seed=0, level=0.1):
    return Clip(level * np.random.default_rng(seed).standard_normal(4000), 8000)


def test_an_explanation_that_is_the_sound_changes_by_the_noise():
    # Φ(x) = x: the relative change is the amplitude of the noise over that of the sound, 10^(−SNR/20).
    for snr_db in (20.0, 40.0):
        found = sensitivity_max(
            lambda clip: clip.waveform.astype(float), noise(), np.random.default_rng(1), snr_db=snr_db
        )
        assert found == pytest.approx(10 ** (-snr_db / 20), rel=0.05)


def test_it_is_the_largest_of_the_draws():
    answers = iter([np.array([1.0, 0.0]), np.array([1.0, 0.5]), np.array([1.0, 2.0]), np.array([1.0, 1.0])])
    assert sensitivity_max(lambda clip: next(answers), noise(), np.random.default_rng(0)) == 2


def test_silence_zeros_and_no_draws_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(AudioError, match="silent"):
        sensitivity_max(lambda clip: np.ones(2), Clip(np.zeros(100), 8000), rng)
    with pytest.raises(ExplanationError, match="zero"):
        sensitivity_max(lambda clip: np.zeros(2), noise(), rng)
    with pytest.raises(SettingError, match="at least 1"):
        sensitivity_max(lambda clip: np.ones(2), noise(), rng, draws=0)


def test_lime_agrees_with_itself_more_with_more_samples():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(12, 16)), rng.normal(size=(16, 2))
    game = CachedGame(12, 2, lambda masks: 1 / (1 + np.exp(-np.tanh(masks @ first) @ second)))
    found = agreement_over_samples(game, 1, sizes=(30, 1500), seeds=(0, 1, 2), how=Lime())
    assert [at.samples for at in found] == [30, 1500]
    assert found[0].rank_agreement < found[1].rank_agreement
    assert found[1].rank_agreement > 0.9
