"""The audit: what is planted is found, what is sound is not accused."""

import json

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from earmark.audio.clip import Clip
from earmark.audio.convert import resample
from earmark.audio.read import read
from earmark.audio.write import write
from earmark.data.audit import audit
from earmark.data.confounds import confound, cramers_v, in_quarters, mutual_information_bits
from earmark.data.open import open_dataset
from earmark.data.sound_facts import measure
from earmark.errors import SettingError

RATE = 44100


def noise(seconds=1.0, seed=0, level=0.1, rate=RATE):
    return Clip(level * np.random.default_rng(seed).standard_normal((1, round(seconds * rate))), rate)


def test_levels_and_silence():
    t = np.arange(RATE) / RATE
    facts = measure(Clip(np.stack([0.5 * np.sin(2 * np.pi * 441 * t)] * 2), RATE))
    assert facts.level_db == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert (facts.channels, facts.silent_share, facts.clipped_share) == (2, 0.0, 0.0)
    assert facts.peak == pytest.approx(0.5, abs=1e-4)
    half = np.concatenate([noise().waveform[0], np.zeros(RATE, np.float32)])
    assert measure(Clip(half, RATE)).silent_share == pytest.approx(0.5, abs=0.03)


def test_clipping_is_counted_and_a_full_scale_tone_is_none():
    t = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 200 * t)
    assert measure(Clip(tone, RATE)).clipped_share == 0.0
    clipped = np.clip(1.5 * tone, -1, 1)
    expected = np.mean(np.abs(1.5 * tone) >= 1)
    assert measure(Clip(clipped, RATE)).clipped_share == pytest.approx(expected, abs=0.01)
    assert expected > 0.5


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 32000])
def test_a_lower_rate_leaves_its_mark_in_the_bandwidth(rate):
    facts = measure(resample(resample(noise(), rate), RATE))
    assert facts.cutoff_hz == pytest.approx(rate / 2, rel=0.08)
    assert facts.bandwidth_hz == pytest.approx(rate / 2, rel=0.08)


def test_what_is_not_cut_off_is_not_accused(tmp_path):
    assert measure(noise()).cutoff_hz is None
    assert measure(noise()).bandwidth_hz > 21900
    red = np.cumsum(noise(2.0).waveform[0]) * 0.01
    assert measure(Clip(red - red.mean(), RATE)).cutoff_hz is None
    t = np.arange(RATE) / RATE
    hum = 0.01 * noise().waveform[0] + 0.5 * np.sin(2 * np.pi * 5000 * t)
    assert measure(Clip(hum, RATE)).cutoff_hz is None


def test_an_mp3_is_cut_off(tmp_path):
    facts = measure(read(write(noise(2.0), tmp_path / "x.mp3")))
    assert 15000 < facts.cutoff_hz < 21000


def test_cramers_v_and_information_against_closed_forms():
    assert cramers_v(np.array([[30, 0], [0, 30]])) == pytest.approx(1.0)
    assert cramers_v(np.array([[15, 15], [15, 15]])) == 0.0
    assert mutual_information_bits(np.array([[10, 0], [0, 10]])) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, 300), rng.integers(0, 3, 300)
    table = np.zeros((4, 3), int)
    np.add.at(table, (a, b), 1)
    assert mutual_information_bits(table) == pytest.approx(mutual_info_score(a, b) / np.log(2))


def test_p_is_uniform_without_a_bond_and_small_with_one():
    rng = np.random.default_rng(1)
    ps = []
    for seed in range(40):
        values, labels = rng.integers(0, 3, 60).astype(str), rng.integers(0, 2, 60).astype(str)
        ps.append(confound("x", list(values), list(labels), permutations=99, seed=seed).p)
    assert 0.3 < np.mean(ps) < 0.7
    assert np.mean(np.array(ps) <= 0.05) < 0.2


def test_items_of_one_track_count_once():
    values, labels = ["a"] * 50 + ["b"] * 50, ["x"] * 50 + ["y"] * 50
    tracks = ["t1"] * 50 + ["t2"] * 50
    assert confound("r", values, labels, permutations=99).p == 0.01
    assert confound("r", values, labels, tracks=tracks, permutations=99).p > 0.5


