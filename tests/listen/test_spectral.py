"""Masks on what a model sees, as sound and as what it would see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import idct

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.audio.read import read
from earmark.errors import CapabilityError, ExplanationError, SettingError
from earmark.features.catalogue import FRONT_ENDS
from earmark.features.front_end import front_end_from
from earmark.features.kaldi import KaldiMel
from earmark.features.log_stft import LogStft
from earmark.features.mel import LogMel
from earmark.features.mfcc import Mfcc
from earmark.listen.cells import Cells
from earmark.listen.griffin_lim import griffin_lim
from earmark.listen.spectral import carry_attributions, masked_spectrograms, masked_waveforms

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
FRONTS = {
    **{name: front_end_from(FRONT_ENDS.get(name)) for name in FRONT_ENDS.names()},
    "kaldi": KaldiMel(),
    "musicnn": LogMel(),
}


def noise(rate=16000, channels=1, seconds=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return Clip(rng.uniform(-0.5, 0.5, (channels, round(rate * seconds))), rate)


def seen(front_end, clip):
    heard = resample(to_channels(clip, 1), front_end.sample_rate)
    below = front_end.mel if isinstance(front_end, Mfcc) else front_end
    return below(torch.from_numpy(heard.waveform.copy())[None])


def masks_for(front_end, clip, rng, kind="binary"):
    shape = seen(front_end, clip).shape[1:]
    return rng.uniform(size=shape) if kind == "soft" else (rng.uniform(size=shape) < 0.5).astype(float)


def db(x):
    return 20 * np.log10(np.abs(x).max() + 1e-12)


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(sorted(FRONTS)),
    rate=st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    channels=st.sampled_from([1, 2]),
    kind=st.sampled_from(["binary", "soft"]),
    above=st.sampled_from(["pass", "mute"]),
    seed=st.integers(0, 99),
)
def test_kept_and_removed_are_the_original(name, rate, channels, kind, above, seed):
    clip = noise(rate, channels, 0.4, seed)
    front = FRONTS[name]
    mask = masks_for(front, clip, np.random.default_rng(seed), kind)
    ones = np.ones_like(mask)
    kept, every = masked_waveforms(clip, front, np.stack([mask, ones]), above=above).numpy()
    other = {"pass": "mute", "mute": "pass"}[above]
    (removed,) = masked_waveforms(clip, front, (1 - mask)[None], above=other).numpy()
    assert kept.shape == clip.waveform.shape
    assert db(kept + removed - clip.waveform) < -80
    if above == "pass" or rate / 2 <= Cells.of(front).top_hz:
        assert np.array_equal(every, clip.waveform), "a mask of ones is the clip itself, bit for bit"
    assert not masked_waveforms(clip, front, 0 * ones[None], above="mute").any()


@pytest.mark.skipif(not ESC10.is_dir(), reason="needs ../shared/data/esc10")
@pytest.mark.parametrize("rate", [22050, 44100])
def test_real_sounds_kept_and_removed(rate):
    file = next(f for f in sorted(ESC10.rglob("*")) if f.suffix in (".wav", ".ogg", ".flac", ".mp3"))
    mono = resample(read(file), rate)
    stereo = Clip(np.vstack([mono.waveform, 0.5 * mono.waveform[:, ::-1]]), rate)
    front = FRONTS["mel64"]
    mask = masks_for(front, stereo, np.random.default_rng(0))
    both = masked_waveforms(stereo, front, np.stack([mask, 1 - mask]), above="mute").numpy()
    beyond = masked_waveforms(stereo, front, 0 * mask[None], above="pass").numpy()[0]
    assert db(both.sum(axis=0) + beyond - stereo.waveform) < -80


def test_only_the_masked_span_is_touched_and_the_edge_is_soft():
    """Two seconds of a tone, the second half removed: bits before, silence behind, no burst between."""
    rate = 44100
    t = np.arange(2 * rate) / rate
    clip = Clip(0.5 * np.sin(2 * np.pi * 440 * t), rate)
    front = LogMel()
    mask = np.ones(seen(front, clip).shape[1:])
    mask[:, mask.shape[1] // 2 :] = 0
    (heard,) = masked_waveforms(clip, front, mask[None]).numpy()
    early = slice(0, round(0.93 * rate))
    assert np.array_equal(heard[:, early], clip.waveform[:, early])
    # Above the model's band the clip passes, and its hard end has some of that.
    assert np.abs(heard[:, round(1.07 * rate) : round(1.9 * rate)]).max() < 1e-5
    assert np.abs(np.diff(heard[0])).max() <= np.abs(np.diff(clip.waveform[0])).max() * 1.02, "no step"
    # A hard cut would splatter over the whole spectrum; this edge stays 60 dB below the tone above 5 kHz.
    edge = heard[0, round(0.9 * rate) : round(1.1 * rate)]
    power = np.abs(np.fft.rfft(edge * np.hanning(len(edge)))) ** 2
    hz = np.fft.rfftfreq(len(edge), 1 / rate)
    hard = clip.waveform[0, round(0.9 * rate) : round(1.1 * rate)] * (t[round(0.9 * rate) : round(1.1 * rate)] < 1.003)
    cut = np.abs(np.fft.rfft(hard * np.hanning(len(hard)))) ** 2
    assert power[hz > 5000].sum() < 1e-6 * power.sum()
    assert cut[hz > 5000].sum() > 100 * power[hz > 5000].sum()


@pytest.mark.parametrize("first", [0, 1])
def test_where_untouched_frames_meet_others_nothing_is_lost(first):
    """All of the cells of some frames, none of the next: only here samples are taken from the clip as it is."""
    clip = noise(16000, 2, 1.0)
    front = LogMel()
    assert clip.sample_rate / 2 <= Cells.of(front).top_hz, "nothing passes above"
    mask = np.zeros(seen(front, clip).shape[1:])
    mask[:, first * 20 : 20 + first * 20] = 1
    kept, removed = masked_waveforms(clip, front, np.stack([mask, 1 - mask])).numpy()
    assert db(kept + removed - clip.waveform) < -80
    assert np.abs(kept).max() > 0.4
    assert np.abs(removed).max() > 0.4


def test_binary_masks_make_no_clicks():
    """High frequencies of a low sound, masked cell by cell, stay as quiet as the original's."""
    rate = 44100
    rng = np.random.default_rng(3)
    t = np.arange(rate) / rate
    clip = Clip(sum(0.1 * np.sin(2 * np.pi * f * t + f) for f in (110, 220, 330, 700)), rate)
    front = LogMel()
    mask = np.repeat(rng.uniform(size=(96, 8)) < 0.5, 8, axis=1)[:, : seen(front, clip).shape[2]].astype(float)
    (heard,) = masked_waveforms(clip, front, mask[None]).numpy()
    inner = slice(4410, -4410)  # the clip itself starts and ends hard
    frames = np.lib.stride_tricks.sliding_window_view(heard[0][inner], 512)[::64] * np.hanning(512)
    original = np.lib.stride_tricks.sliding_window_view(clip.waveform[0][inner], 512)[::64] * np.hanning(512)
    high = np.abs(np.fft.rfft(frames))[:, 60:].max()
    low = np.abs(np.fft.rfft(original)).max()
    assert 20 * np.log10(high / low) < -60
    assert np.abs(np.diff(heard[0][inner])).max() <= 1.3 * np.abs(np.diff(clip.waveform[0][inner])).max()


