"""Edits do to the sound what they say, and their effects are those of a classifier that is known."""

import math

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.errors import AudioError, SettingError, UnknownNameError
from earmark.explain_global.editing.catalogue import EDITS, edit_from
from earmark.explain_global.editing.edit import strength_text
from earmark.explain_global.editing.mixing import Noise, StemGain
from earmark.explain_global.editing.spectral import BandGain, Highpass, Lowpass
from earmark.explain_global.editing.timing import Pitch, Speed, Tempo
from earmark.explain_global.edits import edited, effects_of_edits
from earmark.models.callable import from_callable

RATE = 16000


def tones(*hz, seconds=1.0, rate=RATE, channels=1):
    t = np.arange(round(seconds * rate)) / rate
    return Clip(np.stack([sum(0.2 * np.sin(2 * np.pi * f * t) for f in hz)] * channels), rate)


def level_db(clip, hz):
    """Level of a tone, from the middle of the clip."""
    x = clip.waveform[0]
    x = x[len(x) // 4 : 3 * len(x) // 4] * np.hanning(len(x) // 4 * 3 - len(x) // 4)
    t = np.arange(len(x)) / clip.sample_rate
    return 20 * np.log10(abs(np.sum(x * np.exp(-2j * np.pi * hz * t))) / np.hanning(len(x)).sum() * 2 / 0.2 + 1e-12)


def peak_hz(clip):
    spectrum = np.abs(np.fft.rfft(clip.waveform[0] * np.hanning(clip.samples), 2**17))
    return spectrum.argmax() * clip.sample_rate / 2**17


@pytest.mark.parametrize("name", EDITS.names())
def test_nothing_is_changed_at_the_neutral_strength_and_something_at_every_other(name):
    edit = EDITS.get(name)()
    t = np.arange(RATE) / RATE
    clip = Clip(np.stack([np.sin(2 * np.pi * 440 * t) / 3 + (t % 0.25 < 0.01) / 3, 0.2 * np.sin(2000 * t**2)]), RATE)
    assert edit.neutral in edit.strengths
    assert list(edit.strengths) == sorted(edit.strengths)
    for strength in edit.strengths:
        edit.check(strength)
        done = edit.apply(clip, strength, seed=0)
        assert (done.sample_rate, done.channels) == (RATE, 2)
        inert = strength == edit.neutral or (name == "lowpass" and strength >= RATE / 2)
        assert (done is clip) == inert
        if not inert:
            assert done.samples != clip.samples or np.abs(done.waveform - clip.waveform).max() > 1e-3
    assert edit.quality
    assert strength_text(edit, edit.neutral) == "as it is"
    for wrong in (math.nan, -1e9):
        with pytest.raises(SettingError, match="out of range"):
            edit.check(wrong)


def test_gain_moves_its_band_and_nothing_else():
    clip = tones(100, 1000, 5000)
    done = BandGain(500, 2000).apply(clip, -12.0, seed=0)
    assert [level_db(done, hz) for hz in (100, 1000, 5000)] == pytest.approx([0, -12, 0], abs=0.05)
    edge = BandGain(1000, 4000).apply(clip, -12.0, seed=0)
    assert level_db(edge, 1000) == pytest.approx(-6, abs=1)
    assert BandGain(9000, 12000).apply(clip, -12.0, seed=0) is clip
    assert level_db(BandGain(0, 300).apply(clip, -12.0, seed=0), 100) == pytest.approx(-12, abs=0.05)


def test_filters_fall_by_48_db_an_octave_without_delay():
    clip = tones(250, 1000, 4000)
    low, high = Lowpass().apply(clip, 1000.0, seed=0), Highpass().apply(clip, 1000.0, seed=0)
    assert [level_db(low, hz) for hz in (250, 1000)] == pytest.approx([0, -6], abs=0.1)
    assert [level_db(high, hz) for hz in (4000, 1000)] == pytest.approx([0, -6], abs=0.1)
    assert level_db(low, 4000) < -80
    assert level_db(high, 250) < -80
    click = Clip(np.eye(1, RATE, 8000), RATE)
    assert abs(Lowpass().apply(click, 2000.0, seed=0).waveform[0]).argmax() == 8000
    assert not Highpass().apply(clip, 9000.0, seed=0).waveform.any()


def test_tempo_keeps_the_pitch_and_pitch_keeps_the_tempo_and_speed_keeps_neither():
    clip = tones(440)
    fast, high, tape = (kind().apply(clip, s, seed=0) for kind, s in ((Tempo, 1.25), (Pitch, 4.0), (Speed, 1.25)))
    assert fast.duration_s == pytest.approx(0.8, abs=0.001)
    assert peak_hz(fast) == pytest.approx(440, rel=0.002)
    assert high.samples == clip.samples
    assert peak_hz(high) == pytest.approx(440 * 2 ** (4 / 12), rel=0.002)
    assert tape.duration_s == pytest.approx(0.8, abs=0.001)
    assert peak_hz(tape) == pytest.approx(550, rel=0.002)
    beats = np.zeros(4 * RATE)
    beats[RATE // 2 :: RATE // 2] = 1  # two a second
    slow = Tempo().apply(Clip(beats, RATE), 0.5, seed=0).waveform[0]
    energy = np.square(slow).reshape(8, RATE)  # a beat a second now, at 1 s, 2 s, …; smeared over a frame
    for second in range(1, 8):
        near = np.square(slow[second * RATE - RATE // 8 : second * RATE + RATE // 8]).sum()
        assert near > 0.9 * (energy[second - 1, RATE // 2 :].sum() + energy[second, : RATE // 2].sum())
    assert len(slow) == 8 * RATE
    with pytest.raises(AudioError, match="one frame"):
        Tempo().apply(Clip(np.ones(100), RATE), 1.1, seed=0)


def test_noise_has_the_ratio_asked_for_and_is_the_same_at_every_ratio():
    clip = tones(440, channels=2)
    noises = {db: Noise().apply(clip, db, seed=3).waveform - clip.waveform for db in (0.0, 20.0)}
    for db, noise in noises.items():
        ratio = 10 * np.log10(np.square(clip.waveform).mean() / np.square(noise).mean())
        assert ratio == pytest.approx(db, abs=0.15)
    np.testing.assert_allclose(noises[0.0], 10 * noises[20.0], atol=1e-5)
    assert np.abs(Noise().apply(clip, 0.0, seed=4).waveform - clip.waveform - noises[0.0]).max() > 0.1
    with pytest.raises(AudioError, match="silent"):
        Noise().apply(Clip(np.zeros(100), RATE), 0.0, seed=0)


def test_stem_gain_turns_one_part_up():
    t = np.arange(2 * RATE) / RATE
    clicks = (t % 0.25 < 0.0005) * 0.8
    clip = Clip(0.2 * np.sin(2 * np.pi * 440 * t) + clicks, RATE)
    softer = StemGain("harmonic").apply(clip, -24.0, seed=0)
    assert level_db(softer, 440) < -20
    assert softer.waveform.max() > 0.5
    with pytest.raises(UnknownNameError, match="percussive"):
        StemGain("percusive")


def test_a_line_is_read():
    edit, strengths = edit_from("gain:60-250@-12/-6/6")
    assert (edit, strengths) == (BandGain(60, 250), (-12.0, -6.0, 0.0, 6.0))
    assert edit_from("stem_gain:harmonic")[0].label == "gain of the harmonic part"
    assert edit_from("tempo")[1] == Tempo.strengths
    for text, words in (
        ("gain:60", "LOW-HIGH"), ("gain:300-200", "no band"), ("tempo:3", "no target"), ("tempo@fast", "no strengths"),
        ("tempo@9", "out of range"), ("tempo@1", "no strength"), ("lowpass@nan", "out of range"),
    ):  # fmt: skip
        with pytest.raises(SettingError, match=words):
            edit_from(text)
    with pytest.raises(UnknownNameError, match="tempo"):
        edit_from("temp")


def loud(waveforms, rate):
    """Probability that grows with the level."""
    p = np.clip(np.sqrt(np.square(waveforms).mean(axis=(1, 2))), 0, 1)
    return np.stack([p, 1 - p], axis=1)


def test_the_effect_is_the_mean_change_and_its_interval_is_that_of_clips():
    clips = [tones(440, seconds=0.5), tones(440, 880, seconds=0.5), tones(300, seconds=0.7)]
    model = from_callable(loud, ["loud", "soft"], RATE)
    plan = [edit_from("gain:100-2000@-12/6"), edit_from("noise@0")]
    study = effects_of_edits(clips, model, plan, batch_size=2)
    gain, noise = study.effects
    rms = np.array([np.sqrt(np.square(clip.waveform).mean()) for clip in clips])
    expected = [np.mean(rms * (10 ** (db / 20) - 1)) for db in (-12, 0, 6)]
    assert gain.values[0] == pytest.approx(expected, abs=2e-3)
    np.testing.assert_allclose(gain.values[0], -gain.values[1], atol=1e-6)
    assert gain.scores[0] == pytest.approx(rms.mean() + np.array(expected), abs=2e-3)
    assert gain.values[:, gain.neutral].tolist() == [0, 0]
    assert (gain.low <= gain.values + 1e-12).all()
    assert (gain.values <= gain.high + 1e-12).all()
    assert noise.values[0, 0] == pytest.approx(np.mean(rms * (math.sqrt(2) - 1)), rel=0.05)
    assert (study.clips, study.problems) == (3, ())
    assert gain.sentences()[0].startswith("gain 100–2000 Hz at ")
    assert any("at −12 dB lowers loud by 0.1" in each for each in gain.sentences())
    assert gain.changed.tolist() == [0, 0, 0]


def test_a_clip_that_cannot_take_a_step_is_left_out_of_it_and_told():
    clips = [tones(440, seconds=1.0), tones(440, seconds=0.3), Clip(np.zeros(RATE // 8), RATE)]
    model = from_callable(loud, ["loud", "soft"], RATE)
    model = type(model)(loud, "m", ("loud", "soft"), type(model.input)(RATE, min_length_s=0.25), "softmax")
    study = effects_of_edits(clips, model, [edit_from("speed@0.9/1.5")], count=3)
    assert study.clips == 2
    assert study.effects[0].counts.tolist() == [2, 1]
    assert len(study.problems) == 2
    assert any("speed at 1.5 ×: lasts 0.20 s" in problem for problem in study.problems)
    with pytest.raises(AudioError, match="no clip can be used"):
        effects_of_edits(clips[2:], model, [edit_from("speed")])
    with pytest.raises(AudioError, match="no clip can take the step between"):
        effects_of_edits(clips[1:2], model, [edit_from("speed@1.5")])
    with pytest.raises(SettingError, match="no edits"):
        effects_of_edits(clips, model, [])
    with pytest.raises(SettingError, match="groups"):
        effects_of_edits(clips[:2], model, [edit_from("speed@0.9")], groups=["a"])


def test_a_model_of_one_length_gets_the_middle_or_a_repetition():
    seen = []

    def watch(waveforms, rate):
        seen.append(waveforms.shape[2])
        return loud(waveforms, rate)

    model = from_callable(watch, ["loud", "soft"], RATE, length_s=0.5)
    effects_of_edits([tones(440, seconds=0.5)], model, [edit_from("speed@0.8/1.25")])
    assert set(seen) == {RATE // 2}


def test_what_is_played_stays_below_full_scale_and_says_so():
    clip = tones(440)
    done, down = edited(clip, BandGain(100, 1000), 24.0)
    assert np.abs(done.waveform).max() == pytest.approx(0.999, abs=1e-4)
    assert down == pytest.approx(20 * np.log10(0.2) + 24, abs=0.6)
    assert edited(clip, BandGain(100, 1000), 0.0) == (clip, 0.0)
