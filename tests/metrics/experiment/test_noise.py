"""Noises have the ratio that was asked, are what they are called, and come again from the same seed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.errors import AudioError, SettingError
from earmark.metrics.experiment.noise import MADE, SNR_DB, Mixer, Noise, noise_of, room, sharp, white

RATE = 16000


def snr_db(clip, mixed):
    added = mixed.waveform.astype(float) - clip.waveform
    return 20 * math.log10(np.sqrt(np.mean(clip.waveform.astype(float) ** 2)) / np.sqrt(np.mean(added**2)))


@pytest.fixture(scope="module")
def song():
    t = np.arange(2 * RATE) / RATE
    return Clip(np.stack([0.4 * np.sin(2 * np.pi * 440 * t), 0.2 * np.sin(2 * np.pi * 660 * t)]), RATE)


def test_the_usual_ratio_is_that_of_published_mixtures():
    assert 20 * math.log10(0.6 / 0.4) == pytest.approx(SNR_DB, abs=0.005)
    # .6 · signal + .4 · noise of equal root mean squares is, but for its level, what is mixed here.
    rng = np.random.default_rng(0)
    signal, noise = rng.standard_normal(50000), rng.standard_normal(50000)
    signal, noise = (x / np.sqrt(np.mean(x**2)) for x in (signal, noise))
    assert 20 * math.log10(np.std(0.6 * signal) / np.std(0.4 * noise)) == pytest.approx(SNR_DB, abs=0.01)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("ratio", [3.52, 20.0, -5.0])
def test_the_ratio_is_the_one_that_was_asked(song, name, ratio):
    mixed = Mixer(Noise(name), ratio, seed=1).mix(song, 4)
    assert snr_db(song, mixed) == pytest.approx(ratio, abs=0.01)
    again, other = Mixer(Noise(name), ratio, seed=1).mix(song, 4), Mixer(Noise(name), ratio, seed=1).mix(song, 5)
    assert np.array_equal(mixed.waveform, again.waveform)
    assert not np.array_equal(mixed.waveform, other.waveform)
    # Every channel gets the same noise.
    added = mixed.waveform - song.waveform
    assert np.allclose(added[0], added[1], atol=1e-6)


def test_clean_is_the_clip_itself(song):
    assert Mixer(Noise("clean"), 3.52, seed=0).mix(song, 0) is song


def band_db(sound, low, high):
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    return 10 * math.log10(power[(hz >= low) & (hz < high)].mean())


def test_white_is_flat_and_room_tone_falls_and_hums():
    rng = np.random.default_rng(0)
    flat, tone = white(8 * RATE, RATE, rng), room(8 * RATE, RATE, rng)
    assert band_db(flat, 100, 400) == pytest.approx(band_db(flat, 3000, 7000), abs=1)
    # 12 dB an octave from 400 Hz on: about 24 dB from 800 to 3200 Hz.
    assert band_db(tone, 780, 820) - band_db(tone, 3120, 3280) == pytest.approx(24, abs=3)
    assert band_db(tone, 49.5, 50.5) > band_db(tone, 60, 90) + 15


def test_a_sharp_sound_comes_in_bursts():
    rng = np.random.default_rng(0)
    for seconds in (0.3, 4.0):
        sound = sharp(round(seconds * RATE), RATE, rng)
        frames = np.sqrt(np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1))
        assert frames.max() > 8 * np.median(frames)
        assert np.argmax(frames > 0) < len(frames) / 2 + 1


def test_a_file_is_repeated_or_cut_at_the_clips_rate(tmp_path, song):
    t = np.arange(4000) / 8000
    path = write(Clip(0.5 * np.sin(2 * np.pi * 1000 * t), 8000), tmp_path / "horse.wav")
    noise = noise_of(str(path))
    assert (noise.name, noise.path) == ("horse", str(path))
    mixed = Mixer(noise, 3.52, seed=0).mix(song, 0)
    assert snr_db(song, mixed) == pytest.approx(3.52, abs=0.01)
    added = (mixed.waveform - song.waveform)[0].astype(float)
    assert np.fft.rfftfreq(len(added), 1 / RATE)[np.abs(np.fft.rfft(added)).argmax()] == pytest.approx(1000, abs=2)


def test_what_has_no_ratio_is_refused(tmp_path, song):
    quiet = write(Clip(np.zeros(8000), 8000), tmp_path / "quiet.wav")
    with pytest.raises(AudioError, match="the noise is silent"):
        noise_of(str(quiet))
    half = write(Clip(np.append(np.zeros(9 * RATE), 0.1), RATE), tmp_path / "half.wav")
    # Where the noise begins is drawn; clip 0 gets a part without sound.
    with pytest.raises(AudioError, match="the noise is silent"):
        Mixer(noise_of(str(half)), 3.52, seed=0).mix(song, 0)
    with pytest.raises(AudioError, match="the clip is silent"):
        Mixer(Noise("white"), 3.52, seed=0).mix(replace(song, waveform=song.waveform * 0), 0)
    with pytest.raises(SettingError, match="ratio of nan"):
        Mixer(Noise("white"), float("nan"), seed=0)
    with pytest.raises(AudioError, match="no such noise or file"):
        noise_of("wite")
