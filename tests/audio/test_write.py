from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.audio.clip import Clip
from earmark.audio.read import read
from earmark.audio.write import FORMATS, encode, peak_dbfs, write
from earmark.errors import AudioError, OutputError, SettingError, UnknownNameError


@pytest.mark.parametrize("suffix", FORMATS)
def test_round_trip(tmp_path: Path, tune: Clip, suffix: str) -> None:
    back = read(write(tune, tmp_path / f"tune.{suffix}"))
    assert (back.waveform.shape, back.sample_rate) == (tune.waveform.shape, tune.sample_rate)
    if suffix in ("wav", "flac"):
        np.testing.assert_array_equal(back.waveform, tune.waveform)
    else:
        error = back.waveform - tune.waveform
        assert 10 * np.log10(np.mean(tune.waveform**2) / np.mean(error**2)) > 12


@given(arrays(np.int32, (2, 50), elements=st.integers(-(2**23), 2**23 - 1)))
@settings(max_examples=30, deadline=None)
def test_24_bit_values_come_back_bit_for_bit(values: np.ndarray) -> None:
    import io

    clip = Clip(values / 2**23, 44100)
    for format in ("wav", "flac"):
        back, _ = soundfile.read(io.BytesIO(encode(clip, format)), dtype="int32", always_2d=True)
        np.testing.assert_array_equal(back.T >> 8, values)


@pytest.mark.parametrize(("format", "float32"), [*((f, False) for f in FORMATS), ("wav", True)])
def test_same_clip_same_bytes(tune: Clip, format: str, float32: bool) -> None:
    first = encode(tune, format, float32=float32)
    time.sleep(1.1)  # some writers note the second
    assert encode(tune, format, float32=float32) == first


def test_ogg_serials_differ_between_sounds(tune: Clip) -> None:
    quieter = Clip(tune.waveform * 0.5, tune.sample_rate)
    assert encode(tune, "ogg")[14:18] != encode(quieter, "ogg")[14:18]


@pytest.mark.parametrize("format", FORMATS)
def test_beyond_full_scale_is_refused_not_clipped(tmp_path: Path, format: str) -> None:
    loud = Clip(np.full((1, 2000), 1.4125), 44100)
    path = tmp_path / f"loud.{format}"
    with pytest.raises(AudioError, match=r"\+3\.00 dBFS would be clipped"):
        write(loud, path)
    assert list(tmp_path.iterdir()) == []


def test_float_wav_holds_what_is_beyond_full_scale(tmp_path: Path) -> None:
    loud = Clip(np.array([[1.5, -2.25, 0.1, 1e-9]]), 44100)
    back = read(write(loud, tmp_path / "loud.wav", float32=True))
    np.testing.assert_array_equal(back.waveform, loud.waveform)
    with pytest.raises(SettingError, match="cannot hold 32-bit floats"):
        encode(loud, "flac", float32=True)


def test_full_scale_itself_is_written(tmp_path: Path) -> None:
    edge = Clip(np.array([[1.0, -1.0, 1.0]]), 44100)
    back = read(write(edge, tmp_path / "edge.wav"))
    np.testing.assert_allclose(back.waveform, edge.waveform, atol=2**-23)


@pytest.mark.parametrize(
    ("format", "channels", "rate"), [("mp3", 8, 44100), ("mp3", 1, 192000), ("flac", 9, 44100), ("flac", 1, 2_000_000)]
)
def test_what_a_format_cannot_hold(tmp_path: Path, format: str, channels: int, rate: int) -> None:
    with pytest.raises(AudioError, match=f"cannot be written as {format}"):
        write(Clip(np.zeros((channels, 1000)), rate), tmp_path / f"x.{format}")
    assert list(tmp_path.iterdir()) == []


def test_unknown_suffix(tmp_path: Path, tune: Clip) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean flac"):
        write(tune, tmp_path / "tune.flca")


def test_a_folder_that_is_a_file(tmp_path: Path, tune: Clip) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError):
        write(tune, tmp_path / "taken" / "tune.wav")


def test_an_hour_of_vorbis_blocks(tmp_path: Path) -> None:
    # One large write overflows the stack of libsndfile's Vorbis encoder.
    long = Clip(np.zeros((2, 3_000_000)), 44100)
    assert read(write(long, tmp_path / "long.ogg")).samples == 3_000_000


def test_peak(tune: Clip) -> None:
    assert peak_dbfs(Clip(np.array([[0.5, -0.1]]), 8000)) == pytest.approx(-6.0206, abs=1e-4)
    assert peak_dbfs(Clip(np.zeros(4), 8000)) == -np.inf
