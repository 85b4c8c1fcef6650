"""Players of several kinds: heard where all of them are on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from earmark.components.bands import Bands
from earmark.components.catalogue import FILLS, kind_from
from earmark.components.component import Components
from earmark.components.grid import Grid
from earmark.components.joint import Joint
from earmark.components.nmf import Nmf
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.components.superpixels import Superpixels
from earmark.components.time import Time
from earmark.errors import SettingError, UnknownNameError


@pytest.mark.parametrize("fill", FILLS.names())
def test_bands_and_times_are_the_grid_of_their_products(fill: str, noisy) -> None:
    clip = noisy(seconds=1.0, channels=2)
    joint = Joint.of(Time(n=3), Bands(n=2), fill=fill).build(clip, seed=1)
    grid = Grid(n_times=3, n_bands=2, fill=fill).build(clip, seed=1)
    assert isinstance(joint, Components)
    assert joint.n == 5
    rng = np.random.default_rng(0)
    masks = np.concatenate((rng.integers(0, 2, (6, 5)), rng.uniform(0, 1, (3, 5)), np.ones((1, 5))))
    cells = masks[:, 3:, None] * masks[:, None, :3]
    np.testing.assert_allclose(
        joint.render(masks, 100, 9001).numpy(), grid.render(cells.reshape(10, 6), 100, 9001).numpy(), atol=1e-6
    )
    assert joint.render(masks)[-1].numpy().tobytes() == clip.waveform.tobytes()
    assert not joint.linear


def test_stems_filtered_by_bands_over_two_cuts_in_time(noisy) -> None:
    """Against doing it by hand: stems, then bands of each stem, then gains over time."""
    clip = noisy(seconds=1.0)
    joint = Joint.of(Bands(n=2), StemsTime(n=2), Time(n=4)).build(clip)
    assert [c.label for c in joint.table[2:4]] == ["harmonic, 0.0–0.5 s", "harmonic, 0.5–1.0 s"]
    mask = np.array([[1, 0, 1, 1, 0, 1, 1, 1, 1, 0]])
    got = joint.render(mask)[0].numpy()
    from earmark.audio.clip import Clip

    stems = StemsTime(n=2).build(clip).render(np.array([[1, 1, 0, 1]]))[0].numpy()
    kept = Time(n=4).build(Clip(stems, 16000)).render(np.array([[1, 1, 1, 0]]))[0].numpy()
    expected = Bands(n=2).build(Clip(kept, 16000)).render(np.array([[1, 0]]))[0].numpy()
    # Frames across the cut hear both sides of it: filter and gain commute but for 64 ms around it.
    away = np.r_[0:7400, 8600:11400, 12600:16000]
    assert np.abs(got - expected)[:, away].max() < 2e-3


def test_settings_and_other_versions(noisy) -> None:
    clip = noisy(seconds=1.0)
    joint = Joint.of(Nmf(n=2, iterations=10), Time(n=2), fade_s=0.005).build(clip, snap_s=[0.47], seed=3)
    assert joint.table[3].start_s == 0.47
    again = kind_from("joint", json.loads(json.dumps(joint.settings))).build(clip, seed=3)
    assert (again.table, again.settings) == (joint.table, joint.settings)
    masks = np.random.default_rng(0).integers(0, 2, (4, 4))
    assert again.render(masks).numpy().tobytes() == joint.render(masks).numpy().tobytes()
    assert joint.on(noisy(seconds=1.0, rate=44100, channels=2)).n == 4


def test_overlapping_players(noisy) -> None:
    joint = Joint.of(Time(n=4), Bands(n=2)).build(noisy(seconds=2.0))
    assert joint.overlapping(0.5, 1.0).tolist() == [1, 4, 5]


def test_kinds_that_cannot_play_together(noisy) -> None:
    with pytest.raises(SettingError, match="'stems' and 'nmf' both separate"):
        Joint.of(Stems(), Nmf(n=2)).build(noisy())
    with pytest.raises(SettingError, match="'superpixels' components cannot be joined"):
        Joint.of(Superpixels(), Time(n=2)).build(noisy())
    with pytest.raises(SettingError, match="at least two"):
        Joint.of(Time(n=2))
    with pytest.raises(SettingError, match="fill of its own"):
        Joint.of(Time(n=2, fill="median"), Bands(n=2))
    with pytest.raises(UnknownNameError, match="Did you mean bands"):
        Joint(({"kind": "band"}, {"kind": "time"}))
    with pytest.raises(SettingError, match="mappings"):
        Joint(("time", "bands"))
    with pytest.raises(SettingError, match="shorter than the cross-fade"):
        Joint.of(Time(edges_s=(0.0, 0.25, 0.5)), Time(edges_s=(0.0, 0.254, 0.5))).build(noisy())
