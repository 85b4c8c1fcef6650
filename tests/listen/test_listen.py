"""Kept and removed part of a real explanation's clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.clip import Clip, Source
from earmark.audio.convert import resample, to_channels
from earmark.audio.loudness import integrated_lufs
from earmark.audio.read import read
from earmark.components.bands import Bands
from earmark.components.component import ComponentKind
from earmark.components.grid import Grid
from earmark.components.time import Time
from earmark.errors import AudioError, ExplanationError, SettingError, UnknownNameError
from earmark.explain.explanation import ClipFacts, Explanation, ModelFacts, Recipe
from earmark.listen.loudness import shared_lufs
from earmark.listen.render import listen
from earmark.listen.write import write_listening


def stereo(seconds: float = 1.0, gain: float = 0.3, seed: int = 0) -> Clip:
    rng = np.random.default_rng(seed)
    t = np.arange(round(44100 * seconds)) / 44100
    tones = np.sin(2 * np.pi * np.array([[220.0], [3000.0]]) * t)
    return Clip(gain * (tones + 0.2 * rng.uniform(-1, 1, tones.shape)), 44100)


def explained(clip: Clip, kind: ComponentKind, values: list[list[float]]) -> Explanation:
    """What ``explain`` says of a model that hears 16 kHz mono, with given attributions."""
    cut = kind.build(resample(to_channels(clip, 1), 16000), seed=3)
    attributions = np.array(values)
    assert attributions.shape[1] == cut.n
    labels = tuple(f"tag{i}" for i in range(len(values)))
    zeros = np.zeros(len(labels))
    return Explanation(
        labels, tuple(range(len(labels))), cut.table, attributions, np.zeros_like(attributions), zeros, zeros, zeros,
        1, "clip", True, True,
        ModelFacts("model", "0", 16000, 1, "sigmoid"),
        ClipFacts(clip.name, clip.fingerprint, clip.source.file_sha256 if clip.source else "", 0.0, clip.duration_s,
                  clip.sample_rate, clip.channels, ()),
        Recipe("m", {}, cut.kind, cut.settings, "probability", None, 3, "0"),
    )  # fmt: skip


KINDS = [Time(n=4), Bands(n=4), Grid(n_times=2, n_bands=2)]


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(KINDS), values=st.lists(st.floats(-1, 1), min_size=4, max_size=4), gain=st.floats(0.01, 1.5)
)
def test_kept_and_removed_are_the_original(kind: ComponentKind, values: list[float], gain: float) -> None:
    clip = stereo(0.5, gain)
    heard = listen(explained(clip, kind, [values]), clip)
    assert (heard.kept.sample_rate, heard.kept.channels, heard.kept.samples) == (44100, 2, clip.samples)
    total = heard.kept.waveform + heard.removed.waveform
    assert np.abs(total - heard.original.waveform).max() < 1e-4
    np.testing.assert_allclose(heard.original.waveform, clip.waveform * 10 ** (heard.gain_db / 20), atol=1e-6)
    for version in (heard.original, heard.kept, heard.removed):
        assert np.abs(version.waveform).max() <= 1
    assert heard.mask.tolist() == [v > 0 for v in values]


def test_what_raises_is_kept_where_it_was_cut() -> None:
    clip = stereo()
    heard = listen(explained(clip, Time(n=4), [[0.1, -0.2, 0.3, 0.0]]), clip)
    assert heard.gain_db == 0
    middle = slice(round(0.51 * 44100), round(0.74 * 44100))
    assert np.array_equal(heard.kept.waveform[:, middle], clip.waveform[:, middle])
    silent = slice(round(0.26 * 44100), round(0.49 * 44100))
    assert np.abs(heard.kept.waveform[:, silent]).max() == 0


def test_a_band_is_kept_in_stereo() -> None:
    clip = stereo()
    explanation = explained(clip, Bands(n=2, spacing="octave", low_hz=125), [[1.0, -1.0], [-1.0, 1.0]])
    low = listen(explanation, clip, label="tag0")
    high = listen(explanation, clip, label="tag1")
    np.testing.assert_array_equal(low.kept.waveform, high.removed.waveform)
    # The left channel is the low tone, the right one the high tone.
    assert np.std(low.kept.waveform[0]) > 5 * np.std(low.kept.waveform[1])
    assert np.std(high.kept.waveform[1]) > 5 * np.std(high.kept.waveform[0])


def test_the_strongest_only() -> None:
    clip = stereo(0.5)
    explanation = explained(clip, Time(n=5), [[0.1, 0.4, -0.9, 0.4, 0.2]])
    assert listen(explanation, clip, keep="top:1").mask.tolist() == [False, True, False, False, False]
    assert listen(explanation, clip, keep="top:3").mask.tolist() == [False, True, False, True, True]
    assert listen(explanation, clip, keep="top:99").mask.tolist() == [True, True, False, True, True]
    for keep in ("top:0", "top", "top:-1", "lowering", "top:1.5", "top:2 "):
        with pytest.raises(SettingError, match="top:3"):
            listen(explanation, clip, keep=keep)
    with pytest.raises(UnknownNameError, match="tag0"):
        listen(explanation, clip, label="tag7")


def test_nothing_raises_and_everything_raises() -> None:
    clip = stereo(0.5)
    none = listen(explained(clip, Time(n=2), [[-1.0, -1.0]]), clip)
    assert np.abs(none.kept.waveform).max() == 0
    assert none.kept_lufs == -np.inf
    assert none.removed_lufs == none.original_lufs == integrated_lufs(clip)
    every = listen(explained(clip, Time(n=2), [[1.0, 1.0]]), clip)
    assert np.array_equal(every.kept.waveform, clip.waveform)
    assert every.original_lufs == every.kept_lufs == integrated_lufs(clip)


def test_parts_that_peak_above_the_whole_lower_all_versions() -> None:
    """The third harmonic flattens the peaks of a tone: without it they are higher."""
    t = np.arange(44100) / 44100
    low = 1.05 * np.sin(2 * np.pi * 200 * t)
    clip = Clip(np.stack((low + 0.35 * np.sin(2 * np.pi * 600 * t),) * 2), 44100)
    assert np.abs(clip.waveform).max() <= 1
    edges = Bands(edges_hz=(0.0, 400.0, 8000.0))
    heard = listen(explained(clip, edges, [[1.0, -1.0]]), clip)
    assert heard.gain_db == pytest.approx(-20 * np.log10(1.05), abs=0.1)
    assert np.abs(heard.kept.waveform).max() == pytest.approx(1, abs=1e-5)
    assert np.abs(heard.kept.waveform).max() <= 1
    assert heard.original_lufs == pytest.approx(integrated_lufs(clip) + heard.gain_db, abs=0.01)


def test_soft_masks_by_name_and_equal_areas() -> None:
    clip = stereo(0.5)
    explanation = explained(clip, Time(n=4), [[0.1, -0.2, 0.4, 0.0]])
    soft = listen(explanation, clip, mask="minmax")
    np.testing.assert_allclose(soft.mask, [0.5, 0, 1, 1 / 3])
    assert (soft.keep, soft.notes, soft.area) == ("minmax", (), pytest.approx(11 / 24))
    middle = slice(round(0.02 * 44100), round(0.1 * 44100))
    np.testing.assert_allclose(soft.kept.waveform[:, middle], 0.5 * clip.waveform[:, middle], atol=1e-6)
    assert np.abs(soft.kept.waveform + soft.removed.waveform - clip.waveform).max() < 1e-4
    assert listen(explanation, clip, mask="binary").mask.tolist() == listen(explanation, clip).mask.tolist()
    assert listen(explanation, clip, mask="area:50").mask.tolist() == [1, 0, 1, 0]
    tied = explained(clip, Time(n=4), [[0.0, 0.0, 0.4, 0.0]])
    assert "tie" in listen(tied, clip, mask="top_50").notes[0]


def test_loudness_is_matched_where_asked_only() -> None:
    clip = stereo(2.0)
    explanation = explained(clip, Bands(n=2, spacing="octave", low_hz=125), [[1.0, -1.0]])
    plain = listen(explanation, clip)
    assert plain.match_db == (0, 0, 0)
    matched = listen(explanation, clip, match_loudness=True)
    assert matched.original_lufs == matched.kept_lufs == pytest.approx(matched.removed_lufs)
    for before, after, db in zip(
        (plain.original, plain.kept, plain.removed),
        (matched.original, matched.kept, matched.removed),
        matched.match_db,
        strict=True,
    ):
        assert integrated_lufs(after) == pytest.approx(matched.original_lufs, abs=0.05)
        np.testing.assert_allclose(after.waveform, before.waveform * 10 ** (db / 20), atol=1e-5)
        assert np.abs(after.waveform).max() <= 1


def test_what_has_high_peaks_sets_how_loud_all_can_be() -> None:
    """At full scale already, 20 dB fainter than the original: the original comes down to it."""
    tone = Clip(0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000), 8000)
    clicks = Clip(np.eye(1, 8000)[0], 8000)
    faint = Clip(0.1 * clicks.waveform, 8000)
    silent = Clip(np.zeros(8000), 8000)
    assert shared_lufs([(tone, -12.0), (clicks, -32.0)]) == pytest.approx(-32)
    assert shared_lufs([(tone, -12.0), (faint, -40.0)]) == pytest.approx(-20)
    # Of itself the original has 6 dB to spare; what is silent sets nothing.
    assert shared_lufs([(tone, -12.0), (Clip(0.9 * tone.waveform, 8000), -13.0), (silent, -np.inf)]) == -12
    assert shared_lufs([(silent, -np.inf)]) == 0


def test_fewer_than_k_are_kept_and_it_is_said() -> None:
    clip = stereo(0.5)
    heard = listen(explained(clip, Time(n=4), [[1.0, -1.0, 0.5, 0.0]]), clip, keep="top:3")
    assert heard.mask.tolist() == [True, False, True, False]
    assert heard.notes == ("top:3 keeps 2: no more than 2 of the 4 components raise the score",)
    assert listen(explained(clip, Time(n=4), [[1.0, 1.0, 1.0, 0.0]]), clip, keep="top:3").notes == ()


def test_masks_and_settings_that_do_not_fit() -> None:
    clip = stereo(0.5)
    explanation = explained(clip, Time(n=2), [[1.0, -1.0], [0.0, 0.0]])
    with pytest.raises(ExplanationError, match="all attributions are zero"):
        listen(explanation, clip, label="tag1", mask="top_5")
    with pytest.raises(UnknownNameError, match="Did you mean binary"):
        listen(explanation, clip, mask="binari")
    for options, words in (
        ({"mask": "binary", "keep": "half"}, "Choose one"),
        ({"above": "mute"}, "take with them"),
        ({"above": "cut"}, "pass or mute"),
        ({"mask": "area:0"}, "would keep nothing"),
    ):
        with pytest.raises(SettingError, match=words):
            listen(explanation, clip, **options)  # type: ignore[arg-type]
    silent = Clip(np.zeros((1, 8000)), 16000)
    with pytest.raises(AudioError, match="digital silence"):
        listen(explained(silent, Time(n=2), [[1.0, -1.0]]), silent, mask="binary")


def test_another_clip_is_refused() -> None:
    clip = stereo(0.5)
    explanation = explained(clip, Time(n=2), [[1.0, -1.0]])
    with pytest.raises(ExplanationError, match="belongs to another sound"):
        listen(explanation, stereo(0.5, seed=1))
    # The same file decoded elsewhere: the same bytes on disk, last bits of the samples differ.
    decoded = Clip(clip.waveform + np.float32(1e-6), 44100, source=Source("a.mp3", 0.0, "ab12"))
    same_file = replace(explanation, clip=replace(explanation.clip, file_sha256="ab12"))
    assert listen(same_file, decoded).kept.samples == clip.samples
    with pytest.raises(ExplanationError):
        listen(same_file, replace(decoded, source=Source("a.mp3", 2.0, "ab12")))
    shorter = Clip(decoded.waveform[:, :-100], 44100, source=decoded.source)
    with pytest.raises(ExplanationError, match="belongs to another sound"):
        listen(same_file, shorter)
    with pytest.raises(ExplanationError):
        listen(explanation, replace(decoded, source=Source("a.mp3", 0.0, "")))


def test_the_method_of_the_explanation_and_files(tmp_path: Path) -> None:
    clip = stereo(0.5)
    explanation = Explanation.load(
        explained(clip, Grid(n_times=2, n_bands=2, fill="noise_floor"), [[1.0, -1.0, 1.0, -1.0]]).save(
            tmp_path / "explanation.json"
        )
    )
    heard = explanation.listen(clip)
    kept, removed = write_listening(heard, tmp_path / "new")
    assert (kept.name, removed.name) == ("kept.flac", "removed.flac")
    assert np.abs(read(kept).waveform - heard.kept.waveform).max() < 1e-6
    assert np.abs(read(removed).waveform - heard.removed.waveform).max() < 1e-6
    again = explanation.listen(clip)
    assert again.kept.fingerprint == heard.kept.fingerprint