def test_one_band_of_mel_is_what_its_filters_hear():
    """Noise through the mask of one mel band: its spectrum is the normalised column of the bank, squared."""
    front = LogMel(n_fft=1024, hop_length=256, n_mels=40)
    clip = noise(16000, 1, 20.0)
    mask = np.zeros(seen(front, clip).shape[1:])
    mask[25] = 1
    (heard,) = masked_waveforms(clip, front, mask[None]).numpy()
    bank = front.bank.numpy().astype(float)
    column = bank[25] / np.maximum(bank.sum(axis=0), 1e-12)
    spectra = [
        (np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(x[0], 1024)[::512] * np.hanning(1024))) ** 2).mean(
            0
        )
        for x in (heard, clip.waveform)
    ]
    ratio = np.sqrt(spectra[0] / spectra[1])
    inside = column > 0.3
    np.testing.assert_allclose(ratio[inside], column[inside], atol=0.08)
    far = np.abs(np.arange(513) - column.argmax()) > 60
    assert ratio[far].max() < 1e-3


def test_carried_weights_are_the_transpose_of_the_bank_and_of_centres_alone_nearly_so():
    front = LogMel(n_fft=2048, hop_length=512, n_mels=64)
    cells = Cells.of(front)
    bank = front.bank.numpy().astype(float)
    heard = bank.sum(axis=0) > 0
    np.testing.assert_allclose(cells.weights[heard], (bank[:, heard] / bank[:, heard].sum(axis=0)).T, atol=1e-7)
    np.testing.assert_allclose(cells.weights.sum(axis=1), 1, atol=1e-7)
    by_centres = np.stack([np.interp(cells.hz, front.bin_hz, row) for row in np.eye(64)], axis=1)
    assert np.abs(by_centres - cells.weights).max() < 0.05


