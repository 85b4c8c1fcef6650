"""The planted sounds: same seed same sound, background + evidence, and truth that lies where it is said to lie."""

import numpy as np
import pytest

from earmark.components.component import Component
from earmark.errors import DatasetError, SettingError, UnknownNameError
from earmark.metrics.planted.case import Evidence, Sources, planted_case
from earmark.metrics.planted.catalogue import PLANTED
from earmark.metrics.planted.sounds import band_hz
from earmark.metrics.planted.truth import truth_of

ALL = PLANTED.names()
CLASSES = ("Noiseless", "Band", "Span", "Cell", "Both", "StemCase", "Hum", "Codec", "Click")


def test_every_case_is_registered_by_its_own_name():
    assert [PLANTED.get(name).name for name in ALL] == list(ALL)
    assert tuple(PLANTED.get(name).__name__ for name in ALL) == CLASSES


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_sounds_whatever_their_number(name):
    few, many = planted_case(name, seed=3, n=2), planted_case(name, seed=3, n=4)
    assert [a.clip.fingerprint for a in few.clips] == [b.clip.fingerprint for b in many.clips[:2]]
    other = planted_case(name, seed=4, n=2)
    assert {a.clip.fingerprint for a in few.clips}.isdisjoint(b.clip.fingerprint for b in other.clips)
    training = planted_case(name, seed=3, n=2, part="training")
    assert {a.clip.fingerprint for a in few.clips}.isdisjoint(b.clip.fingerprint for b in training.clips)


@pytest.mark.parametrize("name", ALL)
def test_a_sound_is_its_background_and_its_evidence_below_full_scale(name):
    case = PLANTED.get(name)
    for one in planted_case(name, seed=1, n=6, part="explained").clips:
        assert np.array_equal(one.clip.waveform, one.background.waveform + one.evidence.waveform)
        assert np.abs(one.clip.waveform).max() < 1
        assert one.evidence.waveform.any()
        assert one.places
        assert one.label in case.explained
        if one.stems:
            mix = sum(sound.waveform.astype(np.float64) for _, sound in one.stems)
            assert np.abs(mix - one.clip.waveform).max() < 1e-6


def share_inside(one):
    """Of the evidence's power, how much lies in its places: by Fourier transform of the stretch of each."""
    x, rate = one.evidence.waveform[0].astype(np.float64), one.evidence.sample_rate
    total, inside = np.sum(x**2), 0.0
    for place in one.places:
        start = round((place.start_s or 0.0) * rate)
        stop = len(x) if place.end_s is None else round(place.end_s * rate)
        piece = x[start:stop]
        spectrum, hz = np.abs(np.fft.rfft(piece)) ** 2, np.fft.rfftfreq(len(piece), 1 / rate)
        ok = (hz >= (place.low_hz or 0.0)) & (hz <= (place.high_hz or rate / 2))
        inside += np.sum(piece**2) * spectrum[ok].sum() / spectrum.sum()
    return inside / total


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("stem", "both", "span")])
def test_the_evidence_lies_where_it_is_said_to_lie(name):
    for one in planted_case(name, seed=2, n=6, part="explained").clips:
        assert share_inside(one) > 0.97


def test_a_sweep_lies_along_its_steps():
    for one in planted_case("span", seed=2, n=4).clips:
        assert share_inside(one) > 0.8
        assert len(one.places) == 10


def test_only_the_carrier_is_another_than_what_was_played():
    one = planted_case("stem", seed=0, n=1).clips[0]
    carrier = one.places[0].stem
    assert np.array_equal(dict(one.stems)[carrier].waveform, one.evidence.waveform)
    spectrum = np.abs(np.fft.rfft(one.evidence.waveform[0])) ** 2
    hz = np.fft.rfftfreq(one.clip.samples, 1 / one.clip.sample_rate)
    # A ring modulator moves what is played to both sides of its own frequency.
    centre = {"lower": 2200.0, "higher": 4400.0}[one.label]
    assert abs(np.average(hz, weights=spectrum) - centre) < 500


def test_bad_questions_are_refused():
    with pytest.raises(UnknownNameError, match="Did you mean click"):
        planted_case("clik")
    with pytest.raises(SettingError, match="1 or more"):
        planted_case("hum", n=0)
    with pytest.raises(SettingError, match="unknown part"):
        planted_case("hum", part="test")


def test_a_folder_that_is_no_scorebook_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"manifest\.csv: cannot be read"):
        planted_case("stem", n=1, sources=Sources(tmp_path))
    (tmp_path / "manifest.csv").write_text("path,label,stems\na.flac,x,a.flac;b.flac\n")
    with pytest.raises(DatasetError, match="no piece has 4 stems"):
        planted_case("stem", n=1, sources=Sources(tmp_path))


GRID = [
    Component(start_s=s / 4, end_s=(s + 1) / 4, low_hz=band_hz(b)[0], high_hz=band_hz(b)[1])
    for b in range(8)
    for s in range(8)
]


def truth(places, table=GRID):
    return truth_of(table, places, duration_s=2.0, sample_rate=16000)


def test_truth_of_a_cell_a_band_and_a_span():
    low, high = band_hz(3)
    cell = truth([Evidence(0.5, 0.75, low, high)])
    assert np.flatnonzero(cell.inside).tolist() == [3 * 8 + 2]
    assert cell.counted.all()
    band = truth([Evidence(low_hz=low, high_hz=high)])
    assert np.flatnonzero(band.inside).tolist() == list(range(24, 32))
    span = truth([Evidence(start_s=0.5, end_s=0.75)])
    assert np.flatnonzero(span.inside).tolist() == [8 * b + 2 for b in range(8)]
    both = truth([Evidence(low_hz=low, high_hz=high), Evidence(0.5, 0.75, *band_hz(5))])
    assert np.flatnonzero(both.inside).tolist() == [*range(24, 32), 42]


def test_what_lies_half_or_a_third_in_a_component_is_evidence_and_a_tenth_is_borderline():
    low, high = band_hz(3)
    halved = truth([Evidence(0.625, 0.875, low, high)])
    assert np.flatnonzero(halved.inside).tolist() == [26, 27]
    third = truth([Evidence(0.6, 0.8, low, high)])
    assert np.flatnonzero(third.inside).tolist() == [26, 27]
    tenth = truth([Evidence(0.525, 0.775, low, high)])
    assert np.flatnonzero(tenth.inside).tolist() == [26]
    assert np.flatnonzero(~tenth.counted).tolist() == [27]


def test_what_decides_nothing():
    segments = [Component(start_s=0, end_s=1), Component(start_s=1, end_s=2)]
    assert not truth([Evidence(low_hz=100, high_hz=200)], segments).decides
    assert truth([Evidence(start_s=1.5)], segments).decides
    assert truth([Evidence(stem="bass")], segments) is None
    assert truth([Evidence(start_s=1.5)], [Component(name="superpixel 1")]) is None
    assert truth([], segments) is None
    stems = [Component(stem="bass"), Component(stem="lead")]
    assert truth([Evidence(stem="lead")], stems).inside.tolist() == [False, True]
