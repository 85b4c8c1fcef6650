"""Pictures of a data set show what is in it: planted tones, lengths and tempo are found where they were planted."""

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.open import open_dataset
from earmark.data.overview import overview
from earmark.errors import DatasetError, SettingError
from earmark.report.data_pictures import _mel_hz, counts_figure, write_pictures

RATE = 22050
HIGH_HZ, LOW_HZ = 3520.0, 440.0


def tone(hz, seconds, seed):
    t = np.arange(round(seconds * RATE)) / RATE
    noise = 0.001 * np.random.default_rng(seed).standard_normal(len(t))
    return Clip(0.3 * np.sin(2 * np.pi * hz * t) + noise, RATE)


def clicks(bpm, seconds):
    wave = np.zeros(round(seconds * RATE))
    for at in np.arange(0, seconds, 60 / bpm):
        start = round(at * RATE)
        wave[start : start + 200] = np.random.default_rng(0).uniform(-0.5, 0.5, len(wave[start : start + 200]))
    return Clip(wave, RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    for at in range(3):
        write(tone(HIGH_HZ, 0.5, at), root / "high" / f"{at}.wav")
        write(tone(LOW_HZ, 0.5 + 0.25 * at, 10 + at), root / "low" / f"{at}.wav")
    write(clicks(100, 9.0), root / "pulse" / "0.wav")
    return root


@pytest.fixture(scope="module")
def seen(folder):
    return overview(open_dataset(folder), most=2)


def test_counts_and_lengths_are_of_all_items_the_rest_of_those_heard(seen):
    assert seen.counts == {"high": 3, "low": 3, "pulse": 1}
    np.testing.assert_allclose(seen.durations_s["low"], [0.5, 0.75, 1.0], atol=1 / RATE)
    assert [len(seen.spectra_db[label]) for label in ("high", "low", "pulse")] == [2, 2, 1]


def test_the_mean_spectrum_peaks_at_the_planted_tone(seen):
    hz = _mel_hz()
    for label, planted in (("high", HIGH_HZ), ("low", LOW_HZ)):
        peak = hz[np.median(seen.spectra_db[label], axis=0).argmax()]
        assert abs(peak - planted) < 0.06 * planted
        assert seen.spectra_db[label].max() == 0.0


def test_what_differs_between_the_classes_is_what_was_planted(seen):
    share = dict(zip(seen.names, seen.telling, strict=True))
    assert share["mfcc_02_mean"] > 0.9
    assert (seen.telling >= 0).all()
    assert (seen.telling <= 1 + 1e-9).all()
    # Means of deviations, weighted by items, are 0.
    np.testing.assert_allclose(np.array([2, 2, 1]) @ seen.profiles, 0, atol=1e-6)


def test_the_tempogram_peaks_at_the_planted_tempo_and_the_roll_off_lies_at_the_tone(seen):
    pulse, high = seen.examples["pulse"], seen.examples["high"]
    middle = pulse.tempogram[:, pulse.tempogram.shape[1] // 2]
    near = (pulse.bpm > 80) & (pulse.bpm < 130)
    assert abs(pulse.bpm[near][middle[near].argmax()] - 100) < 3
    assert abs(np.median(high.rolloff_hz) - HIGH_HZ) < 0.2 * HIGH_HZ
    assert seen.examples["low"].chroma[9].mean() > 0.9  # A


def test_the_page_holds_every_picture_and_the_same_data_give_the_same_bytes(seen, tmp_path):
    paths = write_pictures(tmp_path / "a", seen)
    again = write_pictures(tmp_path / "b", seen)
    page = paths[0].read_text(encoding="utf-8")
    assert [path.name for path in paths] == [
        "describe.html", "counts.png", "spectra.png", "profiles.png",
        "example_01.png", "example_02.png", "example_03.png",
    ]  # fmt: skip
    assert page.count("data:image/png;base64,") == 6
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_bars_and_dots_are_the_numbers(seen):
    bars, lengths = counts_figure(seen).axes
    assert [bar.get_width() for bar in bars.patches] == [3, 3, 1]
    dots = np.concatenate([dots.get_offsets()[:, 0] for dots in lengths.collections])
    assert sorted(dots) == sorted(np.concatenate(list(seen.durations_s.values())))


def test_sounds_that_cannot_be_heard_are_told_and_a_class_of_them_is_an_error(folder, tmp_path):
    for label in ("bad", "good"):  # shorter than a frame
        write(tone(440, 0.01, 0), tmp_path / label / "x.wav")
    write(tone(440, 0.5, 0), tmp_path / "good" / "y.wav")
    with pytest.raises(DatasetError, match="no sound of the class bad"):
        overview(open_dataset(tmp_path))
    write(tone(440, 0.5, 0), tmp_path / "bad" / "y.wav")
    found = overview(open_dataset(tmp_path))
    assert len(found.problems) == 2
    with pytest.raises(SettingError, match="0 sounds"):
        overview(open_dataset(folder), most=0)