@pytest.mark.parametrize("above", ["pass", "mute"])
def test_above_the_band_as_named(above):
    """A model at 16 kHz, a clip at 44.1: a tone of 12 kHz passes or is muted, whatever the mask."""
    t = np.arange(44100) / 44100
    low, high = 0.3 * np.sin(2 * np.pi * 1000 * t), 0.3 * np.sin(2 * np.pi * 12000 * t)
    clip = Clip(np.stack([low + high, high]), 44100)
    front = LogMel()
    zeros = np.zeros((1, *seen(front, clip).shape[1:]))
    inner = slice(4410, -4410)
    for mask in (zeros, zeros + 1):
        heard = masked_waveforms(clip, front, mask, above=above).numpy()[0][:, inner]
        expected = mask.flat[0] * np.stack([low, 0 * low]) + (above == "pass") * np.stack([high, high])
        np.testing.assert_allclose(heard, expected[:, inner], atol=1e-4)


def test_blocks_and_batches_change_nothing(monkeypatch):
    clip = noise(44100, 2, 1.3)
    front = LogMel()
    rng = np.random.default_rng(1)
    masks = np.stack([masks_for(front, clip, rng) for _ in range(3)])
    together = masked_waveforms(clip, front, masks)
    monkeypatch.setattr("earmark.listen.spectral._AT_ONCE", 1)
    for row, mask in zip(together, masks, strict=True):
        np.testing.assert_allclose(masked_waveforms(clip, front, mask[None], block_s=0.4)[0], row, atol=1e-6)


def test_decibels_as_published():
    """Half of −20 dB is −60 dB there; −26 dB where magnitudes are masked."""
    front = LogStft()
    t = np.arange(16000) / 16000
    x = torch.from_numpy((0.1 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32))[None]
    plain = front(x[None])
    half = np.full(plain.shape, 0.5)
    floor = -100.0
    literal = (plain.numpy() - floor) * 0.5 + floor
    np.testing.assert_allclose(masked_spectrograms(front, x, half, method="db").numpy(), literal, atol=1e-3)
    linear = np.maximum(plain.numpy() + 20 * np.log10(0.5), floor)
    np.testing.assert_allclose(masked_spectrograms(front, x, half).numpy(), linear, atol=1e-3)
    clip = Clip(x.numpy(), 16000)
    soft = masked_waveforms(clip, front, half)
    hard = masked_waveforms(clip, front, half, method="db")
    peak_db = float(plain[0, 32].mean())
    assert db(soft[0, 0, 4000:-4000].numpy()) == pytest.approx(-20 - 6.02, abs=0.05)
    assert db(hard[0, 0, 4000:-4000].numpy()) == pytest.approx(-20 - (peak_db + 100) / 2, abs=3)
    # A quarter leaves a quarter of what stands above the floor, three quarters three.
    for share in (0.25, 0.75):
        left = masked_waveforms(clip, front, share * np.ones_like(half), method="db")
        expected = -20 - (1 - share) * (peak_db + 100)
        assert db(left[0, 0, 4000:-4000].numpy()) == pytest.approx(expected, abs=4)
    ones = masked_waveforms(clip, front, np.ones_like(half), method="db")
    assert np.array_equal(ones[0].numpy(), clip.waveform)


@pytest.mark.parametrize("name", sorted(FRONTS))
def test_masked_spectrograms_are_what_scaled_powers_look_like(name):
    front = FRONTS[name]
    x = torch.from_numpy(noise(front.sample_rate, seconds=0.7).waveform.copy())
    plain = front(x[None])
    shape = (1, *(front.mel if isinstance(front, Mfcc) else front)(x[None]).shape[1:])
    ones, zeros = np.ones(shape), np.zeros(shape)
    both = masked_spectrograms(front, x, np.concatenate([ones, zeros, 0.25 * ones]))
    np.testing.assert_allclose(both[:1], plain, atol=2e-3, rtol=1e-4)
    np.testing.assert_allclose(both[1:2], front(0 * x[None]), atol=1e-3)
    # A mask that is the same everywhere is a volume.
    np.testing.assert_allclose(both[2:], front(0.25 * x[None]), atol=2e-3, rtol=1e-4)


