"""What augmentation does to sounds, by definition, and that it comes only from the generator given."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SettingError, UnknownNameError
from earmark.training import augment
from earmark.training.augment import Augmentation, augmentation_from


def batch(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def test_turned_runs_backwards_where_chosen():
    x = batch(3, 4, 5)
    y = augment.turned(x, np.array([True, False, True]))
    assert torch.equal(y[0], x[0].flip(-1))
    assert torch.equal(y[1], x[1])


@given(st.floats(-10, 40), st.integers(0, 100))
def test_noise_lies_where_it_should(snr, seed):
    x = batch(2, 4000, seed=seed) * torch.tensor([[1.0], [0.01]])
    y = augment.noisy(x, np.array([snr, snr]), np.random.default_rng(seed))
    added = y.double() - x.double()
    found = 10 * torch.log10(x.double().square().mean(1) / added.square().mean(1))
    assert found.tolist() == pytest.approx([snr, snr], abs=0.05)


def test_noise_leaves_silence_silent():
    assert not augment.noisy(torch.zeros(1, 100), np.array([10.0]), np.random.default_rng(0)).any()


def test_gain_is_in_decibels_of_amplitude():
    x = batch(2, 10)
    assert torch.allclose(augment.gained(x, np.array([20.0, -6.0206])), x * torch.tensor([[10.0], [0.5]]), rtol=1e-4)


def test_masks_are_filled_with_the_datas_mean():
    x = batch(50, 20, 30)
    mean = torch.arange(20.0) + 100
    y = augment.masked(x, 6, 8, mean, np.random.default_rng(0))
    changed = y != x
    assert torch.equal(y[changed], mean[None, :, None].expand_as(x)[changed])
    whole_bins, whole_frames = changed.all(2).sum(1), changed.all(1).sum(1)
    assert int(whole_bins.max()) <= 12
    assert int(whole_frames.max()) <= 16
    assert int(whole_bins.max()) > 6  # two bands
    # Nothing but whole bins and whole frames is masked.
    assert torch.equal(changed, changed.all(2, keepdim=True) | changed.all(1, keepdim=True))


def test_mixup_mixes_sounds_and_targets_alike():
    x = batch(6, 3, 4)
    targets = torch.eye(6)
    y, t = augment.mixed(x, targets, 0.4, np.random.default_rng(1))
    assert torch.allclose(torch.einsum("bk,kij->bij", t, x), y, atol=1e-6)
    assert torch.allclose(t.sum(1), torch.ones(6))
    assert not torch.equal(t, targets)


@given(st.integers(0, 90), st.integers(0, 200), st.integers(0, 50))
def test_a_moved_slice_stays_inside_its_clip(start, most, seed):
    new = augment.moved(start, 100, 10, most, np.random.default_rng(seed))
    assert 0 <= new <= 90
    assert abs(new - start) <= most


def test_same_generator_same_result_and_no_global_state():
    how = Augmentation(reverse=0.5, spec_bins=3, spec_frames=3, gain_db=6, noise_snr_db=10)
    x, mean = batch(4, 8, 9), torch.zeros(8)
    state = (torch.get_rng_state(), np.random.get_state()[1].copy())  # noqa: NPY002 - the point is that it stays
    one, two, other = (augment.spectrograms(x, how, mean, np.random.default_rng(s)) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    a, b = (augment.waveforms(x[:, 0], how, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(state[0], torch.get_rng_state())
    assert np.array_equal(state[1], np.random.get_state()[1])  # noqa: NPY002


def test_nothing_asked_nothing_done():
    x = batch(2, 4, 5)
    assert augment.spectrograms(x, Augmentation(), torch.zeros(4), np.random.default_rng(0)) is x
    assert augment.waveforms(x[:, 0], Augmentation(), np.random.default_rng(0)).equal(x[:, 0])


def test_words_and_their_errors():
    assert augmentation_from(["mixup=0.2", "noise_snr_db=5"]) == Augmentation(mixup=0.2, noise_snr_db=5)
    with pytest.raises(UnknownNameError, match="Did you mean reverse"):
        augmentation_from(["revers=1"])
    for word, fact in (("mixup=a", "no number"), ("spec_bins=1.5", "no whole number"), ("reverse=2", "no probability")):
        with pytest.raises(SettingError, match=fact):
            augmentation_from([word])
    with pytest.raises(SettingError, match="below 0"):
        Augmentation(gain_db=-1)
