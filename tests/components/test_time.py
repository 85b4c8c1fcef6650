"""Cuts in time: where they are, how they fade, where they snap, which components overlap a span."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip
from earmark.components.edges import edges_every, equal_edges, snap
from earmark.components.fade import fades
from earmark.components.grid import Grid
from earmark.components.stems import Stems
from earmark.components.time import Time
from earmark.errors import SettingError


def test_equal_segments_and_segments_by_seconds() -> None:
    assert equal_edges(30.0, 3) == (0.0, 10.0, 20.0, 30.0)
    assert edges_every(30.0, 4.0) == (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 30.0)
    assert edges_every(29.0, 4.0)[-2:] == (24.0, 29.0)
    assert edges_every(1.0, 4.0) == (0.0, 1.0)


def test_seconds_take_the_place_of_n(noisy) -> None:
    cut = Time(n=7, seconds=0.25).build(noisy(seconds=1.0))
    assert [(c.start_s, c.end_s) for c in cut.table] == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)]
    assert cut.settings["n"] == 4


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.floats(0.1, 2),
    n=st.integers(1, 8),
    rate=st.sampled_from([8000, 16000, 44100]),
    fade=st.floats(0, 0.01),
)
def test_envelopes_sum_to_one(seconds: float, n: int, rate: int, fade: float) -> None:
    clip = Clip(np.zeros(round(seconds * rate)), rate)
    spans = fades(equal_edges(clip.duration_s, n), fade, clip)
    envelopes = np.zeros((n + 1, clip.samples))
    covered = 0
    for stretch in spans.stretches(0, clip.samples):
        assert stretch.start == covered
        covered = stretch.stop
        rise = np.zeros(stretch.stop - stretch.start) if stretch.rise is None else stretch.rise
        envelopes[stretch.segment, stretch.start : stretch.stop] += 1 - rise
        envelopes[stretch.segment + 1, stretch.start : stretch.stop] += rise
    assert covered == clip.samples
    np.testing.assert_allclose(envelopes.sum(axis=0), 1, atol=1e-6)
    assert envelopes.min() >= 0


def test_the_fade_is_the_raised_cosine_centred_at_the_cut() -> None:
    """Against the formula, sample by sample: 0.5 + 0.5 cos over 8 ms around 0.5 s."""
    rate = 16000
    first = Time(n=2, fade_s=0.008).build(Clip(np.ones(rate), rate)).render(np.array([[1, 0]]))[0, 0].numpy()
    middle = (np.arange(rate) + 0.5) / rate
    position = np.clip((middle - 0.5) / 0.008 + 0.5, 0, 1)
    np.testing.assert_allclose(first, 0.5 + 0.5 * np.cos(np.pi * position), atol=1e-6)


def test_no_click_at_a_cut() -> None:
    """The step from sample to sample is that of the fade (π/2 over its length), not a jump."""
    rate = 44100
    for fade_s in (0.005, 0.01):
        cut = Time(n=3, fade_s=fade_s).build(Clip(np.ones(rate), rate))
        steps = np.abs(np.diff(cut.render(np.array([[0, 1, 0], [1, 0, 1]])).numpy(), axis=-1))
        assert steps.max() <= 1.05 * np.pi / 2 / (fade_s * rate)
    hard = Time(n=3, fade_s=0).build(Clip(np.ones(rate), rate)).render(np.array([[0, 1, 0]])).numpy()
    assert np.abs(np.diff(hard)).max() == 1


PATCHES = [0.0, 2.992, 5.984, 8.976, 11.968, 14.96, 17.952, 20.944, 23.936, 26.928, 30.0]


def test_cuts_move_to_patch_borders() -> None:
    assert snap(equal_edges(30.0, 10), PATCHES, clearance_s=0.008) == tuple(PATCHES)


def test_more_cuts_than_patches_keep_their_number() -> None:
    got = snap(equal_edges(30.0, 20), PATCHES, clearance_s=0.008)
    assert len(got) == 21
    assert set(PATCHES) <= set(got)
    assert got[1] == 1.5


@settings(max_examples=200, deadline=None)
@given(
    n=st.integers(1, 30),
    times=st.lists(st.floats(-1, 31, allow_nan=False), max_size=40),
)
def test_snapping_never_merges_or_swaps_cuts(n: int, times: list[float]) -> None:
    edges = equal_edges(30.0, n)
    got = snap(edges, times, clearance_s=0.008)
    assert len(got) == len(edges)
    assert (got[0], got[-1]) == (0.0, 30.0)
    assert all(a < b for a, b in itertools.pairwise(got))
    usable = [t for t in times if 0.008 < t < 29.992]
    for before, after in zip(edges, got, strict=True):
        if after != before:
            assert after in usable
            assert abs(after - before) == min(abs(t - before) for t in usable)


def test_given_edges_are_not_snapped_and_must_fit(noisy) -> None:
    clip = noisy(seconds=1.0)
    cut = Time(edges_s=(0.0, 0.4, 1.0)).build(clip, snap_s=[0.5])
    assert [c.end_s for c in cut.table] == [0.4, 1.0]
    with pytest.raises(SettingError, match=r"end at 2\.000 s, the clip at 1\.000"):
        Time(edges_s=(0.0, 0.4, 2.0)).build(clip)
    with pytest.raises(SettingError, match="ascend from 0"):
        Time(edges_s=(0.1, 0.4, 1.0)).build(clip)


def test_a_cut_at_the_border_brings_in_no_neighbour(noisy) -> None:
    cut = Time(n=4).build(noisy(seconds=2.0))
    assert cut.overlapping(0.5, 1.0).tolist() == [1]
    assert cut.overlapping(0.5 - 1 / 16000, 1.0 + 1 / 16000).tolist() == [1]
    assert cut.overlapping(0.5 - 0.003, 1.003).tolist() == [1]
    assert cut.overlapping(0.5 - 0.02, 1.0).tolist() == [0, 1]
    assert cut.overlapping(0.6, 0.61).tolist() == [1]
    assert cut.overlapping(0.0, 2.0).tolist() == [0, 1, 2, 3]


def test_who_does_not_overlap_does_not_change_the_span(noisy) -> None:
    cut = Grid(n_times=4, n_bands=2).build(noisy(seconds=2.0))
    inside = cut.overlapping(0.55, 0.95)
    assert inside.tolist() == [1, 5]
    mask = np.zeros((1, cut.n))
    mask[0, inside] = 1
    span = cut.render(mask, 8800, 15200)[0].numpy()
    np.testing.assert_allclose(span, cut.clip.waveform[:, 8800:15200], atol=1e-6)


def test_stems_always_overlap(noisy) -> None:
    assert Stems().build(noisy()).overlapping(0.1, 0.2).tolist() == [0, 1]