def test_quarters_with_ties_and_silence():
    order = ["none", "above 7 Hz", "5 to 7 Hz", "-20 to 5 Hz", "up to -20 Hz"]
    assert list(confound("x", order, order, permutations=1).values) == order[:0:-1] + order[:1]
    assert in_quarters([-np.inf, 5, 5, 5], "dB") == ("up to 5 dB",) * 4
    with pytest.raises(SettingError, match="1 values for 2 labels"):
        confound("x", ["a"], ["b", "c"])


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Two classes; the sounds of "low" were once at 16 kHz; one sound twice, one broken off, silent, clipped, short."""
    root = tmp_path_factory.mktemp("planted")
    for number in range(16):
        clip = noise(1.0, seed=number)
        write(clip, root / "full" / f"{number:02}.wav")
        write(resample(resample(noise(1.0, seed=100 + number), 16000), RATE), root / "low" / f"{number:02}.wav")
    write(Clip(np.zeros((1, RATE), np.float32), RATE), root / "low" / "silent.wav")
    write(Clip(np.clip(noise(seed=50, level=1.0).waveform, -1, 1), RATE), root / "full" / "clipped.wav")
    write(noise(0.2, seed=51), root / "full" / "short.wav")
    write(resample(resample(noise(seed=101), 16000), RATE), root / "full" / "twin.wav")
    whole = write(noise(seed=52), root / "full" / "torn.flac").read_bytes()
    (root / "full" / "torn.flac").write_bytes(whole[: len(whole) // 2])
    (root / "low" / "no.wav").write_bytes(b"no sound at all")
    return audit(open_dataset(root))


def test_everything_planted_is_found(planted):
    assert [problem.where for problem in planted.problems] == ["low/no.wav"]
    assert [problem.where for problem in planted.corrupt] == ["full/torn.flac"]
    assert [entry.name for entry in planted.silent] == ["low/silent.wav"]
    assert [entry.name for entry in planted.clipped] == ["full/clipped.wav"]
    assert [entry.name for entry in planted.short] == ["full/short.wav"]
    assert planted.shortest_s == 0.5
    (twin,) = planted.duplicates
    assert [planted.entries[i].name for i in (twin.first, twin.second)] == ["full/twin.wav", "low/01.wav"]
    assert twin.kind == "identical"
    assert planted.crossing(twin) == ("class", "track")


def test_the_bandwidth_tells_the_label_and_other_things_do_not(planted):
    found = {one.name: one for one in planted.confounds}
    assert found["cut-off"].alarming
    assert found["cut-off"].hit_rate > 0.9
    assert found["cut-off"].values["8 kHz"]["low"] == 16
    assert found["bandwidth"].alarming
    assert not {"sample rate", "channels", "format"} & set(found)  # the same everywhere


def test_classes_are_counted_with_their_tracks(planted):
    assert planted.counts == {"full": (19, 19), "low": (17, 17)}
    assert planted.effective_classes == pytest.approx(2.0, abs=0.01)


def test_it_goes_into_json_and_is_the_same_each_time(planted):
    text = json.dumps(planted.to_dict(), allow_nan=False)
    document = json.loads(text)
    assert document["duplicates"][0]["across"] == ["class", "track"]
    silent = next(e for e in document["entries"] if e["name"] == "low/silent.wav")
    assert silent["facts"]["level_db"] is None


def test_a_shortest_length_that_is_none(planted, sound, tmp_path):
    sound("a/x.wav")
    with pytest.raises(SettingError, match="no length"):
        audit(open_dataset(tmp_path), shortest_s=-1)


def test_a_duplicate_in_real_data_is_found(shared, tmp_path):
    """Two of the fires of ESC-10 come from different recordings on Freesound, yet share their sound."""
    manifest = shared("esc10") / "manifest.csv"
    lines = [line for line in manifest.read_text().splitlines() if line.startswith(("path", "fire", "rain"))]
    copy = tmp_path / "fires.csv"
    copy.write_text("\n".join([lines[0], *(f"{manifest.parent}/{line}" for line in lines[1:])]))
    found = audit(open_dataset(copy))
    pairs = [{found.entries[p.first].name.split("/")[-1], found.entries[p.second].name.split("/")[-1]}
             for p in found.duplicates]  # fmt: skip
    assert pairs == [{"2-28314-A.ogg", "2-30322-A.ogg"}]
    assert found.crossing(found.duplicates[0]) == ("track",)
