"""Fingerprints find a recording again after another codec, rate, level, cut and noise, and nothing else."""

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.convert import resample
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.dataset import Dataset, Item
from earmark.data.duplicates import duplicate_groups, join, same_descriptors, same_sounds
from earmark.data.fingerprint import Landmarks, landmarks
from earmark.data.matching import match
from earmark.data.splits import split_by_group
from earmark.data.tables import read_table
from earmark.errors import DatasetError, SettingError

RATE = 22050


def tune(seed, seconds=8.0, rate=RATE):
    """Notes of random pitches and lengths, two voices, decaying."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * rate))
    for _ in range(2):
        time = 0.0
        while time < seconds - 0.1:
            length = rng.uniform(0.1, 0.5)
            pitch = 220 * 2 ** (rng.integers(0, 36) / 12)
            start, stop = round(time * rate), min(len(wave), round((time + length) * rate))
            t = np.arange(stop - start) / rate
            wave[start:stop] += sum(0.15 / k * np.sin(2 * np.pi * k * pitch * t) for k in (1, 2, 3)) * np.exp(-4 * t)
            time += length
    return Clip(wave[np.newaxis], rate)


@pytest.fixture(scope="module")
def tunes():
    return [tune(seed) for seed in range(6)]


@pytest.mark.parametrize("change", ["quieter", "mp3", "ogg at another rate", "cut", "noise"])
def test_a_changed_copy_is_found_and_only_it(tunes, tmp_path, change):
    original = tunes[3]
    if change == "quieter":
        copy, offset = Clip(original.waveform * 0.2, RATE), 0.0
    elif change == "mp3":
        copy, offset = read(write(original, tmp_path / "x.mp3")), 0.0
    elif change == "ogg at another rate":
        copy, offset = read(write(resample(original, 16000), tmp_path / "x.ogg")), 0.0
    elif change == "cut":
        copy, offset = original.span(2.3456, 8.0), -2.3456
    else:
        noise = np.random.default_rng(0).standard_normal(original.waveform.shape)
        copy, offset = Clip(original.waveform + 0.1 * original.waveform.std() * noise, RATE), 0.0
    (found,) = same_sounds([str(i) for i in range(7)], [landmarks(clip) for clip in (*tunes, copy)])
    assert (found.first, found.second, found.kind) == (3, 6, "near")
    assert found.likeness > 0.2
    assert found.offset_s == pytest.approx(offset, abs=0.06)  # an MP3 may begin a frame late


def test_identical_is_said_once_and_as_such(tunes):
    clips = [tunes[0], tunes[1], tunes[0]]
    found = same_sounds([clip.fingerprint for clip in clips], [landmarks(clip) for clip in clips])
    assert [(pair.first, pair.second, pair.kind, pair.likeness) for pair in found] == [(0, 2, "identical", 1.0)]


def test_matching_agrees_with_comparing_each_with_each():
    rng = np.random.default_rng(5)
    sounds = [Landmarks(rng.integers(0, 60, 40), np.sort(rng.integers(0, 200, 40))) for _ in range(5)]
    sounds.append(Landmarks(sounds[1].keys[10:], sounds[1].frames[10:] - 7))
    expected = {}
    for a in range(6):
        for b in range(a + 1, 6):
            gaps = [
                int(g - f)
                for k, f in zip(sounds[a].keys, sounds[a].frames, strict=True)
                for q, g in zip(sounds[b].keys, sounds[b].frames, strict=True)
                if k == q
            ]
            expected[a, b] = max((gaps.count(g) + gaps.count(g + 1) for g in gaps), default=0)
    found = {(m.first, m.second): m.shared for m in match(sounds, min_shared=1, min_share=0.0)}
    assert found == {pair: shared for pair, shared in expected.items() if shared}
    assert found[1, 5] >= 30


def test_silence_and_the_shortest_sound_have_few_landmarks():
    assert match([landmarks(Clip(np.zeros((1, 9000), np.float32), 8000))] * 2) == ()
    assert len(landmarks(Clip(np.ones((1, 3), np.float32), 8000)).keys) == 0


def test_duplicates_stay_together_in_a_split(tunes, tmp_path):
    for number, clip in enumerate(tunes):
        write(clip, tmp_path / f"{number}.wav")
    write(Clip(tunes[0].waveform * 0.5, RATE), tmp_path / "6.wav")
    write(tunes[1].span(1.0, 7.0), tmp_path / "7.wav")
    paths = [tmp_path / f"{number}.wav" for number in range(8)]
    labels = ["a", "b", "a", "b", "a", "b", "a", "b"]
    dataset = Dataset("d", tmp_path, tuple(Item(p, label) for p, label in zip(paths, labels, strict=True)))
    said = []
    groups = duplicate_groups(dataset, watch=lambda done, planned: said.append((done, planned)))
    assert said[-1] == (8, 8)
    assert groups[6] == groups[0] != groups[1] == groups[7]
    assert len(set(groups)) == 6
    for seed in range(3):
        split = split_by_group(dataset, by="duplicates", seed=seed, groups=groups)
        part = {i: p for p, places in enumerate((split.train, split.validation, split.test)) for i in places}
        assert part[0] == part[6]
        assert part[1] == part[7]


def test_joined_chains_are_one_group():
    pairs = same_descriptors(np.array([[0.0, 9], [5, 1], [0, 9], [5, 1], [7, 3], [0, 9]]), near=0.0)
    assert join(list("abcdef"), pairs) == ("a", "b", "a", "b", "e", "a")


@pytest.mark.parametrize(
    ("values", "near", "error", "says"),
    [
        ([[0.0, np.nan], [1, 2]], 0.1, DatasetError, "row 1, column 2"),
        ([[1.0, 2], [1, 2]], 0.1, DatasetError, "all rows of descriptors are equal"),
        ([[1.0, 2], [3, 4]], -1, SettingError, "no distance"),
    ],
)
def test_descriptors_that_cannot_be_compared(values, near, error, says):
    with pytest.raises(error, match=says):
        same_descriptors(np.array(values), near=near)


def test_the_fourteen_identical_pairs_of_gtzan(shared):
    table = read_table(shared("gtzan") / "descriptors_89.csv")
    names = [row["file"].removesuffix(".wav") for row in table.rows]
    values = np.array([[float(row[column]) for column in table.columns[1:]] for row in table.rows])
    found = same_descriptors(values)
    identical = {(names[p.first], names[p.second]) for p in found if p.kind == "identical"}
    known = "disco 98 99,hiphop 39 45,hiphop 76 78,metal 34 94,metal 40 61,metal 41 62,metal 42 63,metal 43 64"
    known += ",metal 44 65,metal 45 66,pop 54 60,pop 67 71,reggae 81 82"
    rows = [entry.split() for entry in known.split(",")]
    expected = {(f"{g}.{int(a):05}", f"{g}.{int(b):05}") for g, a, b in rows} | {("metal.00058", "rock.00016")}
    assert identical == expected
    # Sturm's index knows these as the same recording, encoded twice.
    near = {(names[p.first], names[p.second]) for p in found if p.kind == "near"}
    assert {("pop.00015", "pop.00022"), ("pop.00045", "pop.00046"), ("jazz.00033", "jazz.00051")} <= near
    assert all(a.split(".")[0] == b.split(".")[0] for a, b in near)