def test_what_extends_a_short_sound_is_not_masked():
    front = KaldiMel(least_frames=200)
    x = torch.from_numpy(noise().waveform.copy())
    masked = masked_spectrograms(front, x, np.zeros((1, 128, 200)))
    assert not masked[0, :, 98:].any()
    assert (masked[0, :, :98] < -15).all()


def test_cepstral_attributions_through_the_inverse_dct():
    front = Mfcc(n_mfcc=13, n_mels=40)
    rng = np.random.default_rng(0)
    cepstral = rng.normal(size=(2, 13, 7))
    carried = carry_attributions(front, cepstral)
    padded = np.concatenate([cepstral, np.zeros((2, 27, 7))], axis=1)
    np.testing.assert_allclose(carried, idct(padded, axis=1, norm="ortho"), atol=1e-6)
    # Of a gradient it is the chain rule: d/dmel of f(MFCC(mel)).
    mel = torch.from_numpy(rng.normal(size=(1, 40, 7)).astype(np.float32)).requires_grad_()
    weights = torch.from_numpy(cepstral[:1].astype(np.float32))
    (front.cepstrum(mel) * weights).sum().backward()
    np.testing.assert_allclose(carried[0], mel.grad[0].numpy(), atol=1e-5)
    spectral = rng.normal(size=(96, 5))
    assert np.array_equal(carry_attributions(LogMel(), spectral), spectral)
    with pytest.raises(ExplanationError, match="13 rows"):
        carry_attributions(front, rng.normal(size=(40, 7)))


def test_griffin_lim_finds_the_magnitudes():
    front = LogStft(n_fft=512, hop_length=128, pad_mode="constant")
    t = np.arange(8192) / 16000
    x = torch.from_numpy((0.3 * np.sin(2 * np.pi * (400 + 900 * t) * t)).astype(np.float32))[None]
    wanted = front(x[None])[0]
    found = griffin_lim(front, wanted, iterations=50)
    assert (found.sample_rate, found.samples, found.channels) == (16000, 8192, 1)
    magnitude = front.inverse(wanted).sqrt()
    again = front.inverse(front(torch.from_numpy(found.waveform.copy())[None])[0]).sqrt()
    assert float((again - magnitude).norm() / magnitude.norm()) < 0.1
    assert griffin_lim(front, wanted, iterations=3).fingerprint == griffin_lim(front, wanted, iterations=3).fingerprint
    assert griffin_lim(Mfcc(), Mfcc()(0.1 * torch.ones(1, 1, 22050))[0], iterations=2).sample_rate == 22050
    with pytest.raises(CapabilityError, match="inverted"):
        griffin_lim(KaldiMel(), wanted)
    with pytest.raises(SettingError, match=r"\(257, frames\)"):
        griffin_lim(front, wanted[:5])


def test_wrong_masks_are_refused():
    clip = noise()
    front = LogMel()
    good = np.ones((1, *seen(front, clip).shape[1:]))
    for bad, words in (
        (good[0], "96 bins"),
        (good[:, :95], "96 bins"),
        (good[:, :, :40], "40 frames for a sound of 1.00 s"),
        (np.ones((1, 96, 100)), "100 frames"),
        (good * 2, "outside"),
        (good * np.nan, "outside"),
    ):
        with pytest.raises(ExplanationError, match=words):
            masked_waveforms(clip, front, bad)
        with pytest.raises(ExplanationError, match=words):
            masked_spectrograms(front, torch.from_numpy(clip.waveform.copy()), bad)
    with pytest.raises(ExplanationError, match="carry_attributions"):
        masked_waveforms(noise(22050), Mfcc(), np.ones((1, 13, 44)))
    with pytest.raises(SettingError, match="pass or mute"):
        masked_waveforms(clip, front, good, above="keep")
    with pytest.raises(SettingError, match="linear"):
        masked_waveforms(clip, front, good, method="log")

    class Bare(torch.nn.Module):
        sample_rate, n_fft, hop_length, scale = 16000, 512, 256, "?"
        bin_hz = front.bin_hz

        def forward(self, waveform):
            return front(waveform)

    with pytest.raises(CapabilityError, match="power_scaling"):
        masked_spectrograms(Bare(), torch.from_numpy(clip.waveform.copy()), good)
    assert np.array_equal(masked_waveforms(clip, Bare(), good)[0].numpy(), clip.waveform)
