"""The shortcut detector: on functions that are known to listen to one thing and to nothing else."""

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.errors import SettingError
from earmark.metrics.shortcut_edits import PROBES, Edit, clicks_of, edge_of
from earmark.metrics.shortcuts import find_shortcuts
from earmark.models.callable import from_callable

RATE = 16000
T = np.arange(RATE) / RATE


def noise(seed, level=0.05):
    return level * np.random.default_rng(seed).standard_normal(RATE)


def low_passed(x, hz):
    spectrum = np.fft.rfft(x)
    spectrum[np.fft.rfftfreq(len(x), 1 / RATE) > hz] = 0
    return np.fft.irfft(spectrum, len(x))


def two(p):
    p = np.clip(p, 0, 1)
    return np.stack([p, 1 - p], axis=1)


def band(low, high):
    """Scores the rms between two frequencies."""

    def scores(waveforms, sample_rate):
        power = np.abs(np.fft.rfft(waveforms[:, 0].astype(float))) ** 2
        hz = np.fft.rfftfreq(waveforms.shape[-1], 1 / sample_rate)
        inside = power[:, (hz >= low) & (hz < high)].sum(axis=1)
        return two(10 * np.sqrt(2 * inside) / waveforms.shape[-1])

    return from_callable(scores, ["a", "b"], RATE, name=f"{low}-{high} Hz")


def zeros(waveforms, sample_rate):
    return two((waveforms[:, 0] == 0).mean(axis=1) * 4)


def clips_with(change, n=6):
    return [Clip(change(noise(i), i), RATE) for i in range(n)]


def hummed(x, i):
    return x + (0.1 * np.sin(2 * np.pi * 15 * T) if i % 2 else 0)


def silenced(x, i):
    return x * ((T < 0.4) | (T > 0.6)) if i % 2 else x


def coded(x, i):
    return low_passed(x, 5000) if i % 2 else x


def clicked(x, i):
    x = 0.3 * x
    if i % 2:
        x[4000:4010] += 0.8 * np.random.default_rng(i).choice((-1, 1), 10)
    return x


def peak(waveforms, sample_rate):
    return two(np.abs(waveforms).max(axis=(1, 2)) - 0.2)


@pytest.mark.parametrize(
    ("classifier", "change", "probe"),
    [
        (band(0, 20), hummed, "below_20_hz"),
        (from_callable(zeros, ["a", "b"], RATE), silenced, "silence"),
        (band(5000, 8000), coded, "codec_edge"),
        (from_callable(peak, ["a", "b"], RATE), clicked, "clicks"),
    ],
    ids=["hum", "silence", "codec", "click"],
)
def test_what_it_listens_to_is_flagged_and_nothing_else(classifier, change, probe):
    report = find_shortcuts(classifier, clips_with(change))
    assert report.flagged == (probe,)
    finding = next(one for one in report.findings if one.probe == probe)
    assert finding.low > finding.null
    assert finding.effect >= 0.1
    assert "listens to" in finding.sentence
    assert PROBES[probe].about in report.sentence


@pytest.mark.parametrize("change", [hummed, silenced, coded, clicked], ids=lambda change: change.__name__)
def test_a_shortcut_in_the_sounds_that_is_not_listened_to_is_not_flagged(change):
    report = find_shortcuts(band(1000, 2000), clips_with(change))
    assert report.flagged == ()
    assert report.sentence.startswith("No shortcut was found")


def test_what_no_clip_has_is_not_asked():
    report = find_shortcuts(band(1000, 2000), clips_with(lambda x, i: x))
    told = {one.probe: one for one in report.findings}
    assert told["silence"].clips == told["codec_edge"].clips == told["clicks"].clips == 0
    assert told["silence"].sentence == "Not asked: none of 6 clips have digital silence."
    assert told["silence"].null is None


def test_effect_is_the_mean_change_and_flips_are_counted():
    clips = clips_with(lambda x, i: x * 0 + 0.12 * np.sqrt(2) * np.sin(2 * np.pi * 15 * T))
    finding = find_shortcuts(band(0, 20), clips).findings[0]
    # From rms 0.12 × 10 to 0: all of the probability 1, and every decision.
    assert finding.effect == pytest.approx(1.0, abs=1e-4)
    assert finding.flips == finding.clips == 6


def test_a_small_effect_is_none_however_clear():
    clips = clips_with(lambda x, i: 0.1 * x + 0.0085 * np.sin(2 * np.pi * 15 * T))
    finding = find_shortcuts(band(0, 20), clips).findings[0]
    assert 0.05 < finding.effect < 0.1
    assert finding.low > finding.null
    assert not finding.flagged


def test_the_null_is_noise_40_db_below_the_sound():
    """Asked for the share of power that is not the sound itself, whatever its gain: 1/10 000; here times 100."""
    own = noise(0)

    def strange(waveforms, sample_rate):
        x = waveforms[:, 0].astype(float)
        return two(100 * (1 - (x @ own) ** 2 / ((x * x).sum(axis=1) * (own @ own))))

    found = find_shortcuts(from_callable(strange, ["a", "b"], RATE), [Clip(own, RATE)] * 3)
    assert found.findings[0].null == pytest.approx(0.01, rel=0.05)


def test_same_seed_same_report():
    clips = clips_with(silenced)
    classifier = from_callable(zeros, ["a", "b"], RATE)
    assert find_shortcuts(classifier, clips, seed=3) == find_shortcuts(classifier, clips, seed=3)


def test_edges_are_found_where_a_codec_cut_and_only_there():
    assert edge_of(Clip(low_passed(noise(0), 5000), RATE)) == pytest.approx(5000, abs=200)
    assert edge_of(Clip(noise(0), RATE)) is None
    assert edge_of(Clip(noise(0)[:100], 200)) is None


def test_a_click_is_found_beside_a_loud_tone_and_an_onset_is_none():
    tone = 0.4 * np.sin(2 * np.pi * 440 * T) + noise(1, 0.005)
    assert clicks_of(Clip(tone, RATE)) == []
    (found,) = clicks_of(Clip(clicked(tone, 1), RATE))
    assert found[0] <= 4000 < 4010 <= found[1]
    assert found[1] - found[0] < 200


def test_edits_leave_what_they_are_not_about():
    edit = Edit((None,), 0, np.random.default_rng(0))
    x = Clip(hummed(noise(0), 1), RATE)
    spectrum = np.abs(np.fft.rfft(PROBES["below_20_hz"].edit(x, edit)[0] - x.waveform[0]))
    assert spectrum[21:].max() < 1e-3 * spectrum.max()
    quiet = Clip(silenced(noise(0), 1), RATE)
    filled = PROBES["silence"].edit(quiet, edit)[0]
    assert np.array_equal(filled[: RATE // 3], quiet.waveform[0, : RATE // 3])
    assert 20 * np.log10(filled[8000:9000].std()) == pytest.approx(-80, abs=1)


def test_above_a_codecs_edge_comes_the_floor_under_it_and_not_a_tone():
    x = low_passed(noise(0), 5000) + 0.5 * np.sin(2 * np.pi * 4500 * T)
    filled = PROBES["codec_edge"].edit(Clip(x, RATE), Edit((5000.0,), 0, np.random.default_rng(0)))[0]
    level = np.abs(np.fft.rfft(filled))
    assert level[5050:].mean() == pytest.approx(np.median(level[4000:4490]), rel=0.1)


def test_too_few_clips_are_refused():
    with pytest.raises(SettingError, match="too few"):
        find_shortcuts(band(0, 20), clips_with(hummed, n=2))
