"""The map: axes, pooling, strongest regions, and its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.components.component import Component
from earmark.errors import ExplanationError, SettingError, UnknownNameError
from earmark.explain.explanation import ClipFacts, ModelFacts
from earmark.explain.map import MapExplanation, MapRecipe


def a_map(domain: str = "spectrogram", seed: int = 0) -> MapExplanation:
    """Two targets; 12 bins up to 2 kHz, 21 frames of 0.1 s over 2 s; or one channel of 8000 samples."""
    rng = np.random.default_rng(seed)
    spectral = domain == "spectrogram"
    return MapExplanation(
        targets=("rock", "folk"),
        values=rng.standard_normal((2, 12, 21) if spectral else (2, 1, 8000)).astype(np.float32),
        frame_s=np.arange(21) * 0.1 if spectral else np.arange(8000) / 4000,
        bin_hz=np.linspace(0, 2000, 12) if spectral else np.zeros(0),
        base=np.array([0.1, np.nan]),
        full=np.array([1.0, 2.0]),
        scores=np.array([0.7, np.nan]),
        gap=np.array([1e-3, 2e-3]),
        signed=True,
        scale="log(power + 1)",
        duration_s=2.0,
        model=ModelFacts("small", "abc", 4000, 1, "softmax"),
        clip=ClipFacts("clip", "def", "", 0.0, 2.0, 4000, 1, ("mean of 2 channels",)),
        recipe=MapRecipe("saliency", {"absolute": False}, domain, "logit", ("rock", "folk"), 3, "0.1.0"),
        diagnostics={"samples": 3, "note": "ü"},
    )


@settings(max_examples=30, deadline=None)
@given(seconds=st.floats(0.05, 3.0), bands=st.integers(1, 12), seed=st.integers(0, 5))
def test_a_tiling_shares_all_of_the_map(seconds, bands, seed):
    found = a_map(seed=seed)
    pooled = found.pool(found.grid(seconds, bands))
    np.testing.assert_allclose(pooled.sum(axis=1), found.values.sum(axis=(1, 2), dtype=np.float64), atol=1e-6)


def test_a_cell_belongs_where_its_centre_is():
    found = a_map()
    components = (
        Component(start_s=0.2, end_s=0.5),  # frames 2, 3, 4
        Component(start_s=1.85, end_s=2.0, low_hz=1900, high_hz=2000),  # frames 19, 20 (centred on the end); last bin
        Component(low_hz=0, high_hz=181),  # bin 0: bin 1 is at 181.8 Hz
        Component(low_hz=0, high_hz=182),  # bins 0 and 1
    )
    v = found.values.astype(np.float64)
    times = np.arange(21) * 0.1
    inside = (times >= 0.2) & (times < 0.5)
    expected = [
        v[:, :, inside].sum(axis=(1, 2)),
        v[:, 11, 19:].sum(axis=1),
        v[:, 0].sum(axis=1),
        v[:, :2].sum(axis=(1, 2)),
    ]
    np.testing.assert_allclose(found.pool(components), np.stack(expected, axis=1), atol=1e-9)


def test_the_strongest_regions_come_first():
    found = a_map()
    values = np.zeros_like(found.values)
    values[0, 10, 14] = -5.0  # 1.4 s, 1818 Hz
    values[0, 1, 3] = 2.0
    found = replace(found, values=values)
    first, second = found.top(2, "rock")
    assert (first.value, second.value) == (-5.0, 2.0)
    assert first.component.start_s == 1.0
    assert first.component.low_hz < 1818 < first.component.high_hz
    assert [effect.value for effect in found.top(sign=1)] == [2.0]
    assert "speaks against rock (5.000)" in first.sentence(exact=True)
    assert found.top(1, 1)[0].value == 0


def test_a_waveform_has_no_frequency():
    found = a_map("waveform")
    cells = found.grid(0.5)
    assert len(cells) == 4
    np.testing.assert_allclose(found.pool(cells)[:, 1], found.values[:, 0, 2000:4000].sum(axis=1), rtol=1e-4)
    with pytest.raises(SettingError, match="no frequency axis"):
        found.pool([Component(low_hz=10, high_hz=100)])


def test_refusals():
    found = a_map()
    for bad in (
        lambda: found.pool([Component(stem="drums", start_s=0, end_s=1)]),
        lambda: found.grid(0),
        lambda: found.grid(1.0, 13),
        lambda: found.index(2),
    ):
        with pytest.raises(SettingError):
            bad()
    with pytest.raises(UnknownNameError, match="Did you mean rock"):
        found.index("rokc")


@pytest.mark.parametrize("domain", ["spectrogram", "waveform"])
@pytest.mark.parametrize("gap", [True, False])
def test_a_file_and_back(tmp_path, domain, gap):
    found = a_map(domain)
    found = found if gap else replace(found, gap=None)
    path = found.save(tmp_path / "map.safetensors")
    back = MapExplanation.load(path)
    for name in ("values", "frame_s", "bin_hz", "base", "full"):
        np.testing.assert_array_equal(getattr(back, name), getattr(found, name))
        assert getattr(back, name).dtype == getattr(found, name).dtype
    assert (back.gap is None) is not gap
    for name in ("targets", "signed", "scale", "duration_s", "model", "clip", "recipe", "diagnostics"):
        assert getattr(back, name) == getattr(found, name)
    assert back.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def break_schema(path):
    a_map().save(path)
    path.write_bytes(path.read_bytes().replace(b"earmark.map/1", b"earmark.map/9"))


def cut_short(path):
    a_map().save(path)
    path.write_bytes(path.read_bytes()[:-40])


def without_arrays(path):
    from safetensors.numpy import save

    a_map().save(path)
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    path.write_bytes(save({"values": np.zeros(3)}, metadata=metadata))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: None, "map.safetensors"),
        (lambda path: path.write_text("no tensor"), "no map in it"),
        (cut_short, "no map in it"),
        (break_schema, "schema 'earmark.map/9'"),
        (without_arrays, "incomplete"),
    ],
)
def test_files_that_are_no_map(tmp_path, damage: Callable, said: str):
    path = tmp_path / "map.safetensors"
    damage(path)
    with pytest.raises(ExplanationError, match=said):
        MapExplanation.load(path)
