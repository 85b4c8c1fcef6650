from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.audio.read import info, read
from earmark.audio.write import write
from earmark.errors import AudioError

av = pytest.importorskip("av", reason="PyAV is not installed (extra 'video')")

CODECS = {"m4a": "aac", "webm": "libopus", "mp4": "aac", "mkv": "pcm_s16le", "aac": "aac"}
RATE = 48000


def sound(seconds: float = 8.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.stack(
        [0.4 * np.sin(2 * np.pi * (200 + 150 * t) * t), 0.3 * np.sin(2 * np.pi * (900 - 40 * t) * t)]
    ).astype(np.float32)


def make(folder: Path, suffix: str, *, video: bool = False) -> Path:
    path = folder / f"tune.{suffix}"
    waveform = sound()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[suffix], rate=RATE)
        stream.layout = "stereo"
        pictures = container.add_stream("mpeg4", rate=10) if video else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
            for index in range(80):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index, dtype=np.uint8), format="rgb24")
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        fifo = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=RATE, frame_size=960)
        frame = av.AudioFrame.from_ndarray(waveform, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        for part in (*fifo.resample(frame), *fifo.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def delay(waveform: np.ndarray, reference: np.ndarray) -> int:
    """Samples by which the waveform comes later than the reference."""
    size = 2 * max(waveform.size, reference.size)
    correlation = np.fft.irfft(np.fft.rfft(waveform, size) * np.conj(np.fft.rfft(reference, size)))
    at = int(correlation.argmax())
    return at if at < size // 2 else at - size


@pytest.mark.parametrize("suffix", ["m4a", "webm", "mkv", "mp4"])
def test_whole(tmp_path: Path, suffix: str) -> None:
    path = make(tmp_path, suffix, video=suffix == "mp4")
    known = info(path)
    assert (known.sample_rate, known.channels, known.decoder) == (RATE, 2, "ffmpeg")
    assert known.duration_s == pytest.approx(8.0, abs=0.06)
    clip = read(path)
    assert clip.duration_s == pytest.approx(8.0, abs=0.06)
    reference = sound()
    for channel in range(2):
        later = delay(clip.waveform[channel], reference[channel])
        assert abs(later) < 2200  # the encoder's own delay, at most
        n = 7 * RATE
        error = clip.waveform[channel, max(later, 0) :][:n] - reference[channel, max(-later, 0) :][:n]
        assert np.sqrt(np.mean(error**2)) < 0.03


@pytest.mark.parametrize(("suffix", "slack"), [("m4a", 0), ("mp4", 0), ("mkv", 48), ("webm", 48)])
def test_a_span_is_where_it_is_in_the_whole(tmp_path: Path, suffix: str, slack: int) -> None:
    path = make(tmp_path, suffix)
    whole = read(path).waveform
    for start_s in (0.5, 3.3333, 6.9):
        clip = read(path, start_s=start_s, duration_s=0.9)
        assert clip.samples == round((start_s + 0.9) * RATE) - round(start_s * RATE)
        start = round(start_s * RATE)
        at = start - delay(clip.waveform[0], whole[0, start : start + clip.samples])
        assert abs(at - start) <= slack
        np.testing.assert_allclose(
            clip.waveform, whole[:, at : at + clip.samples], atol=2e-3 if suffix == "webm" else 3.2e-5
        )


def test_beyond_the_end(tmp_path: Path) -> None:
    path = make(tmp_path, "m4a")
    for span in ({"start_s": 7.5, "duration_s": 1.0}, {"start_s": 20.0}):
        with pytest.raises(AudioError, match="beyond its end"):
            read(path, **span)


@pytest.mark.parametrize("suffix", ["m4a", "webm"])
def test_truncated(tmp_path: Path, suffix: str) -> None:
    path = make(tmp_path, suffix)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="breaks off"):
        read(path)


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "silent_film.mp4"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        container.mux(
            pictures.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24"))
        )
        container.mux(pictures.encode(None))
    with pytest.raises(AudioError, match="has no sound in it"):
        read(path)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "m4a")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r"pip install 'earmark\[video\]'"):
        read(path)
    # Everything that libsndfile reads is read without it.
    assert read(write(Clip(sound(0.1), RATE), tmp_path / "tune.wav")).samples == 4800
