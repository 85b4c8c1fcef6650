"""Cuts where the music has them: beats, onsets, sections."""

from __future__ import annotations

import json

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.beats import Beats
from earmark.components.catalogue import kind_from
from earmark.components.segments import Segments, section_edges
from earmark.errors import AudioError, SettingError

RATE = 22050


def clicks(every_s: float, seconds: float) -> Clip:
    """A short burst of noise at 0.25 s and every so often after it."""
    rng = np.random.default_rng(0)
    x = 1e-3 * rng.standard_normal(round(seconds * RATE))
    for start in np.arange(0.25, seconds - 0.1, every_s):
        at = round(start * RATE)
        x[at : at + 800] += 0.5 * rng.standard_normal(800) * np.exp(-np.arange(800) / 150)
    return Clip(np.clip(x, -1, 1), RATE)


def test_beats_of_a_click_track_at_120() -> None:
    clip = clicks(0.5, 12.0)
    cut = Beats(every=1).build(clip, snap_s=[0.1, 1.3])
    cuts = np.array([c.start_s for c in cut.table[1:]])
    assert len(cuts) > 15
    np.testing.assert_allclose(np.diff(cuts), 0.5, atol=0.03)
    # On the clicks (at 0.25 + k/2), to two frames of 23 ms.
    assert np.abs((cuts - 0.25 + 0.25) % 0.5 - 0.25).max() < 0.05
    fours = Beats(every=4).build(clip)
    np.testing.assert_array_equal([c.start_s for c in fours.table[1:]], cuts[::4])
    again = kind_from("beats", json.loads(json.dumps(fours.settings))).build(clip)
    assert again.table == fours.table


def test_onsets_of_uneven_clicks() -> None:
    rng = np.random.default_rng(1)
    x = np.zeros(4 * RATE)
    planted = np.array([0.4, 0.7, 1.5, 1.9, 2.8, 3.1])
    for start in planted:
        at = round(start * RATE)
        x[at : at + 800] += 0.5 * rng.uniform(-1, 1, 800) * np.exp(-np.arange(800) / 150)
    cut = Beats(at="onsets", every=1).build(Clip(x, RATE))
    cuts = np.array([c.start_s for c in cut.table[1:]])
    assert len(cuts) == len(planted)
    # Before the onset, by no more than the backtracking to the last quiet frame.
    assert ((planted - cuts) > -0.03).all()
    assert ((planted - cuts) < 0.12).all()


def test_nothing_to_cut_at_is_said() -> None:
    with pytest.raises(AudioError, match="no beats to cut at"):
        Beats().build(Clip(np.zeros(RATE), RATE))
    with pytest.raises(AudioError, match="no onsets to cut at"):
        Beats(at="onsets").build(Clip(np.zeros(RATE), RATE))
    with pytest.raises(SettingError, match="'beats' or 'onsets'"):
        Beats(at="bars")


def tones(hz: list[float], seconds: float) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.sum([0.15 * np.sin(2 * np.pi * f * t) for f in hz], axis=0)


def test_sections_of_different_sound_are_found() -> None:
    rng = np.random.default_rng(0)
    parts = [tones([220, 277.2, 329.6], 3.0), 0.1 * rng.standard_normal(4 * RATE), tones([246.9, 311.1, 370], 2.5)]
    clip = Clip(np.concatenate(parts), RATE)
    cut = Segments(n=3).build(clip)
    assert [c.start_s for c in cut.table] == [0.0, 3.0, 7.0]
    assert cut.table[-1].end_s == 9.5
    there = cut.on(Clip(np.stack((clip.waveform[0],) * 2), RATE))
    assert there.table == cut.table


def test_sections_that_cannot_be() -> None:
    with pytest.raises(SettingError, match=r"4 sections of at least 0\.5 s"):
        section_edges(Clip(np.ones(RATE) / 2, RATE), 4)
    with pytest.raises(AudioError, match="silent"):
        Segments(n=2).build(Clip(np.zeros(4 * RATE), RATE))
