"""Stems: harmonic and percussive part against Fitzgerald's formula, and the user's files."""

from __future__ import annotations

import json
from pathlib import Path

import librosa
import numpy as np
import pytest
from scipy.ndimage import median_filter

from earmark.audio.clip import Clip
from earmark.audio.convert import resample, to_channels
from earmark.audio.demo import demo_track
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.components.catalogue import kind_from
from earmark.components.hpss import hpss_masks
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.errors import AudioError, SettingError, UnknownNameError


def energy(x: np.ndarray) -> float:
    return float(np.square(x, dtype=np.float64).sum())


def test_hpss_masks_are_fitzgeralds() -> None:
    """H = h² / (h² + p²) with h the median over time and p over frequency, computed with scipy alone."""
    s = np.random.default_rng(0).gamma(1.0, 1.0, (70, 90)).astype(np.float32)
    harmonic = median_filter(s, size=(1, 31), mode="reflect")
    percussive = median_filter(s, size=(31, 1), mode="reflect")
    expected = harmonic**2 / (harmonic**2 + percussive**2)
    masks = hpss_masks(s)
    np.testing.assert_allclose(masks[0], expected, atol=1e-5)
    np.testing.assert_allclose(masks.sum(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(70, 90), (513, 1), (1, 40), (20, 20)])
def test_hpss_masks_are_librosas(shape: tuple[int, int]) -> None:
    s = np.random.default_rng(0).gamma(1.0, 1.0, shape).astype(np.float32)
    s[: shape[0] // 2, : shape[1] // 2] = 0
    expected = librosa.decompose.hpss(s, kernel_size=31, power=2.0, mask=True)
    np.testing.assert_allclose(hpss_masks(s), expected, atol=1e-6)


def test_tone_and_hits_part() -> None:
    rate = 16000
    t = np.arange(2 * rate) / rate
    tone = 0.3 * np.sin(2 * np.pi * 880 * t)
    hits = np.zeros_like(t)
    hits[4000::8000] = 0.9
    cut = Stems().build(Clip(tone + hits, rate))
    harmonic, percussive = cut.render(np.eye(2))[:, 0].numpy()
    assert [c.stem for c in cut.table] == ["harmonic", "percussive"]
    # Not at the ends, where the tone itself starts and stops like a hit.
    inside = slice(2000, -2000)
    assert energy((harmonic - tone)[inside]) < 0.001 * energy(tone)
    assert energy((percussive - hits)[inside]) < 0.1 * energy(hits)


@pytest.fixture(scope="module")
def stem_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, list[str]]:
    """A second of the demo track's mix in stereo, and its stems as 24-bit files."""
    folder = tmp_path_factory.mktemp("stems")
    track = demo_track()
    paths = [str(write(stem.span(8.0, 9.0), folder / f"{name}.wav")) for name, stem in track.stems.items()]
    return track.clip.span(8.0, 9.0), paths


def test_files_are_stems_and_sum_to_the_clip(stem_folder: tuple[Clip, list[str]]) -> None:
    clip, paths = stem_folder
    cut = Stems(source=tuple(paths)).build(clip)
    assert {c.stem for c in cut.table} == {"drums", "bass", "chords", "lead", "pad"}
    assert (cut.settings["rest"], cut.notes) == (False, ())
    alone = cut.render(np.eye(5)).numpy()
    assert np.abs(alone.sum(axis=0) - clip.waveform).max() < 1e-5
    for path, wave in zip(paths, alone, strict=True):
        assert np.abs(wave - read(path).waveform).max() < 1e-5


def test_files_are_brought_to_the_clips_rate_and_channels(stem_folder: tuple[Clip, list[str]]) -> None:
    clip, paths = stem_folder
    heard = resample(to_channels(clip, 1), 16000)
    cut = StemsTime(source=tuple(paths), n=2).build(heard)
    assert cut.n == 10
    assert cut.render(np.zeros((1, 10))).shape == (1, 1, 16000)
    there = kind_from(cut.kind, json.loads(json.dumps(cut.settings))).build(clip)
    assert there.n == 10
    mask = np.eye(10)[[0]]
    lower = resample(to_channels(Clip(there.render(mask)[0].numpy(), 44100), 1), 16000)
    np.testing.assert_allclose(lower.waveform, cut.render(mask)[0].numpy(), atol=2e-3)


