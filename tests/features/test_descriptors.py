"""Descriptors: every one that librosa has against librosa, the others against closed forms; names, files, bad input."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import librosa
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item
from earmark.data.open import open_dataset
from earmark.errors import AudioError, CancelledError, DatasetError, SettingError, UnknownNameError
from earmark.explain.game import Watch
from earmark.features.compiled import librosa_ready
from earmark.features.descriptors import (
    DESCRIPTOR_SETS,
    DescriptorTable,
    describe_dataset,
    describe_to,
    describe_waveforms,
    descriptor_group,
    descriptor_names,
    descriptor_unit,
)
from earmark.features.descriptors.harmony import key_strength
from earmark.features.descriptors.parts import part_of

RATE = 22050
PITCHES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
NOT_IN_LIBROSA = {
    "flux", "loudness_range_lu", "key_major_strength", "key_minor_strength", "harmonic_ratio", "pulse_clarity",
}  # fmt: skip
MUSIC = Path(__file__).parents[2].parent / "shared" / "data" / "music"


def played(seconds: float = 5.0, *, off: float = 0.0, seed: int = 0) -> np.ndarray:
    """Four chords, tuned ``off`` semitones from 440 Hz, a click every half second, and a little noise."""
    t = np.arange(int(RATE * seconds)) / RATE
    rng = np.random.default_rng(seed)
    sound = 0.003 * rng.standard_normal(len(t))
    for place, chord in enumerate(((60, 64, 67), (57, 60, 64), (65, 69, 72), (55, 59, 62))):
        on = (t * 4 / seconds).astype(int) == place
        for note in chord:
            for harmonic in range(1, 6):
                hz = 440 * 2 ** ((note + off - 69) / 12) * harmonic
                sound += on * 0.1 / harmonic * np.sin(2 * np.pi * hz * t)
    for click in range(0, len(t) - 400, RATE // 2):
        sound[click : click + 400] += 0.4 * rng.standard_normal(400) * np.linspace(1, 0, 400)
    return (sound / 3).astype(np.float32)


def by_librosa(y: np.ndarray) -> dict[str, float]:
    """One call a feature, as a tutorial would."""
    librosa_ready()
    rows = {
        "mfcc": librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=30),
        "chroma": librosa.feature.chroma_stft(y=y, sr=RATE),
        "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
        "rolloff_85_hz": librosa.feature.spectral_rolloff(y=y, sr=RATE),
        "centroid_hz": librosa.feature.spectral_centroid(y=y, sr=RATE),
        "bandwidth_hz": librosa.feature.spectral_bandwidth(y=y, sr=RATE),
        "flatness": librosa.feature.spectral_flatness(y=y),
        "contrast": librosa.feature.spectral_contrast(y=y, sr=RATE),
        "onset_strength_db": librosa.onset.onset_strength(y=y, sr=RATE)[None],
        "mel": librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=RATE, n_mels=40)),
    }
    rows["tonnetz"] = librosa.feature.tonnetz(chroma=rows["chroma"])
    rows["mfcc_delta"] = librosa.feature.delta(rows["mfcc"], mode="nearest")
    rows["level_db"] = 20 * np.log10(np.maximum(librosa.feature.rms(y=y), 1e-5))
    found = {"tempo_bpm": float(librosa.feature.tempo(y=y, sr=RATE)[0])}
    found["onset_rate_hz"] = len(librosa.onset.onset_detect(y=y, sr=RATE)) / (len(y) / RATE)
    for name, values in rows.items():
        words = [name] if len(values) == 1 else [f"{name}_{n:02d}" for n in range(1, len(values) + 1)]
        if name == "chroma":
            words = [f"chroma_{pitch}" for pitch in PITCHES]
        for word, row in zip(words, values, strict=True):
            found |= {f"{word}_mean": row.mean(), f"{word}_std": row.std()}
            found |= {f"{word}_p10": np.percentile(row, 10), f"{word}_p90": np.percentile(row, 90)}
    return found


def assert_librosas(y: np.ndarray, set_name: str = "full") -> None:
    ours = dict(
        zip(descriptor_names(set_name), describe_waveforms(torch.tensor(y)[None], RATE, set_name)[0], strict=True)
    )
    theirs = by_librosa(y)
    compared = [name for name in ours if name in theirs]
    assert {block.split("_db_")[0] for block in set(ours) - set(theirs)} <= NOT_IN_LIBROSA
    wrong = {n: (ours[n], theirs[n]) for n in compared if not np.isclose(ours[n], theirs[n], rtol=1e-3, atol=1e-4)}
    assert wrong == {}


@pytest.mark.parametrize("off", [0.0, 0.3])
def test_every_number_of_librosa_is_met(off: float) -> None:
    assert_librosas(played(off=off))


@pytest.mark.parametrize("set_name", ["reference-89", "reference-89-centroid"])
def test_the_reference_sets_are_librosas(set_name: str) -> None:
    assert_librosas(played(3.0, seed=1), set_name)


@pytest.mark.skipif(not MUSIC.is_dir(), reason="the shared music is not there")
@pytest.mark.parametrize("name", ["robin.ogg", "solo_trumpet.ogg"])
def test_real_sound_too(name: str) -> None:
    y, _ = librosa.load(MUSIC / name, sr=RATE, duration=4.0)
    assert_librosas(y)


def test_names_units_and_groups() -> None:
    assert [len(descriptor_names(name)) for name in DESCRIPTOR_SETS[:3]] == [85, 89, 89]
    assert descriptor_names("reference-85")[:2] == ("mfcc_01_mean", "mfcc_02_mean")
    assert descriptor_names("reference-85")[60:63] == ("chroma_C_mean", "chroma_Cs_mean", "chroma_D_mean")
    assert descriptor_names("reference-89-centroid")[-2:] == ("centroid_hz_mean", "centroid_hz_std")
    full = descriptor_names("full")
    assert len(set(full)) == len(full)
    assert set(descriptor_names("reference-89")) <= set(full)
    assert {descriptor_group(name) for name in full} == {"timbre", "harmony", "rhythm"}
    assert (descriptor_unit("tempo_bpm"), descriptor_unit("rolloff_85_hz_mean")) == ("BPM", "Hz")
    with pytest.raises(UnknownNameError, match="tempo_bpm"):
        descriptor_unit("tempo_bmp")
    with pytest.raises(UnknownNameError, match="reference-85"):
        descriptor_names("reference-58")


def values(y: np.ndarray, set_name: str = "full") -> dict[str, float]:
    return dict(
        zip(descriptor_names(set_name), describe_waveforms(torch.tensor(y)[None], RATE, set_name)[0], strict=True)
    )


def test_sustained_tones_are_harmonic_and_clicks_are_not() -> None:
    t = np.arange(4 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    clicks = np.zeros(4 * RATE, dtype=np.float32)
    clicks[:: RATE // 2] = 0.9
    assert values(tone)["harmonic_ratio"] > 0.9
    assert values(clicks)["harmonic_ratio"] < 0.2
    assert values(clicks)["tempo_bpm"] == pytest.approx(120, rel=0.03)
    assert values(clicks)["pulse_clarity"] > 0.5
    # The first click is where the sound begins: nothing rises to it.
    assert values(clicks)["onset_rate_hz"] == pytest.approx(7 / 4, abs=0.3)


def test_key_profiles_recognise_themselves() -> None:
    # Krumhansl & Kessler's ratings for D major and silence, held over three frames.
    d_major = np.roll([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88], 2)
    chroma = torch.tensor(np.stack([d_major, np.zeros(12)]))[..., None].expand(-1, -1, 3)
    np.testing.assert_allclose(key_strength(chroma, "major"), [1, 0], atol=1e-9)
    minor = float(key_strength(chroma, "minor")[0])
    # The parallel with the slow way: the best of twelve correlations.
    ratings = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    assert minor == pytest.approx(max(np.corrcoef(d_major, np.roll(ratings, n))[0, 1] for n in range(12)))


def test_loudness_range_of_two_levels_is_their_difference() -> None:
    noise = np.random.default_rng(0).standard_normal(20 * RATE).astype(np.float32) * 0.1
    noise[: 10 * RATE] *= 10 ** (-10 / 20)
    assert values(noise)["loudness_range_lu"] == pytest.approx(10, abs=0.3)
    assert values(noise[: 2 * RATE])["loudness_range_lu"] == 0


def test_a_batch_is_its_clips_one_by_one_and_silence_is_finite() -> None:
    batch = torch.from_numpy(np.stack([played(2.0), np.zeros(2 * RATE, dtype=np.float32), played(2.0, off=0.4)]))
    together = describe_waveforms(batch, RATE, "full")
    alone = np.concatenate([describe_waveforms(clip[None], RATE, "full") for clip in batch])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)
    assert np.isfinite(together[1]).all()


def test_bad_sound_is_refused_by_name() -> None:
    sound = torch.zeros(2, 4000)
    sound[1, 7] = float("nan")
    with pytest.raises(AudioError, match=r"sound 1 of the batch: mfcc_01_mean is nan"):
        describe_waveforms(sound, RATE, "reference-85")
    with pytest.raises(SettingError, match="Resample"):
        describe_waveforms(torch.zeros(1, 4000), 44100, "full")
    for shape in ((1, 2047), (4000,), (0, 4000)):
        with pytest.raises(AudioError, match="2048"):
            describe_waveforms(torch.zeros(shape), RATE, "full")


def saved(folder: Path, count: int, rate: int = 22050) -> Dataset:
    for n in range(count):
        write(Clip(played(1.0, seed=n)[None], rate), folder / f"{n}.wav")
    return Dataset("made", folder, tuple(Item(folder / f"{n}.wav", "ab"[n % 2]) for n in range(count)))


def test_a_data_set_as_parquet_and_back(tmp_path: Path) -> None:
    data = saved(tmp_path, 5)
    table = describe_dataset(data, "reference-85")
    assert (table.ids[3], table.labels[3]) == ("3.wav", "b")
    np.testing.assert_allclose(
        table.values[3],
        describe_waveforms(torch.tensor(played(1.0, seed=3))[None], RATE, "reference-85")[0],
        rtol=1e-3,
        atol=1e-3,
    )
    table.write(tmp_path / "t.parquet")
    again = DescriptorTable.read(tmp_path / "t.parquet")
    assert (again.ids, again.labels, again.names, again.set_name) == (
        table.ids,
        table.labels,
        table.names,
        table.set_name,
    )
    np.testing.assert_array_equal(again.values, table.values)
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.field("tempo_bpm").metadata == {b"unit": b"BPM", b"group": b"rhythm"}
    table.write(tmp_path / "u.parquet")
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "u.parquet").read_bytes()


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(DatasetError, match="Parquet"):
        DescriptorTable.read(tmp_path / "x.parquet")
    with pytest.raises(DatasetError, match="Parquet"):
        DescriptorTable.read(tmp_path / "absent.parquet")


def test_a_short_sound_in_a_data_set_is_named(tmp_path: Path) -> None:
    data = saved(tmp_path, 2)
    write(Clip(np.zeros((1, 500), dtype=np.float32), RATE), tmp_path / "1.wav")
    with pytest.raises(DatasetError, match=r"1\.wav"):
        describe_dataset(data, "reference-85")


CHILD = """
import sys
from pathlib import Path
from earmark.data.open import open_dataset
from earmark.features.descriptors import describe_to
describe_to(sys.argv[2], open_dataset(sys.argv[1]), "reference-85")
"""


def test_killed_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    saved(tmp_path / "sounds", 40)
    rows = [f"sounds/{n}.wav,{'ab'[n % 2]}" for n in range(40)]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    data, out = open_dataset(tmp_path / "manifest.csv"), tmp_path / "t.parquet"
    part = part_of(out)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / "manifest.csv"), str(out)])
    record = 8 + 85 * 8 + 4
    while child.poll() is None and (not part.exists() or part.stat().st_size < 8 * record):
        time.sleep(0.002)
    child.kill()
    assert child.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert not out.exists()
    kept = part.read_bytes()
    # Cut off in a record, and a record that is not what was written: both are made again.
    damaged = bytearray(kept[:-5])
    damaged[-2 * record] ^= 1
    part.write_bytes(bytes(damaged))
    watch = Watch()
    done: list[int] = []
    watch.on_progress = lambda count, planned: done.append(count)
    describe_to(out, data, "reference-85", watch=watch)
    assert 3 <= done[0] < 40
    assert done[-1] == 40
    describe_to(tmp_path / "whole.parquet", data, "reference-85")
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    seen = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert seen == ["manifest.csv", "sounds", "t.parquet", "whole.parquet"]
    before = out.stat().st_mtime_ns
    describe_to(out, data, "reference-85", reuse=True)
    assert out.stat().st_mtime_ns == before


def test_what_is_unfinished_is_refused_to_other_sounds(tmp_path: Path) -> None:
    data, out = saved(tmp_path, 3), tmp_path / "t.parquet"
    watch = Watch()
    watch.cancelled = lambda: watch.done >= 2
    with pytest.raises(CancelledError):
        describe_to(out, data, "reference-85", watch=watch)
    with pytest.raises(DatasetError, match=r"t\.parquet\.part: is unfinished, and of other sounds"):
        describe_to(out, data, "reference-89")
    with pytest.raises(DatasetError, match="is unfinished"):
        describe_to(out, data.subset([0, 1]), "reference-85")
    assert len(describe_to(out, data, "reference-89", overwrite=True).names) == 89
    assert not part_of(out).exists()
