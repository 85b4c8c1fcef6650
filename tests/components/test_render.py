"""What every kind of components promises, for every fill, rate, number of channels and length."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip
from earmark.components.bands import Bands
from earmark.components.catalogue import COMPONENTS, FILLS, kind_from
from earmark.components.component import ComponentKind, Components
from earmark.components.grid import Grid
from earmark.components.stems import Stems
from earmark.components.stems_time import StemsTime
from earmark.components.time import Time
from earmark.errors import AudioError, SettingError, UnknownNameError

EIGHTY_DB_DOWN = 1e-4


def kinds(fill: str) -> list[ComponentKind]:
    """One of each kind that needs nothing but the clip."""
    return [
        Time(n=3, fill=fill),
        Bands(n=3, fill=fill),
        Grid(n_times=2, n_bands=3, fill=fill),
        Stems(fill=fill),
        StemsTime(n=2, fill=fill),
    ]


def sound(samples: int, rate: int, channels: int, seed: int, silent: bool) -> Clip:
    x = np.zeros((channels, samples)) if silent else np.random.default_rng(seed).uniform(-1, 1, (channels, samples))
    return Clip(x.astype(np.float32), rate)


clips = st.builds(
    sound,
    samples=st.integers(1500, 4001),
    rate=st.sampled_from([8000, 16000, 22050, 44100]),
    channels=st.integers(1, 2),
    seed=st.integers(0, 1000),
    silent=st.booleans(),
)
which = st.integers(0, len(kinds("silence")) - 1)
fills = st.sampled_from(FILLS.names())


@settings(max_examples=40, deadline=None)
@given(clip=clips, kind=which, fill=fills)
def test_all_ones_is_the_clip_bit_for_bit(clip: Clip, kind: int, fill: str) -> None:
    cut = kinds(fill)[kind].build(clip)
    rows = cut.render(np.array([[1] * cut.n, [0] * cut.n, [1] * cut.n]))
    assert rows.shape == (3, clip.channels, clip.samples)
    assert rows[0].numpy().tobytes() == clip.waveform.tobytes()
    assert rows[2].numpy().tobytes() == clip.waveform.tobytes()
    assert cut.render(np.ones((1, cut.n), dtype=bool), 7, 1001)[0].numpy().tobytes() == (
        np.ascontiguousarray(clip.waveform[:, 7:1001]).tobytes()
    )


@settings(max_examples=40, deadline=None)
@given(clip=clips, kind=which, seed=st.integers(0, 99))
def test_kept_and_removed_add_up(clip: Clip, kind: int, seed: int) -> None:
    cut = kinds("silence")[kind].build(clip)
    assert cut.linear
    rng = np.random.default_rng(seed)
    masks = np.concatenate((rng.integers(0, 2, (3, cut.n)), rng.uniform(0, 1, (2, cut.n))))
    total = cut.render(masks) + cut.render(1 - masks)
    assert np.abs(total.numpy() - clip.waveform).max() < EIGHTY_DB_DOWN / 10


@settings(max_examples=40, deadline=None)
@given(clip=clips, kind=which, fill=fills, seed=st.integers(0, 99), data=st.data())
def test_a_span_is_a_slice_of_the_whole(clip: Clip, kind: int, fill: str, seed: int, data: st.DataObject) -> None:
    cut = kinds(fill)[kind].build(clip)
    masks = np.random.default_rng(seed).integers(0, 2, (4, cut.n))
    start = data.draw(st.integers(0, clip.samples - 1))
    stop = data.draw(st.integers(start + 1, clip.samples))
    whole = cut.render(masks)[:, :, start:stop]
    np.testing.assert_allclose(cut.render(masks, start, stop).numpy(), whole.numpy(), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(clip=clips, kind=which, fill=fills, seed=st.integers(0, 99))
def test_rendering_is_affine_in_the_mask(clip: Clip, kind: int, fill: str, seed: int) -> None:
    cut = kinds(fill)[kind].build(clip)
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 0.9, (2, 1, cut.n))
    middle = cut.render((a + b) / 2).numpy()
    np.testing.assert_allclose(middle, (cut.render(a).numpy() + cut.render(b).numpy()) / 2, atol=2e-6)


@pytest.mark.parametrize("kind", kinds("silence"), ids=lambda k: k.name)
def test_each_component_alone_is_heard_only_where_it_says(kind: ComponentKind, noisy) -> None:
    clip = noisy(seconds=1.0)
    cut = kind.build(clip)
    alone = cut.render(np.eye(cut.n)).numpy()
    np.testing.assert_allclose(alone.sum(axis=0), clip.waveform, atol=2e-6)
    for part, wave in zip(cut.table, alone, strict=True):
        if part.start_s is not None and part.end_s is not None:
            outside = np.r_[
                wave[0, : max(0, round((part.start_s - 0.004) * 16000))], wave[0, round((part.end_s + 0.004) * 16000) :]
            ]
            assert np.abs(outside).max(initial=0) == 0
        assert np.abs(wave).max() > 0


@pytest.mark.parametrize("fill", FILLS.names())
@pytest.mark.parametrize("index", range(5))
def test_settings_rebuild_the_same_cut_through_json(index: int, fill: str, noisy) -> None:
    clip = noisy(seconds=0.7)
    cut = kinds(fill)[index].build(clip, snap_s=[0.2, 0.31], seed=5)
    again = kind_from(cut.kind, json.loads(json.dumps(cut.settings))).build(clip, seed=5)
    assert again.table == cut.table
    assert again.settings == cut.settings
    masks = np.random.default_rng(1).integers(0, 2, (6, cut.n))
    assert again.render(masks).numpy().tobytes() == cut.render(masks).numpy().tobytes()


@pytest.mark.parametrize("index", range(5))
def test_the_same_cuts_on_another_version_of_the_sound(index: int) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(44100) / 44100
    original = Clip(0.3 * np.sin(2 * np.pi * np.array([[300], [2500]]) * t) + 0.01 * rng.standard_normal(t.size), 44100)
    from earmark.audio.convert import resample, to_channels

    heard = resample(to_channels(original, 1), 16000)
    cut = kinds("silence")[index].build(heard, snap_s=[0.27])
    there = cut.on(original)
    assert (there.n, there.clip, there.kind) == (cut.n, original, cut.kind)
    for a, b in zip(cut.table, there.table, strict=True):
        assert (a.start_s, a.low_hz, a.stem) == (b.start_s, b.low_hz, b.stem)
    # What is heard of a mask there is what it was here, up to the resampler and the 64 ms frames.
    mask = np.zeros((1, cut.n))
    mask[0, : cut.n // 2] = 1
    back = resample(to_channels(Clip(there.render(mask)[0].numpy(), 44100), 1), 16000).waveform
    here = cut.render(mask)[0].numpy()
    assert np.sqrt(np.mean((back - here) ** 2)) < 0.1 * np.sqrt(np.mean(here**2))


def test_another_sound_is_refused(noisy) -> None:
    cut = Time(n=2).build(noisy(seconds=0.5))
    with pytest.raises(AudioError, match=r"0\.600 s.*0\.500 s"):
        cut.on(noisy(seconds=0.6))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.ones((1, 4)), r"shape \(1, 4\) for 3"),
        (np.ones(3), r"shape \(3,\)"),
        (np.array([[0, 1, np.nan]]), "1 mask values"),
        (np.array([[0, 1, 1.01]]), "1 mask values"),
        (np.array([[-0.1, -0.1, 1]]), "2 mask values"),
        (np.array([["a", "b", "c"]]), "type"),
    ],
)
def test_wrong_masks_are_refused(masks: np.ndarray, message: str, noisy) -> None:
    with pytest.raises(SettingError, match=message):
        Time(n=3).build(noisy()).render(masks)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (0, 8001), (9000, None)])
def test_wrong_spans_are_refused(start: int, stop: int | None, noisy) -> None:
    with pytest.raises(SettingError, match="not inside"):
        Time(n=3).build(noisy()).render(np.ones((1, 3)), start, stop)


def test_a_batch_of_none_is_empty(noisy) -> None:
    assert Time(n=3).build(noisy()).render(np.ones((0, 3))).shape == (0, 1, 8000)


@pytest.mark.parametrize("kind", [Time(n=1), Stems(), Grid(n_times=1, n_bands=2)], ids=lambda k: k.name)
@pytest.mark.parametrize("silent", [True, False])
def test_four_samples_are_enough_for_one_segment(kind: ComponentKind, silent: bool) -> None:
    clip = sound(4, 16000, 2, 1, silent)
    cut = kind.build(clip)
    assert cut.render(np.ones((1, cut.n)))[0].numpy().tobytes() == clip.waveform.tobytes()
    mask = np.arange(cut.n)[None] % 2
    np.testing.assert_allclose(cut.render(mask).numpy() + cut.render(1 - mask).numpy(), clip.waveform[None], atol=1e-6)


def test_more_segments_than_fit_are_refused() -> None:
    with pytest.raises(SettingError, match="shorter than the cross-fade"):
        Time(n=2).build(sound(4, 16000, 1, 0, False))
    with pytest.raises(SettingError, match="shorter than the cross-fade"):
        Time(n=5, fade_s=0).build(sound(4, 16000, 1, 0, False))
    assert Time(n=4, fade_s=0).build(sound(4, 16000, 1, 0, False)).n == 4


def test_what_is_built_meets_the_protocol(noisy) -> None:
    for kind in kinds("silence"):
        cut = kind.build(noisy())
        assert isinstance(cut, Components)
        assert cut.n == len(cut.table)
        assert len({part.label for part in cut.table}) == cut.n
        assert COMPONENTS.get(cut.kind) is type(kind)


def test_on_another_device_the_numbers_stay(noisy) -> None:
    cut = Grid(n_times=2, n_bands=2, fill="median").build(noisy())
    masks = np.random.default_rng(0).integers(0, 2, (4, 4))
    assert cut.to("cpu").render(masks).equal(cut.render(masks))
    assert cut.to("meta").render(np.zeros((3, 4))).device.type == "meta"


def test_unknown_names_are_answered(noisy) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean bands"):
        kind_from("band", {})
    with pytest.raises(UnknownNameError, match=r"setting of 'time' components 'fade'\. Did you mean fade_s"):
        kind_from("time", {"fade": 3})
    with pytest.raises(UnknownNameError, match="Did you mean median"):
        Time(fill="medain")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("time", {"n": 0}),
        ("time", {"n": 2.5}),
        ("time", {"n": True}),
        ("time", {"seconds": 0.0}),
        ("time", {"seconds": float("nan")}),
        ("time", {"fade_s": -0.1}),
        ("time", {"fade_s": 1.0}),
        ("time", {"edges_s": [0.0]}),
        ("time", {"edges_s": [0.0, 2.0, 1.0]}),
        ("time", {"edges_s": ["a", "b"]}),
        ("bands", {"spacing": "bark"}),
        ("bands", {"spacing": "octave", "low_hz": 0}),
        ("bands", {"high_hz": -3}),
        ("grid", {"n_bands": 0}),
        ("stems", {"source": []}),
        ("stems", {"source": 3}),
        ("stems", {"source": ["a/x.wav", "b/x.flac"]}),
        ("stems", {"source": ["rest.wav"]}),
        ("stems_time", {"n": -1}),
    ],
)
def test_settings_out_of_range_are_refused(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        kind_from(name, settings)


def test_rendering_is_one_small_matrix_product(noisy) -> None:
    """A span of 3 s of 5 layers × 10 segments costs a small multiple of the bare product (64 × 5) · (5 × 48 000).

    Were every cell a layer of its own, or the whole clip rendered, it would be ten times as much.
    """
    cut = Grid(n_times=10, n_bands=5).build(noisy(seconds=30.0))
    masks = np.random.default_rng(0).integers(0, 2, (64, cut.n))
    gains, layers = torch.rand(64, 5), torch.rand(5, 48_000)
    ours, bare = [], []
    for _ in range(12):
        ours.append(_seconds(lambda: cut.render(masks, 100_000, 148_000)))
        bare.append(_seconds(lambda: gains @ layers))
    assert min(ours) < 6 * min(bare)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