def test_what_the_stems_leave_over_is_the_rest(stem_folder: tuple[Clip, list[str]]) -> None:
    clip, paths = stem_folder
    cut = Stems(source=tuple(paths[:2])).build(clip)
    assert [c.stem for c in cut.table][-1] == "rest"
    assert cut.settings["rest"] is True
    assert "added as 'rest'" in cut.notes[0]
    rest = cut.render(np.array([[0, 0, 1]]))[0].numpy()
    expected = clip.waveform - sum(read(p).waveform for p in paths[:2])
    assert np.abs(rest - expected).max() < 1e-5
    # Rebuilt at another rate the rest stays a component of its own.
    assert cut.on(resample(to_channels(clip, 1), 16000)).n == 3


def test_stems_of_a_span_are_read_at_that_span(stem_folder: tuple[Clip, list[str]], tmp_path: Path) -> None:
    clip, paths = stem_folder
    mix = str(write(clip, tmp_path / "mix.wav"))
    part = read(mix, start_s=0.25, duration_s=0.5)
    cut = Stems(source=tuple(paths)).build(part)
    assert cut.settings["rest"] is False
    first = cut.render(np.eye(5)[[0]])[0].numpy()
    assert np.abs(first - read(paths[0], start_s=0.25, duration_s=0.5).waveform).max() < 1e-5


def test_lengths_that_differ(noisy, tmp_path: Path) -> None:
    clip = noisy(seconds=1.0)
    long = str(write(Clip(np.zeros(17000), 16000), tmp_path / "long.wav"))
    with pytest.raises(AudioError, match=r"long.wav: this stem lasts 1\.062 s, the clip 1\.000 s"):
        Stems(source=(long,)).build(clip)
    near = str(write(Clip(clip.waveform[:, :15900], 16000), tmp_path / "near.wav"))
    cut = Stems(source=(near,)).build(clip)
    assert cut.notes[0] == "near.wav: 100 samples padded at its end"
    other = str(write(Clip(np.pad(clip.waveform, ((0, 0), (0, 50))), 16000), tmp_path / "other.wav"))
    cut = Stems(source=(other,)).build(clip)
    assert cut.notes == ("other.wav: 50 samples cut at its end",)
    assert cut.n == 1


def test_a_small_difference_joins_the_loudest_stem(noisy, tmp_path: Path) -> None:
    clip = noisy(seconds=0.5)
    loud = str(write(Clip(0.9995 * clip.waveform, 16000), tmp_path / "loud.wav"))
    quiet = str(write(Clip(0.0 * clip.waveform, 16000), tmp_path / "quiet.wav"))
    cut = Stems(source=(quiet, loud)).build(clip)
    assert [c.stem for c in cut.table] == ["quiet", "loud"]
    first, second = cut.render(np.eye(2)).numpy()
    assert np.abs(first).max() == 0
    np.testing.assert_allclose(second, clip.waveform, atol=1e-7)


def test_a_file_that_changed_since_is_refused(noisy, tmp_path: Path) -> None:
    clip = noisy(seconds=0.5)
    path = tmp_path / "voice.wav"
    write(clip, path)
    settings = Stems(source=(str(path),)).build(clip).settings
    write(Clip(clip.waveform / 2, 16000), path)
    with pytest.raises(AudioError, match=r"voice.wav: this file is not the one that was explained with"):
        kind_from("stems", settings).build(clip)


def test_what_is_no_source_is_refused(noisy, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean hpss"):
        Stems(source="hpps")
    with pytest.raises(SettingError, match="two stems would be called 'a'"):
        Stems(source=("x/a.wav", "y/a.wav"))
    with pytest.raises(AudioError, match=r"none.wav"):
        Stems(source=(str(tmp_path / "none.wav"),)).build(noisy())
