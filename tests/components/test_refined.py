"""Components of which some are split further: the parts sum to what was split, to any depth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.catalogue import FILLS, kind_from
from earmark.components.component import Components
from earmark.components.grid import Grid
from earmark.components.joint import Joint
from earmark.components.nmf import Nmf
from earmark.components.refined import Refined, RefinedCut, refined_cut
from earmark.components.split import Split, even_split
from earmark.components.stems_time import StemsTime
from earmark.components.superpixels import Superpixels
from earmark.components.time import Time
from earmark.errors import SettingError, UnknownNameError


def sound(seconds: float = 0.6, rate: int = 16000, channels: int = 1, seed: int = 0) -> Clip:
    rng = np.random.default_rng(seed)
    return Clip(rng.uniform(-0.5, 0.5, (channels, round(seconds * rate))).astype(np.float32), rate)


def starts(fill: str) -> list[Time | Bands | Grid | StemsTime]:
    return [
        Time(n=2, fill=fill),
        Bands(n=3, fill=fill),
        Grid(n_times=2, n_bands=2, fill=fill),
        StemsTime(n=2, fill=fill),
    ]


def split_at_random(cut: RefinedCut, times: int, rng: np.random.Generator) -> RefinedCut:
    for _ in range(times):
        counts = [(2, 2), (2, 1), (1, 2), (3, 1)][rng.integers(4)]
        split = cut.split_of(int(rng.integers(cut.n)), counts)
        if split is not None:
            cut = refined_cut(cut.parent, (*cut.splits, split))
    return cut


@settings(max_examples=25, deadline=None)
@given(
    which=st.integers(0, 3), fill=st.sampled_from(FILLS.names()), channels=st.integers(1, 2), seed=st.integers(0, 999)
)
def test_every_promise_of_components(which: int, fill: str, channels: int, seed: int) -> None:
    clip, rng = sound(channels=channels, seed=seed), np.random.default_rng(seed)
    coarse = starts(fill)[which].build(clip, seed=2)
    cut = split_at_random(refined_cut(coarse, (), seed=2), 4, rng)
    assert isinstance(cut, Components)
    assert cut.n > coarse.n
    masks = np.concatenate((rng.integers(0, 2, (3, cut.n)), rng.uniform(0, 1, (2, cut.n)), np.ones((1, cut.n))))
    rendered = cut.render(masks).numpy()
    assert rendered[-1].tobytes() == clip.waveform.tobytes()
    np.testing.assert_allclose(cut.render(masks, 1001, 5003).numpy(), rendered[:, :, 1001:5003], atol=1e-6)
    assert cut.linear is (fill == "silence")
    if cut.linear:
        assert np.abs(rendered + cut.render(1 - masks).numpy() - clip.waveform).max() < 1e-5
    # A mask of the components of the first cut is a mask of their parts.
    whole = rng.integers(0, 2, (3, coarse.n))
    parts = whole[:, [path[0] for path in cut.paths]]
    np.testing.assert_allclose(cut.render(parts).numpy(), coarse.render(whole).numpy(), atol=2e-6)
    # And so it is one level down: without the last split, the parts are one again.
    before = refined_cut(coarse, cut.splits[:-1])
    owner = [next(k for k, path in enumerate(before.paths) if p[: len(path)] == path) for p in cut.paths]
    some = rng.integers(0, 2, (3, before.n))
    np.testing.assert_allclose(cut.render(some[:, owner]).numpy(), before.render(some).numpy(), atol=2e-6)


@settings(max_examples=10, deadline=None)
@given(which=st.integers(0, 3), seed=st.integers(0, 999))
def test_settings_make_the_same_cut_again_through_json(which: int, seed: int) -> None:
    clip = sound()
    cut = split_at_random(refined_cut(starts("median")[which].build(clip), ()), 3, np.random.default_rng(seed))
    again = kind_from("refined", json.loads(json.dumps(cut.settings))).build(clip)
    assert isinstance(again, RefinedCut)
    assert (again.table, again.settings, again.paths) == (cut.table, cut.settings, cut.paths)
    masks = np.random.default_rng(0).integers(0, 2, (3, cut.n))
    assert again.render(masks).numpy().tobytes() == cut.render(masks).numpy().tobytes()
    stereo = cut.on(sound(rate=44100, channels=2))
    assert stereo.n == cut.n
    assert [c.start_s for c in stereo.table] == [c.start_s for c in cut.table]
    assert stereo.render(np.ones((1, cut.n)))[0].numpy().tobytes() == stereo.clip.waveform.tobytes()


def test_a_tone_is_in_the_part_that_it_belongs_to() -> None:
    t = np.arange(16000) / 16000
    clip = Clip(0.3 * np.sin(2 * np.pi * 1500 * t) + 0.3 * np.sin(2 * np.pi * 400 * t), 16000)
    cut = Refined.of(
        Time(n=2), [Split((1,), at_s=(0.75,), at_hz=(1000.0,)), Split((1, 3), at_hz=(2000.0, 4000.0))]
    ).build(clip)
    assert cut.paths == ((0,), (1, 0), (1, 1), (1, 2), (1, 3, 0), (1, 3, 1), (1, 3, 2))
    assert [part.label for part in cut.table][2:5] == [
        "0–1 kHz, 0.8–1.0 s",
        "1–8 kHz, 0.5–0.8 s",
        "1–2 kHz, 0.8–1.0 s",
    ]
    # Away from the cut and the end: 0.85 to 0.95 s.
    power = cut.render(np.eye(cut.n), 13600, 15200).square().mean(dim=(1, 2)).numpy() / 0.045
    np.testing.assert_allclose(power, [0, 0, 1, 0, 1, 0, 0], atol=0.02)
    assert cut.overlapping(0.8, 1.0).tolist() == [2, 4, 5, 6]
    assert cut.overlapping(0.0, 0.5).tolist() == [0]


def test_cells_are_the_finest_that_are_needed() -> None:
    cut = Refined.of(Grid(n_times=2, n_bands=2), [Split((0,), at_s=(0.1,)), Split((1,), at_s=(0.4,))]).build(sound())
    assert (cut.n, cut.cells.n) == (6, 8)
    assert cut.cell_component.tolist() == [0, 1, 2, 3, 4, 4, 5, 5]
    # Two components of one band at one cut: the band is divided once.
    both = Refined.of(Grid(n_times=2, n_bands=1), [Split((0,), at_hz=(900.0,)), Split((1,), at_hz=(900.0,))])
    assert both.build(sound()).cells.n == 4


def test_even_splits_stop_where_parts_would_be_too_small() -> None:
    def split(span_s, range_hz, counts, **more):
        return even_split((0,), span_s, range_hz, counts, fade_s=0.008, **{"edges_s": ()} | more)

    assert split((0.0, 0.049), (0.0, 60.0), (2, 2)) is None
    assert split((0.0, 0.051), (0.0, 60.0), (2, 2)) == Split((0,), at_s=(0.0255,))
    only_bands = split((0.0, 0.04), (100.0, 400.0), (2, 2))
    assert only_bands is not None
    assert only_bands.at_s == ()
    # To a border of a patch; onto a cut that is all but there.
    assert split((0.0, 2.0), (0.0, 9.0), (2, 1), snap_s=[0.0, 0.9, 2.0]).at_s == (0.9,)
    assert split((0.0, 2.0), (0.0, 9.0), (2, 1), edges_s=(0.0, 1.01, 2.0)).at_s == (1.01,)
    assert split((0.0, 2.0), (0.0, 9.0), (2, 1), edges_s=(0.0, 1.05, 2.0)).at_s == (1.0,)


def test_what_cannot_be_split_is_said() -> None:
    clip = sound()
    for kind in (Superpixels(), Joint.of(Time(n=2), Bands(n=2))):
        with pytest.raises(SettingError, match="components cannot be split"):
            refined_cut(kind.build(clip), ())
    with pytest.raises(SettingError, match=r"no component \[7\]"):
        Refined.of(Time(n=2), [Split((7,), at_s=(0.1,))]).build(clip)
    with pytest.raises(SettingError, match=r"not inside 0–0\.3 s"):
        Refined.of(Time(n=2), [Split((0,), at_s=(0.4,))]).build(clip)
    with pytest.raises(SettingError, match="not inside 0–8000 Hz"):
        Refined.of(Time(n=2), [Split((0,), at_hz=(9000.0,))]).build(clip)
    with pytest.raises(SettingError, match="narrower than"):
        Refined.of(Time(n=2), [Split((0,), at_hz=(20.0,))]).build(clip)
    with pytest.raises(SettingError, match="shorter than the cross-fade"):
        Refined.of(Time(n=2), [Split((0,), at_s=(0.002,))]).build(clip)
    with pytest.raises(SettingError, match="without a cut"):
        Split((0,))
    with pytest.raises(SettingError, match="ascend"):
        Split((0,), at_s=(0.2, 0.1))
    with pytest.raises(SettingError, match="no path"):
        Split((), at_s=(0.2,))
    with pytest.raises(SettingError, match="path, at_s and at_hz"):
        Refined({"kind": "time"}, ({"where": 1},))  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no kind with settings"):
        Refined("time")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="Did you mean time"):
        Refined({"kind": "times"}).build(clip)


def test_factors_are_split_too() -> None:
    cut = Refined.of(Nmf(n=2, iterations=10), [Split((0,), at_s=(0.3,))], fade_s=0.01).build(sound())
    assert [part.start_s for part in cut.table] == [0.0, 0.3, None]
    alone = cut.render(np.eye(3)).numpy()
    assert np.abs(alone[0, :, round(0.306 * 16000) :]).max() == 0
    np.testing.assert_allclose(alone.sum(axis=0), cut.clip.waveform, atol=2e-6)
